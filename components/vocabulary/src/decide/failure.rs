//! Why a component said nothing.

use crate::Denial;

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
}
