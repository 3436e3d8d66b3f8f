//! Whatever happens to the bytes of a layout, a reader gets the right ones or none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use aecp_oci::{Digest, Envelope, Error, Layout, Limits, PulledBundle, Store, media};
use common::{bundle_files, tag};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

struct Filled {
    folder: tempfile::TempDir,
    layout: Layout,
    component: Digest,
    /// What an undamaged layout gives.
    bundle: PulledBundle,
    envelopes: Vec<Envelope>,
}

fn filled() -> Filled {
    let (folder, layout) = common::layout();
    layout
        .push_bundle(&tag("eu"), &bundle_files(1), Some(b"fresh"))
        .unwrap();
    let component = layout
        .push_component(b"\0asm", &common::info(), Default::default())
        .unwrap()
        .digest;
    layout.attach(&component, media::IN_TOTO, b"signature").unwrap();
    let bundle = layout.pull_bundle(&tag("eu"), &Limits::default()).unwrap();
    let envelopes = layout
        .envelopes(&component, media::IN_TOTO, &Limits::default())
        .unwrap();
    Filled {
        folder,
        layout,
        component,
        bundle,
        envelopes,
    }
}

/// The bundle, the signatures of the component, and the component.
type Seen = (
    Result<PulledBundle, Error>,
    Result<Vec<Envelope>, Error>,
    Result<Vec<u8>, Error>,
);

impl Filled {
    fn files(&self) -> Vec<PathBuf> {
        let blobs = self.folder.path().join("blobs/sha256");
        let mut files: Vec<_> = blobs
            .read_dir()
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files.push(self.folder.path().join("index.json"));
        files.push(self.folder.path().join("oci-layout"));
        files
    }

    fn read(&self) -> Seen {
        let limits = Limits::default();
        (
            self.layout.pull_bundle(&tag("eu"), &limits),
            self.layout.envelopes(&self.component, media::IN_TOTO, &limits),
            self.layout
                .pull_component(&self.component.into(), 1_000)
                .map(|pulled| pulled.bytes),
        )
    }

    /// The right bytes or an error; says whether anything was an error.
    fn check(&self, damaged: &Path) -> Result<bool, TestCaseError> {
        let (bundle, envelopes, component) = self.read();
        let refused = bundle.is_err() || envelopes.is_err() || component.is_err();
        if let Ok(bundle) = bundle {
            prop_assert_eq!(&bundle.files, &self.bundle.files);
            prop_assert_eq!(bundle.manifest, self.bundle.manifest);
            // The index is not bound by a digest: it can lose an entry, never change one's content.
            prop_assert!(bundle.freshness.is_none() || bundle.freshness == self.bundle.freshness);
        }
        if let Ok(envelopes) = envelopes {
            prop_assert_eq!(&envelopes, &self.envelopes);
        }
        if let Ok(component) = component {
            prop_assert_eq!(component, b"\0asm".to_vec());
        }
        let blob = damaged.parent().is_some_and(|folder| folder.ends_with("sha256"));
        prop_assert!(
            refused || !blob || !self.is_read(damaged),
            "{} was not noticed",
            damaged.display()
        );
        Ok(refused)
    }

    /// The configurations are the only blobs that none of the reads looks at.
    fn is_read(&self, blob: &Path) -> bool {
        let empty = Digest::of(media::EMPTY_BYTES).hex();
        let descriptor = self.layout.resolve(&self.component.into());
        let config = descriptor
            .and_then(|found| self.layout.manifest(&found, 10_000))
            .map(|found| found.config);
        !blob.ends_with(&empty) && config.is_ok_and(|config| !blob.ends_with(config.digest.hex()))
    }
}

/// Damages one file of a filled layout at one place, looks, and mends it again; 400 times.
fn damaged(
    damage: impl Fn(Vec<u8>, usize, u32) -> Vec<u8>,
    look: impl Fn(&Filled, &Path) -> Result<(), TestCaseError>,
) {
    let filled = filled();
    let files = filled.files();
    let anything = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        0..8_u32,
    );
    let mut runner = TestRunner::new(ProptestConfig::with_cases(400));
    let outcome = runner.run(&anything, |(file, at, bit)| {
        let path = file.get(&files);
        let bytes = fs::read(path).unwrap();
        fs::write(path, damage(bytes.clone(), at.index(bytes.len()), bit)).unwrap();
        let looked = look(&filled, path);
        fs::write(path, bytes).unwrap();
        looked
    });
    outcome.unwrap();
}

#[test]
fn a_flipped_bit_is_always_noticed() {
    let flip = |mut bytes: Vec<u8>, at: usize, bit: u32| {
        bytes[at] ^= 1 << bit;
        bytes
    };
    damaged(flip, |filled, path| filled.check(path).map(drop));
}

#[test]
fn a_cut_off_file_is_always_noticed() {
    let cut = |mut bytes: Vec<u8>, at: usize, _| {
        bytes.truncate(at);
        bytes
    };
    damaged(cut, |filled, path| {
        let refused = filled.check(path)?;
        prop_assert!(refused || !path.ends_with("index.json"));
        Ok(())
    });
}

#[test]
fn every_single_file_is_missed_when_it_is_gone() {
    for number in 0..filled().files().len() {
        let filled = filled();
        let path = &filled.files()[number];
        let bytes = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        let (bundle, envelopes, component) = filled.read();
        let noticed = [bundle.is_err(), envelopes.is_err(), component.is_err()].contains(&true)
            || Layout::open(filled.folder.path()).is_err();
        fs::write(path, bytes).unwrap();
        assert!(noticed || !filled.is_read(path), "{}", path.display());
    }
}
