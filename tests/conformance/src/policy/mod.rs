//! The checks of `aecp:policy`.
//!
//! - [`inputs`]: what the component is asked with. [`laws`]: what must hold between answers.
//! - [`described`]: what a description must keep beyond what the engine insists on.

mod described;
mod inputs;
mod laws;

use aecp_engine::{Failure, Instances, PolicyComponent, Runtime};
use aecp_vocabulary::{ComponentDescription, Outcomes, Value};

use crate::book::Book;
use crate::calls::{Calls, patiently};
use crate::catalogue::Id;
use crate::loading::{self, patiently_loaded};

use inputs::{Case, Sample};

/// What a component says of one input.
type Answer = Result<Outcomes, Failure>;

/// A policy component, as far as laws know it.
struct Subject<'a> {
    description: &'a ComponentDescription,
    /// Asks a fresh instance.
    fresh: &'a dyn Fn(&[Value]) -> Answer,
    /// Asks one instance that lives on.
    lasting: &'a dyn Fn(&[Value]) -> Answer,
}

/// Runs every check of a policy component.
pub(crate) fn examine(runtime: &Runtime, native: &[u8], book: &mut Book<'_>) {
    let load = |instances| patiently_loaded(|| PolicyComponent::load(runtime, native, instances));
    let component = match load(Instances::Fresh) {
        Ok(component) => component,
        Err(error) => return loading::refused(book, &error),
    };
    loading::loaded(book);
    book.settle(Id::DescriptionValid, described::wrong(component.description()));
    let again = match load(Instances::Warm) {
        Ok(again) => again,
        Err(error) => {
            return book.fail(
                Id::DescriptionStable,
                format!("a second instance, in contrast to the first, {error}"),
            );
        }
    };
    book.settle(
        Id::DescriptionStable,
        (again.description() != component.description())
            .then(|| "two instances describe themselves differently".to_owned()),
    );
    let subject = Subject {
        description: component.description(),
        fresh: &|values| patiently(|| component.evaluate(values)),
        lasting: &|values| patiently(|| again.evaluate(values)),
    };
    hold_to_laws(&subject, book);
}

fn hold_to_laws(subject: &Subject<'_>, book: &mut Book<'_>) {
    let sample = Sample::of(subject.description);
    let mut calls = Calls::default();
    let mut answers = Vec::with_capacity(sample.cases.len());
    for case in &sample.cases {
        let answer = (subject.fresh)(&case.values);
        if let Err(failure) = &answer {
            calls.failed(&format!("`evaluate` with {}", case.name), failure);
        }
        answers.push(answer);
        if calls.exhausted() {
            break;
        }
    }
    let asked: Vec<(&Case, &Answer)> = sample.cases.iter().zip(&answers).collect();
    if !calls.exhausted() && answers.iter().any(Result::is_ok) {
        book.settle(Id::Deterministic, laws::deterministic(subject, &asked));
        book.settle(Id::Stateless, laws::stateless(subject, &asked));
        let (reads, unknown) = laws::honest(subject, &sample, &asked, &mut calls);
        book.settle(Id::ReadsHonest, reads);
        book.settle(Id::UnknownDecidesNothing, unknown);
        book.settle(
            Id::WrongCountRefused,
            laws::wrong_count(subject, &asked, &mut calls),
        );
        if subject.description.inputs.is_empty() {
            book.skip(Id::WrongTypesUnknown, "it has no inputs");
        } else {
            book.settle(
                Id::WrongTypesUnknown,
                laws::wrong_types(subject, &asked, &mut calls),
            );
        }
    }
    let reported = calls.settle(book, Id::OutcomesWellFormed);
    book.settle(Id::AnswersValidInputs, reported);
}
