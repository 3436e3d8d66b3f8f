//! Parameters, periods and defaults: what they mean, and what is wrong with them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_compiler::core::{InputKind, Package};
use aecp_compiler::diagnostic::{Code, Diagnostic};
use aecp_compiler::package::{Checked, check};
use aecp_compiler::source::SourceFile;
use aecp_compiler::{analysis, emit, interpreter, suite};
use aecp_vocabulary::{Outcome, Type, Value};

const HEADER: &str = "PACKAGE p { VERSION: \"1.0.0\" }\n\
    SCHEMA { size: INTEGER  region: TEXT OPTIONAL  storage.location: TEXT OPTIONAL  peer: ADDRESS  age: DURATION }\n";

fn checked(text: &str) -> Checked {
    check(&[SourceFile::new("a.aecp", format!("{HEADER}{text}"))])
}

fn package(text: &str) -> Package {
    let checked = checked(text);
    assert_eq!(checked.diagnostics, [], "{text}");
    checked.package.unwrap()
}

fn policy(constraint: &str) -> String {
    format!("POLICY q {{ SCOPE: requests CONSTRAINT: {constraint} ENFORCEMENT: BLOCKING }}")
}

/// The one diagnostic of `text`, where `⟦` and `⟧` mark it.
#[track_caller]
fn one(text: &str, code: Code, says: &str) {
    let marked = format!("{HEADER}{text}");
    let (before, rest) = marked.split_once('⟦').unwrap();
    let (inside, after) = rest.split_once('⟧').unwrap();
    let checked = check(&[SourceFile::new("a.aecp", format!("{before}{inside}{after}"))]);
    let found: Vec<&Diagnostic> = checked.diagnostics.iter().collect();
    assert_eq!(found.len(), 1, "{text}\n{found:#?}");
    assert_eq!(found[0].code, code, "{text}\n{:#?}", found[0]);
    let span = found[0].primary.as_ref().unwrap().place.span.range();
    assert_eq!(
        span,
        before.len()..before.len() + inside.len(),
        "{text}\n{:#?}",
        found[0]
    );
    let told = format!(
        "{} / {}",
        found[0].message,
        found[0].help.clone().unwrap_or_default()
    );
    assert!(told.contains(says), "{text}\n{told}");
}

/// The outcome of the first policy; none if it does not apply, or is satisfied.
fn outcome(package: &Package, values: &[(&str, Value)]) -> Option<Outcome> {
    let value = |input: &aecp_compiler::core::Input| {
        let given = values.iter().find(|(name, _)| *name == input.name.as_str());
        given.map_or_else(|| input.plain(), |(_, value)| value.clone())
    };
    let values: Vec<Value> = package.inputs.iter().map(value).collect();
    let found = interpreter::evaluate(package, &values);
    found.findings.first().map(|finding| finding.outcome)
}

#[test]
fn parameters_of_every_type_are_operands() {
    let text = format!(
        "PARAM limit: INTEGER = 10 RANGE -5..100\n\
         PARAM home: TEXT = \"EU\"\n\
         PARAM strict: BOOLEAN = false\n\
         PARAM longest: DURATION = 1h RANGE 0s..1d\n\
         PARAM office: CIDR = \"10.0.0.0/8\"\n\
         PARAM sizes: SET OF INTEGER = [1, 2, -3]\n{}",
        policy(
            "size < limit AND storage.location == home AND NOT strict AND age <= longest AND peer WITHIN office AND \
             size IN sizes AND storage.location IS PRESENT"
        )
    );
    let package = package(&text);
    let types: Vec<(&str, Type)> = package
        .inputs
        .iter()
        .filter(|input| matches!(input.kind, InputKind::Parameter(_)))
        .map(|input| (input.name.as_str(), input.value_type))
        .collect();
    assert_eq!(
        types,
        [
            ("home", Type::Text),
            ("limit", Type::Integer),
            ("longest", Type::Duration),
            ("office", Type::Network),
            ("sizes", Type::SetOfInteger),
            ("strict", Type::Boolean)
        ]
    );
    let limit = package
        .inputs
        .iter()
        .find(|input| input.name.as_str() == "limit")
        .unwrap();
    let limit = limit.parameter().unwrap();
    assert_eq!(limit.default, Value::Integer(10));
    assert_eq!(
        (limit.minimum.clone(), limit.maximum.clone()),
        (Some(Value::Integer(-5)), Some(Value::Integer(100)))
    );
    let request = |limit: Value| {
        vec![
            ("size", Value::Integer(2)),
            ("storage.location", Value::Text("EU".to_owned())),
            ("age", Value::Duration(5)),
            (
                "peer",
                Value::Address("10.1.1.1".parse::<std::net::IpAddr>().unwrap().into()),
            ),
            ("limit", limit),
        ]
    };
    assert_eq!(outcome(&package, &request(Value::Integer(3))), None);
    assert_eq!(
        outcome(&package, &request(Value::Integer(2))),
        Some(Outcome::Violated)
    );
    assert!(emit::component(&[package]).is_ok());
}

