//! Tests of policies: what they mean, what is wrong with them, and what running them tells.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_compiler::diagnostic::{Code, Diagnostic};
use aecp_compiler::package::{Checked, check};
use aecp_compiler::source::SourceFile;
use aecp_compiler::suite::equivalence::BruteForce;
use aecp_compiler::suite::mutation::Budget;
use aecp_compiler::suite::run::Report;
use aecp_compiler::suite::{self, coverage, mutate};
use aecp_compiler::{emit, syntax};
use aecp_vocabulary::{Value, Verdict};

const PACKAGE: &str = r#"
PACKAGE eu_residency { VERSION: "1.0.0" }
SCHEMA {
  resource.type: TEXT
  customer.region: TEXT
  storage.location: TEXT
  request.size: INTEGER
  urgent: BOOLEAN
  tags: SET OF TEXT
  unread: TEXT
}
CLASS customer_data: resource.type == "customer_data"
POLICY data_residency_eu {
  SCOPE: customer_data WHERE customer.region == "EU"
  CONSTRAINT: storage.location IN ["eu-west-1", "eu-central-1"]
  ENFORCEMENT: BLOCKING
}
POLICY small_requests {
  SCOPE: requests WHERE urgent
  CONSTRAINT: request.size <= 10 AND NOT tags CONTAINS "secret"
  ENFORCEMENT: ADVISORY
}
"#;

/// The example of the mission, a table, a fixture, a clock.
const TESTS: &str = r#"
TEST "eu data in us is denied" {
  GIVEN {
    resource.type: "customer_data"
    customer.region: "EU"
    storage.location: "us-east-1"
  }
  EXPECT DENY BY data_residency_eu BECAUSE CONTAINS "us-east-1"
}

// What several tests begin with.
FIXTURE eu_customer {
  resource.type: "customer_data",
  customer.region: "EU",
  unread: "anything"
}

TEST "where eu data may be" {
  NOW: "2026-01-01T00:00:00Z"
  GIVEN eu_customer WITH { urgent: false tags: ["a", "b"] request.size: -1 }
  CASE "in Ireland" { storage.location: "eu-west-1" } EXPECT ALLOW BY data_residency_eu
  CASE { storage.location: "us-east-1" } EXPECT DENY BY data_residency_eu
  CASE "nobody knows" { storage.location: FAILED "no answer" NOW: "2026-01-01T01:00:00+01:00" }
    EXPECT DENY BECAUSE CONTAINS "no answer"
  CASE "another customer" { customer.region: "US" } EXPECT DENY BY default
  CASE "a customer of no region" { customer.region: ABSENT } EXPECT DENY BY data_residency_eu
}

TEST "fixtures stand alone" { GIVEN eu_customer EXPECT DENY }
"#;

fn checked(text: &str) -> Checked {
    let checked = check(&[SourceFile::new("a.aecp", text)]);
    assert!(checked.package.is_some(), "{:#?}", checked.diagnostics);
    checked
}

fn run(tests: &str) -> Report {
    let checked = checked(&format!("{PACKAGE}{tests}"));
    suite::run(&checked.package.unwrap(), &checked.tests)
}

#[test]
fn tests_read_as_they_are_written() {
    let checked = checked(&format!("{PACKAGE}{TESTS}"));
    assert_eq!(checked.diagnostics, []);
    let package = checked.package.as_ref().unwrap();
    let [first, table, alone] = checked.tests.as_slice() else {
        panic!("{:#?}", checked.tests)
    };
    assert_eq!(first.title, "eu data in us is denied");
    assert_eq!(first.cases.len(), 1);
    assert_eq!(first.cases[0].expected.verdict, Verdict::Deny);
    assert_eq!(first.cases[0].expected.because.as_deref(), Some("us-east-1"));
    assert_eq!(table.cases.len(), 5);
    assert_eq!(table.cases[0].title.as_deref(), Some("in Ireland"));
    // The case's clock is another spelling of the test's.
    assert_eq!(table.cases[0].now, Some(1_767_225_600_000_000_000));
    assert_eq!(table.cases[2].now, table.cases[0].now);
    assert_eq!(alone.cases[0].now, None);
    let value = |case: usize, name: &str| table.cases[case].given.value(&name.parse().unwrap()).clone();
    assert_eq!(value(0, "customer.region"), Value::Text("EU".to_owned()));
    assert_eq!(value(2, "storage.location"), Value::failed("no answer"));
    assert_eq!(value(3, "customer.region"), Value::Text("US".to_owned()));
    assert_eq!(value(4, "customer.region"), Value::Absent);
    assert_eq!(value(3, "storage.location"), Value::Absent);
    assert_eq!(value(0, "request.size"), Value::Integer(-1));
    assert_eq!(value(0, "urgent"), Value::Boolean(false));
    assert_eq!(
        value(0, "tags"),
        Value::SetOfText(vec!["a".to_owned(), "b".to_owned()])
    );
    let report = suite::run(package, &checked.tests);
    assert!(report.passed(), "{report:#?}");
}

