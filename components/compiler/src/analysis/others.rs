//! Texts that the package does not mention, for questions to try.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::pattern::{Asked, Language};

/// Steps of a search for texts that are one step of the solver.
const STEP: u64 = 4;

/// Steps that a language costs that is too large to be searched.
const TOO_LARGE: usize = 100_000;

/// Most steps of a search for the texts of one question.
const SEARCH: usize = 100_000;

/// Most languages that are kept for further questions.
const KEPT: usize = 256;

/// Texts for inputs that are held against patterns, and for others.
#[derive(Debug)]
pub(super) struct Others {
    /// Texts that the package does not have, one for each text input.
    pub(super) plain: Vec<String>,
    /// None for those that are too large.
    languages: BTreeMap<BTreeSet<Asked>, Option<Arc<Language>>>,
    /// What may still be done before the solver is asked for more.
    steps: usize,
}

impl Others {
    pub(super) fn new(plain: Vec<String>) -> Self {
        Self {
            plain,
            languages: BTreeMap::new(),
            steps: 0,
        }
    }

    /// Takes over so many steps of the solver.
    pub(super) fn allow(&mut self, steps: u64) {
        self.steps = usize::try_from(steps.saturating_mul(STEP)).unwrap_or(usize::MAX);
    }

    /// How many steps of the solver are left.
    pub(super) fn left(&self) -> u64 {
        u64::try_from(self.steps).unwrap_or(u64::MAX) / STEP
    }

    /// For every way in which texts can answer all that is asked, up to `count` texts that are none of `excluded`.
    /// None if they cannot be found inside the budget.
    pub(super) fn texts(
        &mut self,
        asked: BTreeSet<Asked>,
        count: usize,
        excluded: &BTreeSet<&str>,
    ) -> Option<Vec<String>> {
        if self.steps == 0 {
            return None;
        }
        let language = match self.languages.get(&asked) {
            Some(known) => known.clone(),
            None => {
                let language = Language::of(&asked).map(Arc::new);
                let size = language.as_ref().map_or(TOO_LARGE, |language| language.size());
                self.steps = self.steps.saturating_sub(size);
                if self.languages.len() < KEPT {
                    self.languages.insert(asked, language.clone());
                }
                language
            }
        };
        let allowed = self.steps.min(SEARCH);
        let mut left = allowed;
        let found = language?.texts(count, excluded, &self.plain, &mut left);
        let spent = if found.is_some() {
            allowed.saturating_sub(left)
        } else {
            allowed
        };
        self.steps = self.steps.saturating_sub(spent);
        found
    }
}
