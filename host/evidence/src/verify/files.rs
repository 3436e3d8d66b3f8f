//! The files beside those that the signed tree is made of.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::VerifyError;
use crate::leaf::WriterId;
use crate::merkle::tile::{self, Kind, TILE_WIDTH};
use crate::merkle::{TileError, TileId, Tiles};
use crate::segment::{self, HEADER_BYTES, Next, SEGMENT_MAGIC};

/// What segments hold that is not under the checkpoint.
#[derive(Default)]
pub(super) struct Tail {
    pub(super) frames: u64,
    pub(super) incomplete: Vec<(String, u64)>,
}

/// Looks at every file below `tile/`: each must be a tile or bundle, and as far as it overlaps the signed tree it must
/// agree with that. Gives how many lie beyond.
pub(super) fn check_others(evidence: &Path, tiles: &Tiles, size: u64) -> Result<u64, VerifyError> {
    let mut beyond = 0_u64;
    let mut folders = vec![tile::FOLDER.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |source| VerifyError::Unreadable {
            path: folder.clone(),
            source,
        };
        let entries = match std::fs::read_dir(evidence.join(&folder)) {
            // An empty log has none, and a recorder at work may just have removed this one.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(unreadable)?,
        };
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let path = format!("{folder}/{}", name.to_string_lossy());
            if entry.file_type().map_err(unreadable)?.is_dir() {
                folders.push(path);
            } else if name.to_string_lossy().starts_with(".new-") || check_other(tiles, &path, size)? {
                beyond = beyond.saturating_add(1);
            }
        }
    }
    Ok(beyond)
}

/// Checks one file, and gives whether it belongs to no tree under the checkpoint.
fn check_other(tiles: &Tiles, path: &str, size: u64) -> Result<bool, VerifyError> {
    let Some((kind, index, width)) = tile::parse_path(path) else {
        return Err(VerifyError::Unexpected {
            path: path.to_owned(),
        });
    };
    let total = match kind {
        Kind::Entries => size,
        Kind::Hashes(level) => TileId::hashes_at(level, size),
    };
    let signed = match index.checked_mul(256).and_then(|first| total.checked_sub(first)) {
        None | Some(0) => return Ok(true),
        Some(rest) => usize::try_from(rest).unwrap_or(TILE_WIDTH).min(TILE_WIDTH),
    };
    if width == signed {
        // The walk has read this one.
        return Ok(false);
    }
    let bytes = match tiles.file(path) {
        // A recorder at work has removed it since; what the signed tree needs was there when the walk came by.
        Err(TileError::Missing { .. }) => return Ok(false),
        bytes => bytes?,
    };
    let agrees = match kind {
        Kind::Hashes(level) => {
            let truth = tiles.hashes(TileId {
                level,
                index,
                width: signed,
            })?;
            let found = tile::split_hashes(path, &bytes, width)?;
            found.iter().zip(&truth).all(|(found, truth)| found == truth)
        }
        Kind::Entries => {
            let truth = tiles.entries(index, signed)?;
            let found = tile::split_entries(path, &bytes, width)?;
            found.iter().zip(&truth).all(|(found, truth)| found == truth)
        }
    };
    if !agrees {
        let what = "it does not agree with the tree that is signed".to_owned();
        return Err(VerifyError::Mismatch {
            place: format!("`{path}`"),
            what,
        });
    }
    Ok(width > signed)
}

/// What segments hold beyond the next sequence that the log has of their writers.
pub(super) fn tail(evidence: &Path, writers: &BTreeMap<WriterId, u64>) -> Result<Tail, VerifyError> {
    let unreadable = |path: &str| {
        let path = path.to_owned();
        move |source| VerifyError::Unreadable { path, source }
    };
    let mut tail = Tail::default();
    let folder = evidence.join(segment::FOLDER);
    for id in segment::list(&folder).map_err(unreadable(segment::FOLDER))? {
        let path = format!("{}/{}", segment::FOLDER, id.file_name());
        let bytes = match std::fs::read(evidence.join(&path)) {
            // The recorder has removed it in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes.map_err(unreadable(&path))?,
        };
        let next = writers.get(&id.writer).copied().unwrap_or(0);
        let header = if segment::has_header(SEGMENT_MAGIC, id, &bytes) {
            HEADER_BYTES
        } else {
            0
        };
        let mut rest = bytes.get(header..).filter(|_| header > 0).unwrap_or_default();
        let mut lost = if header > 0 { 0 } else { bytes.len() };
        loop {
            match segment::next_frame(rest) {
                Next::Frame(frame) => {
                    if frame.sequence >= next {
                        tail.frames = tail.frames.saturating_add(1);
                    }
                    rest = rest.get(frame.size()..).unwrap_or_default();
                }
                Next::End => break,
                Next::Incomplete => {
                    lost = rest.len();
                    break;
                }
            }
        }
        if lost > 0 {
            tail.incomplete
                .push((path, u64::try_from(lost).unwrap_or(u64::MAX)));
        }
    }
    Ok(tail)
}
