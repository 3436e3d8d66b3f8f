//! The sentence that says why a constraint does not hold, with the values that it read.

use std::collections::BTreeSet;

use aecp_vocabulary::policy::Segment;

use super::Attribute;
use crate::core::{Condition, InputIndex};
use crate::words::Words;

/// Most values that a reason shows.
const VALUE_LIMIT: usize = 16;

/// The reason template of a constraint; its inputs are indices into `attributes`.
pub(super) fn of(constraint: &Condition, attributes: &[Attribute]) -> Vec<Segment> {
    let names: Vec<&str> = attributes
        .iter()
        .map(|attribute| attribute.name.as_str())
        .collect();
    let words = Words { names: &names };
    if let Some((subject, must)) = words.simple(constraint) {
        let literal = format!("{} {must} but is ", words.name(subject));
        return vec![Segment::Literal(literal), Segment::Input(subject.0)];
    }
    let text = words.of(constraint);
    let mut reads = Reads::default();
    reads.condition(constraint);
    let inputs = reads.in_order;
    let mut segments = Vec::new();
    let mut pending = format!("requires {text}");
    for (order, input) in inputs.iter().take(VALUE_LIMIT).enumerate() {
        pending.push_str(if order == 0 { "; " } else { ", " });
        pending.push_str(words.name(*input));
        pending.push_str(" is ");
        segments.push(Segment::Literal(std::mem::take(&mut pending)));
        segments.push(Segment::Input(input.0));
    }
    let unseen = inputs.len().saturating_sub(VALUE_LIMIT);
    if unseen > 0 {
        pending.push_str(&format!(", and {unseen} more"));
    }
    if !pending.is_empty() {
        segments.push(Segment::Literal(pending));
    }
    segments
}

/// The inputs that a condition reads, in the order of their first appearance.
#[derive(Default)]
struct Reads {
    in_order: Vec<InputIndex>,
    seen: BTreeSet<InputIndex>,
}

impl Reads {
    fn input(&mut self, input: InputIndex) {
        if self.seen.insert(input) {
            self.in_order.push(input);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Constant(_) => {}
            Condition::Atom(atom) => atom.inputs().into_iter().for_each(|input| self.input(input)),
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| self.condition(part))
            }
            Condition::Not(part) => self.condition(part),
        }
    }
}
