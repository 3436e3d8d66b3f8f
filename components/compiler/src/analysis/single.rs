//! Questions about one policy.

use std::collections::BTreeSet;

use aecp_vocabulary::policy::{DefaultDecision, OverrideRule};
use aecp_vocabulary::{Mode, Value};

use super::solver::{Answer, Sample};
use super::space::Space;
use super::truths::Cases;
use super::{Analyser, Ask, Finding, Kind, Severity, at};
use crate::core::{InputIndex, Policy};

/// What is known of one policy.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    /// Whether some request is in its scope.
    pub(super) applies: Answer,
    /// Whether some request in its scope satisfies it.
    pub(super) satisfiable: Answer,
    /// Whether some request in its scope is violated or indeterminate.
    pub(super) faults_inside: Answer,
    /// Whether some request passes it: outside of its scope, or satisfied.
    pub(super) passes: Answer,
    /// Requests that are some of that, where there are any: satisfied, violated or indeterminate, outside.
    pub(super) satisfied: Option<Sample>,
    pub(super) faulty: Option<Sample>,
    pub(super) outside: Option<Sample>,
    /// Whether it was reported that its constraint contradicts itself or its scope.
    pub(super) contradictory: bool,
    pub(super) reads: BTreeSet<InputIndex>,
}

impl Analyser<'_> {
    /// Asks what there is to ask about each policy alone.
    pub(super) fn single(&mut self) {
        for (index, policy) in self.policies() {
            let facts = self.single_part(index, |analyser| analyser.facts(index, policy));
            self.facts.push(facts);
        }
    }

    fn sample(&mut self, space: &mut Space, policy: u32, cases: Cases) -> (Answer, Option<Sample>) {
        let demands = self.demands(&[Ask::of(policy, cases)]);
        let (answer, request) = self.solver.show(space, &demands);
        let sample = request.map(|request| {
            let read = |input: InputIndex| Some((input, at(&request, input.0)?.clone()));
            let values = space.inputs().filter_map(read);
            values.filter(|(_, value)| *value != Value::Absent).collect()
        });
        (answer, sample)
    }

    fn facts(&mut self, index: u32, policy: &Policy) -> Facts {
        let of = |cases| [Ask::of(index, cases)];
        let mut space = self.space([index].into_iter());
        let applies = self.ask(&mut space, &of(Cases::APPLIES));
        let (satisfiable, satisfied) = self.sample(&mut space, index, Cases::SATISFIED);
        let (faults_inside, faulty) = self.sample(&mut space, index, Cases::FAULTS_INSIDE);
        let (outside_possible, outside) = self.sample(&mut space, index, Cases::OUTSIDE);
        let mut facts = Facts {
            applies,
            satisfiable,
            faults_inside,
            passes: self.ask(&mut space, &of(Cases::PASSES)),
            satisfied,
            faulty,
            outside,
            contradictory: false,
            reads: policy.reads(),
        };
        let critical = if policy.mode == Mode::Blocking {
            Severity::Critical
        } else {
            Severity::Warning
        };
        let claim = |kind, severity, because, sentence| Finding {
            kind,
            severity,
            policies: vec![index],
            attribute: None,
            because,
            sentence,
            witness: None,
        };
        let name = &policy.name;
        match applies {
            Answer::Possible => {}
            Answer::Impossible => {
                let because = self.because(&mut space, &[&of(Cases::APPLIES)]);
                let reason = self.reason(&because);
                let sentence = format!("no request is in the scope of policy `{name}`{reason}");
                self.report(claim(Kind::ScopeUnreachable, critical, because, sentence));
            }
            Answer::NotDecided => {
                let asked = format!("whether any request is in the scope of policy `{name}`");
                self.undecided(Kind::ScopeUnreachable, &[index], None, asked);
            }
        }
        if reads_something(&policy.constraint) && applies != Answer::Impossible {
            match satisfiable {
                Answer::Possible => {}
                Answer::Impossible if applies == Answer::Possible => {
                    facts.contradictory = true;
                    let because = self.because(&mut space, &[&of(Cases::SATISFIED)]);
                    let effect = if policy.mode == Mode::Blocking {
                        ": it denies them all"
                    } else {
                        ""
                    };
                    let reason = self.reason(&because);
                    let sentence =
                        format!("no request in the scope of policy `{name}` can satisfy it{reason}{effect}");
                    let mut finding = claim(Kind::ConstraintContradiction, critical, because, sentence);
                    finding.witness = self.show(&mut space, &of(Cases::APPLIES));
                    self.report(finding);
                }
                Answer::Impossible | Answer::NotDecided => {
                    let asked = format!("whether any request in the scope of policy `{name}` can satisfy it");
                    self.undecided(Kind::ConstraintContradiction, &[index], None, asked);
                }
            }
        }
        if policy.exception != OverrideRule::Never {
            let kind = Kind::ExceptionUnreachable;
            let denies = if policy.mode == Mode::Blocking {
                self.ask(&mut space, &of(Cases::FAULTS))
            } else {
                Answer::Impossible
            };
            match denies {
                Answer::Possible => {}
                Answer::Impossible => {
                    let (because, why) = if policy.mode == Mode::Blocking {
                        let because = self.because(&mut space, &[&of(Cases::FAULTS)]);
                        let why = self.reason(&because);
                        (because, why)
                    } else {
                        let why = format!(", because its ENFORCEMENT is {}", policy.mode.name());
                        (Vec::new(), why)
                    };
                    let sentence = format!(
                        "the EXCEPTION of policy `{name}` can never be used: the policy denies no request{why}"
                    );
                    self.report(claim(kind, Severity::Warning, because, sentence));
                }
                Answer::NotDecided => {
                    let asked = format!(
                        "whether policy `{name}` denies any request, so that its EXCEPTION can be used"
                    );
                    self.undecided(kind, &[index], None, asked);
                }
            }
        }
        if policy.mode == Mode::Blocking && self.package.default == DefaultDecision::Deny {
            match outside_possible {
                Answer::Possible => {}
                Answer::Impossible => {
                    let because = self.because(&mut space, &[&of(Cases::OUTSIDE)]);
                    let sentence = format!(
                        "no request is outside of the scope of policy `{name}`, so that DEFAULT: DENY means nothing"
                    );
                    self.report(claim(Kind::ScopeVacuous, Severity::Warning, because, sentence));
                }
                Answer::NotDecided => {
                    let asked = format!("whether any request is outside of the scope of policy `{name}`");
                    self.undecided(Kind::ScopeVacuous, &[index], None, asked);
                }
            }
        }
        facts
    }
}

/// Whether a condition has any atom: one without is a constant that somebody wrote.
fn reads_something(condition: &crate::core::Condition) -> bool {
    let mut found = Vec::new();
    super::atoms::atoms(condition, &mut found);
    !found.is_empty()
}
