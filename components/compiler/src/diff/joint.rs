//! Two packages over the attributes of both.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::policy::DefaultDecision;
use aecp_vocabulary::{Mode, Type, Value};

use super::declarations;
use crate::analysis::difference::{Joint, Side};
use crate::core::{Condition, Constant, Input, InputIndex, InputKind, Package, Policy};
use crate::interpreter::{self, Truth};

/// What makes an input the same in both packages: its name, its type, and its value if it has one in every request.
pub(super) type Key = (String, Type, Option<String>);

/// The key of an input of one of the packages, or of both.
pub(super) fn key(input: &Input) -> Key {
    let default = input
        .parameter()
        .map(|parameter| format!("{:?}", parameter.default));
    (input.name.to_string(), input.value_type, default)
}

/// Puts the BLOCKING policies of both beside each other; those that both have once.
pub(super) fn join(old: &Package, new: &Package) -> Joint {
    let alike = declarations::alike(old, new);
    let (old, new) = alike.as_ref().map_or((old, new), |(old, new)| (old, new));
    let mut inputs: BTreeMap<Key, Input> = BTreeMap::new();
    let mut declared: BTreeMap<&str, BTreeSet<(Type, String)>> = BTreeMap::new();
    for input in old.inputs.iter().chain(&new.inputs) {
        let declared = declared.entry(input.name.as_str()).or_default();
        let rest = format!("{:?} {:?}", input.absent_as(), input.choices());
        declared.insert((input.value_type, rest));
        inputs.entry(key(input)).or_insert_with(|| {
            let kind = match &input.kind {
                InputKind::Attribute { default, choices, .. } => InputKind::Attribute {
                    optional: true,
                    default: default.clone(),
                    choices: choices.clone(),
                },
                kind => kind.clone(),
            };
            Input {
                kind,
                ..input.clone()
            }
        });
    }
    let redeclared = |input: &Input| {
        let declared = declared.get(input.name.as_str());
        matches!(input.kind, InputKind::Attribute { .. }) && declared.is_some_and(|it| it.len() > 1)
    };
    // A set or a network in a parameter is not looked into.
    let opaque = |input: &Input| {
        let parameter = input.parameter();
        parameter.is_some_and(|it| Constant::of(&it.default).is_none())
    };
    let of = |asked: &dyn Fn(&Input) -> bool| -> BTreeSet<InputIndex> {
        let found = (0_u32..).zip(inputs.values()).filter(|(_, input)| asked(input));
        found.map(|(place, _)| InputIndex(place)).collect()
    };
    let redeclared = of(&redeclared);
    let freed = &of(&opaque) | &redeclared;
    let places: BTreeMap<Key, InputIndex> = inputs.keys().cloned().zip((0_u32..).map(InputIndex)).collect();

    let mut policies = Vec::new();
    let mut sides = Vec::new();
    let mut only_new = blocking(new, &places);
    let mut only_old = blocking(old, &places);
    for policy in &old.policies {
        let Some((name, policy)) = only_old.remove_entry(&policy.name) else {
            continue;
        };
        // What reads the same words in two declarations does not say the same.
        let reads = policy.condition_reads();
        let alike = !reads.into_iter().any(|input| redeclared.contains(&input));
        let same =
            |other: &Policy| alike && other.scope == policy.scope && other.constraint == policy.constraint;
        let known = only_new.get(&name).is_some_and(same).then(|| name.clone());
        // Who has another name has the same say.
        let renamed = || {
            only_new
                .iter()
                .find(|(_, other)| same(other))
                .map(|(name, _)| name.clone())
        };
        match known.or_else(renamed) {
            Some(name) => {
                only_new.remove(&name);
                sides.push(Side::Both);
            }
            None => sides.push(Side::Old),
        }
        policies.push(policy);
    }
    for policy in &new.policies {
        let Some(policy) = only_new.remove(&policy.name) else {
            continue;
        };
        policies.push(policy);
        sides.push(Side::New);
    }
    Joint {
        package: Package {
            name: new.name.clone(),
            version: new.version.clone(),
            default: DefaultDecision::default(),
            inputs: inputs.into_values().collect(),
            policies,
            annotations: Vec::new(),
        },
        sides,
        old_default: old.default,
        new_default: new.default,
        redeclared,
        freed,
    }
}

/// BLOCKING policies by name, reading joint inputs.
fn blocking(package: &Package, places: &BTreeMap<Key, InputIndex>) -> BTreeMap<String, Policy> {
    let place = |index: InputIndex| {
        let input = package.inputs.get(usize::try_from(index.0).ok()?)?;
        places.get(&key(input)).copied()
    };
    let defaults: Vec<Value> = package.inputs.iter().map(Input::plain).collect();
    let policies = package.policies.iter();
    policies
        .filter(|policy| policy.mode == Mode::Blocking)
        .map(|policy| {
            let mut policy = policy.clone();
            if defaults.iter().any(|value| *value != Value::Absent) {
                fold(package, &defaults, &mut policy.scope);
                fold(package, &defaults, &mut policy.constraint);
            }
            policy.renumber(|index| place(index).unwrap_or(index));
            (policy.name.clone(), policy)
        })
        .collect()
}

/// Puts in the truth of atoms that read parameters alone.
fn fold(package: &Package, defaults: &[Value], condition: &mut Condition) {
    match condition {
        Condition::Constant(_) => {}
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                fold(package, defaults, part);
            }
        }
        Condition::Not(part) => fold(package, defaults, part),
        Condition::Atom(atom) => {
            let fixed = |input: &InputIndex| {
                let place = usize::try_from(input.0).ok();
                let value = place.and_then(|place| defaults.get(place));
                value.is_some_and(|value| *value != Value::Absent)
            };
            let inputs = atom.inputs();
            let truth = interpreter::atom(package, defaults, atom);
            if !inputs.is_empty() && inputs.iter().all(fixed) && truth != Truth::Unknown {
                *condition = Condition::Constant(truth == Truth::True);
            }
        }
    }
}
