//! Why a recorder does not go on.

use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::CheckpointError;
use crate::leaf::LeafError;
use crate::merkle::TileError;

/// Why the recorder does not go on.
#[derive(Debug, thiserror::Error)]
pub enum RecorderError {
    /// Another recorder works on this folder.
    #[error("another recorder holds `{path}`: run one per log")]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// A file operation failed. The next step begins from what is on storage.
    #[error("cannot {what} `{path}`: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is a log, but not the recorder's state of it.
    #[error(
        "`{path}` is missing although there is a log beside it: signing could fork the log; restore the file, or begin \
         a new log in an empty folder"
    )]
    StateMissing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The state cannot be read.
    #[error("`{path}` is not a recorder's state: {what}; restore it, or begin a new log in an empty folder")]
    StateMalformed {
        /// Where it is.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The files contradict each other: to sign would be to fork the log.
    #[error("refusing to sign: {what}; verify the log, and restore it or begin a new one in an empty folder")]
    NotAnExtension {
        /// What contradicts what.
        what: String,
    },
    /// The checkpoint is not one of ours.
    #[error("refusing to sign: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The log's files do not hold what they must.
    #[error("refusing to sign: {0}")]
    Tile(#[from] TileError),
    /// The recorder's own leaf does not fit.
    #[error(transparent)]
    Leaf(#[from] LeafError),
}

pub(super) fn io_error<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> RecorderError + 'a {
    move |source| RecorderError::Io {
        what,
        path: path.to_owned(),
        source,
    }
}
