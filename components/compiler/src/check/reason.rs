//! The sentence that says why a constraint does not hold, with the values that it read.

use std::collections::BTreeSet;

use aecp_vocabulary::policy::Segment;

use super::Attribute;
use crate::core::{Atom, Condition, Constant, Input, InputIndex, Operand, Relation};
use crate::syntax::literal::quoted;

/// Most bytes of a constraint that a reason repeats.
const TEXT_LIMIT: usize = 2_048;

/// Most members of a list that a reason repeats.
const MEMBER_LIMIT: usize = 16;

/// Most values that a reason shows.
const VALUE_LIMIT: usize = 16;

/// The reason template of a constraint; its inputs are indices into `attributes`.
pub(super) fn of(constraint: &Condition, attributes: &[Attribute]) -> Vec<Segment> {
    let words = Words { names: attributes };
    if let Some((subject, must)) = words.simple(constraint) {
        let literal = format!("{} {must} but is ", words.name(subject));
        return vec![Segment::Literal(literal), Segment::Input(subject.0)];
    }
    let mut text = String::new();
    words.condition(&mut text, constraint, Level::Or);
    cut(&mut text);
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

/// How tightly a condition binds where it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Not,
}

/// What stands where conditions point.
trait Named {
    fn name(&self) -> &str;
}

impl Named for Attribute {
    fn name(&self) -> &str {
        self.name.as_str()
    }
}

impl Named for Input {
    fn name(&self) -> &str {
        self.name.as_str()
    }
}

/// A condition over the inputs of a package, as the language writes it; what is very long is cut.
pub(crate) fn condition(inputs: &[Input], condition: &Condition) -> String {
    let mut text = String::new();
    Words { names: inputs }.condition(&mut text, condition, Level::Or);
    cut(&mut text);
    text
}

/// A constant as the language writes it.
pub(crate) fn constant(constant: &Constant) -> String {
    let mut text = literal(constant);
    cut(&mut text);
    text
}

fn cut(text: &mut String) {
    if text.len() > TEXT_LIMIT {
        let mut end = TEXT_LIMIT;
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        text.truncate(end);
        text.push('…');
    }
}

struct Words<'a, N> {
    names: &'a [N],
}

