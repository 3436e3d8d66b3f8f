//! The checks of `aecp:audit`.
//!
//! - [`outlet`]: endpoints that record what they are sent. [`batches`]: what the sink is given.

mod batches;
mod outlet;

use std::sync::Arc;

use aecp_engine::sink::{DeliveryError, Entry, SinkDescription};
use aecp_engine::{Failure, Runtime, Sink};

use crate::book::Book;
use crate::calls::{Calls, patiently};
use crate::catalogue::Id;
use crate::configuration;
use crate::loading::patiently_loaded;

use batches::{Batch, marker};
use outlet::{Endpoints, Mood, Sent};

/// When deliveries take place: 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600_000_000_000;

/// Runs every check of an audit sink.
pub(crate) fn examine(runtime: &Runtime, native: &[u8], given: Option<&[u8]>, book: &mut Book<'_>) {
    let endpoints = Arc::new(Endpoints::default());
    let load = |configuration: &[u8]| {
        let sink = Sink::load(runtime, native, configuration, endpoints.clone())?;
        Ok((sink, configuration.to_vec()))
    };
    let Some((sink, configuration)) = configuration::examine(book, given, &load) else {
        return;
    };
    book.settle(Id::DescriptionValid, wrong(sink.description()));
    let again = patiently_loaded(|| Sink::load(runtime, native, &configuration, endpoints.clone()));
    let unstable = match again {
        Ok(again) if again.description() == sink.description() => None,
        Ok(_) => Some("two instances describe themselves differently".to_owned()),
        Err(error) => Some(format!("a second instance, in contrast to the first, {error}")),
    };
    book.settle(Id::DescriptionStable, unstable);
    let deliver = |batch: &[Entry]| sink.deliver(batch, NOW);
    let subject = Subject {
        batch: sink.description().batch,
        deliver: &deliver,
        endpoints: &endpoints,
    };
    hold_to_contract(&subject, book);
}

/// What a description must keep beyond what the engine insists on.
fn wrong(description: &SinkDescription) -> Option<String> {
    if description.name.is_empty() {
        return Some("it has no name".to_owned());
    }
    if let Err(error) = semver::Version::parse(&description.version) {
        return Some(format!(
            "version `{}` is not semantic (semver.org): {error}",
            description.version
        ));
    }
    let mut endpoints: Vec<&String> = description.endpoints.iter().collect();
    endpoints.sort();
    if endpoints.is_empty() || endpoints.iter().any(|endpoint| endpoint.is_empty()) {
        return Some("it declares no endpoint, or one without name; it can send nowhere else".to_owned());
    }
    let twice = endpoints.windows(2).find_map(|pair| {
        matches!(pair, [one, two] if one == two)
            .then(|| pair.first())
            .flatten()
    });
    twice.map(|endpoint| format!("it declares endpoint `{endpoint}` twice"))
}

/// A sink between the kit's batches and the kit's endpoints.
struct Subject<'a> {
    /// Most entries that the sink wants at a time.
    batch: u32,
    deliver: &'a dyn Fn(&[Entry]) -> Result<usize, DeliveryError>,
    endpoints: &'a Endpoints,
}

/// What came of one delivery.
#[derive(Debug, PartialEq, Eq)]
struct Delivery {
    answer: Result<usize, DeliveryError>,
    sent: Vec<Sent>,
}

impl Subject<'_> {
    fn deliver(&self, mood: Mood, batch: &Batch, calls: &mut Calls) -> Delivery {
        let mut answer = Err(DeliveryError::Failed(Failure::Deadline));
        let outcome = patiently(|| {
            self.endpoints.reset(mood);
            answer = (self.deliver)(&batch.entries);
            match &answer {
                Err(DeliveryError::Failed(failure)) => Err(failure.clone()),
                _ => Ok(()),
            }
        });
        if let Err(failure) = outcome {
            calls.failed(&format!("`deliver` of {}", batch.name), &failure);
        }
        Delivery {
            answer,
            sent: self.endpoints.sent(),
        }
    }
}

fn hold_to_contract(subject: &Subject<'_>, book: &mut Book<'_>) {
    let mut calls = Calls::default();
    let checks: [fn(&Subject<'_>, &mut Calls, &mut Book<'_>); 4] = [
        takes_empty,
        takes_when_open,
        takes_nothing_when_shut,
        repeats_itself,
    ];
    for check in checks {
        check(subject, &mut calls, book);
        if calls.exhausted() {
            break;
        }
    }
    let _ = calls.settle(book, Id::CountWithinBatch);
}

