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
fn the_compiler_as_a_component_builds_the_same_and_says_the_same() {
    let tools = tools();
    let compiler = tools.guest("judicial").unwrap();
    let compiler = compiler.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let residency = repository().join("policies/eu_residency");
    let residency = residency.to_str().unwrap();
    let (native, component) = (path("native.wasm"), path("component.wasm"));
    let build = ["build", residency, "--format", "json", "-o"];
    let report = |output: &str, more: &[&str]| {
        let output = tools.aecp(build.iter().chain(&[output]).chain(more)).unwrap();
        let mut report: Value = serde_json::from_str(&output).unwrap();
        report["component"] = Value::Null;
        // What another compiler made is not looked into.
        report["cost"] = Value::Null;
        report
    };
    assert_eq!(
        report(&native, &[]),
        report(&component, &["--via-component", compiler])
    );
    assert_eq!(
        std::fs::read(&native).unwrap(),
        std::fs::read(&component).unwrap()
    );

    let broken = tempfile::tempdir().unwrap();
    package(broken.path(), BROKEN);
    let output = path("broken.wasm");
    let build = ["build", broken.path().to_str().unwrap(), "-o", &output];
    let native = tools.try_aecp(build).unwrap();
    let component = tools
        .try_aecp(build.iter().chain(&["--via-component", compiler]))
        .unwrap();
    assert_eq!(native.0, Some(1));
    assert_eq!(native, component);
    assert!(!Path::new(&output).exists());

    let (status, _, errors) = tools
        .try_aecp([
            "build",
            residency,
            "-o",
            &output,
            "--via-component",
            "/no/such.wasm",
        ])
        .unwrap();
    assert_eq!(status, Some(2), "{errors}");
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
        .aecp([
            "keys".as_ref(),
            "generate".as_ref(),
            "--plain".as_ref(),
            name.as_os_str(),
        ])
        .unwrap();
    let key = folder.path().join("k.key");
    assert_eq!(
        std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let before = std::fs::read(&key).unwrap();
    let (status, _, errors) = tools()
        .try_aecp([
            "keys".as_ref(),
            "generate".as_ref(),
            "--plain".as_ref(),
            name.as_os_str(),
        ])
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

const TESTED: &str = r#"PACKAGE p { VERSION: "1.0.0" }
SCHEMA { a: TEXT  n: INTEGER }
POLICY small { SCOPE: requests WHERE a = "x" CONSTRAINT: n < 5 ENFORCEMENT: BLOCKING }
TEST "small numbers" { GIVEN { a: "x" } CASE { n: 4 } EXPECT ALLOW CASE { n: 5 } EXPECT DENY BY small }
"#;

#[test]
fn tests_of_policies_pass_fail_and_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    package(folder.path(), TESTED);
    let (status, output, _) = tools()
        .try_aecp(["test", path, "--coverage", "--mutate"])
        .unwrap();
    assert_eq!(status, Some(0), "{output}");
    assert!(output.contains("never unknown: `n < 5`"), "{output}");

    package(folder.path(), &TESTED.replace("n: 4", "n: 6"));
    let (status, output, _) = tools().try_aecp(["test", path, "--format", "json"]).unwrap();
    assert_eq!(status, Some(1));
    let report: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(report[0]["tests"][0]["cases"][0]["failure"]["expected"], "ALLOW");
    let (_, output, _) = tools().try_aecp(["test", path, "--format", "junit"]).unwrap();
    assert!(output.contains("failures=\"1\""), "{output}");

    let (untested, _) = TESTED.split_once("TEST").unwrap();
    package(folder.path(), untested);
    assert_eq!(tools().try_aecp(["test", path]).unwrap().0, Some(1));
}

#[test]
fn sources_come_into_their_one_form_and_stay_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    package(folder.path(), TESTED);
    assert_eq!(tools().try_aecp(["fmt", "--check", path]).unwrap().0, Some(1));
    let file = folder.path().join("package.aecp");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), TESTED);
    tools().aecp(["fmt", path]).unwrap();
    let formatted = std::fs::read_to_string(&file).unwrap();
    assert!(formatted.contains("a == \"x\"") && formatted != TESTED);
    tools().aecp(["fmt", "--check", path]).unwrap();
    tools().aecp(["test", path]).unwrap();

    package(folder.path(), "POLICY {");
    assert_eq!(tools().try_aecp(["fmt", path]).unwrap().0, Some(1));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "POLICY {");
}

