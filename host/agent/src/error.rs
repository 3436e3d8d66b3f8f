//! Everything that can go wrong on the way of a bundle to the gateway.

use std::io;
use std::path::PathBuf;

use aecp_trust::handover::{HandoverError, MalformedMessage};

/// Why a bundle was not brought to the gateway. What the gateway runs stays as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The place where bundles are published cannot be read, or holds something wrong.
    #[error("source: {0}")]
    Source(#[from] aecp_oci::Error),
    /// The bundle could not be written into the spool.
    #[error("spool: {0}")]
    Spool(#[from] HandoverError),
    /// A file or folder of the agent's own cannot be used.
    #[error("cannot {action} `{path}`: {error}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        error: io::Error,
    },
    /// Another agent uses the folder.
    #[error("another agent uses `{path}`; stop it, or give this one a folder of its own")]
    InUse {
        /// The agent's folder.
        path: PathBuf,
    },
    /// The gateway cannot be reached or went away.
    #[error("gateway: cannot {action} `{socket}`: {error}; is the gateway running?")]
    Gateway {
        /// What was tried.
        action: &'static str,
        /// Its socket.
        socket: PathBuf,
        /// Why it failed.
        error: io::Error,
    },
    /// The gateway did not answer in time.
    #[error("gateway: no answer on `{socket}` within {seconds} s")]
    NoAnswer {
        /// Its socket.
        socket: PathBuf,
        /// How long it had.
        seconds: u64,
    },
    /// What came over the socket is no answer.
    #[error("gateway: `{socket}` gave no answer that can be read: {error}")]
    Answer {
        /// Its socket.
        socket: PathBuf,
        /// What is wrong with it.
        error: MalformedMessage,
    },
}

impl AgentError {
    /// A short name for logs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Source(_) => "source",
            Self::Spool(_) => "spool",
            Self::Io { .. } => "io",
            Self::InUse { .. } => "in_use",
            Self::Gateway { .. } => "gateway_unavailable",
            Self::NoAnswer { .. } => "gateway_no_answer",
            Self::Answer { .. } => "gateway_answer",
        }
    }

    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { action, path, error }
    }
}
