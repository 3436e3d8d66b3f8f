//! One process's own evidence: gapless, self-checking segments, handed to the kernel before anything executes.
//!
//! [`Journal::append`] is made to be called inline: it takes the next sequence under a lock, and for the classes required
//! and durable hands the leaf to the kernel. A thread of the journal's own brings everything to stable storage within
//! [`JournalLimits::within`]; a [`Receipt`] waits for that. Until then, ordinary leaves wait in memory.
//!
//! Nothing is ever dropped. When too much is not on stable storage yet, appending fails until there is room again. When
//! a write or sync fails, the journal is broken for good: after a failed `fsync` the kernel may have thrown pages away,
//! so trying again would only hide the loss. Every later append is refused.

mod limits;
mod receipt;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Instant;

use aecp_vocabulary::AuditClass;
use tokio::sync::watch;

use crate::commitment::Opening;
use crate::leaf::{Draft, LEAF_LIMIT, LeafError, Position, WriterId};
use crate::personal;
use crate::segment::{self, HEADER_BYTES, PERSONAL_MAGIC, SEGMENT_MAGIC, SegmentId};
use crate::storage::{Disk, LogFile, Storage};

pub use limits::{JournalError, JournalLimits};
pub use receipt::Receipt;

/// An open journal. Dropping it brings everything to stable storage.
pub struct Journal {
    shared: Arc<Shared>,
    worker: Option<JoinHandle<()>>,
}

struct Shared {
    writer: WriterId,
    folder: PathBuf,
    personal_folder: PathBuf,
    storage: Arc<dyn Storage>,
    limits: JournalLimits,
    state: Mutex<State>,
    /// The worker waits here.
    work: Condvar,
    synced: watch::Sender<Synced>,
}

struct State {
    next_sequence: u64,
    number: u64,
    log: Arc<dyn LogFile>,
    log_bytes: u64,
    buffer: Vec<u8>,
    /// Made with the first personal value of a segment.
    personal_log: Option<Arc<dyn LogFile>>,
    personal_buffer: Vec<u8>,
    /// Bytes appended and not synced, in memory or with the kernel.
    unsynced: u64,
    unsynced_since: Option<Instant>,
    urgent: bool,
    /// Logs of earlier segments that are not synced.
    retired: Vec<Arc<dyn LogFile>>,
    new_names: bool,
    closing: bool,
    broken: Option<Arc<str>>,
}

/// How far stable storage has come.
#[derive(Clone, Debug, Default)]
struct Synced {
    /// All sequences below are on stable storage.
    next_sequence: u64,
    broken: Option<Arc<str>>,
}

impl Journal {
    /// Opens a journal in the folder of the evidence, as a new writer.
    ///
    /// # Errors
    /// The first segment cannot be made.
    pub fn open(evidence: &Path, limits: JournalLimits) -> Result<Self, JournalError> {
        Self::open_on(Arc::new(Disk), evidence, limits)
    }

    /// As [`Journal::open`], on other storage.
    ///
    /// # Errors
    /// The first segment cannot be made.
    pub fn open_on(
        storage: Arc<dyn Storage>,
        evidence: &Path,
        limits: JournalLimits,
    ) -> Result<Self, JournalError> {
        let folder = evidence.join(segment::FOLDER);
        let failed = |cause: std::io::Error| JournalError::Open {
            path: folder.clone(),
            cause: text(&cause),
        };
        let writer = WriterId::random().map_err(failed)?;
        storage.create_folder(&folder).map_err(failed)?;
        storage
            .create_folder(&evidence.join(personal::FOLDER))
            .map_err(failed)?;
        storage.sync_folder(evidence).map_err(failed)?;
        let id = SegmentId { writer, number: 0 };
        let log = create(storage.as_ref(), &folder, SEGMENT_MAGIC, id).map_err(failed)?;
        log.sync().map_err(failed)?;
        storage.sync_folder(&folder).map_err(failed)?;
        let state = State {
            next_sequence: 0,
            number: 0,
            log,
            log_bytes: header_bytes(),
            buffer: Vec::new(),
            personal_log: None,
            personal_buffer: Vec::new(),
            unsynced: 0,
            unsynced_since: None,
            urgent: false,
            retired: Vec::new(),
            new_names: false,
            closing: false,
            broken: None,
        };
        let shared = Arc::new(Shared {
            writer,
            folder: folder.clone(),
            personal_folder: evidence.join(personal::FOLDER),
            storage,
            limits,
            state: Mutex::new(state),
            work: Condvar::new(),
            synced: watch::Sender::new(Synced::default()),
        });
        let for_worker = Arc::clone(&shared);
        let worker = std::thread::Builder::new()
            .name("evidence-sync".into())
            .spawn(move || worker::run(&for_worker))
            .map_err(failed)?;
        Ok(Self {
            shared,
            worker: Some(worker),
        })
    }

