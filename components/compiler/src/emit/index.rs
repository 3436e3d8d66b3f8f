//! Which policies can matter, as far as the classes of texts tell.
//!
//! A policy matters only if no part of its scope is false. Parts that one text input decides by its class alone
//! (`resource.type == "bucket"`, `customer.region IN [..]`) are evaluated here for every class, ahead of time: a row
//! of bits for each class, one bit for each policy. At run time the rows of all inputs are intersected. What remains of
//! such a part is whether its input is known, for a class that passed makes the part true.
//!
//! Policies are cut into blocks, so that equal pieces of rows are stored once and a block reads no row of an input
//! that none of its policies asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::EmitError;
use super::formula::{Formula, State, Test};
use super::memory::{Data, Record, area, size};
use super::plan::{Plan, PolicyPlan};
use super::texts::{OTHER, Range, Texts};
use crate::interpreter::Truth;

/// Words of 64 policies in a block.
pub(super) const BLOCK_WORDS: usize = 8;

/// Fewest policies of a block that ask for an input, for its rows to be worth reading.
const WORTHWHILE: usize = 2;

/// Most bytes of rows; inputs beyond it are left to the policies' own code.
const ROWS_LIMIT: u32 = 4 << 20;

/// Most classes that the policies of one input are tried with; inputs beyond it are left to the policies' own code.
const CLASSES_LIMIT: usize = 1 << 20;

/// One bit for each policy of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bits(pub(super) [u64; BLOCK_WORDS]);

impl Bits {
    const ALL: Self = Self([u64::MAX; BLOCK_WORDS]);

