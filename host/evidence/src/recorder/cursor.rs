//! How far a sink has come, kept so that it goes on there after a restart.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::storage::{Disk, Storage, replace};

const FOLDER: &str = "cursors";

/// Why a sink's place is not known or not kept.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    /// The name cannot be a file's.
    #[error("`{0}` cannot name a sink: write 1 to 64 ASCII letters, digits, `-` and `_`")]
    Name(String),
    /// The file holds no number.
    #[error(
        "`{path}` holds no index: write the index of the next leaf to deliver, or remove the file to begin at 0"
    )]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// A file operation failed.
    #[error("cannot read or replace `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// The index of the next leaf that a sink is to be given. What was delivered and not kept here comes again: delivery is
/// at least once.
pub struct SinkCursor {
    path: PathBuf,
    next: u64,
    storage: Arc<dyn Storage>,
}

impl SinkCursor {
    /// The cursor of the sink `name`; at 0 if there is none yet.
    ///
    /// # Errors
    /// The name cannot be a file's, or the file cannot be read.
    pub fn open(evidence: &Path, name: &str) -> Result<Self, CursorError> {
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !plain || !(1..=64).contains(&name.len()) {
            return Err(CursorError::Name(name.chars().take(64).collect()));
        }
        let folder = evidence.join(FOLDER);
        let path = folder.join(name);
        let storage: Arc<dyn Storage> = Arc::new(Disk);
        let failed = |source| CursorError::Io {
            path: path.clone(),
            source,
        };
        storage.create_folder(&folder).map_err(failed)?;
        let next = match std::fs::read_to_string(&path) {
            Ok(text) => text
                .trim_end()
                .parse()
                .map_err(|_| CursorError::Malformed { path: path.clone() })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(failed(error)),
        };
        Ok(Self { path, next, storage })
    }

    /// The index of the next leaf to deliver.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Keeps that everything before `next` is delivered; durable when this returns.
    ///
    /// # Errors
    /// It was not kept, and the cursor stands where it was.
    pub fn advance(&mut self, next: u64) -> Result<(), CursorError> {
        let written = replace(self.storage.as_ref(), &self.path, format!("{next}\n").as_bytes());
        written.map_err(|source| CursorError::Io {
            path: self.path.clone(),
            source,
        })?;
        self.next = next;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_goes_on_where_it_was() {
        let evidence = tempfile::tempdir().unwrap();
        let mut cursor = SinkCursor::open(evidence.path(), "siem").unwrap();
        assert_eq!(cursor.next(), 0);
        cursor.advance(17).unwrap();
        assert_eq!(SinkCursor::open(evidence.path(), "siem").unwrap().next(), 17);
        assert!(matches!(
            SinkCursor::open(evidence.path(), "../x"),
            Err(CursorError::Name(_))
        ));
        std::fs::write(evidence.path().join("cursors/siem"), "x").unwrap();
        assert!(matches!(
            SinkCursor::open(evidence.path(), "siem"),
            Err(CursorError::Malformed { .. })
        ));
    }
}
