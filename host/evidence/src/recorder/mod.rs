//! Merges segments into the log, then signs what it has become.
//!
//! One [`Recorder::step`] goes through fixed stations, each brought to stable storage before the next: entry bundles and
//! tiles of the grown tree, then the state (size, root, how far each segment is read) in one atomic replacement, then the
//! checkpoint. The state is the point of no return: before it, a crash leaves the old log and some files that the next
//! step overwrites; after it, opening signs what the state says. What is signed is always an extension of what the state
//! and the last checkpoint said, and opening refuses to go on where the files say otherwise.
//!
//! Segments are read in the order of writer and number, so the same segments give the same tree. What cannot go into the
//! log as it is (a gap, a torn end, a frame that holds no leaf) is announced in it by a LIFECYCLE leaf of the recorder's
//! own. A segment is removed when its writer is done with it and all of it is under a signed checkpoint.

mod batch;
mod cursor;
mod error;
mod grow;
mod load;
mod state;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::checkpoint::{self, LogSigner};
use crate::leaf::Lifecycle;
use crate::merkle::{Frontier, TileError, Tiles, tile};
use crate::segment;
use crate::storage::{Disk, Storage, replace};

use batch::Batch;
use state::State;

pub use cursor::{CursorError, SinkCursor};
pub use error::RecorderError;

use error::io_error;
use load::load;

/// The name of the state's file, inside the folder of the evidence.
pub const STATE_FILE: &str = "recorder.json";

const LOCK_FILE: &str = "recorder.lock";

/// How a recorder works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecorderLimits {
    /// About how many bytes of leaves one step merges. 8 MiB.
    pub step_bytes: usize,
    /// How long a segment stays after its last change, once it is wholly under a signed checkpoint. One minute.
    pub keep_segments: Duration,
}

impl Default for RecorderLimits {
    fn default() -> Self {
        Self {
            step_bytes: 8 << 20,
            keep_segments: Duration::from_secs(60),
        }
    }
}

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Leaves that the log gained.
    pub merged: u64,
    /// Leaves under the signed checkpoint.
    pub size: u64,
    /// Whether segments held more than one step merges: step again at once.
    pub more: bool,
    /// What the recorder announced in the log; worth an alert.
    pub announced: Vec<Lifecycle>,
}

/// The one writer of a log.
pub struct Recorder {
    evidence: PathBuf,
    storage: Arc<dyn Storage>,
    signer: LogSigner,
    limits: RecorderLimits,
    /// Held for as long as the recorder lives.
    _lock: File,
    log: Log,
    /// An operation failed, so memory and storage may differ.
    spent: bool,
    /// The recorder's own events that wait for the next step.
    noted: Vec<Lifecycle>,
    /// Partial tiles that the checkpoint before the last one needs.
    stale: Vec<String>,
}

/// What the recorder knows of the log.
struct Log {
    state: State,
    frontier: Frontier,
    /// The entries of the bundle that is not full.
    bundle: Vec<Vec<u8>>,
}

impl Recorder {
    /// Opens the log in a folder, or begins one there. Afterwards there is a checkpoint, be it of an empty log.
    ///
    /// # Errors
    /// Another recorder is at work, a file operation fails, or the files contradict each other.
    pub fn open(evidence: &Path, signer: LogSigner, limits: RecorderLimits) -> Result<Self, RecorderError> {
        Self::open_on(Arc::new(Disk), evidence, signer, limits)
    }

    /// As [`Recorder::open`], on other storage.
    ///
    /// # Errors
    /// As [`Recorder::open`].
    pub fn open_on(
        storage: Arc<dyn Storage>,
        evidence: &Path,
        signer: LogSigner,
        limits: RecorderLimits,
    ) -> Result<Self, RecorderError> {
        storage
            .create_folder(evidence)
            .map_err(io_error("make", evidence))?;
        let path = evidence.join(LOCK_FILE);
        let lock = File::create(&path).map_err(io_error("make", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(RecorderError::Busy { path }),
            Err(TryLockError::Error(error)) => return Err(io_error("lock", &path)(error)),
        }
        let log = load(storage.as_ref(), evidence, &signer)?;
        let mut recorder = Self {
            evidence: evidence.to_owned(),
            storage,
            signer,
            limits,
            _lock: lock,
            log,
            spent: false,
            noted: Vec::new(),
            stale: Vec::new(),
        };
        recorder.publish()?;
        recorder.sweep()?;
        Ok(recorder)
    }

    /// How many leaves the log has; all of them are under the signed checkpoint.
    pub fn size(&self) -> u64 {
        self.log.state.size
    }

    /// Keeps an event of the recorder's own for the next step, which writes it into the log.
    pub fn note(&mut self, event: Lifecycle) {
        self.noted.push(event);
    }

    /// Merges what segments hold, and signs. Without anything new it changes nothing.
    ///
    /// # Errors
    /// The log is as it was, or as it would have become; the next step finds out which.
    pub fn step(&mut self) -> Result<Progress, RecorderError> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map(|time| time.as_nanos())
            .unwrap_or(0);
        self.step_at(i64::try_from(now).unwrap_or(i64::MAX))
    }

    /// As [`Recorder::step`]; `now`, in nanoseconds since 1970, stamps what the recorder itself announces.
    ///
    /// # Errors
    /// As [`Recorder::step`].
    pub fn step_at(&mut self, now: i64) -> Result<Progress, RecorderError> {
        if self.spent {
            self.log = load(self.storage.as_ref(), &self.evidence, &self.signer)?;
            self.stale.clear();
            self.publish()?;
            self.sweep()?;
            self.spent = false;
        }
        let result = self.advance(now);
        self.spent = result.is_err();
        result
    }

