//! The policy library decides its own examples as it says it does, through the command line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::PathBuf;

use aecp_end_to_end::tools::{Tools, repository};
use serde_json::Value;

fn packages() -> Vec<PathBuf> {
    let folders = std::fs::read_dir(repository().join("policies")).unwrap();
    let mut packages: Vec<_> = folders
        .map(|entry| entry.unwrap().path())
        // The catalogue of controls is no package.
        .filter(|path| path.is_dir() && !path.ends_with("catalogue"))
        .collect();
    packages.sort();
    packages
}

/// What of a decision the examples speak of.
fn essence(decision: &Value) -> Value {
    let finding =
        |finding: &Value| serde_json::json!([finding["policy"], finding["outcome"], finding["mode"]]);
    let findings: Vec<Value> = decision["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(finding)
        .collect();
    serde_json::json!({ "decision": decision["decision"], "findings": findings, "covered_by": decision["covered_by"] })
}

#[test]
fn examples_are_decided_as_written_from_sources_and_from_components() {
    let tools = Tools::from_environment().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut decided = 0;
    for package in packages() {
        let name = package.file_name().unwrap().to_str().unwrap().to_owned();
        let component = folder.path().join(format!("{name}.wasm"));
        tools
            .aecp([
                "build".as_ref(),
                package.as_os_str(),
                "-o".as_ref(),
                component.as_os_str(),
            ])
            .unwrap();
        let expected = std::fs::read_to_string(package.join("expected.json")).unwrap();
        let expected: serde_json::Map<String, Value> = serde_json::from_str(&expected).unwrap();
        assert!(!expected.is_empty(), "{name} has no example");
        for (request, expected) in &expected {
            let input = package.join("requests").join(request);
            for subject in [&package, &component] {
                let output = tools.aecp([
                    "eval".as_ref(),
                    subject.as_os_str(),
                    "--input".as_ref(),
                    input.as_os_str(),
                ]);
                let decision: Value = serde_json::from_str(&output.unwrap()).unwrap();
                assert_eq!(
                    essence(&decision),
                    essence(expected),
                    "{name}: {request}: {decision:#}"
                );
            }
            decided += 1;
        }
    }
    assert!(decided >= 39, "only {decided} examples");
}

#[test]
fn packages_have_no_warnings_and_build_the_same_bytes_twice() {
    let tools = Tools::from_environment().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for package in packages() {
        let report = tools
            .aecp(["check".as_ref(), package.as_os_str(), "--format=json".as_ref()])
            .unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report[0]["diagnostics"], serde_json::json!([]), "{report:#}");
        let build = |name: &str| {
            let output = folder.path().join(name);
            let printed = tools
                .aecp([
                    "build".as_ref(),
                    package.as_os_str(),
                    "-o".as_ref(),
                    output.as_os_str(),
                ])
                .unwrap();
            let digest = printed.split_whitespace().next().unwrap().to_owned();
            (digest, std::fs::read(output).unwrap())
        };
        assert_eq!(build("a.wasm"), build("b.wasm"));
    }
}
