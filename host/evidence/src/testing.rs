//! What the tests of several modules need: leaves, segments of dead writers, storage that fails on demand.
#![allow(clippy::arithmetic_side_effects)]

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};

use aecp_vocabulary::decision::{Decision, Denial};
use aecp_vocabulary::{AuditClass, Verdict};

use crate::checkpoint::LogSigner;
use crate::leaf::{
    Draft, Event, Intent, Leaf, Lifecycle, LifecycleKind, Position, RequestOutcome, RequestResult, WriterId,
};
use crate::recorder::{Recorder, RecorderLimits};
use crate::segment::{self, SEGMENT_MAGIC, SegmentId};
use crate::storage::{Disk, LogFile, Storage};

pub(crate) const LOG: &str = "gate-1";

pub(crate) fn signer() -> LogSigner {
    LogSigner::from_seed(LOG, &[5; 32]).unwrap()
}

pub(crate) fn eager() -> RecorderLimits {
    RecorderLimits {
        keep_segments: std::time::Duration::ZERO,
        ..RecorderLimits::default()
    }
}

pub(crate) fn writer(number: u8) -> WriterId {
    WriterId([number; 16])
}

pub(crate) fn intent(request_id: &str, verdict: Verdict) -> Event {
    let mut decision = Decision::refused(Denial::Default, "nothing covers the request");
    if verdict == Verdict::Allow {
        decision = Decision {
            verdict,
            denial: None,
            findings: Vec::new(),
            ..decision
        };
    }
    Event::Intent(Box::new(Intent::of(request_id, [1; 32], &decision)))
}

pub(crate) fn outcome(intent: Position) -> Event {
    Event::Outcome(RequestOutcome {
        intent,
        result: RequestResult::Completed,
        status: Some(200),
        bytes_to_upstream: 0,
        bytes_to_client: 12,
        duration: 1_500_000,
        detail: String::new(),
    })
}

pub(crate) fn lifecycle(detail: &str) -> Event {
    let kind = LifecycleKind::ProcessStarted;
    Event::Lifecycle(Lifecycle {
        kind,
        subject: "gateway".into(),
        detail: detail.into(),
        bundle: None,
        gap: None,
    })
}

pub(crate) fn bytes(writer: WriterId, sequence: u64, event: &Event) -> Vec<u8> {
    Draft::new(1_700_000_000_000_000_000, LOG, event)
        .unwrap()
        .at(Position { writer, sequence })
}

/// A request's leaves: ALLOW at even sequences, its outcome at odd ones.
pub(crate) fn leaf(writer: WriterId, sequence: u64) -> Vec<u8> {
    let event = if sequence.is_multiple_of(2) {
        intent(&format!("request-{sequence}"), Verdict::Allow)
    } else {
        outcome(Position {
            writer,
            sequence: sequence - 1,
        })
    };
    bytes(writer, sequence, &event)
}

/// The bytes of a segment.
pub(crate) fn segment_bytes(id: SegmentId, frames: impl IntoIterator<Item = (u64, Vec<u8>)>) -> Vec<u8> {
    let mut bytes = segment::header(SEGMENT_MAGIC, id);
    for (sequence, payload) in frames {
        segment::push_frame(
            &mut bytes,
            sequence,
            segment::mark_of(AuditClass::Required),
            &payload,
        );
    }
    bytes
}

pub(crate) fn segment_path(evidence: &Path, id: SegmentId) -> PathBuf {
    std::fs::create_dir_all(evidence.join(segment::FOLDER)).unwrap();
    evidence.join(segment::FOLDER).join(id.file_name())
}

/// Leaves a segment behind, as a writer does that has died.
pub(crate) fn dead_segment(evidence: &Path, number: u8, sequences: std::ops::Range<u64>) -> SegmentId {
    let id = SegmentId {
        writer: writer(number),
        number: sequences.start,
    };
    let frames = sequences.map(|sequence| (sequence, leaf(id.writer, sequence)));
    std::fs::write(segment_path(evidence, id), segment_bytes(id, frames)).unwrap();
    id
}

/// A signed log of `size` leaves in a folder of its own.
pub(crate) fn signed_log(size: u64) -> tempfile::TempDir {
    let evidence = tempfile::tempdir().unwrap();
    dead_segment(evidence.path(), 1, 0..size);
    let mut recorder = Recorder::open(evidence.path(), signer(), eager()).unwrap();
    assert_eq!(recorder.step_at(1).unwrap().size, size);
    evidence
}

pub(crate) fn read_leaves(evidence: &Path) -> Vec<Leaf> {
    let recorder = Recorder::open(evidence, signer(), eager()).unwrap();
    let entries = recorder.entries(0, usize::MAX).unwrap();
    entries
        .iter()
        .map(|(_, leaf)| Leaf::decode(leaf).unwrap())
        .collect()
}

