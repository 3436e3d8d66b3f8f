//! The classes of texts, and the table that finds a text's class.
//!
//! Every text constant of a component is a class. Constants that are compared with the same input are numbered next
//! to each other, in the order in which they occur, so that the members of a list make a short range.

use std::collections::BTreeMap;

use super::EmitError;
use super::link::{Linked, Reader};
use super::memory::{Data, Record, size};
use crate::core::{Atom, Condition, Constant, Operand, Relation};

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
    classes: BTreeMap<&'a str, u32>,
    /// For each text or set input that is compared with constants.
    pub(super) ranges: BTreeMap<u32, Range>,
}

impl<'a> Texts<'a> {
    pub(super) fn of(linked: &'a Linked<'a>) -> Result<Self, EmitError> {
        let mut mentioned = BTreeMap::new();
        for reader in linked.policies() {
            collect(&reader, &reader.policy.scope, 0, &mut mentioned)?;
            collect(&reader, &reader.policy.constraint, 0, &mut mentioned)?;
        }
        let mut classes = BTreeMap::new();
        let mut next = FIRST;
        for text in mentioned.values().flatten() {
            classes.entry(*text).or_insert_with(|| {
                let class = next;
                next = next.saturating_add(1);
                class
            });
        }
        let range = |texts: &Vec<&str>| Range::of(texts.iter().filter_map(|text| classes.get(text).copied()));
        let ranges = mentioned
            .iter()
            .filter_map(|(input, texts)| Some((*input, range(texts)?)))
            .collect();
        Ok(Self { classes, ranges })
    }

    /// The class of a constant that some policy compares an input with.
    pub(super) fn class(&self, text: &str) -> Option<u32> {
        self.classes.get(text).copied()
    }
}

/// Collects, for each input, the constants that it is compared with, in the order of their occurrence.
fn collect<'a>(
    reader: &Reader<'a>,
    condition: &'a Condition,
    depth: usize,
    mentioned: &mut BTreeMap<u32, Vec<&'a str>>,
) -> Result<(), EmitError> {
    if depth > super::DEPTH_LIMIT {
        return Err(EmitError::TooDeep {
            policy: reader.policy.name.clone(),
        });
    }
    let deeper = depth.saturating_add(1);
    let mut mention = |input: u32, constant: &'a Constant| {
        if let Constant::Text(text) = constant {
            mentioned.entry(input).or_default().push(text);
        }
    };
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts
                .iter()
                .try_for_each(|part| collect(reader, part, deeper, mentioned))?;
        }
        Condition::Not(part) => collect(reader, part, deeper, mentioned)?,
        Condition::Atom(Atom::Compare {
            left,
            relation: Relation::Equal,
            right,
        }) => match (left, right) {
            (Operand::Input(input), Operand::Constant(constant))
            | (Operand::Constant(constant), Operand::Input(input)) => {
                mention(reader.position(*input)?, constant)
            }
            _ => {}
        },
        Condition::Atom(Atom::OneOf {
            element: Operand::Input(input),
            members,
        }) => {
            let input = reader.position(*input)?;
            members.iter().for_each(|member| mention(input, member));
        }
        Condition::Atom(Atom::Contains {
            set,
            element: Operand::Constant(constant),
        }) => {
            mention(reader.position(*set)?, constant);
        }
        Condition::Atom(Atom::ContainsOf { set, members, .. }) => {
            let set = reader.position(*set)?;
            members.iter().for_each(|member| mention(set, member));
        }
        Condition::Constant(_) | Condition::Atom(_) => {}
    }
    Ok(())
}

/// Odd, with bits evenly spread: the golden ratio in 64 bits.
pub(super) const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// How many seeds are tried for the table with the shortest chains.
const SEEDS: u64 = 8;

/// The table that finds a text's class, as the support functions read it.
///
/// `2^bits + 1` words are addresses of entries; those of a slot end where the next slot's begin. An entry is four
/// words: tag, length, address of the text, class. A text's slot is the upper bits of its hash.
pub(super) struct Table {
    pub(super) seed: u64,
    pub(super) bits: u32,
    pub(super) slots: u32,
    /// Bytes of the longest constant; a longer text is none of them.
    pub(super) longest: u32,
}

impl Table {
    /// Puts the table into `data`; none if there are no constants.
    pub(super) fn put(data: &mut Data, texts: &Texts<'_>) -> Result<Option<Self>, EmitError> {
        let Some(longest) = texts.classes.keys().map(|text| text.len()).max() else {
            return Ok(None);
        };
        // At least twice as many slots as constants, and two, for a shift by all 64 bits is a shift by none.
        let bits = size(texts.classes.len())?
            .saturating_mul(2)
            .next_power_of_two()
            .trailing_zeros()
            .max(1);
        let candidates = (1..=SEEDS).map(|attempt| MULTIPLIER.rotate_left(7).wrapping_mul(attempt));
        let chains = candidates.map(|seed| (seed, chains(texts, seed, bits)));
        let best = chains.min_by_key(|(_, chains)| chains.values().map(Vec::len).max());
        let (seed, chains) = best.unwrap_or_default();
        let mut entries = Record::default();
        let mut offsets = Vec::new();
        for slot in 0..1_u64.wrapping_shl(bits) {
            offsets.push(size(entries.0.len())?);
            for (text, class, hash) in chains.get(&slot).into_iter().flatten() {
                let address = data.share(text.as_bytes(), 1)?;
                entries
                    .word(tag(*hash))
                    .word(size(text.len())?)
                    .word(address)
                    .word(*class);
            }
        }
        offsets.push(size(entries.0.len())?);
        let entries = data.put(&entries.0, 4)?;
        let mut slots = Record::default();
        for offset in offsets {
            slots.word(entries.saturating_add(offset));
        }
        let slots = data.put(&slots.0, 4)?;
        Ok(Some(Self {
            seed,
            bits,
            slots,
            longest: size(longest)?,
        }))
    }
}

type Chains<'a> = BTreeMap<u64, Vec<(&'a str, u32, u64)>>;

fn chains<'a>(texts: &Texts<'a>, seed: u64, bits: u32) -> Chains<'a> {
    let mut chains = Chains::new();
    for (text, class) in &texts.classes {
        let hash = hash(seed, text.as_bytes());
        let slot = hash.wrapping_shr(64_u32.saturating_sub(bits));
        chains.entry(slot).or_default().push((*text, *class, hash));
    }
    chains
}

/// The hash that the support functions compute: eight bytes at a time, little endian, then the length.
fn hash(seed: u64, bytes: &[u8]) -> u64 {
    let mut hash = seed;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        word.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(MULTIPLIER);
        hash ^= hash >> 32;
    }
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    (hash ^ length).wrapping_mul(MULTIPLIER)
}

/// The bits of a hash that entries keep.
fn tag(hash: u64) -> u32 {
    let [_, _, b2, b3, b4, b5, _, _] = hash.to_le_bytes();
    u32::from_le_bytes([b2, b3, b4, b5])
}
