//! What the recorder must remember: replaced as a whole, and always before a checkpoint is signed.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{RecorderError, STATE_FILE, io_error};
use crate::leaf::WriterId;
use crate::merkle::{Hash, empty_root};
use crate::storage::{Storage, replace};

const VERSION: u32 = 1;

/// How far a segment is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cursor {
    /// Bytes that are merged.
    pub(super) offset: u64,
    /// Whether nothing more will be read from it.
    pub(super) ended: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) origin: String,
    pub(super) size: u64,
    pub(super) root: Hash,
    /// As whom the recorder itself writes.
    pub(super) recorder: WriterId,
    pub(super) recorder_next: u64,
    /// The next sequence of every writer that ever was, so that none can come twice.
    pub(super) writers: BTreeMap<WriterId, u64>,
    /// By file name.
    pub(super) segments: BTreeMap<String, Cursor>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    origin: String,
    size: u64,
    root: String,
    recorder: String,
    recorder_next: u64,
    writers: BTreeMap<String, u64>,
    segments: BTreeMap<String, Cursor>,
}

impl State {
    pub(super) fn begin(origin: &str) -> io::Result<Self> {
        Ok(Self {
            origin: origin.to_owned(),
            size: 0,
            root: empty_root(),
            recorder: WriterId::random()?,
            recorder_next: 0,
            writers: BTreeMap::new(),
            segments: BTreeMap::new(),
        })
    }

    pub(super) fn ended(&self) -> Vec<String> {
        self.segments
            .iter()
            .filter(|(_, cursor)| cursor.ended)
            .map(|(name, _)| name.clone())
            .collect()
    }

    pub(super) fn persist(&self, storage: &dyn Storage, evidence: &Path) -> Result<(), RecorderError> {
        let document = Document {
            version: VERSION,
            origin: self.origin.clone(),
            size: self.size,
            root: hex::encode(self.root),
            recorder: self.recorder.to_string(),
            recorder_next: self.recorder_next,
            writers: self
                .writers
                .iter()
                .map(|(writer, next)| (writer.to_string(), *next))
                .collect(),
            segments: self.segments.clone(),
        };
        let path = evidence.join(STATE_FILE);
        let bytes = serde_json::to_vec_pretty(&document).map_err(io::Error::other);
        let written = bytes.and_then(|bytes| replace(storage, &path, &bytes));
        written.map_err(io_error("replace", &path))
    }

    pub(super) fn read(evidence: &Path, origin: &str) -> Result<Option<Self>, RecorderError> {
        let path = evidence.join(STATE_FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        let malformed = |what: String| RecorderError::StateMalformed {
            path: path.clone(),
            what,
        };
        let document: Document =
            serde_json::from_slice(&bytes).map_err(|error| malformed(error.to_string()))?;
        if document.version != VERSION {
            return Err(malformed(format!(
                "it has version {}, and only {VERSION} is known",
                document.version
            )));
        }
        if document.origin != origin {
            return Err(malformed(format!(
                "it is of the log `{}`, not of `{origin}`",
                document.origin
            )));
        }
        let mut root = [0; 32];
        hex::decode_to_slice(&document.root, &mut root)
            .map_err(|_| malformed("its root is not a hash".into()))?;
        let writer = |text: &str| {
            text.parse::<WriterId>()
                .map_err(|error| malformed(error.to_string()))
        };
        let mut writers = BTreeMap::new();
        for (name, next) in &document.writers {
            writers.insert(writer(name)?, *next);
        }
        Ok(Some(Self {
            origin: document.origin,
            size: document.size,
            root,
            recorder: writer(&document.recorder)?,
            recorder_next: document.recorder_next,
            writers,
            segments: document.segments,
        }))
    }
}
