//! What a new version of a package decides otherwise than the old one, as conditions that people can read.
//!
//! Both are decided over as a bundle of one package under a BLOCKING ceiling would, and every request is asked about:
//! each attribute may have any value of its type, be absent, or have failed. Each condition comes with a request that
//! the [interpreter](crate::interpreter) decided over with both packages before it is given. What is not settled inside
//! the [`Budget`] is said to be not decided.
//!
//! - this module: the difference of two packages.
//! - `joint`: two packages over the attributes of both.
//! - `declarations`: what attributes are declared to be, written into conditions.
//! - `facts`: changes that change no decision.
//! - `sentence`: sets of requests in words.

mod declarations;
mod facts;
mod joint;
mod sentence;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use aecp_vocabulary::decision::DEFAULT_POLICY;
use aecp_vocabulary::{Decision, Mode, Value, Verdict};
use serde::Serialize;

use crate::analysis::Cube;
use crate::analysis::difference::{self, Effort, Found, Joint, Open, Side};
use crate::core::{Input, Package};
use crate::suite::decision::decide;
pub use facts::{Change, Fact};

/// How much work a comparison may be. Steps are evaluations of one policy for part of a request; a step takes in the
/// order of 100 ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most steps for one search.
    pub question: u64,
    /// Most steps for all searches in one direction.
    pub total: u64,
    /// Most conditions that are given in one direction.
    pub listed: usize,
    /// Most conditions that are counted in one direction, those that are given among them.
    pub counted: usize,
}

impl Default for Budget {
    /// For two packages of 1,000 policies: well under a second.
    fn default() -> Self {
        Self {
            question: 50_000,
            total: 2_000_000,
            listed: 20,
            counted: 100,
        }
    }
}

/// What two packages decide differently, and what else is different.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Requests that were allowed and are denied.
    pub denied: Decided,
    /// Requests that were denied and are allowed.
    pub allowed: Decided,
    /// Changes of what the packages say, whether they change a decision or not.
    pub changes: Vec<Change>,
    /// Conditions whose request did not show them when it was run. There are none, unless the comparison is wrong:
    /// they are here so that a test can say so, and are never to be shown as true.
    pub inconsistencies: Vec<String>,
    joint: Package,
}

/// Requests whose decision changed in one direction.
#[derive(Clone, Debug, Default)]
pub struct Decided {
    /// Conditions: each holds only of requests that changed.
    pub conditions: Vec<Requests>,
    /// How many more conditions were found.
    pub more: usize,
    /// What was not settled, as sentences without a full stop. If there is none, and no `more`, every request that
    /// changed is in one of the conditions.
    pub not_decided: Vec<String>,
}

/// A set of requests whose decision changed alike.
#[derive(Clone, Debug)]
pub struct Requests {
    /// Of which requests, as the language writes it; `a IS UNKNOWN` and `a IS FAILED` are what it has no words for.
    pub condition: String,
    /// The smallest request of the set that was come upon; what is absent is not listed.
    pub example: Vec<(Input, Value)>,
    /// Who allows the example: policies that cover it; `default` if nobody needs to.
    pub allowed_by: Vec<String>,
    /// Who denies the example: policies that are violated or cannot be told; `default` if nothing covers it.
    pub denied_by: Vec<Denying>,
    cube: Rc<Cube>,
}

/// Who denies, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Denying {
    /// The policy, or `default`.
    pub policy: String,
    /// The reason that it gives.
    pub reason: String,
}

impl Difference {
    /// Whether a decision may have changed, or something else has.
    pub fn is_empty(&self) -> bool {
        let none = |decided: &Decided| decided.conditions.is_empty() && decided.not_decided.is_empty();
        none(&self.denied) && none(&self.allowed) && self.changes.is_empty()
    }

    /// What policies of both packages read, by name. An attribute that has another type in each is there twice, and so is
    /// a parameter with another default.
    pub fn inputs(&self) -> &[Input] {
        &self.joint.inputs
    }

    /// Which of the conditions a request is in, the first one; none if it is in none. `values` has one value for each
    /// of [`Difference::inputs`].
    pub fn place(&self, of: &Decided, values: &[Value]) -> Option<usize> {
        of.conditions
            .iter()
            .position(|requests| requests.cube.holds(&self.joint, values))
    }
}

