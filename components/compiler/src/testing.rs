//! Generators of well-typed packages and of values for them, for property tests.
//!
//! Domains are small on purpose, so that generated values often meet the constants they are compared with.

#![allow(clippy::expect_used, reason = "this module exists for tests alone")]

use std::ops::RangeInclusive;

use aecp_vocabulary::policy::{Annotation, DefaultDecision, Obligation, OverrideRule, Segment};
use aecp_vocabulary::value::{Address, Network};
use aecp_vocabulary::{AuditClass, Mode, Type, Value};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};

use crate::core::{Atom, Condition, Constant, Input, InputIndex, Operand, Package, Policy, Relation};

const TYPES: [Type; 4] = [Type::Text, Type::Integer, Type::Boolean, Type::SetOfText];
const TEXTS: [&str; 8] = [
    "",
    "a",
    "b",
    "EU",
    "eu-west-1",
    "eu-west-2",
    "eu-central-1",
    "größe",
];
const INTEGERS: [i64; 7] = [i64::MIN, -2, -1, 0, 1, 2, i64::MAX];
const DEPTH: u32 = 4;

/// Packages of up to 7 inputs and 6 policies, conditions nested up to 4 deep. Every input is read by some policy.
pub fn package() -> impl Strategy<Value = Package> {
    package_of(0..=7, 1..=6)
}

/// Packages with so many inputs at first and so many policies; inputs that no policy reads are dropped.
pub fn package_of(
    inputs: RangeInclusive<usize>,
    policies: RangeInclusive<usize>,
) -> impl Strategy<Value = Package> {
    let inputs = vec((select(&TYPES[..]), any::<bool>()), inputs);
    inputs.prop_flat_map(move |types| {
        let inputs: Vec<Input> = types
            .iter()
            .zip(0_u32..)
            .map(|((t, o), index)| input(index, *t, *o))
            .collect();
        let default = prop_oneof![Just(DefaultDecision::Deny), Just(DefaultDecision::Allow)];
        (vec(policy(&inputs), policies.clone()), default).prop_map(move |(policies, default)| {
            let mut package = Package {
                name: "generated".to_owned(),
                version: "1.2.3".to_owned(),
                default,
                inputs: inputs.clone(),
                policies,
                annotations: Vec::new(),
            };
            for (policy, index) in package.policies.iter_mut().zip(0_u32..) {
                policy.name = format!("policy_{index}");
            }
            package.drop_unread_inputs();
            package
        })
    })
}

/// Well-typed conditions over `inputs`, nested up to 4 deep.
pub fn condition(inputs: &[Input]) -> impl Strategy<Value = Condition> + use<> {
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Condition::Constant),
        12 => atom(inputs).prop_map(Condition::Atom),
    ];
    leaf.prop_recursive(DEPTH, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Condition::All),
            vec(inner.clone(), 0..4).prop_map(Condition::Any),
            inner.prop_map(|part| Condition::Not(Box::new(part))),
        ]
    })
}

/// One value for each input: mostly of its type, else absent, failed, or of another type.
pub fn values(package: &Package) -> impl Strategy<Value = Vec<Value>> + use<> {
    package
        .inputs
        .iter()
        .map(|input| value(input.value_type))
        .collect::<Vec<_>>()
}

/// A value for a position of type `declared`: mostly of that type, else absent, failed, or of another type.
pub fn value(declared: Type) -> BoxedStrategy<Value> {
    prop_oneof![
        8 => value_of(declared),
        2 => Just(Value::Absent),
        1 => select(vec!["", "token expired"]).prop_map(Value::failed),
        1 => other_value(),
    ]
    .boxed()
}

fn input(index: u32, value_type: Type, optional: bool) -> Input {
    let name = format!(
        "attribute{index}.{}",
        value_type.name().to_ascii_lowercase().replace(' ', "_")
    );
    Input {
        name: name.parse().expect("letters, digits and underscores"),
        value_type,
        optional,
    }
}

fn policy(inputs: &[Input]) -> impl Strategy<Value = Policy> + use<> {
    let mode = select(vec![
        Mode::Blocking,
        Mode::Blocking,
        Mode::Advisory,
        Mode::AuditOnly,
    ]);
    let audit = select(vec![
        AuditClass::Ordinary,
        AuditClass::Required,
        AuditClass::Durable,
    ]);
    let exception = select(vec![OverrideRule::Never, OverrideRule::BreakGlassToken]);
    let obligations = prop_oneof![
        4 => Just(Vec::new()),
        1 => vec(segments(inputs), 1..3).prop_map(|arguments| arguments.into_iter().map(obligation).collect()),
    ];
    let annotations = vec(select(vec!["", "EU data stays in the EU", "größe"]), 0..2);
    (
        condition(inputs),
        condition(inputs),
        mode,
        audit,
        exception,
        segments(inputs),
        obligations,
        annotations,
    )
        .prop_map(
            |(scope, constraint, mode, audit, exception, reason, obligations, annotations)| Policy {
                name: String::new(),
                scope,
                constraint,
                mode,
                audit,
                exception,
                reason,
                obligations,
                annotations: annotations.into_iter().map(annotation).collect(),
            },
        )
}

