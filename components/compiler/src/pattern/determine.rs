//! Expressions become automata: the crate `regex-automata` makes a non-deterministic one, which is made deterministic
//! here, where the work is counted in steps that are the same on every machine.

use std::collections::BTreeMap;

use regex_automata::nfa::thompson::{Compiler, Config, NFA, State, WhichCaptures};
use regex_automata::util::primitives::StateID;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::automaton::{Automaton, Rows};
use super::{Steps, TooComplex};

/// Most states of the non-deterministic automaton, roughly.
const PARTS: u64 = 20_000;

/// Most states before the automaton is made minimal.
const STATES: usize = 16_384;

/// The automaton of the texts that an expression matches. Its one set of patterns that match is that of pattern 0.
pub(super) fn automaton(hir: &Hir, steps: &mut Steps) -> Result<Automaton, TooComplex> {
    let parts = parts(hir);
    if parts > PARTS {
        return Err(TooComplex);
    }
    steps.spend(usize::try_from(parts).map_err(|_| TooComplex)?)?;
    let config = Config::new().utf8(false).which_captures(WhichCaptures::None);
    let nfa = Compiler::new().configure(config).build_from_hir(hir);
    let nfa = nfa.map_err(|_| TooComplex)?;
    Subsets::new(&nfa).rows(steps)?.minimal()
}

/// How large an expression is when its repetitions are written out.
fn parts(hir: &Hir) -> u64 {
    let sum = |hirs: &[Hir]| hirs.iter().map(parts).fold(1, u64::saturating_add);
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => u64::try_from(literal.0.len()).unwrap_or(u64::MAX),
        // A range of characters is up to four sequences of ranges of bytes, more where it begins and ends unevenly.
        HirKind::Class(Class::Unicode(class)) => count(class.ranges().len()).saturating_mul(8),
        HirKind::Class(Class::Bytes(class)) => count(class.ranges().len()),
        HirKind::Repetition(repetition) => {
            let times = repetition
                .max
                .unwrap_or(repetition.min)
                .max(repetition.min)
                .max(1);
            parts(&repetition.sub)
                .saturating_add(1)
                .saturating_mul(u64::from(times))
        }
        HirKind::Capture(capture) => parts(&capture.sub),
        HirKind::Concat(hirs) | HirKind::Alternation(hirs) => sum(hirs),
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX).max(1)
}

/// Sets of states in which the non-deterministic automaton can be at once.
struct Subsets<'n> {
    nfa: &'n NFA,
    /// By state: the round in which it was last seen.
    seen: Vec<u32>,
    round: u32,
    known: BTreeMap<Vec<StateID>, u32>,
    sets: Vec<Vec<StateID>>,
}

impl<'n> Subsets<'n> {
    fn new(nfa: &'n NFA) -> Self {
        Self {
            nfa,
            seen: vec![0; nfa.states().len()],
            round: 0,
            known: BTreeMap::new(),
            sets: Vec::new(),
        }
    }