#[test]
fn what_is_wrong_with_a_parameter_is_told_at_its_place() {
    let read = policy("size < x");
    let p = |declaration: &str| format!("{declaration}\n{read}");
    one(
        &p("PARAM x: INTEGER = ⟦0⟧ RANGE 1..100"),
        Code::OutsideRange,
        "inside of 1..100",
    );
    one(
        &p("PARAM x: INTEGER = 50 ⟦RANGE 100..1⟧"),
        Code::InvalidRange,
        "exchange",
    );
    one(
        &p("PARAM x: INTEGER = ⟦\"5\"⟧"),
        Code::TypeMismatch,
        "without quotes",
    );
    one(
        &p("PARAM x: INTEGER = 5 RANGE 1..⟦\"9\"⟧"),
        Code::TypeMismatch,
        "without quotes",
    );
    one(
        &p("PARAM x: INTEGER ⟦RANGE⟧ 1..2"),
        Code::UnexpectedToken,
        "PARAM threshold",
    );
    one(
        &p("PARAM x: INTEGER = 2 RANGE 1 ⟦-⟧ 2"),
        Code::UnexpectedToken,
        "RANGE 1..100",
    );
    one(
        &p("PARAM x: INTEGER = 5 PARAM ⟦x⟧: INTEGER = 6"),
        Code::DuplicateParameter,
        "keep one",
    );
    one(
        &p("PARAM x: INTEGER = 5 CLASS ⟦x⟧: size == 1"),
        Code::AmbiguousName,
        "rename one",
    );
    one(
        &p("PARAM x: INTEGER = 5 SCHEMA { ⟦x⟧: INTEGER }"),
        Code::AmbiguousName,
        "of a parameter already",
    );
    let text = "PARAM x: TEXT = \"b\" ⟦RANGE \"a\"..\"c\"⟧\n";
    one(
        &format!("{text}{}", policy("storage.location == x")),
        Code::InvalidRange,
        "leave RANGE out",
    );
    one(
        &format!("PARAM ⟦a.b⟧: INTEGER = 1\n{}", policy("size < 1")),
        Code::MalformedName,
        "one word",
    );
    one(
        &format!("PARAM ⟦y⟧: INTEGER = 1\n{}", policy("size < 1")),
        Code::UnusedParameter,
        "no bundle can set it",
    );
    let present = policy("⟦x⟧ IS PRESENT AND size < x");
    one(
        &format!("PARAM x: INTEGER = 1\n{present}"),
        Code::TypeMismatch,
        "always present",
    );
    one(
        &format!("CLASS ⟦region⟧: size == 1\n{}", policy("size < 1")),
        Code::AmbiguousName,
        "rename one",
    );
}

#[test]
fn tests_may_set_parameters() {
    let text = format!("PARAM x: INTEGER = 10 RANGE 1..100\n{}", policy("size < x"));
    let given = |given: &str, expected: &str| {
        format!("{text} TEST \"t\" {{ GIVEN {{ size: 10 {given} }} EXPECT {expected} }}")
    };
    for (setting, expected) in [
        ("", "DENY BY q"),
        ("x: 11", "ALLOW BY q"),
        ("x: 10", "DENY BY q BECAUSE CONTAINS \"x is 10\""),
    ] {
        let checked = checked(&given(setting, expected));
        assert_eq!(checked.diagnostics, []);
        let report = suite::run(&checked.package.unwrap(), &checked.tests);
        assert!(report.passed(), "{setting}: {report:#?}");
    }
    one(&given("x: ⟦101⟧", "DENY"), Code::OutsideRange, "1..100");
    one(
        &given("x: ⟦ABSENT⟧", "DENY"),
        Code::TypeMismatch,
        "always has a value",
    );
}

