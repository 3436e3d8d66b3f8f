//! Why attributes have no plan.

use aecp_vocabulary::{AttributeName, Type};

/// Why attributes have no plan. It refuses the bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Policies read what nobody gives.
    #[error(
        "attribute `{0}` is read by policies, but nothing gives it; map it in the bundle or add an extractor"
    )]
    NoSource(AttributeName),
    /// Two sources for one attribute.
    #[error("attribute `{name}` has two sources, {first} and {second}; give it one")]
    TwoSources {
        /// The attribute.
        name: AttributeName,
        /// One source.
        first: String,
        /// The other.
        second: String,
    },
    /// The source gives another type than policies read.
    #[error("attribute `{name}` is {given} by {source_name}, but {wanted} to who reads or declares it")]
    Types {
        /// The attribute.
        name: AttributeName,
        /// What gives it.
        source_name: String,
        /// The type given.
        given: Type,
        /// The type wanted.
        wanted: Type,
    },
    /// A host attribute that does not exist.
    #[error(
        "attribute `{0}` belongs to the enforcement point, which knows `request.method`, `request.scheme`, \
             `request.host`, `request.path`, `request.query`, `connection.peer`, `time.now` and `environment.*`"
    )]
    UnknownHostAttribute(AttributeName),
    /// The bundle says that an extractor gives what it does not give.
    #[error("attribute `{name}` should come from extractor `{extractor}`, which does not give it")]
    NotGiven {
        /// The attribute.
        name: AttributeName,
        /// The extractor.
        extractor: String,
    },
    /// `identity.*` from an extractor that may not.
    #[error("extractor `{extractor}` gives `{name}`, but the bundle does not say that it is authenticating")]
    NotAuthenticating {
        /// The attribute.
        name: AttributeName,
        /// The extractor.
        extractor: String,
    },
    /// A constant of another type.
    #[error("attribute `{name}`: its constant is not of type {declared}")]
    Constant {
        /// The attribute.
        name: AttributeName,
        /// The type.
        declared: Type,
    },
    /// An extractor asks for more of the body than the gateway gives.
    #[error(
        "extractor `{extractor}` asks for {wanted} bytes of the body; `gateway.limits.extractor_body_bytes` allows {allowed}"
    )]
    Body {
        /// The extractor.
        extractor: String,
        /// What it asks for.
        wanted: u32,
        /// What is allowed.
        allowed: u32,
    },
    /// A header that no request can have.
    #[error("extractor `{extractor}` asks for header `{header}`, which is no header name")]
    Header {
        /// The extractor.
        extractor: String,
        /// The name.
        header: String,
    },
}
