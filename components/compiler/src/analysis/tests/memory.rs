//! An analysis with a memory is one without.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{Analysis, Budget, Memory, analyse};
use crate::core::{Condition, Package};
use crate::package::check;
use crate::source::SourceFile;
use crate::testing;

/// A small change of a package: what is done, to which policy, with which other one.
type Edit = (u8, usize, usize);

fn edit(package: &mut Package, (what, one, other): Edit) {
    let count = package.policies.len();
    if count == 0 {
        return;
    }
    let (one, other) = (one % count, other % count);
    let from = package.policies[other].clone();
    match what {
        0 => package.policies.swap(one, other),
        1 if count > 2 => drop(package.policies.remove(one)),
        1 => {}
        2 => {
            let mut added = from;
            added.name.push('x');
            package.policies.insert(one, added);
        }
        3 => package.policies[one].scope = from.scope,
        4 => package.policies[one].constraint = Condition::Not(Box::new(from.constraint)),
        5 => package.policies[one].mode = from.mode,
        6 => package.version.push('1'),
        _ => {
            let constraint = package.policies[one].constraint.clone();
            package.policies[one].constraint = Condition::All(vec![constraint, from.scope]);
        }
    }
}

fn budgets() -> impl Strategy<Value = Budget> {
    let small = (1_u64..60, 1_u64..3_000, 1_usize..30, 1_usize..6);
    let small = small.prop_map(|(question, total, pairs, findings)| Budget {
        question,
        total,
        pairs,
        findings,
    });
    prop_oneof![Just(Budget::default()), small]
}

proptest! {
    #[test]
    fn what_is_remembered_is_what_would_be_found(
        package in testing::package(),
        edits in vec((0_u8..8, any::<usize>(), any::<usize>()), 1..8),
        budget in budgets(),
    ) {
        let mut package = package;
        let mut memory = Memory::default();
        prop_assert_eq!(memory.analyse(&package, budget), analyse(&package, budget));
        for one in edits {
            edit(&mut package, one);
            // Names tell policies, so they are unique.
            let names: std::collections::BTreeSet<_> = package.policies.iter().map(|policy| &policy.name).collect();
            prop_assume!(names.len() == package.policies.len());
            prop_assert_eq!(memory.analyse(&package, budget), analyse(&package, budget));
        }
    }
}

/// `count` policies in the manner of the benchmarks, which meet in tens.
fn many(count: usize, limit: usize) -> Package {
    let mut source =
        "PACKAGE p { VERSION: \"1.0.0\" } SCHEMA { kind: TEXT place: TEXT size: INTEGER }\n".to_owned();
    for number in 0..count {
        let size = if number == 5 { limit } else { number };
        source.push_str(&format!(
            "POLICY p{number} {{ SCOPE: requests WHERE kind == \"k{}\" CONSTRAINT: place IN [\"a\", \"b{number}\"] AND size > {size}
             ENFORCEMENT: BLOCKING }}\n",
            number / 10
        ));
    }
    let checked = check(&[SourceFile::new("p.aecp", source)]);
    assert_eq!(checked.diagnostics, []);
    checked.package.unwrap()
}

#[test]
fn one_changed_policy_costs_a_part_of_the_whole() {
    let (before, after) = (many(200, 7), many(200, 1_000));
    let budget = Budget::default();
    let steps = |memory: &mut Memory, package: &Package| {
        let analysis: Analysis = memory.analyse(package, budget);
        assert_eq!(analysis, analyse(package, budget));
        memory.asked()
    };
    let mut memory = Memory::default();
    let whole = steps(&mut memory, &before);
    let part = steps(&mut memory, &after);
    assert_eq!(steps(&mut memory, &after), 0);
    assert!(
        part > 0 && part * 10 < whole,
        "{part} parts of {whole} were asked anew"
    );
}