#[test]
fn what_is_proven_holds_for_every_value_in_the_range() {
    let kinds = |text: &str| {
        let package = package(text);
        let found = analysis::analyse(&package, analysis::Budget::default());
        assert_eq!(found.inconsistencies, []);
        assert_eq!(found.not_decided, []);
        let kinds: Vec<analysis::Kind> = found.findings.iter().map(|finding| finding.kind).collect();
        (package, found, kinds)
    };
    let scoped = |range: &str| {
        format!(
            "PARAM x: INTEGER = 10 {range}\nPOLICY q {{ SCOPE: requests WHERE size > 100 CONSTRAINT: size < x ENFORCEMENT: \
             BLOCKING }}"
        )
    };
    let (_, _, found) = kinds(&scoped("RANGE 1..100"));
    assert!(found.contains(&analysis::Kind::ConstraintContradiction));
    let (_, _, found) = kinds(&scoped("RANGE 1..102"));
    assert!(!found.contains(&analysis::Kind::ConstraintContradiction));
    let (_, _, found) = kinds(&scoped(""));
    assert!(!found.contains(&analysis::Kind::ConstraintContradiction));
    // A request that shows something has the default where that will do.
    let (package, found, _) = kinds(
        "PARAM x: INTEGER = 10 RANGE 1..100\nPOLICY q { SCOPE: requests WHERE size < x CONSTRAINT: size < 50 ENFORCEMENT: \
         BLOCKING }",
    );
    let gap = found
        .findings
        .iter()
        .find(|finding| finding.kind == analysis::Kind::CoverageGap)
        .unwrap();
    let index = package
        .inputs
        .iter()
        .position(|input| input.name.as_str() == "x")
        .unwrap();
    assert_eq!(gap.witness.as_ref().unwrap()[index], Value::Integer(10));
}

#[test]
fn packages_of_one_component_share_parameters_that_are_alike() {
    let named = |name: &str, default: &str| {
        let text = format!(
            "PARAM x: INTEGER = {default} RANGE 1..100\n{}",
            policy("size < x")
        );
        let mut package = package(&text);
        package.name = name.to_owned();
        package
    };
    assert!(emit::component(&[named("a", "5"), named("b", "5")]).is_ok());
    let refused = emit::component(&[named("a", "5"), named("b", "6")]);
    assert_eq!(
        refused,
        Err(emit::EmitError::ParameterConflict { name: "x".to_owned() })
    );
}

fn effective(period: &str) -> String {
    format!(
        "POLICY q {{ SCOPE: requests WHERE size > 0 CONSTRAINT: size < 5 ENFORCEMENT: BLOCKING EFFECTIVE: {period} }}"
    )
}

const NEW_YEAR: &str = "2026-01-01T00:00:00Z";

#[test]
fn a_policy_applies_inside_of_its_period_alone() {
    let begin = aecp_vocabulary::text::instant(NEW_YEAR).unwrap();
    let end = aecp_vocabulary::text::instant("2027-01-01T00:00:00Z").unwrap();
    let second = 1_000_000_000;
    let judge = |period: &str, now: i64| {
        let package = package(&effective(period));
        outcome(
            &package,
            &[("size", Value::Integer(7)), ("now", Value::Instant(now))],
        )
    };
    let (from, until) = (
        format!("FROM \"{NEW_YEAR}\""),
        "UNTIL \"2027-01-01T00:00:00Z\"".to_owned(),
    );
    let both = format!("{from} {until}");
    let inside = Some(Outcome::Violated);
    for (period, before, at_begin, at_end) in [
        (&both, None, inside, None),
        (&from, None, inside, inside),
        (&until, inside, inside, None),
    ] {
        assert_eq!(judge(period, begin - second), before, "{period}");
        assert_eq!(judge(period, begin), at_begin, "{period}");
        assert_eq!(judge(period, begin + second), at_begin, "{period}");
        assert_eq!(judge(period, end - second), inside, "{period}");
        assert_eq!(judge(period, end), at_end, "{period}");
    }
}

