//! Texts that the package does not mention, for questions to try.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::pattern::{Asked, Language};

/// Steps of a search for texts that are one step of the solver.
const STEP: u64 = 4;

/// Most languages that are kept for further questions.
const KEPT: usize = 256;

/// Texts for inputs that are held against patterns, and for others.
#[derive(Debug)]
pub(super) struct Others {
    /// Texts that the package does not have, one for each text input.
    pub(super) plain: Vec<String>,
    /// None for those that are too large.
    languages: BTreeMap<BTreeSet<Asked>, Option<Arc<Language>>>,
    /// Most steps of the solver for the texts of one group of inputs.
    each: u64,
    /// Steps of the solver that are left.
    left: u64,
}

impl Others {
    pub(super) fn new(plain: Vec<String>, each: u64) -> Self {
        Self {
            plain,
            languages: BTreeMap::new(),
            each,
            left: 0,
        }
    }

    /// Takes over the steps of the solver.
    pub(super) fn allow(&mut self, steps: u64) {
        self.left = steps;
    }

    /// How many steps of the solver are left.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// For every way in which texts can answer all that is asked, up to `count` texts that are none of `excluded`.
    /// None if they cannot be found inside the budget. What it costs hangs on the question alone, so that it does not
    /// matter what was asked before.
    pub(super) fn texts(
        &mut self,
        asked: BTreeSet<Asked>,
        count: usize,
        excluded: &BTreeSet<&str>,
    ) -> Option<Vec<String>> {
        let allowed = self.each.min(self.left);
        let all = usize::try_from(allowed.saturating_mul(STEP)).unwrap_or(usize::MAX);
        if allowed == 0 {
            return None;
        }
        let language = self.language(asked);
        let found = language.and_then(|language| {
            let mut steps = all.checked_sub(language.size())?;
            let texts = language.texts(count, excluded, &self.plain, &mut steps)?;
            Some((texts, steps))
        });
        let unused = found.as_ref().map_or(0, |(_, steps)| *steps);
        let spent = u64::try_from(all.saturating_sub(unused)).unwrap_or(u64::MAX);
        self.left = self.left.saturating_sub(spent.div_ceil(STEP));
        found.map(|(texts, _)| texts)
    }

    fn language(&mut self, asked: BTreeSet<Asked>) -> Option<Arc<Language>> {
        if let Some(known) = self.languages.get(&asked) {
            return known.clone();
        }
        let language = Language::of(&asked).map(Arc::new);
        if self.languages.len() < KEPT {
            self.languages.insert(asked, language.clone());
        }
        language
    }
}
