//! Differences of packages, against the interpreter on all requests of small ones.

use aecp_vocabulary::policy::DefaultDecision;
use aecp_vocabulary::{Value, Verdict};
use proptest::prelude::*;

use super::super::atoms::{self, Shape, shape};
use super::brute::{TYPES, requests, with_small_texts};
use crate::core::{Atom, Input, InputKind, Package};
use crate::diff::{Budget, Decided, Difference, diff};
use crate::suite::decision::decide;
use crate::testing;

/// Two packages that have policies of one, and all requests.
fn small() -> impl Strategy<Value = (Package, Package, Vec<Input>, Vec<Vec<Value>>)> {
    let parts = (
        testing::package_of(TYPES, 0..=3, 1..=5),
        any::<[u8; 2]>(),
        any::<[bool; 2]>(),
    );
    parts.prop_filter_map("too many requests", |(mut all, masks, allow)| {
        all = with_small_texts(all);
        for input in &mut all.inputs {
            if let InputKind::Attribute { optional, .. } = &mut input.kind {
                *optional = true;
            }
        }
        let requests = requests(&all)?;
        let of = |mask: u8, allow: bool| {
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
        let (old, new) = (of(masks[0], allow[0]), of(masks[1], allow[1]));
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_local_rejects: 200_000, ..ProptestConfig::default() })]

    #[test]
    fn conditions_hold_of_what_changed((old, new, inputs, requests) in small()) {
        let budget = Budget { listed: 1_000, counted: 1_000, ..Budget::default() };
        let difference = diff(&old, &new, budget);
        prop_assert_eq!(&difference.inconsistencies, &Vec::<String>::new());
        if ![&old, &new].into_iter().any(is_opaque) {
            prop_assert_eq!(&difference.denied.not_decided, &Vec::<String>::new());
            prop_assert_eq!(&difference.allowed.not_decided, &Vec::<String>::new());
        }
        // What nobody sets has its default.
        let plain = |request: &&Vec<Value>| {
            let mut given = inputs.iter().zip(request.iter());
            given.all(|(input, value)| input.parameter().is_none_or(|it| it.default == *value))
        };
        for request in requests.iter().filter(plain) {
            let verdict = |package: &Package| decide(package, &values(&package.inputs, &inputs, request)).verdict;
            let (before, after) = (verdict(&old), verdict(&new));
            let joint = values(difference.inputs(), &inputs, request);
            let (denied, allowed) = (
                (before, after) == (Verdict::Allow, Verdict::Deny),
                (before, after) == (Verdict::Deny, Verdict::Allow),
            );
            let found = agrees(&difference, &difference.denied, &joint, denied)
                .and_then(|()| agrees(&difference, &difference.allowed, &joint, allowed));
            prop_assert_eq!(found, Ok(()), "{:?}", request);
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