fn obligation(argument: Vec<Segment>) -> Obligation {
    Obligation {
        kind: "notify".to_owned(),
        arguments: vec![("text".to_owned(), argument)],
    }
}

fn annotation(text: &str) -> Annotation {
    Annotation {
        key: "description".to_owned(),
        value: text.to_owned(),
    }
}

fn segments(inputs: &[Input]) -> impl Strategy<Value = Vec<Segment>> + use<> {
    let mut pieces = vec![
        Segment::Literal("must be ".to_owned()),
        Segment::Literal("größe".to_owned()),
    ];
    pieces.extend((0_u32..).zip(inputs).map(|(index, _)| Segment::Input(index)));
    vec(select(pieces), 0..4)
}

fn atom(inputs: &[Input]) -> BoxedStrategy<Atom> {
    let compare = |relation, value_type| {
        (operand(inputs, value_type), operand(inputs, value_type))
            .prop_map(move |(left, right)| Atom::Compare {
                left,
                relation,
                right,
            })
            .boxed()
    };
    let one_of = |value_type| {
        let constants = constants(value_type);
        let most = constants.len();
        let members = subsequence(constants, 1..=most);
        (operand(inputs, value_type), members)
            .prop_map(|(element, mut members)| {
                members.sort();
                Atom::OneOf { element, members }
            })
            .boxed()
    };
    let mut atoms = vec![
        (4, compare(Relation::Equal, Type::Text)),
        (2, compare(Relation::Equal, Type::Integer)),
        (1, compare(Relation::Equal, Type::Boolean)),
        (3, compare(Relation::Less, Type::Integer)),
        (3, compare(Relation::LessOrEqual, Type::Integer)),
        (4, one_of(Type::Text)),
        (2, one_of(Type::Integer)),
        (1, one_of(Type::Boolean)),
    ];
    let all: Vec<InputIndex> = (0_u32..)
        .zip(inputs)
        .map(|(index, _)| InputIndex(index))
        .collect();
    if !all.is_empty() {
        atoms.push((3, select(all).prop_map(Atom::IsPresent).boxed()));
    }
    let booleans = inputs_of(inputs, Type::Boolean);
    if !booleans.is_empty() {
        atoms.push((4, select(booleans).prop_map(Atom::IsTrue).boxed()));
    }
    let sets = inputs_of(inputs, Type::SetOfText);
    if !sets.is_empty() {
        let contains = (select(sets), operand(inputs, Type::Text));
        atoms.push((
            4,
            contains
                .prop_map(|(set, element)| Atom::Contains { set, element })
                .boxed(),
        ));
    }
    proptest::strategy::Union::new_weighted(atoms).boxed()
}

/// Operands of one scalar type: inputs as often as constants, where there are inputs.
fn operand(inputs: &[Input], value_type: Type) -> BoxedStrategy<Operand> {
    let constants = select(constants(value_type)).prop_map(Operand::Constant);
    let inputs = inputs_of(inputs, value_type);
    if inputs.is_empty() {
        return constants.boxed();
    }
    prop_oneof![2 => select(inputs).prop_map(Operand::Input), 1 => constants].boxed()
}

fn inputs_of(inputs: &[Input], value_type: Type) -> Vec<InputIndex> {
    let of_type = (0_u32..)
        .zip(inputs)
        .filter(|(_, input)| input.value_type == value_type);
    of_type.map(|(index, _)| InputIndex(index)).collect()
}

fn constants(value_type: Type) -> Vec<Constant> {
    match value_type {
        Type::Integer => INTEGERS.iter().map(|number| Constant::Integer(*number)).collect(),
        Type::Boolean => vec![Constant::Boolean(false), Constant::Boolean(true)],
        _ => TEXTS
            .iter()
            .map(|text| Constant::Text((*text).to_owned()))
            .collect(),
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(&TEXTS[..]).prop_map(str::to_owned),
        1 => select(vec!["A".to_owned(), "eu-west-10".to_owned(), "x".repeat(300)]),
    ]
}

fn value_of(declared: Type) -> BoxedStrategy<Value> {
    match declared {
        Type::Integer => select(&INTEGERS[..]).prop_map(Value::Integer).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Type::SetOfText => vec(text(), 0..5).prop_map(Value::SetOfText).boxed(),
        _ => text().prop_map(Value::Text).boxed(),
    }
}

/// A value of any type of the contract.
fn other_value() -> impl Strategy<Value = Value> {
    let address = Address(0xffff_0a00_0001);
    let fixed = vec![
        Value::Decimal(1),
        Value::Instant(0),
        Value::Duration(-1),
        Value::Address(address),
        Value::Network(Network { address, prefix: 128 }),
        Value::SetOfInteger(vec![0, 1]),
        Value::SetOfDecimal(vec![]),
        Value::SetOfInstant(vec![0]),
        Value::SetOfDuration(vec![1]),
        Value::SetOfAddress(vec![address]),
        Value::SetOfNetwork(vec![Network { address, prefix: 128 }]),
    ];
    prop_oneof![select(&TYPES[..]).prop_flat_map(value_of), select(fixed)]
}
