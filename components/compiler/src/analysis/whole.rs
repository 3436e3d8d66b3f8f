//! Questions about the whole package. What is asked of all policies is asked of few at first; others join when a
//! request that was found is not as asked of them. That no request is as asked of the few is true of all.

use aecp_vocabulary::policy::DefaultDecision;
use aecp_vocabulary::{Mode, Value};

use super::atoms::{Shape, shape};
use super::pins::{self, Index};
use super::solver::Answer;
use super::truths::{Cases, Truths};
use super::{Analyser, Ask, Finding, Kind, Severity, at};
use crate::core::{Input, InputIndex, Package};
use crate::interpreter;

/// How many policies join a question at first; each time twice as many.
const FIRST: usize = 4;

/// What is asked of each BLOCKING policy.
type Rules = [(Cases, Option<InputIndex>)];

/// What a question about all policies gave.
struct Settled {
    answer: Answer,
    request: Option<Vec<Value>>,
    asks: Vec<Ask>,
}

impl Analyser<'_> {
    fn blocking(&self) -> Vec<u32> {
        let blocking =
            |(index, policy): (u32, &crate::core::Policy)| (policy.mode == Mode::Blocking).then_some(index);
        self.policies().filter_map(blocking).collect()
    }

    /// Whether `DEFAULT: DENY` denies anything.
    pub(super) fn coverage(&mut self) {
        let vacuous = |finding: &Finding| finding.kind == Kind::ScopeVacuous;
        if self.package.default != DefaultDecision::Deny || self.analysis.findings.iter().any(vacuous) {
            return;
        }
        let index = Index::new(&self.pins, &self.blocking());
        let settled = self.settle(&index, Vec::new(), &[(Cases::OUTSIDE, None)], None);
        let kind = match settled.answer {
            Answer::Possible => Kind::CoverageGap,
            Answer::Impossible => Kind::DefaultUnreachable,
            Answer::NotDecided => {
                let asked = "whether any request is outside of the scope of every BLOCKING policy";
                self.undecided(Kind::CoverageGap, &[], None, asked.to_owned());
                return;
            }
        };
        let mut finding = Finding {
            kind,
            severity: Severity::Information,
            policies: Vec::new(),
            attribute: None,
            because: Vec::new(),
            sentence: "a request that is in the scope of no BLOCKING policy is denied by DEFAULT: DENY"
                .to_owned(),
            witness: settled.request,
        };
        if kind == Kind::DefaultUnreachable {
            finding.severity = Severity::Warning;
            finding.policies = settled.asks.iter().map(|ask| ask.policy).collect();
            finding.policies.sort_unstable();
            let mut space = self.space(finding.policies.clone().into_iter());
            finding.because = self.because(&mut space, &[&settled.asks]);
            finding.sentence =
                "no request is outside of the scopes of all BLOCKING policies, so that DEFAULT: DENY \
                                means nothing"
                    .to_owned();
        }
        self.report(finding);
    }

    /// Whether it pays to leave an attribute out.
    pub(super) fn hiding(&mut self) {
        let blocking = self.blocking();
        let index = Index::new(&self.pins, &blocking);
        for policy in &blocking {
            for input in self.optional_presences(*policy) {
                self.hiding_from(&index, &blocking, *policy, input);
            }
        }
    }

    /// Where a policy does not ask for presence, it knows less without an attribute, and so lets nothing more through;
    /// unless something is read in its place.
    fn optional_presences(&self, policy: u32) -> Vec<InputIndex> {
        let atoms = at(&self.atoms, policy).into_iter().flatten();
        let has_default =
            |input: &InputIndex| at(&self.package.inputs, input.0).is_some_and(|it| it.absent_as().is_some());
        let inputs = atoms.flat_map(|atom| match shape(self.package, atom) {
            Shape::Presence(input) => vec![input],
            _ => atom.inputs().into_iter().filter(has_default).collect(),
        });
        let optional = |input: &InputIndex| at(&self.package.inputs, input.0).is_some_and(Input::is_optional);
        let mut inputs: Vec<InputIndex> = inputs.filter(optional).collect();
        inputs.sort_unstable();
        inputs.dedup();
        inputs
    }

    fn hiding_from(&mut self, index: &Index<'_>, blocking: &[u32], policy: u32, input: InputIndex) {
        let with = |cases| Ask::of(policy, cases);
        let gone = |policy, cases| Ask {
            policy,
            cases,
            without: Some(input),
        };
        let guardrail = self.package.default == DefaultDecision::Allow;
        let passing: &Rules = &[(Cases::PASSES, Some(input))];
        let mut doubt = false;
        let mut found = None;

        let satisfied = vec![with(Cases::FAULTS), gone(policy, Cases::SATISFIED)];
        self.attempt(index, satisfied, passing, input, &mut found, &mut doubt);
        if found.is_none() {
            let outside = vec![with(Cases::FAULTS), gone(policy, Cases::OUTSIDE)];
            let first = self.settle(index, outside.clone(), passing, Some(input));
            doubt |= first.answer == Answer::NotDecided;
            let covered = first
                .request
                .filter(|request| guardrail || covers(self.package, request, input));
            if covered.is_some() {
                found = covered;
            } else if first.answer == Answer::Possible {
                // Somebody else must cover the request for it to be allowed.
                for other in blocking {
                    let pins = (at(&self.pins, policy), at(&self.pins, *other));
                    let (Some(left), Some(right)) = pins else { continue };
                    self.solver.charge(1);
                    if found.is_none() && *other != policy && pins::meet(left, right, Some(input)) {
                        let mut asks = outside.clone();
                        asks.push(gone(*other, Cases::SATISFIED));
                        self.attempt(index, asks, passing, input, &mut found, &mut doubt);
                    }
                }
            }
        }
        if found.is_none() && !guardrail {
            let covered_without = vec![with(Cases::OUTSIDE), gone(policy, Cases::SATISFIED)];
            let rules = [(Cases::PASSES, Some(input)), (Cases::OUTSIDE, None)];
            self.attempt(index, covered_without, &rules, input, &mut found, &mut doubt);
        }

        let (name, attribute) = (self.name(policy), self.attribute(input));
        let default = at(&self.package.inputs, input.0).and_then(Input::absent_as);
        let why = default.map_or_else(
            || format!("because of how policy `{name}` asks for its presence"),
            |default| format!("because policy `{name}` then reads the default {default}"),
        );
        if found.is_some() {
            self.report(Finding {
                kind: Kind::AttributeHiding,
                severity: Severity::Warning,
                policies: vec![policy],
                attribute: Some(input),
                because: Vec::new(),
                sentence: format!("leaving out `{attribute}` turns DENY into ALLOW, {why}"),
                witness: found,
            });
        } else if doubt {
            let asked = format!("whether leaving out `{attribute}` turns DENY into ALLOW, {why}");
            self.undecided(Kind::AttributeHiding, &[policy], Some(input), asked);
        }
    }

    fn attempt(
        &mut self,
        index: &Index<'_>,
        asks: Vec<Ask>,
        rules: &Rules,
        present: InputIndex,
        found: &mut Option<Vec<Value>>,
        doubt: &mut bool,
    ) {
        let settled = self.settle(index, asks, rules, Some(present));
        *doubt |= settled.answer == Answer::NotDecided;
        *found = found.take().or(settled.request);
    }

    /// Whether a request is as asked, and as the rules say for every policy of the index.
    fn settle(
        &mut self,
        index: &Index<'_>,
        mut asks: Vec<Ask>,
        rules: &Rules,
        present: Option<InputIndex>,
    ) -> Settled {
        let mut joining = FIRST;
        loop {
            let mut policies: Vec<u32> = asks.iter().map(|ask| ask.policy).collect();
            policies.sort_unstable();
            policies.dedup();
            let mut space = self.space(policies.into_iter());
            space.present = present;
            let demands = self.demands(&asks);
            let (answer, request) = self.solver.show(&mut space, &demands);
            let settled = |answer, request, asks| Settled {
                answer,
                request,
                asks,
            };
            let Some(request) = request else {
                return settled(answer, None, asks);
            };
            let broken = self.broken(index, rules, &request, joining, &asks);
            match broken {
                None => return settled(Answer::NotDecided, None, asks),
                Some(broken) if broken.is_empty() => return settled(answer, Some(request), asks),
                Some(broken) => asks.extend(broken),
            }
            joining = joining.saturating_mul(2);
        }
    }

    /// The first of the rules that a request breaks; none if one is broken that was asked for, which hangs on an
    /// opaque atom then.
    fn broken(
        &mut self,
        index: &Index<'_>,
        rules: &Rules,
        request: &[Value],
        limit: usize,
        asks: &[Ask],
    ) -> Option<Vec<Ask>> {
        let mut broken = Vec::new();
        for (cases, without) in rules {
            let values = take_out(request, *without);
            let candidates = index.candidates(&values);
            self.solver.charge(candidates.len());
            for policy in candidates {
                let Some(checked) = self.policy(policy) else {
                    continue;
                };
                let truth = |asked| Truths::from(interpreter::condition(self.package, &values, asked));
                if !cases.hold(truth(&checked.scope), truth(&checked.constraint)) {
                    let ask = Ask {
                        policy,
                        cases: *cases,
                        without: *without,
                    };
                    if asks.contains(&ask) {
                        return None;
                    }
                    broken.push(ask);
                    if broken.len() >= limit {
                        return Some(broken);
                    }
                }
            }
        }
        Some(broken)
    }
}

/// The values without one of them.
pub(super) fn take_out(values: &[Value], input: Option<InputIndex>) -> Vec<Value> {
    let mut values = values.to_vec();
    let place = input.and_then(|input| usize::try_from(input.0).ok());
    if let Some(value) = place.and_then(|place| values.get_mut(place)) {
        *value = Value::Absent;
    }
    values
}

/// Whether some BLOCKING policy applies when an input is left out.
fn covers(package: &Package, request: &[Value], input: InputIndex) -> bool {
    super::replay::allows(package, &take_out(request, Some(input)))
}
