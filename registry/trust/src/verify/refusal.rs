//! Why a delivery may not run.

use std::fmt;

use jiff::Timestamp;

use super::{HighWater, Platform};
use crate::attestation::ComponentKind;
use crate::bundle::{ComponentUse, InvalidBundle};
use crate::freshness::FreshnessError;
use crate::review::ReviewsMissing;
use crate::root::RootError;
use crate::statement::StatementError;
use aecp_vocabulary::digest::Digest;

/// A component, as refusals name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// What it is used as.
    pub kind: ComponentKind,
    /// The package, extractor or sink.
    pub name: String,
    /// Its digest in the bundle.
    pub digest: Digest,
}

/// What is wrong with bytes that a bundle names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobProblem {
    /// They are not there.
    #[error("its bytes are missing")]
    Missing,
    /// There are more or fewer.
    #[error("it has {given} bytes, the bundle says {wanted}")]
    Size {
        /// How many there are.
        given: u64,
        /// How many there should be.
        wanted: u64,
    },
    /// They are others.
    #[error("its bytes are {given}, the bundle says {wanted}")]
    Digest {
        /// What they are.
        given: Digest,
        /// What they should be.
        wanted: Digest,
    },
}

/// Why a delivery may not run. Its text names what is refused and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The trust root itself cannot be trusted.
    #[error(transparent)]
    Root(RootError),
    /// The bundle is not signed by the releases role, or is no bundle.
    #[error("bundle: {0}")]
    Bundle(StatementError),
    /// The bundle breaks rules.
    #[error("bundle: {0}")]
    Invalid(InvalidBundle),
    /// The bundle's statement is about other bytes than the bundle names.
    #[error("bundle: the statement's subjects are not the components and native code that the bundle names")]
    Subjects,
    /// The bundle needs a newer trust root.
    #[error(
        "bundle: it needs trust root version {need}, here is version {have}; rotate the trust root first"
    )]
    RootTooOld {
        /// The version at hand.
        have: u64,
        /// The version that the bundle needs.
        need: u64,
    },
    /// The bundle's validity has not begun.
    #[error("bundle: it is valid from {not_before} on; wait, or check the clock")]
    NotYetValid {
        /// Its begin.
        not_before: Timestamp,
    },
    /// The bundle's validity has ended.
    #[error("bundle: it expired at {not_after}; release a new one")]
    Expired {
        /// Its end.
        not_after: Timestamp,
    },
    /// The bundle is for other enforcement points.
    #[error("bundle: it is for label `{label}` = `{value}`, here it is {}", have.as_deref().map_or("not set".to_owned(), |have| format!("`{have}`")))]
    NotSelected {
        /// The label.
        label: String,
        /// Its value in the selectors.
        value: String,
        /// Its value here.
        have: Option<String>,
    },
    /// The bundle is older than one that has run here.
    #[error("bundle: epoch {given} is older than epoch {}, which has run here ({})", high.epoch, high.digest)]
    Rollback {
        /// The bundle's epoch.
        given: u64,
        /// What has run here.
        high: HighWater,
    },
    /// Another bundle of the same epoch has run here.
    #[error("bundle: {given} has epoch {}, and so has {}, which has run here", high.epoch, high.digest)]
    Fork {
        /// The bundle's digest.
        given: Digest,
        /// What has run here.
        high: HighWater,
    },
    /// Nothing says that the bundle is the current one.
    #[error("freshness statement: {0}")]
    Freshness(FreshnessError),
    /// The component's bytes are missing or others.
    #[error("{component}: {problem}")]
    Blob {
        /// The component.
        component: Box<Component>,
        /// What is wrong.
        problem: BlobProblem,
    },
    /// Nothing says where the component comes from.
    #[error("{component}: it has no attestation")]
    NoAttestation {
        /// The component.
        component: Box<Component>,
    },
    /// The attestation is not signed by the packages role, or is none.
    #[error("{component}: attestation: {error}")]
    Attestation {
        /// The component.
        component: Box<Component>,
        /// What is wrong.
        error: StatementError,
    },
    /// The attestation does not fit how the bundle uses the component.
    #[error("{component}: attestation: {problem}")]
    AttestationDisagrees {
        /// The component.
        component: Box<Component>,
        /// What is wrong.
        problem: String,
    },
    /// Too few reviewers approve the component, or one rejects it.
    #[error("{component}: reviews: {error}")]
    Reviews {
        /// The component.
        component: Box<Component>,
        /// What is missing.
        error: ReviewsMissing,
    },
    /// The bundle has no native code for this enforcement point.
    #[error("{component}: no native code for `{}` and engine `{}`; release it for them", platform.target, platform.engine)]
    NoNative {
        /// The component.
        component: Box<Component>,
        /// What it was looked for.
        platform: Platform,
    },
    /// The native code's bytes are missing or others.
    #[error("{component}: native code for `{target}`: {problem}")]
    Native {
        /// The component.
        component: Box<Component>,
        /// The target.
        target: String,
        /// What is wrong.
        problem: BlobProblem,
    },
}

impl Component {
    pub(super) fn new(used: &ComponentUse<'_>) -> Box<Self> {
        Box::new(Self {
            kind: used.kind,
            name: used.name.to_owned(),
            digest: used.component.digest,
        })
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} component `{}` ({})",
            self.kind.name(),
            self.name,
            self.digest
        )
    }
}

impl Refusal {
    /// A short name for metrics, evidence and answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Root(error) => error.code(),
            Self::Bundle(_) => "bundle_untrusted",
            Self::Invalid(_) | Self::Subjects => "bundle_invalid",
            Self::RootTooOld { .. } => "root_too_old",
            Self::NotYetValid { .. } => "bundle_not_yet_valid",
            Self::Expired { .. } => "bundle_expired",
            Self::NotSelected { .. } => "not_selected",
            Self::Rollback { .. } => "rollback",
            Self::Fork { .. } => "fork",
            Self::Freshness(_) => "freshness",
            Self::Blob { .. } => "component_bytes",
            Self::NoAttestation { .. } | Self::Attestation { .. } | Self::AttestationDisagrees { .. } => {
                "component_untrusted"
            }
            Self::Reviews { .. } => "reviews_missing",
            Self::NoNative { .. } => "native_missing",
            Self::Native { .. } => "native_bytes",
        }
    }

    /// The component that is refused, if it is one.
    pub fn component(&self) -> Option<&Component> {
        match self {
            Self::Blob { component, .. }
            | Self::NoAttestation { component }
            | Self::Attestation { component, .. }
            | Self::AttestationDisagrees { component, .. }
            | Self::Reviews { component, .. }
            | Self::NoNative { component, .. }
            | Self::Native { component, .. } => Some(component),
            _ => None,
        }
    }
}
