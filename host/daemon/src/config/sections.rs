//! The sections of the file, as they are written. That of the gateway is in `aecp-gateway`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// `[enforcement_point]`: what all roles share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EnforcementPointSection {
    /// The folder of everything that lives longer than a process.
    pub(super) state: PathBuf,
    /// The trust root, a TUF `root.json`.
    pub(super) root: PathBuf,
    /// The enrolment of this enforcement point, a signed envelope.
    pub(super) enrolment: PathBuf,
    /// The Unix socket between agent and gateway. `offers.sock` in the folder of the state.
    #[serde(default)]
    pub(super) offers: Option<PathBuf>,
}

/// `[agent]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AgentSection {
    /// The OCI image layout folder in which bundles are published.
    #[serde(default)]
    pub(super) layout: Option<PathBuf>,
    /// The repository in an OCI registry in which bundles are published.
    #[serde(default)]
    pub(super) registry: Option<RegistrySection>,
    /// The tag of the bundle for this enforcement point.
    pub(super) tag: String,
    /// Milliseconds between two looks.
    #[serde(default)]
    pub(super) poll_ms: Option<u64>,
    /// The private key that signs receipts, PKCS#8 in PEM.
    #[serde(default)]
    pub(super) receipt_key: Option<PathBuf>,
}

/// `[agent.registry]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistrySection {
    /// The repository, with the registry's name in front.
    pub(super) repository: String,
    /// A PEM file with the certificate authorities that are trusted.
    #[serde(default)]
    pub(super) authorities: Option<PathBuf>,
    /// A file with the login.
    #[serde(default)]
    pub(super) login: Option<PathBuf>,
    /// Whether plain HTTP is spoken to a registry that is not on this machine.
    #[serde(default)]
    pub(super) plain_http: bool,
}

/// `[recorder]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecorderSection {
    /// The folder of journals and log. `evidence` in the folder of the state.
    #[serde(default)]
    pub(super) evidence: Option<PathBuf>,
    /// The private key of the log, PKCS#8 in PEM.
    pub(super) key: PathBuf,
    /// Addresses by the names that bundles give to endpoints.
    #[serde(default)]
    pub(super) endpoints: BTreeMap<String, String>,
    /// Milliseconds between two looks at the segments.
    #[serde(default)]
    pub(super) interval_ms: Option<u64>,
}
