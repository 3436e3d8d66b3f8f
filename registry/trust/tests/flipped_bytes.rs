//! One changed byte anywhere: refused, or nothing that matters has changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]
// What it shares with the other tests is more than it needs.
#![allow(dead_code)]

mod common;

use std::path::PathBuf;
use std::sync::LazyLock;

use aecp_trust::handover::Limits;
use aecp_trust::review::Verdict;
use aecp_trust::{Delivery, Role, TrustRoot, VerifiedBundle, verify};
use common::*;
use proptest::prelude::*;

/// A delivered folder, its files, and what is verified from it.
struct Delivered {
    scene: Scene,
    folder: tempfile::TempDir,
    files: Vec<(PathBuf, Vec<u8>)>,
    verified: VerifiedBundle,
}

static DELIVERED: LazyLock<std::sync::Mutex<Delivered>> = LazyLock::new(|| {
    let approval = |number: u8, name| review(70 + number, name, Verdict::Approve, number);
    let scene = Scene {
        root: root_with_reviewers(2, &[70, 71]),
        reviews: [
            ((policy(), 0), approval(0, "alice")),
            ((policy(), 1), approval(1, "bob")),
        ]
        .into(),
        ..Scene::new()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("delivery");
    scene.delivery().write(&path).unwrap();
    let mut files = Vec::new();
    let parts = ["attestations", "reviews", "blobs"].map(|name| path.join(name));
    for part in [path.clone()].into_iter().chain(parts) {
        for entry in std::fs::read_dir(part).unwrap() {
            let file = entry.unwrap().path();
            if file.is_file() {
                let bytes = std::fs::read(&file).unwrap();
                files.push((file, bytes));
            }
        }
    }
    files.sort();
    let verified = scene.verify().unwrap();
    std::sync::Mutex::new(Delivered {
        scene,
        folder,
        files,
        verified,
    })
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_flipped_byte_in_a_delivered_folder(
        file in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        flip in 1..=255u8,
    ) {
        let delivered = DELIVERED.lock().unwrap();
        let (path, good) = file.get(&delivered.files);
        let mut bad = good.clone();
        let place = place.index(bad.len());
        bad[place] ^= flip;
        std::fs::write(path, &bad).unwrap();
        let read = Delivery::read(&delivered.folder.path().join("delivery"), &Limits::default());
        std::fs::write(path, good).unwrap();
        let result = verify(&read.unwrap(), &delivered.scene.root, &delivered.scene.expectations);
        if let Ok(verified) = result {
            prop_assert_eq!(&verified, &delivered.verified, "{:?} at {}", path, place);
        }
    }
}

#[test]
fn a_flipped_bit_at_every_place_of_a_trust_root() {
    let root = root_with_reviewers(2, &[70, 71, 72]);
    let now = time("2030-01-01T00:00:00Z");
    let mut refusals = 0;
    for place in 0..root.as_bytes().len() {
        let mut bad = root.as_bytes().to_vec();
        // Every bit has its turn, and so does the one that changes the case of a letter.
        bad[place] ^= 1 << (place % 8);
        let Ok(read) = TrustRoot::parse(&bad, now) else {
            refusals += 1;
            continue;
        };
        assert_eq!(read.version(), root.version());
        assert_eq!(read.expires(), root.expires());
        assert_eq!(read.freshness_period(), root.freshness_period());
        for role in Role::ALL.into_iter().chain([Role::Reviewers]) {
            assert_eq!(read.quorum(role), root.quorum(role), "byte {place}");
        }
    }
    assert!(refusals > root.as_bytes().len() / 2);
}