#[test]
fn what_cannot_be_meant_is_proven_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    package(folder.path(), &TESTED.replace("n < 5", "n < 5 AND n > 7"));
    let (status, output, _) = tools().try_aecp(["analyse", path, "--format", "json"]).unwrap();
    assert_eq!(status, Some(1));
    let report: Value = serde_json::from_str(&output).unwrap();
    let findings = report[0]["findings"].as_array().unwrap();
    let found = findings
        .iter()
        .find(|found| found["kind"] == "constraint_contradiction")
        .unwrap();
    assert_eq!(found["policies"][0]["place"], "package.aecp:3");
    assert_eq!(found["request"]["a"], "x");
    let library = repository().join("policies/eu_residency");
    tools().aecp(["analyse".as_ref(), library.as_os_str()]).unwrap();
}

#[test]
fn an_explanation_names_the_part_and_the_value() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), TESTED);
    let request = folder.path().join("request.json");
    std::fs::write(&request, r#"{"a": "x", "n": 7}"#).unwrap();
    let (path, request) = (folder.path().to_str().unwrap(), request.to_str().unwrap());
    let output = tools().aecp(["explain", path, "--input", request]).unwrap();
    assert!(output.contains("small: violated"), "{output}");
    assert!(output.contains("n < 5  (n is 7)"), "{output}");
    let (status, _, errors) = tools()
        .try_aecp(["explain", path, "--input", request, "--policy", "large"])
        .unwrap();
    assert_eq!(status, Some(2));
    assert!(errors.contains("small"), "{errors}");
}

#[test]
fn packages_share_what_lies_beside_them_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = root.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "own/package.aecp",
        "PACKAGE own { VERSION: \"1.0.0\" } IMPORT \"../common\"\n\
         POLICY p { SCOPE: europeans CONSTRAINT: storage.location == \"eu\" ENFORCEMENT: BLOCKING }\n",
    );
    write(
        "common/schema.aecp",
        "IMPORT \"../base\" CLASS europeans: customer.region == \"EU\"\n",
    );
    write(
        "base/schema.aecp",
        "SCHEMA { customer.region: TEXT  storage.location: TEXT }\n",
    );
    let own = root.path().join("own");
    let check = || tools().try_aecp(["check", own.to_str().unwrap()]).unwrap();
    let (status, _, errors) = check();
    assert_eq!(status, Some(0), "{errors}");
    // What is imported is not this package's to rewrite.
    let (status, output, _) = tools()
        .try_aecp(["fmt", "--check", own.to_str().unwrap()])
        .unwrap();
    assert_eq!((status, output.lines().count()), (Some(1), 1), "{output}");

    write("base/schema.aecp", "SCHEMA { customer.region: TEXTE }\n");
    let (status, _, errors) = check();
    assert_eq!(status, Some(1));
    assert!(errors.contains("../base/schema.aecp:1:"), "{errors}");

    std::fs::remove_dir_all(root.path().join("base")).unwrap();
    let (status, _, errors) = check();
    assert_eq!(status, Some(1));
    assert!(errors.contains("there is no package `../base`"), "{errors}");

    let elsewhere = tempfile::tempdir().unwrap();
    package(
        elsewhere.path(),
        "SCHEMA { customer.region: TEXT  storage.location: TEXT }\n",
    );
    std::os::unix::fs::symlink(elsewhere.path(), root.path().join("base")).unwrap();
    let (status, _, errors) = check();
    assert_eq!(status, Some(2));
    assert!(errors.contains("symbolic link"), "{errors}");
}

#[test]
fn the_cost_of_a_decision_is_printed_and_bounded() {
    let tools = tools();
    let residency = repository().join("policies/eu_residency");
    let residency = residency.to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.wasm");
    let build = [
        "build",
        residency,
        "--format",
        "json",
        "-o",
        output.to_str().unwrap(),
    ];
    let built: Value = serde_json::from_str(&tools.aecp(build).unwrap()).unwrap();
    let largest = built["cost"]["largest"].as_u64().unwrap();
    assert!(built["cost"]["fixed"].as_u64().unwrap() <= largest);
    std::fs::remove_file(&output).unwrap();

    let checked = tools.aecp(["check", residency]).unwrap();
    assert!(checked.contains("cost: at most"), "{checked}");

    let enough = largest.to_string();
    tools
        .aecp(build.iter().copied().chain(["--max-cost", &enough]))
        .unwrap();
    std::fs::remove_file(&output).unwrap();
    let less = largest.saturating_sub(1).to_string();
    for command in [build.as_slice(), &["check", residency]] {
        let (status, _, errors) = tools
            .try_aecp(command.iter().copied().chain(["--max-cost", &less]))
            .unwrap();
        assert_eq!(status, Some(1));
        let said = [&enough, &less, "`data_residency_eu`"].map(|part| errors.contains(part));
        assert_eq!(said, [true; 3], "{errors}");
    }
    assert!(!output.exists());
}

