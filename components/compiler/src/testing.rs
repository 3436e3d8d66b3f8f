//! Generators of well-typed packages and of values for them, for property tests.
//!
//! Domains are small on purpose, so that generated values often meet the constants they are compared with.

#![allow(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "this module exists for tests alone"
)]

mod atoms;
mod domain;
mod operands;
mod together;

pub use together::{outcomes_together, packages, values_together};

use std::ops::RangeInclusive;

use aecp_vocabulary::obligation::{
    Duty, LimitKey, Masking, Notification, RowCondition, RowRelation, WINDOW_LIMITS,
};
use aecp_vocabulary::policy::{Annotation, DefaultDecision, Obligation, OverrideRule, Segment};
use aecp_vocabulary::value::{Address, Network};
use aecp_vocabulary::{AuditClass, Mode, Type, Value};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use self::atoms::atom;
use self::domain::{TEXTS, TYPES, other_value, value_of};
use crate::core::{
    Condition, Constant, Input, InputIndex, InputKind, Members, Package, Parameter, Policy, is_ordered,
};

const DEPTH: u32 = 4;

/// Packages of up to 7 inputs and 6 policies, conditions nested up to 4 deep. Every input is read by some policy.
pub fn package() -> impl Strategy<Value = Package> {
    package_of(&TYPES, 0..=7, 1..=6)
}

