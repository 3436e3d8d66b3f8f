//! The classes of texts, and the table that finds a text's class.
//!
//! Text constants that no condition tells apart are one class: the 100,000 entries of a list are one, if nothing else
//! mentions any of them. With several lists there is a class for each combination of lists that some text is in, at
//! most one for each text. Classes that are compared with the same input are numbered next to each other, in the order
//! in which they occur, so that those of a list make a short range.

mod table;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::EmitError;
use super::link::{Linked, Reader};
use crate::core::{Atom, Condition, Constant, Operand, Quantifier, Relation};
use crate::partition::Partition;

pub(super) use table::{MULTIPLIER, Table, Width};

/// The class of an input that is not known.
pub(super) const UNKNOWN: u32 = 0;
/// The class of a text that no policy mentions.
pub(super) const OTHER: u32 = 1;
/// The class of the first constant.
const FIRST: u32 = 2;

/// A range of classes: those that one input is compared with lie in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) low: u32,
    pub(super) count: u32,
}

impl Range {
    pub(super) fn of(classes: impl IntoIterator<Item = u32>) -> Option<Self> {
        let mut bounds: Option<(u32, u32)> = None;
        for class in classes {
            let (low, high) = bounds.unwrap_or((class, class));
            bounds = Some((low.min(class), high.max(class)));
        }
        bounds.map(|(low, high)| Self {
            low,
            count: high.saturating_sub(low).saturating_add(1),
        })
    }
}

/// The text constants of all policies.
pub(super) struct Texts<'a> {
    /// Each text with its class, by text.
    constants: Vec<(&'a str, u32)>,
    groups: Groups<'a>,
    /// For each group, its classes, ascending.
    classes: Vec<Arc<[u32]>>,
    /// For each text or set input that is compared with constants.
    pub(super) ranges: BTreeMap<u32, Range>,
}

/// Constants that one question asks for, and does not tell apart: a list, or a single one. Equal groups are one.
#[derive(Default)]
struct Groups<'a> {
    /// By address and length: a list that many policies share is looked through once.
    seen: BTreeMap<(usize, usize), usize>,
    numbers: BTreeMap<&'a [Constant], usize>,
    all: Vec<&'a [Constant]>,
}

fn identity(group: &[Constant]) -> (usize, usize) {
    (group.as_ptr().addr(), group.len())
}

impl<'a> Groups<'a> {
    fn number(&mut self, group: &'a [Constant]) -> usize {
        if let Some(number) = self.seen.get(&identity(group)) {
            return *number;
        }
        let next = self.all.len();
        let number = *self.numbers.entry(group).or_insert(next);
        if number == next {
            self.all.push(group);
        }
        self.seen.insert(identity(group), number);
        number
    }
}

/// For each input, the groups that it is asked for, in the order of their occurrence, each once.
type Mentioned = BTreeMap<u32, Vec<usize>>;

impl<'a> Texts<'a> {
    pub(super) fn of(linked: &'a Linked<'a>) -> Result<Self, EmitError> {
        let mut mentions = Mentions::default();
        for reader in linked.policies() {
            mentions.collect(&reader, &reader.policy.scope, 0)?;
            mentions.collect(&reader, &reader.policy.constraint, 0)?;
        }
        // What an input can be at all is a question too.
        for (input, position) in linked.inputs.iter().zip(0_u32..) {
            if let Some(choices) = input.choices() {
                mentions.mention(position, choices);
            }
        }
        let Mentions {
            groups, mentioned, ..
        } = mentions;
        let partition = Partition::of(&groups.all);
        let numbers = numbered(&partition, mentioned.values().flatten().copied());
        let number = |class: &usize| numbers.get(*class).copied().unwrap_or(OTHER);
        let classes: Vec<Arc<[u32]>> = partition
            .of_groups
            .iter()
            .map(|classes| {
                let mut classes: Vec<u32> = classes.iter().map(number).collect();
                classes.sort_unstable();
                classes.into()
            })
            .collect();
        let ranges = mentioned.iter().filter_map(|(input, groups)| {
            let groups = groups.iter().filter_map(|group| classes.get(*group));
            // Sorted, so the ends will do.
            let ends = groups.flat_map(|classes| classes.first().into_iter().chain(classes.last()));
            Some((*input, Range::of(ends.copied())?))
        });
        let ranges = ranges.collect();
        let constants = partition.constants.iter();
        Ok(Self {
            constants: constants.map(|(text, class)| (*text, number(class))).collect(),
            groups,
            classes,
            ranges,
        })
    }