#[test]
fn trees_with_tests_lose_nothing() {
    let parsed = syntax::parse(0, TESTS);
    assert_eq!(parsed.diagnostics, []);
    assert_eq!(parsed.syntax().text().to_string(), TESTS);
}

#[test]
fn tests_change_no_byte_of_the_component() {
    let without = checked(PACKAGE).package.unwrap();
    let with = checked(&format!("{PACKAGE}{TESTS}")).package.unwrap();
    assert_eq!(with, without);
    assert_eq!(
        emit::component(&[with]).unwrap(),
        emit::component(&[without]).unwrap()
    );
}

#[test]
fn failures_say_what_was_expected_and_what_came() {
    let failure = |test: &str| {
        let report = run(&format!("TEST \"t\" {{ {test} }}"));
        assert_eq!(report.failures(), 1, "{test}");
        let failure = report.tests[0].cases[0].failure.clone().unwrap();
        (failure.expected, failure.found)
    };
    let given = "resource.type: \"customer_data\" customer.region: \"EU\" urgent: false";
    assert_eq!(
        failure(&format!(
            "GIVEN {{ {given} storage.location: \"eu-west-1\" }} EXPECT DENY BY default"
        )),
        (
            "DENY by default".to_owned(),
            "ALLOW by `data_residency_eu`".to_owned()
        )
    );
    assert_eq!(
        failure(&format!(
            "GIVEN {{ {given} storage.location: \"us-east-1\" }} EXPECT ALLOW"
        ))
        .1,
        "DENY by `data_residency_eu` (storage.location must be one of [\"eu-central-1\", \"eu-west-1\"] but is \
         us-east-1)"
    );
    assert_eq!(
        failure(&format!(
            "GIVEN {{ {given} }} EXPECT DENY BECAUSE CONTAINS \"us-east-1\""
        )),
        (
            "DENY, with a reason that contains `us-east-1`".to_owned(),
            "DENY by `data_residency_eu` (cannot be told: `storage.location` is absent)".to_owned()
        )
    );
    let other = "GIVEN { resource.type: \"x\" customer.region: \"EU\" } EXPECT ALLOW";
    assert_eq!(
        failure(other).1,
        "DENY by default (no blocking policy of eu_residency covers this request)"
    );
}

#[test]
fn advisory_policies_decide_nothing() {
    let given = "resource.type: \"customer_data\" customer.region: \"EU\" storage.location: \"eu-west-1\"";
    let report = run(&format!(
        "TEST \"t\" {{ GIVEN {{ {given} urgent: true request.size: 99 tags: [] }} EXPECT ALLOW }}"
    ));
    assert!(report.passed());
    assert_eq!(report.tests[0].cases[0].decision.findings.len(), 1);
}

/// Checks the package with `marked` behind it; `⟦` and `⟧` mark where the one error must be.
#[track_caller]
fn error(marked: &str, code: Code, help: &str) {
    let marked = format!("{PACKAGE}{marked}");
    let (before, rest) = marked.split_once('⟦').expect("a mark");
    let (inside, after) = rest.split_once('⟧').expect("a closing mark");
    let checked = check(&[SourceFile::new("a.aecp", format!("{before}{inside}{after}"))]);
    assert!(checked.package.is_none() && checked.tests.is_empty());
    let errors: Vec<&Diagnostic> = checked.errors().collect();
    assert_eq!(errors.len(), 1, "{inside}\n{errors:#?}");
    let span = errors[0].primary.as_ref().unwrap().place.span.range();
    assert_eq!(span, before.len()..before.len() + inside.len(), "{errors:#?}");
    assert_eq!(errors[0].code, code, "{errors:#?}");
    let given = errors[0].help.clone().unwrap_or_default();
    assert!(given.contains(help), "{errors:#?}");
}