/// Packages with so many inputs of some types at first, and so many policies; inputs that no policy reads are dropped.
pub fn package_of(
    types: &'static [Type],
    inputs: RangeInclusive<usize>,
    policies: RangeInclusive<usize>,
) -> impl Strategy<Value = Package> {
    let inputs = vec((select(types), select(&ORIGINS[..])), inputs);
    inputs.prop_flat_map(move |types| {
        let mut inputs: Vec<Input> = types
            .iter()
            .zip(0_u32..)
            .map(|((t, o), index)| input(index, *t, *o))
            .collect();
        // There is one time.
        let mut clocks = 0_usize;
        inputs.retain(|input| {
            clocks = clocks.saturating_add(usize::from(input.kind == InputKind::Now));
            clocks < 2 || input.kind != InputKind::Now
        });
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

/// One value for each input: mostly of its type, else absent, failed, or of another type where that can be.
pub fn values(package: &Package) -> impl Strategy<Value = Vec<Value>> + use<> {
    package.inputs.iter().map(value_for).collect::<Vec<_>>()
}

/// A value for an input: for parameters and the time only what they can be.
fn value_for(input: &Input) -> BoxedStrategy<Value> {
    match input.parameter() {
        None if input.is_certain() => value_of(input.value_type),
        None => value(input.value_type),
        Some(parameter) => {
            let (default, parameter) = (parameter.default.clone(), parameter.clone());
            let inside = move |value: Value| {
                if parameter.allows(&value) {
                    value
                } else {
                    default.clone()
                }
            };
            value_of(input.value_type).prop_map(inside).boxed()
        }
    }
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

/// Where an input's value comes from.
#[derive(Clone, Copy, Debug)]
enum Origin {
    Request,
    OptionalInRequest,
    WithDefault,
    Package,
    Clock,
}

const ORIGINS: [Origin; 10] = [
    Origin::WithDefault,
    Origin::WithDefault,
    Origin::Request,
    Origin::Request,
    Origin::Request,
    Origin::OptionalInRequest,
    Origin::OptionalInRequest,
    Origin::OptionalInRequest,
    Origin::Package,
    Origin::Clock,
];

/// An input that is the same wherever it has the same index, type and origin, so that packages fit into one component.
fn input(index: u32, value_type: Type, origin: Origin) -> Input {
    let words = value_type.name().to_ascii_lowercase().replace(' ', "_");
    let name = |name: String| name.parse().expect("letters, digits and underscores");
    match origin {
        Origin::Package => {
            let kind = InputKind::Parameter(Box::new(parameter(index, value_type)));
            Input {
                name: name(format!("parameter{index}_{words}")),
                value_type,
                kind,
            }
        }
        Origin::Clock if value_type == Type::Instant => Input {
            name: name("now".to_owned()),
            value_type,
            kind: InputKind::Now,
        },
        Origin::WithDefault => Input {
            name: name(format!("defaulted{index}.{words}")),
            value_type,
            kind: InputKind::Attribute {
                optional: true,
                default: Some(Box::new(parameter(index, value_type).default)),
                choices: choices(index, value_type),
            },
        },
        Origin::Request | Origin::OptionalInRequest | Origin::Clock => {
            let optional = !matches!(origin, Origin::Request);
            let mut input = Input::attribute(name(format!("attribute{index}.{words}")), value_type, optional);
            input.kind = InputKind::Attribute {
                optional,
                default: None,
                choices: choices(index, value_type),
            };
            input
        }
    }
}

/// The values that the schema lists for every third text, the same for all inputs of one name.
fn choices(index: u32, value_type: Type) -> Option<Members<Constant>> {
    let texts = TEXTS.iter().take(5);
    let texts: Vec<Constant> = texts.map(|text| Constant::Text((*text).to_owned())).collect();
    (value_type == Type::Text && index % 3 == 1).then(|| texts.into())
}

fn parameter(index: u32, value_type: Type) -> Parameter {
    let value = |number: i64| match value_type {
        Type::Integer => Value::Integer(number),
        Type::Decimal => Value::Decimal(number),
        Type::Instant => Value::Instant(number),
        Type::Duration => Value::Duration(number),
        Type::Boolean => Value::Boolean(number > 1),
        Type::Text => Value::Text("eu-west-1".to_owned()),
        Type::Address => Value::Address(Address(0xffff_0a00_0001)),
        Type::Network => Value::Network(Network {
            address: Address(0xffff_0a00_0000),
            prefix: 104,
        }),
        Type::SetOfText => Value::SetOfText(vec!["EU".to_owned(), "größe".to_owned()]),
        Type::SetOfInteger => Value::SetOfInteger(vec![number, -1]),
        Type::SetOfDecimal => Value::SetOfDecimal(vec![]),
        Type::SetOfInstant => Value::SetOfInstant(vec![0, number]),
        Type::SetOfDuration => Value::SetOfDuration(vec![i64::MAX]),
        Type::SetOfAddress => Value::SetOfAddress(vec![Address(0), Address(u128::MAX)]),
        Type::SetOfNetwork => Value::SetOfNetwork(Vec::new()),
    };
    let bound = |number: i64, given: bool| (given && is_ordered(value_type)).then(|| value(number));
    Parameter {
        default: value(i64::from(index % 3)),
        minimum: bound(-1, index & 1 == 1),
        maximum: bound(2, index & 2 == 2),
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
        1 => vec(obligation(inputs), 1..3),
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

/// Obligations of all kinds, some of which clash.
fn obligation(inputs: &[Input]) -> impl Strategy<Value = Obligation> + use<> {
    let path = || {
        select(vec![
            "response.body",
            "response.body.ssn",
            "response.body.card.number",
        ])
    };
    let name = |text: &str| text.parse().expect("letters, digits and underscores");
    let masking = prop_oneof![
        (1_u32..6).prop_map(Masking::KeepLast),
        Just(Masking::Hide(None)),
        select(vec!["x", "größe"]).prop_map(|text| Masking::Hide(Some(text.to_owned()))),
    ];
    let mask = (path(), masking).prop_map(move |(path, how)| Duty::Mask {
        path: name(path),
        how,
    });
    let notification =
        (select(vec!["security", "a@example.com"]), segments(inputs)).prop_map(|(to, message)| {
            let message = Some(message);
            Duty::Notify(Notification {
                to: to.to_owned(),
                message,
            })
        });
    let mut duties = vec![mask.boxed(), notification.boxed()];
    let scalars: Vec<(u32, Input)> = (0_u32..)
        .zip(inputs.iter().cloned())
        .filter(|(_, input)| input.value_type.member().is_none() && input.value_type != Type::Network)
        .collect();
    if !scalars.is_empty() {
        let limit =
            (select(scalars.clone()), 1_u64..4, 1_i64..4).prop_map(|((index, input), count, seconds)| {
                let key = LimitKey {
                    key: input.name,
                    value: vec![Segment::Input(index)],
                    window: seconds.saturating_mul(WINDOW_LIMITS.0),
                };
                Duty::Limit { key, count }
            });
        let condition = (select(scalars), select(vec!["region", "owner.name"])).prop_map(
            move |((index, input), field)| {
                let relation = if input.value_type == Type::Integer {
                    RowRelation::Less
                } else {
                    RowRelation::Equal
                };
                RowCondition {
                    field: name(field),
                    value_type: input.value_type,
                    relation,
                    values: vec![vec![Segment::Input(index)]],
                }
            },
        );
        let filter = (path(), vec(condition, 1..3)).prop_map(move |(path, conditions)| Duty::Filter {
            rows: name(path),
            conditions,
        });
        duties.extend([limit.boxed(), filter.boxed()]);
    }
    proptest::strategy::Union::new(duties).prop_map(Duty::obligation)
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

fn inputs_of(inputs: &[Input], value_type: Type) -> Vec<InputIndex> {
    let of_type = (0_u32..)
        .zip(inputs)
        .filter(|(_, input)| input.value_type == value_type);
    of_type.map(|(index, _)| InputIndex(index)).collect()
}
