//! What a component says of itself, and obligations.

use aecp_compiler::core::{Atom, Condition, Input, InputIndex, InputKind, Parameter};
use aecp_vocabulary::policy::{self, Annotation, DefaultDecision, Mode, Obligation, OverrideRule, Segment};
use aecp_vocabulary::{AuditClass, Outcome, Type, Value};

use crate::build::{holds, is, package};
use crate::{assert_same, load};

#[test]
fn satisfied_policies_raise_their_obligations() {
    let inputs = [("a.text", Type::Text)];
    let mut package = package(&inputs, vec![(holds(), is(0, "x")), (holds(), holds())]);
    let mask = Obligation {
        kind: "mask".to_owned(),
        arguments: vec![(
            "field".to_owned(),
            vec![Segment::Literal("salary ".to_owned()), Segment::Input(0)],
        )],
    };
    package.policies[0].obligations = vec![mask.clone(), mask];
    let packages = [package];
    let component = load(&packages);
    let satisfied = component.evaluate(&[Value::Text("x".to_owned())]).unwrap();
    assert_eq!(satisfied.findings.len(), 1);
    assert_eq!(
        (
            satisfied.findings[0].outcome,
            satisfied.findings[0].obligations.as_slice()
        ),
        (Outcome::Satisfied, &[0, 1][..])
    );
    for value in [
        Value::Text("x".to_owned()),
        Value::Text("y".to_owned()),
        Value::Absent,
    ] {
        assert_same(&packages, &component, &[value]);
    }
}

#[test]
fn description_is_that_of_the_packages() {
    let inputs = [
        ("z.text", Type::Text),
        ("a.number", Type::Integer),
        ("m.network", Type::Network),
    ];
    let mut first = package(
        &inputs,
        vec![
            (is(0, "größe"), Condition::Atom(Atom::IsPresent(InputIndex(2)))),
            (holds(), holds()),
        ],
    );
    first.name = "first".to_owned();
    first.annotations = vec![Annotation {
        key: "owner".to_owned(),
        value: "EU desk".to_owned(),
    }];
    let policy = &mut first.policies[0];
    policy.mode = Mode::Advisory;
    policy.audit = AuditClass::Durable;
    policy.exception = OverrideRule::BreakGlassToken;
    policy.reason = vec![
        Segment::Literal("not ".to_owned()),
        Segment::Input(0),
        Segment::Input(1),
    ];
    policy.annotations = vec![Annotation {
        key: "description".to_owned(),
        value: String::new(),
    }];
    let arguments = vec![
        ("field".to_owned(), vec![Segment::Input(2)]),
        ("why".to_owned(), Vec::new()),
    ];
    policy.obligations = vec![Obligation {
        kind: "mask".to_owned(),
        arguments: arguments.clone(),
    }];
    let mut second = package(
        &[("b.flag", Type::Boolean), ("z.text", Type::Text)],
        vec![(is(1, "x"), holds())],
    );
    second.default = DefaultDecision::Allow;
    second.inputs[1].kind = InputKind::Attribute {
        optional: true,
        default: None,
        choices: None,
    };
    second.name = "second".to_owned();
    let component = load(&[first, second]);
    let description = component.description();

    let attribute = |name: &str, value_type, optional| policy::Input::Attribute {
        name: name.parse().unwrap(),
        value_type,
        optional,
        default: None,
    };
    let expected = [
        attribute("a.number", Type::Integer, false),
        attribute("b.flag", Type::Boolean, false),
        attribute("m.network", Type::Network, false),
        attribute("z.text", Type::Text, true),
    ];
    assert_eq!(description.inputs, expected);
    let [first, second] = description.packages.as_slice() else {
        panic!("two packages")
    };
    assert_eq!(
        (first.name.as_str(), first.version.as_str(), first.default),
        ("first", "1.0.0", DefaultDecision::Deny)
    );
    assert_eq!(
        (second.name.as_str(), second.default),
        ("second", DefaultDecision::Allow)
    );
    assert_eq!(
        first.annotations,
        [Annotation {
            key: "owner".to_owned(),
            value: "EU desk".to_owned()
        }]
    );
    let policy = &first.policies[0];
    assert_eq!((policy.mode, policy.audit), (Mode::Advisory, AuditClass::Durable));
    assert_eq!(policy.exception, OverrideRule::BreakGlassToken);
    assert_eq!(policy.reads, [2, 3]);
    assert_eq!(
        policy.reason,
        [
            Segment::Literal("not ".to_owned()),
            Segment::Input(3),
            Segment::Input(0)
        ]
    );
    assert_eq!(
        policy.annotations,
        [Annotation {
            key: "description".to_owned(),
            value: String::new()
        }]
    );
    assert_eq!(policy.obligations.len(), 1);
    assert_eq!(policy.obligations[0].kind, "mask");
    let field = ("field".to_owned(), vec![Segment::Input(2)]);
    assert_eq!(
        policy.obligations[0].arguments,
        [field, ("why".to_owned(), Vec::new())]
    );
    assert!(first.policies[1].reads.is_empty());
    assert_eq!(second.policies[0].reads, [3]);
}

#[test]
fn every_kind_of_input_is_described_and_read() {
    let parameter = |name: &str, parameter: Parameter| Input {
        name: name.parse().unwrap(),
        value_type: parameter.default.value_type().unwrap(),
        kind: InputKind::Parameter(Box::new(parameter)),
    };
    let plain = |default: Value| Parameter {
        default,
        minimum: None,
        maximum: None,
    };
    let defaults = [
        Value::Boolean(true),
        Value::Text("größe".to_owned()),
        Value::Address("10.0.0.1".parse::<std::net::IpAddr>().unwrap().into()),
        Value::SetOfText(vec!["EU".to_owned(), String::new()]),
        Value::SetOfInteger(vec![1, -1]),
        Value::SetOfAddress(vec![aecp_vocabulary::value::Address(7 << 64 | 9)]),
    ];
    let mut package = package(&[("a.number", Type::Integer)], vec![(holds(), holds())]);
    let limit = Parameter {
        default: Value::Integer(-10),
        minimum: Some(Value::Integer(i64::MIN)),
        maximum: None,
    };
    package.inputs.push(parameter("limit", limit));
    for (index, default) in defaults.iter().enumerate() {
        package
            .inputs
            .push(parameter(&format!("p{index}"), plain(default.clone())));
    }
    package.inputs.push(Input {
        name: "now".parse().unwrap(),
        value_type: Type::Instant,
        kind: InputKind::Now,
    });
    package.policies[0].constraint = Condition::Atom(Atom::Compare {
        left: aecp_compiler::core::Operand::Input(InputIndex(0)),
        relation: aecp_compiler::core::Relation::Less,
        right: aecp_compiler::core::Operand::Input(InputIndex(1)),
    });
    let packages = [package];
    let component = load(&packages);
    let inputs = &component.description().inputs;
    let described = |name: &str| inputs.iter().find(|input| input.label() == name).unwrap();
    let expected = |name: &str, default: &Value, minimum| policy::Input::Parameter {
        name: name.to_owned(),
        value_type: default.value_type().unwrap(),
        default: default.clone(),
        minimum,
        maximum: None,
    };
    let limit = expected("limit", &Value::Integer(-10), Some(Value::Integer(i64::MIN)));
    assert_eq!(described("limit"), &limit);
    for (index, default) in defaults.iter().enumerate() {
        let name = format!("p{index}");
        assert_eq!(described(&name), &expected(&name, default, None));
    }
    assert_eq!(described("now"), &policy::Input::Now);
    assert_eq!(component.description().packages[0].policies[0].reads, [0, 1]);
}
