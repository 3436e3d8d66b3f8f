//! RFC 6962 hashing, tiles, inclusion and consistency proofs.
//!
//! - [`Frontier`]: the right edge of a growing tree; gives each tile as it fills, and the root.
//! - [`tile`]: where tiles and entry bundles are, and how they are read (C2SP tlog-tiles, height 8).
//! - [`proof`]: proofs out of tiles, and their verification without the log.

mod frontier;
pub mod proof;
pub mod tile;

use sha2::{Digest, Sha256};

pub use frontier::Frontier;
pub use tile::{TileError, TileId, Tiles};

/// A SHA-256 hash of the tree.
pub type Hash = [u8; 32];

/// The hash of a leaf: SHA-256 over 0x00 and its bytes.
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

/// The hash of a node: SHA-256 over 0x01 and the hashes below it.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([1])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The hash of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The largest power of two below `count`, which is where a tree of `count` leaves divides; 0 for fewer than two.
fn split_point(count: u64) -> u64 {
    match count {
        0 | 1 => 0,
        _ => 1_u64.wrapping_shl(count.saturating_sub(1).ilog2()),
    }
}

/// The root over hashes of equally high subtrees, the last of which may be lower; none over none.
fn fold(hashes: &[Hash]) -> Option<Hash> {
    match hashes {
        [] => None,
        [only] => Some(*only),
        _ => {
            let middle = split_point(u64::try_from(hashes.len()).unwrap_or(u64::MAX));
            let (left, right) = hashes.split_at_checked(usize::try_from(middle).ok()?)?;
            Some(node_hash(&fold(left)?, &fold(right)?))
        }
    }
}

#[cfg(test)]
mod tests;