    /// Who this journal writes as.
    pub fn writer(&self) -> WriterId {
        self.shared.writer
    }

    /// Appends the leaf that `build` gives for the next place. `build` runs under the journal's lock; [`Draft`] does the
    /// slow part before. When this returns, a leaf of class required or durable is with the kernel; a durable one must
    /// also be awaited, with [`Receipt::on_disk`], before anything executes.
    ///
    /// # Errors
    /// The leaf was not taken. If `build` failed, its place goes to the next leaf.
    pub fn append(
        &self,
        class: AuditClass,
        build: impl FnOnce(Position) -> Result<Vec<u8>, LeafError>,
    ) -> Result<Receipt, JournalError> {
        self.append_with(class, &[], build)
    }

    /// Appends a draft, with the openings of the commitments in it.
    ///
    /// # Errors
    /// The leaf was not taken.
    pub fn record(
        &self,
        class: AuditClass,
        draft: &Draft,
        openings: &[Opening],
    ) -> Result<Receipt, JournalError> {
        self.append_with(class, openings, |position| Ok(draft.at(position)))
    }

    fn append_with(
        &self,
        class: AuditClass,
        openings: &[Opening],
        build: impl FnOnce(Position) -> Result<Vec<u8>, LeafError>,
    ) -> Result<Receipt, JournalError> {
        let payloads: Vec<_> = openings.iter().map(personal::payload).collect();
        let shared = &self.shared;
        let mut state = shared.lock()?;
        if let Some(cause) = &state.broken {
            return Err(JournalError::Broken {
                cause: Arc::clone(cause),
            });
        }
        if state.unsynced >= shared.limits.window_bytes {
            return Err(JournalError::WindowFull {
                bytes: state.unsynced,
            });
        }
        let position = Position {
            writer: shared.writer,
            sequence: state.next_sequence,
        };
        let leaf = build(position)?;
        if leaf.len() > LEAF_LIMIT {
            return Err(LeafError::TooLarge { bytes: leaf.len() }.into());
        }
        let taken = shared.take(&mut state, class, position.sequence, &leaf, &payloads);
        if let Err(error) = taken {
            return Err(shared.break_down(&mut state, "write", &error));
        }
        let begins = state.unsynced_since.is_none();
        if begins {
            state.unsynced_since = Some(Instant::now());
        }
        let hurries =
            !state.urgent && (class == AuditClass::Durable || state.unsynced >= shared.limits.sync_bytes);
        state.urgent |= hurries;
        drop(state);
        if begins || hurries {
            shared.work.notify_one();
        }
        Ok(Receipt::new(position, Arc::clone(shared)))
    }

    /// Waits until there is room for more after [`JournalError::WindowFull`].
    ///
    /// # Errors
    /// The journal is broken.
    pub async fn room(&self) -> Result<(), JournalError> {
        let mut synced = self.shared.synced.subscribe();
        loop {
            synced.mark_unchanged();
            {
                let state = self.shared.lock()?;
                if let Some(cause) = &state.broken {
                    return Err(JournalError::Broken {
                        cause: Arc::clone(cause),
                    });
                }
                if state.unsynced < self.shared.limits.window_bytes {
                    return Ok(());
                }
            }
            // The sender lives as long as the journal does.
            let _ = synced.changed().await;
        }
    }

    /// Why the journal takes nothing more; none while it does.
    pub fn broken(&self) -> Option<JournalError> {
        match self.shared.lock() {
            Ok(state) => state.broken.as_ref().map(|cause| JournalError::Broken {
                cause: Arc::clone(cause),
            }),
            Err(error) => Some(error),
        }
    }

    /// Brings everything to stable storage and ends the journal.
    ///
    /// # Errors
    /// The journal is broken.
    pub fn close(mut self) -> Result<(), JournalError> {
        self.finish();
        self.broken().map_or(Ok(()), Err)
    }

