//! Two packages over the attributes of both.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::policy::DefaultDecision;
use aecp_vocabulary::{Mode, Type};

use crate::analysis::difference::{Joint, Side};
use crate::core::{Input, InputIndex, Package, Policy};

/// Puts the BLOCKING policies of both beside each other; those that both have once.
pub(super) fn join(old: &Package, new: &Package) -> Joint {
    let mut inputs: BTreeMap<(&str, Type), Input> = BTreeMap::new();
    let mut types: BTreeMap<&str, BTreeSet<Type>> = BTreeMap::new();
    for input in old.inputs.iter().chain(&new.inputs) {
        let key = (input.name.as_str(), input.value_type);
        types.entry(key.0).or_default().insert(key.1);
        inputs.entry(key).or_insert_with(|| Input {
            optional: true,
            ..input.clone()
        });
    }
    let places: BTreeMap<(&str, Type), InputIndex> =
        inputs.keys().copied().zip((0_u32..).map(InputIndex)).collect();
    let retyped = places
        .iter()
        .filter(|((name, _), _)| types.get(name).is_some_and(|types| types.len() > 1))
        .map(|(_, place)| *place)
        .collect();

    let mut policies = Vec::new();
    let mut sides = Vec::new();
    let mut only_new = blocking(new, &places);
    for (name, policy) in blocking(old, &places) {
        let same = |other: &Policy| other.scope == policy.scope && other.constraint == policy.constraint;
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
    for policy in only_new.into_values() {
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
        retyped,
    }
}

/// BLOCKING policies by name, reading joint inputs.
fn blocking(package: &Package, places: &BTreeMap<(&str, Type), InputIndex>) -> BTreeMap<String, Policy> {
    let place = |index: InputIndex| {
        let input = package.inputs.get(usize::try_from(index.0).ok()?)?;
        places.get(&(input.name.as_str(), input.value_type)).copied()
    };
    let policies = package.policies.iter();
    policies
        .filter(|policy| policy.mode == Mode::Blocking)
        .map(|policy| {
            let mut policy = policy.clone();
            policy.renumber(|index| place(index).unwrap_or(index));
            (policy.name.clone(), policy)
        })
        .collect()
}
