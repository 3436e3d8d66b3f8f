//! What policies do where an OPTIONAL attribute is absent, and the warning that says so.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use std::fmt::Write as _;
use std::time::Instant;

use aecp_compiler::diagnostic::{Code, Diagnostic, Severity};
use aecp_compiler::package::{Checked, check};
use aecp_compiler::source::SourceFile;

const HEADER: &str = "PACKAGE p { VERSION: \"1.0.0\" }\n\
    SCHEMA { x: TEXT OPTIONAL  y: TEXT OPTIONAL  n: INTEGER OPTIONAL  s: SET OF TEXT OPTIONAL  z: TEXT  b: BOOLEAN  c: BOOLEAN  \
    d: TEXT OPTIONAL DEFAULT \"none\" }\n";

fn check_text(text: &str) -> Checked {
    check(&[SourceFile::new("a.aecp", format!("{HEADER}{text}"))])
}

fn policy(scope: &str, constraint: &str, mode: &str) -> String {
    format!("POLICY q {{ SCOPE: requests WHERE {scope} CONSTRAINT: {constraint} ENFORCEMENT: {mode} }}")
}

/// The warnings of `text`, in which `⟦` and `⟧` mark where each is.
#[track_caller]
fn warnings(text: &str) -> Vec<Diagnostic> {
    let mut plain = HEADER.to_owned();
    let mut spans = Vec::new();
    for (index, part) in text.split(['⟦', '⟧']).enumerate() {
        if index % 2 == 1 {
            spans.push(plain.len()..plain.len() + part.len());
        }
        plain.push_str(part);
    }
    let checked = check(&[SourceFile::new("a.aecp", plain)]);
    assert!(checked.package.is_some(), "{text}\n{:#?}", checked.diagnostics);
    let found = checked.diagnostics;
    assert!(
        found
            .iter()
            .all(|found| found.code == Code::UnguardedOptional && found.severity == Severity::Warning),
        "{found:#?}"
    );
    let places: Vec<_> = found
        .iter()
        .map(|found| found.primary.as_ref().unwrap().place.span.range())
        .collect();
    assert_eq!(places, spans, "{text}\n{found:#?}");
    found
}

#[test]
fn the_warning_says_what_the_policy_then_does() {
    for (scope, constraint, mode, says, help) in [
        (
            "b",
            "⟦x⟧ == \"a\"",
            "BLOCKING",
            "where `x` is absent, policy `q` cannot tell whether its constraint holds, and denies the request",
            "`x IS PRESENT AND …` is violated",
        ),
        (
            "⟦x⟧ == \"a\"",
            "b",
            "BLOCKING",
            "where `x` is absent, policy `q` cannot tell whether it applies, and denies the request",
            "leave such requests out: `x IS PRESENT AND …`",
        ),
        (
            "⟦x⟧ == \"a\"",
            "b",
            "ADVISORY",
            "cannot tell whether it applies, and denies nothing: it raises an alert",
            "OPTIONAL DEFAULT",
        ),
        (
            "b",
            "⟦x⟧ == \"a\"",
            "AUDIT_ONLY",
            "cannot tell whether its constraint holds, and denies nothing: that it is indeterminate is recorded",
            "leave OPTIONAL out",
        ),
    ] {
        let found = warnings(&policy(scope, constraint, mode));
        assert!(found[0].message.contains(says), "{}", found[0].message);
        assert!(found[0].help.as_ref().unwrap().contains(help), "{found:#?}");
        assert_eq!(found[0].secondary[0].message, "declared OPTIONAL here");
    }
}

#[test]
fn what_is_guarded_is_not_warned_of_and_what_is_not_is_found_where_it_is_read() {
    for (scope, constraint) in [
        // Presence, in the scope or beside what it guards; a default; what is decided without it.
        ("x IS PRESENT", "x == \"a\""),
        ("x IS PRESENT AND x == \"a\"", "b"),
        ("b", "x == \"a\" AND x IS PRESENT"),
        ("b", "x IS NOT PRESENT OR x == \"a\""),
        ("b", "NOT (x IS PRESENT AND NOT x == \"a\")"),
        ("x IS PRESENT AND y IS PRESENT", "x == y"),
        ("b", "d == \"gold\" AND z == \"a\""),
        ("false", "x == \"a\""),
        ("b", "x IS PRESENT"),
        // And the rest.
        ("b", "x IS PRESENT AND ⟦y⟧ == \"a\""),
        ("b", "b OR ⟦x⟧ == \"a\""),
        ("x IS NOT PRESENT", "⟦x⟧ == \"a\""),
        ("b", "⟦x⟧ == ⟦y⟧"),
        ("b", "(x IS PRESENT AND x == \"a\") OR NOT (c AND ⟦x⟧ != \"b\")"),
        ("b", "z == \"a\" AND (c OR 1 + ⟦n⟧ * 2 > 5)"),
        ("b", "⟦s⟧ CONTAINS ANY [\"a\", \"b\"] AND z NOT IN [\"x\", \"y\"]"),
        ("⟦x⟧ LIKE \"a*\" AND x STARTS WITH \"b\"", "x == \"a\""),
        ("b OR z IN ⟦s⟧", "⟦n⟧ < 5"),
    ] {
        warnings(&policy(scope, constraint, "BLOCKING"));
    }
}

