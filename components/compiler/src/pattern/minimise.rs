//! The smallest automaton that answers alike, by Hopcroft's algorithm, numbered in one way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::automaton::Rows;

/// The smallest automaton, where a walk of it begins, and how many of its states, the first ones, are never left.
/// Every state of `rows` is reached from state 0.
pub(super) fn minimal(rows: Rows) -> (Rows, u32, u32) {
    let blocks = Blocks::of(&rows);
    let small = quotient(&rows, &blocks);
    numbered(narrow(small))
}

/// States that cannot be told apart.
struct Blocks {
    members: Vec<Vec<u32>>,
    /// By state.
    of: Vec<u32>,
}

fn at(items: &[u32], index: u32) -> u32 {
    let index = usize::try_from(index).ok();
    index.and_then(|index| items.get(index)).copied().unwrap_or(0)
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

impl Blocks {
    fn of(rows: &Rows) -> Self {
        let states = rows.labels.len();
        let mut by_set: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (state, label) in (0_u32..).zip(&rows.labels) {
            by_set.entry(*label).or_default().push(state);
        }
        let mut blocks = Self {
            members: Vec::new(),
            of: vec![0; states],
        };
        by_set.into_values().for_each(|members| blocks.push(members));
        let sources = Sources::new(rows);
        let mut open: BTreeSet<u32> = (0..number(blocks.members.len())).collect();
        while let Some(block) = open.pop_first() {
            let splitter = blocks.get(block).to_vec();
            for class in 0..rows.width {
                let mut touched: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
                for state in splitter.iter().flat_map(|to| sources.of(class, *to)) {
                    touched.entry(at(&blocks.of, *state)).or_default().push(*state);
                }
                for (split, inside) in touched {
                    if inside.len() < blocks.get(split).len() {
                        blocks.split(split, inside, &mut open);
                    }
                }
            }
        }
        blocks
    }

    fn get(&self, block: u32) -> &[u32] {
        let block = usize::try_from(block).ok();
        block
            .and_then(|block| self.members.get(block))
            .map_or(&[], Vec::as_slice)
    }

    fn push(&mut self, members: Vec<u32>) {
        let block = number(self.members.len());
        for state in &members {
            if let Some(of) = usize::try_from(*state).ok().and_then(|at| self.of.get_mut(at)) {
                *of = block;
            }
        }
        self.members.push(members);
    }

    /// Parts some members of a block from the others.
    fn split(&mut self, block: u32, mut inside: Vec<u32>, open: &mut BTreeSet<u32>) {
        inside.sort_unstable();
        let Some(members) = usize::try_from(block)
            .ok()
            .and_then(|at| self.members.get_mut(at))
        else {
            return;
        };
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for state in members.drain(..) {
            if inside.binary_search(&state).is_ok() {
                small.push(state);
            } else {
                large.push(state);
            }
        }
        if small.len() > large.len() {
            std::mem::swap(&mut small, &mut large);
        }
        *members = large;
        let new = number(self.members.len());
        self.push(small);
        // Whatever is waiting is waiting in both parts; else the smaller part says as much as both.
        open.insert(new);
    }
}

/// From where each state is reached.
struct Sources {
    width: usize,
    /// `width` lists for each state.
    lists: Vec<Vec<u32>>,
}

impl Sources {
    fn new(rows: &Rows) -> Self {
        let width = rows.width;
        let mut lists = vec![Vec::new(); rows.next.len()];
        for (state, targets) in (0_u32..).zip(rows.next.chunks(width.max(1))) {
            for (class, target) in targets.iter().enumerate() {
                let row = usize::try_from(*target).unwrap_or(0).saturating_mul(width);
                if let Some(list) = lists.get_mut(row.saturating_add(class)) {
                    list.push(state);
                }
            }
        }
        Self { width, lists }
    }

    fn of(&self, class: usize, state: u32) -> &[u32] {
        let row = usize::try_from(state).unwrap_or(0).saturating_mul(self.width);
        self.lists
            .get(row.saturating_add(class))
            .map_or(&[], Vec::as_slice)
    }
}

/// Each block as one state; that of state 0 is the first.
fn quotient(rows: &Rows, blocks: &Blocks) -> Rows {
    let first = at(&blocks.of, 0);
    let order =
        std::iter::once(first).chain((0..number(blocks.members.len())).filter(|block| *block != first));
    let order: Vec<u32> = order.collect();
    let mut numbers = vec![0; order.len()];
    for (new, block) in (0_u32..).zip(&order) {
        if let Some(number) = usize::try_from(*block).ok().and_then(|at| numbers.get_mut(at)) {
            *number = new;
        }
    }
    let one = |block: &u32| blocks.get(*block).first().copied().unwrap_or(0);
    let targets = order
        .iter()
        .map(one)
        .flat_map(|state| (0..rows.width).map(move |class| rows.target(state, class)));
    Rows {
        classes: rows.classes,
        width: rows.width,
        next: targets.map(|to| at(&numbers, at(&blocks.of, to))).collect(),
        labels: order.iter().map(one).map(|state| rows.label(state)).collect(),
        sets: rows.sets.clone(),
    }
}

/// Bytes that lead alike from every state become one class; classes are numbered by their first bytes.
fn narrow(rows: Rows) -> Rows {
    let states = number(rows.labels.len());
    let mut known: BTreeMap<Vec<u32>, u8> = BTreeMap::new();
    let mut columns: Vec<usize> = Vec::new();
    let mut renumbered: BTreeMap<u8, u8> = BTreeMap::new();
    let mut classes = [0; 256];
    for (new, old) in classes.iter_mut().zip(rows.classes) {
        *new = *renumbered.entry(old).or_insert_with(|| {
            let column: Vec<u32> = (0..states)
                .map(|state| rows.target(state, usize::from(old)))
                .collect();
            let next = u8::try_from(columns.len()).unwrap_or(u8::MAX);
            *known.entry(column).or_insert_with(|| {
                columns.push(usize::from(old));
                next
            })
        });
    }
    let next = (0..states).flat_map(|state| columns.iter().map(move |class| (state, *class)));
    let next = next.map(|(state, class)| rows.target(state, class)).collect();
    Rows {
        classes,
        width: columns.len(),
        next,
        ..rows
    }
}

/// States in breadth from state 0, those that are never left first; sets that some state has, ascending.
fn numbered(rows: Rows) -> (Rows, u32, u32) {
    let mut order = Vec::new();
    let mut seen: BTreeSet<u32> = BTreeSet::from([0]);
    let mut open = VecDeque::from([0_u32]);
    while let Some(state) = open.pop_front() {
        order.push(state);
        for class in 0..rows.width {
            let target = rows.target(state, class);
            if seen.insert(target) {
                open.push_back(target);
            }
        }
    }
    let is_sink = |state: &u32| (0..rows.width).all(|class| rows.target(*state, class) == *state);
    let (mut sorted, others): (Vec<u32>, Vec<u32>) = order.into_iter().partition(is_sink);
    let sinks = number(sorted.len());
    sorted.extend(others);
    let numbers: BTreeMap<u32, u32> = sorted.iter().copied().zip(0..).collect();
    let renumbered = |state: u32| numbers.get(&state).copied().unwrap_or(0);
    let set = |label: u32| {
        let label = usize::try_from(label).ok();
        label
            .and_then(|label| rows.sets.get(label))
            .cloned()
            .unwrap_or_default()
    };
    let sets: BTreeSet<Vec<u32>> = sorted.iter().map(|state| set(rows.label(*state))).collect();
    let labels: BTreeMap<Vec<u32>, u32> = sets.iter().cloned().zip(0..).collect();
    let label = |state: &u32| labels.get(&set(rows.label(*state))).copied().unwrap_or(0);
    let targets = sorted
        .iter()
        .flat_map(|state| (0..rows.width).map(|class| rows.target(*state, class)));
    let small = Rows {
        classes: rows.classes,
        width: rows.width,
        next: targets.map(renumbered).collect(),
        labels: sorted.iter().map(label).collect(),
        sets: sets.into_iter().collect(),
    };
    (small, renumbered(0), sinks)
}
