//! What an analysis found out, kept for the next one of a package that has changed little.
//!
//! Parts of an analysis are kept whole: what came of them, what they said, and how many steps they took. A part is taken
//! again only where asking again would give the same: nothing has changed but other policies, and no question of the part
//! was, or would be, cut short by the budget for all questions. So an analysis with a memory is the same as one without.

use std::collections::BTreeMap;

use super::pairs::{Related, Relation};
use super::single::Facts;
use super::solver::Surroundings;
use super::{Analyser, Analysis, Budget, Finding, Kind, at, representatives};
use crate::core::{InputIndex, Package, Policy};

/// Most pairs of policies that are kept.
const PAIRS: usize = 200_000;

/// What the analysis of one package found out.
#[derive(Clone, Debug, Default)]
pub struct Memory(Option<Kept>);

impl Memory {
    /// The same as [`analyse`](super::analyse), and faster if the package is much like the one before. What costs is
    /// asked anew of the policies that changed, of each of these with the others, and of the package as a whole.
    pub fn analyse(&mut self, package: &Package, budget: Budget) -> Analysis {
        let smaller = representatives::package(package);
        let package = smaller.as_ref().unwrap_or(package);
        let mut analyser = Analyser::new(package, budget);
        let frame = frame(package);
        let surroundings = analyser.solver.surroundings();
        analyser.recall = Recall::new(self.0.take(), &frame, package, budget, surroundings);
        let (analysis, recall) = analyser.run();
        self.0 = Some(Kept {
            policies: package.policies.clone(),
            surroundings: recall.surroundings,
            frame,
            budget,
            singles: recall.singles,
            pairs: recall.pairs,
            needless: recall.needless,
            asked: recall.asked,
        });
        analysis
    }

    /// How many parts of the last analysis were asked anew, and not remembered.
    pub fn asked(&self) -> usize {
        self.0.as_ref().map_or(0, |kept| kept.asked)
    }
}

/// The package without its policies.
fn frame(package: &Package) -> Package {
    package.with_policies(Vec::new())
}

/// A finished analysis.
#[derive(Clone, Debug)]
struct Kept {
    /// The package without its policies.
    frame: Package,
    policies: Vec<Policy>,
    budget: Budget,
    surroundings: Surroundings,
    /// By policy.
    singles: Vec<Part<Facts>>,
    /// By pair, ascending.
    pairs: Vec<((u32, u32), Part<Related>)>,
    /// By the policy that is not needed: because of which, and how.
    needless: BTreeMap<u32, Needless>,
    /// How many parts were asked anew.
    asked: usize,
}

/// Something that was said.
#[derive(Clone, Debug)]
enum Said {
    Finding(Finding),
    Undecided {
        kind: Kind,
        policies: Vec<u32>,
        attribute: Option<InputIndex>,
        asked: String,
    },
}

/// A part of an analysis.
#[derive(Clone, Debug)]
pub(super) struct Part<T> {
    pub(super) result: T,
    said: Vec<Said>,
    steps: u64,
    /// Whether the budget for all questions cut none of its questions short.
    whole: bool,
}

/// What is said of a policy that is not needed.
#[derive(Clone, Debug)]
struct Needless {
    by: u32,
    relation: Relation,
    part: Part<()>,
}

/// What is known from before, and what is kept for later.
#[derive(Debug, Default)]
pub(super) struct Recall {
    /// Whether anything is kept at all.
    keeps: bool,
    /// By policy, which one it was before.
    same: Vec<Option<u32>>,
    singles_before: Vec<Option<Part<Facts>>>,
    pairs_before: Vec<((u32, u32), Part<Related>)>,
    needless_before: BTreeMap<u32, Needless>,
    surroundings: Surroundings,
    singles: Vec<Part<Facts>>,
    pairs: Vec<((u32, u32), Part<Related>)>,
    needless: BTreeMap<u32, Needless>,
    /// What the part that is running says.
    saying: Option<Vec<Said>>,
    /// How many parts were asked anew.
    asked: usize,
}

impl Recall {
    fn new(
        kept: Option<Kept>,
        frame: &Package,
        package: &Package,
        budget: Budget,
        surroundings: Surroundings,
    ) -> Self {
        let alike = kept.filter(|kept| {
            kept.budget == budget && kept.surroundings == surroundings && kept.frame == *frame
        });
        let Some(kept) = alike else {
            return Self {
                keeps: true,
                surroundings,
                ..Self::default()
            };
        };
        let mut places = BTreeMap::new();
        for (policy, index) in kept.policies.iter().zip(0_u32..) {
            places.insert(policy.name.as_str(), (index, policy));
        }
        let same = package.policies.iter().map(|policy| {
            let (index, before) = places.get(policy.name.as_str())?;
            (*before == policy).then_some(*index)
        });
        let same = same.collect();
        Self {
            keeps: true,
            same,
            singles_before: kept.singles.into_iter().map(Some).collect(),
            pairs_before: kept.pairs,
            needless_before: kept.needless,
            surroundings,
            ..Self::default()
        }
    }

    fn before(&self, policy: u32) -> Option<u32> {
        at(&self.same, policy).copied().flatten()
    }

