//! Doing several things at the same time, but only so many.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;

/// Does `each` for every item, `workers` at a time, and gives the results in the order of the items. After a failure
/// nothing new is begun; of several failures the one of the first item is returned.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    workers: usize,
    items: &[T],
    each: impl Fn(&T) -> Result<R, Error> + Sync,
) -> Result<Vec<R>, Error> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let results = Mutex::new(BTreeMap::new());
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { break };
            let result = each(item);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            results
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(index, result);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers.min(items.len()) {
            // Where there is no thread to be had, those that there are do all of it.
            let thread = std::thread::Builder::new().name("aecp-oci".to_owned());
            let _ = thread.spawn_scoped(scope, work);
        }
        work();
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(item: usize) -> Error {
        Error::Unreachable {
            action: "try",
            location: item.to_string(),
            reason: String::new(),
        }
    }

    #[test]
    fn results_come_in_order_and_no_more_work_at_once_than_may() {
        let (working, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let items: Vec<usize> = (0..200).collect();
        let results = in_parallel(4, &items, |item| {
            most.fetch_max(working.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::yield_now();
            working.fetch_sub(1, Ordering::SeqCst);
            Ok(item * 2)
        });
        assert_eq!(
            results.unwrap(),
            items.iter().map(|item| item * 2).collect::<Vec<_>>()
        );
        assert!((1..=4).contains(&most.into_inner()));
    }

    #[test]
    fn nothing_new_is_begun_after_a_failure() {
        let begun = AtomicUsize::new(0);
        let items: Vec<usize> = (0..10_000).collect();
        let result = in_parallel(3, &items, |item| {
            begun.fetch_add(1, Ordering::SeqCst);
            if *item == 5 { Err(failure(*item)) } else { Ok(()) }
        });
        assert!(matches!(result, Err(Error::Unreachable { location, .. }) if location == "5"));
        assert!(begun.into_inner() < 10_000);
    }
}