    fn put(&mut self, bit: usize, value: bool) {
        if let Some(word) = self.0.get_mut(bit >> 6) {
            let mask = 1_u64 << (bit & 63);
            *word = if value { *word | mask } else { *word & !mask };
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut record = Record::default();
        self.0.iter().for_each(|word| {
            record.long(*word);
        });
        record.0
    }
}

/// An input whose class tells which policies can matter.
pub(super) struct Selector {
    pub(super) input: u32,
    pub(super) range: Range,
    /// The blocks that have rows of it, in order, each with the words in which they say anything.
    pub(super) blocks: BTreeMap<usize, BTreeSet<usize>>,
    pieces: Vec<Piece>,
}

/// What a selector's rows say of one block.
struct Piece {
    unknown: Bits,
    other: Bits,
    classes: BTreeMap<u32, Bits>,
}

/// A policy's parts of scope that one input decides.
struct Guard {
    policy: usize,
    condition: Formula,
}

impl Guard {
    fn classes(&self) -> usize {
        let mut count = 0_usize;
        self.condition.tests(&mut |test| {
            if let Test::TextIn(_, classes) = test {
                count = count.saturating_add(classes.len());
            }
        });
        count
    }
}

/// Finds the selectors of these scopes, and takes out of each scope what they have decided.
pub(super) fn select(scopes: &mut [Formula], texts: &Texts<'_>) -> Vec<Selector> {
    let mut guards: BTreeMap<u32, BTreeMap<usize, Vec<Guard>>> = BTreeMap::new();
    for (policy, scope) in scopes.iter().enumerate() {
        for (input, condition) in decided(scope) {
            let blocks = guards.entry(input).or_default();
            blocks
                .entry(block_of(policy))
                .or_default()
                .push(Guard { policy, condition });
        }
    }
    for blocks in guards.values_mut() {
        blocks.retain(|_, guards| guards.len() >= WORTHWHILE);
    }
    let mut order: Vec<_> = guards.into_iter().collect();
    order.sort_by_key(|(input, blocks)| {
        (
            std::cmp::Reverse(blocks.values().map(Vec::len).sum::<usize>()),
            *input,
        )
    });
    let mut selectors = Vec::new();
    let mut room = ROWS_LIMIT;
    for (input, blocks) in order {
        let Some(range) = texts.ranges.get(&input).filter(|_| !blocks.is_empty()) else {
            continue;
        };
        if blocks.values().flatten().map(Guard::classes).sum::<usize>() > CLASSES_LIMIT {
            continue;
        }
        let selector = Selector::new(input, *range, &blocks);
        let Some(left) = selector.most_bytes().and_then(|bytes| room.checked_sub(bytes)) else {
            continue;
        };
        room = left;
        for guard in blocks.values().flatten() {
            if let Some(scope) = scopes.get_mut(guard.policy) {
                *scope = residue(std::mem::replace(scope, Formula::Constant(true)), input);
            }
        }
        selectors.push(selector);
    }
    selectors
}

/// The block of a policy.
pub(super) fn block_of(policy: usize) -> usize {
    policy >> 9
}

fn bit_of(policy: usize) -> usize {
    policy & 511
}

/// For each input that decides parts of a scope, those parts.
fn decided(scope: &Formula) -> BTreeMap<u32, Formula> {
    let parts = match scope {
        Formula::All(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    let mut by_input: BTreeMap<u32, Vec<Formula>> = BTreeMap::new();
    for part in parts {
        if let Some(input) = part.decided_by() {
            by_input.entry(input).or_default().push(part.clone());
        }
    }
    by_input
        .into_iter()
        .map(|(input, parts)| (input, Formula::all(parts)))
        .collect()
}

/// What is left of a scope when the rows of `input` have let it pass.
fn residue(scope: Formula, input: u32) -> Formula {
    let parts = match scope {
        Formula::All(parts) => parts,
        other => vec![other],
    };
    let mut known = false;
    let mut left = Vec::new();
    for part in parts {
        if part.decided_by() != Some(input) {
            left.push(part);
        } else if [State::Absent, State::Failed]
            .iter()
            .all(|state| part.truth(*state) == Truth::Unknown)
        {
            known = true;
        } else {
            // Whether it is false, unknown or true without a class is more than rows tell.
            left.push(part);
        }
    }
    if known {
        left.push(Formula::Test(Test::Known(input), false));
    }
    Formula::all(left)
}

impl Selector {
    fn new(input: u32, range: Range, guards: &BTreeMap<usize, Vec<Guard>>) -> Self {
        let words = |guards: &Vec<Guard>| guards.iter().map(|guard| bit_of(guard.policy) >> 6).collect();
        Self {
            input,
            range,
            blocks: guards
                .iter()
                .map(|(block, guards)| (*block, words(guards)))
                .collect(),
            pieces: guards.values().map(|guards| Piece::new(guards)).collect(),
        }
    }

    fn most_bytes(&self) -> Option<u32> {
        let pieces = self
            .pieces
            .iter()
            .map(|piece| piece.classes.len().saturating_add(2))
            .sum();
        let pieces = area(pieces, 64).ok()?;
        pieces.checked_add(self.range.count.checked_add(2)?.checked_mul(self.row_bytes())?)
    }

    /// Bytes of a row: the address of a piece for each of [`Self::blocks`].
    pub(super) fn row_bytes(&self) -> u32 {
        area(self.blocks.len(), 4).unwrap_or(u32::MAX)
    }

    /// Offset in a row of a block's piece.
    pub(super) fn offset(&self, block: usize) -> Option<u32> {
        area(self.blocks.keys().position(|known| *known == block)?, 4).ok()
    }

    /// Puts the rows into `data`: those of an unknown input, of any other text, and of each class of the range.
    pub(super) fn put(&self, data: &mut Data) -> Result<u32, EmitError> {
        let mut columns = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let unknown = data.share(&piece.unknown.bytes(), 8)?;
            let other = data.share(&piece.other.bytes(), 8)?;
            let mut classes = BTreeMap::new();
            for (class, bits) in &piece.classes {
                classes.insert(*class, data.share(&bits.bytes(), 8)?);
            }
            columns.push((unknown, other, classes));
        }
        let mut rows = Record::default();
        columns.iter().for_each(|(unknown, _, _)| {
            rows.word(*unknown);
        });
        let classes = self.range.low..self.range.low.saturating_add(self.range.count);
        for class in std::iter::once(OTHER).chain(classes) {
            for (_, other, classes) in &columns {
                rows.word(classes.get(&class).copied().unwrap_or(*other));
            }
        }
        size(rows.0.len())?;
        data.put(&rows.0, 4)
    }
}

impl Plan<'_> {
    /// The most that all candidates of a request weigh together: each input's class alone tells who can be one.
    ///
    /// `weights` has a weight for each policy, `passed` that of a policy whose scope is not true.
    pub(super) fn heaviest(&self, weights: &[u64], passed: &[u64]) -> u64 {
        let all = weights
            .iter()
            .fold(0_u64, |sum, weight| sum.saturating_add(*weight));
        let selectors = self.selectors.iter();
        let least = selectors.map(|selector| selector.heaviest(&self.policies, weights, passed));
        least.min().unwrap_or(all).min(all)
    }
}

impl Selector {
    fn heaviest(&self, policies: &[PolicyPlan], weights: &[u64], passed: &[u64]) -> u64 {
        // The scope of a policy that needs to know the input is not true without it.
        let known = Formula::Test(Test::Known(self.input), false);
        let needs = |policy: &PolicyPlan| match &policy.scope {
            Formula::All(parts) => parts.contains(&known),
            scope => *scope == known,
        };
        let without = weights.iter().zip(passed).zip(policies);
        let without = without.map(|((most, passed), policy)| if needs(policy) { *passed } else { *most });
        let without: Vec<u64> = without.collect();
        let block = |weights: &[u64], block: usize, bits: &Bits| {
            let begin = block << 9;
            bits.of(weights.get(begin..).unwrap_or_default())
        };
        let mut unknown = 0_u64;
        let mut other = 0_u64;
        let mut classes: BTreeMap<u32, i128> = BTreeMap::new();
        let mut beside = weights.len().div_ceil(BLOCK_WORDS << 6);
        let blocks = self.blocks.keys().copied().zip(&self.pieces);
        let blocks: BTreeMap<usize, &Piece> = blocks.collect();
        while let Some(number) = beside.checked_sub(1) {
            beside = number;
            let Some(piece) = blocks.get(&number) else {
                let all = block(weights, number, &Bits::ALL);
                unknown = unknown.saturating_add(all);
                other = other.saturating_add(all);
                continue;
            };
            unknown = unknown.saturating_add(block(&without, number, &piece.unknown));
            let others = block(weights, number, &piece.other);
            other = other.saturating_add(others);
            for (class, bits) in &piece.classes {
                let more = i128::from(block(weights, number, bits)).saturating_sub(i128::from(others));
                let sum = classes.entry(*class).or_default();
                *sum = sum.saturating_add(more);
            }
        }
        let most = classes.into_values().max().unwrap_or_default().max(0);
        let known = i128::from(other).saturating_add(most);
        unknown.max(u64::try_from(known).unwrap_or(u64::MAX))
    }
}

impl Bits {
    /// The sum of the weights of a block's policies that have a bit.
    fn of(&self, weights: &[u64]) -> u64 {
        let words = self.0.iter().zip(weights.chunks(64));
        words.fold(0, |sum, (word, weights)| {
            let set = weights.iter().zip(0_u32..);
            set.filter(|(_, bit)| word >> (bit & 63) & 1 == 1)
                .fold(sum, |sum, (weight, _)| sum.saturating_add(*weight))
        })
    }
}

impl Piece {
    fn new(guards: &[Guard]) -> Self {
        let (mut unknown, mut other) = (Bits::ALL, Bits::ALL);
        for Guard { policy, condition } in guards {
            let passes = |state| condition.truth(state) != Truth::False;
            unknown.put(bit_of(*policy), passes(State::Absent) || passes(State::Failed));
            other.put(bit_of(*policy), passes(State::Class(OTHER)));
        }
        let mut classes: BTreeMap<u32, Bits> = BTreeMap::new();
        for Guard { policy, condition } in guards {
            condition.tests(&mut |test| {
                let Test::TextIn(_, members) = test else { return };
                for class in members.iter() {
                    let passes = condition.truth(State::Class(*class)) != Truth::False;
                    classes
                        .entry(*class)
                        .or_insert(other)
                        .put(bit_of(*policy), passes);
                }
            });
        }
        Self {
            unknown,
            other,
            classes,
        }
    }
}
