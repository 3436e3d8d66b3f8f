//! What several tests of this crate need.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

pub mod faulty;

use aecp_oci::{ComponentInfo, Digest, Layout, NamedBlob, Tag};

/// An empty layout in a folder that goes away with the first member.
pub fn layout() -> (tempfile::TempDir, Layout) {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    (folder, layout)
}

pub fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

pub fn info() -> ComponentInfo {
    ComponentInfo {
        exports: vec!["aecp:policy/evaluator@0.1.0".into()],
        imports: vec![],
        target: None,
    }
}

/// The four kinds of files that a bundle has. Different numbers give different bytes.
pub fn bundle_files(number: u32) -> Vec<NamedBlob> {
    let component = format!("\0asm component {number}").into_bytes();
    vec![
        NamedBlob::bundle(format!("bundle {number}").into_bytes()),
        NamedBlob::attestation(
            &Digest::of(&component),
            format!("attestation {number}").into_bytes(),
        ),
        NamedBlob::component(component),
        NamedBlob::native(format!("native {number}").into_bytes()),
    ]
}
