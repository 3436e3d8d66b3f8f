use std::collections::BTreeMap;

use aecp_engine::ExtractorDescription;
use aecp_engine::extractor::{ExtractedAttribute, Needs};
use aecp_trust::Bundle;
use aecp_vocabulary::Type;
use serde_json::json;

use super::*;
use crate::canonical::{HeaderRules, Scheme};
use crate::routes::Routes;

fn name(text: &str) -> AttributeName {
    text.parse().unwrap()
}

/// A bundle with these attributes and one route; it names no component, for plans look at none.
fn bundle(attributes: serde_json::Value) -> Bundle {
    serde_json::from_value(json!({
        "name": "test", "epoch": 1, "not_before": "2020-01-01T00:00:00Z", "not_after": "2040-01-01T00:00:00Z",
        "trust_root_version": 1, "policies": [], "attributes": attributes,
        "routes": [{ "name": "one", "path": "/customers/{id}", "upstream": "api", "labels": { "class": "gold" } }],
    }))
    .unwrap()
}

fn description(attributes: &[(&str, Type)], body_limit: u32) -> ExtractorDescription {
    let attribute = |(text, value_type): &(&str, Type)| ExtractedAttribute {
        name: name(text),
        value_type: *value_type,
        personal: true,
    };
    ExtractorDescription {
        name: "jwt".into(),
        version: "1.0.0".into(),
        attributes: attributes.iter().map(attribute).collect(),
        needs: Needs {
            headers: vec!["authorization".into()],
            query: false,
            body_limit,
        },
    }
}

