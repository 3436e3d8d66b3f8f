//! Values of one attribute that no policy tells apart, and conditions that hold of some of them.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::Value;

use super::super::atoms::{Shape, shape};
use super::super::cube::Part;
use crate::core::{Atom, Condition, Constant, InputIndex, Operand, Package, Relation};
use crate::interpreter::{self, Truth};

/// The classes of values of one input.
#[derive(Debug)]
pub(super) struct Classes<'p> {
    input: InputIndex,
    /// One value of each class; what is unknown last.
    values: Vec<Value>,
    /// What the tests answer of each.
    answers: Vec<Vec<Truth>>,
    /// The class of each list of answers of the tests.
    by_answers: BTreeMap<Vec<Truth>, usize>,
    tests: Vec<&'p Atom>,
    /// Whether some policy asks for presence, which tells absent values from failed ones.
    presence: bool,
    /// Whether a default is read in the place of an absent value.
    default: bool,
    /// The class of each constant that a test mentions.
    constants: BTreeMap<&'p Constant, Option<usize>>,
}

impl<'p> Classes<'p> {
    /// `values` has one value of each class. `atoms` read no other input.
    pub(super) fn new(
        package: &'p Package,
        input: InputIndex,
        atoms: &[&'p Atom],
        values: Vec<Value>,
    ) -> Self {
        let mut classes = Self {
            input,
            values: Vec::new(),
            answers: Vec::new(),
            by_answers: BTreeMap::new(),
            tests: atoms.to_vec(),
            presence: false,
            default: super::super::at(&package.inputs, input.0)
                .is_some_and(|input| input.absent_as().is_some()),
            constants: BTreeMap::new(),
        };
        for atom in atoms {
            match shape(package, atom) {
                Shape::Presence(_) => classes.presence = true,
                Shape::Test(_, constants) => {
                    classes
                        .constants
                        .extend(constants.iter().map(|constant| (constant, None)));
                }
                _ => {}
            }
        }
        for value in values {
            let answers = classes.answers_of(package, &value);
            let place = classes.values.len();
            classes.by_answers.entry(answers.clone()).or_insert(place);
            classes.answers.push(answers);
            classes.values.push(value);
        }
        let constants = std::mem::take(&mut classes.constants).into_keys();
        classes.constants = constants
            .map(|constant| (constant, classes.class(package, &constant.value())))
            .collect();
        classes
    }

    /// One value of each class.
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    fn answers_of(&self, package: &Package, value: &Value) -> Vec<Truth> {
        let mut values = vec![Value::Absent; package.inputs.len()];
        let slot = usize::try_from(self.input.0)
            .ok()
            .and_then(|place| values.get_mut(place));
        if let Some(slot) = slot {
            *slot = value.clone();
        }
        self.tests
            .iter()
            .map(|test| interpreter::atom(package, &values, test))
            .collect()
    }

    /// The class that a value is in.
    pub(super) fn class(&self, package: &Package, value: &Value) -> Option<usize> {
        self.by_answers.get(&self.answers_of(package, value)).copied()
    }

    /// What is said of an input that has a value of these classes, which are all of known values, or all of unknown
    /// ones.
    pub(super) fn part(&self, wanted: &BTreeSet<usize>) -> Part {
        let has = |asked: fn(&Value) -> bool| {
            let values = wanted.iter().filter_map(|class| self.values.get(*class));
            values.into_iter().any(asked)
        };
        let absent = has(|value| matches!(value, Value::Absent));
        let failed = has(|value| matches!(value, Value::Failed(_)));
        if absent || failed {
            // Where nobody asks for presence, and nothing is read in its place, what is absent is as what has failed.
            let alike = !self.presence && !self.default;
            return Part::unknown(self.input, absent || alike, failed || alike);
        }
        let known = self
            .values
            .iter()
            .filter(|value| value.value_type().is_some())
            .count();
        let condition = if wanted.len() == known {
            Condition::Atom(Atom::IsPresent(self.input))
        } else {
            self.test(known, wanted)
                .or_else(|| self.listed(wanted))
                .unwrap_or_else(|| self.described(known, wanted))
        };
        let condition = if self.presence && self.default {
            // The default has the same answers, and is not present.
            Condition::All(vec![Condition::Atom(Atom::IsPresent(self.input)), condition])
        } else {
            condition
        };
        Part::Known {
            input: self.input,
            condition,
        }
    }

    /// A test as it stands in some policy, or the contrary of one: lists keep their names.
    fn test(&self, known: usize, wanted: &BTreeSet<usize>) -> Option<Condition> {
        let holds = |test: usize, class: usize| {
            let answers = self.answers.get(class)?;
            Some(*answers.get(test)? == Truth::True)
        };
        let agrees = |test: usize, asked: bool| {
            (0..known).all(|class| holds(test, class) == Some(wanted.contains(&class) == asked))
        };
        (0_usize..).zip(&self.tests).find_map(|(test, atom)| match atom {
            Atom::IsPresent(_) => None,
            _ if agrees(test, true) => Some(Condition::Atom((*atom).clone())),
            _ if agrees(test, false) => Some(not(atom)),
            _ => None,
        })
    }

    /// `IN […]` or `NOT IN […]`, where the tests look for equality alone.
    fn listed(&self, wanted: &BTreeSet<usize>) -> Option<Condition> {
        let equality = |test: &&Atom| {
            matches!(
                test,
                Atom::IsPresent(_)
                    | Atom::OneOf { .. }
                    | Atom::Compare {
                        relation: Relation::Equal,
                        ..
                    }
            )
        };
        if !self.tests.iter().all(equality) {
            return None;
        }
        let mut inside = Vec::new();
        let mut outside = Vec::new();
        let mut with_constants = BTreeSet::new();
        for (constant, class) in &self.constants {
            let class = (*class)?;
            with_constants.insert(class);
            let side = if wanted.contains(&class) {
                &mut inside
            } else {
                &mut outside
            };
            side.push((*constant).clone());
        }
        if wanted.is_subset(&with_constants) {
            Some(self.one_of(inside))
        } else {
            Some(Condition::Not(Box::new(self.one_of(outside))))
        }
    }

    fn one_of(&self, mut members: Vec<Constant>) -> Condition {
        members.sort();
        members.dedup();
        let element = Operand::Input(self.input);
        Condition::Atom(match <[Constant; 1]>::try_from(members) {
            Ok([only]) => Atom::Compare {
                left: element,
                relation: Relation::Equal,
                right: Operand::Constant(only),
            },
            Err(members) => Atom::OneOf {
                element,
                members: members.into(),
            },
        })
    }

    /// A condition made of the tests: statements of which all hold, or one, or one group of them.
    fn described(&self, known: usize, wanted: &BTreeSet<usize>) -> Condition {
        let all: BTreeSet<usize> = (0..known).collect();
        let others: BTreeSet<usize> = all.difference(wanted).copied().collect();
        let table = self.table(known);
        let both = self.conjunction(&table, wanted, &others);
        let either = self.conjunction(&table, &others, wanted).map(|statements| {
            let negated = statements.into_iter().map(|(test, holds)| (test, !holds));
            negated.collect::<Vec<_>>()
        });
        match (both, either) {
            (Some(both), Some(either)) if either.len() < both.len() => self.joined(&either, false),
            (Some(both), _) => self.joined(&both, true),
            (None, Some(either)) => self.joined(&either, false),
            (None, None) => Condition::Any(
                wanted
                    .iter()
                    .map(|class| {
                        let only = BTreeSet::from([*class]);
                        let rest: BTreeSet<usize> = all.difference(&only).copied().collect();
                        self.joined(&self.conjunction(&table, &only, &rest).unwrap_or_default(), true)
                    })
                    .collect(),
            ),
        }
    }

    /// For each test, the known classes of which it holds.
    fn table(&self, known: usize) -> Vec<BTreeSet<usize>> {
        let mut table = vec![BTreeSet::new(); self.tests.len()];
        for (class, answers) in self.answers.iter().enumerate().take(known) {
            for (holding, answer) in table.iter_mut().zip(answers) {
                if *answer == Truth::True {
                    holding.insert(class);
                }
            }
        }
        table
    }

    /// Few statements that all hold of what is wanted, and of nothing of the rest.
    fn conjunction(
        &self,
        table: &[BTreeSet<usize>],
        wanted: &BTreeSet<usize>,
        others: &BTreeSet<usize>,
    ) -> Option<Vec<(usize, bool)>> {
        let mut usable = Vec::new();
        for (test, holding) in table.iter().enumerate() {
            if wanted.is_subset(holding) {
                let excluded: BTreeSet<usize> = others.difference(holding).copied().collect();
                usable.push(((test, true), excluded));
            }
            if wanted.is_disjoint(holding) {
                let excluded: BTreeSet<usize> = others.intersection(holding).copied().collect();
                usable.push(((test, false), excluded));
            }
        }
        let mut rest = others.clone();
        let mut chosen = Vec::new();
        while !rest.is_empty() {
            let gain = |excluded: &BTreeSet<usize>| excluded.intersection(&rest).count();
            let best = usable
                .iter()
                .enumerate()
                .map(|(place, (_, excluded))| (gain(excluded), std::cmp::Reverse(place)))
                .max()?;
            let (gain, std::cmp::Reverse(place)) = best;
            let (statement, excluded) = usable.get(place)?;
            if gain == 0 {
                return None;
            }
            chosen.push(*statement);
            rest = rest.difference(excluded).copied().collect();
        }
        chosen.sort_unstable();
        Some(chosen)
    }

    /// Statements as one condition; equalities become one list.
    fn joined(&self, statements: &[(usize, bool)], all: bool) -> Condition {
        let mut parts = Vec::new();
        let mut listed = Vec::new();
        for (test, holds) in statements {
            let Some(atom) = self.tests.get(*test) else {
                continue;
            };
            // What all must not be, or what one must be.
            match equal_to(atom) {
                Some(constants) if *holds != all => listed.extend(constants),
                _ => parts.push(if *holds {
                    Condition::Atom((*atom).clone())
                } else {
                    not(atom)
                }),
            }
        }
        if !listed.is_empty() {
            let list = self.one_of(listed);
            parts.push(if all { Condition::Not(Box::new(list)) } else { list });
        }
        // People read from the least to the most.
        parts.sort_by_key(|part| {
            matches!(
                part,
                Condition::Atom(Atom::Compare {
                    left: Operand::Input(_),
                    ..
                })
            )
        });
        match (<[Condition; 1]>::try_from(parts), all) {
            (Ok([only]), _) => only,
            (Err(parts), true) => Condition::All(parts),
            (Err(parts), false) => Condition::Any(parts),
        }
    }
}

/// The constants that an atom looks for.
fn equal_to(atom: &Atom) -> Option<Vec<Constant>> {
    match atom {
        Atom::OneOf { members, .. } => Some(members.to_vec()),
        Atom::Compare {
            left: Operand::Input(_),
            relation: Relation::Equal,
            right: Operand::Constant(constant),
        }
        | Atom::Compare {
            left: Operand::Constant(constant),
            relation: Relation::Equal,
            right: Operand::Input(_),
        } => Some(vec![constant.clone()]),
        _ => None,
    }
}

/// The negation, as people write it.
fn not(atom: &Atom) -> Condition {
    let exchanged = |relation| match relation {
        Relation::Equal => None,
        Relation::Less => Some(Relation::LessOrEqual),
        Relation::LessOrEqual => Some(Relation::Less),
    };
    if let Atom::Compare {
        left,
        relation,
        right,
    } = atom
    {
        if let Some(relation) = exchanged(*relation) {
            return Condition::Atom(Atom::Compare {
                left: right.clone(),
                relation,
                right: left.clone(),
            });
        }
    }
    Condition::Not(Box::new(Condition::Atom(atom.clone())))
}
