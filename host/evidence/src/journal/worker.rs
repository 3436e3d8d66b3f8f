//! The thread that brings a journal to stable storage.

use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use super::{Shared, State};
use crate::storage::LogFile;

/// What one sync has to cover.
struct Batch {
    logs: Vec<Arc<dyn LogFile>>,
    new_names: bool,
    has_personal: bool,
    bytes: u64,
    next_sequence: u64,
}

/// How long syncs take: the longest of late, which is forgotten slowly.
#[derive(Default)]
struct Pace {
    longest: Duration,
}

impl Pace {
    fn took(&mut self, time: Duration) {
        let forgotten = self.longest.mul_f64(0.875);
        self.longest = forgotten.max(time);
    }

    /// How long a leaf may wait so that it is on stable storage `within` a time: half of it, until more is known.
    fn begin_after(&self, within: Duration) -> Duration {
        if self.longest.is_zero() {
            return within.mul_f64(0.5);
        }
        within.saturating_sub(self.longest.saturating_mul(2))
    }
}

/// Runs until the journal closes or breaks.
pub(super) fn run(shared: &Shared) {
    // A poisoned lock means that a thread panicked inside an append; appends fail from then on, and so does this.
    let Ok(mut state) = shared.lock() else { return };
    let mut pace = Pace::default();
    while state.broken.is_none() {
        let Some(since) = state.unsynced_since else {
            if state.closing {
                return;
            }
            match shared.work.wait(state) {
                Ok(woken) => state = woken,
                Err(_) => return,
            }
            continue;
        };
        let rest = pace
            .begin_after(shared.limits.within)
            .saturating_sub(since.elapsed());
        if !rest.is_zero() && !state.urgent && !state.closing {
            match shared.work.wait_timeout(state, rest) {
                Ok((woken, _)) => state = woken,
                Err(_) => return,
            }
            continue;
        }
        let batch = match collect(shared, &mut state) {
            Ok(batch) => batch,
            Err(error) => {
                shared.break_down(&mut state, "write", &error);
                return;
            }
        };
        drop(state);
        let began = Instant::now();
        let result = sync(shared, &batch);
        pace.took(began.elapsed());
        // Earlier segments stay locked until here, so that no reader takes their writer for dead.
        let Ok(locked) = shared.lock() else { return };
        state = locked;
        match result {
            Ok(()) => done(shared, &mut state, &batch),
            Err(error) => {
                shared.break_down(&mut state, "sync", &error);
            }
        }
    }
}

fn collect(shared: &Shared, state: &mut MutexGuard<'_, State>) -> std::io::Result<Batch> {
    shared.flush(state)?;
    let mut logs = std::mem::take(&mut state.retired);
    // Openings first, as they were written.
    logs.extend(state.personal_log.clone());
    logs.push(Arc::clone(&state.log));
    state.unsynced_since = None;
    state.urgent = false;
    Ok(Batch {
        logs,
        new_names: std::mem::take(&mut state.new_names),
        has_personal: state.personal_log.is_some(),
        bytes: state.unsynced,
        next_sequence: state.next_sequence,
    })
}

fn sync(shared: &Shared, batch: &Batch) -> std::io::Result<()> {
    for log in &batch.logs {
        log.sync()?;
    }
    if batch.new_names {
        shared.storage.sync_folder(&shared.folder)?;
        if batch.has_personal {
            shared.storage.sync_folder(&shared.personal_folder)?;
        }
    }
    Ok(())
}

fn done(shared: &Shared, state: &mut State, batch: &Batch) {
    state.unsynced = state.unsynced.saturating_sub(batch.bytes);
    if state.unsynced > 0 && state.unsynced_since.is_none() {
        state.unsynced_since = Some(Instant::now());
    }
    shared
        .synced
        .send_modify(|synced| synced.next_sequence = batch.next_sequence);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syncs_begin_as_early_as_storage_is_slow() {
        let ms = Duration::from_millis;
        let mut pace = Pace::default();
        assert_eq!(pace.begin_after(ms(10)), ms(5));
        pace.took(ms(1));
        assert_eq!(pace.begin_after(ms(10)), ms(8));
        pace.took(ms(40));
        assert_eq!(pace.begin_after(ms(10)), ms(0));
        for _ in 0..30 {
            pace.took(ms(1));
        }
        assert_eq!(pace.begin_after(ms(10)), ms(8));
    }
}
