//! Deterministic automata over bytes that tell which of several patterns match a text.

use std::collections::{BTreeMap, BTreeSet};

use super::TooComplex;

/// Most transitions and labels of an automaton: components number them in 16 bits.
const ENTRIES: usize = 65_536;

/// Most classes of bytes: components number them in 8 bits, from 1 on.
const CLASSES: usize = 255;

/// Most states of a product before it is made minimal.
const PRODUCT: usize = 32_768;

/// A minimal automaton. Equal languages give equal automata: states are numbered in the order in which a walk in
/// breadth finds them, after the [sinks](Automaton::sinks).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Automaton {
    pub(super) rows: Rows,
    /// Where a walk begins.
    start: u32,
    /// So many states, the first ones, are never left.
    sinks: u32,
}

/// States and their transitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    /// The class of each byte.
    pub(super) classes: [u8; 256],
    /// How many classes there are.
    pub(super) width: usize,
    /// `width` states for each state.
    pub(super) next: Vec<u32>,
    /// For each state the place of its set in `sets`.
    pub(super) labels: Vec<u32>,
    /// Sets of patterns that match.
    pub(super) sets: Vec<Vec<u32>>,
}

impl Rows {
    /// The smallest automaton that answers alike. State 0 is where a walk begins.
    pub(super) fn minimal(self) -> Result<Automaton, TooComplex> {
        let (rows, start, sinks) = super::minimise::minimal(self);
        let entries = rows.labels.len().checked_mul(rows.width.saturating_add(1));
        if rows.width > CLASSES || entries.is_none_or(|entries| entries > ENTRIES) {
            return Err(TooComplex);
        }
        Ok(Automaton { rows, start, sinks })
    }

    fn class(&self, byte: u8) -> usize {
        self.classes
            .get(usize::from(byte))
            .copied()
            .map_or(0, usize::from)
    }

    pub(super) fn target(&self, state: u32, class: usize) -> u32 {
        let row = usize::try_from(state).unwrap_or(0).saturating_mul(self.width);
        self.next.get(row.saturating_add(class)).copied().unwrap_or(0)
    }

    pub(super) fn label(&self, state: u32) -> u32 {
        let state = usize::try_from(state).ok();
        state
            .and_then(|state| self.labels.get(state))
            .copied()
            .unwrap_or(0)
    }
}

impl Automaton {
    /// The patterns that match a text, ascending.
    pub(crate) fn run(&self, text: &[u8]) -> &[u32] {
        let mut state = self.start;
        for byte in text {
            if state < self.sinks {
                break;
            }
            state = self.rows.target(state, self.rows.class(*byte));
        }
        self.set(self.rows.label(state))
    }

    /// The sets of patterns that texts can match, by label.
    pub(crate) fn sets(&self) -> &[Vec<u32>] {
        &self.rows.sets
    }

    fn set(&self, label: u32) -> &[u32] {
        let label = usize::try_from(label).ok();
        label
            .and_then(|label| self.rows.sets.get(label))
            .map_or(&[], Vec::as_slice)
    }

    /// Where a walk begins.
    pub(crate) fn start(&self) -> u32 {
        self.start
    }

    /// So many states, the first ones, are never left: there a walk may end early.
    pub(crate) fn sinks(&self) -> u32 {
        self.sinks
    }

    /// The class of each byte.
    pub(crate) fn classes(&self) -> &[u8; 256] {
        &self.rows.classes
    }

    /// Each state's label, and where each class of bytes leads.
    pub(crate) fn states(&self) -> impl Iterator<Item = (u32, &[u32])> {
        let rows = self.rows.next.chunks(self.rows.width.max(1));
        self.rows.labels.iter().copied().zip(rows)
    }

    /// The automaton of one pattern, for a pattern of another number.
    pub(crate) fn numbered(&self, pattern: u32) -> Self {
        let mut numbered = self.clone();
        for set in &mut numbered.rows.sets {
            set.iter_mut().for_each(|of| *of = pattern);
        }
        numbered
    }

    /// One automaton that tells what two tell; none if it would be too large, or has more than `most` states before it
    /// is made minimal.
    pub(super) fn joined(&self, other: &Self, most: usize) -> Option<Self> {
        let mut classes = [0; 256];
        let mut pairs: BTreeMap<(u8, u8), u8> = BTreeMap::new();
        let mut columns = Vec::new();
        let both = self.rows.classes.iter().zip(&other.rows.classes);
        for (class, (one, another)) in classes.iter_mut().zip(both) {
            let new = u8::try_from(pairs.len()).ok()?;
            *class = *pairs.entry((*one, *another)).or_insert_with(|| {
                columns.push((usize::from(*one), usize::from(*another)));
                new
            });
        }
        let mut numbers: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        let mut states = vec![(self.start, other.start)];
        numbers.insert((self.start, other.start), 0);
        let mut next = Vec::new();
        let mut index = 0_usize;
        while let Some((one, another)) = states.get(index).copied() {
            for (left, right) in &columns {
                let pair = (self.rows.target(one, *left), other.rows.target(another, *right));
                let number = match numbers.get(&pair) {
                    Some(number) => *number,
                    None if states.len() >= most => return None,
                    None => {
                        let number = u32::try_from(states.len()).ok()?;
                        numbers.insert(pair, number);
                        states.push(pair);
                        number
                    }
                };
                next.push(number);
            }
            index = index.saturating_add(1);
        }
        let union = |(one, another): &(u32, u32)| {
            let (one, another) = (self.rows.label(*one), other.rows.label(*another));
            let set: BTreeSet<u32> = self.set(one).iter().chain(other.set(another)).copied().collect();
            set.into_iter().collect::<Vec<u32>>()
        };
        let found: Vec<Vec<u32>> = states.iter().map(union).collect();
        let sets: BTreeSet<&Vec<u32>> = found.iter().collect();
        let labels: BTreeMap<&Vec<u32>, u32> = sets.iter().copied().zip(0..).collect();
        let rows = Rows {
            classes,
            width: columns.len(),
            next,
            labels: found
                .iter()
                .map(|set| labels.get(set).copied().unwrap_or(0))
                .collect(),
            sets: sets.into_iter().cloned().collect(),
        };
        rows.minimal().ok()
    }

    /// As few automata as the limits allow that together tell what all tell.
    pub(crate) fn gathered(mut automata: Vec<Self>) -> Vec<Self> {
        // Halves first, so that each pattern takes part in few products.
        if automata.len() < 2 {
            return automata;
        }
        let second = automata.split_off(automata.len().div_ceil(2));
        let mut gathered = Self::gathered(automata);
        let second = Self::gathered(second);
        let one = match (gathered.last(), second.first()) {
            (Some(last), Some(first)) => last.joined(first, PRODUCT),
            _ => None,
        };
        match one {
            Some(one) => {
                gathered.pop();
                gathered.push(one);
                gathered.extend(second.into_iter().skip(1));
            }
            None => gathered.extend(second),
        }
        gathered
    }
}
