//! From conditions of the typed core to formulas.

use std::sync::Arc;

use aecp_vocabulary::Type;

use super::{Computed, Formula, Number, Operation, Query, Test};
use crate::core::term::Term;
use crate::core::{
    Atom, Condition, Constant, InputIndex, Members, Operand, Quantifier, Relation, is_ordered,
};
use crate::emit::link::Reader;
use crate::emit::lists::{Lists, Ranges};
use crate::emit::patterns::Patterns;
use crate::emit::texts::Texts;
use crate::emit::{EmitError, Optimise};
use crate::pattern::Asked;

/// The formula of a condition of the reader's policy.
pub(super) fn formula(
    reader: &Reader<'_>,
    texts: &Texts<'_>,
    lists: &Lists,
    patterns: &Patterns,
    condition: &Condition,
    optimise: Optimise,
) -> Result<Formula, EmitError> {
    let builder = Builder {
        reader,
        texts,
        lists,
        patterns,
        optimise,
    };
    builder.formula(condition, false)
}

struct Builder<'a> {
    reader: &'a Reader<'a>,
    texts: &'a Texts<'a>,
    lists: &'a Lists,
    patterns: &'a Patterns,
    optimise: Optimise,
}

/// An operand whose type is known.
enum Side<'a> {
    Input(Type, u32),
    Text(&'a str),
    /// An integer, decimal, instant or duration.
    Number(Type, i64),
    Address(u128),
    Boolean(bool),
    /// Something calculated, of an ordered type.
    Term(Type, Number),
}

/// Deepest nesting of terms.
const TERM_DEPTH: usize = 256;

fn computed(number: Number, asked: Query) -> Test {
    Test::Computed(Box::new(Computed { number, asked }))
}

/// True if the input is known and the test holds then, false if it does not.
fn settled(input: u32, holds: bool) -> (Test, bool) {
    (Test::Known(input), !holds)
}

