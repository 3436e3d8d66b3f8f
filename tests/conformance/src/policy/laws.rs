//! What must hold between answers.

use aecp_vocabulary::policy::{Input, PolicyDescription};
use aecp_vocabulary::{Outcome, Outcomes, Value};

use super::inputs::{Case, Sample, spread};
use super::{Answer, Subject};
use crate::calls::Calls;
use crate::generator::Generator;
use crate::values::of_other_types;

/// How many cases are varied position by position.
const VARIED: usize = 8;

/// What one policy says of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Said {
    /// Whether its scope is true.
    applied: bool,
    /// Its finding: outcome and obligations.
    finding: Option<(Outcome, Vec<u32>)>,
}

impl Said {
    fn of(outcomes: &Outcomes, policy: u32) -> Self {
        let place = outcomes
            .findings
            .binary_search_by_key(&policy, |finding| finding.policy);
        let finding = place.ok().and_then(|place| outcomes.findings.get(place));
        Self {
            applied: outcomes.applied.binary_search(&policy).is_ok(),
            finding: finding.map(|finding| (finding.outcome, finding.obligations.clone())),
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        match &self.finding {
            Some((outcome, _)) => Some(*outcome),
            None => self.applied.then_some(Outcome::Satisfied),
        }
    }

    /// Whether this, said with less known, leaves room for `known`, said with more known: what has been told stays.
    fn leaves_room_for(&self, known: &Self) -> bool {
        match (self.applied, self.outcome()) {
            // The scope was unknown: anything may come of it.
            (false, Some(_)) => true,
            (true, Some(Outcome::Indeterminate)) => known.applied,
            (_, told) => known.applied == self.applied && known.outcome() == told,
        }
    }

    fn name(&self) -> &'static str {
        self.outcome().map_or("not applicable", Outcome::name)
    }
}

/// Equal inputs, equal answers: each case again in a fresh instance, in the opposite order.
pub(super) fn deterministic(subject: &Subject<'_>, asked: &[(&Case, &Answer)]) -> Option<String> {
    let differs = |(case, answer): &&(&Case, &Answer)| {
        let again = (subject.fresh)(&case.values);
        again != **answer
    };
    let (case, _) = asked.iter().rev().find(differs)?;
    Some(format!("asked twice with {}, it gave two answers", case.name))
}

/// One instance answers a sequence of requests like fresh ones. Requests at the limits are left out: an instance may
/// take its time to free what they needed.
pub(super) fn stateless(subject: &Subject<'_>, asked: &[(&Case, &Answer)]) -> Option<String> {
    let ordinary = || {
        asked
            .iter()
            .filter(|(case, answer)| case.ordinary && answer.is_ok())
    };
    // Each twice in a row, so that what depends on the previous request meets the same one and another one.
    let mut sequence = ordinary().flat_map(|asked| [asked, asked]).enumerate();
    let (number, (case, _)) =
        sequence.find(|(_, (case, answer))| (subject.lasting)(&case.values) != **answer)?;
    Some(format!(
        "with {}, request {} to one instance was answered in another way than by a fresh instance",
        case.name,
        number.saturating_add(1)
    ))
}

/// Varies cases position by position. Returns what is wrong with `reads`, and with what is made of failed attributes.
pub(super) fn honest(
    subject: &Subject<'_>,
    sample: &Sample,
    asked: &[(&Case, &Answer)],
    calls: &mut Calls,
) -> (Option<String>, Option<String>) {
    let policies: Vec<&PolicyDescription> =
        subject.description.policies().map(|(_, policy)| policy).collect();
    let (mut reads, mut unknown) = (None, all_failed(asked, &policies));
    for variation in variations(subject, sample, asked) {
        let answer = match (subject.fresh)(&variation.values) {
            Ok(answer) => answer,
            Err(failure) => {
                calls.failed(&format!("`evaluate` {}", variation.call), &failure);
                if calls.exhausted() {
                    break;
                }
                continue;
            }
        };
        for (index, policy) in (0_u32..).zip(&policies) {
            let (before, after) = (Said::of(variation.known, index), Said::of(&answer, index));
            if before != after && !reads_position(policy, variation.position) {
                reads.get_or_insert_with(|| {
                    format!(
                        "policy `{}` does not say that it reads `{}`, but {} it is {} instead of {}",
                        policy.name,
                        variation.label,
                        variation.call,
                        after.name(),
                        before.name()
                    )
                });
            }
            if variation.failed && !after.leaves_room_for(&before) {
                unknown.get_or_insert_with(|| decided(policy, &variation.call, &after, &before));
            }
        }
    }
    (reads, unknown)
}

/// A case with another value at one position.
struct Variation<'a> {
    values: Vec<Value>,
    position: usize,
    label: &'a str,
    /// Whether the value is a failure.
    failed: bool,
    /// What was said without the change.
    known: &'a Outcomes,
    /// A phrase: "with ordinary values (1) and `customer.region` = EU".
    call: String,
}

