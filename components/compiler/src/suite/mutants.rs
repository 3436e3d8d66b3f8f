//! Small changes of a policy, each of which a good test would notice.

use crate::core::term::Sign;
use crate::core::time::{DAY, Window};
use crate::core::{Atom, Condition, Constant, Operand, Package, Policy, Relation};
use crate::syntax::literal::quoted;
use crate::words;

use super::coverage::Part;
use super::obliged::Obliged;
use aecp_vocabulary::Mode;

/// Of a list, so many members are dropped and changed, one at a time; what holds for them holds for the others.
const MEMBER_LIMIT: usize = 32;

/// A minute, in nanoseconds.
const MINUTE: i64 = 60_000_000_000;

/// Most characters of a condition that a sentence repeats.
const SENTENCE_LIMIT: usize = 160;

/// A change of one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mutant {
    /// The policy does not exist.
    Drop,
    /// BLOCKING becomes ADVISORY.
    Advise,
    /// It does not oblige to this any more.
    Release(usize),
    /// A condition is changed: the one that is found from the part's root by child numbers.
    Edit {
        part: Part,
        path: Vec<usize>,
        edit: Edit,
    },
}

/// A change of one condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    Negate,
    DropPart(usize),
    SwapConnective,
    SwapRelation,
    /// `+` becomes `-` and back: the sign at this place among those that can.
    SwapSign(usize),
    /// A weekday is no longer in the window.
    DropDay(u32),
    /// A time of day begins a minute later.
    BeginLater,
    /// A time of day ends a minute earlier.
    EndEarlier,
    DropMember(usize),
    ChangeMember(usize),
    /// Of LIKE: `*` becomes `**`; if there is none, `**` becomes `*`.
    SwapStars(usize),
}

/// All changes of a policy; none of a policy that is not BLOCKING, for no decision depends on it.
pub(super) fn of(policy: &Policy) -> Vec<Mutant> {
    if policy.mode != Mode::Blocking {
        return Vec::new();
    }
    let mut mutants = vec![Mutant::Drop, Mutant::Advise];
    mutants.extend((0..policy.obligations.len()).map(Mutant::Release));
    for part in [Part::Scope, Part::Constraint] {
        edits(part.of(policy), &mut Vec::new(), &mut |path, edit| {
            let path = path.to_vec();
            mutants.push(Mutant::Edit { part, path, edit });
        });
    }
    mutants
}

fn edits(condition: &Condition, path: &mut Vec<usize>, found: &mut dyn FnMut(&[usize], Edit)) {
    match condition {
        Condition::Constant(_) => {}
        Condition::Atom(atom) => {
            found(path, Edit::Negate);
            (0..signs(atom)).for_each(|index| found(path, Edit::SwapSign(index)));
            match atom {
                Atom::Compare {
                    relation: Relation::Less | Relation::LessOrEqual,
                    ..
                } => found(path, Edit::SwapRelation),
                Atom::During {
                    window: Window::Days(days),
                    ..
                } if days.count_ones() > 1 => {
                    let is_in = |day: &u32| days.checked_shr(*day).unwrap_or(0) & 1 == 1;
                    (0..7)
                        .filter(is_in)
                        .for_each(|day| found(path, Edit::DropDay(day)));
                }
                Atom::During {
                    window: Window::Hours { .. },
                    ..
                } => {
                    found(path, Edit::BeginLater);
                    found(path, Edit::EndEarlier);
                }
                // A named list is data: no test is expected to notice each of its members.
                Atom::OneOf { members, .. } if members.name().is_none() => {
                    for index in 0..members.len().min(MEMBER_LIMIT) {
                        if members.len() > 1 {
                            found(path, Edit::DropMember(index));
                        }
                        found(path, Edit::ChangeMember(index));
                    }
                }
                Atom::Matches { patterns, .. } => {
                    for (index, pattern) in patterns.iter().enumerate().take(MEMBER_LIMIT) {
                        if patterns.len() > 1 {
                            found(path, Edit::DropMember(index));
                        }
                        if pattern.with_other_stars().is_some() {
                            found(path, Edit::SwapStars(index));
                        }
                    }
                }
                _ => {}
            }
        }
        Condition::All(parts) | Condition::Any(parts) => {
            if parts.len() > 1 {
                found(path, Edit::SwapConnective);
                (0..parts.len()).for_each(|index| found(path, Edit::DropPart(index)));
            }
            for (index, part) in parts.iter().enumerate() {
                path.push(index);
                edits(part, path, found);
                path.pop();
            }
        }
        Condition::Not(part) => {
            path.push(0);
            edits(part, path, found);
            path.pop();
        }
    }
}