#[test]
fn a_period_is_told_to_people_and_to_the_enforcement_point() {
    let package = package(&effective(&format!("FROM \"{NEW_YEAR}\"")));
    let now = package.inputs.last().unwrap();
    assert_eq!(
        (now.name.as_str(), &now.kind, now.value_type),
        ("now", &InputKind::Now, Type::Instant)
    );
    let told = &package.policies[0].annotations[0];
    assert_eq!(
        (told.key.as_str(), told.value.as_str()),
        ("effective", "from 2026-01-01T00:00:00Z")
    );
    assert!(emit::component(&[package]).is_ok());
}

#[test]
fn tests_say_what_time_it_is() {
    let text = effective(&format!("FROM \"{NEW_YEAR}\" UNTIL \"2027-01-01T00:00:00Z\""));
    let case = |now: &str, expected: &str| format!("CASE {{ NOW: \"{now}\" size: 7 }} EXPECT {expected} ");
    let text = format!(
        "{text} TEST \"t\" {{ {}{}{}{} }}",
        case("2025-12-31T23:59:59Z", "DENY BY default"),
        case(NEW_YEAR, "DENY BY q"),
        case("2026-12-31T23:59:59Z", "DENY BY q"),
        case("2027-01-01T00:00:00Z", "DENY BY default"),
    );
    let found = checked(&text);
    assert_eq!(found.diagnostics, []);
    let package = found.package.unwrap();
    let report = suite::run(&package, &found.tests);
    assert!(report.passed(), "{report:#?}");
    let covered = suite::coverage(&package, &found.tests);
    assert!(
        covered.gaps.iter().all(|gap| !gap.atom.starts_with("now ")),
        "{:#?}",
        covered.gaps
    );
    let untimed = "TEST ⟦\"t\"⟧ { GIVEN { size: 7 } EXPECT DENY BY q }";
    one(
        &format!("{}{untimed}", effective(&format!("FROM \"{NEW_YEAR}\""))),
        Code::MissingNow,
        "add `NOW:",
    );
}

#[test]
fn what_is_wrong_with_a_period_is_told_at_its_place() {
    let p = |field: &str| {
        format!("POLICY q {{ SCOPE: requests CONSTRAINT: size < 5 ENFORCEMENT: BLOCKING {field} }}")
    };
    let same = format!("⟦EFFECTIVE: FROM \"{NEW_YEAR}\" UNTIL \"{NEW_YEAR}\"⟧");
    one(&p(&same), Code::EmptyPeriod, "ends before it begins");
    one(
        &p("EFFECTIVE: FROM ⟦\"tomorrow\"⟧"),
        Code::InvalidInstant,
        "offset",
    );
    one(
        &p("EFFECTIVE: ⟦\"2026-01-01T00:00:00Z\"⟧"),
        Code::UnexpectedToken,
        "UNTIL",
    );
    one(
        &p(&format!("EFFECTIVE: UNTIL \"{NEW_YEAR}\" ⟦FROM⟧ \"{NEW_YEAR}\"")),
        Code::UnexpectedToken,
        "in this order",
    );
    one(
        &p("EFFECTIVE: ⟦}⟧").replace("⟧ }", "⟧"),
        Code::UnexpectedToken,
        "FROM",
    );
    let twice = format!("EFFECTIVE: FROM \"{NEW_YEAR}\" ⟦EFFECTIVE: FROM \"{NEW_YEAR}\"⟧");
    one(&p(&twice), Code::DuplicateField, "keep one");
}

#[test]
fn the_analysis_sees_periods() {
    let policy = |name: &str, scope: &str, constraint: &str, period: &str| {
        format!(
            "POLICY {name} {{ SCOPE: requests {scope} CONSTRAINT: {constraint} ENFORCEMENT: BLOCKING EFFECTIVE: {period} }}"
        )
    };
    let kinds = |first: &str, second: &str| {
        let text = policy("a", "", "size < 5", first) + &policy("b", "", "size > 5", second);
        let package = package(&text);
        let found = analysis::analyse(&package, analysis::Budget::default());
        assert_eq!((found.inconsistencies, found.not_decided), (vec![], vec![]));
        found
            .findings
            .iter()
            .map(|finding| finding.kind)
            .collect::<Vec<_>>()
    };
    let (this, next) = (
        "FROM \"2026-01-01T00:00:00Z\" UNTIL \"2027-01-01T00:00:00Z\"",
        "FROM \"2027-01-01T00:00:00Z\"",
    );
    assert!(!kinds(this, next).contains(&analysis::Kind::PoliciesConflict));
    let overlapping = "FROM \"2026-12-31T00:00:00Z\"";
    assert!(kinds(this, overlapping).contains(&analysis::Kind::PoliciesConflict));
    // One policy until then, the other one from then on: nothing is outside of both.
    let until = "UNTIL \"2027-01-01T00:00:00Z\"";
    assert!(kinds(until, next).contains(&analysis::Kind::DefaultUnreachable));
}

