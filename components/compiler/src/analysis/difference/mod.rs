//! The requests that one package allows and another one denies, as conditions.
//!
//! A request is allowed if every BLOCKING policy passes (it is not applicable or satisfied), and one of them is
//! satisfied or the package says `DEFAULT: ALLOW`. Policies that both packages have pass on one side if they pass on
//! the other: so a request that only one side denies is one that a policy of that side alone denies, or one that
//! nothing covers there. These are the questions; each is asked of few policies at first, and others join when they
//! have something to say of the request that was found.
//!
//! What is found is generalised as far as every request like it changes too, and left out of what is searched then,
//! until there is nothing more.
//!
//! - this module: the questions.
//! - `region`: sets of requests, and what can be said of all of them.
//! - `classes`: values that nobody tells apart, and how conditions name them.

mod classes;
mod region;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use aecp_vocabulary::Value;
use aecp_vocabulary::policy::DefaultDecision;

use super::cube::{Cube, Part};
use super::pins::{self, Index, Pins};
use super::solver::{Answer, Demand, Solver};
use super::truths::{Cases, Truths};
use super::{Ask, at, atoms};
use crate::core::{Atom, InputIndex, Package};
use classes::Classes;
use region::{Ground, Region};

/// How many policies join a question at first; each time twice as many.
const FIRST: usize = 4;

/// Attributes with more work than this to tell their values apart are not generalised.
const CLASSES: usize = 20_000_000;

/// Which package a policy is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// In both, with the same scope and constraint.
    Both,
    /// In the old one.
    Old,
    /// In the new one.
    New,
}

/// The BLOCKING policies of two packages over the attributes of both, which are all OPTIONAL: whoever compares
/// packages asks about every request.
#[derive(Clone, Debug)]
pub(crate) struct Joint {
    pub(crate) package: Package,
    /// By policy.
    pub(crate) sides: Vec<Side>,
    pub(crate) old_default: DefaultDecision,
    pub(crate) new_default: DefaultDecision,
    /// Attributes that each package declares otherwise: their values mean something else in each. They are among
    /// those that are freed.
    pub(crate) redeclared: BTreeSet<InputIndex>,
    /// Inputs that are not looked into: atoms that read them may be anything.
    pub(crate) freed: BTreeSet<InputIndex>,
}

/// How much work may be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Most steps for one search.
    pub(crate) question: u64,
    /// Most steps for all.
    pub(crate) total: u64,
    /// Most sets of requests that are given; further ones are counted.
    pub(crate) listed: usize,
    /// Most sets of requests that are looked for.
    pub(crate) counted: usize,
}

/// Requests that one side allows and the other one denies.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The sets, in the order in which they were found.
    pub(crate) sets: Vec<Set>,
    /// How many more there are.
    pub(crate) unlisted: usize,
    /// What is not known. If there is nothing, every request is in one of the sets.
    pub(crate) open: BTreeSet<Open>,
}

/// A set of requests, and one of them.
#[derive(Debug)]
pub(crate) struct Set {
    pub(crate) cube: Rc<Cube>,
    /// One value for each input of the joint package.
    pub(crate) example: Vec<Value>,
}

/// A question that was not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Open {
    /// Whether this policy denies more of what the other side allows.
    Policy(u32),
    /// Whether the default does.
    Default,
    /// There are more sets than were looked for.
    More,
}

/// The requests that `allowing` allows and the other side denies.
pub(crate) fn changes(joint: &Joint, allowing: Side, effort: Effort) -> Found {
    let mut search = Search::new(joint, allowing, effort);
    search.denied_by_policies();
    search.denied_by_default();
    search.found
}

/// What must hold of every policy.
#[derive(Clone, Copy)]
enum Rule {
    /// The allowing side's policies pass.
    Allowed,
    /// Besides, no policy of the denying side covers.
    Uncovered,
}

struct Search<'p> {
    joint: &'p Joint,
    allowing: Side,
    effort: Effort,
    ground: Ground<'p>,
    solver: Solver<'p>,
    /// By policy.
    atoms: Vec<Vec<&'p Atom>>,
    pins: Vec<Pins<'p>>,
    /// The policies that each rule is about.
    allowed: Index<'p>,
    all: Index<'p>,
    classes: BTreeMap<InputIndex, Option<Classes<'p>>>,
    cubes: Vec<Rc<Cube>>,
    found: Found,
}

