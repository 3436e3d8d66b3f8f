//! Small changes of a package that some test should notice.
//!
//! A mutant is *killed* if a case that passes with the package fails with the mutant. One that survives is either
//! *equivalent*, so that no test could notice it, or shows what the tests do not look at.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::policy::PolicyFinding;
use aecp_vocabulary::{AttributeName, Decision, Mode, Outcome, Outcomes, Value, Verdict};
use serde::Serialize;

use super::decision::{decide, of_outcomes};
use super::equivalence::{Equivalence, Judgement, Question};
use super::run::{meets, obliging};
use super::{Expected, Test, mutants};
use crate::core::{Condition, Package, Policy};
use crate::interpreter;

/// How much work may still be done. One step is about one condition looked at for one request: tens of nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Steps that are left.
    pub steps: u64,
}

impl Default for Budget {
    /// About ten seconds.
    fn default() -> Self {
        Self { steps: 200_000_000 }
    }
}

impl Budget {
    /// Takes so many steps; false, and nothing is left, if there are not so many.
    pub fn spend(&mut self, steps: u64) -> bool {
        let enough = steps <= self.steps;
        self.steps = self.steps.saturating_sub(steps);
        enough
    }
}

/// What the tests notice of the changes of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mutation {
    /// Mutants that some test noticed.
    pub killed: u64,
    /// Mutants that no test could notice.
    pub equivalent: u64,
    /// Mutants that no test noticed, in the order of policies.
    pub survivors: Vec<Survivor>,
    /// Mutants that the budget did not reach.
    pub not_tried: u64,
}

/// A change that no test noticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Survivor {
    /// The policy's name.
    pub policy: String,
    /// A sentence: ``no test notices that policy `p` is dropped``.
    pub sentence: String,
    /// A request over which package and mutant decide differently, without what is absent. None if it was not
    /// decided whether there is one.
    pub request: Option<Vec<(AttributeName, Value)>>,
}

/// A request, what is expected of it, and what the policies say of it. The expectation is met.
struct Passing<'a> {
    expected: &'a Expected,
    values: Vec<Value>,
    outcomes: Outcomes,
}

/// Changes each policy in many small ways, one at a time, and runs the tests against each change.
///
/// `equivalence` is asked about each mutant that survives; [`BruteForce`](super::equivalence::BruteForce) is one that
/// is always at hand. Cases that fail without any change are left out: they would notice everything.
pub fn mutate(
    package: &Package,
    tests: &[Test],
    equivalence: &dyn Equivalence,
    mut budget: Budget,
) -> Mutation {
    let passing = passing(package, tests);
    let mut found = Mutation::default();
    let mut bench = Bench {
        mutated: package.clone(),
        alone: package.with_policies(Vec::new()),
    };
    let relevant = relevant(&passing);
    for (index, policy) in (0_u32..).zip(&package.policies) {
        let cost = size(&policy.scope).saturating_add(size(&policy.constraint));
        // Cases that the policy has something to say of come first, for they notice most.
        let near = relevant.get(&index).map_or(&[][..], Vec::as_slice);
        let near = near.iter().filter_map(|at| passing.get(*at));
        let cases: Vec<&Passing<'_>> = near.chain(&passing).collect();
        for mutant in mutants::of(policy) {
            if !budget.spend(cost) {
                found.not_tried = found.not_tried.saturating_add(1);
                continue;
            }
            let changed = mutant.apply(policy);
            let Some(killed) = bench.try_out(index, &changed, policy, &cases, cost, &mut budget) else {
                found.not_tried = found.not_tried.saturating_add(1);
                continue;
            };
            if killed {
                found.killed = found.killed.saturating_add(1);
                continue;
            }
            let question = Question {
                package,
                policy: index,
                mutant: &changed,
            };
            let request = match equivalence.judge(&question, &mut budget) {
                Judgement::Same => {
                    found.equivalent = found.equivalent.saturating_add(1);
                    continue;
                }
                Judgement::Different(values) => Some(named(package, values)),
                Judgement::NotDecided => None,
            };
            found.survivors.push(Survivor {
                policy: policy.name.clone(),
                sentence: format!("no test notices that {}", mutant.sentence(package, policy)),
                request,
            });
        }
    }
    found
}

