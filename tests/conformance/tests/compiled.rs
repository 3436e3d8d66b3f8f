//! What the compiler emits, through the kit.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use std::path::Path;
use std::time::Duration;

use aecp_compiler::core::Package;
use aecp_compiler::source::SourceFile;
use aecp_compiler::{emit, package};
use aecp_conformance::{Options, Report, run};

/// Every type and operator of the language, known and unknown.
const EVERYTHING: &str = r#"
PACKAGE everything { VERSION: "1.2.3"  DEFAULT: ALLOW }
SCHEMA {
  customer.region: TEXT
  request.size: INTEGER OPTIONAL
  urgent: BOOLEAN
  tags: SET OF TEXT
  owner: TEXT OPTIONAL
}
CLASS large: request.size >= 1000
POLICY regions { SCOPE: requests CONSTRAINT: customer.region IN ["EU", "US", ""] ENFORCEMENT: BLOCKING AUDIT: REQUIRED }
POLICY sizes { SCOPE: large WHERE NOT urgent CONSTRAINT: request.size < 9223372036854775807 AND request.size != -1 ENFORCEMENT: ADVISORY }
POLICY tagged { SCOPE: requests WHERE tags CONTAINS "EU" CONSTRAINT: owner IS PRESENT OR urgent == true ENFORCEMENT: BLOCKING }
POLICY elsewhere { SCOPE: requests WHERE customer.region NOT IN ["EU"] CONSTRAINT: owner != "alice" ENFORCEMENT: AUDIT_ONLY }
POLICY constant { SCOPE: requests CONSTRAINT: true ENFORCEMENT: BLOCKING }
"#;

fn checked(files: &[SourceFile]) -> Package {
    let checked = package::check(files);
    let errors: Vec<_> = checked.errors().collect();
    assert!(errors.is_empty(), "{errors:#?}");
    checked.package.unwrap()
}

fn report(packages: &[Package]) -> Report {
    let mut options = Options::default();
    // A limit that a busy machine keeps too.
    options.limits.policy.time = Duration::from_millis(500);
    run(&emit::component(packages).unwrap(), &options)
}

/// The packages of the policy library.
fn library() -> Vec<Package> {
    let folder = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../policies");
    let mut packages = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() || folder.ends_with("catalogue") {
            continue;
        }
        let mut files = Vec::new();
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "aecp") {
                let name = file.file_name().unwrap().to_str().unwrap().to_owned();
                files.push(SourceFile::new(name, std::fs::read_to_string(&file).unwrap()));
            }
        }
        for name in package::wanted_lists(&files) {
            let text = std::fs::read_to_string(folder.join(&name)).unwrap();
            files.push(SourceFile::new(name, text));
        }
        packages.push(checked(&files));
    }
    assert!(!packages.is_empty());
    packages
}

fn assert_all_passed(report: &Report) {
    assert!(
        report.checks.iter().all(|check| check.result.name() == "passed"),
        "{report}"
    );
}

#[test]
fn every_type_and_operator() {
    assert_all_passed(&report(&[checked(&[SourceFile::new("all.aecp", EVERYTHING)])]));
}

#[test]
fn the_policy_library_package_by_package() {
    for package in library() {
        assert_all_passed(&report(&[package]));
    }
}

#[test]
fn the_policy_library_in_one_component() {
    assert_all_passed(&report(&library()));
}
