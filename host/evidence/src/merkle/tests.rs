#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

use proptest::prelude::*;

use super::proof::{Tree, verify_consistency, verify_inclusion};
use super::*;

/// Another hand's tree over the same leaves.
struct Oracle(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Oracle {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

fn leaf(number: u64) -> Vec<u8> {
    number.to_be_bytes().repeat((number % 5) as usize)
}

fn oracle(size: u64) -> Oracle {
    let mut oracle = Oracle(Vec::new());
    for number in 0..size {
        let hashes = tlog_tiles::stored_hashes(number, &leaf(number), &oracle).unwrap();
        oracle.0.extend(hashes);
    }
    oracle
}

/// Our tree of `size` leaves, its tiles written out.
fn ours(size: u64) -> (tempfile::TempDir, Frontier) {
    let folder = tempfile::tempdir().unwrap();
    let write = |tile: TileId, hashes: &[Hash]| {
        let path = folder.path().join(tile.path());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, hashes.concat()).unwrap();
    };
    let mut frontier = Frontier::default();
    for number in 0..size {
        frontier.push(leaf_hash(&leaf(number)), write);
    }
    frontier.partial().for_each(|(tile, hashes)| write(tile, hashes));
    (folder, frontier)
}

#[test]
fn the_hashes_are_those_of_rfc_6962() {
    assert_eq!(
        hex::encode(empty_root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        hex::encode(leaf_hash(b"")),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
}

#[test]
fn paths_are_those_of_tlog_tiles() {
    let tile = |level, index, width| TileId { level, index, width };
    assert_eq!(tile(0, 1_234_067, 256).path(), "tile/0/x001/x234/067");
    assert_eq!(tile(1, 0, 8).path(), "tile/1/000.p/8");
    assert_eq!(tile::bundle_path(273, 17), "tile/entries/273.p/17");
    for path in ["tile/0/x001/x234/067", "tile/1/000.p/8", "tile/entries/273.p/17"] {
        assert!(tile::parse_path(path).is_some(), "{path}");
    }
    for path in [
        "tile/0/1",
        "tile/00/000",
        "tile/9/000",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/x000/001",
        "x",
    ] {
        assert_eq!(tile::parse_path(path), None, "{path}");
    }
}

#[test]
fn a_frontier_is_found_again_in_its_tiles() {
    for size in [0, 1, 255, 256, 257, 65_536, 65_537 + 256] {
        let (folder, frontier) = ours(size);
        let tiles = Tiles::new(folder.path());
        assert_eq!(
            Frontier::load(size, |tile| tiles.hashes(tile)).unwrap().root(),
            frontier.root(),
            "{size}"
        );
        assert_eq!(Tree::new(tiles, size).root().unwrap(), frontier.root(), "{size}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn roots_and_proofs_are_those_of_another_implementation(size in 1..1500_u64, a in 0..1500_u64, b in 0..=1500_u64) {
        let (index, earlier) = (a % size, b % (size + 1));
        let oracle = oracle(size);
        let (folder, frontier) = ours(size);
        let mut tree = Tree::new(Tiles::new(folder.path()), size);
        let root = frontier.root();
        prop_assert_eq!(root, tlog_tiles::tree_hash(size, &oracle).unwrap().0);
        prop_assert_eq!(root, tree.root().unwrap());

        let proof = tree.inclusion(index).unwrap();
        let theirs = tlog_tiles::prove_record(size, index, &oracle).unwrap();
        prop_assert_eq!(&proof, &theirs.iter().map(|hash| hash.0).collect::<Vec<_>>());
        let hash = leaf_hash(&leaf(index));
        prop_assert!(verify_inclusion(index, hash, size, root, &proof));
        prop_assert!(!verify_inclusion((index + 1) % (size + 1), hash, size, root, &proof) || size == 1 && index == 0);
        prop_assert!(!verify_inclusion(index, leaf_hash(b"another"), size, root, &proof));
        let mut longer = proof.clone();
        longer.push(root);
        prop_assert!(!verify_inclusion(index, hash, size, root, &longer));

        let earlier_root = tree.root_at(earlier).unwrap();
        let proof = tree.consistency(earlier).unwrap();
        if earlier > 0 {
            prop_assert_eq!(earlier_root, tlog_tiles::tree_hash(earlier, &oracle).unwrap().0);
            let theirs = tlog_tiles::prove_tree(size, earlier, &oracle).unwrap();
            prop_assert_eq!(&proof, &theirs.iter().map(|hash| hash.0).collect::<Vec<_>>());
        }
        prop_assert!(verify_consistency(earlier, earlier_root, size, root, &proof));
        prop_assert!(!verify_consistency(earlier, leaf_hash(b"x"), size, root, &proof));
        prop_assert!(earlier == 0 || !verify_consistency(earlier, earlier_root, size, leaf_hash(b"x"), &proof));
        if !proof.is_empty() {
            prop_assert!(!verify_consistency(earlier, earlier_root, size, root, &proof[1..]));
        }
    }
}