impl<'p> Search<'p> {
    fn new(joint: &'p Joint, allowing: Side, effort: Effort) -> Self {
        let package = &joint.package;
        let atoms: Vec<Vec<&Atom>> = package
            .policies
            .iter()
            .map(|policy| {
                let mut found = Vec::new();
                atoms::atoms(&policy.scope, &mut found);
                atoms::atoms(&policy.constraint, &mut found);
                found
            })
            .collect();
        let pins: Vec<Pins<'_>> = package
            .policies
            .iter()
            .map(|policy| pins::pins(&policy.scope))
            .collect();
        let fresh = super::fresh(package, &atoms);
        let numbered = || (0_u32..).zip(&joint.sides);
        let all: Vec<u32> = numbered().map(|(policy, _)| policy).collect();
        let allowed: Vec<u32> = numbered()
            .filter(|(_, side)| **side == Side::Both || **side == allowing)
            .map(|(policy, _)| policy)
            .collect();
        Self {
            joint,
            allowing,
            effort,
            ground: Ground::new(package, joint.freed.clone()),
            solver: Solver::new(
                package,
                atoms.iter().flatten().copied(),
                fresh,
                effort.question,
                effort.total,
            ),
            atoms,
            allowed: Index::new(&pins, &allowed),
            all: Index::new(&pins, &all),
            pins,
            classes: BTreeMap::new(),
            cubes: Vec::new(),
            found: Found::default(),
        }
    }

    fn defaults(&self) -> (DefaultDecision, DefaultDecision) {
        let (old, new) = (self.joint.old_default, self.joint.new_default);
        match self.allowing {
            Side::New => (new, old),
            Side::Both | Side::Old => (old, new),
        }
    }

    /// Policies of one side alone.
    fn only(&self, of_allowing: bool) -> Vec<u32> {
        (0_u32..)
            .zip(&self.joint.sides)
            .filter(|(_, side)| **side != Side::Both && (**side == self.allowing) == of_allowing)
            .map(|(policy, _)| policy)
            .collect()
    }

    fn denied_by_policies(&mut self) {
        let (default, _) = self.defaults();
        for denying in self.only(false) {
            let faults = Ask::of(denying, Cases::FAULTS);
            if default == DefaultDecision::Allow {
                self.explore(&[faults], Rule::Allowed, Open::Policy(denying));
                continue;
            }
            if matches!(self.settle(&[faults], Rule::Allowed), Settled::None) {
                continue;
            }
            // Somebody must have covered the request.
            for covering in self.allowing_policies() {
                let pins = (at(&self.pins, denying), at(&self.pins, covering));
                let (Some(left), Some(right)) = pins else { continue };
                self.solver.charge(1);
                if pins::meet(left, right, None) {
                    let asks = [faults, Ask::of(covering, Cases::SATISFIED)];
                    self.explore(&asks, Rule::Allowed, Open::Policy(denying));
                }
                if self.ended(Open::Policy(denying)) {
                    break;
                }
            }
        }
    }

    fn denied_by_default(&mut self) {
        match self.defaults() {
            (_, DefaultDecision::Allow) => {}
            (DefaultDecision::Allow, DefaultDecision::Deny) => {
                self.explore(&[], Rule::Uncovered, Open::Default);
            }
            (DefaultDecision::Deny, DefaultDecision::Deny) => {
                for covering in self.only(true) {
                    let asks = [Ask::of(covering, Cases::SATISFIED)];
                    self.explore(&asks, Rule::Uncovered, Open::Default);
                }
            }
        }
    }

    /// The policies of the allowing side, those that it has alone first.
    fn allowing_policies(&self) -> Vec<u32> {
        let mut policies = self.only(true);
        let both = (0_u32..)
            .zip(&self.joint.sides)
            .filter(|(_, side)| **side == Side::Both);
        policies.extend(both.map(|(policy, _)| policy));
        policies
    }

    /// Whether there is no point in searching on; then `open` stays open.
    fn ended(&mut self, open: Open) -> bool {
        if self.cubes.len() >= self.effort.counted {
            self.found.open.insert(Open::More);
            return true;
        }
        if self.solver.spent() {
            self.found.open.insert(open);
            return true;
        }
        false
    }

    /// Finds all sets of requests that are as asked.
    fn explore(&mut self, asks: &[Ask], rule: Rule, open: Open) {
        while !self.ended(open) {
            match self.settle(asks, rule) {
                Settled::None => return,
                Settled::NotDecided => {
                    self.found.open.insert(open);
                    return;
                }
                Settled::Some(mut region) => {
                    if self.widen(&mut region, asks, rule).is_none() {
                        self.found.open.insert(open);
                        return;
                    }
                    let cube = Rc::new(self.cube(&region));
                    self.cubes.push(cube.clone());
                    if self.found.sets.len() < self.effort.listed {
                        let example = region.example(&self.ground);
                        self.found.sets.push(Set { cube, example });
                    } else {
                        self.found.unlisted = self.found.unlisted.saturating_add(1);
                    }
                }
            }
        }
    }