#[track_caller]
fn given_error(marked: &str, code: Code, help: &str) {
    error(
        &format!("TEST \"t\" {{ GIVEN {{ {marked} }} EXPECT DENY }}"),
        code,
        help,
    );
}

#[track_caller]
fn test_error(marked: &str, code: Code, help: &str) {
    error(&format!("TEST \"t\" {{ {marked} }}"), code, help);
}

#[test]
fn values_are_held_against_the_schema() {
    given_error(
        "⟦customer.regoin⟧: \"EU\"",
        Code::UnknownAttribute,
        "did you mean `customer.region`?",
    );
    given_error("customer.region: ⟦5⟧", Code::TypeMismatch, "write `\"5\"`");
    given_error(
        "request.size: ⟦\"5\"⟧",
        Code::TypeMismatch,
        "write `5` without quotes",
    );
    given_error("request.size: ⟦1.5⟧", Code::TypeMismatch, "INTEGER");
    given_error("request.size: ⟦1.5000000⟧", Code::InvalidInteger, "up to six");
    given_error("urgent: ⟦\"x\"⟧", Code::TypeMismatch, "write `true` or `false`");
    given_error("urgent: ⟦[\"x\"]⟧", Code::TypeMismatch, "write `true` or `false`");
    given_error("tags: ⟦\"x\"⟧", Code::TypeMismatch, "`[\"x\"]`");
    given_error("tags: [\"x\", ⟦5⟧]", Code::TypeMismatch, "write `\"5\"`");
    given_error(
        "tags: [⟦x⟧]",
        Code::InvalidList,
        "a text stands in quotes: `\"x\"`",
    );
    given_error("urgent: true ⟦urgent⟧: false", Code::DuplicateGiven, "keep one");
    given_error(
        "NOW: ⟦\"yesterday\"⟧",
        Code::InvalidInstant,
        "2026-01-01T00:00:00Z",
    );
    given_error(
        "NOW: \"2026-01-01T00:00:00Z\" ⟦NOW: \"2026-01-02T00:00:00Z\"⟧",
        Code::DuplicateField,
        "keep one",
    );
}

#[test]
fn names_are_resolved() {
    let expect = |expected: &str| format!("GIVEN {{ urgent: true }} EXPECT {expected}");
    test_error(&expect("⟦DENI⟧"), Code::UnknownValue, "did you mean `DENY`?");
    test_error(&expect("DENY BY ⟦data_residency⟧"), Code::UnknownPolicy, "");
    test_error(
        &expect("DENY BY ⟦data_residency_ue⟧"),
        Code::UnknownPolicy,
        "did you mean `data_residency_eu`?",
    );
    test_error(
        &expect("DENY BY ⟦small_requests⟧"),
        Code::ImpossibleExpectation,
        "only BLOCKING",
    );
    test_error(
        &expect("ALLOW BY ⟦default⟧"),
        Code::ImpossibleExpectation,
        "leave `BY default` out",
    );
    test_error(
        &expect("ALLOW ⟦BECAUSE CONTAINS \"x\"⟧"),
        Code::ImpossibleExpectation,
        "expect DENY",
    );
    test_error(
        "GIVEN ⟦nobody⟧ EXPECT DENY",
        Code::UnknownFixture,
        "FIXTURE nobody {",
    );
    error(
        "FIXTURE a { } FIXTURE ⟦a⟧ { } TEST \"t\" { GIVEN a EXPECT DENY }",
        Code::DuplicateFixture,
        "rename one",
    );
    error(
        "TEST \"t\" { EXPECT DENY } TEST ⟦\"t\"⟧ { EXPECT DENY }",
        Code::DuplicateTest,
        "several cases",
    );
    error(
        "TEST ⟦\" \"⟧ { EXPECT DENY }",
        Code::MalformedName,
        "say what it shows",
    );
}

#[test]
fn something_is_expected_once() {
    error(
        "TEST ⟦\"t\"⟧ { GIVEN { urgent: true } }",
        Code::MissingExpectation,
        "EXPECT ALLOW",
    );
    test_error(
        "⟦CASE⟧ { urgent: true }",
        Code::MissingExpectation,
        "EXPECT ALLOW",
    );
    test_error("EXPECT DENY ⟦EXPECT ALLOW⟧", Code::DuplicateField, "keep one");
    test_error(
        "⟦EXPECT DENY⟧ CASE { urgent: true } EXPECT DENY",
        Code::MisplacedExpectation,
        "CASE { … } EXPECT …",
    );
    test_error(
        "GIVEN { } ⟦GIVEN { urgent: true }⟧ EXPECT DENY",
        Code::DuplicateField,
        "keep one",
    );
}

