//! How much a journal may hold, and why it takes nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::leaf::LeafError;

/// How much a journal may hold where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalLimits {
    /// A segment with more bytes than this is followed by a new one. 64 MiB.
    pub segment_bytes: u64,
    /// Most bytes of ordinary leaves in memory. 256 KiB.
    pub buffer_bytes: usize,
    /// How long a leaf takes at most until it is on stable storage, unless storage itself is slower: syncs begin as much
    /// earlier as they take, twice over. 10 ms.
    pub within: Duration,
    /// This many bytes that are not on stable storage do not wait any longer. 1 MiB.
    pub sync_bytes: u64,
    /// With this many bytes that are not on stable storage, appending fails. 64 MiB.
    pub window_bytes: u64,
}

impl Default for JournalLimits {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            buffer_bytes: 256 << 10,
            within: Duration::from_millis(10),
            sync_bytes: 1 << 20,
            window_bytes: 64 << 20,
        }
    }
}

/// Why evidence was not taken. Whoever gets one must not execute what the evidence was about.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JournalError {
    /// A folder or file could not be made.
    #[error("cannot make `{path}`: {cause}")]
    Open {
        /// What could not be made.
        path: PathBuf,
        /// What the operating system said.
        cause: Arc<str>,
    },
    /// A write or sync failed earlier; nothing more is taken.
    #[error(
        "the journal is broken and takes nothing more ({cause}): repair the storage and restart the process"
    )]
    Broken {
        /// What failed.
        cause: Arc<str>,
    },
    /// Storage does not keep up. It may later.
    #[error(
        "{bytes} bytes of evidence are not on stable storage yet, and no more may wait: storage is too slow"
    )]
    WindowFull {
        /// How many.
        bytes: u64,
    },
    /// The leaf has no bytes.
    #[error(transparent)]
    Leaf(#[from] LeafError),
}