fn plan(
    attributes: serde_json::Value,
    reads: &[(&str, Type)],
    extractors: &[ExtractorSource<'_>],
) -> Result<Plan, PlanError> {
    let table: Vec<_> = reads
        .iter()
        .map(|(text, declared)| (name(text), *declared))
        .collect();
    let labels = BTreeMap::from([("region".to_owned(), "eu".to_owned())]);
    Plan::new(
        &bundle(attributes),
        &table,
        extractors,
        &Environment::new("edge-1", &labels),
        1_024,
    )
}

fn filled(plan: &Plan, target: &str, headers: &[(&str, &str)]) -> Result<Vec<Value>, Malformed> {
    let mut request = http::Request::builder().uri(target).header("host", "a");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (mut parts, ()) = request.body(()).unwrap().into_parts();
    let head = Head::of(&mut parts, Scheme::Http, &HeaderRules::default()).unwrap();
    let routes = Routes::new(&bundle(json!([])).routes).unwrap();
    let matched = routes.find(&head).unwrap();
    let facts = Facts {
        head: &head,
        matched: &matched,
        peer: [10, 0, 0, 1].into(),
        now: 7,
    };
    plan.fill(&facts, &mut [vec![Value::Text("alice".into())]])
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn each_source_gives_its_attribute() {
    let attributes = json!([
        { "name": "customer.region", "value_type": "TEXT", "source": { "header": { "name": "x-region" } } },
        { "name": "customer.age", "value_type": "INTEGER", "source": { "query": { "name": "age" } } },
        { "name": "customer.id", "value_type": "TEXT", "source": { "path": { "segment": "id" } } },
        { "name": "resource.class", "value_type": "TEXT", "source": { "label": { "name": "class" } } },
        { "name": "storage.tags", "value_type": "SET OF TEXT", "source": { "constant": { "value": ["a", "b"] } } },
    ]);
    let reads = [
        ("connection.peer", Type::Address),
        ("customer.age", Type::Integer),
        ("customer.id", Type::Text),
        ("customer.region", Type::Text),
        ("environment.name", Type::Text),
        ("environment.region", Type::Text),
        ("environment.zone", Type::Text),
        ("identity.subject", Type::Text),
        ("request.method", Type::Text),
        ("request.query", Type::Text),
        ("resource.class", Type::Text),
        ("storage.tags", Type::SetOfText),
        ("time.now", Type::Instant),
    ];
    let described = description(&[("identity.subject", Type::Text)], 0);
    let jwt = ExtractorSource {
        name: "jwt",
        authenticating: true,
        description: &described,
    };
    let plan = plan(attributes, &reads, &[jwt]).unwrap();
    let values = filled(&plan, "/customers/a%20b?age=4%32&x", &[("x-region", "EU")]).unwrap();
    assert_eq!(
        values,
        [
            Value::Address(Address::from(IpAddr::from([10, 0, 0, 1]))),
            Value::Integer(42),
            text("a b"),
            text("EU"),
            text("edge-1"),
            text("eu"),
            Value::Absent,
            text("alice"),
            text("GET"),
            text("age=4%32&x"),
            text("gold"),
            Value::SetOfText(vec!["a".into(), "b".into()]),
            Value::Instant(7),
        ]
    );
    let absent = filled(&plan, "/customers/7?age=x", &[]).unwrap();
    assert!(matches!(absent[1], Value::Failed(_)));
    assert_eq!(absent[3], Value::Absent);
}

#[test]
fn an_attribute_given_twice_makes_the_request_malformed() {
    let attributes = json!([
        { "name": "a", "value_type": "TEXT", "source": { "header": { "name": "x-a" } } },
        { "name": "b", "value_type": "TEXT", "source": { "query": { "name": "b" } } },
    ]);
    let plan = plan(attributes, &[("a", Type::Text), ("b", Type::Text)], &[]).unwrap();
    for (target, headers) in [
        ("/customers/7", vec![("x-a", "1"), ("x-a", "1")]),
        ("/customers/7?b=1&b=1", vec![]),
        ("/customers/7?b=1&%62=2", vec![]),
        ("/customers/7?b=%zz", vec![]),
    ] {
        assert!(filled(&plan, target, &headers).is_err(), "{target}");
    }
    assert!(filled(&plan, "/customers/7?b=1&c=1&c=2", &[("x-c", "1"), ("x-c", "2")]).is_ok());
}

#[test]
fn texts_become_values_of_every_type() {
    let attributes = json!([
        { "name": "a", "value_type": "ADDRESS", "source": { "header": { "name": "x-a" } } },
        { "name": "b", "value_type": "DURATION", "source": { "query": { "name": "b" } } },
    ]);
    let reads = [("a", Type::Address), ("b", Type::Duration)];
    let plan = plan(attributes, &reads, &[]).unwrap();
    let values = filled(&plan, "/customers/7?b=15m", &[("x-a", "10.0.0.1")]).unwrap();
    let shown: Vec<String> = values.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["10.0.0.1", "15m"]);
    let values = filled(&plan, "/customers/7?b=15", &[("x-a", "10.0.0.1, 10.0.0.2")]).unwrap();
    assert!(values.iter().all(|value| matches!(value, Value::Failed(_))));
}

#[test]
fn sources_are_settled_before_a_bundle_runs() {
    let header = |name: &str, of: &str| json!([{ "name": name, "value_type": of, "source": { "header": { "name": "h" } } }]);
    let failed = |attributes, reads: &[(&str, Type)]| plan(attributes, reads, &[]).unwrap_err();
    assert!(matches!(
        failed(json!([]), &[("a.b", Type::Text)]),
        PlanError::NoSource(_)
    ));
    assert!(matches!(
        failed(header("a", "TEXT"), &[("a", Type::Integer)]),
        PlanError::Types { .. }
    ));
    assert!(matches!(
        failed(json!([]), &[("request.foo", Type::Text)]),
        PlanError::UnknownHostAttribute(_)
    ));
    assert!(matches!(
        failed(json!([]), &[("connection.peer", Type::Text)]),
        PlanError::Types { .. }
    ));

    let described = description(&[("identity.subject", Type::Text)], 0);
    let jwt = |authenticating| ExtractorSource {
        name: "jwt",
        authenticating,
        description: &described,
    };
    assert!(matches!(
        plan(json!([]), &[], &[jwt(false)]),
        Err(PlanError::NotAuthenticating { .. })
    ));
    let twice = plan(header("identity.subject", "TEXT"), &[], &[jwt(true)]);
    assert!(matches!(twice, Err(PlanError::TwoSources { .. })));
    let other = json!([{ "name": "identity.mail", "value_type": "TEXT", "source": { "extractor": { "name": "jwt" } } }]);
    assert!(matches!(
        plan(other, &[], &[jwt(true)]),
        Err(PlanError::NotGiven { .. })
    ));
}

#[test]
fn extractors_that_nobody_reads_do_not_run() {
    let described = description(&[("identity.subject", Type::Text)], 4_096);
    let jwt = ExtractorSource {
        name: "jwt",
        authenticating: true,
        description: &described,
    };
    let unread = plan(json!([]), &[], &[jwt]).unwrap();
    assert!(unread.extractors().is_empty());
    assert_eq!(unread.body_limit(), None);
    let read = plan(json!([]), &[("identity.subject", Type::Text)], &[jwt]);
    assert!(matches!(
        read,
        Err(PlanError::Body {
            wanted: 4_096,
            allowed: 1_024,
            ..
        })
    ));
}