    /// The class of a constant that some policy asks an input for by itself.
    pub(super) fn class(&self, text: &str) -> Option<u32> {
        let place = self
            .constants
            .binary_search_by(|(known, _)| (*known).cmp(text))
            .ok()?;
        self.constants.get(place).map(|(_, class)| *class)
    }

    /// The classes of the members of a list that some policy asks an input for.
    pub(super) fn of_list(&self, list: &[Constant]) -> Option<Arc<[u32]>> {
        let group = self.groups.seen.get(&identity(list))?;
        self.classes.get(*group).cloned()
    }
}

/// For each class its number: in the order of groups.
fn numbered(partition: &Partition<'_>, groups: impl Iterator<Item = usize>) -> Vec<u32> {
    let mut numbers = vec![OTHER; partition.count];
    let mut next = FIRST;
    for class in groups
        .filter_map(|group| partition.of_groups.get(group))
        .flatten()
    {
        if let Some(number) = numbers.get_mut(*class) {
            if *number == OTHER {
                *number = next;
                next = next.saturating_add(1);
            }
        }
    }
    numbers
}

/// What policies ask text and set inputs for.
#[derive(Default)]
struct Mentions<'a> {
    groups: Groups<'a>,
    mentioned: Mentioned,
    /// What `mentioned` has.
    known: std::collections::BTreeSet<(u32, usize)>,
}

impl<'a> Mentions<'a> {
    fn collect(
        &mut self,
        reader: &Reader<'a>,
        condition: &'a Condition,
        depth: usize,
    ) -> Result<(), EmitError> {
        if depth > super::DEPTH_LIMIT {
            return Err(EmitError::TooDeep {
                policy: reader.policy.name.clone(),
            });
        }
        let deeper = depth.saturating_add(1);
        match condition {
            Condition::All(parts) | Condition::Any(parts) => {
                parts
                    .iter()
                    .try_for_each(|part| self.collect(reader, part, deeper))?;
            }
            Condition::Not(part) => self.collect(reader, part, deeper)?,
            Condition::Atom(Atom::Compare {
                left,
                relation: Relation::Equal,
                right,
            }) => match (left, right) {
                (Operand::Input(input), Operand::Constant(constant))
                | (Operand::Constant(constant), Operand::Input(input)) => {
                    self.mention(reader.position(*input)?, std::slice::from_ref(constant));
                }
                _ => {}
            },
            Condition::Atom(Atom::OneOf {
                element: Operand::Input(input),
                members,
            }) => self.mention(reader.position(*input)?, members),
            Condition::Atom(Atom::Contains {
                set,
                element: Operand::Constant(constant),
            }) => self.mention(reader.position(*set)?, std::slice::from_ref(constant)),
            Condition::Atom(Atom::ContainsOf {
                set,
                quantifier,
                members,
            }) => {
                let set = reader.position(*set)?;
                match quantifier {
                    Quantifier::Any => self.mention(set, members),
                    // Each of them must be there, so each is a question of its own.
                    Quantifier::All => members
                        .iter()
                        .for_each(|member| self.mention(set, std::slice::from_ref(member))),
                }
            }
            Condition::Constant(_) | Condition::Atom(_) => {}
        }
        Ok(())
    }

    fn mention(&mut self, input: u32, group: &'a [Constant]) {
        if group.first().and_then(Constant::text).is_none() {
            return;
        }
        let number = self.groups.number(group);
        if self.known.insert((input, number)) {
            self.mentioned.entry(input).or_default().push(number);
        }
    }
}