/// A package with a tier that may be missing, and one policy.
fn tiered(default: &str, scope: &str, constraint: &str) -> String {
    format!(
        "SCHEMA {{ tier: TEXT OPTIONAL {default}  tags: SET OF TEXT OPTIONAL DEFAULT [\"a\", \"b\"]  limit: INTEGER \
         OPTIONAL DEFAULT 5 }}\nPOLICY q {{ SCOPE: requests WHERE {scope} CONSTRAINT: {constraint} ENFORCEMENT: BLOCKING \
         REASON: \"tier {{tier}}, tags {{tags}}\" }}"
    )
}

#[test]
fn a_default_is_read_in_the_place_of_absence_alone() {
    let package = package(&tiered("DEFAULT \"none\"", "size > 0", "tier == \"gold\""));
    let judge = |tier: Value| outcome(&package, &[("size", Value::Integer(1)), ("tier", tier)]);
    assert_eq!(judge(Value::Text("gold".to_owned())), None);
    assert_eq!(judge(Value::Absent), Some(Outcome::Violated));
    assert_eq!(judge(Value::failed("no answer")), Some(Outcome::Indeterminate));
    assert_eq!(judge(Value::Integer(1)), Some(Outcome::Indeterminate));
    let index = |name: &str| {
        package
            .inputs
            .iter()
            .position(|input| input.name.as_str() == name)
            .unwrap()
    };
    let mut values: Vec<Value> = package.inputs.iter().map(|_| Value::Absent).collect();
    values[index("size")] = Value::Integer(1);
    let decision = suite::decision::decide(&package, &values);
    assert_eq!(decision.findings[0].reason, "tier none, tags [a, b]");
    let told = aecp_compiler::explain::explain(&package, &values);
    let read = &told[0].constraint.as_ref().unwrap().reads[0];
    assert_eq!(read.1, "none (absent, so the default)");
}

