//! The real skopeo reads what this crate writes, and the other way round.
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
use std::process::Command;

use aecp_oci::testing::{run, tool};
use aecp_oci::{Digest, Layout, Limits, Store, media};
use common::{bundle_files, info, layout, tag};

fn skopeo() -> Command {
    Command::new(tool("skopeo"))
}

fn reference(layout: &Layout, name: &str) -> String {
    format!("oci:{}:{name}", layout.path().display())
}

#[test]
fn skopeo_reads_a_component() {
    let (_folder, layout) = layout();
    let component = layout
        .push_component(b"\0asm component", &info(), Default::default())
        .unwrap();
    layout.tag(&tag("eu"), &component.digest).unwrap();
    layout
        .attach(&component.digest, media::IN_TOTO, b"signature")
        .unwrap();
    let raw = run(skopeo().args(["inspect", "--raw", &reference(&layout, "eu")])).stdout;
    assert_eq!(Digest::of(&raw), component.digest);
    let out = tempfile::tempdir().unwrap();
    run(skopeo()
        .args(["copy", "--insecure-policy", &reference(&layout, "eu")])
        .arg(format!("dir:{}", out.path().display())));
    assert_eq!(fs::read(out.path().join("manifest.json")).unwrap(), raw);
    assert_eq!(
        fs::read(out.path().join(Digest::of(b"\0asm component").hex())).unwrap(),
        b"\0asm component"
    );
}

#[test]
fn a_bundle_survives_being_copied_by_skopeo_to_another_layout() {
    let (_folder, layout) = layout();
    layout
        .push_bundle(&tag("eu"), &bundle_files(1), Some(b"fresh"))
        .unwrap();
    let (_elsewhere, mirror) = common::layout();
    for name in ["eu", "eu.freshness"] {
        let (from, to) = (reference(&layout, name), reference(&mirror, name));
        run(skopeo().args(["copy", "--insecure-policy", "--preserve-digests", &from, &to]));
    }
    let limits = Limits::default();
    assert_eq!(
        mirror.pull_bundle(&tag("eu"), &limits).unwrap(),
        layout.pull_bundle(&tag("eu"), &limits).unwrap()
    );
    // What skopeo wrote into the index is kept when we write beside it.
    mirror.push_bundle(&tag("us"), &bundle_files(2), None).unwrap();
    assert!(mirror.pull_bundle(&tag("eu"), &limits).is_ok());
    run(skopeo().args(["inspect", "--raw", &reference(&mirror, "us")]));
}