    fn rows(mut self, steps: &mut Steps) -> Result<Rows, TooComplex> {
        let (classes, width) = self.classes();
        let class_of = |byte: u8| classes.get(usize::from(byte)).copied().map_or(0, usize::from);
        let start = self.set(&[self.nfa.start_anchored()], steps)?;
        self.number(start)?;
        let mut next = Vec::new();
        let mut index = 0_usize;
        while let Some(set) = self.sets.get(index).cloned() {
            let mut targets: Vec<Vec<StateID>> = vec![Vec::new(); width];
            let mut ways = 0_usize;
            let mut go = |start: u8, end: u8, to: StateID| {
                let first = class_of(start);
                let ranges = targets
                    .iter_mut()
                    .take(class_of(end).saturating_add(1))
                    .skip(first);
                for target in ranges {
                    target.push(to);
                    ways = ways.saturating_add(1);
                }
            };
            for state in &set {
                match self.nfa.state(*state) {
                    State::ByteRange { trans } => go(trans.start, trans.end, trans.next),
                    State::Sparse(sparse) => sparse
                        .transitions
                        .iter()
                        .for_each(|way| go(way.start, way.end, way.next)),
                    State::Dense(dense) => {
                        for byte in 0..=u8::MAX {
                            if let Some(to) = dense.matches_byte(byte) {
                                go(byte, byte, to);
                            }
                        }
                    }
                    _ => {}
                }
            }
            steps.spend(ways.saturating_add(width))?;
            // Many classes lead nowhere, or to the same.
            let mut before: Option<(&Vec<StateID>, u32)> = None;
            for target in &targets {
                let number = match before {
                    Some((same, number)) if same == target => number,
                    _ => {
                        let set = self.set(target, steps)?;
                        self.number(set)?
                    }
                };
                before = Some((target, number));
                next.push(number);
            }
            index = index.saturating_add(1);
        }
        let accepts = |set: &Vec<StateID>| {
            set.iter()
                .any(|state| matches!(self.nfa.state(*state), State::Match { .. }))
        };
        Ok(Rows {
            classes,
            width,
            next,
            labels: self.sets.iter().map(|set| u32::from(accepts(set))).collect(),
            sets: vec![Vec::new(), vec![0]],
        })
    }

    fn number(&mut self, set: Vec<StateID>) -> Result<u32, TooComplex> {
        if let Some(number) = self.known.get(&set) {
            return Ok(*number);
        }
        if self.sets.len() >= STATES {
            return Err(TooComplex);
        }
        let number = u32::try_from(self.sets.len()).map_err(|_| TooComplex)?;
        self.known.insert(set.clone(), number);
        self.sets.push(set);
        Ok(number)
    }

    /// The states that read a byte or match, reached from these without reading, ascending.
    fn set(&mut self, from: &[StateID], steps: &mut Steps) -> Result<Vec<StateID>, TooComplex> {
        self.round = self.round.checked_add(1).ok_or(TooComplex)?;
        let mut open = from.to_vec();
        let mut set = Vec::new();
        while let Some(state) = open.pop() {
            steps.spend(1)?;
            match self.seen.get_mut(state.as_usize()) {
                Some(seen) if *seen != self.round => *seen = self.round,
                _ => continue,
            }
            match self.nfa.state(state) {
                State::Union { alternates } => open.extend(alternates.iter().copied()),
                State::BinaryUnion { alt1, alt2 } => open.extend([*alt1, *alt2]),
                State::Capture { next, .. } => open.push(*next),
                // Expressions here have none, and a state that fails leads nowhere.
                State::Look { .. } | State::Fail => {}
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) | State::Match { .. } => {
                    set.push(state);
                }
            }
        }
        set.sort_unstable();
        // It is compared with others.
        steps.spend(set.len())?;
        Ok(set)
    }

    /// Bytes by class, and how many classes there are: bytes of one class lead from every state to the same.
    fn classes(&self) -> ([u8; 256], usize) {
        let mut begins = [false; 257];
        let mut border = |at: usize| {
            if let Some(begins) = begins.get_mut(at) {
                *begins = true;
            }
        };
        let mut range = |start: u8, end: u8| {
            border(usize::from(start));
            border(usize::from(end).saturating_add(1));
        };
        for state in self.nfa.states() {
            match state {
                State::ByteRange { trans } => range(trans.start, trans.end),
                State::Sparse(sparse) => sparse
                    .transitions
                    .iter()
                    .for_each(|way| range(way.start, way.end)),
                State::Dense(_) => (0..=u8::MAX).for_each(|byte| range(byte, byte)),
                _ => {}
            }
        }
        let mut classes = [0; 256];
        let mut class = 0_u8;
        for (byte, (of, begins)) in classes.iter_mut().zip(begins).enumerate() {
            if begins && byte > 0 {
                class = class.saturating_add(1);
            }
            *of = class;
        }
        (classes, usize::from(class).saturating_add(1))
    }
}
