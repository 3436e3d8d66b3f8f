//! Requests and conditions as large as they may be.

use aecp_compiler::core::{Atom, Condition, Constant, InputIndex, Operand, Relation};
use aecp_compiler::emit;
use aecp_vocabulary::policy::Annotation;
use aecp_vocabulary::{Type, Value};

use crate::build::{holds, input, is, is_one_of, package, text};
use crate::{assert_same, load};

#[test]
fn full_sets_and_large_lists_are_searched() {
    let has = |element| {
        Condition::Atom(Atom::Contains {
            set: InputIndex(0),
            element,
        })
    };
    let numbers = (0..500)
        .map(|number| Constant::Integer(number * 3))
        .chain([Constant::Integer(i64::MIN)]);
    let inputs = [
        ("a.set", Type::SetOfText),
        ("b.text", Type::Text),
        ("c.number", Type::Integer),
    ];
    let mut policies: Vec<_> = (0..200)
        .map(|index| {
            (
                holds(),
                has(Operand::Constant(text(format!("member-{}", index * 40)))),
            )
        })
        .collect();
    policies.push((has(input(1)), is_one_of(2, numbers)));
    let packages = [package(&inputs, policies)];
    let component = load(&packages);
    let members: Vec<String> = (0..4_096).map(|index| format!("member-{index}")).collect();
    for (index, number) in [
        (0, 0),
        (4_095, 1_497),
        (4_096, 1_498),
        (17, i64::MIN),
        (18, i64::MAX),
        (19, -3),
    ] {
        let values = [
            Value::SetOfText(members.clone()),
            Value::Text(format!("member-{index}")),
            Value::Integer(number),
        ];
        assert_same(&packages, &component, &values);
    }
    // Nothing of a full set is left over for the next call.
    for set in [Value::SetOfText(Vec::new()), Value::Absent, Value::Integer(1)] {
        let values = [set, Value::Text("member-0".to_owned()), Value::Integer(3)];
        assert_same(&packages, &component, &values);
    }
}

#[test]
fn a_large_request_after_small_ones_leaves_no_trace() {
    let inputs = [("a.set", Type::SetOfText), ("b.text", Type::Text)];
    let has = Condition::Atom(Atom::Contains {
        set: InputIndex(0),
        element: input(1),
    });
    let packages = [package(&inputs, vec![(has, holds())])];
    let component = load(&packages);
    let needle = format!("{}!", "n".repeat(60_000));
    let haystack: Vec<String> = (0..100)
        .map(|index| format!("{}{}", "n".repeat(60_000), index % 10))
        .collect();
    for _ in 0..3 {
        assert_same(
            &packages,
            &component,
            &[Value::SetOfText(Vec::new()), Value::Text("a".to_owned())],
        );
        assert_same(
            &packages,
            &component,
            &[Value::SetOfText(haystack.clone()), Value::Text(needle.clone())],
        );
        assert_same(
            &packages,
            &component,
            &[
                Value::SetOfText(haystack.clone()),
                Value::Text(haystack[3].clone()),
            ],
        );
    }
}

#[test]
fn large_conditions_are_split_into_functions() {
    let inputs = [("a.text", Type::Text), ("b.number", Type::Integer)];
    let number = |low: i64| {
        Condition::Atom(Atom::Compare {
            left: Operand::Constant(Constant::Integer(low)),
            relation: Relation::LessOrEqual,
            right: input(1),
        })
    };
    let any = Condition::Any(
        (0..5_000)
            .map(|index| Condition::All(vec![is(0, format!("t{index}")), number(index)]))
            .collect(),
    );
    let mut deep = is(0, "t1");
    for index in 0..160 {
        deep = Condition::Any(vec![
            Condition::Not(Box::new(Condition::All(vec![deep, number(index)]))),
            is(0, "t2"),
        ]);
    }
    let packages = [package(&inputs, vec![(any, deep)])];
    let component = load(&packages);
    for (name, value) in [
        ("t0", 0),
        ("t1", 0),
        ("t4999", 4_999),
        ("t4999", 4_998),
        ("t5000", 9_000),
        ("t2", -1),
    ] {
        assert_same(
            &packages,
            &component,
            &[Value::Text(name.to_owned()), Value::Integer(value)],
        );
        assert_same(&packages, &component, &[Value::Absent, Value::Integer(value)]);
        assert_same(
            &packages,
            &component,
            &[Value::Text(name.to_owned()), Value::Absent],
        );
    }
}

#[test]
fn a_wrong_number_of_values_is_an_error_and_the_next_call_is_fine() {
    let packages = [package(&[("a.text", Type::Text)], vec![(holds(), is(0, "x"))])];
    let component = load(&packages);
    for values in [vec![], vec![Value::Absent, Value::Absent]] {
        let failure = component.evaluate(&values).unwrap_err();
        assert!(failure.to_string().contains("expected 1 values"), "{failure}");
    }
    assert_same(&packages, &component, &[Value::Text("x".to_owned())]);
}

#[test]
fn a_package_without_policies_and_inputs_says_nothing() {
    let packages = [package(&[], Vec::new())];
    assert_same(&packages, &load(&packages), &[]);
}

#[test]
fn a_component_of_the_most_policies_says_what_it_is_and_decides() {
    let inputs = [("a.type", Type::Text), ("b.place", Type::Text)];
    let policy = |index: usize| {
        (
            is(0, format!("type-{index}")),
            is(1, format!("place-{}", index % 50)),
        )
    };
    let mut packages = [package(&inputs, (0..emit::POLICY_LIMIT).map(policy).collect())];
    for policy in &mut packages[0].policies {
        let words = format!(
            "what {} is about, and why it is there, in a sentence of some length",
            policy.name
        );
        policy.annotations = vec![Annotation {
            key: "description".to_owned(),
            value: words,
        }];
    }
    let component = load(&packages);
    let described = &component.description().packages[0].policies;
    assert_eq!(described.len(), emit::POLICY_LIMIT);
    for (kind, place) in [
        ("type-65535", "place-35"),
        ("type-65535", "place-0"),
        ("type-65536", "place-0"),
    ] {
        assert_same(
            &packages,
            &component,
            &[Value::Text(kind.into()), Value::Text(place.into())],
        );
    }
}
