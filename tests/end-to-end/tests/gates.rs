//! What a release refuses: packages whose tests fail, and findings that cannot be meant and that nobody acknowledged.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::path::Path;

use aecp_end_to_end::site::Site;
use aecp_end_to_end::tools::Tools;
use serde_json::Value;

/// One policy, with a constraint, more fields, and tests.
fn sources(constraint: &str, fields: &str, tests: &str) -> String {
    format!(
        "PACKAGE gate {{ VERSION: \"1.0.0\" DEFAULT: ALLOW }}
         SCHEMA {{ resource.type: TEXT }}
         POLICY records_only {{
           SCOPE: requests WHERE resource.type != \"leaflet\"
           CONSTRAINT: {constraint} ENFORCEMENT: BLOCKING {fields}
         }}
         {tests}"
    )
}

const GOOD: &str = "resource.type == \"record\"";
const NEVER: &str = "resource.type == \"record\" AND resource.type == \"leaflet\"";
const PASSES: &str = "TEST \"leaflets are free\" { GIVEN { resource.type: \"leaflet\" } EXPECT ALLOW }";
const FAILS: &str = "TEST \"nobody reads records\" { GIVEN { resource.type: \"record\" } EXPECT DENY }";
const ACKNOWLEDGED: &str = "ACKNOWLEDGE: constraint_contradiction BECAUSE \"closed until the audit is over\"";

fn release_file(top: &str, component: &str) -> String {
    format!(
        "name = \"edge\"\nvalid_days = 1\n{top}\n[[policies]]\ncomponent = \"gate\"\n{component}\n
         [[routes]]\nname = \"records\"\npath = \"/records/{{id}}\"\nupstream = \"records\"\n\
         labels = {{ resource_type = \"record\" }}\n
         [[attributes]]\nname = \"resource.type\"\nvalue_type = \"TEXT\"\n\
         source = {{ label = {{ name = \"resource_type\" }} }}\n"
    )
}

struct Gate {
    site: Site,
    _folder: tempfile::TempDir,
}

impl Gate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::create(Tools::from_environment().unwrap(), folder.path().join("site")).unwrap();
        Self {
            site,
            _folder: folder,
        }
    }

    fn publish(&self, text: &str) {
        let folder = self.site.path("gate");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("gate.aecp"), text).unwrap();
        self.site.publish_package(&folder, "gate").unwrap();
    }

    fn publish_without_sources(&self) {
        let text = |name: &str| self.site.path(name).display().to_string();
        let (component, key, layout) = (text("gate.wasm"), text("keys/packages.key"), text("registry"));
        let tools = &self.site.tools;
        tools.aecp(["sign", &component, "--key", &key]).unwrap();
        let push = ["push", &component, "--layout", &layout, "--tag", "gate"];
        tools.aecp(push).unwrap();
    }

    #[track_caller]
    fn released(&self, top: &str, component: &str) {
        self.site
            .release_into("registry", &release_file(top, component))
            .unwrap();
    }

    #[track_caller]
    fn refused(&self, top: &str, component: &str, says: &[&str]) {
        let error = self
            .site
            .release_into("registry", &release_file(top, component))
            .unwrap_err()
            .to_string();
        for part in says {
            assert!(error.contains(part), "{part}\n{error}");
        }
    }
}

#[test]
fn failing_tests_are_refused_by_name_until_they_pass() {
    let gate = Gate::new();
    gate.publish(&sources(GOOD, "", &format!("{PASSES}\n{FAILS}")));
    gate.refused(
        "",
        "",
        &["`gate` failed", "“nobody reads records”", "sign it again"],
    );
    gate.refused("", "unproven = true", &["“nobody reads records”"]);
    gate.publish(&sources(GOOD, "", PASSES));
    gate.released("require_tests = true", "");
}

#[test]
fn critical_findings_are_refused_until_somebody_acknowledges_them() {
    let gate = Gate::new();
    gate.publish(&sources(NEVER, "", PASSES));
    gate.refused("", "", &["policy `records_only`", "ACKNOWLEDGE"]);
    gate.publish(&sources(NEVER, ACKNOWLEDGED, PASSES));
    gate.released("", "");
}

#[test]
fn packages_without_tests_are_refused_where_the_release_asks_for_some() {
    let gate = Gate::new();
    gate.publish(&sources(GOOD, "", ""));
    gate.refused("require_tests = true", "", &["`gate` has no tests"]);
    gate.released("", "");
}