impl<N: Named> Words<'_, N> {
    fn name(&self, input: InputIndex) -> &str {
        let named = usize::try_from(input.0)
            .ok()
            .and_then(|index| self.names.get(index));
        named.map_or("", Named::name)
    }

    fn operand(&self, operand: &Operand) -> String {
        match operand {
            Operand::Input(input) => self.name(*input).to_owned(),
            Operand::Constant(constant) => literal(constant),
        }
    }

    /// What an attribute must be, if the constraint is a single statement about a single attribute.
    fn simple(&self, constraint: &Condition) -> Option<(InputIndex, String)> {
        match constraint {
            Condition::Atom(atom) => self.simple_atom(atom, true),
            Condition::Not(part) => match part.as_ref() {
                Condition::Atom(atom) => self.simple_atom(atom, false),
                _ => None,
            },
            _ => None,
        }
    }

    fn simple_atom(&self, atom: &Atom, holds: bool) -> Option<(InputIndex, String)> {
        let must = if holds { "must" } else { "must not" };
        Some(match atom {
            Atom::IsPresent(input) => (*input, format!("{must} be present")),
            Atom::IsTrue(input) => (*input, format!("must be {holds}")),
            Atom::OneOf {
                element: Operand::Input(input),
                members,
            } => (*input, format!("{must} be one of {}", list(members))),
            Atom::Contains {
                set,
                element: Operand::Constant(constant),
            } => (*set, format!("{must} contain {}", literal(constant))),
            Atom::Compare {
                left: Operand::Input(input),
                relation,
                right: Operand::Constant(constant),
            } => {
                let how = match relation {
                    Relation::Equal => "",
                    Relation::Less => "less than ",
                    Relation::LessOrEqual => "at most ",
                };
                (*input, format!("{must} be {how}{}", literal(constant)))
            }
            Atom::Compare {
                left: Operand::Constant(constant),
                relation,
                right: Operand::Input(input),
            } => {
                let how = match relation {
                    Relation::Equal => "",
                    Relation::Less => "greater than ",
                    Relation::LessOrEqual => "at least ",
                };
                (*input, format!("{must} be {how}{}", literal(constant)))
            }
            _ => return None,
        })
    }

    fn condition(&self, out: &mut String, condition: &Condition, around: Level) {
        // What is beyond the limit is cut anyway.
        if out.len() > TEXT_LIMIT {
            return;
        }
        match condition {
            Condition::Constant(holds) => out.push_str(if *holds { "true" } else { "false" }),
            Condition::Atom(atom) => out.push_str(&self.atom(atom, true)),
            Condition::All(parts) => self.joined(out, parts, " AND ", "true", Level::And, around),
            Condition::Any(parts) => self.joined(out, parts, " OR ", "false", Level::Or, around),
            Condition::Not(part) => match part.as_ref() {
                Condition::Atom(atom) => out.push_str(&self.atom(atom, false)),
                part => {
                    out.push_str("NOT ");
                    self.condition(out, part, Level::Not);
                }
            },
        }
    }

    fn joined(
        &self,
        out: &mut String,
        parts: &[Condition],
        by: &str,
        none: &str,
        level: Level,
        around: Level,
    ) {
        match parts {
            [] => out.push_str(none),
            [only] => self.condition(out, only, around),
            _ => {
                let grouped = level < around;
                if grouped {
                    out.push('(');
                }
                for (order, part) in parts.iter().enumerate() {
                    if order > 0 {
                        out.push_str(by);
                    }
                    self.condition(out, part, level);
                }
                if grouped {
                    out.push(')');
                }
            }
        }
    }

    fn atom(&self, atom: &Atom, holds: bool) -> String {
        let not = if holds { "" } else { "NOT " };
        match atom {
            Atom::IsPresent(input) => format!("{} IS {not}PRESENT", self.name(*input)),
            Atom::IsTrue(input) => format!("{not}{}", self.name(*input)),
            Atom::OneOf { element, members } => {
                format!("{} {not}IN {}", self.operand(element), list(members))
            }
            Atom::Contains { set, element } => {
                format!("{not}{} CONTAINS {}", self.name(*set), self.operand(element))
            }
            Atom::Compare {
                left,
                relation: Relation::Equal,
                right,
            } => {
                let sign = if holds { "==" } else { "!=" };
                format!("{} {sign} {}", self.operand(left), self.operand(right))
            }
            Atom::Compare {
                left,
                relation,
                right,
            } => {
                let strict = *relation == Relation::Less;
                // People put the attribute first.
                let (first, sign, second) = match (left, right) {
                    (Operand::Constant(_), Operand::Input(_)) => {
                        (right, if strict { ">" } else { ">=" }, left)
                    }
                    _ => (left, if strict { "<" } else { "<=" }, right),
                };
                format!("{not}{} {sign} {}", self.operand(first), self.operand(second))
            }
        }
    }
}

fn literal(constant: &Constant) -> String {
    match constant {
        Constant::Text(text) => quoted(text),
        Constant::Integer(number) => number.to_string(),
        Constant::Boolean(holds) => holds.to_string(),
    }
}

fn list(members: &[Constant]) -> String {
    let mut shown: Vec<String> = members.iter().take(MEMBER_LIMIT).map(literal).collect();
    let unseen = members.len().saturating_sub(MEMBER_LIMIT);
    if unseen > 0 {
        shown.push(format!("… {unseen} more"));
    }
    format!("[{}]", shown.join(", "))
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

    fn operand(&mut self, operand: &Operand) {
        if let Operand::Input(input) = operand {
            self.input(*input);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Constant(_) => {}
            Condition::Atom(Atom::IsPresent(input) | Atom::IsTrue(input)) => self.input(*input),
            Condition::Atom(Atom::Compare { left, right, .. }) => {
                self.operand(left);
                self.operand(right);
            }
            Condition::Atom(Atom::OneOf { element, .. }) => self.operand(element),
            Condition::Atom(Atom::Contains { set, element }) => {
                self.input(*set);
                self.operand(element);
            }
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| self.condition(part))
            }
            Condition::Not(part) => self.condition(part),
        }
    }
}
