//! What went wrong in calls, by kind.

use aecp_engine::Failure;

use crate::book::Book;
use crate::catalogue::Id;

/// The first failure of each kind, over all calls of one component.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    trapped: Option<String>,
    late: Option<String>,
    greedy: Option<String>,
    malformed: Option<String>,
    reported: Option<String>,
}

impl Calls {
    /// Takes down that `call`, a phrase such as "`evaluate` with every attribute absent", failed.
    pub(crate) fn failed(&mut self, call: &str, failure: &Failure) {
        let first = match failure {
            Failure::Trapped(_) => &mut self.trapped,
            Failure::Deadline => &mut self.late,
            Failure::Memory(_) => &mut self.greedy,
            Failure::Malformed(_) => &mut self.malformed,
            Failure::Reported(_) => &mut self.reported,
        };
        first.get_or_insert_with(|| format!("{call} {failure}"));
    }

    /// Takes down only what no input excuses: time and memory.
    pub(crate) fn failed_on_hostile_input(&mut self, call: &str, failure: &Failure) {
        if matches!(failure, Failure::Deadline | Failure::Memory(_)) {
            self.failed(call, failure);
        }
    }

    /// Takes down a result that the engine let through and the contract does not.
    pub(crate) fn malformed(&mut self, detail: String) {
        self.malformed.get_or_insert(detail);
    }

    /// Whether a call used up its time or memory. Then no more calls are made: each would cost as much.
    pub(crate) fn exhausted(&self) -> bool {
        self.late.is_some() || self.greedy.is_some()
    }

    /// Settles the checks of time, memory and traps, and `well_formed` with what was malformed. Returns the first
    /// error that the component reported.
    pub(crate) fn settle(self, book: &mut Book<'_>, well_formed: Id) -> Option<String> {
        book.settle(Id::NeverTraps, self.trapped);
        book.settle(Id::EndsInTime, self.late);
        book.settle(Id::StaysInMemory, self.greedy);
        book.settle(well_formed, self.malformed);
        self.reported
    }
}

/// Calls once more if the call ran out of time. Limits are of the clock, and on a busy machine a call can lose its
/// processor for that long; what is late twice is late.
pub(crate) fn patiently<T>(mut call: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    match call() {
        Err(Failure::Deadline) => call(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_once_is_forgiven_and_late_twice_is_late() {
        let mut answers = vec![Ok(1), Err(Failure::Deadline)];
        assert_eq!(patiently(|| answers.pop().unwrap()), Ok(1));
        assert_eq!(
            patiently(|| Err::<(), _>(Failure::Deadline)),
            Err(Failure::Deadline)
        );
    }
}
