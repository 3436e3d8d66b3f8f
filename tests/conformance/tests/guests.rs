//! Guest components through the kit: ours pass, and hostile ones fail on the check that is named for what they do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use aecp_conformance::{Options, Report, run};

/// What `extractors/jwt` is configured with; the key is that of RFC 8037 appendix A.2.
const JWT: &str = r#"{
    "issuers": ["https://login.example.com"],
    "audiences": ["customer-api"],
    "keys": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}
}"#;

const NDJSON: &str = r#"{"endpoint": "archive"}"#;

/// What is hostile, and the check that finds it.
const HOSTILE: [(&str, &str); 11] = [
    ("policy-imports", "imports-granted"),
    ("policy-traps", "never-traps"),
    ("policy-spins", "ends-in-time"),
    ("policy-hoards", "stays-in-memory"),
    ("policy-babbles", "outcomes-well-formed"),
    ("policy-forgets", "stateless"),
    ("context-claims-host", "description-valid"),
    ("context-lies", "values-well-formed"),
    ("context-spins", "ends-in-time"),
    ("audit-calls-home", "delivers-to-declared-endpoints"),
    ("audit-skips", "count-within-batch"),
];

fn guest(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("AECP_GUESTS")
        .map(PathBuf::from)
        .unwrap_or_else(|| {
            let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
            target.join("guests")
        });
    let path = folder.join(format!("{name}.wasm"));
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "{}: {error}; build the guest components with `cargo xtask guests`, or say with AECP_GUESTS where they are",
            path.display()
        )
    })
}

/// Limits of time that a busy machine keeps too, and of memory as enforcement points have them.
fn options(configuration: Option<&str>) -> Options {
    let mut options = Options {
        configuration: configuration.map(|text| text.as_bytes().to_vec()),
        ..Options::default()
    };
    options.limits.policy.time = Duration::from_millis(500);
    options.limits.context.time = Duration::from_secs(1);
    options.limits.audit.time = Duration::from_secs(20);
    options
}

fn report(name: &str, configuration: Option<&str>) -> Report {
    run(&guest(name), &options(configuration))
}

fn result<'a>(report: &'a Report, id: &str) -> &'a str {
    let check = report.checks.iter().find(|check| check.id == id);
    check.map_or("not there", |check| check.result.name())
}

#[test]
fn our_extractor_passes_every_check() {
    let report = report("jwt", Some(JWT));
    assert!(report.passed(), "{report}");
    assert!(
        report.checks.iter().all(|check| check.result.name() == "passed"),
        "{report}"
    );
}

#[test]
fn our_sink_passes_every_check() {
    let report = report("ndjson", Some(NDJSON));
    assert!(report.passed(), "{report}");
    assert!(
        report.checks.iter().all(|check| check.result.name() == "passed"),
        "{report}"
    );
}

#[test]
fn an_extractor_of_an_ordinary_toolchain_passes() {
    let report = report("context-stranger", None);
    assert!(report.passed(), "{report}");
}

#[test]
fn what_needs_a_configuration_says_so() {
    let report = report("ndjson", None);
    let check = report
        .failed()
        .find(|check| check.id == "configuration-accepted")
        .unwrap();
    assert!(
        check.result.detail().unwrap().contains("--configuration"),
        "{report}"
    );
}

#[test]
fn hostile_components_fail_on_the_check_named_for_it() {
    for (name, id) in HOSTILE {
        let report = report(name, None);
        assert!(!report.passed(), "{name}\n{report}");
        assert_eq!(result(&report, id), "failed", "{name}\n{report}");
        let first = report.failed().next().unwrap();
        assert_eq!(first.id, id, "{name}\n{report}");
    }
}

#[test]
fn every_hostile_guest_is_in_the_table() {
    let sources =
        Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../components/hostile");
    for folder in std::fs::read_dir(sources).unwrap() {
        let name = folder.unwrap().file_name().into_string().unwrap();
        // It stands among the hostile ones, and is none of them.
        let known = name == "context-stranger" || HOSTILE.iter().any(|(known, _)| *known == name);
        assert!(known, "`{name}` has no line in the table of this test");
    }
}

#[test]
fn equal_components_get_equal_reports() {
    let options = options(Some(NDJSON));
    let wasm = guest("ndjson");
    assert_eq!(run(&wasm, &options), run(&wasm, &options));
}
