//! The whole log against a key from outside.
//!
//! Everything under the signed checkpoint is computed anew from the entries: leaf hashes, every tile, the root. One
//! changed, missing or added byte in any file of that part is an error that names the file. What is not under the
//! checkpoint yet (frames in segments, tiles that a recorder was about to sign) is counted and not judged.

mod files;
mod sense;

use std::path::Path;

use crate::checkpoint::{self, Checkpoint, CheckpointError, VerifierKey};
use crate::leaf::{Gap, Leaf, LeafError, Position};
use crate::merkle::tile::{TILE_WIDTH, bundle_path, place};
use crate::merkle::{Frontier, Hash, TileError, TileId, Tiles, leaf_hash};

use sense::Sense;

/// What a verified log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The log's name.
    pub origin: String,
    /// Leaves under the signed checkpoint.
    pub size: u64,
    /// Their root.
    pub root: Hash,
    /// INTENT leaves with ALLOW.
    pub allowed: u64,
    /// INTENT leaves with DENY.
    pub denied: u64,
    /// OUTCOME leaves.
    pub outcomes: u64,
    /// OUTCOME leaves that say `interrupted`.
    pub interrupted: u64,
    /// LIFECYCLE leaves.
    pub lifecycles: u64,
    /// How many wrote: processes of the enforcement point, and the recorder.
    pub writers: usize,
    /// ALLOWs without an OUTCOME under the checkpoint: still at work, or cut off by a crash.
    pub open: Vec<Position>,
    /// Leaves that the log announces as missing.
    pub gaps: Vec<Gap>,
    /// Whole frames in segments that are not under the checkpoint yet.
    pub unsigned_frames: u64,
    /// Segments that end in something that is no whole frame: their path, and how many bytes that has. Either a writer
    /// is at work, or it was killed in the middle.
    pub incomplete: Vec<(String, u64)>,
    /// Files below `tile/` that belong to no tree under the checkpoint: a recorder is at work, or was killed.
    pub beyond_checkpoint: u64,
}

impl Report {
    /// The report as one JSON object, with the names of its fields.
    pub fn to_json(&self) -> serde_json::Value {
        let gap = |gap: &Gap| serde_json::json!({ "writer": gap.writer.to_string(), "first": gap.first, "next": gap.next });
        let incomplete = |(path, bytes): &(String, u64)| serde_json::json!({ "path": path, "bytes": bytes });
        serde_json::json!({
            "origin": self.origin,
            "size": self.size,
            "root": hex::encode(self.root),
            "allowed": self.allowed,
            "denied": self.denied,
            "outcomes": self.outcomes,
            "interrupted": self.interrupted,
            "lifecycles": self.lifecycles,
            "writers": self.writers,
            "open": self.open.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "gaps": self.gaps.iter().map(gap).collect::<Vec<_>>(),
            "unsigned_frames": self.unsigned_frames,
            "incomplete": self.incomplete.iter().map(incomplete).collect::<Vec<_>>(),
            "beyond_checkpoint": self.beyond_checkpoint,
        })
    }
}

/// Why a log is not what was signed.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no checkpoint, or it cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// Inside the folder of the evidence.
        path: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The checkpoint is not signed by the key.
    #[error("`checkpoint`: {0}")]
    Checkpoint(CheckpointError),
    /// The earlier checkpoint is not signed by the key.
    #[error("the earlier checkpoint that was given: {0}")]
    EarlierCheckpoint(CheckpointError),
    /// The log is shorter than it was.
    #[error("`checkpoint` has size {size}, but an earlier one had {earlier}: leaves were taken away")]
    Shrunk {
        /// The size now.
        size: u64,
        /// The size before.
        earlier: u64,
    },
    /// The log is another than it was.
    #[error(
        "the first {earlier} leaves are not those of the earlier checkpoint: the log was rewritten or forked"
    )]
    Forked {
        /// The size before.
        earlier: u64,
    },
    /// A tile or bundle is missing, unreadable, too long or too short.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// An entry is no leaf.
    #[error("`{path}`, entry {entry}: {source}")]
    Leaf {
        /// The bundle.
        path: String,
        /// The entry in it.
        entry: usize,
        /// Why it is none.
        source: LeafError,
    },
    /// Something is not what the rest of the log says of it.
    #[error("{place}: {what}")]
    Mismatch {
        /// Which file, and where in it.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// All entries and tiles agree, but not with what was signed.
    #[error(
        "`checkpoint` has another root than the entries and tiles give: they were changed together, or it was swapped"
    )]
    Root,
    /// A file that no log of this size has.
    #[error("`{path}` is no tile or entry bundle: remove it, or find out who put it there")]
    Unexpected {
        /// Inside the folder of the evidence.
        path: String,
    },
}

