//! The right edge of a growing tree.

use super::tile::{TILE_WIDTH, TileId};
use super::{Hash, empty_root, fold};

/// All that a tree needs to remember to grow: per level, the hashes of the tile that is not full yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    levels: Vec<Vec<Hash>>,
    size: u64,
}

impl Frontier {
    /// The frontier of a tree of `size` leaves, from its tiles that are not full: `partial` gives the hashes of one.
    ///
    /// # Errors
    /// Those of `partial`.
    pub fn load<E>(size: u64, mut partial: impl FnMut(TileId) -> Result<Vec<Hash>, E>) -> Result<Self, E> {
        let mut levels = Vec::new();
        for tile in TileId::right_edge(size) {
            levels.push(match tile {
                Some(tile) => partial(tile)?,
                None => Vec::new(),
            });
        }
        Ok(Self { levels, size })
    }

    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash. `full` is called with each tile that this fills, lowest level first.
    pub fn push(&mut self, leaf: Hash, mut full: impl FnMut(TileId, &[Hash])) {
        self.size = self.size.saturating_add(1);
        let mut carried = leaf;
        for level in 0_u8.. {
            let depth = usize::from(level);
            if self.levels.len() <= depth {
                self.levels.push(Vec::with_capacity(TILE_WIDTH));
            }
            let Some(tile) = self.levels.get_mut(depth) else {
                return;
            };
            tile.push(carried);
            if tile.len() < TILE_WIDTH {
                return;
            }
            let Some(root) = fold(tile) else { return };
            let index = TileId::hashes_at(level.saturating_add(1), self.size).saturating_sub(1);
            full(
                TileId {
                    level,
                    index,
                    width: TILE_WIDTH,
                },
                tile,
            );
            tile.clear();
            carried = root;
        }
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut carried: Option<Hash> = None;
        for level in &self.levels {
            let mut hashes = level.clone();
            hashes.extend(carried);
            carried = fold(&hashes);
        }
        carried.unwrap_or_else(empty_root)
    }

    /// The tiles that are not full and not empty, lowest level first.
    pub fn partial(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        TileId::right_edge(self.size)
            .zip(&self.levels)
            .filter_map(|(tile, hashes)| Some((tile?, hashes.as_slice())))
    }
}
