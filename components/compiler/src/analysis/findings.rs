//! What an analysis says, and how much it may cost to say it.

use aecp_vocabulary::Value;

use super::About;
use crate::core::InputIndex;

/// How much work an analysis may be. Steps are evaluations of one policy with part of a request; a step takes in the
/// order of 100 ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most steps for one question.
    pub question: u64,
    /// Most steps for all questions.
    pub total: u64,
    /// Most pairs of policies that are looked at closely.
    pub pairs: usize,
    /// Most findings.
    pub findings: usize,
}

impl Budget {
    /// A budget for a package of so many policies: the usual package needs a tenth of it, and no package holds up
    /// its author for much longer than checking it does.
    #[must_use]
    pub fn scaled(policies: usize) -> Self {
        let total = u64::try_from(policies)
            .unwrap_or(u64::MAX)
            .saturating_mul(200)
            .saturating_add(1_000_000);
        Self {
            question: 20_000,
            total,
            pairs: policies.saturating_mul(20).saturating_add(1_000_000),
            findings: 1_000,
        }
    }
}

impl Default for Budget {
    /// For a package of 1,000 policies.
    fn default() -> Self {
        Self::scaled(1_000)
    }
}

/// What a finding says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// No request makes the policy's scope true.
    ScopeUnreachable,
    /// No request is outside of the policy's scope, so that `DEFAULT: DENY` means nothing.
    ScopeVacuous,
    /// Some request is in the scope, and none of those makes the constraint true. A constraint that reads nothing,
    /// such as `false`, is a ban that was meant, and no contradiction.
    ConstraintContradiction,
    /// The policy has an EXCEPTION but denies nothing that could be overridden.
    ExceptionUnreachable,
    /// The second policy denies every request that the first one is about, or may be about.
    PolicyShadowed,
    /// Without the first policy, every decision would be the same, because of the second one.
    PolicyRedundant,
    /// Some request is in both scopes, each policy can be satisfied, and no request in both scopes satisfies both.
    PoliciesConflict,
    /// Some request satisfies both policies, and the obligations that they raise cannot both be met.
    ObligationsClash,
    /// Leaving out an OPTIONAL attribute turns DENY into ALLOW.
    AttributeHiding,
    /// Some request is outside of the scope of every BLOCKING policy, and `DEFAULT: DENY` denies it.
    CoverageGap,
    /// No request is outside of the scopes of these BLOCKING policies, so that `DEFAULT: DENY` means nothing.
    DefaultUnreachable,
}

impl Kind {
    /// All kinds, in the order of their declaration.
    pub const ALL: [Self; 11] = [
        Self::ScopeUnreachable,
        Self::ScopeVacuous,
        Self::ConstraintContradiction,
        Self::ExceptionUnreachable,
        Self::PolicyShadowed,
        Self::PolicyRedundant,
        Self::PoliciesConflict,
        Self::ObligationsClash,
        Self::AttributeHiding,
        Self::CoverageGap,
        Self::DefaultUnreachable,
    ];

    /// What findings of this kind are about, and so where they are acknowledged.
    pub fn about(self) -> About {
        match self {
            Self::ScopeUnreachable
            | Self::ScopeVacuous
            | Self::ConstraintContradiction
            | Self::ExceptionUnreachable => About::Policy,
            Self::PolicyShadowed | Self::PolicyRedundant => About::PolicyAndOther,
            Self::PoliciesConflict | Self::ObligationsClash => About::TwoPolicies,
            Self::AttributeHiding => About::PolicyAndAttribute,
            Self::CoverageGap | Self::DefaultUnreachable => About::Package,
        }
    }

    /// The kind's stable name, as JSON and acknowledgements spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ScopeUnreachable => "scope_unreachable",
            Self::ScopeVacuous => "scope_vacuous",
            Self::ConstraintContradiction => "constraint_contradiction",
            Self::ExceptionUnreachable => "exception_unreachable",
            Self::PolicyShadowed => "policy_shadowed",
            Self::PolicyRedundant => "policy_redundant",
            Self::PoliciesConflict => "policies_conflict",
            Self::ObligationsClash => "obligations_clash",
            Self::AttributeHiding => "attribute_hiding",
            Self::CoverageGap => "coverage_gap",
            Self::DefaultUnreachable => "default_unreachable",
        }
    }

    /// Whether a finding of this kind has a request that shows it.
    pub(super) fn needs_request(self) -> bool {
        match self {
            Self::ScopeUnreachable
            | Self::ScopeVacuous
            | Self::ExceptionUnreachable
            | Self::DefaultUnreachable => false,
            Self::ConstraintContradiction
            | Self::PolicyShadowed
            | Self::PolicyRedundant
            | Self::PoliciesConflict
            | Self::ObligationsClash
            | Self::AttributeHiding
            | Self::CoverageGap => true,
        }
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// Probably not what was meant.
    Warning,
    /// Cannot be what was meant.
    Critical,
}

impl Severity {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// Something that was proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it says.
    pub kind: Kind,
    /// How much it matters.
    pub severity: Severity,
    /// Indices into [`Package::policies`](crate::core::Package::policies): for shadowed and redundant policies first that one, then the one that makes
    /// it so; else ascending. Empty if the finding is about the package.
    pub policies: Vec<u32>,
    /// The attribute that is left out, for [`Kind::AttributeHiding`].
    pub attribute: Option<InputIndex>,
    /// For claims that no request is such: the attributes that the proof needs, ascending. It holds whatever the
    /// others are. Empty for other claims, and where the conditions are constant.
    pub because: Vec<InputIndex>,
    /// What was found, in a sentence, without a full stop.
    pub sentence: String,
    /// A request that shows it: a value for each of [`Package::inputs`](crate::core::Package::inputs). No single OPTIONAL attribute of it can be left
    /// out. Attributes that the claim does not depend on are absent, required ones too unless some policy asks for
    /// their presence.
    pub witness: Option<Vec<Value>>,
}

/// A question that was not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotDecided {
    /// What a finding would have said.
    pub kind: Kind,
    /// Whom it would have been about, as in [`Finding::policies`]. Empty for the package, and for many questions at
    /// once.
    pub policies: Vec<u32>,
    /// The attribute that the question is about, for [`Kind::AttributeHiding`].
    pub attribute: Option<InputIndex>,
    /// What was asked, in a sentence, without a full stop.
    pub asked: String,
}

/// What an analysis gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Analysis {
    /// Ordered by policies, kind and attribute.
    pub findings: Vec<Finding>,
    /// Ordered alike.
    pub not_decided: Vec<NotDecided>,
    /// Findings whose request did not show them when it was run. There are none, unless the analysis is wrong: they
    /// are here so that a test can say so, and are never to be shown as true.
    pub inconsistencies: Vec<Finding>,
}
