//! What the program says to people.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod site;

use site::{Site, aecpd};

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = aecpd().args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_good_file_is_said_to_be_good() {
    let site = Site::new();
    let (code, out, _) = run(&["check-config", site.config().to_str().unwrap()]);
    assert_eq!(code, Some(0));
    assert!(out.contains("no errors"), "{out}");
}

#[test]
fn errors_in_a_file_are_told_with_key_and_line() {
    let site = Site::new();
    let text = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(site.config(), text.replace("poll_ms", "poll_seconds")).unwrap();
    let file = site.config();
    let file = file.to_str().unwrap();
    let (code, _, error) = run(&["check-config", file]);
    assert_eq!(code, Some(1));
    assert!(
        error.contains(&format!("{file}:11: `agent.poll_seconds`")),
        "{error}"
    );
    assert!(error.contains("`poll_ms`"), "{error}");
    // The daemon itself says the same and starts nothing.
    for role in [&["--config", file][..], &["gateway", "--config", file]] {
        let (code, _, error) = run(role);
        assert_eq!(code, Some(2));
        assert!(error.contains("poll_seconds"), "{error}");
    }
    assert!(!site.state().exists());
}

#[test]
fn without_a_file_it_says_what_to_do() {
    let (code, _, error) = run(&[]);
    assert_eq!(code, Some(2));
    assert!(error.contains("--config FILE"), "{error}");
}

#[test]
fn help_and_version_are_there() {
    let (code, out, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for named in [
        "gateway",
        "agent",
        "recorder",
        "check-config",
        "[enforcement_point]",
        "aecpd.example.toml",
    ] {
        assert!(out.contains(named), "{named}: {out}");
    }
    assert!(!out.contains("supervised-by"), "{out}");
    let (code, out, _) = run(&["--version"]);
    assert_eq!(code, Some(0));
    assert!(out.starts_with("aecpd 0."), "{out}");
}

#[test]
fn the_configuration_that_help_shows_is_right() {
    let (_, out, _) = run(&["--help"]);
    let (_, shown) = out.split_once("[enforcement_point]").unwrap();
    let (shown, _) = shown.split_once("What is decided").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("aecpd.toml");
    std::fs::write(&file, format!("[enforcement_point]{shown}")).unwrap();
    let (code, out, error) = run(&["check-config", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{out}{error}");
}
