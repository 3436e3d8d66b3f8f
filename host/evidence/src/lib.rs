//! The append-only, Merkle-logged record of decisions.
//!
//! Each gateway process appends leaves to a journal of its own; one recorder merges all journals into one log in the
//! C2SP formats (tlog-tiles, tlog-checkpoint, signed notes), so that anyone can verify it with tools that are not ours.
//! This crate refuses to know HTTP, policies' meaning, how bundles are trusted, and where a key comes from.
//!
//! What is written, in the order of its way:
//! - [`leaf`]: INTENT, OUTCOME and LIFECYCLE, as deterministic CBOR (`leaf.cddl`).
//! - [`commitment`]: salted commitments that stand for personal values.
//! - [`personal`]: the erasable side store that holds what the commitments hide.
//! - [`journal`]: one process's segments: gapless, self-checking, handed to the kernel before execution.
//! - [`segment`]: the file format of a segment.
//! - [`recorder`]: merges segments into tiles, then signs a checkpoint.
//!
//! What it is made of:
//! - [`merkle`]: RFC 6962 hashing, tiles, inclusion and consistency proofs.
//! - [`checkpoint`]: signed notes over the size and root of the log.
//! - [`storage`]: the few file operations that all of this needs, replaceable by ones that fail.
//!
//! What is read:
//! - [`mod@verify`]: the whole log against a key from outside.
//! - [`show`]: leaves for people, filtered.

mod cbor;
pub mod checkpoint;
pub mod commitment;
pub mod journal;
pub mod leaf;
pub mod merkle;
pub mod personal;
pub mod recorder;
pub mod segment;
pub mod show;
pub mod storage;
#[cfg(test)]
mod testing;
pub mod verify;

pub use checkpoint::{LogSigner, VerifierKey};
pub use commitment::{Commitment, Opening};
pub use journal::{Journal, JournalError, JournalLimits, Receipt};
pub use leaf::{
    BundleReference, ComponentRecord, ComponentResult, Draft, Event, Fact, Gap, Intent, Leaf, LeafError,
    Lifecycle, LifecycleKind, Position, Question, Recorded, RequestOutcome, RequestResult, WriterId,
};
pub use recorder::{Recorder, RecorderError, RecorderLimits, SinkCursor};
pub use verify::{Report, VerifyError, verify};
