//! Where a component comes from: the packages role says it of the component's bytes.

mod results;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::key::Signer;
use crate::root::{Role, TrustRoot};
use crate::statement::{
    self, ATTESTATION_TYPE, Opened, Predicate, SignError, Statement, StatementError, Subject,
};
use aecp_vocabulary::digest::Digest;

pub use results::{AcknowledgedFinding, Demands, PackageResults, Shortcoming};

/// The builder id of our own compiler. Whoever signs for the packages role says with it that our compiler emitted
/// these bytes.
pub const COMPILER_ID: &str = "urn:aecp:compiler";

/// Which contract a component is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentKind {
    /// `aecp:policy`.
    Policy,
    /// `aecp:context`, an extractor.
    Context,
    /// `aecp:audit`, a sink.
    Audit,
}

/// Where a component comes from. Its digest is the statement's one subject.
///
/// Members that a reader does not know are ignored: they may add to what is said, and never take away from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// The contract that it is behind.
    pub kind: ComponentKind,
    /// The packages in it, in its order; none but for policy components.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<AttestedPackage>,
    /// Digest of the sources, as the compiler states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Digest>,
    /// SHA-256 of the archive of the sources that is stored beside the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_archive: Option<Digest>,
    /// Digest of the schema, as the compiler states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Digest>,
    /// What tests and analysis of the sources gave, for each package; empty if nobody looked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<PackageResults>,
    /// What built it.
    pub compiler: Compiler,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Why it was written or changed, in the author's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// One package in a policy component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttestedPackage {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What built a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compiler {
    /// A URI, [`COMPILER_ID`] for our own.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Predicate for Attestation {
    const TYPE: &'static str = ATTESTATION_TYPE;
}

impl ComponentKind {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Context => "context",
            Self::Audit => "audit",
        }
    }
}

impl Attestation {
    /// Whether our own compiler emitted the component. Only such a policy component may keep warm instances.
    pub fn is_ours(&self) -> bool {
        self.kind == ComponentKind::Policy && self.compiler.id == COMPILER_ID
    }

    /// The signed envelope, JSON, that says this of `component`.
    ///
    /// # Errors
    /// A signer did not sign.
    pub fn seal(self, component: Digest, signers: &[&dyn Signer]) -> Result<Vec<u8>, SignError> {
        let name = self
            .packages
            .first()
            .map_or(self.kind.name(), |package| package.name.as_str());
        let subject = vec![Subject::new(name, component)];
        let envelope = Statement::new(subject, self).seal(signers)?;
        envelope
            .to_json()
            .map_err(|error| SignError::Unwritable(error.to_string()))
    }
}

/// Opens an attestation by the packages role.
///
/// # Errors
/// The envelope does not hold, or holds something else. Whether it is about the right component is for the caller to
/// see, by [`Statement::is_about`].
pub fn open(envelope: &[u8], root: &TrustRoot) -> Result<Opened<Attestation>, StatementError> {
    statement::open(envelope, root.quorum(Role::Packages))
}