/// Every file below `folder`, with its path relative to it.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for path in files(from) {
        let target = to.path().join(&path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(from.join(&path), target).unwrap();
    }
    to
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing of it happened.
    Before,
    /// Half of it happened, where there are halves.
    Halfway,
    /// All of it happened, and what was written and not synced is lost: the machine went down.
    Blackout,
}

/// Storage on which one operation fails, and every one after it: a crash.
#[derive(Clone)]
pub(crate) struct Faulty(Arc<Plan>);

struct Plan {
    /// Which operation, and counted among which: all (none), or those of a name.
    at: Option<(Option<&'static str>, u64)>,
    fault: Fault,
    progress: Mutex<Counters>,
    syncs_held: Mutex<bool>,
    released: Condvar,
}

#[derive(Default)]
struct Counters {
    all: u64,
    named: u64,
    crashed: bool,
    unsynced: BTreeSet<PathBuf>,
}

impl Faulty {
    fn with(at: Option<(Option<&'static str>, u64)>, fault: Fault) -> Self {
        let (progress, syncs_held, released) = (Mutex::default(), Mutex::new(false), Condvar::new());
        Self(Arc::new(Plan {
            at,
            fault,
            progress,
            syncs_held,
            released,
        }))
    }

    /// All operations succeed, and are counted.
    pub(crate) fn counting() -> Self {
        Self::with(None, Fault::Before)
    }

    /// The operation `number`, counted from 1, fails.
    pub(crate) fn at(number: u64, fault: Fault) -> Self {
        Self::with(Some((None, number)), fault)
    }

    /// The operation `number` of this name fails: `append`, `sync_log`, `create_log`, ….
    pub(crate) fn at_nth(name: &'static str, number: u64) -> Self {
        Self::with(Some((Some(name), number)), Fault::Before)
    }

    pub(crate) fn operations(&self) -> u64 {
        self.0.progress.lock().unwrap().all
    }

    /// Syncs of logs wait until [`Faulty::release`].
    pub(crate) fn hold_syncs(&self) {
        *self.0.syncs_held.lock().unwrap() = true;
    }

    pub(crate) fn release(&self) {
        *self.0.syncs_held.lock().unwrap() = false;
        self.0.released.notify_all();
    }
}

impl Plan {
    fn run<T>(
        &self,
        name: &'static str,
        half: impl FnOnce(),
        whole: impl FnOnce(&mut Counters) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut counters = self.progress.lock().unwrap();
        let crash = || io::Error::other("injected");
        if counters.crashed {
            return Err(crash());
        }
        counters.all += 1;
        let hit = match self.at {
            Some((None, number)) => counters.all == number,
            Some((Some(wanted), number)) => {
                counters.named += u64::from(wanted == name);
                wanted == name && counters.named == number
            }
            None => false,
        };
        if !hit {
            return whole(&mut counters);
        }
        counters.crashed = true;
        match self.fault {
            Fault::Before => {}
            Fault::Halfway => half(),
            Fault::Blackout => {
                whole(&mut counters)?;
                for path in &counters.unsynced {
                    std::fs::write(path, b"").unwrap();
                }
            }
        }
        Err(crash())
    }
}

impl Storage for Faulty {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.0.run("create_folder", || {}, |_| Disk.create_folder(path))
    }

    fn create_log(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        let log = self.0.run("create_log", || {}, |_| Disk.create_log(path))?;
        Ok(Box::new(FaultyLog {
            log,
            plan: Arc::clone(&self.0),
        }))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let half = || std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        self.0.run("write", half, |counters| {
            counters.unsynced.insert(path.to_owned());
            Disk.write(path, bytes)
        })
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.0.run(
            "sync",
            || {},
            |counters| {
                counters.unsynced.remove(path);
                Disk.sync(path)
            },
        )
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.0.run("sync_folder", || {}, |_| Disk.sync_folder(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.run(
            "rename",
            || {},
            |counters| {
                if counters.unsynced.remove(from) {
                    counters.unsynced.insert(to.to_owned());
                }
                Disk.rename(from, to)
            },
        )
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.run("remove", || {}, |_| Disk.remove(path))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.0.run("remove_folder", || {}, |_| Disk.remove_folder(path))
    }
}

struct FaultyLog {
    log: Box<dyn LogFile>,
    plan: Arc<Plan>,
}

impl LogFile for FaultyLog {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let half = || self.log.append(&bytes[..bytes.len() / 2]).unwrap();
        self.plan.run("append", half, |_| self.log.append(bytes))
    }

    fn sync(&self) -> io::Result<()> {
        let mut held = self.plan.syncs_held.lock().unwrap();
        while *held {
            held = self.plan.released.wait(held).unwrap();
        }
        drop(held);
        self.plan.run("sync_log", || {}, |_| self.log.sync())
    }
}