impl Builder<'_> {
    fn formula(&self, condition: &Condition, negated: bool) -> Result<Formula, EmitError> {
        let parts = |parts: &[Condition]| -> Result<Vec<Formula>, EmitError> {
            parts.iter().map(|part| self.formula(part, negated)).collect()
        };
        Ok(match condition {
            Condition::Constant(holds) => Formula::Constant(*holds != negated),
            Condition::Not(part) => self.formula(part, !negated)?,
            Condition::All(conditions) => self.joined(!negated, parts(conditions)?),
            Condition::Any(conditions) => self.joined(negated, parts(conditions)?),
            Condition::Atom(Atom::ContainsOf {
                set,
                quantifier: Quantifier::All,
                members,
            }) => {
                let each = members.iter().map(|member| {
                    let test = self.contains(*set, &Operand::Constant(member.clone()))?;
                    Ok(Formula::Test(test, negated))
                });
                let each: Vec<Formula> = each.collect::<Result<_, EmitError>>()?;
                self.joined(!negated, each)
            }
            Condition::Atom(atom) => {
                if let Some(formula) = self.matches(atom, negated)? {
                    return Ok(formula);
                }
                match self.atom(atom)? {
                    Ok((test, opposite)) => Formula::Test(test, opposite != negated),
                    Err(decided) => Formula::Constant(decided != negated),
                }
            }
        })
    }

    /// The conjunction of parts, or their disjunction.
    fn joined(&self, conjunction: bool, parts: Vec<Formula>) -> Formula {
        match self.optimise {
            // What has no parts has no code either.
            Optimise::Nothing if !parts.is_empty() && conjunction => Formula::All(parts),
            Optimise::Nothing if !parts.is_empty() => Formula::Any(parts),
            _ if conjunction => Formula::all(parts),
            _ => Formula::any(parts),
        }
    }

    /// A test and whether it is negated, or what holds without any input.
    fn atom(&self, atom: &Atom) -> Result<Result<(Test, bool), bool>, EmitError> {
        Ok(match atom {
            Atom::IsPresent(input) => {
                let position = self.reader.position(*input)?;
                let test = if self.reader.has_default(position) {
                    Test::Given(position)
                } else {
                    Test::Present(position)
                };
                Ok((test, false))
            }
            Atom::IsTrue(input) => Ok((Test::IsTrue(self.typed(*input, Type::Boolean)?), false)),
            Atom::Compare {
                left,
                relation,
                right,
            } => self.compare(left, *relation, right)?,
            Atom::OneOf { element, members } => self.one_of(element, members)?,
            Atom::Contains { set, element } => Ok((self.contains(*set, element)?, false)),
            Atom::During {
                instant,
                window,
                zone,
            } => {
                let (Type::Instant, number) = self.number(self.side(instant)?)? else {
                    return Err(self.reader.ill_typed("a time of day of what is no instant"));
                };
                Ok((computed(number, Query::During(*window, zone.clone())), false))
            }
            Atom::ContainsOf { set, members, .. } => Ok((self.contains_any(*set, members)?, false)),
            Atom::Affix { text, side, part } => {
                let text = self.typed(*text, Type::Text)?;
                Ok((Test::Affix(text, *side, part.clone()), false))
            }
            Atom::Matches { .. } => return Err(self.reader.ill_typed("a pattern has no automaton")),
            Atom::WithinOneOf { address, networks } => {
                let ranges = self.lists.addresses(networks);
                Ok(in_addresses(self.typed(*address, Type::Address)?, ranges))
            }
            Atom::Within { address, network } => {
                let address = self.typed(*address, Type::Address)?;
                Ok((
                    Test::AddressWithin(address, self.typed(*network, Type::Network)?),
                    false,
                ))
            }
        })
    }

    /// What the automata of an input tell of an atom; none if they do not tell of it.
    fn matches(&self, atom: &Atom, negated: bool) -> Result<Option<Formula>, EmitError> {
        let Some((text, asked)) = Asked::by(atom) else {
            return Ok(None);
        };
        let text = self.typed(text, Type::Text)?;
        let Some(found) = self.patterns.labels(text, &asked) else {
            return Ok(None);
        };
        let tests = found.into_iter().map(|(automaton, labels, all)| {
            let (test, opposite) = if labels.is_empty() {
                settled(text, false)
            } else if labels.len() == all {
                settled(text, true)
            } else {
                (Test::Matches(text, automaton, labels), false)
            };
            Formula::Test(test, opposite != negated)
        });
        Ok(Some(if negated {
            Formula::all(tests)
        } else {
            Formula::any(tests)
        }))
    }

    fn contains(&self, set: InputIndex, element: &Operand) -> Result<Test, EmitError> {
        let Side::Input(set_type, set) = self.side(&Operand::Input(set))? else {
            return Err(self.reader.ill_typed("a set is no input"));
        };
        let element = self.side(element)?;
        Ok(match (set_type.member(), element) {
            (Some(Type::Text), Side::Input(Type::Text, text)) => Test::HasText(set, text),
            (Some(Type::Text), Side::Text(text)) => Test::Has(set, self.class(text)?),
            (Some(member), Side::Number(given, number)) if member == given => {
                Test::HasNumber(set, set_type, number)
            }
            (Some(member), Side::Term(given, number)) if member == given => {
                computed(number, Query::MemberOf(set, set_type))
            }
            (Some(Type::Address), Side::Address(address)) => Test::HasAddress(set, address),
            (Some(Type::Address), Side::Input(Type::Address, address)) => Test::HasAddressOf(set, address),
            (Some(member), Side::Input(given, number)) if member == given && is_ordered(given) => {
                Test::HasNumberOf(set, set_type, number)
            }
            _ => return Err(self.reader.ill_typed("a member does not fit its set")),
        })
    }

    fn contains_any(&self, set: InputIndex, members: &Members<Constant>) -> Result<Test, EmitError> {
        let Side::Input(set_type, set) = self.side(&Operand::Input(set))? else {
            return Err(self.reader.ill_typed("a set is no input"));
        };
        let Some(member) = set_type.member().filter(|member| self.are(members, *member)) else {
            return Err(self.reader.ill_typed("members of a list do not fit the set"));
        };
        Ok(match member {
            Type::Text => Test::HasAny(set, self.classes(members)?),
            Type::Address => Test::HasAddressIn(set, self.lists.addresses(members)),
            _ => Test::HasNumberIn(set, set_type, self.lists.numbers(members)),
        })
    }

    /// Whether all members of a list have a type, and there is one.
    fn are(&self, members: &Members<Constant>, wanted: Type) -> bool {
        !members.is_empty() && members.iter().all(|member| member.value_type() == wanted)
    }

    fn compare(
        &self,
        left: &Operand,
        relation: Relation,
        right: &Operand,
    ) -> Result<Result<(Test, bool), bool>, EmitError> {
        use Relation::{Equal, Less, LessOrEqual};
        let holds = |order: std::cmp::Ordering| match relation {
            Equal => order.is_eq(),
            Less => order.is_lt(),
            LessOrEqual => order.is_le(),
        };
        let (left, right) = (self.side(left)?, self.side(right)?);
        if matches!((&left, &right), (Side::Term(..), _) | (_, Side::Term(..))) {
            let ((left_type, left), (right_type, right)) = (self.number(left)?, self.number(right)?);
            if left_type != right_type {
                return Err(self.reader.ill_typed("a comparison of two types"));
            }
            return Ok(Ok((computed(left, Query::Compared(relation, right)), false)));
        }
        Ok(match (left, relation, right) {
            (Side::Text(left), Equal, Side::Text(right)) => Err(left == right),
            (Side::Boolean(left), Equal, Side::Boolean(right)) => Err(left == right),
            (Side::Address(left), Equal, Side::Address(right)) => Err(left == right),
            (Side::Number(left_type, left), _, Side::Number(right_type, right))
                if left_type == right_type =>
            {
                Err(holds(left.cmp(&right)))
            }
            (Side::Input(Type::Address, input), Equal, Side::Address(address))
            | (Side::Address(address), Equal, Side::Input(Type::Address, input)) => {
                Ok(in_addresses(input, Ranges::from([(address, address)])))
            }
            (Side::Input(Type::Text, input), Equal, Side::Text(text))
            | (Side::Text(text), Equal, Side::Input(Type::Text, input)) => {
                Ok((Test::TextIn(input, Arc::from([self.class(text)?])), false))
            }
            (Side::Input(Type::Boolean, input), Equal, Side::Boolean(value))
            | (Side::Boolean(value), Equal, Side::Input(Type::Boolean, input)) => {
                Ok((Test::IsTrue(input), !value))
            }
            (Side::Input(given, input), _, Side::Number(wanted, bound)) if given == wanted => Ok(in_range(
                input,
                match relation {
                    Equal => Some((bound, bound)),
                    Less => bound.checked_sub(1).map(|high| (i64::MIN, high)),
                    LessOrEqual => Some((i64::MIN, bound)),
                },
            )),
            (Side::Number(wanted, bound), _, Side::Input(given, input)) if given == wanted => Ok(in_range(
                input,
                match relation {
                    Equal => Some((bound, bound)),
                    Less => bound.checked_add(1).map(|low| (low, i64::MAX)),
                    LessOrEqual => Some((bound, i64::MAX)),
                },
            )),
            (Side::Input(left_type, left), _, Side::Input(right_type, right))
                if left_type == right_type && (relation == Equal || is_ordered(left_type)) =>
            {
                let (first, second) = (left.min(right), left.max(right));
                Ok(match left_type {
                    Type::Text | Type::Boolean | Type::Address if left == right => settled(left, true),
                    ordered if is_ordered(ordered) && left == right => {
                        settled(left, holds(std::cmp::Ordering::Equal))
                    }
                    ordered if is_ordered(ordered) => (Test::Numbers(left, relation, right), false),
                    Type::Text => (Test::SameText(first, second), false),
                    Type::Address => (Test::SameAddress(first, second), false),
                    Type::Boolean => (Test::SameBoolean(first, second), false),
                    _ => return Err(self.reader.ill_typed(format!("{left_type} cannot be compared"))),
                })
            }
            _ => {
                return Err(self
                    .reader
                    .ill_typed("operands of a comparison do not fit each other"));
            }
        })
    }

    fn one_of(
        &self,
        element: &Operand,
        members: &Members<Constant>,
    ) -> Result<Result<(Test, bool), bool>, EmitError> {
        let is_member = |constant: Constant| members.binary_search(&constant).is_ok();
        if let Operand::Constant(constant) = element {
            return Ok(Err(is_member(constant.clone())));
        }
        Ok(match self.side(element)? {
            Side::Input(Type::Boolean, input) => Ok(
                match (
                    is_member(Constant::Boolean(false)),
                    is_member(Constant::Boolean(true)),
                ) {
                    (false, true) => (Test::IsTrue(input), false),
                    (true, false) => (Test::IsTrue(input), true),
                    (all, _) => settled(input, all),
                },
            ),
            Side::Input(_, input) if members.is_empty() => Ok(settled(input, false)),
            Side::Input(of_type, _) if !self.are(members, of_type) => {
                return Err(self.reader.ill_typed("a list has a member of another type"));
            }
            Side::Input(Type::Text, input) => Ok((Test::TextIn(input, self.classes(members)?), false)),
            Side::Input(Type::Address, input) => Ok(in_addresses(input, self.lists.addresses(members))),
            Side::Input(ordered, input) if is_ordered(ordered) => {
                Ok(in_ranges(input, self.lists.numbers(members)))
            }
            Side::Term(value_type, number) => {
                if !self.are(members, value_type) {
                    return Err(self.reader.ill_typed("a list has a member of another type"));
                }
                let ranges = self.lists.numbers(members);
                Ok((computed(number, Query::In(ranges)), false))
            }
            _ => return Err(self.reader.ill_typed("a value of this type has no lists")),
        })
    }

    fn side<'b>(&self, operand: &'b Operand) -> Result<Side<'b>, EmitError> {
        Ok(match operand {
            Operand::Constant(Constant::Text(text)) => Side::Text(text),
            Operand::Constant(Constant::Boolean(value)) => Side::Boolean(*value),
            Operand::Constant(Constant::Address(address)) => Side::Address(address.0),
            Operand::Constant(constant) => match number(constant) {
                Some((value_type, number)) => Side::Number(value_type, number),
                None => return Err(self.reader.ill_typed("a constant that is no number")),
            },
            Operand::Term(term) => Side::Term(term.value_type(), self.term(term, TERM_DEPTH)?),
            Operand::Input(index) => {
                let position = self.reader.position(*index)?;
                let value_type = self.reader.value_type(position);
                Side::Input(
                    value_type.ok_or_else(|| self.reader.ill_typed("an input has no type"))?,
                    position,
                )
            }
        })
    }

    fn term(&self, term: &Term, depth: usize) -> Result<Number, EmitError> {
        let depth = depth.checked_sub(1).ok_or_else(|| EmitError::TooDeep {
            policy: self.reader.policy.name.clone(),
        })?;
        let number = |operand: &Operand| match operand {
            Operand::Term(inner) => self.term(inner, depth),
            other => Ok(self.number(self.side(other)?)?.1),
        };
        let (first, rest) = match term {
            Term::Sum { first, rest, .. } => {
                let rest = rest
                    .iter()
                    .map(|step| Ok((Operation::from(step.sign), number(&step.operand)?)));
                (number(first)?, rest.collect::<Result<_, EmitError>>()?)
            }
            Term::Product { factors, .. } => {
                let Some((first, rest)) = factors.split_first() else {
                    return Err(self.reader.ill_typed("a product of nothing"));
                };
                let rest = rest
                    .iter()
                    .map(|factor| Ok((Operation::Multiply, number(factor)?)));
                (number(first)?, rest.collect::<Result<_, EmitError>>()?)
            }
        };
        Ok(Number::Steps(Box::new(first), rest))
    }

    /// What can be calculated with, and its type.
    fn number(&self, side: Side<'_>) -> Result<(Type, Number), EmitError> {
        match side {
            Side::Number(value_type, number) => Ok((value_type, Number::Constant(number))),
            Side::Input(value_type, input) if is_ordered(value_type) => {
                Ok((value_type, Number::Input(input)))
            }
            Side::Term(value_type, number) => Ok((value_type, number)),
            _ => Err(self.reader.ill_typed("a calculation with what is no number")),
        }
    }

    fn typed(&self, index: InputIndex, expected: Type) -> Result<u32, EmitError> {
        match self.side(&Operand::Input(index))? {
            Side::Input(value_type, position) if value_type == expected => Ok(position),
            _ => Err(self
                .reader
                .ill_typed(format!("{expected} is read where the input is of another type"))),
        }
    }

    fn classes(&self, members: &Members<Constant>) -> Result<Arc<[u32]>, EmitError> {
        let classes = self.texts.of_list(members);
        classes.ok_or_else(|| self.reader.ill_typed("a list of texts has no classes"))
    }

    fn class(&self, text: &str) -> Result<u32, EmitError> {
        self.texts
            .class(text)
            .ok_or_else(|| self.reader.ill_typed(format!("text `{text}` has no class")))
    }
}

/// A constant that has an order, as its type and its 64 bits.
fn number(constant: &Constant) -> Option<(Type, i64)> {
    Some((constant.value_type(), constant.number()?))
}

fn in_addresses(input: u32, ranges: Ranges<u128>) -> (Test, bool) {
    match *ranges {
        [] => settled(input, false),
        [(0, u128::MAX)] => settled(input, true),
        _ => (Test::AddressIn(input, ranges), false),
    }
}

fn in_range(input: u32, range: Option<(i64, i64)>) -> (Test, bool) {
    in_ranges(input, range.into_iter().collect())
}

fn in_ranges(input: u32, ranges: Ranges<i64>) -> (Test, bool) {
    match *ranges {
        [] => settled(input, false),
        [(i64::MIN, i64::MAX)] => settled(input, true),
        _ => (Test::NumberIn(input, ranges), false),
    }
}
