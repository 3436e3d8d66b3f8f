//! Sets of requests while they grow, and what can be said of all requests in them.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::Value;

use super::super::at;
use super::super::atoms::{self, Shape, shape};
use super::super::cube::{Cube, Part};
use super::super::solver::Solver;
use super::super::space::Space;
use super::super::truths::Truths;
use crate::core::{Atom, Condition, InputIndex, Package};
use crate::interpreter;

/// A set of requests: each attribute that is told apart by values has one of some values, and atoms over the other
/// ones have one of some truths. Whatever is not mentioned may be anything.
#[derive(Clone, Debug)]
pub(super) struct Region<'p> {
    /// By input; absent where another number of values than one is allowed.
    values: Vec<Value>,
    allowed: BTreeMap<InputIndex, Vec<Value>>,
    /// The classes of the allowed values, where they were looked for.
    classes: BTreeMap<InputIndex, BTreeSet<usize>>,
    literals: Vec<(&'p Atom, Truths)>,
    /// The whole request that it grew from.
    pub(super) seed: Vec<Value>,
}

/// What the policies of a package read.
pub(super) struct Ground<'p> {
    pub(super) package: &'p Package,
    /// By input, the atoms that read it and are not opaque, each once.
    touching: Vec<Vec<&'p Atom>>,
    /// By input, whether it is told apart by its values alone: nothing holds it against another one.
    by_value: Vec<bool>,
    /// Nothing is known of atoms that read these.
    freed: BTreeSet<InputIndex>,
}

impl<'p> Ground<'p> {
    pub(super) fn new(package: &'p Package, freed: BTreeSet<InputIndex>) -> Self {
        let mut found = Vec::new();
        for policy in &package.policies {
            atoms::atoms(&policy.scope, &mut found);
            atoms::atoms(&policy.constraint, &mut found);
        }
        let mut touching: Vec<Vec<&Atom>> = package.inputs.iter().map(|_| Vec::new()).collect();
        let mut by_value: Vec<bool> = package
            .inputs
            .iter()
            .map(|input| input.value_type.member().is_none())
            .collect();
        for atom in found {
            let shape = shape(package, atom);
            let alone = matches!(shape, Shape::Test(..) | Shape::Pattern(_) | Shape::Presence(_));
            for input in shape.inputs() {
                let Ok(place) = usize::try_from(input.0) else {
                    continue;
                };
                if let Some(touching) = touching.get_mut(place) {
                    touching.push(atom);
                }
                if let (false, Some(by_value)) = (alone, by_value.get_mut(place)) {
                    *by_value = false;
                }
            }
        }
        let mut ground = Self {
            package,
            touching,
            by_value,
            freed,
        };
        for atoms in &mut ground.touching {
            once(atoms);
        }
        ground
    }

    pub(super) fn touching(&self, input: InputIndex) -> &[&'p Atom] {
        at(&self.touching, input.0).map_or(&[], Vec::as_slice)
    }

    fn is_by_value(&self, input: InputIndex) -> bool {
        at(&self.by_value, input.0).copied().unwrap_or_default()
    }

