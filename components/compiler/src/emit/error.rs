//! Why packages cannot become a component.

use aecp_vocabulary::Type;

use super::{DATA_LIMIT, DEPTH_LIMIT, INPUT_LIMIT, POLICY_LIMIT};

/// Why packages cannot become a component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// A component holds at least one package.
    #[error("no package was given; a component holds at least one")]
    NoPackage,
    /// Packages of a component have different names.
    #[error("package `{name}` was given twice; leave one out or rename it")]
    PackageTwice {
        /// The name.
        name: String,
    },
    /// An input has one type in all packages of a component.
    #[error(
        "`{name}` is {first} in one package and {second} in another; declare it alike or build two components"
    )]
    TypeConflict {
        /// The input's name.
        name: String,
        /// Its type in an earlier package.
        first: Type,
        /// Its type in a later package.
        second: Type,
    },
    /// A bundle sets the parameters of a component by name, so that packages which share a name must mean the same.
    #[error(
        "two packages declare the parameter `{name}` with different defaults or ranges; rename one or build two \
         components"
    )]
    ParameterConflict {
        /// The parameter's name.
        name: String,
    },
    /// An attribute has one list of values in all packages of a component.
    #[error(
        "`{name}` is ONE OF other values in one package than in another; list the same or build two components"
    )]
    ChoicesConflict {
        /// The attribute's name.
        name: String,
    },
    /// See [`INPUT_LIMIT`].
    #[error("{count} inputs, at most {INPUT_LIMIT} fit into a component; build several components")]
    TooManyInputs {
        /// How many there are.
        count: usize,
    },
    /// See [`POLICY_LIMIT`].
    #[error("{count} policies, at most {POLICY_LIMIT} fit into a component; build several components")]
    TooManyPolicies {
        /// How many there are.
        count: usize,
    },
    /// See [`DEPTH_LIMIT`].
    #[error("a condition of policy `{policy}` is nested more than {DEPTH_LIMIT} deep; split the policy")]
    TooDeep {
        /// The policy.
        policy: String,
    },
    /// See [`DATA_LIMIT`].
    #[error("constants and tables exceed {DATA_LIMIT} bytes; build several components")]
    TooLarge,
    /// The checker lets no such package through.
    #[error("policy `{policy}` is not well typed: {detail}")]
    IllTyped {
        /// The policy.
        policy: String,
        /// What is wrong.
        detail: String,
    },
    /// The module does not fit the contract. A defect of this crate.
    #[error("the module does not fit the contract: {detail}")]
    Wrapping {
        /// What the encoder said.
        detail: String,
    },
    /// Code whose cost has no bound was emitted. A defect of this crate.
    #[error("the cost of a decision cannot be bounded: {detail}")]
    Unmeasured {
        /// What stands in the way.
        detail: String,
    },
}
