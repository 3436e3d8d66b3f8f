//! Obligations from their text to what is raised, and back into words.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_compiler::analysis::{Budget, Kind, analyse};
use aecp_compiler::core::Package;
use aecp_compiler::explain::explain;
use aecp_compiler::package::check;
use aecp_compiler::source::SourceFile;
use aecp_compiler::suite::decision::decide;
use aecp_vocabulary::obligation::{Duty, Masking, Merged};
use aecp_vocabulary::{Value, Verdict};

const HEADER: &str = "PACKAGE p { VERSION: \"1.0.0\" DEFAULT: ALLOW }\n\
    SCHEMA { region: TEXT OPTIONAL  subject: TEXT  age: INTEGER OPTIONAL  peer: ADDRESS  ok: BOOLEAN }\n";

fn package(policies: &str) -> Package {
    let checked = check(&[SourceFile::new("a.aecp", format!("{HEADER}{policies}"))]);
    assert_eq!(checked.errors().count(), 0, "{:#?}", checked.diagnostics);
    checked.package.unwrap()
}

fn policy(name: &str, scope: &str, obligations: &[&str]) -> String {
    let fields: Vec<String> = obligations
        .iter()
        .map(|each| format!("OBLIGATION: {each}\n"))
        .collect();
    format!(
        "POLICY {name} {{ SCOPE: requests WHERE {scope} CONSTRAINT: subject IS PRESENT ENFORCEMENT: BLOCKING {} }}\n",
        fields.concat()
    )
}

fn values(package: &Package, given: &[(&str, Value)]) -> Vec<Value> {
    let value = |name: &str| {
        given
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, value)| value.clone())
    };
    package
        .inputs
        .iter()
        .map(|input| value(input.name.as_str()).unwrap_or(Value::Absent))
        .collect()
}

const ALL: [&str; 9] = [
    "MASK response.body.ssn",
    "MASK response.body.card.number KEEP LAST 4",
    "MASK response.body.name WITH \"re\\\"moved\"",
    "FILTER rows WHERE row.region == region AND row.tier IN [\"gold\", \"silver\"]",
    "FILTER response.body.items WHERE row.age >= age AND row.price < 9.5 AND row.open == true",
    "FILTER rows WHERE row.created > \"2026-01-01T00:00:00Z\" AND row.peer != peer AND row.wait <= 1h30m",
    "LIMIT 100 PER 1m BY subject",
    "NOTIFY \"security@example.com\"",
    "NOTIFY \"security\" WITH \"{subject} reads {{all}} of {region}\"",
];

#[test]
fn what_is_written_is_what_is_told_of_a_satisfied_policy() {
    let package = package(&policy("q", "ok", &ALL));
    let given = [
        ("ok", Value::Boolean(true)),
        ("subject", Value::Text("eve".into())),
    ];
    let told = explain(&package, &values(&package, &given));
    assert_eq!(told[0].obligations, ALL);
    let untold = explain(&package, &values(&package, &given[..1]));
    assert!(untold[0].obligations.is_empty());
}

#[test]
fn raised_obligations_are_read_back_with_the_values_of_the_request() {
    let package = package(&policy("q", "ok", &ALL));
    let given = [
        ("ok", Value::Boolean(true)),
        ("subject", Value::Text("eve\" OR \"1".into())),
        ("age", Value::Integer(18)),
    ];
    let decision = decide(&package, &values(&package, &given));
    assert_eq!(decision.verdict, Verdict::Allow);
    let duties: Vec<Duty<String>> = decision
        .obligations
        .iter()
        .map(|raised| Duty::of(raised).unwrap())
        .collect();
    assert_eq!(duties.len(), ALL.len());
    let merged = Merged::of(duties);
    assert!(merged.clashes().is_empty());
    let (key, count) = merged.limits().next().unwrap();
    assert_eq!(
        (key.key.as_str(), key.value.as_str(), key.window, count),
        ("subject", "eve\" OR \"1", 60_000_000_000, 100)
    );
    let masks: Vec<(&str, Masking)> = merged.masks().map(|(path, how)| (path.as_str(), how)).collect();
    assert_eq!(masks[0], ("response.body.card.number", Masking::KeepLast(4)));
    let rows = |json: &str, path: &str| {
        let row = aecp_vocabulary::input::Attributes::from_json(json).unwrap();
        let (_, conditions) = merged.filters().find(|(rows, _)| rows.as_str() == path).unwrap();
        conditions.iter().all(|condition| condition.holds(&row))
    };
    assert!(rows(
        r#"{"age": 18, "price": 9, "open": true}"#,
        "response.body.items"
    ));
    assert!(!rows(
        r#"{"age": 17, "price": 9, "open": true}"#,
        "response.body.items"
    ));
    // The request has no region, so no row is known to be of it.
    let row = r#"{"region": "(absent)", "tier": "gold", "created": "2026-02-01T00:00:00Z", "peer": "::1", "wait": "1s"}"#;
    assert!(!rows(row, "response.body"));
    let messages: Vec<Option<&str>> = merged
        .notifications()
        .map(|each| each.message.as_deref())
        .collect();
    assert_eq!(messages, [Some("eve\" OR \"1 reads {all} of (absent)"), None]);
}

#[test]
fn clashes_are_found_where_a_request_can_raise_both() {
    let masked = |text: &str| format!("MASK response.body.ssn WITH \"{text}\"");
    let (x, y) = (masked("x"), masked("y"));
    let clashing = |one: (&str, &str), other: (&str, &str)| {
        let package = package(&(policy("first", one.0, &[one.1]) + &policy("second", other.0, &[other.1])));
        let analysis = analyse(&package, Budget::default());
        assert!(analysis.inconsistencies.is_empty());
        let mut found = analysis
            .findings
            .into_iter()
            .filter(|found| found.kind == Kind::ObligationsClash);
        (found.next(), package)
    };
    let (found, package) = clashing(("ok", &x), ("region == \"EU\"", &y));
    let found = found.unwrap();
    assert_eq!(found.policies, [0, 1]);
    assert_eq!(
        found.sentence,
        "a request that satisfies both policy `first` and policy `second` is denied, because their obligations clash: \
         `response.body.ssn` is to be masked with different texts"
    );
    let request = found.witness.unwrap();
    assert_eq!(request.iter().filter(|value| **value != Value::Absent).count(), 3);
    assert_eq!(decide(&package, &request).obligations.len(), 2);
    assert!(
        clashing(("region == \"EU\"", &x), ("region == \"US\"", &y))
            .0
            .is_none()
    );
    assert!(clashing(("ok", &x), ("ok", &x)).0.is_none());
    assert!(clashing(("ok", &x), ("ok", "MASK response.body.ssn")).0.is_none());
    let (text, number) = ("FILTER rows WHERE row.a == \"1\"", "FILTER rows WHERE row.a == 1");
    assert!(clashing(("ok", text), ("age > 3", number)).0.is_some());
    assert!(
        clashing(("ok", number), ("age > 3", "FILTER rows WHERE row.a == 1.5"))
            .0
            .is_none()
    );
}
