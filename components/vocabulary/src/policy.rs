//! What a policy component says of itself, and what it says of one request.
//!
//! These are the shapes of the `aecp:policy` contract, with names in place of wire indices where that costs nothing.

use serde::{Deserialize, Serialize};

use crate::schema::AttributeName;
use crate::value::{Type, Value};

/// What a violation does. Ordered by strength, so the weaker of two is their minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// Evidence only.
    AuditOnly,
    /// A metric and an alert.
    Advisory,
    /// DENY.
    Blocking,
}

impl Mode {
    /// The mode's name in the policy language.
    pub fn name(self) -> &'static str {
        match self {
            Self::AuditOnly => "AUDIT_ONLY",
            Self::Advisory => "ADVISORY",
            Self::Blocking => "BLOCKING",
        }
    }
}

/// What holds for requests that no blocking policy of a package covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DefaultDecision {
    /// One of the packages that say so must cover the request.
    #[default]
    Deny,
    /// The package is a guardrail: it forbids, and never covers.
    Allow,
}

/// How far evidence must have come before the request executes. Ordered by strength.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AuditClass {
    /// Inside a bounded window.
    #[default]
    Ordinary,
    /// With the kernel: no crash of the enforcement point loses it.
    Required,
    /// On stable storage.
    Durable,
}

/// How a denial may be overridden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideRule {
    /// It may not.
    #[default]
    Never,
    /// By a valid break-glass token.
    BreakGlassToken,
}

/// A piece of a sentence that the host renders.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// Text as it stands.
    Literal(String),
    /// The value at this position of the component's inputs.
    Input(u32),
}

/// What an enforcement point must do when it lets a request through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// `mask`, `filter`, `limit`, `notify`, …
    pub kind: String,
    /// Arguments by name.
    pub arguments: Vec<(String, Vec<Segment>)>,
}

/// A fact about a policy or package that changes no outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    /// `description`, `owner`, `control`, `severity`, …
    pub key: String,
    /// What is said.
    pub value: String,
}

/// One policy as its component describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDescription {
    /// Unique inside its package.
    pub name: String,
    /// The policy's own mode, before the bundle's ceiling.
    pub mode: Mode,
    /// How far evidence of a request that it applies to must have come.
    pub audit: AuditClass,
    /// How its denial may be overridden.
    pub exception: OverrideRule,
    /// Positions it reads, ascending.
    pub reads: Vec<u32>,
    /// Why a violation is one.
    pub reason: Vec<Segment>,
    /// What it can raise.
    pub obligations: Vec<Obligation>,
    /// Facts for people.
    pub annotations: Vec<Annotation>,
}

/// One package as its component describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageDescription {
    /// Unique inside its component, and in a bundle.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// What holds for requests that it does not cover.
    pub default: DefaultDecision,
    /// In the order of the source.
    pub policies: Vec<PolicyDescription>,
    /// Facts for people.
    pub annotations: Vec<Annotation>,
}

/// What stands at one position of a component's inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// A fact about the request.
    Attribute {
        /// Its name.
        name: AttributeName,
        /// Its type.
        value_type: Type,
        /// Whether requests without it are expected.
        optional: bool,
        /// What policies take in the place of an absent value.
        default: Option<Value>,
    },
    /// Something that the bundle may set.
    Parameter {
        /// Its name, unique inside the component.
        name: String,
        /// Its type.
        value_type: Type,
        /// What holds if the bundle sets nothing.
        default: Value,
        /// Lowest value allowed.
        minimum: Option<Value>,
        /// Highest value allowed.
        maximum: Option<Value>,
    },
    /// When the request is about to execute.
    Now,
}

impl Input {
    /// The type of the position.
    pub fn value_type(&self) -> Type {
        match self {
            Self::Attribute { value_type, .. } | Self::Parameter { value_type, .. } => *value_type,
            Self::Now => Type::Instant,
        }
    }

    /// What policies read where the position has this value: a default in the place of absence.
    pub fn read<'a>(&'a self, value: &'a Value) -> &'a Value {
        match (self, value) {
            (
                Self::Attribute {
                    default: Some(default),
                    ..
                },
                Value::Absent,
            ) => default,
            _ => value,
        }
    }

    /// How sentences call the position.
    pub fn label(&self) -> &str {
        match self {
            Self::Attribute { name, .. } => name.as_str(),
            Self::Parameter { name, .. } => name,
            Self::Now => "now",
        }
    }
}

/// What a policy component holds and reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentDescription {
    /// What stands at each position of `evaluate`'s argument.
    pub inputs: Vec<Input>,
    /// Policies are counted through all packages, in this order.
    pub packages: Vec<PackageDescription>,
}

impl ComponentDescription {
    /// All policies with their packages; a policy's place in this sequence is its index in [`Outcomes`].
    pub fn policies(&self) -> impl Iterator<Item = (&PackageDescription, &PolicyDescription)> {
        self.packages
            .iter()
            .flat_map(|package| package.policies.iter().map(move |policy| (package, policy)))
    }
}

/// What one policy says of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Scope and constraint are true.
    Satisfied,
    /// Scope is true and the constraint is false.
    Violated,
    /// It cannot be told.
    Indeterminate,
}

impl Outcome {
    /// The word for it in JSON and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::Violated => "violated",
            Self::Indeterminate => "indeterminate",
        }
    }
}

/// What a component reports of one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFinding {
    /// Index of the policy in its component.
    pub policy: u32,
    /// What the policy says.
    pub outcome: Outcome,
    /// Indices into the policy's obligations, ascending.
    pub obligations: Vec<u32>,
}

/// What a component reports of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    /// Indices of the policies whose scope is true, ascending.
    pub applied: Vec<u32>,
    /// The violated and indeterminate policies, and satisfied ones that raise obligations; ascending by policy.
    pub findings: Vec<PolicyFinding>,
}