#[test]
fn attributes_of_every_type_may_have_a_default() {
    let package = package(
        "SCHEMA { text: TEXT OPTIONAL DEFAULT \"a\"  whole: INTEGER OPTIONAL DEFAULT -3  part: DECIMAL OPTIONAL DEFAULT 2
           holds: BOOLEAN OPTIONAL DEFAULT true  at: INSTANT OPTIONAL DEFAULT \"2026-01-01T01:00:00+01:00\"
           long: DURATION OPTIONAL DEFAULT 1h30m  from: ADDRESS OPTIONAL DEFAULT \"10.0.0.1\"
           net: CIDR OPTIONAL DEFAULT \"10.0.0.0/8\"  none: SET OF TEXT OPTIONAL DEFAULT [] }
         POLICY q { SCOPE: requests ENFORCEMENT: BLOCKING CONSTRAINT: text == \"a\" AND whole == -3 AND part == 2.0 AND holds
           AND at == \"2026-01-01T00:00:00Z\" AND long == 90m AND from WITHIN net AND NOT none CONTAINS \"x\" }",
    );
    assert_eq!(outcome(&package, &[]), None);
    for (name, other) in [
        ("text", Value::Text(String::new())),
        ("whole", Value::Integer(3)),
        ("part", Value::Decimal(2)),
        ("holds", Value::Boolean(false)),
        ("at", Value::Instant(0)),
        ("long", Value::Duration(1)),
        (
            "from",
            Value::Address("11.0.0.1".parse::<std::net::IpAddr>().unwrap().into()),
        ),
        ("none", Value::SetOfText(vec!["x".to_owned()])),
    ] {
        assert_eq!(
            outcome(&package, &[(name, other)]),
            Some(Outcome::Violated),
            "{name}"
        );
        let failed = outcome(&package, &[(name, Value::failed("no answer"))]);
        assert_eq!(failed, Some(Outcome::Indeterminate), "{name}");
    }
    // The enforcement point is told, since it writes the reasons.
    let told = |name: &str| {
        let input = package
            .inputs
            .iter()
            .find(|input| input.name.as_str() == name)
            .unwrap();
        match aecp_vocabulary::policy::Input::from(input) {
            aecp_vocabulary::policy::Input::Attribute {
                default, optional, ..
            } => (optional, default),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told("long"), (true, Some(Value::Duration(5_400_000_000_000))));
    assert_eq!(told("none"), (true, Some(Value::SetOfText(Vec::new()))));
    assert!(emit::component(std::slice::from_ref(&package)).is_ok());
}

#[test]
fn presence_is_what_the_request_has() {
    let present = package(&tiered(
        "DEFAULT \"none\"",
        "tier == \"none\"",
        "tier IS NOT PRESENT",
    ));
    assert_eq!(outcome(&present, &[]), None);
    let given = [("tier", Value::Text("none".to_owned()))];
    assert_eq!(outcome(&present, &given), Some(Outcome::Violated));
    let sets = package(&tiered(
        "",
        "tags CONTAINS \"a\" AND limit <= 5",
        "tags CONTAINS \"c\"",
    ));
    assert_eq!(outcome(&sets, &[]), Some(Outcome::Violated));
    let given = [("tags", Value::SetOfText(vec!["a".to_owned(), "c".to_owned()]))];
    assert_eq!(outcome(&sets, &given), None);
    assert_eq!(outcome(&sets, &[("limit", Value::Integer(6))]), None);
}

#[test]
fn the_analysis_takes_absence_for_the_default() {
    let kinds = |scope: &str, constraint: &str| {
        let package = package(&tiered("DEFAULT \"none\"", scope, constraint));
        let found = analysis::analyse(&package, analysis::Budget::default());
        assert_eq!((found.inconsistencies, found.not_decided), (vec![], vec![]));
        found
            .findings
            .iter()
            .map(|finding| finding.kind)
            .collect::<Vec<_>>()
    };
    use analysis::Kind;
    assert!(kinds("tier IS NOT PRESENT", "tier != \"none\"").contains(&Kind::ConstraintContradiction));
    assert!(!kinds("tier IS NOT PRESENT", "tier == \"none\"").contains(&Kind::ConstraintContradiction));
    assert!(kinds("tags IS NOT PRESENT", "tags CONTAINS \"c\"").contains(&Kind::ConstraintContradiction));
    assert!(!kinds("tags IS NOT PRESENT", "tags CONTAINS \"a\"").contains(&Kind::ConstraintContradiction));
    // Who leaves the tier out is taken for one of none.
    assert!(kinds("size > 0", "tier == \"none\"").contains(&Kind::AttributeHiding));
    assert!(!kinds("size > 0", "tier == \"gold\"").contains(&Kind::AttributeHiding));
}

#[test]
fn what_is_wrong_with_a_default_is_told_at_its_place() {
    let p = |attribute: &str| format!("SCHEMA {{ {attribute} }}\n{}", policy("size < 5"));
    one(
        &p("tier: TEXT DEFAULT ⟦\"none\"⟧"),
        Code::InvalidDefault,
        "OPTIONAL DEFAULT",
    );
    one(&p("tier: TEXT OPTIONAL DEFAULT ⟦5⟧"), Code::TypeMismatch, "\"5\"");
    one(
        &p("tier: TEXT OPTIONAL DEFAULT ⟦}⟧").replace("⟧ }", "⟧"),
        Code::UnexpectedToken,
        "customer.tier",
    );
    one(
        &p("tiers: SET OF TEXT OPTIONAL DEFAULT [\"a\", ⟦1⟧]"),
        Code::TypeMismatch,
        "",
    );
}

#[test]
fn packages_of_one_component_keep_their_defaults() {
    let named = |name: &str, default: &str| {
        let mut package = package(&tiered(default, "size > 0", "tier == \"gold\""));
        package.name = name.to_owned();
        package
    };
    assert!(emit::component(&[named("a", "DEFAULT \"none\""), named("b", "DEFAULT \"gold\"")]).is_ok());
}