fn takes_empty(subject: &Subject<'_>, calls: &mut Calls, book: &mut Book<'_>) {
    let empty = Batch::new("an empty batch", 0, 0);
    let wrong = match subject.deliver(Mood::Open, &empty, calls).answer {
        Ok(_) | Err(DeliveryError::Failed(_)) => None,
        Err(error) => Some(format!("an empty batch was {error}")),
    };
    book.settle(Id::EmptyBatchTaken, wrong);
}

/// Endpoints that take everything, and then some that take only the first message.
fn takes_when_open(subject: &Subject<'_>, calls: &mut Calls, book: &mut Book<'_>) {
    let (mut stuck, mut lost) = (None, None);
    let (mut textual, mut answered) = (false, false);
    for batch in batches::valid(subject.batch) {
        let name = batch.name;
        let open = subject.deliver(Mood::Open, &batch, calls);
        match &open.answer {
            Err(error @ (DeliveryError::Retry(_) | DeliveryError::Refused(_))) => {
                stuck.get_or_insert_with(|| {
                    let came = match open.sent.len() {
                        0 => "no message came to an endpoint that it declares".to_owned(),
                        count => format!("the endpoints that it declares took all of {count} messages"),
                    };
                    format!(
                        "{name} was {error}, and {came}; a message to any other endpoint comes back as \
                         `unknown-endpoint`"
                    )
                });
            }
            answer => {
                answered |= answer.is_ok();
                lost = lost.or_else(|| missing(&batch, &open, &mut textual));
            }
        }
        if calls.exhausted() {
            break;
        }
        let half = subject.deliver(Mood::OpenOnce, &batch, calls);
        lost = lost.or_else(|| missing(&batch, &half, &mut textual));
        if calls.exhausted() {
            break;
        }
    }
    if stuck.is_none() && !answered {
        book.skip(
            Id::DeliversToDeclaredEndpoints,
            "no call of `deliver` gave an answer",
        );
    } else {
        book.settle(Id::DeliversToDeclaredEndpoints, stuck);
    }
    if lost.is_none() && !textual {
        book.skip(
            Id::TakesOnlyWhatWasSent,
            "no message that was taken shows its entries as text, so nothing can be told",
        );
    } else {
        book.settle(Id::TakesOnlyWhatWasSent, lost);
    }
}

/// The first entry that the sink says it took and that no endpoint took.
fn missing(batch: &Batch, delivery: &Delivery, textual: &mut bool) -> Option<String> {
    let Ok(taken) = delivery.answer else { return None };
    let taken = batch.entries.get(..taken)?;
    if taken.is_empty() {
        return None;
    }
    let took = || delivery.sent.iter().filter(|sent| sent.taken);
    if took().next().is_none() {
        return Some(format!(
            "of {} it says that it took {} entries, and no endpoint took a message",
            batch.name,
            taken.len()
        ));
    }
    let seen: Vec<Vec<u64>> = took().map(|sent| batches::markers(&sent.message)).collect();
    let shows = |entry: &Entry| seen.iter().any(|seen| seen.binary_search(&entry.index).is_ok());
    if !batch.entries.iter().any(shows) {
        return None;
    }
    *textual = true;
    let lost = taken.iter().find(|entry| !shows(entry))?;
    Some(format!(
        "of {} it says that it took {} entries, but {} (`{}`) is in no message that an endpoint took",
        batch.name,
        taken.len(),
        lost.index,
        marker(lost.index)
    ))
}

fn takes_nothing_when_shut(subject: &Subject<'_>, calls: &mut Calls, book: &mut Book<'_>) {
    for (id, mood, how) in [
        (Id::UnavailableIsNotTaken, Mood::Unavailable, "was unavailable"),
        (Id::RejectedIsNotTaken, Mood::Rejecting, "rejected it"),
    ] {
        let mut wrong = None;
        for batch in batches::valid(subject.batch) {
            let delivery = subject.deliver(mood, &batch, calls);
            if let Ok(taken) = delivery.answer {
                wrong.get_or_insert_with(|| {
                    format!(
                        "of {} it says that it took {taken} entries while every endpoint {how}",
                        batch.name
                    )
                });
            }
            if calls.exhausted() {
                return;
            }
        }
        book.settle(id, wrong);
    }
}

fn repeats_itself(subject: &Subject<'_>, calls: &mut Calls, book: &mut Book<'_>) {
    let differs = |batch: &Batch| {
        let first = subject.deliver(Mood::Open, batch, calls);
        subject.deliver(Mood::Open, batch, calls) != first
    };
    let wrong = batches::valid(subject.batch).into_iter().rev().find(differs);
    let wrong = wrong.map(|batch| {
        format!(
            "given {} twice, it gave two answers or sent other messages",
            batch.name
        )
    });
    book.settle(Id::Deterministic, wrong);
}

#[cfg(test)]
mod tests;
