//! Inclusion and consistency proofs (RFC 6962 sections 2.1.1 and 2.1.2), out of tiles; and their verification, which
//! needs no log (RFC 9162 sections 2.1.3.2 and 2.1.4.2).

use std::collections::BTreeMap;

use super::tile::{TILE_WIDTH, TileError, TileId, Tiles};
use super::{Hash, empty_root, fold, node_hash, split_point};

/// A tree of a certain size, read from tiles. Tiles are read once.
pub struct Tree {
    tiles: Tiles,
    size: u64,
    cache: BTreeMap<(u8, u64), Vec<Hash>>,
}

/// What cannot be proven.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// There is no such leaf or earlier size.
    #[error("{asked} is beyond the tree's size {size}")]
    OutOfRange {
        /// The index or size that was asked for.
        asked: u64,
        /// The tree's size.
        size: u64,
    },
    /// The tiles do not hold what it takes.
    #[error(transparent)]
    Tile(#[from] TileError),
}

impl Tree {
    /// The tree of `size` leaves in these tiles.
    pub fn new(tiles: Tiles, size: u64) -> Self {
        Self {
            tiles,
            size,
            cache: BTreeMap::new(),
        }
    }

    /// The root.
    ///
    /// # Errors
    /// The tiles do not hold what it takes.
    pub fn root(&mut self) -> Result<Hash, TileError> {
        self.root_at(self.size)
    }

    /// The root when the tree had `size` leaves.
    ///
    /// # Errors
    /// The tiles do not hold what it takes.
    pub fn root_at(&mut self, size: u64) -> Result<Hash, TileError> {
        if size == 0 {
            Ok(empty_root())
        } else {
            self.range(0, size)
        }
    }

    /// The proof that the leaf `index` is in the tree: the hashes beside its path, lowest first.
    ///
    /// # Errors
    /// There is no such leaf, or the tiles do not hold what it takes.
    pub fn inclusion(&mut self, index: u64) -> Result<Vec<Hash>, ProveError> {
        if index >= self.size {
            return Err(ProveError::OutOfRange {
                asked: index,
                size: self.size,
            });
        }
        let mut proof = Vec::new();
        let (mut low, mut high) = (0_u64, self.size);
        while high.saturating_sub(low) > 1 {
            let middle = low.saturating_add(split_point(high.saturating_sub(low)));
            if index < middle {
                proof.push(self.range(middle, high)?);
                high = middle;
            } else {
                proof.push(self.range(low, middle)?);
                low = middle;
            }
        }
        proof.reverse();
        Ok(proof)
    }

    /// The proof that the tree of `earlier` leaves is the beginning of this one.
    ///
    /// # Errors
    /// `earlier` is larger than the tree, or the tiles do not hold what it takes.
    pub fn consistency(&mut self, earlier: u64) -> Result<Vec<Hash>, ProveError> {
        if earlier > self.size {
            return Err(ProveError::OutOfRange {
                asked: earlier,
                size: self.size,
            });
        }
        if earlier == 0 || earlier == self.size {
            return Ok(Vec::new());
        }
        let mut proof = Vec::new();
        let (mut low, mut high) = (0_u64, self.size);
        while high != earlier {
            let middle = low.saturating_add(split_point(high.saturating_sub(low)));
            if earlier <= middle {
                proof.push(self.range(middle, high)?);
                high = middle;
            } else {
                proof.push(self.range(low, middle)?);
                low = middle;
            }
        }
        // The verifier knows the root of the earlier tree when that is one whole subtree.
        if low > 0 {
            proof.push(self.range(low, high)?);
        }
        proof.reverse();
        Ok(proof)
    }

    /// The hash over the leaves from `low` to below `high`, a range that some subtree of the tree has.
    fn range(&mut self, low: u64, high: u64) -> Result<Hash, TileError> {
        let count = high.saturating_sub(low);
        if count.is_power_of_two() {
            let height = count.ilog2();
            return self.node(height, low.checked_shr(height).unwrap_or(0));
        }
        let middle = low.saturating_add(split_point(count));
        Ok(node_hash(&self.range(low, middle)?, &self.range(middle, high)?))
    }

    /// The hash of the whole subtree `index` of `height`.
    fn node(&mut self, height: u32, index: u64) -> Result<Hash, TileError> {
        let level = u8::try_from(height >> 3).unwrap_or(u8::MAX);
        let spread = height & 7;
        let first = index.checked_shl(spread).unwrap_or(u64::MAX);
        let (tile, begin) = super::tile::place(first);
        let in_tile = begin..begin.saturating_add(1_usize.wrapping_shl(spread));
        if !self.cache.contains_key(&(level, tile)) {
            let hashes = TileId::hashes_at(level, self.size);
            let before = tile.saturating_mul(u64::try_from(TILE_WIDTH).unwrap_or(u64::MAX));
            let width = usize::try_from(hashes.saturating_sub(before))
                .unwrap_or(TILE_WIDTH)
                .min(TILE_WIDTH);
            let id = TileId {
                level,
                index: tile,
                width,
            };
            self.cache.insert((level, tile), self.tiles.hashes(id)?);
        }
        let found = self
            .cache
            .get(&(level, tile))
            .and_then(|hashes| fold(hashes.get(in_tile)?));
        found.ok_or_else(|| TileError::Malformed {
            path: TileId {
                level,
                index: tile,
                width: TILE_WIDTH,
            }
            .path(),
            at: String::new(),
            what: "hashes are missing",
        })
    }
}

/// Whether `proof` shows that a leaf with hash `leaf` stands at `index` in the tree of `size` leaves with this root.
pub fn verify_inclusion(index: u64, leaf: Hash, size: u64, root: Hash, proof: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut place, mut last) = (index, size.saturating_sub(1));
    let mut hash = leaf;
    for beside in proof {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            hash = node_hash(beside, &hash);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, beside);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// Whether `proof` shows that the tree of `earlier` leaves and its root is the beginning of the tree of `size` leaves and
/// its root.
pub fn verify_consistency(earlier: u64, earlier_root: Hash, size: u64, root: Hash, proof: &[Hash]) -> bool {
    if earlier == size {
        return proof.is_empty() && earlier_root == root;
    }
    if earlier > size {
        return false;
    }
    if earlier == 0 {
        return proof.is_empty() && earlier_root == empty_root();
    }
    let (first, rest) = if earlier.is_power_of_two() {
        (earlier_root, proof)
    } else {
        match proof.split_first() {
            Some((first, rest)) => (*first, rest),
            None => return false,
        }
    };
    let (mut place, mut last) = (earlier.saturating_sub(1), size.saturating_sub(1));
    while place & 1 == 1 {
        place >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (first, first);
    for beside in rest {
        if last == 0 {
            return false;
        }
        if place & 1 == 1 || place == last {
            old = node_hash(beside, &old);
            new = node_hash(beside, &new);
            while place & 1 == 0 && place != 0 {
                place >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, beside);
        }
        place >>= 1;
        last >>= 1;
    }
    last == 0 && old == earlier_root && new == root
}
