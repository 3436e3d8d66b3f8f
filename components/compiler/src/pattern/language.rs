//! Which texts exist: for each way in which several patterns can match one text together, some texts of that kind.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir};

use super::{Asked, Automaton, STEPS, Steps, determine, run};

/// A byte behind how well it reads.
type Ranked = (u8, u8);

/// The number of the pattern that all texts match, and other bytes do not.
const UTF_8: u32 = u32::MAX;

/// Most states of an automaton that is searched.
const STATES: usize = 4_096;

/// What texts can be, as far as some patterns and parts tell.
#[derive(Debug)]
pub(crate) struct Language {
    automaton: Automaton,
    /// By state: where it is reached from.
    sources: Vec<Vec<u32>>,
    /// By class: its bytes, those that read best first.
    bytes: Vec<Vec<u8>>,
}

impl Language {
    /// What can be told of texts by asking all of these. None if the automaton would be too large.
    pub(crate) fn of<'a>(asked: impl IntoIterator<Item = &'a Asked>) -> Option<Self> {
        let mut automaton = utf_8()?.clone();
        for (asked, number) in asked.into_iter().zip(0_u32..) {
            let one = asked.automaton()?.numbered(number);
            automaton = automaton.joined(&one, STATES)?;
        }
        let count = automaton.states().count();
        let mut sources: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (state, (_, targets)) in (0_u32..).zip(automaton.states()) {
            for target in targets {
                let list = usize::try_from(*target).ok().and_then(|at| sources.get_mut(at));
                if let Some(list) = list.filter(|list| list.last() != Some(&state)) {
                    list.push(state);
                }
            }
        }
        let width = automaton.states().next().map_or(0, |(_, row)| row.len());
        let mut bytes: Vec<Vec<u8>> = vec![Vec::new(); width];
        for (byte, class) in (0..=u8::MAX).zip(automaton.classes()) {
            if let Some(bytes) = bytes.get_mut(usize::from(*class)) {
                bytes.push(byte);
            }
        }
        bytes
            .iter_mut()
            .for_each(|bytes| bytes.sort_by_key(|byte| (rank(*byte), *byte)));
        Some(Self {
            automaton,
            sources,
            bytes,
        })
    }

    /// What it took to find the language, in transitions.
    pub(crate) fn size(&self) -> usize {
        self.sources.len().saturating_mul(self.bytes.len())
    }

    /// For each set of what was asked that some text matches and no other, up to `count` texts that match just it and
    /// are none of `excluded`: all that exist, if there are fewer. Those of `preferred` come first, then the shortest.
    /// Takes what it does from `steps`; none if they do not suffice.
    pub(crate) fn texts(
        &self,
        count: usize,
        excluded: &BTreeSet<&str>,
        preferred: &[String],
        steps: &mut usize,
    ) -> Option<Vec<String>> {
        *steps = steps.checked_sub(excluded.len())?;
        let mut known: BTreeMap<&[u32], usize> = BTreeMap::new();
        for text in excluded {
            let known = known.entry(self.automaton.run(text.as_bytes())).or_default();
            *known = known.saturating_add(1);
        }
        let mut found: BTreeMap<&[u32], Vec<String>> = BTreeMap::new();
        for text in preferred.iter().filter(|text| !excluded.contains(text.as_str())) {
            let found = found.entry(self.automaton.run(text.as_bytes())).or_default();
            if found.len() < count {
                found.push(text.clone());
            }
        }
        let mut all = Vec::new();
        for (label, set) in (0_u32..).zip(self.automaton.sets()) {
            if set.last() != Some(&UTF_8) {
                continue;
            }
            let mut texts = found.remove(set.as_slice()).unwrap_or_default();
            if texts.len() < count {
                let excluded_here = known.get(set.as_slice()).copied().unwrap_or(0);
                let choices = count.saturating_add(excluded_here).saturating_add(texts.len());
                self.search(label, choices, steps, &mut |text| {
                    if !excluded.contains(text.as_str()) && !texts.contains(&text) {
                        texts.push(text);
                    }
                    texts.len() < count
                })?;
            }
            all.extend(texts);
        }
        Some(all)
    }

    /// Calls `visit` with texts of a label, the shortest first, until it has enough. Of each class of bytes, `choices`
    /// stand for all: so many others than those that are known are found with them, if there are so many.
    fn search(
        &self,
        label: u32,
        choices: usize,
        steps: &mut usize,
        visit: &mut dyn FnMut(String) -> bool,
    ) -> Option<()> {
        let distances = self.distances(label);
        let distance = |state: u32| {
            let at = usize::try_from(state).ok()?;
            distances.get(at).copied().flatten()
        };
        let rows: Vec<(u32, &[u32])> = self.automaton.states().collect();
        let start = self.automaton.start();
        // By the length of the shortest text that begins so, then by how well it reads.
        let mut open = BinaryHeap::new();
        if let Some(length) = distance(start) {
            open.push(Reverse((length, Vec::<Ranked>::new(), false, start)));
        }
        while let Some(Reverse((length, word, complete, state))) = open.pop() {
            *steps = steps.checked_sub(word.len().saturating_add(1))?;
            if complete {
                let text = word.into_iter().map(|(_, byte)| byte).collect();
                if !String::from_utf8(text).is_ok_and(&mut *visit) {
                    return Some(());
                }
                continue;
            }
            let (own, targets) = usize::try_from(state).ok().and_then(|at| rows.get(at))?;
            if *own == label {
                // No text of this beginning is shorter.
                open.push(Reverse((length, word.clone(), true, state)));
            }
            for (target, bytes) in targets.iter().zip(&self.bytes) {
                let Some(left) = distance(*target) else {
                    continue;
                };
                for byte in bytes.iter().take(choices) {
                    *steps = steps.checked_sub(1)?;
                    let mut word = word.clone();
                    word.push((rank(*byte), *byte));
                    let length = u32::try_from(word.len()).ok()?.saturating_add(left);
                    open.push(Reverse((length, word, false, *target)));
                }
            }
        }
        Some(())
    }

    /// By state: how many bytes it is away from a label.
    fn distances(&self, label: u32) -> Vec<Option<u32>> {
        let mut distances: Vec<Option<u32>> = self
            .automaton
            .states()
            .map(|(own, _)| (own == label).then_some(0))
            .collect();
        let mut near: Vec<u32> = (0_u32..)
            .zip(&distances)
            .filter(|(_, distance)| distance.is_some())
            .map(|(state, _)| state)
            .collect();
        let mut distance = 0_u32;
        while !near.is_empty() {
            distance = distance.saturating_add(1);
            let mut next = Vec::new();
            for state in near {
                let sources = usize::try_from(state).ok().and_then(|at| self.sources.get(at));
                for source in sources.into_iter().flatten() {
                    let place = usize::try_from(*source).ok().and_then(|at| distances.get_mut(at));
                    if let Some(place) = place.filter(|place| place.is_none()) {
                        *place = Some(distance);
                        next.push(*source);
                    }
                }
            }
            near = next;
        }
        distances
    }
}

/// The automaton of all texts.
fn utf_8() -> Option<&'static Automaton> {
    static TEXTS: OnceLock<Option<Automaton>> = OnceLock::new();
    let build = || {
        let any = ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)]);
        let hir = run(Hir::class(Class::Unicode(any)));
        let automaton = determine::automaton(&hir, &mut Steps(STEPS)).ok()?;
        Some(automaton.numbered(UTF_8))
    };
    TEXTS.get_or_init(build).as_ref()
}

/// How well a byte reads in a text: letters, digits, other signs, the rest.
fn rank(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 0,
        b'0'..=b'9' => 1,
        b'A'..=b'Z' => 2,
        b'!'..=b'~' => 3,
        b' ' => 4,
        0x80.. => 5,
        _ => 6,
    }
}
