//! The log as storage has it, refused where its files contradict each other.

use std::io;
use std::path::Path;

use super::state::State;
use super::{Log, RecorderError, STATE_FILE, io_error};
use crate::checkpoint::{self, CheckpointError, LogSigner};
use crate::merkle::proof::Tree;
use crate::merkle::{Frontier, Tiles, leaf_hash, tile};
use crate::storage::Storage;

/// Reads the log from storage and makes sure that state, tiles and checkpoint belong together.
pub(super) fn load(storage: &dyn Storage, evidence: &Path, signer: &LogSigner) -> Result<Log, RecorderError> {
    let checkpoint_path = evidence.join(checkpoint::FILE);
    let note = match std::fs::read(&checkpoint_path) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes);
            Some(text.map_err(|_| CheckpointError::Malformed("it is not text"))?)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(io_error("read", &checkpoint_path)(error)),
    };
    let Some(state) = State::read(evidence, signer.name())? else {
        if note.is_some() || evidence.join(tile::FOLDER).exists() {
            return Err(RecorderError::StateMissing {
                path: evidence.join(STATE_FILE),
            });
        }
        let state = State::begin(signer.name()).map_err(io_error("draw a writer id for", evidence))?;
        state.persist(storage, evidence)?;
        return Ok(Log {
            state,
            frontier: Frontier::default(),
            bundle: Vec::new(),
        });
    };
    let tiles = Tiles::new(evidence);
    let frontier = Frontier::load(state.size, |tile| tiles.hashes(tile))?;
    let contradiction = |what: String| Err(RecorderError::NotAnExtension { what });
    if frontier.root() != state.root {
        return contradiction(format!(
            "the tiles have another root than `{STATE_FILE}` says for size {}",
            state.size
        ));
    }
    let (index, width) = tile::place(state.size);
    let bundle = if width > 0 {
        tiles.entries(index, width)?
    } else {
        Vec::new()
    };
    let hashes: Vec<_> = bundle.iter().map(|leaf| leaf_hash(leaf)).collect();
    let edge = frontier
        .partial()
        .find(|(tile, _)| tile.level == 0)
        .map_or(&[][..], |(_, hashes)| hashes);
    if hashes != edge {
        return contradiction(format!(
            "`{}` differs from the tile beside it",
            tile::bundle_path(index, width)
        ));
    }
    if let Some(note) = note {
        let signed = signer.verifier().open(&note)?;
        if signed.size > state.size {
            let what = format!(
                "the checkpoint has size {}, and `{STATE_FILE}` only {}",
                signed.size, state.size
            );
            return contradiction(what);
        }
        if Tree::new(tiles, state.size).root_at(signed.size)? != signed.root {
            return contradiction(format!(
                "the tiles have another root than the checkpoint at size {}",
                signed.size
            ));
        }
    }
    Ok(Log {
        state,
        frontier,
        bundle,
    })
}
