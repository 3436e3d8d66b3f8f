//! The way out of sinks: files of this machine, under the names that the bundle uses.
//!
//! A file belongs to one recorder, which holds a lock on it. A message has been taken once it is on stable storage. A
//! line that a crash has cut off is taken away before the next message: its sink was never told that it was taken, and
//! sends it again.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use aecp_engine::Outlet;
use aecp_engine::sink::{MESSAGE_LIMIT, SendError};

/// Content type of messages that are made of lines.
const LINES: &str = "application/x-ndjson";

/// The endpoints of this enforcement point.
pub(super) struct Files {
    files: BTreeMap<String, Mutex<Endpoint>>,
}

struct Endpoint {
    path: PathBuf,
    file: Option<File>,
}

impl Files {
    pub(super) fn new(paths: BTreeMap<String, PathBuf>) -> Self {
        let endpoint = |(name, path)| (name, Mutex::new(Endpoint { path, file: None }));
        Self {
            files: paths.into_iter().map(endpoint).collect(),
        }
    }
}

impl Outlet for Files {
    fn send(&self, endpoint: &str, content_type: &str, message: &[u8]) -> Result<(), SendError> {
        let endpoint = self.files.get(endpoint).ok_or(SendError::UnknownEndpoint)?;
        let broken = |_| SendError::Unavailable("an earlier delivery broke down".to_owned());
        let mut endpoint = endpoint.lock().map_err(broken)?;
        let sent = endpoint.append(message, content_type == LINES);
        sent.map_err(|error| {
            // Whatever is wrong with the open file, the next attempt opens it anew.
            endpoint.file = None;
            SendError::Unavailable(format!("`{}`: {error}", endpoint.path.display()))
        })
    }
}

impl Endpoint {
    fn append(&mut self, message: &[u8], lines: bool) -> io::Result<()> {
        let path = self.path.clone();
        let mut file = self.open(&path, lines)?;
        let before = file.metadata()?.len();
        let written = file.write_all(message).and_then(|()| file.sync_data());
        if written.is_err() {
            // Part of a message must not stay; if it does, lines are mended when the file is opened.
            let _ = file.set_len(before);
        }
        written
    }

    /// The open file, or a new one if the path leads to another file by now.
    fn open(&mut self, path: &Path, lines: bool) -> io::Result<&File> {
        if let Some(file) = &self.file {
            let (open, named) = (file.metadata()?, fs::metadata(path));
            if named.is_ok_and(|named| (named.dev(), named.ino()) == (open.dev(), open.ino())) {
                return self.file.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into());
            }
        }
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(folder)?;
        let file = File::options()
            .create(true)
            .append(true)
            .read(true)
            .mode(0o640)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::Error::other("another process writes to it")),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if lines {
            cut_torn_line(&file)?;
        }
        File::open(folder)?.sync_all()?;
        Ok(self.file.insert(file))
    }
}

/// Takes away what stands behind the last line end.
fn cut_torn_line(mut file: &File) -> io::Result<()> {
    let length = file.metadata()?.len();
    let looked_at = length.min(u64::try_from(MESSAGE_LIMIT).unwrap_or(u64::MAX));
    let start = length.saturating_sub(looked_at);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::new();
    file.take(looked_at).read_to_end(&mut tail)?;
    let whole = tail
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |last| last.saturating_add(1));
    let torn = tail.len().saturating_sub(whole);
    if torn == 0 {
        return Ok(());
    }
    if whole == 0 && start > 0 {
        return Err(io::Error::other(
            "its last line is longer than any message; it is no file of a sink",
        ));
    }
    tracing::warn!(
        bytes = torn,
        "a line that was cut off is taken away; it comes again"
    );
    file.set_len(start.saturating_add(u64::try_from(whole).unwrap_or(u64::MAX)))?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlet(path: &Path) -> Files {
        Files::new(BTreeMap::from([("archive".to_owned(), path.to_owned())]))
    }

    #[test]
    fn messages_are_appended_and_folders_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.ndjson");
        for _ in 0..2 {
            let outlet = outlet(&path);
            outlet.send("archive", LINES, b"1\n").unwrap();
            outlet.send("archive", LINES, b"2\n").unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), b"1\n2\n1\n2\n");
        assert_eq!(
            outlet(&path).send("other", LINES, b"1\n"),
            Err(SendError::UnknownEndpoint)
        );
    }

    #[test]
    fn a_torn_line_goes_and_whole_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        for (left, kept) in [("1\n2", "1\n"), ("12", ""), ("1\n", "1\n"), ("", "")] {
            let path = folder.path().join("x");
            fs::write(&path, left).unwrap();
            outlet(&path).send("archive", LINES, b"3\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{kept}3\n"));
            fs::write(&path, left).unwrap();
            outlet(&path).send("archive", "application/cbor", b"3").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{left}3"));
        }
    }

    #[test]
    fn a_file_that_is_no_files_of_lines_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, vec![b'x'; MESSAGE_LIMIT + 1]).unwrap();
        assert!(matches!(
            outlet(&path).send("archive", LINES, b"3\n"),
            Err(SendError::Unavailable(_))
        ));
        assert_eq!(fs::metadata(&path).unwrap().len(), 4_194_305);
    }

    #[test]
    fn a_file_that_was_moved_away_is_followed_by_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let outlet = outlet(&path);
        outlet.send("archive", LINES, b"1\n").unwrap();
        fs::rename(&path, folder.path().join("x.1")).unwrap();
        outlet.send("archive", LINES, b"2\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"2\n");
    }

    #[test]
    fn one_process_writes_to_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let first = outlet(&path);
        first.send("archive", LINES, b"1\n").unwrap();
        let error = outlet(&path).send("archive", LINES, b"2\n").unwrap_err();
        assert!(error.to_string().contains("another process"), "{error}");
        drop(first);
        outlet(&path).send("archive", LINES, b"2\n").unwrap();
    }
}
