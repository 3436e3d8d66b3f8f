//! Differences of packages, against the interpreter on all requests of small ones.

use aecp_vocabulary::policy::DefaultDecision;
use aecp_vocabulary::{Mode, Type, Value, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::atoms::{self, Shape, shape};
use super::brute::{TYPES, requests, with_small_texts};
use crate::core::time::Window;
use crate::core::{Atom, Condition, Constant, Input, InputKind, Operand, Package, Relation};
use crate::diff::{Budget, Decided, Difference, diff};
use crate::suite::decision::decide;
use crate::testing;

/// Two packages that have policies of one, and all requests.
fn small() -> impl Strategy<Value = (Package, Package, Vec<Input>, Vec<Vec<Value>>)> {
    let parts = (
        testing::package_of(TYPES, 0..=3, 1..=5),
        any::<[u8; 2]>(),
        any::<[bool; 2]>(),
        vec((0_u8..8, any::<usize>(), any::<usize>()), 0..3),
    );
    parts.prop_filter_map("too many requests", |(mut all, masks, allow, edits)| {
        all = with_small_texts(all);
        for input in &mut all.inputs {
            if let InputKind::Attribute { optional, .. } = &mut input.kind {
                *optional = true;
            }
        }
        let mut edited = all.clone();
        for change in edits {
            if !edited.policies.is_empty() {
                edit(&mut edited, change);
            }
        }
        let of = |all: &Package, mask: u8, allow: bool| {
            let mut package = all.clone();
            let mut place = 0;
            package.policies.retain(|_| {
                place += 1;
                mask >> (place - 1) & 1 == 1
            });
            package.default = if allow {
                DefaultDecision::Allow
            } else {
                DefaultDecision::Deny
            };
            package.drop_unread_inputs();
            package
        };
        let (old, new) = (of(&all, masks[0], allow[0]), of(&edited, masks[1], allow[1]));
        all.policies.extend(edited.policies);
        let requests = requests(&all)?;
        Some((old, new, all.inputs, requests))
    })
}

/// Whether something is not looked into: an atom, or a set that nobody sets.
fn is_opaque(package: &Package) -> bool {
    let mut found = Vec::new();
    for policy in &package.policies {
        atoms::atoms(&policy.scope, &mut found);
        atoms::atoms(&policy.constraint, &mut found);
    }
    let set = |input: &Input| input.is_certain() && input.value_type.member().is_some();
    let opaque = |atom: &&Atom| matches!(shape(package, atom), Shape::Opaque);
    package.inputs.iter().any(set) || found.iter().any(opaque)
}

fn values(wanted: &[Input], inputs: &[Input], request: &[Value]) -> Vec<Value> {
    let value = |input: &Input| {
        // Nobody sets parameters.
        if let Some(parameter) = input.parameter() {
            return parameter.default.clone();
        }
        let place = inputs.iter().position(|known| known.name == input.name).unwrap();
        request[place].clone()
    };
    wanted.iter().map(value).collect()
}

fn agrees(difference: &Difference, decided: &Decided, values: &[Value], changed: bool) -> Result<(), String> {
    let place = difference.place(decided, values);
    let condition = place.map(|place| decided.conditions[place].condition.clone());
    let complete = decided.not_decided.is_empty() && decided.more == 0;
    match (changed, condition) {
        (true, None) if complete => Err("is in no condition".to_owned()),
        (false, Some(condition)) => Err(format!("did not change, and is in `{condition}`")),
        _ => Ok(()),
    }
}

/// Whether a difference says of one request what both packages decide.
fn told(
    old: &Package,
    new: &Package,
    difference: &Difference,
    inputs: &[Input],
    request: &[Value],
) -> Result<(), String> {
    let verdict = |package: &Package| decide(package, &values(&package.inputs, inputs, request)).verdict;
    let (before, after) = (verdict(old), verdict(new));
    let joint = values(difference.inputs(), inputs, request);
    let (denied, allowed) = (
        (before, after) == (Verdict::Allow, Verdict::Deny),
        (before, after) == (Verdict::Deny, Verdict::Allow),
    );
    agrees(difference, &difference.denied, &joint, denied)
        .and_then(|()| agrees(difference, &difference.allowed, &joint, allowed))
}

/// What an author does between two versions: a kind, and where.
type Edit = (u8, usize, usize);

fn edit(package: &mut Package, (kind, place, other): Edit) {
    let count = package.policies.len();
    let constraint = package.policies[other % count].constraint.clone();
    let policy = &mut package.policies[place % count];
    match kind {
        0 => std::mem::swap(&mut policy.scope, &mut policy.constraint),
        1 => policy.constraint = constraint,
        2 => policy.scope = Condition::All(vec![policy.scope.clone(), constraint]),
        3 => policy.constraint = Condition::Not(Box::new(constraint)),
        4 => policy.mode = Mode::Blocking,
        5 => drop(package.policies.remove(place % count)),
        6 => nudge(&mut policy.constraint, other),
        7 => nudge(&mut policy.scope, other),
        8 => package.default = DefaultDecision::Allow,
        9 => package.default = DefaultDecision::Deny,
        _ => {
            let inputs = package.inputs.len();
            if let Some(input) = package.inputs.get_mut(place % inputs.max(1)) {
                redeclare(input, other);
            }
        }
    }
}

/// Changes numbers, lists and bounds a little.
fn nudge(condition: &mut Condition, by: usize) {
    let atom = match condition {
        Condition::Constant(_) => return,
        Condition::All(parts) | Condition::Any(parts) => {
            let count = parts.len().max(1);
            return parts
                .get_mut(by % count)
                .into_iter()
                .for_each(|part| nudge(part, by / count));
        }
        Condition::Not(part) => return nudge(part, by),
        Condition::Atom(atom) => atom,
    };
    match atom {
        Atom::Compare {
            relation,
            left,
            right,
        } => {
            for operand in [left, right] {
                if let Operand::Constant(Constant::Integer(number) | Constant::Instant(number)) = operand {
                    *number = number.saturating_add(1);
                }
            }
            if *relation == Relation::Less {
                *relation = Relation::LessOrEqual;
            }
        }
        Atom::OneOf { members, .. } | Atom::ContainsOf { members, .. } if members.len() > 1 => {
            let mut fewer = members.to_vec();
            fewer.remove(by % fewer.len());
            *members = fewer.into();
        }
        Atom::Matches { patterns, .. } if patterns.len() > 1 => drop(patterns.pop()),
        Atom::During {
            window: Window::Days(days),
            ..
        } => *days ^= 1,
        Atom::IsPresent(_) => *condition = Condition::Not(Box::new(condition.clone())),
        _ => {}
    }
}

fn redeclare(input: &mut Input, how: usize) {
    match &mut input.kind {
        InputKind::Attribute { default, choices, .. } => {
            if how % 2 == 0 {
                *default = None;
            } else {
                *choices = None;
            }
        }
        InputKind::Parameter(parameter) => {
            let bounds = [parameter.minimum.clone(), parameter.maximum.clone()];
            if let Some(bound) = bounds.into_iter().flatten().nth(how % 2) {
                parameter.default = bound;
            }
        }
        InputKind::Now => {}
    }
}

/// Two versions of a package, and requests that have anything.
fn versions() -> impl Strategy<Value = (Package, Package, Vec<Input>, Vec<Vec<Value>>)> {
    let edits = vec((0_u8..12, any::<usize>(), any::<usize>()), 0..4);
    let packages = (testing::package_of(MOST_TYPES, 0..=4, 1..=5), edits).prop_map(|(mut old, edits)| {
        for input in &mut old.inputs {
            if let InputKind::Attribute { optional, .. } = &mut input.kind {
                *optional = true;
            }
        }
        let mut new = old.clone();
        for change in edits {
            if !new.policies.is_empty() {
                edit(&mut new, change);
            }
        }
        (old, new)
    });
    packages.prop_flat_map(|(old, mut new)| {
        let requests = vec(testing::values(&old), 40);
        let inputs = old.inputs.clone();
        new.drop_unread_inputs();
        (Just(old), Just(new), Just(inputs), requests)
    })
}

const MOST_TYPES: &[Type] = &[
    Type::Text,
    Type::Text,
    Type::Integer,
    Type::Integer,
    Type::Boolean,
    Type::SetOfText,
    Type::Instant,
    Type::Instant,
    Type::Decimal,
    Type::Duration,
    Type::Address,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, max_local_rejects: 200_000, ..ProptestConfig::default() })]

    #[test]
    fn conditions_hold_of_what_changed((old, new, inputs, requests) in small()) {
        let budget = Budget { listed: 1_000, counted: 1_000, ..Budget::default() };
        let difference = diff(&old, &new, budget);
        prop_assert_eq!(&difference.inconsistencies, &Vec::<String>::new());
        if ![&old, &new].into_iter().any(is_opaque) {
            prop_assert_eq!(&difference.denied.not_decided, &Vec::<String>::new());
            prop_assert_eq!(&difference.allowed.not_decided, &Vec::<String>::new());
        }
        for request in &requests {
            let found = told(&old, &new, &difference, &inputs, request);
            prop_assert_eq!(found, Ok(()), "{:?}", request);
        }
    }

    #[test]
    fn whatever_a_request_has_is_told_rightly((old, new, inputs, requests) in versions()) {
        let budget = Budget { listed: 1_000, counted: 1_000, ..Budget::default() };
        let difference = diff(&old, &new, budget);
        prop_assert_eq!(&difference.inconsistencies, &Vec::<String>::new());
        // A set's default cannot be put in the place of the set where it is asked for the value of another attribute.
        let redeclared = old.inputs.iter().any(|input| {
            let other = new.inputs.iter().find(|other| other.name == input.name);
            let set = input.value_type.member().is_some();
            other.is_some_and(|other| other.kind != input.kind && !input.is_certain() && set)
        });
        if !redeclared && ![&old, &new].into_iter().any(is_opaque) {
            prop_assert_eq!(&difference.denied.not_decided, &Vec::<String>::new());
            prop_assert_eq!(&difference.allowed.not_decided, &Vec::<String>::new());
        }
        for request in &requests {
            prop_assert_eq!(told(&old, &new, &difference, &inputs, request), Ok(()), "{:?}", request);
        }
    }

    #[test]
    fn a_small_budget_only_says_less(
        (old, new) in (testing::package(), testing::package()),
        total in 0_u64..5_000,
    ) {
        let budget = Budget { question: 500, total, listed: 3, counted: 6 };
        let difference = diff(&old, &new, budget);
        prop_assert_eq!(&difference.inconsistencies, &Vec::<String>::new());
        let sentences = |difference: &Difference| -> Vec<String> {
            let all = difference.denied.conditions.iter().chain(&difference.allowed.conditions);
            all.map(|requests| requests.condition.clone()).collect()
        };
        prop_assert_eq!(sentences(&diff(&old, &new, budget)), sentences(&difference));
        prop_assert!(diff(&old, &old, budget).is_empty());
    }
}