    fn advance(&mut self, now: i64) -> Result<Progress, RecorderError> {
        let mut batch = Batch::new(self.log.state.clone(), self.signer.name(), now);
        for event in &self.noted {
            batch.announce(event.clone())?;
        }
        batch.announced.clear();
        let more = batch.gather(&self.evidence.join(segment::FOLDER), self.limits.step_bytes)?;
        let Batch {
            state,
            leaves,
            announced,
            ..
        } = batch;
        let merged = u64::try_from(leaves.len()).unwrap_or(u64::MAX);
        if merged > 0 {
            let before: Vec<_> = grow::partial_paths(&self.log).collect();
            let mut log = grow::grow(self.storage.as_ref(), &self.evidence, &self.log, &leaves)?;
            log.state = State {
                size: log.frontier.size(),
                root: log.frontier.root(),
                ..state
            };
            log.state.persist(self.storage.as_ref(), &self.evidence)?;
            self.log = log;
            self.noted.clear();
            self.publish()?;
            let gone = std::mem::replace(&mut self.stale, before);
            self.remove_tiles(gone)?;
        } else if state != self.log.state {
            state.persist(self.storage.as_ref(), &self.evidence)?;
            self.log.state = state;
        }
        self.remove_segments()?;
        Ok(Progress {
            merged,
            size: self.size(),
            more,
            announced,
        })
    }

    /// Signs what the state says, unless that is what the checkpoint says already.
    fn publish(&mut self) -> Result<(), RecorderError> {
        let path = self.evidence.join(checkpoint::FILE);
        let note = self.signer.sign(self.log.state.size, &self.log.state.root);
        // Ed25519 signatures are deterministic, so an equal checkpoint has equal bytes.
        match std::fs::read(&path) {
            Ok(present) if present == note.as_bytes() => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io_error("read", &path)(error)),
        }
        replace(self.storage.as_ref(), &path, note.as_bytes()).map_err(io_error("replace", &path))
    }

    /// Removes segments that are wholly under the checkpoint and old enough. The state forgets them with the next step.
    fn remove_segments(&mut self) -> Result<(), RecorderError> {
        let folder = self.evidence.join(segment::FOLDER);
        let mut removed = Vec::new();
        for name in self.log.state.ended() {
            let path = folder.join(&name);
            let age = match std::fs::metadata(&path).and_then(|found| found.modified()) {
                Ok(changed) => SystemTime::now().duration_since(changed).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    removed.push(name);
                    continue;
                }
                Err(error) => return Err(io_error("read", &path)(error)),
            };
            if age >= self.limits.keep_segments {
                self.storage.remove(&path).map_err(io_error("remove", &path))?;
                removed.push(name);
            }
        }
        for name in removed {
            self.log.state.segments.remove(&name);
        }
        Ok(())
    }

    /// Removes partial tiles that no checkpoint of the last two needs.
    fn remove_tiles(&mut self, paths: Vec<String>) -> Result<(), RecorderError> {
        let current: std::collections::BTreeSet<_> = grow::partial_paths(&self.log).collect();
        for path in paths
            .into_iter()
            .filter(|path| !current.contains(path) && !self.stale.contains(path))
        {
            let path = self.evidence.join(path);
            match self.storage.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error("remove", &path)(error));
                }
                _ => {}
            }
            if let Some(folder) = path.parent() {
                // Fails while other widths are in it, which is as it should be.
                let _ = self.storage.remove_folder(folder);
            }
        }
        Ok(())
    }

    /// Removes what a crash or an end left at the right edge: partial tiles of other widths than the log has.
    fn sweep(&mut self) -> Result<(), RecorderError> {
        let mut left = Vec::new();
        for folder in grow::edge_folders(&self.log) {
            let partial = self.names_in(&folder)?;
            for name in partial.into_iter().filter(|name| name.ends_with(".p")) {
                let folder = format!("{folder}/{name}");
                let widths = self.names_in(&folder)?;
                left.extend(widths.into_iter().map(|width| format!("{folder}/{width}")));
            }
        }
        self.remove_tiles(left)
    }

    /// The names in a folder of the evidence; none if it is not there.
    fn names_in(&self, folder: &str) -> Result<Vec<String>, RecorderError> {
        let path = self.evidence.join(folder);
        let entries = match std::fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io_error("read", &path)(error)),
        };
        let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
        let names = names
            .collect::<io::Result<Vec<_>>>()
            .map_err(io_error("read", &path))?;
        Ok(names
            .into_iter()
            .filter_map(|name| name.into_string().ok())
            .collect())
    }

    /// At most `most` leaves from `from` on, with their index: what sinks are given. All are under a signed checkpoint.
    ///
    /// # Errors
    /// An entry bundle is not what it must be.
    pub fn entries(&self, from: u64, most: usize) -> Result<Vec<(u64, Vec<u8>)>, TileError> {
        let tiles = Tiles::new(&self.evidence);
        let size = self.size();
        let mut entries = Vec::new();
        let mut next = from;
        while next < size && entries.len() < most {
            let (index, skip) = tile::place(next);
            let first = next.saturating_sub(u64::try_from(skip).unwrap_or(0));
            let width = usize::try_from(size.saturating_sub(first))
                .unwrap_or(usize::MAX)
                .min(tile::TILE_WIDTH);
            let room = most.saturating_sub(entries.len());
            let bundle = tiles.entries(index, width)?;
            entries.extend((first..).zip(bundle).skip(skip).take(room));
            next = first.saturating_add(u64::try_from(width).unwrap_or(0));
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests;
