//! Packages that become one component: what they are asked, and what they say together.

use std::ops::RangeInclusive;

use aecp_vocabulary::{ComponentDescription, Outcomes, Value};
use proptest::collection::vec;
use proptest::prelude::Strategy;

use super::{package, value};
use crate::core::{Input, Package};
use crate::interpreter;

/// So many packages, of different names.
pub fn packages(count: RangeInclusive<usize>) -> impl Strategy<Value = Vec<Package>> {
    vec(package(), count).prop_map(|mut packages| {
        for (index, package) in packages.iter_mut().enumerate() {
            package.name = format!("package_{index}");
        }
        packages
    })
}

/// Values for all inputs of a component, sorted by name as its positions are.
pub fn values_together(packages: &[Package]) -> impl Strategy<Value = Vec<Value>> + use<> {
    let mut inputs: Vec<&Input> = packages.iter().flat_map(|package| &package.inputs).collect();
    inputs.sort_by(|first, second| first.name.cmp(&second.name));
    inputs.dedup_by(|first, second| first.name == second.name);
    let values = inputs.iter().map(|input| value(input.value_type));
    values.collect::<Vec<_>>()
}

/// What the interpreter says of all packages, in the numbering of the component that describes itself so.
///
/// # Panics
/// The description lacks an input, or there are more policies than components hold.
pub fn outcomes_together(
    packages: &[Package],
    description: &ComponentDescription,
    values: &[Value],
) -> Outcomes {
    let value_of = |input: &Input| {
        let mut positions = description.inputs.iter();
        let position = positions.position(|position| position.label() == input.name.as_str());
        let value = position.and_then(|position| values.get(position));
        value.expect("every input has a position").clone()
    };
    let mut all = Outcomes::default();
    let mut first = 0;
    for package in packages {
        let values: Vec<Value> = package.inputs.iter().map(value_of).collect();
        let outcomes = interpreter::evaluate(package, &values);
        all.applied
            .extend(outcomes.applied.iter().map(|policy| policy + first));
        all.findings
            .extend(outcomes.findings.into_iter().map(|mut finding| {
                finding.policy += first;
                finding
            }));
        first += u32::try_from(package.policies.len()).expect("few policies");
    }
    all
}