/// What is large is for a bundle to say, and the policy ends with the year.
const SETTABLE: &str = r#"PACKAGE p { VERSION: "1.0.0" }
SCHEMA { n: INTEGER  home: TEXT }
PARAM limit: INTEGER = 10 RANGE 1..100
PARAM homes: SET OF TEXT = ["EU"]
POLICY small {
  SCOPE: requests WHERE home IN homes
  CONSTRAINT: n <= limit
  REASON: "{n} is more than {limit}"
  ENFORCEMENT: BLOCKING
  EFFECTIVE: UNTIL "2026-01-01T00:00:00Z"
}
"#;

struct Settable {
    folder: tempfile::TempDir,
}

impl Settable {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        package(folder.path(), SETTABLE);
        std::fs::write(folder.path().join("request.json"), r#"{"n": 20, "home": "EU"}"#).unwrap();
        Self { folder }
    }

    fn run(&self, command: &str, more: &[&str]) -> (Option<i32>, String, String) {
        let request = self.folder.path().join("request.json");
        let (path, request) = (self.folder.path().to_str().unwrap(), request.to_str().unwrap());
        let mut arguments = vec![command, path, "--input", request];
        arguments.extend(more);
        tools().try_aecp(arguments).unwrap()
    }

    /// The verdict, and the policies that deny or cover.
    fn decided(&self, more: &[&str]) -> (String, String) {
        let mut arguments = vec!["--format", "json"];
        arguments.extend(more);
        let (_, output, errors) = self.run("eval", &arguments);
        let decision = serde_json::from_str::<Value>(&output).unwrap_or_else(|_| panic!("{output}{errors}"));
        (decision["decision"].as_str().unwrap().to_owned(), output)
    }

    /// What is said where nothing is decided.
    #[track_caller]
    fn misused(&self, command: &str, more: &[&str], says: &[&str]) {
        let (status, output, errors) = self.run(command, more);
        assert_eq!((status, output.as_str()), (Some(2), ""), "{more:?}: {errors}");
        for part in says {
            assert!(errors.contains(part), "{more:?}: {errors}");
        }
    }
}

const BEFORE: [&str; 2] = ["--now", "2025-12-31T23:59:59Z"];

#[test]
fn parameters_and_the_time_are_set_as_a_bundle_and_the_clock_would() {
    let settable = Settable::new();
    let decided = |more: &[&str]| settable.decided(&[&BEFORE, more].concat());
    let (verdict, output) = decided(&[]);
    assert!(
        verdict == "DENY" && output.contains("20 is more than 10"),
        "{output}"
    );
    assert_eq!(decided(&["--parameter", "limit=20"]).0, "ALLOW");
    let (verdict, output) = decided(&["--parameter", "limit=19"]);
    assert!(
        verdict == "DENY" && output.contains("20 is more than 19"),
        "{output}"
    );
    // Several, also with an equals sign in a value.
    let (verdict, output) = decided(&[
        "--parameter",
        "limit=20",
        "--parameter",
        "homes=[\"CH\", \"a=b\"]",
    ]);
    assert!(verdict == "DENY" && output.contains("default"), "{output}");
    let homes = ["--parameter", "homes=[\"EU\"]", "--parameter=limit=100"];
    assert_eq!(decided(&homes).0, "ALLOW");

    // Half open, and of one moment in any offset.
    let at = |now: &str| settable.decided(&["--parameter", "limit=20", "--now", now]).0;
    assert_eq!(at("2025-12-31T23:59:59.999999999Z"), "ALLOW");
    assert_eq!(at("2026-01-01T00:00:00Z"), "DENY");
    assert_eq!(at("2026-01-01T00:59:59+01:00"), "ALLOW");
    assert_eq!(at("2026-01-01T01:00:00+01:00"), "DENY");

    let (_, output, errors) = settable.run("explain", &[&BEFORE[..], &["--parameter", "limit=19"]].concat());
    assert!(
        output.contains("small: violated") && output.contains("19"),
        "{output}{errors}"
    );
}

