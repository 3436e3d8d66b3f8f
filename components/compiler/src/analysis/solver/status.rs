//! What can be said of conditions while a part of the request is chosen.

use aecp_vocabulary::Value;

use super::super::atoms::{Shape, shape};
use super::super::space::Space;
use super::super::truths::Truths;
use super::{Choice, Demand, Solver};
use crate::core::{Atom, Condition, Constant, InputIndex, Operand, Quantifier};
use crate::interpreter;

/// What can be said of all demands, with what is chosen so far.
pub(super) enum Status {
    /// One cannot be met any more.
    Broken,
    /// All are, whatever else is chosen.
    Met,
    /// It hangs on this choice, or on an opaque atom.
    Open(Option<Choice>),
}

impl<'p> Solver<'p> {
    pub(super) fn status(&mut self, space: &Space, demands: &[Demand<'p>]) -> Status {
        let (mut met, mut next) = (true, None);
        for demand in demands {
            let kept = demand.without.map(|input| {
                let kept = self.take(input);
                self.choose(input, Some(Value::Absent));
                (input, kept)
            });
            let scope = self.truths(space, &demand.policy.scope);
            let constraint = self.truths(space, &demand.policy.constraint);
            let possible = demand.cases.meet(scope, constraint);
            if possible && next.is_none() && !demand.cases.hold(scope, constraint) {
                met = false;
                // Where it hangs on an opaque atom, another demand may still have something to choose, and break by it.
                next = self
                    .open(space, &demand.policy.scope)
                    .or_else(|| self.open(space, &demand.policy.constraint));
            }
            if let Some((input, kept)) = kept {
                self.choose(input, kept);
            }
            if !possible {
                return Status::Broken;
            }
        }
        if met { Status::Met } else { Status::Open(next) }
    }

    fn truths(&self, space: &Space, condition: &Condition) -> Truths {
        match condition {
            Condition::Constant(holds) => interpreter::Truth::from(*holds).into(),
            Condition::Atom(atom) => self.atom(space, atom),
            Condition::All(parts) => parts
                .iter()
                .fold(Truths::TRUE, |truths, part| truths.and(self.truths(space, part))),
            Condition::Any(parts) => parts
                .iter()
                .fold(Truths::FALSE, |truths, part| truths.or(self.truths(space, part))),
            Condition::Not(part) => self.truths(space, part).negated(),
        }
    }

    fn atom(&self, space: &Space, atom: &Atom) -> Truths {
        let shape = shape(self.package, atom);
        if shape.inputs().any(|input| space.freed.contains(&input)) {
            return Truths::ANY;
        }
        match shape {
            Shape::Opaque => Truths::ANY,
            Shape::During(input, ..) if space.blurred.contains(&input) && !self.unknown(input) => Truths::ANY,
            Shape::Presence(_) if !shape.inputs().all(|input| self.is_chosen(input)) => Truths::ANY,
            Shape::Member(set, text) => self.contains(space, set, text),
            Shape::Members(set, quantifier, texts) => {
                let each = texts.iter().filter_map(Constant::text);
                let each = each.map(|text| self.contains(space, set, text));
                match quantifier {
                    Quantifier::Any => each.fold(Truths::FALSE, Truths::or),
                    Quantifier::All => each.fold(Truths::TRUE, Truths::and),
                }
            }
            Shape::LinkedMember(set, element) => match (self.is_chosen(element), self.value(element)) {
                (true, Some(Value::Text(text))) => self.contains(space, set, text),
                (true, _) => Truths::UNKNOWN,
                (false, _) if self.unknown(set) => Truths::UNKNOWN,
                (false, _) => Truths::ANY,
            },
            Shape::Test(..)
            | Shape::Turning(..)
            | Shape::During(..)
            | Shape::Link(..)
            | Shape::Pattern(_)
                if shape.inputs().any(|input| self.unknown(input)) =>
            {
                Truths::UNKNOWN
            }
            Shape::Pattern(input) if space.opaque.contains(&input) => Truths::ANY,
            _ if shape.inputs().all(|input| self.is_chosen(input)) => {
                interpreter::atom(self.package, &self.values, atom).into()
            }
            _ => Truths::ANY,
        }
    }

    fn contains(&self, space: &Space, set: InputIndex, text: &str) -> Truths {
        if !self.is_chosen(set) {
            return Truths::ANY;
        }
        if self.unknown(set) {
            return Truths::UNKNOWN;
        }
        if let Some(Value::SetOfText(members)) = self.defaulted(set) {
            return interpreter::Truth::from(members.iter().any(|member| member == text)).into();
        }
        let member = space.member(set, text).and_then(|place| space.members.get(place));
        match member.and_then(|member| member.chosen) {
            Some(true) => Truths::TRUE,
            Some(false) => Truths::FALSE,
            None => Truths::FALSE_OR_TRUE,
        }
    }

    /// What is read of an input: a default in the place of absence.
    fn value(&self, input: InputIndex) -> Option<&Value> {
        let place = usize::try_from(input.0).ok()?;
        let value = self.values.get(place)?;
        let declared = self.package.inputs.get(place);
        Some(declared.map_or(value, |declared| declared.read(value)))
    }

    /// Whether a set is absent, and has the members of its default.
    fn defaulted(&self, set: InputIndex) -> Option<&Value> {
        let place = usize::try_from(set.0).ok()?;
        let absent = self.values.get(place) == Some(&Value::Absent);
        self.package.inputs.get(place).filter(|_| absent)?.absent_as()
    }

    pub(super) fn is_chosen(&self, input: InputIndex) -> bool {
        let place = usize::try_from(input.0).ok();
        place
            .and_then(|place| self.chosen.get(place))
            .is_some_and(|chosen| *chosen)
    }

    fn unknown(&self, input: InputIndex) -> bool {
        self.is_chosen(input) && matches!(self.value(input), Some(Value::Absent | Value::Failed(_)))
    }

    /// Something to choose that a condition hangs on.
    fn open(&self, space: &Space, condition: &Condition) -> Option<Choice> {
        if self.truths(space, condition).settled() {
            return None;
        }
        match condition {
            Condition::Constant(_) => None,
            Condition::Atom(atom) => self.open_in_atom(space, atom),
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().find_map(|part| self.open(space, part))
            }
            Condition::Not(part) => self.open(space, part),
        }
    }

    fn open_in_atom(&self, space: &Space, atom: &Atom) -> Option<Choice> {
        let shape = shape(self.package, atom);
        if shape.inputs().any(|input| space.freed.contains(&input)) {
            return None;
        }
        if let Some(input) = shape.inputs().find(|input| !self.is_chosen(*input)) {
            return Some(Choice::Input(input));
        }
        if let Shape::Members(set, _, texts) = shape {
            let places = texts.iter().filter_map(|text| space.member(set, text.text()?));
            let is_open = |place: &usize| {
                let member = space.members.get(*place);
                member.is_some_and(|member| member.chosen.is_none())
            };
            return places.into_iter().find(is_open).map(Choice::Member);
        }
        let Atom::Contains { set, element } = atom else {
            return None;
        };
        let text = match element {
            Operand::Constant(Constant::Text(text)) => text,
            Operand::Constant(_) | Operand::Term(_) => return None,
            Operand::Input(input) => match self.value(*input) {
                Some(Value::Text(text)) => text,
                _ => return None,
            },
        };
        space.member(*set, text).map(Choice::Member)
    }
}