#[test]
fn mistakes_of_writing_are_told_once() {
    error(
        "TEST ⟦{⟧ EXPECT DENY }",
        Code::UnexpectedToken,
        "say what the test shows",
    );
    error(
        "TEST ⟦eu_data⟧ { EXPECT DENY }",
        Code::UnexpectedToken,
        "say what the test shows",
    );
    error(
        "⟦test⟧ \"t\" { EXPECT DENY }",
        Code::LowercaseKeyword,
        "write `TEST`",
    );
    test_error("⟦expect⟧ DENY", Code::LowercaseKeyword, "write `EXPECT`");
    test_error("EXPECT DENY ⟦by⟧ default", Code::LowercaseKeyword, "write `BY`");
    test_error("EXPECT DENY BY ⟦DEFAULT⟧", Code::LowercaseKeyword, "BY default");
    test_error(
        "EXPECT DENY BY ⟦\"default\"⟧",
        Code::UnexpectedToken,
        "write `BY default`",
    );
    test_error("EXPECT⟦:⟧ DENY", Code::UnexpectedToken, "leave it out");
    test_error("⟦WHEN⟧: 5 EXPECT DENY", Code::UnknownField, "`GIVEN`");
    test_error(
        "⟦customer.region⟧: \"EU\" EXPECT DENY",
        Code::UnexpectedToken,
        "GIVEN {",
    );
    test_error(
        "GIVEN { urgent: true ⟦EXPECT⟧ DENY",
        Code::Unclosed,
        "close it with `}`",
    );
    error(
        "FIXTURE a { } TEST \"t\" { GIVEN a ⟦{⟧ } EXPECT DENY }",
        Code::UnexpectedToken,
        "WITH",
    );
    given_error(
        "customer.region ⟦=⟧ \"EU\"",
        Code::UnexpectedToken,
        "`customer.region: \"EU\"`",
    );
    given_error(
        "customer.region: ⟦EU⟧ urgent: true",
        Code::UnexpectedToken,
        "`\"EU\"`",
    );
    given_error(
        "customer.region: ⟦absent⟧",
        Code::LowercaseKeyword,
        "write `ABSENT`",
    );
    test_error(
        "GIVEN { customer.region: FAILED ⟦}⟧ EXPECT DENY",
        Code::UnexpectedToken,
        "FAILED \"token expired\"",
    );
    error(
        "POLICY ⟦TEST⟧ { SCOPE: requests CONSTRAINT: true ENFORCEMENT: BLOCKING }",
        Code::ReservedName,
        "",
    );
}

#[test]
fn a_guardrail_denies_nothing_by_default() {
    let text = PACKAGE.replace("VERSION: \"1.0.0\"", "VERSION: \"1.0.0\" DEFAULT: ALLOW");
    for expected in ["DENY BY default", "ALLOW BY data_residency_eu"] {
        let checked = check(&[SourceFile::new(
            "a.aecp",
            format!("{text} TEST \"t\" {{ EXPECT {expected} }}"),
        )]);
        let codes: Vec<Code> = checked.errors().map(|error| error.code).collect();
        assert_eq!(codes, [Code::ImpossibleExpectation], "{expected}");
    }
    let checked = checked(&format!(
        "{text} TEST \"t\" {{ GIVEN {{ resource.type: \"x\" }} EXPECT ALLOW }}"
    ));
    assert!(suite::run(&checked.package.unwrap(), &checked.tests).passed());
}

#[test]
fn fixtures_that_nothing_uses_are_told_of() {
    let checked = checked(&format!("{PACKAGE} FIXTURE lonely {{ urgent: true }}"));
    assert_eq!(checked.diagnostics[0].code, Code::UnusedFixture);
}

