//! Whether a request exists that is as asked: a search over the values of a [`Space`], guided by what is still open
//! in the conditions.

mod status;

use std::collections::BTreeMap;

use aecp_vocabulary::Value;

use super::atoms::{Shape, candidates, shape};
use super::others::Others;
use super::space::Space;
use super::truths::{Cases, Truths};
use crate::core::{Atom, Constant, Input, InputIndex, Package, Policy};
use crate::interpreter;
use status::Status;

/// What is asked of a request: a policy's scope and constraint are one of `cases`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand<'p> {
    pub(super) policy: &'p Policy,
    pub(super) cases: Cases,
    /// The request is taken without this input.
    pub(super) without: Option<InputIndex>,
}

/// A part of a request: what it has, and nothing absent.
pub(super) type Sample = Vec<(InputIndex, Value)>;

/// What a search found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Some request is as asked.
    Possible,
    /// None is.
    Impossible,
    /// The budget ended, or what is asked hangs on an opaque atom.
    NotDecided,
}

/// Something to choose a value for.
#[derive(Clone, Copy, Debug)]
enum Choice {
    Input(InputIndex),
    Member(usize),
}

/// What the solver takes from all policies of a package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Surroundings {
    fresh: Vec<String>,
    plain: BTreeMap<InputIndex, Value>,
}

/// Searches, within a budget for all of its searches.
#[derive(Debug)]
pub(super) struct Solver<'p> {
    package: &'p Package,
    /// By input; absent where nothing is chosen.
    values: Vec<Value>,
    chosen: Vec<bool>,
    others: Others,
    /// What inputs are that no request is without, if nothing is chosen: parameters, the time, and required attributes
    /// whose presence is asked for.
    plain: BTreeMap<InputIndex, Value>,
    /// Those that are never unknown.
    certain: Vec<InputIndex>,
    per_question: u64,
    left: u64,
}

impl<'p> Solver<'p> {
    pub(super) fn new(
        package: &'p Package,
        atoms: impl Iterator<Item = &'p Atom>,
        fresh: Vec<String>,
        per_question: u64,
        all: u64,
    ) -> Self {
        let known = |input: &Input| {
            let values = candidates(
                input.value_type,
                [].iter(),
                std::iter::empty(),
                std::iter::empty(),
                1,
                &fresh,
            );
            match (input.parameter(), input.choices()) {
                (Some(parameter), _) => Some(parameter.default.clone()),
                (None, Some(choices)) => choices.first().map(Constant::value),
                (None, None) => values.into_iter().next(),
            }
        };
        let indexed = || (0_u32..).map(InputIndex).zip(&package.inputs);
        let certain = indexed().filter(|(_, input)| input.is_certain());
        let certain: BTreeMap<InputIndex, Value> = certain
            .filter_map(|(index, input)| Some((index, known(input)?)))
            .collect();
        let required = atoms.filter_map(|atom| {
            let Shape::Presence(input) = shape(package, atom) else {
                return None;
            };
            let declared = package.inputs.get(usize::try_from(input.0).ok()?)?;
            (!declared.is_optional()).then_some((input, known(declared)?))
        });
        let plain = required.chain(certain.clone()).collect();
        Self {
            package,
            plain,
            certain: certain.into_keys().collect(),
            values: vec![Value::Absent; package.inputs.len()],
            chosen: vec![false; package.inputs.len()],
            others: Others::new(fresh, per_question),
            per_question,
            left: all,
        }
    }

    /// All that answers follow from, beside the policies that are asked about and the inputs of the package.
    pub(super) fn surroundings(&self) -> Surroundings {
        Surroundings {
            fresh: self.others.plain.clone(),
            plain: self.plain.clone(),
        }
    }

    /// Steps that are left for all searches.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Takes steps from the budget that were done before.
    pub(super) fn take_steps(&mut self, steps: u64) {
        self.left = self.left.saturating_sub(steps);
    }

    /// Whether the budget for all searches has ended.
    pub(super) fn spent(&self) -> bool {
        self.left == 0
    }

