//! What a user meets at the command line when things are not right.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::Path;

use aecp_end_to_end::tools::{Tools, repository};
use serde_json::Value;

fn tools() -> Tools {
    Tools::from_environment().unwrap()
}

fn package(folder: &Path, text: &str) {
    std::fs::write(folder.join("package.aecp"), text).unwrap();
}

const BROKEN: &str = r#"PACKAGE p { VERSION: "1.0.0" }
SCHEMA { customer.region: TEXT }
POLICY a { SCOPE: requests CONSTRAINT: customer.regoin == "EU" ENFORCEMENT: BLOCKING }
POLICY b { SCOPE: requests CONSTRAINT: customer.region == 5 ENFORCEMENT: BLOCKING }
"#;

#[test]
fn check_shows_every_error_with_its_place_and_exits_with_1() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), BROKEN);
    let path = folder.path().to_str().unwrap();
    let (status, _, errors) = tools().try_aecp(["check", path]).unwrap();
    assert_eq!(status, Some(1));
    assert!(errors.contains("package.aecp:3:"), "{errors}");
    assert!(errors.contains("customer.region"), "no suggestion: {errors}");

    let (status, output, _) = tools().try_aecp(["check", path, "--format", "json"]).unwrap();
    assert_eq!(status, Some(1));
    let report: Value = serde_json::from_str(&output).unwrap();
    let lines: Vec<_> = report[0]["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["primary"]["start"]["line"])
        .collect();
    assert_eq!(lines, [3, 4]);
}

#[test]
fn build_writes_nothing_if_there_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), BROKEN);
    let output = folder.path().join("out.wasm");
    let (status, ..) = tools()
        .try_aecp([
            "build",
            folder.path().to_str().unwrap(),
            "-o",
            output.to_str().unwrap(),
        ])
        .unwrap();
    assert_eq!(status, Some(1));
    assert!(!output.exists());
}

#[test]
fn what_cannot_be_read_exits_with_2_and_names_it() {
    for arguments in [
        vec!["check", "/no/such/folder"],
        vec!["eval", "/no/such.wasm", "--input", "-"],
        vec![
            "verify",
            "edge",
            "--layout",
            "/no/such/folder",
            "--root",
            "/no/such/root.json",
        ],
        vec!["check"],
    ] {
        let (status, _, errors) = tools().try_aecp(&arguments).unwrap();
        assert_eq!(status, Some(2), "{arguments:?}: {errors}");
        let named = arguments
            .iter()
            .any(|argument| argument.starts_with("/no") && errors.contains(argument));
        assert!(named || errors.contains("Usage"), "{arguments:?}: {errors}");
    }
}

#[test]
fn ambiguous_input_is_denied_not_guessed() {
    let residency = repository().join("policies/eu_residency");
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("request.json");
    for text in [
        r#"{"customer.region": "EU", "customer": {"region": "US"}}"#,
        r#"{"a": 1, "a": 1}"#,
        "[]",
        "{",
    ] {
        std::fs::write(&input, text).unwrap();
        let output = tools()
            .aecp([
                "eval".as_ref(),
                residency.as_os_str(),
                "--input".as_ref(),
                input.as_os_str(),
            ])
            .unwrap();
        let decision: Value = serde_json::from_str(&output).unwrap();
        assert_eq!(decision["decision"], "DENY", "{text}");
        assert_eq!(decision["denial"], "context_malformed", "{text}");
    }
}

#[test]
fn keys_are_never_overwritten_and_private_to_their_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("k");
    tools()
        .aecp(["keys".as_ref(), "generate".as_ref(), name.as_os_str()])
        .unwrap();
    let key = folder.path().join("k.key");
    assert_eq!(
        std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let before = std::fs::read(&key).unwrap();
    let (status, _, errors) = tools()
        .try_aecp(["keys".as_ref(), "generate".as_ref(), name.as_os_str()])
        .unwrap();
    assert_eq!(status, Some(2));
    assert!(errors.contains("k.key"), "{errors}");
    assert_eq!(std::fs::read(&key).unwrap(), before);
}

#[test]
fn bench_prints_the_figures_that_scripts_read() {
    let folder = tempfile::tempdir().unwrap();
    let requests = folder.path().join("requests.ndjson");
    std::fs::write(
        &requests,
        "{\"resource.type\":\"customer_data\",\"customer.region\":\"EU\"}\n{}\n",
    )
    .unwrap();
    let residency = repository().join("policies/eu_residency");
    let output = tools()
        .aecp([
            "bench".as_ref(),
            residency.as_os_str(),
            "--input".as_ref(),
            requests.as_os_str(),
            "--format=json".as_ref(),
        ])
        .unwrap();
    let report: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(report["policies"], 2);
    for figure in ["compile_ms", "p50_us", "p99_us"] {
        assert!(report[figure].as_f64().unwrap() > 0.0, "{figure}: {report}");
    }
}

#[test]
fn output_has_no_colours_unless_on_a_terminal() {
    let residency = repository().join("policies/eu_residency");
    let output = tools().aecp(["check".as_ref(), residency.as_os_str()]).unwrap();
    assert!(!output.contains('\u{1b}'), "{output:?}");
}
