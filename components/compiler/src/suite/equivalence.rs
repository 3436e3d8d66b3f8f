//! Whether a change of a package can be noticed at all.

use aecp_vocabulary::Value;

use super::mutation::{Budget, size, tells_apart};
use super::requests::Requests;
use crate::core::{Package, Policy};
use crate::interpreter;

/// After so many requests that a changed policy judges differently, and the package does not, no more are tried.
const MASKED_LIMIT: u32 = 8;

/// A package, and a change of one of its policies.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The package.
    pub package: &'a Package,
    /// Which of its policies is changed.
    pub policy: u32,
    /// What it is changed to.
    pub mutant: &'a Policy,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// No test can notice the change.
    Same,
    /// A test with these values, one for each input of the package, can notice it.
    Different(Vec<Value>),
    /// It is not known.
    NotDecided,
}

/// Somebody who knows whether a change can be noticed.
pub trait Equivalence {
    /// Whether some request shows the change. Spends from `budget`, and has not decided when it is empty.
    fn judge(&self, question: &Question<'_>, budget: &mut Budget) -> Judgement;
}

impl<F: Fn(&Question<'_>, &mut Budget) -> Judgement> Equivalence for F {
    fn judge(&self, question: &Question<'_>, budget: &mut Budget) -> Judgement {
        self(question, budget)
    }
}

/// Tries all requests that conditions can tell apart, made from the constants that they mention.
///
/// For texts these are the constants and something else; for integers the constants and their neighbours; for sets
/// the subsets of what is looked for. Where attributes are compared with each other there are enough other values that
/// all can differ. So what agrees on all of them agrees on every request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BruteForce {
    /// Most requests that are tried for one question.
    pub requests: u64,
}

impl Default for BruteForce {
    fn default() -> Self {
        Self { requests: 20_000 }
    }
}

impl Equivalence for BruteForce {
    fn judge(&self, question: &Question<'_>, budget: &mut Budget) -> Judgement {
        self.try_all(question, budget).unwrap_or(Judgement::NotDecided)
    }
}

impl BruteForce {
    /// None if it is not decided.
    fn try_all(&self, question: &Question<'_>, budget: &mut Budget) -> Option<Judgement> {
        let package = question.package;
        let index = usize::try_from(question.policy).ok()?;
        let original = package.policies.get(index)?;
        let (alone, mutated_alone) = (
            package.with_policies(vec![original.clone()]),
            package.with_policies(vec![question.mutant.clone()]),
        );
        let both = cost(original).saturating_add(cost(question.mutant));
        let mut search = Search {
            question,
            index,
            mutated: None,
            cost: package
                .policies
                .iter()
                .fold(0, |sum, policy| cost(policy).saturating_add(sum)),
            fallback: None,
            masked: 0,
        };

        // What the policy says alone usually settles it.
        let same_mode = original.mode == question.mutant.mode;
        let mut agrees = true;
        for values in Requests::new(package, [original, question.mutant], self.requests)? {
            budget.spend(both).then_some(())?;
            let outcomes = interpreter::evaluate(&alone, &values);
            if same_mode && outcomes == interpreter::evaluate(&mutated_alone, &values) {
                continue;
            }
            agrees = false;
            if search.is_shown_by(&values, budget)? {
                return Some(Judgement::Different(values));
            }
            if search.masked >= MASKED_LIMIT {
                break;
            }
        }
        if agrees {
            return Some(Judgement::Same);
        }
        if let Some(values) = search.fallback {
            return Some(Judgement::Different(values));
        }

        // Other policies may hide it from every decision.
        let all = package.policies.iter().chain([question.mutant]);
        for values in Requests::new(package, all, self.requests)? {
            if search.is_shown_by(&values, budget)? {
                return Some(Judgement::Different(values));
            }
        }
        Some(search.fallback.map_or(Judgement::Same, Judgement::Different))
    }
}

fn cost(policy: &Policy) -> u64 {
    size(&policy.scope).saturating_add(size(&policy.constraint))
}

/// The search for a request that shows the change.
struct Search<'a> {
    question: &'a Question<'a>,
    index: usize,
    /// The package with the change, once it is needed.
    mutated: Option<Package>,
    cost: u64,
    /// A request with the same verdict and other reasons: it will do if there is no better one.
    fallback: Option<Vec<Value>>,
    masked: u32,
}

impl Search<'_> {
    /// Whether the verdicts differ; none if the budget is spent.
    fn is_shown_by(&mut self, values: &[Value], budget: &mut Budget) -> Option<bool> {
        budget.spend(self.cost.saturating_mul(2)).then_some(())?;
        let Question { package, mutant, .. } = self.question;
        let mutated = match self.mutated.take() {
            Some(mutated) => mutated,
            None => {
                let mut policies = package.policies.clone();
                *policies.get_mut(self.index)? = (*mutant).clone();
                package.with_policies(policies)
            }
        };
        let apart = tells_apart(package, &mutated, values);
        self.mutated = Some(mutated);
        if apart == Some(false) {
            self.fallback.get_or_insert_with(|| values.to_vec());
        }
        self.masked = self.masked.saturating_add(1);
        Some(apart == Some(true))
    }
}
