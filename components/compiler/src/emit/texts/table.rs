//! The table that finds a text's class.

use crate::emit::EmitError;
use crate::emit::memory::{Data, Record, size};
use crate::emit::texts::Texts;

/// Odd, with bits evenly spread: the golden ratio in 64 bits.
pub(in crate::emit) const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// How many seeds are tried for the table with the shortest chains.
const SEEDS: u64 = 8;

/// With more texts than this the table is kept small rather than sparse: no seed leaves its chains much shorter.
const SPARSE: usize = 4_096;

/// The table that finds a text's class, as the support functions read it.
///
/// `2^bits + 1` words are addresses of entries; those of a slot end where the next slot's begin. An entry is the class
/// and the length, each in `width` bytes, and the text's bytes. A text's slot is the upper bits of its hash.
pub(in crate::emit) struct Table {
    pub(in crate::emit) seed: u64,
    pub(in crate::emit) bits: u32,
    pub(in crate::emit) slots: u32,
    /// Bytes of the longest constant; a longer text is none of them.
    pub(in crate::emit) longest: u32,
    pub(in crate::emit) width: Width,
    pub(in crate::emit) chain: Chain,
}

/// The most that a slot has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::emit) struct Chain {
    /// Entries.
    pub(in crate::emit) entries: u64,
    /// Turns of a comparison of all their texts, eight bytes at a time.
    pub(in crate::emit) words: u64,
}

/// Bytes of a number in an entry: enough for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Width {
    One = 1,
    Two = 2,
    Four = 4,
}

impl Table {
    /// Puts the table into `data`; none if there are no constants.
    pub(in crate::emit) fn put(data: &mut Data, texts: &Texts<'_>) -> Result<Option<Self>, EmitError> {
        let constants = texts.constants.as_slice();
        let Some(longest) = constants.iter().map(|(text, _)| text.len()).max() else {
            return Ok(None);
        };
        let longest = size(longest)?;
        let highest = constants
            .iter()
            .map(|(_, class)| *class)
            .max()
            .unwrap_or_default();
        let width = match longest.max(highest) {
            0..=0xff => Width::One,
            0x100..=0xffff => Width::Two,
            _ => Width::Four,
        };
        let few = constants.len() <= SPARSE;
        // Two slots at least, for a shift by all 64 bits is a shift by none.
        let bits = size(constants.len())?
            .saturating_mul(if few { 2 } else { 1 })
            .next_power_of_two()
            .trailing_zeros()
            .max(1);
        let seeds = if few { SEEDS } else { 1 };
        let candidates = (1..=seeds).map(|attempt| MULTIPLIER.rotate_left(7).wrapping_mul(attempt));
        let placed = candidates.map(|seed| (seed, placed(constants, seed, bits)));
        let best = placed.min_by_key(|(_, placed)| {
            let chains = placed.chunk_by(|one, other| one.0 == other.0);
            chains.map(<[_]>::len).max()
        });
        let (seed, placed) = best.unwrap_or_default();
        let mut chain = Chain::default();
        for texts in placed.chunk_by(|one, other| one.0 == other.0) {
            let words = |(_, text, _): &(u64, &str, u32)| text.len().div_ceil(8).saturating_add(1);
            let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
            chain.entries = chain.entries.max(count(texts.len()));
            chain.words = chain.words.max(count(texts.iter().map(words).sum()));
        }
        let mut entries = Record::default();
        let mut slots: Vec<u32> = Vec::new();
        let slot_of = |slots: &Vec<u32>| u64::try_from(slots.len()).unwrap_or(u64::MAX);
        for (slot, text, class) in placed {
            while slot_of(&slots) <= slot {
                slots.push(size(entries.0.len())?);
            }
            for number in [class, size(text.len())?] {
                let bytes = number.to_le_bytes();
                entries.0.extend(bytes.iter().take(width as usize));
            }
            entries.0.extend_from_slice(text.as_bytes());
        }
        while slot_of(&slots) <= 1_u64.wrapping_shl(bits) {
            slots.push(size(entries.0.len())?);
        }
        let entries = data.put(&entries.0, 4)?;
        let mut record = Record::default();
        for offset in slots {
            record.word(entries.saturating_add(offset));
        }
        let slots = data.put(&record.0, 4)?;
        Ok(Some(Self {
            seed,
            bits,
            slots,
            longest,
            width,
            chain,
        }))
    }
}

/// The constants with their slots, by slot.
fn placed<'a>(constants: &[(&'a str, u32)], seed: u64, bits: u32) -> Vec<(u64, &'a str, u32)> {
    let place = |(text, class): &(&'a str, u32)| {
        let slot = hash(seed, text.as_bytes()).wrapping_shr(64_u32.saturating_sub(bits));
        (slot, *text, *class)
    };
    let mut placed: Vec<_> = constants.iter().map(place).collect();
    // Stable: in a slot they keep the order of texts.
    placed.sort_by_key(|(slot, ..)| *slot);
    placed
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