/// Verifies the log in `evidence` against `key`. With `at_least`, the text of an earlier checkpoint of the same log, the
/// log must also be an extension of that.
///
/// # Errors
/// The first thing that is not as it was signed.
pub fn verify(evidence: &Path, key: &VerifierKey, at_least: Option<&str>) -> Result<Report, VerifyError> {
    let path = evidence.join(checkpoint::FILE);
    let unreadable = |source| VerifyError::Unreadable {
        path: checkpoint::FILE.to_owned(),
        source,
    };
    let note = String::from_utf8(std::fs::read(path).map_err(unreadable)?)
        .map_err(|_| VerifyError::Checkpoint(CheckpointError::Malformed("it is not text")))?;
    let signed = key.open(&note).map_err(VerifyError::Checkpoint)?;
    let earlier = at_least
        .map(|text| key.open(text).map_err(VerifyError::EarlierCheckpoint))
        .transpose()?;
    if let Some(earlier) = earlier.as_ref().filter(|earlier| earlier.size > signed.size) {
        return Err(VerifyError::Shrunk {
            size: signed.size,
            earlier: earlier.size,
        });
    }
    let mut walk = Walk {
        tiles: Tiles::new(evidence),
        signed: &signed,
        earlier: earlier.as_ref(),
        frontier: Frontier::default(),
        sense: Sense::default(),
    };
    walk.check_earlier()?;
    let (bundles, rest) = place(signed.size);
    for index in 0..bundles {
        walk.bundle(index, TILE_WIDTH)?;
    }
    if rest > 0 {
        walk.bundle(bundles, rest)?;
    }
    let Walk {
        tiles,
        frontier,
        sense,
        ..
    } = walk;
    for (tile, hashes) in frontier.partial().filter(|(tile, _)| tile.level > 0) {
        check_tile(&tiles, tile, hashes)?;
    }
    if frontier.root() != signed.root {
        return Err(VerifyError::Root);
    }
    let beyond_checkpoint = files::check_others(evidence, &tiles, signed.size)?;
    let tail = files::tail(evidence, sense.writers())?;
    Ok(Report {
        origin: signed.origin.clone(),
        size: signed.size,
        root: signed.root,
        allowed: sense.allowed,
        denied: sense.denied,
        outcomes: sense.outcomes,
        interrupted: sense.interrupted,
        lifecycles: sense.lifecycles,
        writers: sense.writers().len(),
        unsigned_frames: tail.frames,
        incomplete: tail.incomplete,
        beyond_checkpoint,
        open: sense.open.iter().copied().collect(),
        gaps: sense.gaps,
    })
}

struct Walk<'a> {
    tiles: Tiles,
    signed: &'a Checkpoint,
    earlier: Option<&'a Checkpoint>,
    frontier: Frontier,
    sense: Sense,
}

impl Walk<'_> {
    fn bundle(&mut self, index: u64, width: usize) -> Result<(), VerifyError> {
        let path = bundle_path(index, width);
        let lowest = TileId {
            level: 0,
            index,
            width,
        };
        let entries = self.tiles.entries(index, width)?;
        let hashes = self.tiles.hashes(lowest)?;
        for (number, (entry, expected)) in entries.iter().zip(&hashes).enumerate() {
            let place = || format!("`{path}`, entry {number}");
            let hash = leaf_hash(entry);
            if hash != *expected {
                let what = format!("it does not have the hash that `{}` has for it", lowest.path());
                return Err(VerifyError::Mismatch { place: place(), what });
            }
            let leaf = Leaf::decode(entry).map_err(|source| VerifyError::Leaf {
                path: path.clone(),
                entry: number,
                source,
            })?;
            self.sense
                .add(&leaf)
                .map_err(|what| VerifyError::Mismatch { place: place(), what })?;
            let mut full = Vec::new();
            self.frontier.push(hash, |tile, hashes| {
                if tile.level > 0 {
                    full.push((tile, hashes.to_vec()));
                }
            });
            for (tile, hashes) in full {
                check_tile(&self.tiles, tile, &hashes)?;
            }
            self.check_earlier()?;
        }
        Ok(())
    }

    fn check_earlier(&self) -> Result<(), VerifyError> {
        match self.earlier {
            Some(earlier) if earlier.size == self.frontier.size() && earlier.root != self.frontier.root() => {
                // An equal size with another root than what is signed now is a fork too.
                let equal = earlier.size == self.signed.size && earlier.root == self.signed.root;
                if equal {
                    Err(VerifyError::Root)
                } else {
                    Err(VerifyError::Forked {
                        earlier: earlier.size,
                    })
                }
            }
            _ => Ok(()),
        }
    }
}

/// Compares a tile with the hashes that the entries give for it.
fn check_tile(tiles: &Tiles, tile: TileId, expected: &[Hash]) -> Result<(), VerifyError> {
    let found = tiles.hashes(tile)?;
    match found
        .iter()
        .zip(expected)
        .position(|(found, expected)| found != expected)
    {
        None => Ok(()),
        Some(hash) => Err(VerifyError::Mismatch {
            place: format!("`{}`, hash {hash}", tile.path()),
            what: "it is not the hash of what is below it".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests;
