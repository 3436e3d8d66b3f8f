//! What can be proven of a package without running it: policies that can never apply, never hold or change nothing,
//! policies that exclude each other, requests that nothing covers, and attributes that it pays to leave out.
//!
//! A request here has, for each attribute, any value of its type, or nothing if it is OPTIONAL, or a failure. Claims
//! of the kind "no request …" are made only when the search was exhaustive over classes of values that the
//! package's atoms cannot tell apart. Claims of the kind "some request …" come with that request, which was run
//! through the [interpreter](crate::interpreter) before. What cannot be settled inside the [`Budget`] is said to be
//! not decided.
//!
//! - `findings`: what an analysis says.
//! - `acknowledgements`: which findings stay on purpose.
//! - `truths`: sets of truths, and of what a policy can be of a request.
//! - `representatives`: long lists, cut to what can be told apart.
//! - `atoms`: what the analysis knows of each kind of atom.
//! - `space`: the values that a question has to try.
//! - `others`: texts that the package does not mention.
//! - `solver`: the search.
//! - `cube`: sets of requests that people can read.
//! - `difference`: the requests over which two packages decide differently.
//! - `memory`: what is kept for the next analysis.
//! - `pins`: which policies can meet at all.
//! - `single`, `pairs`, `whole`: the questions about one policy, two, and the package.
//! - `clashes`: obligations of two policies that cannot both be met.
//! - `replay`: whether a request shows what it is said to show.

mod acknowledgements;
mod affine;
mod atoms;
mod clashes;
mod cube;
pub(crate) mod difference;
mod findings;
mod memory;
mod others;
mod pairs;
mod pins;
mod replay;
mod representatives;
mod single;
mod solver;
mod space;
#[cfg(test)]
mod tests;
mod truths;
mod weeks;
mod whole;

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::Value;

use crate::core::{Atom, Constant, Input, InputIndex, Operand, Package, Policy};
pub use acknowledgements::{About, Acknowledged, Acknowledgement, acknowledge};
pub(crate) use cube::{Cube, Part};
pub use findings::{Analysis, Budget, Finding, Kind, NotDecided, Severity};
pub use memory::Memory;
use memory::Recall;
use pins::Pins;
use single::Facts;
use solver::{Answer, Demand, Solver};
use space::Space;
use truths::Cases;
pub(crate) use truths::Truths;

/// Most questions of one kind that are listed one by one when they are not decided; the others are counted.
const LISTED: usize = 100;

/// Analyses a package. Equal packages and budgets give equal analyses.
pub fn analyse(package: &Package, budget: Budget) -> Analysis {
    let smaller = representatives::package(package);
    Analyser::new(smaller.as_ref().unwrap_or(package), budget).run().0
}

/// Something asked of a request, by the index of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ask {
    policy: u32,
    cases: Cases,
    without: Option<InputIndex>,
}

impl Ask {
    fn of(policy: u32, cases: Cases) -> Self {
        let without = None;
        Self {
            policy,
            cases,
            without,
        }
    }
}

struct Analyser<'p> {
    package: &'p Package,
    budget: Budget,
    solver: Solver<'p>,
    /// By policy.
    atoms: Vec<Vec<&'p Atom>>,
    pins: Vec<Pins<'p>>,
    facts: Vec<Facts>,
    analysis: Analysis,
    /// How many undecided questions are not listed.
    unlisted: BTreeMap<Kind, usize>,
    recall: Recall,
}

impl<'p> Analyser<'p> {
    fn new(package: &'p Package, budget: Budget) -> Self {
        let atoms = package.policies.iter().map(|policy| {
            let mut found = Vec::new();
            atoms::atoms(&policy.scope, &mut found);
            atoms::atoms(&policy.constraint, &mut found);
            found
        });
        let atoms: Vec<Vec<&Atom>> = atoms.collect();
        let fresh = fresh(package, &atoms);
        Self {
            package,
            budget,
            solver: Solver::new(
                package,
                atoms.iter().flatten().copied(),
                fresh,
                budget.question,
                budget.total,
            ),
            atoms,
            pins: package
                .policies
                .iter()
                .map(|policy| pins::pins(&policy.scope))
                .collect(),
            facts: Vec::new(),
            analysis: Analysis::default(),
            unlisted: BTreeMap::new(),
            recall: Recall::default(),
        }
    }

    fn run(mut self) -> (Analysis, Recall) {
        self.single();
        self.coverage();
        self.hiding();
        self.clashes();
        // Last, because there are so many that the budget may end.
        self.pairs();
        self.finish()
    }

    fn policies(&self) -> impl Iterator<Item = (u32, &'p Policy)> + use<'p> {
        (0_u32..).zip(&self.package.policies)
    }

    fn policy(&self, index: u32) -> Option<&'p Policy> {
        at(&self.package.policies, index)
    }

