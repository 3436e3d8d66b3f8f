//! What authors learn of a new version before it decides anything: `aecp diff` and `aecp simulate`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::{Path, PathBuf};

use aecp_end_to_end::tools::Tools;
use serde_json::{Value, json};

const OLD: &str = r#"PACKAGE shop { VERSION: "1.0.0" DEFAULT: ALLOW }
SCHEMA { customer.region: TEXT OPTIONAL  storage.location: TEXT OPTIONAL  identity.subject: TEXT OPTIONAL }
POLICY residency {
  SCOPE: requests WHERE customer.region == "EU"
  CONSTRAINT: storage.location IN ["eu-west-1", "eu-central-1"]
  ENFORCEMENT: BLOCKING
}
"#;

struct Bench {
    tools: Tools,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            tools: Tools::from_environment().unwrap(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn package(&self, name: &str, text: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("package.aecp"), text).unwrap();
        folder
    }

    fn log(&self, name: &str, lines: &[Value]) -> PathBuf {
        let path = self.folder.path().join(name);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn run(&self, arguments: &[&str], paths: &[&Path]) -> (Option<i32>, String, String) {
        let paths = paths.iter().map(|path| path.to_str().unwrap());
        let (first, rest) = arguments.split_first().unwrap();
        let all = std::iter::once(*first).chain(paths).chain(rest.iter().copied());
        self.tools.try_aecp(all).unwrap()
    }
}

fn narrower() -> String {
    OLD.replace(r#", "eu-central-1""#, "").replace("1.0.0", "1.1.0")
}

#[test]
fn a_difference_is_a_condition_with_an_example_and_a_weight() {
    let bench = Bench::new();
    let (old, new) = (bench.package("old", OLD), bench.package("new", &narrower()));
    let (status, output, errors) = bench.run(&["diff"], &[&old, &new]);
    assert_eq!(status, Some(0), "{errors}");
    let condition = r#"customer.region == "EU" AND storage.location == "eu-central-1""#;
    assert!(output.contains(condition), "{output}");
    assert!(output.contains("DENY → ALLOW: no request"), "{output}");

    let log = bench.log(
        "requests.ndjson",
        &[
            json!({"customer.region": "EU", "storage.location": "eu-central-1"}),
            json!({"customer.region": "EU", "storage.location": "eu-west-1"}),
            json!({"customer.region": "US", "storage.location": "eu-central-1"}),
            json!({"customer.region": "EU", "storage.location": "eu-central-1", "identity.subject": "ann"}),
        ],
    );
    let traffic = [
        "diff",
        "--exit-code",
        "--format",
        "json",
        "--traffic",
        log.to_str().unwrap(),
    ];
    let (status, output, errors) = bench.run(&traffic, &[&old, &new]);
    assert_eq!(status, Some(1), "{errors}");
    let report: Value = serde_json::from_str(&output).unwrap();
    let side = &report["allow_to_deny"];
    assert_eq!(side["conditions"][0]["condition"], condition);
    assert_eq!(
        side["conditions"][0]["example"],
        json!({"customer.region": "EU", "storage.location": "eu-central-1"})
    );
    assert_eq!(side["conditions"][0]["denied_by"][0]["policy"], "residency");
    assert_eq!(side["conditions"][0]["requests"], 2);
    assert_eq!(report["traffic"]["requests"], 4);
    assert_eq!(report["traffic"]["changed"], 2);
    assert_eq!(report["deny_to_allow"]["requests"], 0);

    let (status, output, _) = bench.run(&["diff", "--exit-code"], &[&old, &old]);
    assert_eq!(status, Some(0), "{output}");
}

#[test]
fn the_example_of_a_difference_is_decided_as_it_says() {
    let bench = Bench::new();
    let (old, new) = (bench.package("old", OLD), bench.package("new", &narrower()));
    let (_, output, _) = bench.run(&["diff", "--format", "json"], &[&old, &new]);
    let report: Value = serde_json::from_str(&output).unwrap();
    let example = bench.log(
        "example.json",
        &[report["allow_to_deny"]["conditions"][0]["example"].clone()],
    );
    for (package, expected) in [(&old, "ALLOW"), (&new, "DENY")] {
        let (_, output, _) = bench.run(&["eval", "--input", example.to_str().unwrap()], &[package]);
        let decision: Value = serde_json::from_str(&output).unwrap();
        assert_eq!(decision["decision"], expected);
    }
}

fn simulated(bench: &Bench, package: &Path, arguments: &[&str]) -> Value {
    let mut all = vec!["simulate", "--format", "json"];
    all.extend(arguments);
    let (status, output, errors) = bench.run(&all, &[package]);
    assert_eq!(status, Some(0), "{errors}");
    serde_json::from_str(&output).unwrap()
}

#[test]
fn requests_are_replayed_and_what_is_none_is_told() {
    let bench = Bench::new();
    let package = bench.package("package", OLD);
    let log = bench.log(
        "requests.ndjson",
        &[
            json!({"customer.region": "EU", "storage.location": "us-east-1", "identity.subject": "ann"}),
            json!({"customer.region": "US", "storage.location": "us-east-1", "identity.subject": "bob"}),
            json!(["no", "request"]),
            json!({"customer.region": "EU", "identity.subject": "ann"}),
        ],
    );
    let log = log.to_str().unwrap();
    let report = simulated(&bench, &package, &["--traffic", log, "--by", "identity.subject"]);
    assert_eq!((&report["requests"], &report["denied"]), (&json!(3), &json!(2)));
    assert_eq!(report["by_policy"][0]["policy"], "shop.residency");
    assert_eq!(report["by_policy"][0]["requests"], 2);
    assert_eq!(
        report["affected"][0]["top"],
        json!([{"value": "ann", "requests": 2}])
    );
    assert_eq!(report["unreadable"], 1);
    assert_eq!(report["first_unreadable"][0]["line"], 3);
    assert!(report["decision_us"]["p50"].as_f64().unwrap() > 0.0);
    assert!(report.get("recorded").is_none());

    let (status, output, _) = bench.run(&["simulate", "--traffic", log], &[&package]);
    assert_eq!(status, Some(0));
    assert!(output.contains("would deny 2 of 3 requests"), "{output}");
    assert!(output.contains("requests.ndjson:3"), "{output}");
}

#[test]
fn logs_of_others_are_replayed_against_what_they_decided() {
    let bench = Bench::new();
    let package = bench.package("package", OLD);
    let opa = bench.log(
        "opa.json",
        &[
            json!({"decision_id": "1", "result": true, "timestamp": "2026-01-31T08:00:00Z",
                "input": {"customer": {"region": "EU"}, "storage": {"location": "us-east-1"}}}),
            json!({"decision_id": "2", "result": {"allow": false}, "input": {"customer": {"region": "US"}}}),
        ],
    );
    let report = simulated(&bench, &package, &["--traffic", opa.to_str().unwrap()]);
    assert_eq!(report["logs"][0]["format"], "opa");
    assert_eq!(
        report["recorded"],
        json!({"known": 2, "same": 0, "newly_denied": 1, "newly_allowed": 1})
    );

    let nginx = bench.log(
        "nginx.json",
        &[
            json!({"remote_addr": "10.0.0.1", "request": "GET / HTTP/1.1", "status": "200", "geo": "EU", "bucket": "us-east-1"}),
            json!({"remote_addr": "10.0.0.2", "request": "GET / HTTP/1.1", "status": "200", "geo": "US", "bucket": "us-east-1"}),
        ],
    );
    let nginx = nginx.to_str().unwrap();
    let mapped = [
        "--traffic",
        nginx,
        "--map",
        "customer.region=/geo",
        "--map",
        "storage.location=/bucket",
    ];
    let report = simulated(&bench, &package, &mapped);
    assert_eq!(report["logs"][0]["format"], "nginx");
    assert_eq!(
        (&report["denied"], &report["recorded"]["newly_denied"]),
        (&json!(1), &json!(1))
    );

    // Without the mapping nothing is known of requests, and that is said.
    let report = simulated(&bench, &package, &["--traffic", nginx]);
    assert_eq!(report["denied"], 2);
    assert_eq!(
        report["never_given"],
        json!(["customer.region", "storage.location"])
    );
}

#[test]
fn traffic_without_a_request_is_no_answer() {
    let bench = Bench::new();
    let package = bench.package("package", OLD);
    let log = bench.log("empty.ndjson", &[json!(7)]);
    let (status, _, errors) = bench.run(&["simulate", "--traffic", log.to_str().unwrap()], &[&package]);
    assert_eq!(status, Some(2));
    assert!(errors.contains("empty.ndjson:1"), "{errors}");
    let (status, _, errors) = bench.run(&["simulate", "--traffic", "/no/such/log"], &[&package]);
    assert_eq!(status, Some(2));
    assert!(errors.contains("/no/such/log"), "{errors}");
}
