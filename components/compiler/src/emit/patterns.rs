//! The automata that text inputs are held against.
//!
//! All patterns that the policies of a component ask one input for become one automaton, which tells in one walk which
//! of them match; or a few, if one would be too large. The sets of patterns that can match together are numbered
//! (*labels*), and a condition asks whether the label is one of some.

use std::collections::{BTreeMap, BTreeSet};

use super::EmitError;
use super::link::{Linked, Reader};
use super::memory::{Data, Record, size};
use super::plan::Layout;
use crate::core::Condition;
use crate::pattern::{Asked, Automaton};

/// Fewest parts that an input must be asked for, if it is asked for no pattern, for one walk to be cheaper than
/// comparing each.
const PARTS: usize = 4;

/// Offset of the classes of bytes behind an automaton's address: its start and sinks come first, a word each.
pub(super) const CLASSES: u32 = 8;
/// Offset of its rows. A row is 16 bits for the label, and 16 bits for each class of bytes: where its target's row
/// begins, in units of 16 bits.
pub(super) const ROWS: u32 = CLASSES + 256;

/// An automaton, the labels that it may tell among a condition's, and how many labels it has.
type Labels = (u32, Vec<u32>, usize);

/// The automata of all inputs.
pub(super) struct Patterns {
    /// By input.
    held: BTreeMap<u32, Held>,
}

#[derive(Default)]
struct Held {
    numbers: BTreeMap<Asked, u32>,
    automata: Vec<Automaton>,
}

impl Patterns {
    pub(super) fn of(linked: &Linked<'_>) -> Result<Self, EmitError> {
        let mut asked: BTreeMap<u32, BTreeSet<Asked>> = BTreeMap::new();
        for reader in linked.policies() {
            collect(&reader, &reader.policy.scope, &mut asked)?;
            collect(&reader, &reader.policy.constraint, &mut asked)?;
        }
        let held = asked
            .into_iter()
            .filter(|(_, asked)| {
                asked.len() >= PARTS || asked.iter().any(|asked| matches!(asked, Asked::Pattern(_)))
            })
            .map(|(input, asked)| (input, Held::new(asked)));
        Ok(Self { held: held.collect() })
    }

    /// For each automaton of the input that tells of some of `asked`, the labels that say that one of them matches.
    /// None if some is not known.
    pub(super) fn labels(&self, input: u32, asked: &[Asked]) -> Option<Vec<Labels>> {
        let held = self.held.get(&input)?;
        let numbers: Option<BTreeSet<u32>> = asked
            .iter()
            .map(|asked| held.numbers.get(asked).copied())
            .collect();
        let numbers = numbers?;
        let is_asked = |set: &Vec<u32>| set.iter().any(|number| numbers.contains(number));
        let mut found = Vec::new();
        for (index, automaton) in (0_u32..).zip(&held.automata) {
            let sets = (0_u32..).zip(automaton.sets());
            let labels: Vec<u32> = sets
                .filter(|(_, set)| is_asked(set))
                .map(|(label, _)| label)
                .collect();
            if !labels.is_empty() {
                found.push((index, labels, automaton.sets().len()));
            }
        }
        if found.is_empty() {
            // Patterns that no text matches are in no set.
            found.push((0, Vec::new(), 1));
        }
        Some(found)
    }

    /// Puts the automata that are walked into `data`, and tells where each is.
    pub(super) fn put(
        &self,
        data: &mut Data,
        layout: &Layout,
    ) -> Result<BTreeMap<(u32, u32), u32>, EmitError> {
        let mut addresses = BTreeMap::new();
        for (input, index) in layout.walks.keys() {
            let held = self.held.get(input);
            let place = usize::try_from(*index).map_err(|_| EmitError::TooLarge)?;
            if let Some(automaton) = held.and_then(|held| held.automata.get(place)) {
                let bytes = bytes(automaton)?;
                addresses.insert((*input, *index), data.share(&bytes, 4)?);
            }
        }
        Ok(addresses)
    }
}

impl Held {
    fn new(asked: BTreeSet<Asked>) -> Self {
        let mut numbers = BTreeMap::new();
        let mut automata = Vec::new();
        for (asked, number) in asked.into_iter().zip(0_u32..) {
            // A part that is too long for an automaton is compared by itself.
            if let Some(automaton) = asked.automaton() {
                automata.push(automaton.numbered(number));
                numbers.insert(asked, number);
            }
        }
        Self {
            numbers,
            automata: Automaton::gathered(automata),
        }
    }
}

/// An automaton as the support function reads it.
fn bytes(automaton: &Automaton) -> Result<Vec<u8>, EmitError> {
    let width = automaton.states().next().map_or(0, |(_, row)| row.len());
    let row = size(width)?.saturating_add(1);
    let begin = |state: u32| state.checked_mul(row).ok_or(EmitError::TooLarge);
    let short = |value: u32| u16::try_from(value).map_err(|_| EmitError::TooLarge);
    let mut record = Record::default();
    record
        .word(begin(automaton.start())?)
        .word(begin(automaton.sinks())?);
    for class in automaton.classes() {
        record.byte(class.saturating_add(1));
    }
    for (label, targets) in automaton.states() {
        record.0.extend_from_slice(&short(label)?.to_le_bytes());
        for target in targets {
            record.0.extend_from_slice(&short(begin(*target)?)?.to_le_bytes());
        }
    }
    Ok(record.0)
}

/// What the conditions ask each input for. Texts are collected before, and with them the depth is checked.
fn collect(
    reader: &Reader<'_>,
    condition: &Condition,
    asked: &mut BTreeMap<u32, BTreeSet<Asked>>,
) -> Result<(), EmitError> {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter().try_for_each(|part| collect(reader, part, asked))?;
        }
        Condition::Not(part) => collect(reader, part, asked)?,
        Condition::Atom(atom) => {
            if let Some((text, found)) = Asked::by(atom) {
                asked.entry(reader.position(text)?).or_default().extend(found);
            }
        }
        Condition::Constant(_) => {}
    }
    Ok(())
}
