//! What the analysis shows can be kept as tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_compiler::analysis::{Analysis, Budget, Finding, Kind, Severity, analyse};
use aecp_compiler::core::Package;
use aecp_compiler::format;
use aecp_compiler::package::{Checked, check};
use aecp_compiler::source::SourceFile;
use aecp_compiler::suite::{self, saved};
use aecp_compiler::testing;
use aecp_vocabulary::{Type, Value};
use proptest::prelude::*;

const SCHEMA: &str = "SCHEMA { a: TEXT OPTIONAL b: TEXT OPTIONAL roles: SET OF TEXT OPTIONAL }\n";

fn checked(files: &[(&str, &str)]) -> Checked {
    let files: Vec<SourceFile> = files
        .iter()
        .map(|(name, text)| SourceFile::new(*name, *text))
        .collect();
    let checked = check(&files);
    let errors: Vec<_> = checked.errors().collect();
    assert!(errors.is_empty(), "{}\n{errors:#?}", files.last().unwrap().text);
    checked
}

fn policy(name: &str, scope: &str, constraint: &str) -> String {
    format!(
        "POLICY {name} {{ SCOPE: requests WHERE {scope} CONSTRAINT: {constraint} ENFORCEMENT: BLOCKING }}\n"
    )
}

/// Saves, reads back, runs, and gives the text.
fn kept(source: &str, tests: usize) -> String {
    let before = checked(&[("p.aecp", source)]);
    let package = before.package.unwrap();
    let analysis = analyse(&package, Budget::default());
    let saved = saved::save(&package, &before.tests, &analysis);
    assert_eq!(saved.tests, tests, "{analysis:#?}");
    assert_eq!(format::source(&saved.text).as_ref(), Ok(&saved.text));
    let after = checked(&[("p.aecp", source), ("q.aecp", &saved.text)]);
    assert_eq!(after.package.as_ref(), Some(&package));
    assert_eq!(after.tests.len(), before.tests.len() + tests);
    let report = suite::run(&package, &after.tests);
    assert!(report.passed(), "{}\n{report:#?}", saved.text);
    // What is kept is not kept twice.
    let again = saved::save(&package, &after.tests, &analysis);
    assert_eq!((again.tests, again.already, again.text.as_str()), (0, tests, ""));
    saved.text
}

#[test]
fn a_conflict_is_kept_with_the_request_that_shows_it() {
    let source = format!(
        "PACKAGE p {{ VERSION: \"1.0.0\" DEFAULT: ALLOW }}\n{SCHEMA}{}{}",
        policy("one", "a == \"x\"", "b == \"y\""),
        policy("two", "a == \"x\"", "b == \"z\"")
    );
    assert_eq!(
        kept(&source, 1),
        "// The smallest requests that show what `aecp analyse` found, and what is decided over them.

TEST \"no request that is in the scopes of both policy `one` and policy `two` can satisfy both, because of what is \
         asked of `b`: all of them are denied\" {
  GIVEN {
    a: \"x\"
  }
  EXPECT DENY BY one
}
"
    );
}

#[test]
fn hiding_and_gaps_are_kept() {
    let source = format!(
        "PACKAGE p {{ VERSION: \"1.0.0\" }}\n{SCHEMA}{}",
        policy(
            "one",
            "roles CONTAINS \"x\"",
            "b IS NOT PRESENT OR b == \"\\\"\\\\\\n\\u{202e}\""
        )
    );
    let text = kept(&source, 2);
    for part in [
        "EXPECT DENY BY default",
        "CASE \"with b\" {} EXPECT DENY BY one",
        "CASE \"without b\" {\n    b: ABSENT\n  } EXPECT ALLOW",
        "roles: [\"x\"]",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn what_no_request_shows_is_counted() {
    let source = format!(
        "PACKAGE p {{ VERSION: \"1.0.0\" DEFAULT: ALLOW }}\n{SCHEMA}{}",
        policy("one", "a == \"x\" AND a == \"y\"", "b == \"y\"")
    );
    let checked = checked(&[("p.aecp", &source)]);
    let package = checked.package.unwrap();
    let saved = saved::save(&package, &[], &analyse(&package, Budget::default()));
    assert_eq!(
        (saved.tests, saved.without_request, saved.text.as_str()),
        (0, 1, "")
    );
}

#[test]
fn parameters_and_the_time_are_kept_too() {
    let source = format!(
        "PACKAGE p {{ VERSION: \"1.0.0\" }} SCHEMA {{ size: INTEGER }}\nPARAM limit: INTEGER = 10 RANGE 1..100\n{}{}",
        "POLICY small { SCOPE: requests WHERE size > limit CONSTRAINT: size < 90 ENFORCEMENT: BLOCKING EFFECTIVE: FROM \
         \"2026-01-01T00:00:00Z\" }\n",
        "POLICY large { SCOPE: requests WHERE limit > 80 CONSTRAINT: size > 95 ENFORCEMENT: BLOCKING }\n",
    );
    let text = kept(&source, 2);
    // The policies are about one request only where a bundle sets the parameter.
    assert!(text.contains("limit: ") && text.contains("NOW: "), "{text}");
}

/// The types that a schema can declare, one attribute for each.
fn types() -> impl Iterator<Item = Type> {
    Type::ALL.into_iter().filter(|known| *known != Type::SetOfNetwork)
}

/// A package that reads one attribute of each type.
fn of_every_type() -> (String, Package) {
    let mut source = "PACKAGE p { VERSION: \"1.0.0\" }\nSCHEMA {\n".to_owned();
    let mut present = Vec::new();
    for (index, value_type) in types().enumerate() {
        source.push_str(&format!("a{index:02}: {} OPTIONAL\n", value_type.name()));
        present.push(format!("a{index:02} IS PRESENT"));
    }
    source.push_str("}\n");
    source.push_str(&policy("all", "true", &present.join(" AND ")));
    let package = checked(&[("p.aecp", &source)]).package.unwrap();
    (source, package)
}

#[test]
fn every_value_is_written_so_that_it_reads_back() {
    let (source, package) = of_every_type();
    proptest!(|(given in testing::values(&package), texts in any::<[String; 3]>())| {
        let mut values = given;
        for (value, declared) in values.iter_mut().zip(types()) {
            // A test cannot give a value of another type.
            if value.value_type().is_some_and(|given| given != declared) {
                *value = Value::Absent;
            }
        }
        values[0] = Value::Text(texts[0].clone());
        values[13] = Value::failed(texts[1].clone());
        let finding = Finding {
            kind: Kind::CoverageGap,
            severity: Severity::Information,
            policies: Vec::new(),
            attribute: None,
            because: Vec::new(),
            sentence: format!("what {} says", texts[2]),
            witness: Some(values.clone()),
        };
        let analysis = Analysis { findings: vec![finding], ..Analysis::default() };
        let saved = saved::save(&package, &[], &analysis);
        let formatted = format::source(&saved.text);
        prop_assert_eq!(formatted.as_ref(), Ok(&saved.text));
        let read = checked(&[("p.aecp", &source), ("q.aecp", &saved.text)]);
        prop_assert!(suite::run(&package, &read.tests).passed());
        prop_assert_eq!(read.tests[0].cases[0].values(&package), values);
    });
}