/// Compares two packages. Equal packages and budgets give equal differences.
pub fn diff(old: &Package, new: &Package, budget: Budget) -> Difference {
    let mut joint = joint::join(old, new);
    let mut difference = Difference {
        denied: Decided::default(),
        allowed: Decided::default(),
        changes: facts::changes(old, new),
        inconsistencies: Vec::new(),
        joint: Package {
            policies: Vec::new(),
            ..joint.package.clone()
        },
    };
    let effort = Effort {
        question: budget.question,
        total: budget.total,
        listed: budget.listed,
        counted: budget.counted,
    };
    for allowing in [Side::Old, Side::New] {
        let found = difference::changes(&joint, allowing, effort);
        let (before, after) = match allowing {
            Side::New => (new, old),
            Side::Both | Side::Old => (old, new),
        };
        let decided = told(&joint, found, before, after, &mut difference.inconsistencies);
        match allowing {
            Side::New => difference.allowed = decided,
            Side::Both | Side::Old => difference.denied = decided,
        }
    }
    joint.package.policies.clear();
    difference
}

/// What was found, with what the interpreter says of the examples.
fn told(
    joint: &Joint,
    found: Found,
    allowing: &Package,
    denying: &Package,
    inconsistencies: &mut Vec<String>,
) -> Decided {
    let mut decided = Decided {
        more: found.unlisted,
        ..Decided::default()
    };
    for set in found.sets {
        let condition = sentence::of(&joint.package.inputs, &set.cube);
        let allowed = decision(joint, allowing, &set.example);
        let denied = decision(joint, denying, &set.example);
        let in_set = set.cube.holds(&joint.package, &set.example);
        if allowed.verdict != Verdict::Allow || denied.verdict != Verdict::Deny || !in_set {
            inconsistencies.push(condition);
            continue;
        }
        let example = joint.package.inputs.iter().zip(&set.example);
        decided.conditions.push(Requests {
            condition,
            example: example
                .filter(|(input, value)| **value != Value::Absent && input.parameter().is_none())
                .map(|(input, value)| (input.clone(), value.clone()))
                .collect(),
            allowed_by: covering(&allowed),
            denied_by: denying_policies(&denied),
            cube: set.cube,
        });
    }
    decided.not_decided = found.open.iter().map(|open| asked(joint, *open)).collect();
    decided
}

/// What a package decides over a request that has values for the inputs of both.
fn decision(joint: &Joint, package: &Package, values: &[Value]) -> Decision {
    let own = |input: &Input| {
        if let Some(parameter) = input.parameter() {
            return parameter.default.clone();
        }
        let place = joint
            .package
            .inputs
            .iter()
            .position(|known| joint::key(known) == joint::key(input));
        match place.and_then(|place| values.get(place)) {
            // Whatever the time is.
            None | Some(Value::Absent) if input.is_certain() => Value::Instant(0),
            None => Value::Absent,
            Some(value) => value.clone(),
        }
    };
    let values: Vec<Value> = package.inputs.iter().map(own).collect();
    decide(package, &values)
}

fn covering(decision: &Decision) -> Vec<String> {
    if decision.covered_by.is_empty() {
        return vec![DEFAULT_POLICY.to_owned()];
    }
    let names = decision.covered_by.iter().map(|name| name.policy.to_string());
    names.collect()
}

fn denying_policies(decision: &Decision) -> Vec<Denying> {
    let denying = decision
        .findings
        .iter()
        .filter(|finding| finding.mode == Mode::Blocking);
    denying
        .map(|finding| Denying {
            policy: finding.policy.clone(),
            reason: finding.reason.clone(),
        })
        .collect()
}

/// A question, in a sentence.
fn asked(joint: &Joint, open: Open) -> String {
    match open {
        Open::Policy(policy) => {
            let place = usize::try_from(policy).ok();
            let Some(policy) = place.and_then(|place| joint.package.policies.get(place)) else {
                return String::new();
            };
            let mut asked = format!(
                "which requests `{}` denies, and the other version allows",
                policy.name
            );
            let reads = policy.condition_reads();
            let cause = reads.into_iter().find(|input| joint.redeclared.contains(input));
            let cause = cause.and_then(|input| joint.package.inputs.get(usize::try_from(input.0).ok()?));
            if let Some(input) = cause {
                asked.push_str(&format!(": `{}` is declared differently in each", input.name));
            }
            asked
        }
        Open::Default => "which requests the default denies, and the other version allows".to_owned(),
        Open::More => "which other requests changed; there are more conditions than are counted".to_owned(),
    }
}