#[test]
fn a_class_reads_for_the_policies_that_use_it() {
    let class = "CLASS known: c AND ⟦x⟧ == \"a\"\n";
    let two =
        "POLICY one { SCOPE: known WHERE y IS PRESENT AND y == \"a\" CONSTRAINT: b ENFORCEMENT: BLOCKING }\n";
    let found = warnings(&format!("{class}{two}"));
    assert_eq!(found[0].secondary[0].message, "the class is this policy's scope");
    assert!(found[0].message.contains("policy `one`"));
    let own = "CLASS known: c\nPOLICY one { SCOPE: known WHERE b AND ⟦y⟧ == \"a\" CONSTRAINT: b ENFORCEMENT: BLOCKING }\n";
    assert_eq!(warnings(own)[0].secondary.len(), 1);
    // A class of which the policy's own condition leaves nothing open.
    let guarded = "CLASS known: x == \"a\"\n\
                   POLICY one { SCOPE: known WHERE x IS PRESENT CONSTRAINT: b ENFORCEMENT: BLOCKING }\n";
    warnings(guarded);
}

#[test]
fn reasons_and_periods_need_no_guard() {
    let shown = policy("b", "x IS PRESENT", "BLOCKING").replace(" }", " REASON: \"{y}\" }");
    warnings(&shown);
    let timed =
        policy("⟦x⟧ == \"a\"", "b", "BLOCKING").replace(" }", " EFFECTIVE: FROM \"2026-01-01T00:00:00Z\" }");
    warnings(&timed);
}

#[test]
fn errors_come_first() {
    let text = format!(
        "{}{}",
        policy("b", "x == \"a\"", "BLOCKING"),
        policy("b", "w", "BLOCKING").replace("q {", "r {")
    );
    let codes: Vec<Code> = check_text(&text)
        .diagnostics
        .iter()
        .map(|found| found.code)
        .collect();
    assert_eq!(codes, [Code::UnknownAttribute]);
}

#[test]
fn what_many_policies_read_is_shown_of_some() {
    let policies = |count: usize| {
        let each =
            |index: usize| policy("b", "x == \"a\"", "BLOCKING").replace("q {", &format!("q{index} {{"));
        let text: String = (0..count).map(each).collect();
        let found = check_text(&text).diagnostics;
        found.into_iter().map(|found| found.message).collect::<Vec<_>>()
    };
    assert!(
        policies(16)
            .iter()
            .all(|message| message.contains("where `x` is absent"))
    );
    let found = policies(40);
    assert_eq!(found.len(), 17);
    // It stands where the attribute is declared, before all policies.
    assert_eq!(
        found[0],
        "24 more policies read `x` without a guard, only the first 16 are shown"
    );
}

#[test]
fn many_unguarded_reads_are_found_quickly_and_a_few_are_told() {
    let mut text = "PACKAGE p { VERSION: \"1.0.0\" }\nSCHEMA {\n".to_owned();
    let mut parts = Vec::new();
    for index in 0..4_000 {
        writeln!(text, "a{index}: TEXT OPTIONAL").unwrap();
        parts.push(format!("a{index} IS PRESENT AND a{index} == \"a\""));
    }
    text.push_str("}\n");
    for index in 0..20 {
        let condition = parts.join(" OR ");
        writeln!(
            text,
            "POLICY p{index} {{ SCOPE: requests WHERE {condition} CONSTRAINT: a1 == \"a\" ENFORCEMENT: BLOCKING }}"
        )
        .unwrap();
    }
    let begun = Instant::now();
    let checked = check(&[SourceFile::new("a.aecp", text)]);
    assert!(checked.package.is_some());
    assert!(checked.diagnostics.len() <= 257);
    assert!(begun.elapsed().as_secs() < 60);
}
