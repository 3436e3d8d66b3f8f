//! Questions about two policies.

use std::collections::BTreeMap;

use aecp_vocabulary::policy::{DefaultDecision, OverrideRule};
use aecp_vocabulary::{AuditClass, Mode};

use super::solver::Answer;
use super::space::Space;
use super::truths::Cases;
use super::{Analyser, Ask, Finding, Kind, Severity, at, pins};
use crate::core::Policy;

/// What one policy is to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Relation {
    #[default]
    None,
    Redundant,
    Shadowed,
    NotDecided,
}

/// What two policies are to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Related {
    /// The later one to the earlier one.
    later: Relation,
    /// The earlier one to the later one.
    earlier: Relation,
}

impl Relation {
    fn holds(self) -> bool {
        matches!(self, Self::Redundant | Self::Shadowed)
    }
}

impl Analyser<'_> {
    /// Asks what there is to ask about each two policies whose scopes can meet.
    pub(super) fn pairs(&mut self) {
        let asked: Vec<u32> = (0_u32..)
            .zip(&self.facts)
            .filter(|(_, facts)| facts.applies != Answer::Impossible && !facts.contradictory)
            .map(|(index, _)| index)
            .collect();
        let meeting = pins::meeting(&self.pins, &asked, self.budget.pairs);
        if meeting.incomplete {
            for kind in [
                Kind::PolicyShadowed,
                Kind::PolicyRedundant,
                Kind::PoliciesConflict,
            ] {
                let asked = "how policies are to each other that are not among the pairs of the budget";
                self.undecided(kind, &[], None, asked.to_owned());
            }
        }
        // By the policy that is not needed: because of which, and how.
        let mut needless: BTreeMap<u32, (u32, Relation)> = BTreeMap::new();
        let all = meeting.pairs.len();
        for (done, (one, other)) in meeting.pairs.into_iter().enumerate() {
            if self.solver.spent() {
                for kind in [
                    Kind::PolicyShadowed,
                    Kind::PolicyRedundant,
                    Kind::PoliciesConflict,
                ] {
                    self.unlisted(kind, all.saturating_sub(done));
                }
                break;
            }
            let (Some(left), Some(right)) = (at(&self.facts, one), at(&self.facts, other)) else {
                continue;
            };
            // What is settled for each of them alone is settled for both.
            let known = |answer| answer == Answer::Possible;
            if left.reads.is_disjoint(&right.reads)
                && [left, right]
                    .iter()
                    .all(|facts| known(facts.passes) && known(facts.applies) && known(facts.satisfiable))
            {
                continue;
            }
            let related = self.pair_part(one, other, |analyser| analyser.related(one, other));
            for (policy, by, relation) in [(other, one, related.later), (one, other, related.earlier)] {
                if relation == Relation::None {
                    continue;
                }
                let found = needless.entry(policy).or_insert((by, relation));
                if !found.1.holds() && relation.holds() {
                    *found = (by, relation);
                }
            }
        }
        for (policy, (by, relation)) in needless {
            self.needless_part(policy, (by, relation), |analyser| {
                analyser.needless(policy, by, relation)
            });
        }
    }

    /// Asks what there is to ask about two policies.
    fn related(&mut self, one: u32, other: u32) -> Related {
        let conflict = self.may_conflict(one, other);
        let [later, earlier] = [(other, one), (one, other)].map(|(policy, by)| self.may_relate(policy, by));
        let mut related = Related::default();
        if !conflict && !later && !earlier {
            return related;
        }
        let mut space = self.space([one, other].into_iter());
        if conflict {
            self.conflict(&mut space, one, other);
        }
        if later {
            related.later = self.relation(&mut space, other, one);
        }
        // Of two that make each other needless, the later is the one to drop.
        if earlier && !related.later.holds() {
            related.earlier = self.relation(&mut space, one, other);
        }
        related
    }

    /// Whether two policies can conflict, for all that is known of each.
    fn may_conflict(&mut self, one: u32, other: u32) -> bool {
        let blocking = |policy| {
            self.policy(policy)
                .is_some_and(|policy| policy.mode == Mode::Blocking)
        };
        let (Some(left), Some(right)) = (at(&self.facts, one), at(&self.facts, other)) else {
            return false;
        };
        let impossible = left.satisfiable == Answer::Impossible || right.satisfiable == Answer::Impossible;
        if !blocking(one) || !blocking(other) || impossible {
            return false;
        }
        let (Some(left), Some(right)) = (&left.satisfied, &right.satisfied) else {
            return true;
        };
        let demands = self.demands(&[Ask::of(one, Cases::SATISFIED), Ask::of(other, Cases::SATISFIED)]);
        !self.solver.guess(&[left, right], &demands) && !self.solver.guess(&[right, left], &demands)
    }

    /// Whether one policy can be needless because of another, for all that is known of each.
    fn may_relate(&mut self, policy: u32, by: u32) -> bool {
        let (Some(one), Some(other)) = (self.policy(policy), self.policy(by)) else {
            return false;
        };
        let overridden_alike = other.exception == OverrideRule::Never || other.exception == one.exception;
        if one.mode != other.mode || !overridden_alike {
            return false;
        }
        let (Some(left), Some(right)) = (at(&self.facts, policy), at(&self.facts, by)) else {
            return false;
        };
        let demands = self.demands(&[Ask::of(policy, Cases::FAULTS), Ask::of(by, Cases::PASSES)]);
        let Some(faulty) = &left.faulty else {
            return true;
        };
        for passing in [&right.satisfied, &right.outside].into_iter().flatten() {
            for samples in [[faulty, passing], [passing, faulty]] {
                if self.solver.guess(&samples, &demands) {
                    return false;
                }
            }
        }
        true
    }

    fn conflict(&mut self, space: &mut Space, one: u32, other: u32) {
        let satisfiable =
            |policy| at(&self.facts, policy).map_or(Answer::NotDecided, |facts| facts.satisfiable);
        let alone = [satisfiable(one), satisfiable(other)];
        let both = |cases| [Ask::of(one, cases), Ask::of(other, cases)];
        let together = self.ask(space, &both(Cases::SATISFIED));
        if together == Answer::Possible {
            return;
        }
        let overlap = self.ask(space, &both(Cases::APPLIES));
        if overlap == Answer::Impossible {
            return;
        }
        let (first, second) = (self.name(one), self.name(other));
        let (kind, policies) = (Kind::PoliciesConflict, vec![one, other]);
        if together == Answer::Impossible && overlap == Answer::Possible && alone == [Answer::Possible; 2] {
            let because = self.because(space, &[&both(Cases::SATISFIED)]);
            let reason = self.reason(&because);
            let sentence = format!(
                "no request that is in the scopes of both policy `{first}` and policy `{second}` can satisfy \
                 both{reason}: all of them are denied"
            );
            let witness = self.show(space, &both(Cases::APPLIES));
            self.report(Finding {
                kind,
                // Often meant: a ban of what another policy regulates.
                severity: Severity::Warning,
                policies,
                attribute: None,
                because,
                sentence,
                witness,
            });
        } else {
            let asked = format!(
                "whether a request in the scopes of policies `{first}` and `{second}` can satisfy both"
            );
            self.undecided(kind, &policies, None, asked);
        }
    }

    /// What `policy` is because of `by`.
    fn relation(&mut self, space: &mut Space, policy: u32, by: u32) -> Relation {
        let (Some(one), Some(other)) = (self.policy(policy), self.policy(by)) else {
            return Relation::None;
        };
        let question = |cases, by_cases| [Ask::of(policy, cases), Ask::of(by, by_cases)];
        let fault = self.ask(space, &question(Cases::FAULTS, Cases::PASSES));
        if fault == Answer::Possible {
            return Relation::None;
        }
        let Some(facts) = at(&self.facts, policy) else {
            return Relation::None;
        };
        let (applies, faults_inside) = (facts.applies, facts.faults_inside);
        let mut doubt = false;
        let mut all = |needed: &[Answer]| {
            let holds = needed.iter().all(|answer| *answer == Answer::Impossible);
            doubt |= !holds && !needed.contains(&Answer::Possible);
            holds
        };
        let opposite = |answer| match answer {
            Answer::Possible => Answer::Impossible,
            Answer::Impossible => Answer::Possible,
            Answer::NotDecided => Answer::NotDecided,
        };
        if one.mode == Mode::Blocking {
            let passed = self.ask(space, &question(Cases::NOT_OUTSIDE, Cases::PASSES));
            if all(&[fault, passed, opposite(applies)]) {
                return Relation::Shadowed;
            }
        }
        if droppable(one, other) {
            let uncovered = if self.covers(one) {
                self.ask(space, &question(Cases::NOT_OUTSIDE, Cases::OUTSIDE))
            } else {
                Answer::Impossible
            };
            if all(&[fault, uncovered, opposite(faults_inside)]) {
                return Relation::Redundant;
            }
        }
        if doubt {
            Relation::NotDecided
        } else {
            Relation::None
        }
    }

    /// Whether it matters where a policy's scope is true, and not only where it denies.
    fn covers(&self, policy: &Policy) -> bool {
        let blocking = policy.mode == Mode::Blocking;
        blocking && self.package.default == DefaultDecision::Deny || policy.audit != AuditClass::Ordinary
    }

    fn needless(&mut self, policy: u32, by: u32, relation: Relation) {
        let mut space = self.space([policy, by].into_iter());
        let (name, other) = (self.name(policy), self.name(by));
        let question = |cases, by_cases| [Ask::of(policy, cases), Ask::of(by, by_cases)];
        let (kind, asks, sentence) = match relation {
            Relation::None => return,
            Relation::NotDecided => {
                let asked = format!("whether policy `{name}` changes anything beside policy `{other}`");
                self.undecided(Kind::PolicyRedundant, &[policy, by], None, asked);
                return;
            }
            Relation::Shadowed => {
                let sentence = format!(
                    "policy `{other}` denies every request that policy `{name}` is about, whatever it says"
                );
                let asks = question(Cases::NOT_OUTSIDE, Cases::PASSES);
                (Kind::PolicyShadowed, asks, sentence)
            }
            Relation::Redundant => {
                let does = match self.policy(policy).map(|policy| policy.mode) {
                    Some(Mode::Blocking) => "denies",
                    _ => "reports",
                };
                let sentence = format!(
                    "policy `{name}` changes nothing: policy `{other}` {does} every request that it {does}"
                );
                let asks = question(Cases::FAULTS, Cases::PASSES);
                (Kind::PolicyRedundant, asks, sentence)
            }
        };
        let because = self.because(&mut space, &[&asks]);
        let shown = if kind == Kind::PolicyShadowed {
            Cases::APPLIES
        } else {
            Cases::FAULTS_INSIDE
        };
        let witness = self.show(&mut space, &question(shown, Cases::FAULTS));
        self.report(Finding {
            kind,
            severity: Severity::Warning,
            policies: vec![policy, by],
            attribute: None,
            because,
            sentence,
            witness,
        });
    }
}

/// Whether all that a policy does beside denying is done by the other too, where that is in its scope.
fn droppable(policy: &Policy, by: &Policy) -> bool {
    policy.obligations.is_empty() && policy.audit <= by.audit
}