fn variations<'a>(
    subject: &Subject<'a>,
    sample: &'a Sample,
    asked: &[(&'a Case, &'a Answer)],
) -> impl Iterator<Item = Variation<'a>> {
    let mut generator = Generator::new(0x00de_c1de);
    let mut variations = Vec::new();
    for (case, known) in told(asked).take(VARIED) {
        for position in spread(subject.description.inputs.len()) {
            let Some(input) = subject.description.inputs.get(position) else {
                continue;
            };
            let valid = [
                sample.valid(input, &mut generator),
                sample.valid(input, &mut generator),
            ];
            let unknown = [Value::Absent, Value::failed("its extractor failed")];
            let unknown = matches!(input, Input::Attribute { .. }).then_some(unknown);
            for value in valid.into_iter().chain(unknown.into_iter().flatten()) {
                variations.push((case, known, position, input, value));
            }
        }
    }
    variations
        .into_iter()
        .map(|(case, known, position, input, value)| Variation {
            position,
            label: input.label(),
            failed: matches!(value, Value::Failed(_)),
            known,
            call: format!("with {} and `{}` {}", case.name, input.label(), shown(&value)),
            values: with(&case.values, position, value),
        })
}

/// What is told of requests of which nothing is known must be so for every request.
fn all_failed(asked: &[(&Case, &Answer)], policies: &[&PolicyDescription]) -> Option<String> {
    let is_failed = |case: &Case| case.name == "every attribute failed";
    let (case, nothing) = told(asked).find(|(case, _)| is_failed(case))?;
    for (other, known) in told(asked).filter(|(other, _)| same_but_attributes(case, other)) {
        for (index, policy) in (0_u32..).zip(policies) {
            let (before, after) = (Said::of(known, index), Said::of(nothing, index));
            if !after.leaves_room_for(&before) {
                let call = format!("with {} (in contrast to {})", case.name, other.name);
                return Some(decided(policy, &call, &after, &before));
            }
        }
    }
    None
}

/// Whether two cases agree on everything that is not an attribute. In `case` every attribute is failed.
fn same_but_attributes(case: &Case, other: &Case) -> bool {
    let mut pairs = case.values.iter().zip(&other.values);
    pairs.all(|(ours, theirs)| matches!(ours, Value::Failed(_)) || ours == theirs)
}

fn decided(policy: &PolicyDescription, call: &str, after: &Said, before: &Said) -> String {
    format!(
        "{call}, policy `{}` is {}; with the attribute known it is {}, so less known must be indeterminate",
        policy.name,
        after.name(),
        before.name()
    )
}

/// Too few and too many values.
pub(super) fn wrong_count(
    subject: &Subject<'_>,
    asked: &[(&Case, &Answer)],
    calls: &mut Calls,
) -> Option<String> {
    let right = subject.description.inputs.len();
    let (case, _) = told(asked).next()?;
    let counts = [
        0,
        right.saturating_sub(1),
        right.saturating_add(1),
        right.saturating_add(1_000),
    ];
    for count in counts.into_iter().filter(|count| *count != right) {
        let mut values = case.values.clone();
        values.resize(count, Value::Absent);
        match (subject.fresh)(&values) {
            Ok(_) => {
                return Some(format!(
                    "it gave outcomes for {count} values, and it has {right} inputs"
                ));
            }
            Err(failure) => calls.failed_on_hostile_input(&format!("`evaluate` of {count} values"), &failure),
        }
    }
    None
}

/// Values of another type than declared. An enforcement point never sends one; a component that meets one anyway must
/// not read it as something else.
pub(super) fn wrong_types(
    subject: &Subject<'_>,
    asked: &[(&Case, &Answer)],
    calls: &mut Calls,
) -> Option<String> {
    let (case, _) = told(asked).next()?;
    for position in spread(subject.description.inputs.len()) {
        let input = subject.description.inputs.get(position)?;
        let declared = input.value_type();
        let failed = (subject.fresh)(&with(&case.values, position, Value::failed("of another type")));
        for wrong in of_other_types(declared) {
            let given = wrong.value_type().map_or("nothing", |given| given.name());
            let call = format!("with {given} for `{}`, which is {declared},", input.label());
            let outcomes = match (subject.fresh)(&with(&case.values, position, wrong)) {
                Ok(outcomes) => outcomes,
                Err(failure) => {
                    calls.failed_on_hostile_input(&call, &failure);
                    if calls.exhausted() {
                        return None;
                    }
                    continue;
                }
            };
            for (index, (_, policy)) in (0_u32..).zip(subject.description.policies()) {
                if !reads_position(policy, position) {
                    continue;
                }
                let said = Said::of(&outcomes, index);
                let as_failed = failed
                    .as_ref()
                    .is_ok_and(|failed| Said::of(failed, index) == said);
                if !as_failed && said.outcome() != Some(Outcome::Indeterminate) {
                    return Some(format!("{call} policy `{}` is {}", policy.name, said.name()));
                }
            }
        }
    }
    None
}

/// The cases that were answered with outcomes.
fn told<'a>(asked: &[(&'a Case, &'a Answer)]) -> impl Iterator<Item = (&'a Case, &'a Outcomes)> {
    asked
        .iter()
        .filter_map(|(case, answer)| Some((*case, answer.as_ref().ok()?)))
}

fn reads_position(policy: &PolicyDescription, position: usize) -> bool {
    u32::try_from(position).is_ok_and(|position| policy.reads.binary_search(&position).is_ok())
}

fn with(values: &[Value], position: usize, value: Value) -> Vec<Value> {
    let mut values = values.to_vec();
    if let Some(place) = values.get_mut(position) {
        *place = value;
    }
    values
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("= {}…", text.get(..end).unwrap_or_default()),
        None => format!("= {text}"),
    }
}

#[cfg(test)]
mod tests;