#[test]
fn what_nothing_is_known_of_needs_a_word_in_the_release_file() {
    let gate = Gate::new();
    gate.publish(&sources(GOOD, "", PASSES));
    // The newer signature is beside the older one; a component of other bytes has this one alone.
    let other = Gate::new();
    std::fs::create_dir_all(other.site.path("gate")).unwrap();
    std::fs::copy(gate.site.path("gate.wasm"), other.site.path("gate.wasm")).unwrap();
    other.publish_without_sources();
    other.refused("", "", &["signed without its sources", "unproven = true"]);
    other.released("", "unproven = true");
}

#[test]
fn parameters_that_the_package_does_not_allow_are_refused_by_name() {
    let gate = Gate::new();
    gate.publish(
        "PACKAGE gate { VERSION: \"1.0.0\" DEFAULT: ALLOW }
         SCHEMA { resource.type: TEXT }
         PARAM free: SET OF TEXT = [\"leaflet\"]
         PARAM share: DECIMAL = 0.5 RANGE 0..1
         POLICY records_only {
           SCOPE: requests WHERE resource.type NOT IN free
           CONSTRAINT: resource.type == \"record\" AND share < 0.9
           ENFORCEMENT: BLOCKING
         }",
    );
    let parameters = |written: &str| format!("parameters = {{ {written} }}");
    for (written, says) in [
        ("share = 1.5", "parameter `share` cannot be 1.5"),
        ("share = -1", "its range is 0..1"),
        (
            "shares = 0.5",
            "there is no parameter `shares`; the component has `free`, `share`",
        ),
        (
            "share = \"much\"",
            "parameter `share` is DECIMAL, and its value is not",
        ),
        (
            "free = \"leaflet\"",
            "parameter `free` is SET OF TEXT, and its value is not",
        ),
        (
            "free = [5]",
            "parameter `free` is SET OF TEXT, and its value is not",
        ),
    ] {
        gate.refused("", &parameters(written), &["gate", says]);
    }
    gate.released("", &parameters("share = 0.25, free = [\"leaflet\", \"poster\"]"));
    // The bounds are inside.
    gate.released("", &parameters("share = 1"));
}

#[test]
fn findings_are_told_with_their_acknowledgement_and_kept_as_tests() {
    let tools = Tools::from_environment().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("gate.aecp"), text).unwrap();
    let analyse = |more: &[&str]| {
        let mut arguments = vec!["analyse", folder.path().to_str().unwrap(), "--format", "json"];
        arguments.extend(more);
        let (status, output, errors) = tools.try_aecp(arguments).unwrap();
        let report = serde_json::from_str::<Value>(&output).unwrap_or_else(|_| panic!("{output}{errors}"));
        (status, report[0].clone())
    };
    write(&sources(NEVER, "", PASSES));
    let (status, report) = analyse(&[]);
    assert_eq!(status, Some(1));
    assert_eq!(report["findings"][0]["kind"], "constraint_contradiction");
    assert_eq!(report["findings"][0].get("acknowledged"), None);

    write(&sources(NEVER, ACKNOWLEDGED, PASSES));
    let kept = folder.path().join("kept.aecp");
    let (status, report) = analyse(&["--save-tests", kept.to_str().unwrap()]);
    assert_eq!(status, Some(0));
    assert_eq!(
        report["findings"][0]["acknowledged"],
        "closed until the audit is over"
    );
    let text = std::fs::read_to_string(&kept).unwrap();
    assert!(text.contains("EXPECT DENY BY records_only"), "{text}");
    let tested = tools.aecp(["test", folder.path().to_str().unwrap()]).unwrap();
    assert!(tested.contains("2 tests"), "{tested}");
    // A file is nobody's to overwrite.
    let again: Vec<&Path> = vec![
        Path::new("analyse"),
        folder.path(),
        Path::new("--save-tests"),
        &kept,
    ];
    assert_eq!(tools.try_aecp(again).unwrap().0, Some(2));

    write(&sources(GOOD, ACKNOWLEDGED, PASSES));
    let (status, report) = analyse(&[]);
    assert_eq!(status, Some(0));
    assert_eq!(report["stale"][0]["acknowledges"], "constraint_contradiction");
}