impl Mutant {
    /// The policy with the change. A policy that does not exist is one that is about no request.
    pub(super) fn apply(&self, policy: &Policy) -> Policy {
        let mut changed = policy.clone();
        match self {
            Self::Drop => changed.scope = Condition::Constant(false),
            Self::Advise => changed.mode = Mode::Advisory,
            Self::Release(index) if *index < changed.obligations.len() => {
                changed.obligations.remove(*index);
            }
            Self::Release(_) => {}
            Self::Edit { part, path, edit } => {
                let root = match part {
                    Part::Scope => &mut changed.scope,
                    Part::Constraint => &mut changed.constraint,
                };
                if let Some(condition) = at(root, path) {
                    edit.apply(condition);
                }
            }
        }
        changed
    }

    /// The change in words, to stand behind `no test notices that`.
    pub(super) fn sentence(&self, package: &Package, policy: &Policy) -> String {
        let name = &policy.name;
        let (part, path, edit) = match self {
            Self::Drop => return format!("policy `{name}` is dropped"),
            Self::Advise => return format!("policy `{name}` becomes ADVISORY"),
            Self::Release(index) => {
                let obliged = policy.obligations.get(*index).and_then(Obliged::described);
                let obliged = obliged.map(|it| format!(" `{it}`")).unwrap_or_default();
                return format!("the obligation{obliged} of policy `{name}` is dropped");
            }
            Self::Edit { part, path, edit } => (part, path, edit),
        };
        let place = format!("in the {} of policy `{name}`", part.name());
        let write = |condition: &Condition| shortened(words::condition(&package.inputs, condition));
        let mut root = part.of(policy).clone();
        let Some(before) = at(&mut root, path) else {
            return place;
        };
        match (edit, &*before) {
            (Edit::DropPart(index), Condition::All(parts) | Condition::Any(parts)) => {
                let dropped = parts.get(*index).map(write).unwrap_or_default();
                format!("{place}, `{dropped}` is dropped")
            }
            (Edit::SwapConnective, Condition::All(_)) => {
                format!("{place}, `{}` is joined by OR", write(before))
            }
            (Edit::SwapConnective, _) => format!("{place}, `{}` is joined by AND", write(before)),
            (
                Edit::DropMember(index) | Edit::ChangeMember(index),
                Condition::Atom(Atom::OneOf { members, .. }),
            ) => {
                let member = members.get(*index).map(words::constant).unwrap_or_default();
                let how = match edit {
                    Edit::DropMember(_) => "is dropped from",
                    _ => "is replaced by another value in",
                };
                format!("{place}, `{}` {how} `{}`", shortened(member), write(before))
            }
            (Edit::DropMember(index), Condition::Atom(Atom::Matches { patterns, .. })) => {
                let pattern = patterns.get(*index).map(|pattern| quoted(pattern.written()));
                let pattern = shortened(pattern.unwrap_or_default());
                format!("{place}, `{pattern}` is dropped from `{}`", write(before))
            }
            _ => {
                let written = write(before);
                edit.apply(before);
                format!("{place}, `{written}` becomes `{}`", write(before))
            }
        }
    }
}

