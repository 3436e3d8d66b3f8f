//! Whether the leaves, each well-formed, make sense one after the other.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::Verdict;

use crate::leaf::{Event, Gap, Leaf, Position, RequestResult, WriterId};

#[derive(Default)]
pub(super) struct Sense {
    pub(super) allowed: u64,
    pub(super) denied: u64,
    pub(super) outcomes: u64,
    pub(super) interrupted: u64,
    pub(super) lifecycles: u64,
    pub(super) open: BTreeSet<Position>,
    pub(super) gaps: Vec<Gap>,
    writers: BTreeMap<WriterId, u64>,
    recorder: Option<WriterId>,
}

impl Sense {
    /// The next sequence of every writer.
    pub(super) fn writers(&self) -> &BTreeMap<WriterId, u64> {
        &self.writers
    }

    /// Takes the next leaf of the log.
    ///
    /// # Errors
    /// What is wrong with it in this place.
    pub(super) fn add(&mut self, leaf: &Leaf) -> Result<(), String> {
        let Position { writer, sequence } = leaf.position;
        let expected = self.writers.get(&writer).copied().unwrap_or(0);
        if sequence != expected {
            return Err(format!(
                "writer {writer} goes on with sequence {sequence}, expected {expected}"
            ));
        }
        self.writers.insert(writer, sequence.saturating_add(1));
        match &leaf.event {
            Event::Intent(intent) if intent.verdict == Verdict::Allow => {
                self.allowed = self.allowed.saturating_add(1);
                self.open.insert(leaf.position);
            }
            Event::Intent(_) => self.denied = self.denied.saturating_add(1),
            Event::Outcome(outcome) => {
                self.outcomes = self.outcomes.saturating_add(1);
                if outcome.result == RequestResult::Interrupted {
                    self.interrupted = self.interrupted.saturating_add(1);
                }
                if outcome.intent.writer != writer {
                    return Err(format!(
                        "an OUTCOME of {}, which another writer wrote",
                        outcome.intent
                    ));
                }
                if !self.open.remove(&outcome.intent) && !self.is_missing(outcome.intent) {
                    return Err(format!(
                        "an OUTCOME of {}, which is no ALLOW that waits for one",
                        outcome.intent
                    ));
                }
            }
            Event::Lifecycle(lifecycle) => {
                self.lifecycles = self.lifecycles.saturating_add(1);
                if let Some(gap) = lifecycle.gap {
                    self.announce(writer, gap)?;
                }
            }
        }
        Ok(())
    }

    fn is_missing(&self, position: Position) -> bool {
        let Position { writer, sequence } = position;
        self.gaps
            .iter()
            .any(|gap| gap.writer == writer && (gap.first..gap.next).contains(&sequence))
    }

    fn announce(&mut self, by: WriterId, gap: Gap) -> Result<(), String> {
        if *self.recorder.get_or_insert(by) != by {
            return Err("a gap that another writer than the recorder announces".to_owned());
        }
        let expected = self.writers.get(&gap.writer).copied().unwrap_or(0);
        if gap.first != expected || gap.next <= gap.first {
            let Gap { writer, first, next } = gap;
            return Err(format!(
                "a gap of writer {writer} from {first} to {next}, expected from {expected} on"
            ));
        }
        self.writers.insert(gap.writer, gap.next);
        self.gaps.push(gap);
        Ok(())
    }
}
