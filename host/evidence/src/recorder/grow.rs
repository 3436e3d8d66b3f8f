//! Entry bundles and tiles of the grown tree, on stable storage before anything speaks of them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Log, RecorderError, io_error};
use crate::merkle::{leaf_hash, tile};
use crate::storage::Storage;

/// The paths of the log's tiles and bundle that are not full.
pub(super) fn partial_paths(log: &Log) -> impl Iterator<Item = String> {
    let (index, width) = tile::place(log.frontier.size());
    let bundle = (width > 0).then(|| tile::bundle_path(index, width));
    let tiles: Vec<_> = log.frontier.partial().map(|(tile, _)| tile.path()).collect();
    tiles.into_iter().chain(bundle)
}

/// The folders in which partial tiles and bundles of the last checkpoints can be: those at the right edge, and their
/// neighbours to the left, for a checkpoint may have ended there.
pub(super) fn edge_folders(log: &Log) -> BTreeSet<String> {
    let size = log.frontier.size();
    let mut folders = BTreeSet::new();
    let mut add = |path: &str| {
        folders.extend(path.rsplit_once('/').map(|(folder, _)| folder.to_owned()));
    };
    for level in 0..8_u8 {
        let (last, _) = tile::place(tile::TileId::hashes_at(level, size));
        for index in [last, last.saturating_sub(tile::FOLDER_WIDTH)] {
            let width = tile::TILE_WIDTH;
            add(&tile::TileId { level, index, width }.path());
            if level == 0 {
                add(&tile::bundle_path(index, width));
            }
        }
    }
    folders
}

/// The log with `leaves` added, all files of it written and synced. The state is still the old one.
pub(super) fn grow(
    storage: &dyn Storage,
    evidence: &Path,
    log: &Log,
    leaves: &[Vec<u8>],
) -> Result<Log, RecorderError> {
    let mut frontier = log.frontier.clone();
    let mut bundle = log.bundle.clone();
    let mut files = Files {
        storage,
        evidence,
        folders: BTreeSet::new(),
        waiting: Vec::new(),
    };
    for leaf in leaves {
        bundle.push(leaf.clone());
        let mut full = Vec::new();
        frontier.push(leaf_hash(leaf), |tile, hashes| full.push((tile, hashes.concat())));
        if bundle.len() == tile::TILE_WIDTH {
            let (next, _) = tile::place(frontier.size());
            files.write(
                &tile::bundle_path(next.saturating_sub(1), tile::TILE_WIDTH),
                &bundle_bytes(&bundle),
            )?;
            bundle.clear();
        }
        for (tile, hashes) in full {
            files.write(&tile.path(), &hashes)?;
        }
    }
    let (index, width) = tile::place(frontier.size());
    if width > 0 {
        files.write(&tile::bundle_path(index, width), &bundle_bytes(&bundle))?;
    }
    for (tile, hashes) in frontier.partial() {
        files.write(&tile.path(), &hashes.concat())?;
    }
    files.finish()?;
    Ok(Log {
        state: log.state.clone(),
        frontier,
        bundle,
    })
}

fn bundle_bytes(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        // Leaves were decoded, and so are at most 65,535 bytes.
        tile::push_entry(&mut bytes, entry);
    }
    bytes
}

/// Most files that are synced at a time.
const SYNC_THREADS: usize = 16;

/// Files on their way: all are written, then all are synced, then all get their names. Storage does that in far fewer
/// steps than one file after the other.
struct Files<'a> {
    storage: &'a dyn Storage,
    evidence: &'a Path,
    folders: BTreeSet<PathBuf>,
    waiting: Vec<(PathBuf, PathBuf)>,
}

impl Files<'_> {
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), RecorderError> {
        let path = self.evidence.join(path);
        let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
        else {
            return Err(io_error("write", &path)(std::io::Error::other(
                "a path without a folder",
            )));
        };
        if !self.folders.contains(folder) {
            self.storage
                .create_folder(folder)
                .map_err(io_error("make", folder))?;
        }
        let temporary = folder.join(format!(".new-{name}"));
        self.storage
            .write(&temporary, bytes)
            .map_err(io_error("write", &temporary))?;
        // A new folder's name stands in the one above it, up to the folder of the evidence.
        let above = folder
            .ancestors()
            .take_while(|above| above.starts_with(self.evidence));
        self.folders.extend(above.map(Path::to_owned));
        self.waiting.push((temporary, path));
        Ok(())
    }

    fn finish(&self) -> Result<(), RecorderError> {
        self.sync_waiting()?;
        for (temporary, path) in &self.waiting {
            self.storage
                .rename(temporary, path)
                .map_err(io_error("rename", path))?;
        }
        for folder in &self.folders {
            self.storage
                .sync_folder(folder)
                .map_err(io_error("sync", folder))?;
        }
        Ok(())
    }

    /// Syncs several files at a time: file systems answer many with one commit of their own journal.
    fn sync_waiting(&self) -> Result<(), RecorderError> {
        let share = self.waiting.len().div_ceil(SYNC_THREADS).max(1);
        let sync = |files: &[(PathBuf, PathBuf)]| -> Result<(), RecorderError> {
            for (temporary, _) in files {
                self.storage
                    .sync(temporary)
                    .map_err(io_error("sync", temporary))?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let begin = |files| scope.spawn(move || sync(files));
            let threads: Vec<_> = self.waiting.chunks(share).map(begin).collect();
            for (thread, (temporary, _)) in threads.into_iter().zip(&self.waiting) {
                let panicked = |_| io_error("sync", temporary)(std::io::Error::other("a thread panicked"));
                thread.join().map_err(panicked)??;
            }
            Ok(())
        })
    }
}
