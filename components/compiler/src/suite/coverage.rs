//! Which atoms the tests have made true, false and unknown.
//!
//! Conditions have no order of evaluation, so every atom of a scope counts in every request. Atoms of a constraint
//! count where they matter: in requests that the scope does not exclude. Atoms that read nothing are left out.

use std::collections::BTreeSet;

use aecp_vocabulary::Value;
use serde::Serialize;

use super::Test;
use crate::core::{Atom, Condition, Input, InputIndex, Package, Policy};
use crate::interpreter::{self, Truth};
use crate::words;

/// What the tests have made of the atoms of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Over all policies.
    pub total: Tally,
    /// One for each policy, in the order of the package.
    pub policies: Vec<PolicyCoverage>,
    /// What is missing, in the order of policies; scopes before constraints.
    pub gaps: Vec<Gap>,
}

/// What the tests have made of the atoms of one policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyCoverage {
    /// The policy's name.
    pub policy: String,
    /// Its atoms.
    pub tally: Tally,
}

/// How many atoms there are, and how many were seen as what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Atoms that read an attribute.
    pub atoms: u64,
    /// Those that some request made true.
    pub made_true: u64,
    /// Those that some request made false.
    pub made_false: u64,
    /// Those that some request made unknown.
    pub made_unknown: u64,
    /// Those that no request can make unknown: they read parameters and the time alone.
    pub never_unknown: u64,
}

impl Tally {
    /// How many of the three possibilities of every atom were seen.
    pub fn seen(&self) -> u64 {
        self.made_true
            .saturating_add(self.made_false)
            .saturating_add(self.made_unknown)
    }

    /// How many possibilities there are: three for each atom, two for one that is never unknown.
    pub fn possible(&self) -> u64 {
        self.atoms.saturating_mul(3).saturating_sub(self.never_unknown)
    }

    fn count(&mut self, seen: Seen) {
        self.never_unknown = self.never_unknown.saturating_add(seen.is_certain.into());
        self.atoms = self.atoms.saturating_add(1);
        self.made_true = self.made_true.saturating_add(seen.made_true.into());
        self.made_false = self.made_false.saturating_add(seen.made_false.into());
        self.made_unknown = self.made_unknown.saturating_add(seen.made_unknown.into());
    }
}

/// The two conditions of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Which requests it is about.
    Scope,
    /// What must hold.
    Constraint,
}

impl Part {
    /// `scope` or `constraint`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Constraint => "constraint",
        }
    }

    pub(super) fn of(self, policy: &Policy) -> &Condition {
        match self {
            Self::Scope => &policy.scope,
            Self::Constraint => &policy.constraint,
        }
    }
}

/// An atom that the tests have not made everything that it can be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// The policy's name.
    pub policy: String,
    /// Where in the policy.
    pub part: Part,
    /// The atom as the language writes it.
    pub atom: String,
    /// Whether no request makes it true.
    pub never_true: bool,
    /// Whether no request makes it false.
    pub never_false: bool,
    /// Whether no request makes it unknown.
    pub never_unknown: bool,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    made_true: bool,
    made_false: bool,
    made_unknown: bool,
    /// Whether it is never unknown.
    is_certain: bool,
}

impl Seen {
    fn see(&mut self, truth: Truth) {
        match truth {
            Truth::True => self.made_true = true,
            Truth::False => self.made_false = true,
            Truth::Unknown => self.made_unknown = true,
        }
    }

    fn is_everything(self) -> bool {
        self.made_true && self.made_false && (self.made_unknown || self.is_certain)
    }
}

/// What the tests have made of every atom of `package`.
pub fn coverage(package: &Package, tests: &[Test]) -> Coverage {
    let cases = tests.iter().flat_map(|test| &test.cases);
    let requests: Vec<Vec<Value>> = cases.map(|case| case.values(package)).collect();
    let mut coverage = Coverage {
        total: Tally::default(),
        policies: Vec::new(),
        gaps: Vec::new(),
    };
    for policy in &package.policies {
        let mut tally = Tally::default();
        let mut reached: Vec<&[Value]> = requests.iter().map(Vec::as_slice).collect();
        for part in [Part::Scope, Part::Constraint] {
            for atom in atoms(part.of(policy)) {
                let mut seen = Seen {
                    is_certain: is_certain(package, atom),
                    ..Seen::default()
                };
                for values in &reached {
                    seen.see(interpreter::condition(package, values, atom));
                }
                tally.count(seen);
                coverage.total.count(seen);
                if !seen.is_everything() {
                    coverage.gaps.push(Gap {
                        policy: policy.name.clone(),
                        part,
                        atom: words::condition(&package.inputs, atom),
                        never_true: !seen.made_true,
                        never_false: !seen.made_false,
                        never_unknown: !seen.made_unknown && !seen.is_certain,
                    });
                }
            }
            reached.retain(|values| interpreter::condition(package, values, &policy.scope) != Truth::False);
        }
        coverage.policies.push(PolicyCoverage {
            policy: policy.name.clone(),
            tally,
        });
    }
    coverage.join_equal_gaps();
    coverage
}

impl Coverage {
    /// An atom that stands several times in one condition, and lacks the same, is told of once.
    fn join_equal_gaps(&mut self) {
        let mut told = BTreeSet::new();
        self.gaps
            .retain(|gap| told.insert((gap.policy.clone(), gap.part, gap.atom.clone())));
    }
}

/// Whether an atom reads nothing that can be unknown.
fn is_certain(package: &Package, atom: &Condition) -> bool {
    let certain = |input: InputIndex| {
        let input = usize::try_from(input.0)
            .ok()
            .and_then(|index| package.inputs.get(index));
        input.is_some_and(Input::is_certain)
    };
    match atom {
        Condition::Atom(atom) => atom.inputs().into_iter().all(certain),
        _ => false,
    }
}

/// The atoms that read something, as conditions, in the order of the source.
fn atoms(condition: &Condition) -> Vec<&Condition> {
    let mut found = Vec::new();
    collect(condition, &mut found);
    found
}

fn collect<'a>(condition: &'a Condition, found: &mut Vec<&'a Condition>) {
    match condition {
        Condition::Constant(_) => {}
        Condition::Atom(atom) => {
            if reads(atom) {
                found.push(condition);
            }
        }
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter().for_each(|part| collect(part, found));
        }
        Condition::Not(part) => collect(part, found),
    }
}

fn reads(atom: &Atom) -> bool {
    !atom.inputs().is_empty()
}