    fn name(&self, index: u32) -> &'p str {
        self.policy(index).map_or("", |policy| &policy.name)
    }

    fn attribute(&self, input: InputIndex) -> &'p str {
        at(&self.package.inputs, input.0).map_or("", |input| input.name.as_str())
    }

    fn space(&mut self, policies: impl Iterator<Item = u32>) -> Space {
        let atoms = policies.filter_map(|policy| at(&self.atoms, policy)).flatten();
        self.solver.space(atoms.copied())
    }

    fn demands(&self, asks: &[Ask]) -> Vec<Demand<'p>> {
        let demand = |ask: &Ask| {
            Some(Demand {
                policy: self.policy(ask.policy)?,
                cases: ask.cases,
                without: ask.without,
            })
        };
        asks.iter().filter_map(demand).collect()
    }

    fn ask(&mut self, space: &mut Space, asks: &[Ask]) -> Answer {
        let demands = self.demands(asks);
        self.solver.ask(space, &demands)
    }

    fn show(&mut self, space: &mut Space, asks: &[Ask]) -> Option<Vec<Value>> {
        let demands = self.demands(asks);
        self.solver.show(space, &demands).1
    }

    /// The inputs that are needed to prove that none of the questions has a request.
    fn because(&mut self, space: &mut Space, questions: &[&[Ask]]) -> Vec<InputIndex> {
        let inputs: Vec<InputIndex> = space.inputs().collect();
        for input in &inputs {
            space.freed.insert(*input);
            let holds = questions
                .iter()
                .all(|asks| self.ask(space, asks) == Answer::Impossible);
            if !holds {
                space.freed.remove(input);
            }
        }
        let freed = std::mem::take(&mut space.freed);
        inputs
            .into_iter()
            .filter(|input| !freed.contains(input))
            .collect()
    }

    /// `: what is asked of a and b excludes …`, for the end of a sentence.
    fn reason(&self, because: &[InputIndex]) -> String {
        let names: Vec<String> = because
            .iter()
            .map(|input| format!("`{}`", self.attribute(*input)))
            .collect();
        match names.split_last() {
            None => String::new(),
            Some((only, [])) => format!(", because of what is asked of {only}"),
            Some((last, others)) => {
                format!(", because of what is asked of {} and {last}", others.join(", "))
            }
        }
    }

    fn deliver(&mut self, finding: Finding) {
        if self.analysis.findings.len() >= self.budget.findings {
            self.unlisted(finding.kind, 1);
            return;
        }
        if finding.witness.is_none() && finding.kind.needs_request() {
            // The budget ended when the request was looked for.
            self.leave_open(
                finding.kind,
                &finding.policies,
                finding.attribute,
                finding.sentence,
            );
        } else if replay::shows(self.package, &finding) {
            self.analysis.findings.push(finding);
        } else {
            self.analysis.inconsistencies.push(finding);
        }
    }

    fn leave_open(&mut self, kind: Kind, policies: &[u32], attribute: Option<InputIndex>, asked: String) {
        let listed = self
            .analysis
            .not_decided
            .iter()
            .filter(|other| other.kind == kind);
        if listed.count() < LISTED && !self.solver.spent() {
            self.analysis.not_decided.push(NotDecided {
                kind,
                policies: policies.to_vec(),
                attribute,
                asked,
            });
        } else {
            self.unlisted(kind, 1);
        }
    }

    fn unlisted(&mut self, kind: Kind, more: usize) {
        let count = self.unlisted.entry(kind).or_default();
        *count = count.saturating_add(more);
    }

    fn finish(self) -> (Analysis, Recall) {
        let mut analysis = self.analysis;
        let rest = self.unlisted.into_iter().map(|(kind, count)| NotDecided {
            kind,
            policies: Vec::new(),
            attribute: None,
            asked: format!("{count} more questions of this kind, for which the budget was too small"),
        });
        analysis.not_decided.extend(rest);
        let order = |policies: &[u32], kind, attribute| (policies.to_vec(), kind, attribute);
        analysis
            .findings
            .sort_by_cached_key(|finding| order(&finding.policies, finding.kind, finding.attribute));
        analysis
            .not_decided
            .sort_by_cached_key(|asked| order(&asked.policies, asked.kind, asked.attribute));
        (analysis, self.recall)
    }
}

fn at<T>(items: &[T], index: u32) -> Option<&T> {
    items.get(usize::try_from(index).ok()?)
}

/// How texts begin that the package does not have.
const FRESH: &str = "other";

/// Texts that the package does not have, one for each text input.
fn fresh(package: &Package, atoms: &[Vec<&Atom>]) -> Vec<String> {
    let mut used = BTreeSet::new();
    let mut constant = |constant: &Constant| {
        if let Constant::Text(text) = constant {
            used.insert(text.clone());
        }
    };
    let choices = package.inputs.iter().filter_map(Input::choices);
    choices.flat_map(|choices| choices.iter()).for_each(&mut constant);
    for atom in atoms.iter().flatten() {
        if let Atom::OneOf { members, .. } | Atom::ContainsOf { members, .. } = atom {
            members.iter().for_each(&mut constant);
        }
        for operand in atom.operands() {
            if let Operand::Constant(operand) = operand {
                constant(operand);
            }
        }
    }
    for value in package.inputs.iter().flat_map(Input::mentions) {
        match value {
            Value::SetOfText(members) => members
                .iter()
                .for_each(|text| constant(&Constant::Text(text.clone()))),
            value => Constant::of(value).iter().for_each(&mut constant),
        }
    }
    let texts = package
        .inputs
        .iter()
        .filter(|input| input.value_type == aecp_vocabulary::Type::Text);
    let names = std::iter::once(FRESH.to_owned()).chain((2_u32..).map(|count| format!("{FRESH}-{count}")));
    names
        .filter(|name| !used.contains(name))
        .take(texts.count())
        .collect()
}