fn passing<'a>(package: &Package, tests: &'a [Test]) -> Vec<Passing<'a>> {
    let cases = tests.iter().flat_map(|test| &test.cases);
    cases
        .filter_map(|case| {
            let values = case.values(package);
            let outcomes = interpreter::evaluate(package, &values);
            meets(&case.expected, &of_outcomes(package, &values, &outcomes)).then_some(Passing {
                expected: &case.expected,
                values,
                outcomes,
            })
        })
        .collect()
}

/// For each policy, the cases that it applies to or that it cannot tell of, by their places.
fn relevant(cases: &[Passing<'_>]) -> BTreeMap<u32, Vec<usize>> {
    let mut relevant: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (at, case) in cases.iter().enumerate() {
        let found = case.outcomes.findings.iter().map(|finding| finding.policy);
        let policies: BTreeSet<u32> = case.outcomes.applied.iter().copied().chain(found).collect();
        for policy in policies {
            relevant.entry(policy).or_default().push(at);
        }
    }
    relevant
}

/// Where mutants are tried out, so that a package is not copied for each of them.
struct Bench {
    /// The package, with one policy changed.
    mutated: Package,
    /// The package with the changed policy alone, whose outcome is asked again.
    alone: Package,
}

impl Bench {
    /// Whether some case notices the change; none if the budget ends before that is known.
    fn try_out(
        &mut self,
        index: u32,
        changed: &Policy,
        original: &Policy,
        cases: &[&Passing<'_>],
        cost: u64,
        budget: &mut Budget,
    ) -> Option<bool> {
        let place = usize::try_from(index).ok()?;
        self.alone.policies = vec![changed.clone()];
        *self.mutated.policies.get_mut(place)? = changed.clone();
        let killed = self.notice(index, changed.mode != original.mode, cases, cost, budget);
        *self.mutated.policies.get_mut(place)? = original.clone();
        killed
    }

    fn notice(
        &self,
        index: u32,
        new_mode: bool,
        cases: &[&Passing<'_>],
        cost: u64,
        budget: &mut Budget,
    ) -> Option<bool> {
        for case in cases {
            if !budget.spend(cost) {
                return None;
            }
            let alone = interpreter::evaluate(&self.alone, &case.values);
            let Some(outcomes) = replaced(&case.outcomes, index, alone, new_mode) else {
                continue;
            };
            let touched = outcomes.applied.len().saturating_add(outcomes.findings.len());
            if !budget.spend(u64::try_from(touched).unwrap_or(u64::MAX)) {
                return None;
            }
            if !meets(
                case.expected,
                &of_outcomes(&self.mutated, &case.values, &outcomes),
            ) {
                return Some(true);
            }
        }
        Some(false)
    }
}

/// The outcomes with those of one policy replaced by what it says alone; none if that is what it said, unless `always`.
fn replaced(all: &Outcomes, index: u32, alone: Outcomes, always: bool) -> Option<Outcomes> {
    let applied = all.applied.binary_search(&index);
    let finding = all
        .findings
        .binary_search_by_key(&index, |finding| finding.policy);
    let new = alone.findings.into_iter().next().map(|finding| PolicyFinding {
        policy: index,
        ..finding
    });
    let old = finding.ok().and_then(|at| all.findings.get(at));
    let applies = !alone.applied.is_empty();
    if !always && applied.is_ok() == applies && old == new.as_ref() {
        return None;
    }
    let mut outcomes = all.clone();
    match (applied, applies) {
        (Ok(at), false) => drop(outcomes.applied.remove(at)),
        (Err(at), true) => outcomes.applied.insert(at, index),
        _ => {}
    }
    match (finding, new) {
        (Ok(at), None) => drop(outcomes.findings.remove(at)),
        (Err(at), Some(new)) => outcomes.findings.insert(at, new),
        (Ok(at), Some(new)) => {
            if let Some(old) = outcomes.findings.get_mut(at) {
                *old = new;
            }
        }
        (Err(_), None) => {}
    }
    Some(outcomes)
}

fn named(package: &Package, values: Vec<Value>) -> Vec<(AttributeName, Value)> {
    let names = package.inputs.iter().map(|input| input.name.clone());
    names
        .zip(values)
        .filter(|(_, value)| *value != Value::Absent)
        .collect()
}

/// How many conditions a condition consists of; a list is searched in a few steps, however long it is.
pub(super) fn size(condition: &Condition) -> u64 {
    let inner = match condition {
        Condition::Constant(_) | Condition::Atom(_) => 0,
        Condition::All(parts) | Condition::Any(parts) => parts
            .iter()
            .fold(0_u64, |sum, part| sum.saturating_add(size(part))),
        Condition::Not(part) => size(part),
    };
    inner.saturating_add(1)
}

/// Whether a test could tell the decisions of two packages apart: some true by the verdict, some false by who denies or
/// covers and for which outcome or by what it obliges to, none if not at all.
pub(super) fn tells_apart(package: &Package, mutated: &Package, values: &[Value]) -> Option<bool> {
    let (before, after) = (decide(package, values), decide(mutated, values));
    if before.verdict != after.verdict {
        return Some(true);
    }
    let blocking = |decision: &Decision| -> Vec<(String, Outcome)> {
        let findings = decision.findings.iter();
        let blocking = findings.filter(|finding| finding.mode == Mode::Blocking);
        blocking
            .map(|finding| (finding.policy.clone(), finding.outcome))
            .collect()
    };
    let same_cover = before.verdict == Verdict::Deny || before.covered_by == after.covered_by;
    let same_duties = before.verdict == Verdict::Deny || obliging(&before) == obliging(&after);
    (blocking(&before) != blocking(&after) || !same_cover || !same_duties).then_some(false)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::suite::equivalence::BruteForce;
    use crate::testing;

    proptest! {
        #[test]
        fn replacing_one_outcome_is_evaluating_the_mutant(
            (package, values, pick) in testing::package().prop_flat_map(|package| {
                let values = testing::values(&package);
                (Just(package), values, any::<prop::sample::Index>())
            }),
        ) {
            let index = pick.index(package.policies.len());
            let before = interpreter::evaluate(&package, &values);
            for mutant in mutants::of(&package.policies[index]).into_iter().take(40) {
                let mut mutated = package.clone();
                mutated.policies[index] = mutant.apply(&package.policies[index]);
                let alone = Package { policies: vec![mutated.policies[index].clone()], ..package.clone() };
                let alone = interpreter::evaluate(&alone, &values);
                let patched = replaced(&before, index as u32, alone, false).unwrap_or_else(|| before.clone());
                prop_assert_eq!(patched, interpreter::evaluate(&mutated, &values));
            }
        }

        /// What brute force says of generated packages is never refuted by generated requests.
        #[test]
        fn brute_force_is_right(
            (package, requests) in testing::package().prop_flat_map(|package| {
                let requests = prop::collection::vec(testing::values(&package), 24);
                (Just(package), requests)
            }),
        ) {
            for (index, policy) in package.policies.iter().enumerate() {
                for mutant in mutants::of(policy).into_iter().take(12) {
                    let changed = mutant.apply(policy);
                    let question = Question { package: &package, policy: index as u32, mutant: &changed };
                    let mut mutated = package.clone();
                    mutated.policies[index] = changed.clone();
                    match (BruteForce { requests: 400 }).judge(&question, &mut Budget { steps: 50_000 }) {
                        Judgement::Same => for values in &requests {
                            // A value of another type than declared is what a failed one is.
                            let values: Vec<Value> = values.iter().zip(&package.inputs)
                                .map(|(value, input)| value.clone().at_position_of(input.value_type)).collect();
                            prop_assert_eq!(tells_apart(&package, &mutated, &values), None, "{:?}", mutant);
                        },
                        Judgement::Different(values) => {
                            prop_assert!(tells_apart(&package, &mutated, &values).is_some(), "{:?}", mutant);
                        }
                        Judgement::NotDecided => {}
                    }
                }
            }
        }
    }
}
