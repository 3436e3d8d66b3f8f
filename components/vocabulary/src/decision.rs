//! ALLOW or DENY, with the findings and obligations that led there.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::policy::{AuditClass, Mode, Outcome};

/// The policy name of the finding that no package covers a request.
pub const DEFAULT_POLICY: &str = "default";

/// What may happen to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// It executes.
    Allow,
    /// It does not.
    Deny,
}

impl Verdict {
    /// `ALLOW` or `DENY`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Deny => "DENY",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a request was denied, by name. Policies deny for the first three; the others are refusals or failures of the
/// enforcement point itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Denial {
    /// A blocking policy is violated.
    Violated,
    /// A blocking policy cannot be told.
    Indeterminate,
    /// No package covers the request.
    Default,
    /// An attribute is given twice, or the request cannot be read unambiguously.
    ContextMalformed,
    /// No route of the bundle takes the request.
    NoRoute,
    /// The enforcement point has no address for the route's upstream.
    NoUpstream,
    /// An obligation that the enforcement point cannot discharge.
    ObligationUnsupported,
    /// There is no bundle, or an empty one.
    NoBundle,
    /// The bundle's validity has ended or not begun.
    BundleExpired,
    /// The freshness statement has ended.
    FreshnessExpired,
    /// The bundle does not hold any more by the trust root that counts now.
    BundleRevoked,
    /// A component trapped.
    ComponentTrapped,
    /// A component ran out of time.
    ComponentDeadline,
    /// A component asked for more memory than it may have.
    ComponentMemory,
    /// A component reported an error in place of outcomes.
    ComponentFailed,
    /// A component's result breaks its contract.
    ComponentMalformed,
    /// Evidence could not be written.
    AuditUnavailable,
    /// The enforcement point has as many requests as it may have.
    Overloaded,
}

impl Denial {
    /// The name that problem documents, evidence and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Violated => "violated",
            Self::Indeterminate => "indeterminate",
            Self::Default => "default",
            Self::ContextMalformed => "context_malformed",
            Self::NoRoute => "no_route",
            Self::NoUpstream => "no_upstream",
            Self::ObligationUnsupported => "obligation_unsupported",
            Self::NoBundle => "no_bundle",
            Self::BundleExpired => "bundle_expired",
            Self::FreshnessExpired => "freshness_expired",
            Self::BundleRevoked => "bundle_revoked",
            Self::ComponentTrapped => "component_trapped",
            Self::ComponentDeadline => "component_deadline",
            Self::ComponentMemory => "component_memory",
            Self::ComponentFailed => "component_failed",
            Self::ComponentMalformed => "component_malformed",
            Self::AuditUnavailable => "audit_unavailable",
            Self::Overloaded => "overloaded",
        }
    }

    /// Whether the denial is a failure of the enforcement point, not something that the request did.
    pub fn is_failure_of_ours(self) -> bool {
        !matches!(
            self,
            Self::Violated
                | Self::Indeterminate
                | Self::Default
                | Self::ContextMalformed
                | Self::NoRoute
                | Self::ObligationUnsupported
        )
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One policy that is violated or cannot be told, or the absence of cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The policy's package; empty for the finding [`DEFAULT_POLICY`] of a bundle with several packages.
    pub package: String,
    /// The policy's name, or [`DEFAULT_POLICY`].
    pub policy: String,
    /// Violated or indeterminate.
    pub outcome: Outcome,
    /// The mode that held, after the bundle's ceiling.
    pub mode: Mode,
    /// Why, as a sentence.
    pub reason: String,
}

/// A policy, by the names of its package and itself. Shared, for every decision names policies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PolicyName {
    /// The package.
    pub package: Arc<str>,
    /// The policy.
    pub policy: Arc<str>,
}

/// An obligation with its arguments filled in, to discharge when the request goes through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaisedObligation {
    /// Who raised it.
    pub by: PolicyName,
    /// `mask`, `filter`, `limit`, `notify`, …
    pub kind: String,
    /// Arguments by name.
    pub arguments: Vec<(String, String)>,
}

/// The decision over one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// What happens to the request.
    pub verdict: Verdict,
    /// Why it was denied; none if it was allowed.
    pub denial: Option<Denial>,
    /// In the order of packages in the bundle and of policies in their source; [`DEFAULT_POLICY`] last.
    pub findings: Vec<Finding>,
    /// The blocking policies of default-deny packages whose scope is true.
    pub covered_by: Vec<PolicyName>,
    /// What must be discharged when the request goes through.
    pub obligations: Vec<RaisedObligation>,
    /// The strongest audit class of the policies that apply or cannot be told.
    pub audit: AuditClass,
}

impl Decision {
    /// A denial before or outside all policies. Its evidence is of class [`AuditClass::Required`].
    pub fn refused(denial: Denial, reason: impl Into<String>) -> Self {
        let finding = Finding {
            package: String::new(),
            policy: denial.name().to_owned(),
            outcome: Outcome::Indeterminate,
            mode: Mode::Blocking,
            reason: reason.into(),
        };
        Self {
            verdict: Verdict::Deny,
            denial: Some(denial),
            findings: vec![finding],
            covered_by: Vec::new(),
            obligations: Vec::new(),
            audit: AuditClass::Required,
        }
    }

    /// The finding that made it a denial: the first blocking one.
    pub fn denied_by(&self) -> Option<&Finding> {
        self.denial.and_then(|_| {
            self.findings
                .iter()
                .find(|finding| finding.mode == Mode::Blocking)
        })
    }
}