#[test]
fn coverage_says_what_is_missing() {
    let checked = checked(&format!("{PACKAGE}{TESTS}"));
    let covered = coverage(checked.package.as_ref().unwrap(), &checked.tests);
    let residency = covered.policies[0].tally;
    assert_eq!((residency.atoms, residency.made_true), (3, 3));
    assert_eq!((residency.made_false, residency.made_unknown), (2, 2));
    assert_eq!(covered.total.possible(), 6 * 3);
    let gap = &covered.gaps[0];
    assert_eq!(
        (gap.policy.as_str(), gap.atom.as_str()),
        ("data_residency_eu", "resource.type == \"customer_data\"")
    );
    assert!(!gap.never_true && gap.never_false && gap.never_unknown);
    // Nothing was urgent, so the constraint was reached by requests of unknown urgency alone.
    let constraint: Vec<_> = covered
        .gaps
        .iter()
        .filter(|gap| gap.policy == "small_requests" && gap.atom.contains("request.size"))
        .collect();
    assert!(constraint[0].never_true && constraint[0].never_false && !constraint[0].never_unknown);

    let none = coverage(checked.package.as_ref().unwrap(), &[]);
    assert_eq!((none.total.seen(), none.gaps.len()), (0, 6));
}

const LIMIT: &str = r#"
PACKAGE p { VERSION: "1.0.0" }
SCHEMA { size: INTEGER  urgent: BOOLEAN  region: TEXT }
POLICY limit {
  SCOPE: requests WHERE region IN ["EU", "UK"]
  CONSTRAINT: size < 10 OR urgent
  ENFORCEMENT: BLOCKING
}
"#;

#[test]
fn mutants_that_nothing_kills_are_listed_with_a_request() {
    let weak = checked(&format!(
        "{LIMIT} TEST \"t\" {{ GIVEN {{ region: \"EU\" size: 5 urgent: false }} EXPECT ALLOW }}"
    ));
    let package = weak.package.as_ref().unwrap();
    let found = mutate(package, &weak.tests, &BruteForce::default(), Budget::default());
    assert!(found.killed > 0 && found.not_tried == 0, "{found:#?}");
    let sentences: Vec<&str> = found
        .survivors
        .iter()
        .map(|survivor| survivor.sentence.as_str())
        .collect();
    for expected in [
        "no test notices that in the constraint of policy `limit`, `size < 10` becomes `size <= 10`",
        "no test notices that in the constraint of policy `limit`, `urgent` is dropped",
        "no test notices that in the scope of policy `limit`, `\"UK\"` is dropped from `region IN [\"EU\", \"UK\"]`",
    ] {
        assert!(sentences.contains(&expected), "{sentences:#?}");
    }
    for survivor in &found.survivors {
        assert!(survivor.request.is_some(), "{survivor:#?}");
    }
}

