#![allow(clippy::arithmetic_side_effects)]

use std::cell::Cell;

use aecp_engine::Outlet as _;
use aecp_engine::sink::SendError;

use super::*;
use crate::report::{Check, CheckResult};

type Deliver<'a> = &'a dyn Fn(&Endpoints, &[Entry]) -> Result<usize, DeliveryError>;

fn results(deliver: Deliver<'_>) -> Vec<(&'static str, CheckResult)> {
    let endpoints = Endpoints::default();
    let subject = Subject {
        batch: 300,
        deliver: &|batch| deliver(&endpoints, batch),
        endpoints: &endpoints,
    };
    let mut results = Vec::new();
    let mut observe = |check: &Check| results.push((check.id, check.result.clone()));
    hold_to_contract(&subject, &mut Book::new(&mut observe));
    results
}

fn failed(results: &[(&'static str, CheckResult)]) -> Vec<&'static str> {
    let failed = results
        .iter()
        .filter(|(_, result)| matches!(result, CheckResult::Failed(_)));
    failed.map(|(id, _)| *id).collect()
}

/// One message for each entry, and no more after the first that is not taken.
fn honest(endpoints: &Endpoints, batch: &[Entry]) -> Result<usize, DeliveryError> {
    let mut taken = 0;
    for entry in batch {
        match endpoints.send("archive", "application/json", entry.json.as_bytes()) {
            Ok(()) => taken += 1,
            Err(_) if taken > 0 => break,
            Err(SendError::Unavailable(why)) => return Err(DeliveryError::Retry(why)),
            Err(error) => return Err(DeliveryError::Refused(error.to_string())),
        }
    }
    Ok(taken)
}

#[test]
fn an_honest_sink_passes() {
    assert_eq!(failed(&results(&honest)), [""; 0]);
}

#[test]
fn a_sink_that_says_it_took_more_than_was_sent_is_found() {
    let boasts = |endpoints: &Endpoints, batch: &[Entry]| {
        let _ = honest(endpoints, batch);
        Ok(batch.len())
    };
    assert_eq!(
        failed(&results(&boasts)),
        [
            "takes-only-what-was-sent",
            "unavailable-is-not-taken",
            "rejected-is-not-taken"
        ]
    );
    let silent = |_: &Endpoints, batch: &[Entry]| Ok(batch.len());
    assert!(failed(&results(&silent)).contains(&"takes-only-what-was-sent"));
    let drops_the_second = |endpoints: &Endpoints, batch: &[Entry]| {
        let kept: Vec<Entry> = batch
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != 1)
            .map(|(_, entry)| entry.clone())
            .collect();
        honest(endpoints, &kept).map(|taken| if taken > 1 { taken + 1 } else { taken })
    };
    assert_eq!(failed(&results(&drops_the_second)), ["takes-only-what-was-sent"]);
}

#[test]
fn what_cannot_be_told_is_skipped() {
    let opaque = |endpoints: &Endpoints, batch: &[Entry]| {
        if batch.is_empty() {
            return Ok(0);
        }
        match endpoints.send("archive", "application/octet-stream", &[0; 16]) {
            Ok(()) => Ok(batch.len()),
            Err(error) => Err(DeliveryError::Retry(error.to_string())),
        }
    };
    let results = results(&opaque);
    assert_eq!(failed(&results), [""; 0]);
    let skipped = |(id, result): &(&str, CheckResult)| {
        *id == "takes-only-what-was-sent" && matches!(result, CheckResult::Skipped(_))
    };
    assert!(results.iter().any(skipped));
}

#[test]
fn a_sink_that_never_delivers_or_changes_its_mind_is_found() {
    let stuck = |_: &Endpoints, _: &[Entry]| Err(DeliveryError::Retry("later".into()));
    assert_eq!(
        failed(&results(&stuck)),
        ["empty-batch-taken", "delivers-to-declared-endpoints"]
    );
    let number = Cell::new(0_u64);
    let numbers = |endpoints: &Endpoints, batch: &[Entry]| {
        let mut batch = batch.to_vec();
        number.set(number.get() + 1);
        for entry in &mut batch {
            entry.json.push_str(&number.get().to_string());
        }
        honest(endpoints, &batch)
    };
    assert_eq!(failed(&results(&numbers)), ["deterministic"]);
}

#[test]
fn a_count_that_the_engine_refuses_is_named() {
    let wrong = |_: &Endpoints, batch: &[Entry]| {
        if batch.is_empty() {
            return Ok(0);
        }
        Err(DeliveryError::Failed(Failure::Malformed("it took 8 of 7".into())))
    };
    assert_eq!(failed(&results(&wrong)), ["count-within-batch"]);
}

#[test]
fn endpoints_are_declared_each_once() {
    let description = |endpoints: &[&str]| SinkDescription {
        name: "s".into(),
        version: "1.0.0".into(),
        endpoints: endpoints.iter().map(|name| (*name).to_owned()).collect(),
        batch: 1,
    };
    assert_eq!(wrong(&description(&["a", "b"])), None);
    for bad in [vec![], vec![""], vec!["a", "a"]] {
        assert!(wrong(&description(&bad)).is_some());
    }
}