    /// Takes steps from the budget that were done elsewhere.
    pub(super) fn charge(&mut self, steps: usize) {
        self.left = self.left.saturating_sub(u64::try_from(steps).unwrap_or(u64::MAX));
    }

    pub(super) fn space<'a>(&mut self, atoms: impl Iterator<Item = &'a Atom>) -> Space
    where
        'p: 'a,
    {
        self.others.allow(self.left);
        let space = Space::new(self.package, atoms, &mut self.others, &mut self.values);
        self.left = self.left.min(self.others.left());
        space
    }

    /// Whether a request exists that meets all demands.
    pub(super) fn ask(&mut self, space: &mut Space, demands: &[Demand<'p>]) -> Answer {
        self.search(space, demands, |_, _, _| ()).0
    }

    /// Whether a request that is put together from samples, of which the first have precedence, meets all demands.
    /// Cheap, and no answer if it does not.
    pub(super) fn guess(&mut self, samples: &[&Sample], demands: &[Demand<'p>]) -> bool {
        self.charge(demands.len());
        for input in self.certain.clone() {
            self.choose(input, self.plain.get(&input).cloned());
        }
        for (input, value) in samples.iter().rev().flat_map(|sample| sample.iter()) {
            self.choose(*input, Some(value.clone()));
        }
        let truth = |asked| Truths::from(interpreter::condition(self.package, &self.values, asked));
        let met = demands.iter().all(|demand| {
            let (scope, constraint) = (truth(&demand.policy.scope), truth(&demand.policy.constraint));
            demand.without.is_none() && demand.cases.hold(scope, constraint)
        });
        let sampled = samples
            .iter()
            .flat_map(|sample| sample.iter())
            .map(|(input, _)| *input);
        for input in sampled.chain(self.certain.clone()) {
            self.choose(input, None);
        }
        met
    }

    /// The same as [`Solver::ask`], with a request that nothing can be left out of.
    pub(super) fn show(&mut self, space: &mut Space, demands: &[Demand<'p>]) -> (Answer, Option<Vec<Value>>) {
        // People know the parameters by their defaults: a request for those says most.
        if space.has_parameters() {
            space.defaults = true;
            let found = self.shown(space, demands);
            space.defaults = false;
            if found.0 == Answer::Possible {
                return found;
            }
        }
        self.shown(space, demands)
    }

    fn shown(&mut self, space: &mut Space, demands: &[Demand<'p>]) -> (Answer, Option<Vec<Value>>) {
        self.search(space, demands, |solver, space, trail| {
            solver.shrink(space, demands, trail);
            solver.request(space)
        })
    }

    /// The same as [`Solver::ask`], with what `found` makes of the part of a request that meets the demands, whatever
    /// the rest of the request is.
    pub(super) fn find<T>(
        &mut self,
        space: &mut Space,
        demands: &[Demand<'p>],
        found: impl FnOnce(&Self, &Space) -> T,
    ) -> (Answer, Option<T>) {
        self.search(space, demands, |solver, space, _| found(solver, space))
    }

    fn search<T>(
        &mut self,
        space: &mut Space,
        demands: &[Demand<'p>],
        found: impl FnOnce(&mut Self, &mut Space, &[Choice]) -> T,
    ) -> (Answer, Option<T>) {
        // What is unknown may be all that keeps a request out of an excluded cube.
        let persistent = space.excluded.is_empty() && demands.iter().all(|demand| demand.cases.persist());
        let cost = u64::try_from(demands.len()).unwrap_or(u64::MAX).max(1);
        let mut budget = self.per_question.min(self.left);
        let mut trail: Vec<(Choice, usize)> = Vec::new();
        let mut decided = true;
        let mut result = None;
        loop {
            let Some(rest) = budget.checked_sub(cost) else {
                decided = false;
                budget = 0;
                break;
            };
            budget = rest;
            match self.status(space, demands) {
                Status::Met => {
                    let choices: Vec<Choice> = trail.iter().map(|(choice, _)| *choice).collect();
                    result = Some(found(self, space, &choices));
                    break;
                }
                Status::Open(Some(choice)) => trail.push((choice, 0)),
                Status::Open(None) => decided = false,
                Status::Broken => {}
            }
            if !self.step(space, &mut trail, persistent) {
                break;
            }
        }
        self.left = self
            .left
            .saturating_sub(self.per_question.min(self.left).saturating_sub(budget));
        for input in space.inputs() {
            self.choose(input, None);
        }
        for member in &mut space.members {
            member.chosen = None;
        }
        let answer = match (&result, decided) {
            (Some(_), _) => Answer::Possible,
            (None, true) => Answer::Impossible,
            (None, false) => Answer::NotDecided,
        };
        (answer, result)
    }

    /// Chooses the next value of what was chosen last; false when all are tried.
    fn step(&mut self, space: &mut Space, trail: &mut Vec<(Choice, usize)>, persistent: bool) -> bool {
        while let Some((choice, place)) = trail.last_mut() {
            let next = *place;
            *place = next.saturating_add(1);
            match *choice {
                Choice::Input(input) => {
                    let present = space.present == Some(input);
                    let value = space
                        .tracked(input)
                        .filter(|tracked| next == 0 || !(tracked.parameter && space.defaults))
                        .and_then(|tracked| tracked.value(next, persistent, present));
                    let more = value.is_some();
                    self.choose(input, value);
                    if more {
                        return true;
                    }
                }
                Choice::Member(place) => {
                    let chosen = [Some(false), Some(true)].get(next).copied().flatten();
                    if let Some(member) = space.members.get_mut(place) {
                        member.chosen = chosen;
                    }
                    if chosen.is_some() {
                        return true;
                    }
                }
            }
            trail.pop();
        }
        false
    }

    fn choose(&mut self, input: InputIndex, value: Option<Value>) {
        let Ok(place) = usize::try_from(input.0) else {
            return;
        };
        if let (Some(slot), Some(chosen)) = (self.values.get_mut(place), self.chosen.get_mut(place)) {
            *chosen = value.is_some();
            *slot = value.unwrap_or(Value::Absent);
        }
    }

    /// Takes the value of an input away, and gives what it was.
    fn take(&mut self, input: InputIndex) -> Option<Value> {
        let place = usize::try_from(input.0).ok()?;
        let chosen = *self.chosen.get(place)?;
        let value = self.values.get(place).cloned()?;
        self.choose(input, None);
        chosen.then_some(value)
    }

    /// Leaves out of the request that was found what its demands do not need.
    fn shrink(&mut self, space: &mut Space, demands: &[Demand<'p>], trail: &[Choice]) {
        for choice in trail.iter().rev() {
            match *choice {
                Choice::Input(input) => {
                    let Some(value) = self.take(input) else {
                        continue;
                    };
                    let optional = space.tracked(input).is_some_and(|tracked| tracked.optional);
                    if space.present != Some(input) {
                        if matches!(self.status(space, demands), Status::Met) {
                            continue;
                        }
                        if optional {
                            self.choose(input, Some(Value::Absent));
                            if matches!(self.status(space, demands), Status::Met) {
                                continue;
                            }
                        }
                    }
                    self.choose(input, Some(value));
                }
                Choice::Member(place) => {
                    let Some(Some(true)) = space.members.get(place).map(|member| member.chosen) else {
                        continue;
                    };
                    for smaller in [Some(false), Some(true)] {
                        if let Some(member) = space.members.get_mut(place) {
                            member.chosen = smaller;
                        }
                        if matches!(self.status(space, demands), Status::Met) {
                            break;
                        }
                    }
                }
            }
        }
    }

    /// What is chosen, as values for all inputs of the package; what is not chosen is absent where that can be.
    pub(super) fn request(&self, space: &Space) -> Vec<Value> {
        let mut values = self.values.clone();
        for (index, value) in (0_u32..).zip(&mut values) {
            if let (false, Some(plain)) = (
                self.is_chosen(InputIndex(index)),
                self.plain.get(&InputIndex(index)),
            ) {
                *value = plain.clone();
            }
            if let Value::SetOfText(texts) = value {
                let members = space
                    .members
                    .iter()
                    .filter(|member| member.set == InputIndex(index) && member.chosen == Some(true));
                *texts = members.map(|member| member.text.clone()).collect();
            }
        }
        values
    }
}