#[test]
fn good_tests_kill_every_mutant() {
    let strong = checked(&format!(
        "{LIMIT}
        TEST \"t\" {{
          GIVEN {{ region: \"EU\" urgent: false }}
          CASE {{ size: 9 }} EXPECT ALLOW BY limit
          CASE {{ size: 10 }} EXPECT DENY BY limit
          CASE {{ size: 10 urgent: true }} EXPECT ALLOW BY limit
          CASE {{ size: 9 region: \"UK\" }} EXPECT ALLOW BY limit
          CASE {{ size: 9 region: \"US\" }} EXPECT DENY BY default
        }}"
    ));
    let package = strong.package.as_ref().unwrap();
    let found = mutate(package, &strong.tests, &BruteForce::default(), Budget::default());
    let survivors: Vec<&str> = found
        .survivors
        .iter()
        .map(|survivor| survivor.sentence.as_str())
        .collect();
    assert!(survivors.is_empty(), "{survivors:#?}");
    assert_eq!((found.killed, found.equivalent), (13, 0), "{found:#?}");
}

#[test]
fn equivalent_mutants_are_told_apart_from_survivors() {
    let twice = checked(
        "PACKAGE p { VERSION: \"1.0.0\" } SCHEMA { a: INTEGER } POLICY q { SCOPE: requests CONSTRAINT: a < 5 AND a \
         < 9 ENFORCEMENT: BLOCKING }
         TEST \"t\" {
           CASE { a: 4 } EXPECT ALLOW CASE { a: 5 } EXPECT DENY BECAUSE CONTAINS \"5\" CASE { a: 9 } EXPECT DENY
           CASE { a: ABSENT } EXPECT DENY
         }",
    );
    let package = twice.package.as_ref().unwrap();
    let found = mutate(package, &twice.tests, &BruteForce::default(), Budget::default());
    // `a < 9` may be dropped, and may become `a <= 9`.
    assert_eq!((found.equivalent, found.survivors.len()), (2, 0), "{found:#?}");
}

#[test]
fn the_budget_bounds_the_work_and_is_told() {
    let checked = checked(&format!("{PACKAGE}{TESTS}"));
    let package = checked.package.as_ref().unwrap();
    let all = mutate(package, &checked.tests, &BruteForce::default(), Budget::default());
    let total = all.killed + all.equivalent + all.survivors.len() as u64;
    let none = mutate(
        package,
        &checked.tests,
        &BruteForce::default(),
        Budget { steps: 0 },
    );
    assert_eq!((none.not_tried, none.killed), (total, 0));
    let undecided =
        |_: &suite::equivalence::Question<'_>, _: &mut Budget| suite::equivalence::Judgement::NotDecided;
    let found = mutate(package, &[], &undecided, Budget::default());
    assert_eq!(found.survivors.len() as u64, total);
    assert!(found.survivors.iter().all(|survivor| survivor.request.is_none()));
}

#[test]
fn values_of_every_type_are_given_and_the_pinned_clock_is_the_time() {
    let text = r#"PACKAGE p { VERSION: "1.0.0" }
SCHEMA { price: DECIMAL  age: DURATION  peer: ADDRESS  zone: CIDR  ports: SET OF INTEGER  time.now: INSTANT }
POLICY all {
  SCOPE: requests WHERE time.now >= "2026-01-01T00:00:00Z"
  CONSTRAINT: price <= 1.5 AND age < 15m AND peer WITHIN zone AND 443 IN ports
  ENFORCEMENT: BLOCKING
}
TEST "all of it" {
  NOW: "2026-06-01T00:00:00Z"
  GIVEN { price: 1  age: 14m59s  peer: "10.0.0.7"  zone: "10.0.0.0/24"  ports: [80, 443] }
  CASE { price: 1.5 } EXPECT ALLOW BY all
  CASE { price: 1.500001 } EXPECT DENY BY all
  CASE { peer: "10.0.1.7" } EXPECT DENY BY all
  CASE { NOW: "2025-12-31T23:59:59Z" } EXPECT DENY BY default
}"#;
    let checked = check(&[SourceFile::new("a.aecp", text)]);
    assert!(checked.diagnostics.is_empty(), "{:#?}", checked.diagnostics);
    let report = suite::run(&checked.package.unwrap(), &checked.tests);
    assert!(report.passed(), "{report:#?}");
}

const OBLIGING: &str = r#"
PACKAGE p { VERSION: "1.0.0" }
SCHEMA { customer.region: TEXT identity.subject: TEXT }
POLICY support {
  SCOPE: requests WHERE customer.region IS PRESENT
  CONSTRAINT: identity.subject IS PRESENT
  ENFORCEMENT: BLOCKING
  OBLIGATION: MASK response.body.ssn KEEP LAST 4
  OBLIGATION: FILTER rows WHERE row.region == customer.region
  OBLIGATION: LIMIT 100 PER 1m BY identity.subject
}
POLICY europe {
  SCOPE: requests WHERE customer.region == "EU"
  CONSTRAINT: identity.subject IS PRESENT
  ENFORCEMENT: BLOCKING
  OBLIGATION: NOTIFY "security" WITH "{identity.subject}"
}
"#;

fn obliging(expected: &str, region: &str) -> Result<suite::Test, Vec<Diagnostic>> {
    let test = format!(
        "TEST \"t\" {{ GIVEN {{ customer.region: \"{region}\" identity.subject: \"ann\" }} EXPECT {expected} }}"
    );
    let checked = check(&[SourceFile::new("a.aecp", format!("{OBLIGING}{test}"))]);
    match checked.errors().next() {
        None => Ok(checked.tests[0].clone()),
        Some(_) => Err(checked.errors().cloned().collect()),
    }
}

#[test]
fn what_a_decision_obliges_to_is_expected_by_what_it_is_about() {
    let package = checked(OBLIGING).package.unwrap();
    let failure = |expected: &str, region: &str| {
        let test = obliging(expected, region).unwrap();
        let report = suite::run(&package, &[test]);
        report.tests[0].cases[0].failure.clone()
    };
    for expected in [
        "ALLOW OBLIGING MASK response.body.ssn",
        "ALLOW BY support OBLIGING FILTER rows OBLIGING LIMIT BY identity.subject",
        "ALLOW OBLIGING FILTER response.body BY support",
        "ALLOW OBLIGING NOTIFY \"security\"",
        "ALLOW",
    ] {
        assert_eq!(failure(expected, "EU"), None, "{expected}");
    }
    let failed = failure("ALLOW BY support OBLIGING NOTIFY \"security\"", "US").unwrap();
    assert_eq!(
        failed.expected,
        "ALLOW by `support`, obliging to `NOTIFY \"security\"`"
    );
    assert_eq!(
        failed.found,
        "ALLOW by `support`, obliging to `FILTER rows`, `LIMIT BY identity.subject`, `MASK response.body.ssn`"
    );
}

#[test]
fn what_no_decision_obliges_to_is_no_expectation() {
    for (expected, code, help) in [
        (
            "DENY OBLIGING MASK response.body.ssn",
            Code::ImpossibleExpectation,
            "leave OBLIGING out",
        ),
        (
            "ALLOW OBLIGING MASK response.body.snn",
            Code::ImpossibleExpectation,
            "`MASK response.body.ssn`",
        ),
        (
            "ALLOW OBLIGING MASK response.body",
            Code::ImpossibleExpectation,
            "MASK response.body.ssn",
        ),
        (
            "ALLOW OBLIGING MASK response.body.ssn KEEP LAST 4",
            Code::UnexpectedToken,
            "by what it is about",
        ),
        (
            "ALLOW OBLIGING HIDE response.body.ssn",
            Code::UnexpectedToken,
            "by what it is about",
        ),
        (
            "ALLOW OBLIGING LIMIT identity.subject",
            Code::UnexpectedToken,
            "by what it is about",
        ),
        (
            "ALLOW OBLIGING NOTIFY security",
            Code::UnexpectedToken,
            "by what it is about",
        ),
        ("ALLOW OBLIGING", Code::UnexpectedToken, "by what it is about"),
        (
            "ALLOW BY support OBLIGING FILTER rows BY europe",
            Code::DuplicateField,
            "keep one",
        ),
        (
            "DENY BECAUSE CONTAINS \"a\" BECAUSE CONTAINS \"b\"",
            Code::DuplicateField,
            "keep one",
        ),
        (
            "ALLOW OBLIGING mask response.body.ssn",
            Code::LowercaseKeyword,
            "`MASK`",
        ),
    ] {
        let errors = obliging(expected, "EU").unwrap_err();
        assert_eq!(errors.len(), 1, "{expected}: {errors:#?}");
        assert_eq!(errors[0].code, code, "{expected}: {errors:#?}");
        let said = errors[0].help.clone().unwrap_or_default();
        assert!(said.contains(help), "{expected}: {errors:#?}");
    }
}

#[test]
fn expected_obligations_are_written_in_one_form() {
    let source = "TEST \"t\" { GIVEN { a: 1 } EXPECT   ALLOW OBLIGING  MASK response.body.ssn\nOBLIGING NOTIFY \"security\" }";
    let formatted = aecp_compiler::format::source(source).unwrap();
    assert!(
        formatted.contains("EXPECT ALLOW OBLIGING MASK response.body.ssn OBLIGING NOTIFY \"security\"\n"),
        "{formatted}"
    );
    assert_eq!(aecp_compiler::format::source(&formatted).unwrap(), formatted);
}

#[test]
fn an_obligation_that_no_test_expects_is_one_that_nobody_misses() {
    let survivors = |expected: &str| {
        let test = obliging(expected, "EU").unwrap();
        let package = checked(OBLIGING).package.unwrap();
        let found = mutate(&package, &[test], &BruteForce::default(), Budget::default());
        let sentences = found.survivors.into_iter().map(|survivor| {
            assert!(survivor.request.is_some(), "{}", survivor.sentence);
            survivor.sentence
        });
        let of_obligations = sentences.filter(|sentence| sentence.contains("the obligation"));
        of_obligations.collect::<Vec<_>>()
    };
    assert_eq!(survivors("ALLOW").len(), 4);
    let rest = "ALLOW OBLIGING MASK response.body.ssn OBLIGING NOTIFY \"security\" OBLIGING LIMIT BY identity.subject";
    assert_eq!(
        survivors(rest),
        ["no test notices that the obligation `FILTER rows` of policy `support` is dropped"]
    );
    assert_eq!(
        survivors(&format!("{rest} OBLIGING FILTER rows")),
        Vec::<String>::new()
    );
}