    fn whole(&self, policy: u32) -> bool {
        at(&self.singles, policy).is_some_and(|part| part.whole)
    }
}

impl Said {
    /// The same of policies that have other places now.
    fn moved(mut self, places: &[(u32, u32)]) -> Self {
        let (Self::Finding(Finding { policies, .. }) | Self::Undecided { policies, .. }) = &mut self;
        for policy in policies {
            if let Some((_, now)) = places.iter().find(|(then, _)| then == policy) {
                *policy = *now;
            }
        }
        self
    }
}

impl Analyser<'_> {
    /// What is known of one policy alone; asked if it is not known from before.
    pub(super) fn single_part(&mut self, policy: u32, ask: impl FnOnce(&mut Self) -> Facts) -> Facts {
        if !self.recall.keeps {
            return ask(self);
        }
        let then = self.recall.before(policy);
        let known = then.and_then(|then| {
            let place = usize::try_from(then).ok()?;
            self.recall.singles_before.get_mut(place)?.take()
        });
        let part = self.part(known, &[(then.unwrap_or(policy), policy)], ask);
        let facts = part.result.clone();
        self.recall.singles.push(part);
        facts
    }

    /// What two policies are to each other; asked if it is not known from before.
    pub(super) fn pair_part(
        &mut self,
        one: u32,
        other: u32,
        ask: impl FnOnce(&mut Self) -> Related,
    ) -> Related {
        if !self.recall.keeps {
            return ask(self);
        }
        // What is asked of two follows from what is known of each.
        let whole = self.recall.whole(one) && self.recall.whole(other);
        let then = self.recall.before(one).zip(self.recall.before(other));
        let known = then.filter(|_| whole).and_then(|then| {
            let pairs = &self.recall.pairs_before;
            let place = pairs.binary_search_by_key(&then, |(pair, _)| *pair).ok()?;
            pairs.get(place).map(|(_, part)| part.clone())
        });
        let (then_one, then_other) = then.unwrap_or((one, other));
        let part = self.part(known, &[(then_one, one), (then_other, other)], ask);
        let related = part.result;
        if whole && part.whole && self.recall.pairs.len() < PAIRS {
            self.recall.pairs.push(((one, other), part));
        }
        related
    }

    /// Says that a policy is not needed because of another one; asked if it is not known from before.
    pub(super) fn needless_part(
        &mut self,
        policy: u32,
        (by, relation): (u32, Relation),
        ask: impl FnOnce(&mut Self),
    ) {
        if !self.recall.keeps {
            return ask(self);
        }
        let then = self.recall.before(policy).zip(self.recall.before(by));
        let known = then.and_then(|(then, then_by)| {
            let known = self.recall.needless_before.remove(&then)?;
            (known.by == then_by && known.relation == relation).then_some(known.part)
        });
        let (then, then_by) = then.unwrap_or((policy, by));
        let part = self.part(known, &[(then, policy), (then_by, by)], ask);
        let needless = Needless { by, relation, part };
        self.recall.needless.insert(policy, needless);
    }

    /// A part from before, if it would come out the same now; else what `ask` gives. `places` are those of its policies,
    /// then and now.
    fn part<T>(
        &mut self,
        known: Option<Part<T>>,
        places: &[(u32, u32)],
        ask: impl FnOnce(&mut Self) -> T,
    ) -> Part<T> {
        let enough = self.budget.question.max(1);
        let left = self.solver.left();
        let fits =
            |part: &Part<T>| part.whole && left.checked_sub(part.steps).is_some_and(|rest| rest >= enough);
        if let Some(part) = known.filter(fits) {
            self.solver.take_steps(part.steps);
            let said: Vec<Said> = part.said.into_iter().map(|one| one.moved(places)).collect();
            for one in said.iter().cloned() {
                match one {
                    Said::Finding(finding) => self.deliver(finding),
                    Said::Undecided {
                        kind,
                        policies,
                        attribute,
                        asked,
                    } => self.leave_open(kind, &policies, attribute, asked),
                }
            }
            return Part { said, ..part };
        }
        // What says something is inside of one part, and of no other.
        self.recall.saying = Some(Vec::new());
        self.recall.asked = self.recall.asked.saturating_add(1);
        let result = ask(self);
        let rest = self.solver.left();
        Part {
            result,
            said: self.recall.saying.take().unwrap_or_default(),
            steps: left.saturating_sub(rest),
            whole: rest >= enough,
        }
    }

    /// Says that something was found.
    pub(super) fn report(&mut self, finding: Finding) {
        if let Some(said) = &mut self.recall.saying {
            said.push(Said::Finding(finding.clone()));
        }
        self.deliver(finding);
    }

    /// Says that something was not settled.
    pub(super) fn undecided(
        &mut self,
        kind: Kind,
        policies: &[u32],
        attribute: Option<InputIndex>,
        asked: String,
    ) {
        if let Some(said) = &mut self.recall.saying {
            said.push(Said::Undecided {
                kind,
                policies: policies.to_vec(),
                attribute,
                asked: asked.clone(),
            });
        }
        self.leave_open(kind, policies, attribute, asked);
    }
}