    /// Requests that are as asked, as the rule says of every policy, and in no set that was found before.
    fn settle(&mut self, asks: &[Ask], rule: Rule) -> Settled<'p> {
        let mut asks = asks.to_vec();
        let mut excluded: Vec<Rc<Cube>> = Vec::new();
        let mut joining = FIRST;
        loop {
            let policies: BTreeSet<u32> = asks.iter().map(|ask| ask.policy).collect();
            let read = policies.iter().filter_map(|policy| at(&self.atoms, *policy));
            let read = read.flatten().copied();
            let mut space = self
                .solver
                .space(read.chain(excluded.iter().flat_map(|cube| cube.atoms())));
            space.freed.clone_from(&self.joint.freed);
            space.defaults = true;
            space.excluded.clone_from(&excluded);
            let demands: Vec<Demand<'p>> = asks.iter().filter_map(|ask| self.demand(ask)).collect();
            let ground = &self.ground;
            let (answer, region) = self
                .solver
                .find(&mut space, &demands, |solver, space| ground.chosen(solver, space));
            let Some(mut region) = region else {
                return if answer == Answer::Impossible {
                    Settled::None
                } else {
                    Settled::NotDecided
                };
            };
            let before = (asks.len(), excluded.len());
            for broken in self.broken(&mut region, rule, joining) {
                if !asks.contains(&broken) {
                    asks.push(broken);
                }
            }
            let cubes = std::mem::take(&mut self.cubes);
            self.solver.charge(cubes.len());
            for cube in cubes.iter().filter(|cube| self.ground.meets(&mut region, cube)) {
                if !excluded.iter().any(|known| Rc::ptr_eq(known, cube)) {
                    excluded.push(cube.clone());
                }
            }
            self.cubes = cubes;
            if before == (asks.len(), excluded.len()) {
                return if self.holds(&mut region, &asks, rule) {
                    Settled::Some(region)
                } else {
                    // What is broken was asked for: it hangs on something that nothing is known of.
                    Settled::NotDecided
                };
            }
            joining = joining.saturating_mul(2);
        }
    }

    fn demand(&self, ask: &Ask) -> Option<Demand<'p>> {
        Some(Demand {
            policy: at(&self.joint.package.policies, ask.policy)?,
            cases: ask.cases,
            without: ask.without,
        })
    }

    /// The policies that may break a rule somewhere in a region: the first ones.
    fn broken(&mut self, region: &mut Region<'p>, rule: Rule, limit: usize) -> Vec<Ask> {
        let index = match rule {
            Rule::Allowed => &self.allowed,
            Rule::Uncovered => &self.all,
        };
        let mut broken = Vec::new();
        let mut steps = 0_usize;
        for policy in index.candidates(region.values()) {
            steps = steps.saturating_add(1);
            let ask = self.asked(rule, policy);
            if !self.is_so(region, &ask) {
                broken.push(ask);
                if broken.len() >= limit {
                    break;
                }
            }
        }
        self.solver.charge(steps);
        broken
    }

    fn asked(&self, rule: Rule, policy: u32) -> Ask {
        let own = at(&self.joint.sides, policy).is_some_and(|side| *side == self.allowing);
        let cases = match rule {
            Rule::Uncovered if !own => Cases::OUTSIDE,
            Rule::Allowed | Rule::Uncovered => Cases::PASSES,
        };
        Ask::of(policy, cases)
    }

    /// Whether a policy is as asked of all requests in a region.
    fn is_so(&self, region: &mut Region<'p>, ask: &Ask) -> bool {
        let Some(policy) = at(&self.joint.package.policies, ask.policy) else {
            return false;
        };
        let scope = self.ground.truths(region, &policy.scope);
        // Most policies are about something else.
        let constraint = if scope == Truths::FALSE {
            Truths::ANY
        } else {
            self.ground.truths(region, &policy.constraint)
        };
        ask.cases.hold(scope, constraint)
    }

    /// Whether all requests in a region are as asked, and as the rule says.
    fn holds(&mut self, region: &mut Region<'p>, asks: &[Ask], rule: Rule) -> bool {
        self.solver.charge(asks.len());
        asks.iter().all(|ask| self.is_so(region, ask)) && self.broken(region, rule, 1).is_empty()
    }

    /// Lets the requests of a region be different from each other, as long as all are as asked.
    fn widen(&mut self, region: &mut Region<'p>, asks: &[Ask], rule: Rule) -> Option<()> {
        let asked: BTreeSet<InputIndex> = asks
            .iter()
            .filter_map(|ask| at(&self.joint.package.policies, ask.policy))
            .flat_map(crate::core::Policy::condition_reads)
            .collect();
        for place in 0..region.literals().len() {
            self.widen_literal(region, place, asks, rule);
        }
        region.tidy();
        let mut inputs = self.ground.restricted(region);
        // First what the policies in question do not read. What many scopes tell apart goes last: while it has one
        // value, few policies have to be looked at.
        let key = match rule {
            Rule::Allowed => self.allowed.key(),
            Rule::Uncovered => self.all.key(),
        };
        inputs.sort_by_key(|input| (Some(*input) == key, asked.contains(input), *input));
        for input in inputs {
            self.widen_input(region, input, asks, rule)?;
        }
        Some(())
    }

    fn widen_literal(&mut self, region: &mut Region<'p>, place: usize, asks: &[Ask], rule: Rule) {
        let Some((_, own)) = region.literals().get(place).copied() else {
            return;
        };
        let mut possible = own;
        for truth in [Truths::FALSE, Truths::UNKNOWN, Truths::TRUE] {
            if truth != own {
                region.set_literal(place, truth);
                if self.holds(region, asks, rule) {
                    possible = possible.joined(truth);
                }
            }
        }
        // People read what is known, or what is unknown, or nothing at all.
        let kept = match possible {
            Truths::ANY => Truths::ANY,
            _ if possible.meets(Truths::FALSE) && possible.meets(Truths::TRUE) && own != Truths::UNKNOWN => {
                Truths::FALSE_OR_TRUE
            }
            _ => own,
        };
        region.set_literal(place, kept);
    }

    fn widen_input(
        &mut self,
        region: &mut Region<'p>,
        input: InputIndex,
        asks: &[Ask],
        rule: Rule,
    ) -> Option<()> {
        let own = region.allowed(input)?.first()?.clone();
        self.classify(input);
        let classes = self.classes.get(&input)?.as_ref()?;
        let own_class = classes.class(&self.joint.package, &own)?;
        let values = classes.values().to_vec();
        let known = own.value_type().is_some();
        let mut alike = vec![own.clone()];
        let mut picked = BTreeSet::from([own_class]);
        let mut all = true;
        for (class, value) in values.iter().enumerate().filter(|(class, _)| *class != own_class) {
            region.allow(input, vec![value.clone()]);
            let holds = self.holds(region, asks, rule);
            all &= holds;
            if holds && known == value.value_type().is_some() {
                alike.push(value.clone());
                picked.insert(class);
            }
            // Nothing may be left to gain, and there may be many classes.
            if !all && self.solver.spent() {
                let rest = values.len().saturating_sub(class);
                self.solver.charge(rest);
                break;
            }
        }
        if all {
            region.allow(input, Vec::new());
        } else {
            region.allow_classes(input, alike, picked);
        }
        Some(())
    }

    fn classify(&mut self, input: InputIndex) {
        if self.classes.contains_key(&input) {
            return;
        }
        let touching = self.ground.touching(input);
        let space = self.solver.space(touching.iter().copied());
        let values: Vec<Value> = space.tracked(input).map_or_else(Vec::new, |tracked| {
            (0..)
                .map_while(|place| tracked.value(place, false, false))
                .collect()
        });
        self.solver.charge(touching.len());
        let told_apart = !space.opaque.contains(&input);
        let classes = (told_apart && values.len().saturating_mul(touching.len()) <= CLASSES)
            .then(|| Classes::new(&self.joint.package, input, touching, values));
        self.classes.insert(input, classes);
    }

    fn cube(&self, region: &Region<'p>) -> Cube {
        let mut parts: Vec<(InputIndex, Part)> = Vec::new();
        for input in self.ground.restricted(region) {
            let classes = self.classes.get(&input).and_then(Option::as_ref);
            if let (Some(classes), Some(wanted)) = (classes, region.classes(input)) {
                parts.push((input, classes.part(wanted)));
            }
        }
        for (atom, allowed) in region.literals() {
            let first = atom.inputs().first().copied().unwrap_or(InputIndex(u32::MAX));
            let part = Part::Literal {
                atom: (*atom).clone(),
                allowed: *allowed,
            };
            parts.push((first, part));
        }
        parts.sort_by_key(|(input, _)| *input);
        Cube {
            parts: parts.into_iter().map(|(_, part)| part).collect(),
        }
    }
}

/// What a question gave.
enum Settled<'p> {
    /// These requests, and maybe others.
    Some(Region<'p>),
    /// No request.
    None,
    /// It is not known.
    NotDecided,
}
