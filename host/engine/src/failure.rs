//! What can go wrong in a call or while loading, by name.

use aecp_vocabulary::Denial;
use aecp_vocabulary::value::FAILURE_LIMIT;
use wasmtime::Trap;

use crate::limits::MemoryExceeded;

/// Why a call of a component gave nothing. The instance is thrown away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The component trapped.
    #[error("trapped: {0}")]
    Trapped(String),
    /// The call took longer than it may.
    #[error("ran out of time")]
    Deadline,
    /// The component asked for more memory than it may have.
    #[error("{0}")]
    Memory(String),
    /// The component said itself that it failed.
    #[error("reported an error: {0}")]
    Reported(String),
    /// The result breaks the contract.
    #[error("broke its contract: {0}")]
    Malformed(String),
}

impl Failure {
    /// The denial that the failure leads to.
    pub fn denial(&self) -> Denial {
        match self {
            Self::Trapped(_) => Denial::ComponentTrapped,
            Self::Deadline => Denial::ComponentDeadline,
            Self::Memory(_) => Denial::ComponentMemory,
            Self::Reported(_) => Denial::ComponentFailed,
            Self::Malformed(_) => Denial::ComponentMalformed,
        }
    }

    pub(crate) fn from_call(error: &wasmtime::Error) -> Self {
        if let Some(exceeded) = error.downcast_ref::<MemoryExceeded>() {
            return Self::Memory(exceeded.to_string());
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Self::Deadline,
            Some(trap) => Self::Trapped(trap.to_string()),
            // What the host could not lift or lower: a pointer out of bounds, a discriminant that does not exist.
            None => Self::Malformed(cut(error.to_string())),
        }
    }

    pub(crate) fn reported(text: String) -> Self {
        Self::Reported(cut(text))
    }
}

/// Why a component cannot be run. It refuses the bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The bytes are not native code of this engine.
    #[error("the native code does not fit this engine ({0}); release the bundle again for it")]
    Native(String),
    /// The bytes are not a component, or not one of this contract.
    #[error("not a component of the contract {contract}: {detail}")]
    Contract {
        /// The contract expected.
        contract: &'static str,
        /// What is missing or too much.
        detail: String,
    },
    /// It could not be started or described.
    #[error("could not be asked what it is: {0}")]
    Call(Failure),
    /// What it says of itself breaks the contract.
    #[error("describes itself wrongly: {0}")]
    Description(String),
    /// It refused its configuration.
    #[error("refused its configuration: {0}")]
    Configuration(String),
}

/// Cuts what a component said to what evidence and logs take.
fn cut(text: String) -> String {
    match aecp_vocabulary::Value::failed(text) {
        aecp_vocabulary::Value::Failed(text) => text,
        _ => format!("more than {FAILURE_LIMIT} bytes"),
    }
}
