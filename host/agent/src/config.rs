//! Where the agent watches, whom it tells, where it keeps its things.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use aecp_oci::{Repository, Tag};

/// How often the tag is looked at in a folder, unless told otherwise: 500 ms. A look reads two small files.
pub const DEFAULT_POLL: Duration = Duration::from_millis(500);

/// How often the tag is looked at in a registry, unless told otherwise: 5 s. A look is two requests without content.
pub const DEFAULT_REGISTRY_POLL: Duration = Duration::from_secs(5);

/// What an agent needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where bundles are published.
    pub source: Source,
    /// The tag of the bundle for this enforcement point.
    pub tag: Tag,
    /// How long to wait between two looks; each wait is up to a tenth shorter or longer.
    pub poll: Duration,
    /// The Unix socket on which the gateway takes offers.
    pub gateway: PathBuf,
    /// The agent's own folder, for the spool and the acknowledgement. Made if it is not there.
    pub folder: PathBuf,
}

/// Where bundles are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An OCI image layout folder.
    Layout(PathBuf),
    /// A repository in an OCI registry.
    Registry(RegistrySource),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(path) => path.display().fmt(f),
            Self::Registry(source) => source.repository.fmt(f),
        }
    }
}

/// A repository, and how to get at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySource {
    /// The repository.
    pub repository: Repository,
    /// A PEM file with the certificate authorities that are trusted. There is no default: TLS needs one.
    pub authorities: Option<PathBuf>,
    /// A file with the login, as `docker login` and `oras login` write it. It is read when the agent starts, and again
    /// after the registry could not be used.
    pub login: Option<PathBuf>,
    /// Whether plain HTTP is spoken to a registry that is not on this machine.
    pub plain_http: bool,
}