impl Edit {
    fn apply(self, condition: &mut Condition) {
        match (self, condition) {
            (Self::Negate, condition) => {
                let whole = std::mem::replace(condition, Condition::Constant(true));
                *condition = Condition::Not(Box::new(whole));
            }
            (Self::DropPart(index), Condition::All(parts) | Condition::Any(parts)) if index < parts.len() => {
                parts.remove(index);
            }
            (Self::SwapConnective, condition) => {
                *condition = match std::mem::replace(condition, Condition::Constant(true)) {
                    Condition::All(parts) => Condition::Any(parts),
                    Condition::Any(parts) => Condition::All(parts),
                    other => other,
                }
            }
            (Self::SwapRelation, Condition::Atom(Atom::Compare { relation, .. })) => {
                *relation = match relation {
                    Relation::Less => Relation::LessOrEqual,
                    Relation::LessOrEqual => Relation::Less,
                    Relation::Equal => Relation::Equal,
                }
            }
            (
                Self::DropDay(day),
                Condition::Atom(Atom::During {
                    window: Window::Days(days),
                    ..
                }),
            ) => *days &= !1_u8.checked_shl(day).unwrap_or(0),
            (
                Self::BeginLater | Self::EndEarlier,
                Condition::Atom(Atom::During {
                    window: Window::Hours { from, to },
                    ..
                }),
            ) => {
                let (edge, by) = match self {
                    Self::BeginLater => (from, MINUTE),
                    _ => (to, MINUTE.saturating_neg()),
                };
                *edge = edge.saturating_add(by).rem_euclid(DAY);
            }
            (Self::SwapSign(index), Condition::Atom(atom)) => {
                let mut signs = atom.operands_mut().flat_map(Operand::signs_mut);
                if let Some(sign) = signs.nth(index) {
                    *sign = match sign {
                        Sign::Plus => Sign::Minus,
                        Sign::Minus => Sign::Plus,
                    }
                }
            }
            (Self::DropMember(index), Condition::Atom(Atom::OneOf { members, .. }))
                if index < members.len() =>
            {
                let mut fewer = members.to_vec();
                fewer.remove(index);
                *members = fewer.into();
            }
            (Self::DropMember(index), Condition::Atom(Atom::Matches { patterns, .. }))
                if index < patterns.len() =>
            {
                patterns.remove(index);
            }
            (Self::SwapStars(index), Condition::Atom(Atom::Matches { patterns, .. })) => {
                if let Some(pattern) = patterns.get_mut(index) {
                    if let Some(other) = pattern.with_other_stars() {
                        *pattern = other;
                    }
                }
                patterns.sort();
                patterns.dedup();
            }
            (Self::ChangeMember(index), Condition::Atom(Atom::OneOf { members, .. })) => {
                let mut changed = members.to_vec();
                if let Some(member) = changed.get_mut(index) {
                    *member = another(member, members);
                }
                *members = changed.into();
            }
            _ => {}
        }
    }
}

/// How many signs of an atom can be changed.
fn signs(atom: &Atom) -> usize {
    if !atom.operands().any(|operand| matches!(operand, Operand::Term(_))) {
        return 0;
    }
    atom.clone().operands_mut().flat_map(Operand::signs_mut).count()
}

/// A constant of the same type that is none of `members`, if its type has one.
fn another(member: &Constant, members: &[Constant]) -> Constant {
    let mut changed = member.clone();
    // One more than there are members must find one that is none of them, except among booleans.
    for _ in 0..=members.len() {
        match &mut changed {
            Constant::Text(text) => text.push('~'),
            Constant::Integer(number)
            | Constant::Decimal(number)
            | Constant::Instant(number)
            | Constant::Duration(number) => *number = number.wrapping_add(1),
            Constant::Address(address) => address.0 = address.0.wrapping_add(1),
            Constant::Boolean(holds) => *holds = !*holds,
        }
        if !members.contains(&changed) {
            break;
        }
    }
    changed
}

fn at<'a>(condition: &'a mut Condition, path: &[usize]) -> Option<&'a mut Condition> {
    let Some((first, rest)) = path.split_first() else {
        return Some(condition);
    };
    match condition {
        Condition::All(parts) | Condition::Any(parts) => at(parts.get_mut(*first)?, rest),
        Condition::Not(part) => at(part, rest),
        Condition::Constant(_) | Condition::Atom(_) => None,
    }
}

fn shortened(text: String) -> String {
    if text.chars().count() <= SENTENCE_LIMIT {
        return text;
    }
    let mut short: String = text.chars().take(SENTENCE_LIMIT).collect();
    short.push('…');
    short
}
