//! Obligations of two policies that cannot both be met.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::obligation::{Duty, Masking, Merged};
use aecp_vocabulary::policy::{Obligation, Segment};
use aecp_vocabulary::{AttributeName, Mode, Type, Value};

use super::solver::Answer;
use super::truths::Cases;
use super::{Analyser, Ask, Finding, Kind, Severity, at};
use crate::core::{Package, Policy};
use crate::interpreter::evaluate;

/// What an obligation says about something that only one thing can be said about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    /// The text in the place of what is masked.
    Replacement(AttributeName),
    /// The type of a field of rows.
    Field(AttributeName, AttributeName),
}

/// What is said about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Text(String),
    Type(Type),
}

impl Analyser<'_> {
    /// Asks of each two policies whose obligations clash whether one request satisfies both.
    pub(super) fn clashes(&mut self) {
        let pairs = clashing(self.policies(), self.budget.pairs);
        if pairs.incomplete {
            let asked = "whether obligations clash of policies that are not among the pairs of the budget";
            self.undecided(Kind::ObligationsClash, &[], None, asked.to_owned());
        }
        for (one, other) in pairs.found {
            let satisfiable =
                |policy| at(&self.facts, policy).map_or(Answer::NotDecided, |facts| facts.satisfiable);
            if [one, other].map(satisfiable).contains(&Answer::Impossible) {
                continue;
            }
            let mut space = self.space([one, other].into_iter());
            let both = [Ask::of(one, Cases::SATISFIED), Ask::of(other, Cases::SATISFIED)];
            let policies = vec![one, other];
            let (first, second) = (self.name(one), self.name(other));
            match self.ask(&mut space, &both) {
                Answer::Impossible => {}
                Answer::NotDecided => {
                    let asked = format!(
                        "whether a request satisfies both policy `{first}` and policy `{second}`, whose obligations \
                         clash"
                    );
                    self.undecided(Kind::ObligationsClash, &policies, None, asked);
                }
                Answer::Possible => {
                    let witness = self.show(&mut space, &both);
                    let why = why(self.policy(one), self.policy(other));
                    let sentence = format!(
                        "a request that satisfies both policy `{first}` and policy `{second}` is denied, because \
                         their obligations clash: {why}"
                    );
                    self.report(Finding {
                        kind: Kind::ObligationsClash,
                        severity: Severity::Critical,
                        policies,
                        attribute: None,
                        because: Vec::new(),
                        sentence,
                        witness,
                    });
                }
            }
        }
    }
}

struct Pairs {
    found: BTreeSet<(u32, u32)>,
    incomplete: bool,
}

/// Pairs of policies with obligations that clash, at most so many. Only a policy that blocks raises what it asks.
fn clashing<'p>(policies: impl Iterator<Item = (u32, &'p Policy)>, most: usize) -> Pairs {
    let mut by_subject: BTreeMap<Subject, BTreeMap<Said, BTreeSet<u32>>> = BTreeMap::new();
    for (index, policy) in policies.filter(|(_, policy)| policy.mode == Mode::Blocking) {
        for duty in policy
            .obligations
            .iter()
            .filter_map(|each| Duty::described(each).ok())
        {
            for (subject, said) in said(duty) {
                by_subject
                    .entry(subject)
                    .or_default()
                    .entry(said)
                    .or_default()
                    .insert(index);
            }
        }
    }
    let mut pairs = Pairs {
        found: BTreeSet::new(),
        incomplete: false,
    };
    for said in by_subject.values() {
        let groups: Vec<&BTreeSet<u32>> = said.values().collect();
        for (at, group) in groups.iter().enumerate() {
            let others = groups
                .iter()
                .skip(at.saturating_add(1))
                .flat_map(|other| other.iter());
            for (one, other) in others.flat_map(|other| group.iter().map(move |one| (*one, *other))) {
                if one == other {
                    continue;
                }
                if pairs.found.len() >= most {
                    pairs.incomplete = true;
                    return pairs;
                }
                pairs.found.insert((one.min(other), one.max(other)));
            }
        }
    }
    pairs
}

fn said(duty: Duty<Vec<Segment>>) -> Vec<(Subject, Said)> {
    match duty {
        Duty::Mask {
            path,
            how: Masking::Hide(Some(text)),
        } => vec![(Subject::Replacement(path), Said::Text(text))],
        Duty::Filter { rows, conditions } => conditions
            .into_iter()
            .map(|condition| {
                let subject = Subject::Field(rows.clone(), condition.field);
                (subject, Said::Type(Merged::field_type(condition.value_type)))
            })
            .collect(),
        Duty::Mask { .. } | Duty::Limit { .. } | Duty::Notify(_) => Vec::new(),
    }
}

/// The first clash of two policies, in a sentence. Values of the request do not matter to it.
fn why(one: Option<&Policy>, other: Option<&Policy>) -> String {
    let obligations = [one, other]
        .into_iter()
        .flatten()
        .flat_map(|policy| &policy.obligations);
    let merged = merged(obligations, &[]);
    merged
        .clashes()
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}

/// Obligations as one, with the values that a request has.
fn merged<'p>(obligations: impl Iterator<Item = &'p Obligation>, values: &[Value]) -> Merged {
    let shown = |segments: Vec<Segment>| {
        let piece = |segment: &Segment| match segment {
            Segment::Literal(text) => text.clone(),
            Segment::Input(position) => at(values, *position).unwrap_or(&Value::Absent).to_string(),
        };
        segments.iter().map(piece).collect::<String>()
    };
    let duties = obligations.filter_map(|each| Duty::described(each).ok());
    Merged::of(duties.map(|duty| duty.map(shown)))
}

/// Whether the obligations that two policies raise for a request clash, by the interpreter alone.
pub(super) fn clash(package: &Package, request: &[Value], policies: &[u32]) -> bool {
    let outcomes = evaluate(package, request);
    let raised = policies.iter().flat_map(|policy| {
        let finding = outcomes.findings.iter().find(|finding| finding.policy == *policy);
        let indices = finding
            .map(|finding| finding.obligations.as_slice())
            .unwrap_or_default();
        let described = at(&package.policies, *policy);
        let obligation = move |index: &u32| at(&described?.obligations, *index);
        indices.iter().filter_map(obligation)
    });
    !merged(raised, request).clashes().is_empty()
}