    /// The inputs that have one value in every request: parameters, which nobody sets.
    pub(super) fn fixed(&self) -> impl Iterator<Item = (InputIndex, &'p Value)> + use<'p> {
        let inputs = (0_u32..).map(InputIndex).zip(&self.package.inputs);
        inputs.filter_map(|(index, input)| Some((index, &input.parameter()?.default)))
    }

    fn is_fixed(&self, input: InputIndex) -> bool {
        at(&self.package.inputs, input.0).is_some_and(|input| input.parameter().is_some())
    }

    /// The inputs that a region allows only some values for, though requests may have others.
    pub(super) fn restricted(&self, region: &Region<'p>) -> Vec<InputIndex> {
        let inputs = region.allowed.keys().copied();
        inputs.filter(|input| !self.is_fixed(*input)).collect()
    }

    /// What a search has chosen.
    pub(super) fn chosen(&self, solver: &Solver<'p>, space: &Space) -> Region<'p> {
        let mut region = Region {
            values: vec![Value::Absent; self.package.inputs.len()],
            allowed: BTreeMap::new(),
            classes: BTreeMap::new(),
            literals: Vec::new(),
            seed: solver.request(space),
        };
        for (input, value) in self.fixed() {
            region.allow(input, vec![value.clone()]);
        }
        let mut literals = Vec::new();
        for input in space.inputs().filter(|input| solver.is_chosen(*input)) {
            if self.is_by_value(input) && !self.is_fixed(input) {
                // As the request has it: a default is read in the place of absence, and is not there.
                if let Some(value) = at(&region.seed, input.0).cloned() {
                    region.allow(input, vec![value]);
                }
            } else {
                literals.extend(self.touching(input).iter().copied());
            }
        }
        let mut seen: BTreeSet<*const Atom> = BTreeSet::new();
        literals.retain(|atom: &&Atom| seen.insert(std::ptr::from_ref(*atom)));
        for atom in literals {
            let truths = solver.atom(space, atom);
            if truths != Truths::ANY {
                region.literals.push((atom, truths));
            }
        }
        region
    }

    /// The truths that a condition has among the requests of a region, and maybe others.
    pub(super) fn truths(&self, region: &mut Region<'p>, condition: &Condition) -> Truths {
        match condition {
            Condition::Constant(holds) => interpreter::Truth::from(*holds).into(),
            Condition::Atom(atom) => self.atom(region, atom),
            Condition::All(parts) => {
                let mut truths = Truths::TRUE;
                for part in parts {
                    truths = truths.and(self.truths(region, part));
                    if truths == Truths::FALSE {
                        break;
                    }
                }
                truths
            }
            Condition::Any(parts) => {
                let mut truths = Truths::FALSE;
                for part in parts {
                    truths = truths.or(self.truths(region, part));
                    if truths == Truths::TRUE {
                        break;
                    }
                }
                truths
            }
            Condition::Not(part) => self.truths(region, part).negated(),
        }
    }

    fn atom(&self, region: &mut Region<'p>, atom: &Atom) -> Truths {
        let shape = shape(self.package, atom);
        if shape.inputs().any(|input| self.freed.contains(&input)) {
            return Truths::ANY;
        }
        match shape {
            Shape::Opaque => Truths::ANY,
            Shape::Fixed => interpreter::atom(self.package, &region.values, atom).into(),
            Shape::Test(input, _) | Shape::Pattern(input) | Shape::Presence(input)
                if self.is_by_value(input) =>
            {
                let Some(allowed) = region.allowed.get(&input) else {
                    return Truths::ANY;
                };
                if allowed.len() == 1 {
                    return interpreter::atom(self.package, &region.values, atom).into();
                }
                let mut truths = Truths::NONE;
                for value in allowed {
                    if let Some(slot) = slot(&mut region.values, input) {
                        *slot = value.clone();
                    }
                    truths = truths.joined(interpreter::atom(self.package, &region.values, atom).into());
                }
                if let Some(slot) = slot(&mut region.values, input) {
                    *slot = Value::Absent;
                }
                truths
            }
            _ => {
                let literal = region.literals.iter().find(|(known, _)| **known == *atom);
                literal.map_or(Truths::ANY, |(_, truths)| *truths)
            }
        }
    }

    /// Whether some request may be both in a region and in a cube. False is certain.
    pub(super) fn meets(&self, region: &mut Region<'p>, cube: &Cube) -> bool {
        cube.parts.iter().all(|part| match part {
            Part::Known { input, condition } => match region.allowed.get(input).cloned() {
                None => true,
                Some(values) => values.into_iter().any(|value| {
                    let alone = region.clone_with(*input, value);
                    part_holds(self.package, &alone, condition)
                }),
            },
            Part::Unknown { input, .. } => match region.allowed.get(input).cloned() {
                None => true,
                Some(values) => values
                    .into_iter()
                    .any(|value| part.holds(self.package, &region.clone_with(*input, value))),
            },
            Part::Literal { atom, allowed } => self.atom(region, atom).meets(*allowed),
        })
    }
}

fn part_holds(package: &Package, values: &[Value], condition: &Condition) -> bool {
    interpreter::condition(package, values, condition) == interpreter::Truth::True
}

impl<'p> Region<'p> {
    pub(super) fn allowed(&self, input: InputIndex) -> Option<&[Value]> {
        self.allowed.get(&input).map(Vec::as_slice)
    }

    pub(super) fn literals(&self) -> &[(&'p Atom, Truths)] {
        &self.literals
    }

    /// The values of inputs that have one; absent for the others.
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    /// Its requests have one of these values; whatever value if there are none.
    pub(super) fn allow(&mut self, input: InputIndex, values: Vec<Value>) {
        if let Some(slot) = slot(&mut self.values, input) {
            *slot = match values.as_slice() {
                [only] => only.clone(),
                _ => Value::Absent,
            };
        }
        if values.is_empty() {
            self.allowed.remove(&input);
        } else {
            self.allowed.insert(input, values);
        }
    }

    /// Its requests have a value of one of these classes.
    pub(super) fn allow_classes(&mut self, input: InputIndex, values: Vec<Value>, classes: BTreeSet<usize>) {
        self.allow(input, values);
        self.classes.insert(input, classes);
    }

    pub(super) fn classes(&self, input: InputIndex) -> Option<&BTreeSet<usize>> {
        self.classes.get(&input)
    }

    pub(super) fn set_literal(&mut self, place: usize, truths: Truths) {
        if let Some((_, known)) = self.literals.get_mut(place) {
            *known = truths;
        }
    }

    /// Drops literals that say nothing.
    pub(super) fn tidy(&mut self) {
        self.literals.retain(|(_, truths)| *truths != Truths::ANY);
    }

    /// Values of which one is this.
    fn clone_with(&self, input: InputIndex, value: Value) -> Vec<Value> {
        let mut values = vec![Value::Absent; self.values.len()];
        if let Some(slot) = slot(&mut values, input) {
            *slot = value;
        }
        values
    }

    /// The smallest request of the region that the search came upon: what may be anything is left out.
    pub(super) fn example(&self, ground: &Ground<'p>) -> Vec<Value> {
        let literal: BTreeSet<InputIndex> = self
            .literals
            .iter()
            .flat_map(|(atom, _)| shape(ground.package, atom).inputs())
            .collect();
        let mut values = self.seed.clone();
        for (index, value) in (0_u32..).zip(&mut values) {
            let input = InputIndex(index);
            if !self.allowed.contains_key(&input) && !literal.contains(&input) {
                *value = Value::Absent;
            }
            if let Value::SetOfText(members) = value {
                // A member that no part asks for is left out, unless more is asked of the set than single members.
                let linked = self.literals.iter().any(|(atom, _)| {
                    let shape = shape(ground.package, atom);
                    !matches!(shape, Shape::Member(..) | Shape::Presence(_))
                        && shape.inputs().any(|it| it == input)
                });
                if !linked {
                    members.retain(|text| {
                        self.literals.iter().any(|(atom, truths)| {
                            matches!(shape(ground.package, atom), Shape::Member(set, asked) if set == input && asked == text)
                                && *truths == Truths::TRUE
                        })
                    });
                }
            }
        }
        values
    }
}

fn slot(values: &mut [Value], input: InputIndex) -> Option<&mut Value> {
    values.get_mut(usize::try_from(input.0).ok()?)
}

/// Keeps the first of equal atoms.
fn once(atoms: &mut Vec<&Atom>) {
    // Atoms have no order of their own.
    let mut seen = BTreeSet::new();
    atoms.retain(|atom| seen.insert(format!("{atom:?}")));
}
