//! Takes down results while checks run.

use aecp_engine::Contract;

use crate::catalogue::{self, Id};
use crate::report::{Check, CheckResult, Report};

/// The results so far. Each check is settled once: what is said of it later changes nothing.
pub(crate) struct Book<'a> {
    settled: Vec<(Id, CheckResult)>,
    observe: &'a mut dyn FnMut(&Check),
}

impl<'a> Book<'a> {
    pub(crate) fn new(observe: &'a mut dyn FnMut(&Check)) -> Self {
        Self {
            settled: Vec::new(),
            observe,
        }
    }

    pub(crate) fn pass(&mut self, id: Id) {
        self.note(id, CheckResult::Passed);
    }

    pub(crate) fn fail(&mut self, id: Id, detail: impl Into<String>) {
        self.note(id, CheckResult::Failed(detail.into()));
    }

    pub(crate) fn skip(&mut self, id: Id, reason: impl Into<String>) {
        self.note(id, CheckResult::Skipped(reason.into()));
    }

    /// Fails with the first thing that was found wrong, if there is one, else passes.
    pub(crate) fn settle(&mut self, id: Id, wrong: Option<String>) {
        self.note(id, wrong.map_or(CheckResult::Passed, CheckResult::Failed));
    }

    /// Whether a check has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.first_failed().is_some()
    }

    /// The report: what no check came to is skipped and says why.
    pub(crate) fn close(mut self, contract: Option<Contract>) -> Report {
        let reason = match self.first_failed() {
            Some(id) => format!("not reached, for `{}` failed", id.name()),
            None => "not reached".to_owned(),
        };
        for id in catalogue::of(contract) {
            self.skip(*id, reason.clone());
        }
        let mut checks = Vec::new();
        for id in catalogue::of(contract) {
            if let Some((_, result)) = self.settled.iter().find(|(settled, _)| settled == id) {
                checks.push(check(*id, result.clone()));
            }
        }
        Report { contract, checks }
    }

    fn first_failed(&self) -> Option<Id> {
        let failed = |(_, result): &&(Id, CheckResult)| matches!(result, CheckResult::Failed(_));
        self.settled.iter().find(failed).map(|(id, _)| *id)
    }

    fn note(&mut self, id: Id, result: CheckResult) {
        if self.settled.iter().any(|(settled, _)| *settled == id) {
            return;
        }
        (self.observe)(&check(id, result.clone()));
        self.settled.push((id, result));
    }
}

fn check(id: Id, result: CheckResult) -> Check {
    Check {
        id: id.name(),
        title: id.title(),
        result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_reached_is_skipped_and_says_why() {
        let mut seen = Vec::new();
        let mut observe = |check: &Check| seen.push(check.id);
        let mut book = Book::new(&mut observe);
        book.pass(Id::ComponentValid);
        book.fail(Id::ContractExported, "nothing");
        let report = book.close(None);
        assert!(!report.passed());
        let mut book = Book::new(&mut observe);
        book.fail(Id::ImportsGranted, "a way out");
        let report = book.close(Some(Contract::Policy));
        let last = report.checks.last().unwrap();
        assert_eq!(
            last.result,
            CheckResult::Skipped("not reached, for `imports-granted` failed".into())
        );
        assert_eq!(report.checks.len(), catalogue::of(Some(Contract::Policy)).len());
        assert_eq!(seen.first(), Some(&"component-valid"));
    }

    #[test]
    fn the_first_word_stands() {
        let mut observe = |_: &Check| {};
        let mut book = Book::new(&mut observe);
        book.fail(Id::NeverTraps, "it trapped");
        book.pass(Id::NeverTraps);
        assert!(book.has_failed());
    }
}