#[test]
fn what_cannot_be_set_is_named_with_what_can() {
    let settable = Settable::new();
    for command in ["eval", "explain"] {
        let parameter = |written: &str, says: &[&str]| {
            let place = format!("reading `--parameter {written}`");
            let says = [&[place.as_str()], says].concat();
            settable.misused(command, &["--parameter", written], &says);
        };
        parameter("limit=101", &["`limit` cannot be 101", "its range is 1..100"]);
        parameter("limit=0", &["its range is 1..100"]);
        parameter("limit=five", &["`limit` is INTEGER"]);
        parameter("limit=1.5", &["`limit` is INTEGER"]);
        parameter("limit=", &["`limit` is INTEGER"]);
        parameter("homes=EU", &["`homes` is SET OF TEXT"]);
        parameter("limt=5", &["no parameter `limt`", "`limit`"]);
        // An attribute is the request's to say.
        parameter("n=5", &["no parameter `n`"]);
        parameter("limit", &["write NAME=VALUE"]);
        parameter("=5", &["no parameter ``"]);
        let twice = ["--parameter", "limit=5", "--parameter", "limit=6"];
        settable.misused(command, &twice, &["`limit` is set twice"]);
        for now in [
            "yesterday",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-13-01T00:00:00Z",
            "",
        ] {
            settable.misused(command, &["--now", now], &["--now", "2026-01-01T00:00:00Z"]);
        }
    }
}

/// One policy compares numbers, the other walks a text from end to end.
const UNEVEN: &str = r#"PACKAGE p { VERSION: "1.0.0" }
SCHEMA { n: INTEGER  path: TEXT }
POLICY cheap { SCOPE: requests WHERE n > 0 CONSTRAINT: n <= 10 ENFORCEMENT: BLOCKING }
POLICY dear { SCOPE: requests CONSTRAINT: NOT path LIKE "**/admin/**" ENFORCEMENT: BLOCKING }
"#;

#[test]
fn a_profile_says_which_policy_costs_what() {
    let folder = tempfile::tempdir().unwrap();
    package(folder.path(), UNEVEN);
    let traffic = folder.path().join("requests.ndjson");
    let requests = [
        r#"{"n": 5, "path": "/api/v1/accounts/17/history"}"#,
        r#"{"n": 50, "path": "/api/v1/accounts/17/history"}"#,
        r#"{"n": -1, "path": "/api/admin/accounts"}"#,
        r#"{"path": "/"}"#,
    ];
    std::fs::write(&traffic, requests.join("\n")).unwrap();
    let one = folder.path().join("request.json");
    std::fs::write(&one, requests[0]).unwrap();
    let path = folder.path().to_str().unwrap();
    let profile = |more: &[&str]| {
        let command = ["profile", path, "--format", "json"];
        let output = tools().aecp(command.iter().chain(more)).unwrap();
        serde_json::from_str::<Value>(&output).unwrap()
    };
    let report = profile(&["--traffic", traffic.to_str().unwrap()]);
    assert_eq!(report["requests"], 4);
    let figures = |policy: &Value| {
        ["policy", "applied", "violated", "indeterminate"].map(|name| policy[name].to_string())
    };
    let (dear, cheap) = (&report["by_policy"][0], &report["by_policy"][1]);
    assert_eq!(figures(dear), ["\"dear\"", "4", "1", "0"]);
    assert_eq!(figures(cheap), ["\"cheap\"", "2", "1", "1"]);
    let number = |value: &Value| value.as_u64().unwrap();
    assert!(number(&dear["instructions"]) > number(&cheap["instructions"]).saturating_mul(3));
    assert!(number(&cheap["instructions"]) > 0);
    for policy in [dear, cheap] {
        assert!(number(&policy["instructions"]) <= number(&policy["bound"]));
    }
    let all = &report["instructions"];
    assert!(number(&all["mean"]) <= number(&all["most"]) && number(&all["most"]) <= number(&all["bound"]));

    assert_eq!(profile(&["--input", one.to_str().unwrap()])["requests"], 1);
    let shown = tools()
        .aecp([
            "profile",
            path,
            "--traffic",
            traffic.to_str().unwrap(),
            "--top",
            "1",
        ])
        .unwrap();
    assert!(shown.contains("dear") && shown.contains("1 more"), "{shown}");
    assert_eq!(tools().try_aecp(["profile", path]).unwrap().0, Some(2));
}