    fn finish(&mut self) {
        if let Ok(mut state) = self.shared.lock() {
            state.closing = true;
        }
        self.shared.work.notify_one();
        if let Some(worker) = self.worker.take() {
            // A worker that panicked has left the lock poisoned, which every user of the journal sees.
            let _ = worker.join();
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Shared {
    fn lock(&self) -> Result<MutexGuard<'_, State>, JournalError> {
        self.state.lock().map_err(|_| JournalError::Broken {
            cause: "a thread panicked while it wrote".into(),
        })
    }

    /// Puts a leaf and its openings where their class wants them.
    fn take(
        &self,
        state: &mut State,
        class: AuditClass,
        sequence: u64,
        leaf: &[u8],
        openings: &[Vec<u8>],
    ) -> std::io::Result<()> {
        let next = sequence
            .checked_add(1)
            .ok_or_else(|| std::io::Error::other("no sequences are left"))?;
        let waiting = length(&state.buffer);
        let filled = state
            .log_bytes
            .saturating_add(waiting)
            .saturating_add(length(leaf));
        let has_leaves = state.log_bytes > header_bytes() || waiting > 0;
        if has_leaves && filled > self.limits.segment_bytes {
            self.rotate(state)?;
        }
        let before = length(&state.buffer).saturating_add(length(&state.personal_buffer));
        for opening in openings {
            segment::push_frame(
                &mut state.personal_buffer,
                sequence,
                personal::MARK_PRESENT,
                opening,
            );
        }
        segment::push_frame(&mut state.buffer, sequence, segment::mark_of(class), leaf);
        let after = length(&state.buffer).saturating_add(length(&state.personal_buffer));
        state.unsynced = state.unsynced.saturating_add(after.saturating_sub(before));
        state.next_sequence = next;
        if class > AuditClass::Ordinary || state.buffer.len() >= self.limits.buffer_bytes {
            self.flush(state)?;
        }
        Ok(())
    }

    /// Hands everything in memory to the kernel, openings before the leaves that need them.
    fn flush(&self, state: &mut State) -> std::io::Result<()> {
        if !state.personal_buffer.is_empty() {
            let log = match &state.personal_log {
                Some(log) => Arc::clone(log),
                None => {
                    let id = SegmentId {
                        writer: self.writer,
                        number: state.number,
                    };
                    let log = create(self.storage.as_ref(), &self.personal_folder, PERSONAL_MAGIC, id)?;
                    state.new_names = true;
                    state.personal_log = Some(Arc::clone(&log));
                    log
                }
            };
            log.append(&state.personal_buffer)?;
            state.personal_buffer.clear();
        }
        if !state.buffer.is_empty() {
            state.log.append(&state.buffer)?;
            state.log_bytes = state.log_bytes.saturating_add(length(&state.buffer));
            state.buffer.clear();
        }
        Ok(())
    }

    fn rotate(&self, state: &mut State) -> std::io::Result<()> {
        self.flush(state)?;
        let number = state.number.saturating_add(1);
        let id = SegmentId {
            writer: self.writer,
            number,
        };
        let log = create(self.storage.as_ref(), &self.folder, SEGMENT_MAGIC, id)?;
        // The old log stays open, and so locked, until it is synced and the new name is on stable storage too.
        state.retired.push(std::mem::replace(&mut state.log, log));
        state.retired.extend(state.personal_log.take());
        state.number = number;
        state.log_bytes = header_bytes();
        state.new_names = true;
        Ok(())
    }

    /// Ends the journal's life: nothing more is taken, and whoever waits is told.
    fn break_down(&self, state: &mut State, what: &str, error: &std::io::Error) -> JournalError {
        let cause: Arc<str> = format!("{what} failed: {error}").into();
        state.broken = Some(Arc::clone(&cause));
        self.synced
            .send_modify(|synced| synced.broken = Some(Arc::clone(&cause)));
        self.work.notify_one();
        JournalError::Broken { cause }
    }
}

/// Makes a log under a name that readers pass over, and gives it its own once the header is in it.
fn create(
    storage: &dyn Storage,
    folder: &Path,
    magic: [u8; 8],
    id: SegmentId,
) -> std::io::Result<Arc<dyn LogFile>> {
    let temporary = folder.join(format!(".new-{}", id.file_name()));
    let log = storage.create_log(&temporary)?;
    log.append(&segment::header(magic, id))?;
    storage.rename(&temporary, &folder.join(id.file_name()))?;
    Ok(Arc::from(log))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn header_bytes() -> u64 {
    u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX)
}

fn text(error: &std::io::Error) -> Arc<str> {
    error.to_string().into()
}

#[cfg(test)]
mod tests;
