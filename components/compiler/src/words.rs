//! Conditions as the language writes them, for reasons and explanations.
//!
//! - `obligations`: obligations alike.

mod obligations;

use aecp_vocabulary::Type;
use aecp_vocabulary::value::Network;

use crate::core::term::{Sign, Term};
use crate::core::time::{WEEKDAYS, Window, Zone, written_time};
use crate::core::{
    Atom, Condition, Constant, Input, InputIndex, Members, Operand, Quantifier, Relation, Side,
};
use crate::pattern::{Notation, Pattern};
use crate::syntax::literal::quoted;

/// Most bytes of a condition that are written.
const TEXT_LIMIT: usize = 2_048;

/// Most members of a list that are written.
const MEMBER_LIMIT: usize = 16;

/// A condition over the inputs of a package.
pub(crate) fn condition(inputs: &[Input], condition: &Condition) -> String {
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    Words { names: &names }.of(condition)
}

/// A constant, cut as conditions are.
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

/// How tightly a condition binds where it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Or,
    And,
    Not,
}

/// How tightly an operand holds together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Sum,
    Product,
    Whole,
}

impl Rank {
    fn of(operand: &Operand) -> Self {
        match operand {
            Operand::Term(term) => match term.as_ref() {
                Term::Sum { .. } => Self::Sum,
                Term::Product { .. } => Self::Product,
            },
            Operand::Input(_) | Operand::Constant(_) => Self::Whole,
        }
    }
}

fn is_zero(operand: &Operand, value_type: Type) -> bool {
    matches!(operand, Operand::Constant(constant) if Constant::of_number(value_type, 0).as_ref() == Some(constant))
}

/// Writes conditions whose inputs have these names.
pub(crate) struct Words<'a> {
    /// The name of each input, by its index.
    pub(crate) names: &'a [&'a str],
}

impl Words<'_> {
    /// The name of an input.
    pub(crate) fn name(&self, input: InputIndex) -> &str {
        let index = usize::try_from(input.0).unwrap_or(usize::MAX);
        self.names.get(index).copied().unwrap_or_default()
    }

    /// A condition as the language writes it, cut at [`TEXT_LIMIT`] bytes.
    pub(crate) fn of(&self, condition: &Condition) -> String {
        let mut text = String::new();
        self.condition(&mut text, condition, Level::Or);
        cut(&mut text);
        text
    }

    fn operand(&self, operand: &Operand) -> String {
        match operand {
            Operand::Input(input) => self.name(*input).to_owned(),
            Operand::Constant(constant) => literal(constant),
            Operand::Term(term) => self.term(term),
        }
    }

    fn term(&self, term: &Term) -> String {
        let grouped = |operand: &Operand, loosest: Rank| {
            let text = self.operand(operand);
            if Rank::of(operand) < loosest {
                format!("({text})")
            } else {
                text
            }
        };
        match term {
            Term::Sum { given, first, rest } => {
                let signed = rest
                    .split_first()
                    .filter(|(step, _)| step.sign == Sign::Minus && is_zero(first, *given));
                // Nobody subtracts from nothing: that is a sign.
                let (mut text, rest) = match signed {
                    Some((step, rest)) => (format!("-{}", grouped(&step.operand, Rank::Whole)), rest),
                    None => (self.operand(first), rest.as_slice()),
                };
                for step in rest {
                    let sign = match step.sign {
                        Sign::Plus => "+",
                        Sign::Minus => "-",
                    };
                    text.push_str(&format!(" {sign} {}", grouped(&step.operand, Rank::Product)));
                }
                text
            }
            Term::Product { factors, .. } => {
                let mut loosest = Rank::Product;
                let factors = factors
                    .iter()
                    .map(|factor| grouped(factor, std::mem::replace(&mut loosest, Rank::Whole)));
                factors.collect::<Vec<_>>().join(" * ")
            }
        }
    }

    /// What an attribute must be, if the constraint is a single statement about a single attribute.
    pub(crate) fn simple(&self, constraint: &Condition) -> Option<(InputIndex, String)> {
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
            Atom::During {
                instant: Operand::Input(input),
                window,
                zone,
            } => (*input, format!("{must} be within {}", during(*window, zone))),
            Atom::ContainsOf {
                set,
                quantifier,
                members,
            } => {
                let how = match quantifier {
                    Quantifier::Any => "one of",
                    Quantifier::All => "all of",
                };
                (*set, format!("{must} contain {how} {}", list(members)))
            }
            Atom::Affix { text, side, part } => {
                let how = match side {
                    Side::Start => "start",
                    Side::End => "end",
                };
                (*text, format!("{must} {how} with {}", quoted(part)))
            }
            Atom::Matches { text, patterns } => {
                let how = match (patterns.as_slice(), notation(patterns)) {
                    ([_], Notation::Glob) => "be like",
                    ([_], Notation::Expression) => "match",
                    (_, Notation::Glob) => "be like one of",
                    (_, Notation::Expression) => "match one of",
                };
                (*text, format!("{must} {how} {}", self::patterns(patterns)))
            }
            Atom::WithinOneOf { address, networks } => {
                let how = if networks.len() == 1 && networks.name().is_none() {
                    "within"
                } else {
                    "within one of"
                };
                (*address, format!("{must} be {how} {}", self::networks(networks)))
            }
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
            Atom::ContainsOf {
                set,
                quantifier,
                members,
            } => {
                let how = match quantifier {
                    Quantifier::Any => "ANY",
                    Quantifier::All => "ALL",
                };
                format!("{not}{} CONTAINS {how} {}", self.name(*set), list(members))
            }
            Atom::Affix { text, side, part } => {
                let how = match side {
                    Side::Start => "STARTS",
                    Side::End => "ENDS",
                };
                format!("{not}{} {how} WITH {}", self.name(*text), quoted(part))
            }
            Atom::Matches { text, patterns } => {
                let operator = notation(patterns).operator();
                let patterns = self::patterns(patterns);
                format!("{} {not}{operator} {patterns}", self.name(*text))
            }
            Atom::WithinOneOf { address, networks } => {
                format!("{not}{} WITHIN {}", self.name(*address), self::networks(networks))
            }
            Atom::During {
                instant,
                window,
                zone,
            } => format!("{not}{} WITHIN {}", self.operand(instant), during(*window, zone)),
            Atom::Within { address, network } => {
                format!("{not}{} WITHIN {}", self.name(*address), self.name(*network))
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
                    (Operand::Constant(_), Operand::Input(_) | Operand::Term(_)) => {
                        (right, if strict { ">" } else { ">=" }, left)
                    }
                    _ => (left, if strict { "<" } else { "<=" }, right),
                };
                format!("{not}{} {sign} {}", self.operand(first), self.operand(second))
            }
        }
    }
}

