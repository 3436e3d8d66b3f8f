//! What can go wrong in a call or while loading, by name.

pub use aecp_vocabulary::decide::Failure;
use aecp_vocabulary::value::FAILURE_LIMIT;
use wasmtime::Trap;

use crate::limits::MemoryExceeded;

/// Why a call gave nothing, by the error that wasmtime has for it.
pub(crate) fn from_call(error: &wasmtime::Error) -> Failure {
    if let Some(exceeded) = error.downcast_ref::<MemoryExceeded>() {
        return Failure::Memory(exceeded.to_string());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Failure::Deadline,
        Some(trap) => Failure::Trapped(trap.to_string()),
        // What the host could not lift or lower: a pointer out of bounds, a discriminant that does not exist.
        None => Failure::Malformed(cut(error.to_string())),
    }
}

/// Why a call gave nothing, by what the component said itself.
pub(crate) fn reported(text: String) -> Failure {
    Failure::Reported(cut(text))
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
