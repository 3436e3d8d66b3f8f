//! The demo is a promise of the README, so it is a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::process::Command;

#[test]
fn every_step_of_the_demo_comes_out_as_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("demo");
    let demo = Command::new(env!("CARGO_BIN_EXE_demo"))
        .arg("--folder")
        .arg(&site)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&demo.stdout),
        String::from_utf8_lossy(&demo.stderr)
    );
    if !demo.status.success() {
        let log = std::fs::read_to_string(site.join("aecpd.log")).unwrap_or_default();
        panic!("{said}\n--- aecpd.log\n{log}");
    }
    for left in ["registry/index.json", "evidence/checkpoint", "decisions.ndjson"] {
        assert!(site.join(left).is_file(), "{left} is missing: {said}");
    }
    // Personal values are in the erasable side store, and nowhere in the log.
    for entry in walk(&site.join("evidence/tile")) {
        let bytes = std::fs::read(&entry).unwrap();
        assert!(
            !bytes.windows(6).any(|window| window == b"sabine"),
            "a personal value is in {}",
            entry.display()
        );
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path))
        } else {
            files.push(path)
        }
    }
    files
}