fn during(window: Window, zone: &Zone) -> String {
    let window = match window {
        Window::Days(days) => self::days(days),
        Window::Hours { from, to } => {
            let time = |time| quoted(&written_time(time));
            format!("{} TO {}", time(from), time(to))
        }
    };
    format!("{window} IN {}", quoted(zone.name()))
}

/// Three days or more in a row, over the weekend too, are written by their ends.
fn days(days: u8) -> String {
    let week = || WEEKDAYS.iter().copied().zip(0_u32..);
    let has = |day: u32| days.checked_shr(day.checked_rem(7).unwrap_or(day)).unwrap_or(0) & 1 == 1;
    let firsts: Vec<u32> = (0..7)
        .filter(|day| has(*day) && !has(day.saturating_add(6)))
        .collect();
    let first = match (firsts.as_slice(), days.count_ones()) {
        (_, 7) => Some(0),
        ([first], 3..) => Some(*first),
        _ => None,
    };
    let name = |day: u32| week().find(|(_, at)| *at == day).map_or("", |(name, _)| name);
    if let Some(first) = first {
        let last = first.saturating_add(days.count_ones()).saturating_sub(1);
        return format!("{} TO {}", name(first), name(last.checked_rem(7).unwrap_or(last)));
    }
    let names: Vec<&str> = week()
        .filter(|(_, day)| has(*day))
        .map(|(name, _)| name)
        .collect();
    match names.as_slice() {
        [only] => (*only).to_owned(),
        _ => format!("[{}]", names.join(", ")),
    }
}

fn literal(constant: &Constant) -> String {
    match constant {
        Constant::Text(text) => quoted(text),
        Constant::Integer(number) => number.to_string(),
        Constant::Instant(_) | Constant::Address(_) => quoted(&constant.value().to_string()),
        Constant::Boolean(_) | Constant::Decimal(_) | Constant::Duration(_) => constant.value().to_string(),
    }
}

fn networks(members: &Members<Network>) -> String {
    match (members.name(), &**members) {
        (None, [only]) => quoted(&only.to_string()),
        _ => shown(members, |network| quoted(&network.to_string())),
    }
}

/// All patterns of a condition are in one notation.
fn notation(patterns: &[Pattern]) -> Notation {
    patterns.first().map_or(Notation::Glob, Pattern::notation)
}

fn patterns(members: &[Pattern]) -> String {
    match members {
        [only] => quoted(only.written()),
        _ => each(members, |pattern| quoted(pattern.written())),
    }
}

fn list(members: &Members<Constant>) -> String {
    shown(members, literal)
}

fn shown<T>(members: &Members<T>, literal: impl Fn(&T) -> String) -> String {
    match members.name() {
        Some(name) => name.to_owned(),
        None => each(members, literal),
    }
}

fn each<T>(members: &[T], literal: impl Fn(&T) -> String) -> String {
    let mut shown: Vec<String> = members.iter().take(MEMBER_LIMIT).map(literal).collect();
    let unseen = members.len().saturating_sub(MEMBER_LIMIT);
    if unseen > 0 {
        shown.push(format!("… {unseen} more"));
    }
    format!("[{}]", shown.join(", "))
}
