//! Conditions in the form that code is made from: inputs are positions, texts are classes, negation stands at tests
//! alone (strong Kleene logic keeps De Morgan's laws), and what is decided in advance is gone.

use aecp_vocabulary::Type;

use super::EmitError;
use super::link::Reader;
use super::texts::Texts;
use crate::core::{Atom, Condition, Constant, InputIndex, Operand, Relation};
use crate::interpreter::Truth;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Formula {
    Constant(bool),
    /// A test, or its negation.
    Test(Test, bool),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// A question about one or two inputs; unknown if one of them is, except for `Present`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// True if the input is known.
    Known(u32),
    /// False if the input is absent, unknown if it failed, else true.
    Present(u32),
    /// The boolean is true.
    IsTrue(u32),
    /// The class of the text is one of these, sorted.
    TextIn(u32, Vec<u32>),
    /// The integer is in one of these ranges, bounds included; sorted, apart from each other, at least one.
    IntegerIn(u32, Vec<(i64, i64)>),
    /// Two booleans are equal.
    SameBoolean(u32, u32),
    /// Two texts are equal.
    SameText(u32, u32),
    /// Two integers are in this relation.
    Integers(u32, Relation, u32),
    /// The set has the constant of this class.
    Has(u32, u32),
    /// The set has the text at the second position.
    HasText(u32, u32),
}

/// What a text input can be, as far as classes tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Absent,
    Failed,
    Class(u32),
}

impl Formula {
    /// The formula of a condition of the reader's policy.
    pub(super) fn new(reader: &Reader<'_>, texts: &Texts<'_>, condition: &Condition) -> Result<Self, EmitError> {
        Builder { reader, texts }.formula(condition, false)
    }

    /// Conjunction; true if empty.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Constant(true) => {}
                Self::Constant(false) => return part,
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match (flat.pop(), flat.is_empty()) {
            (None, _) => Self::Constant(true),
            (Some(one), true) => one,
            (Some(last), false) => {
                flat.push(last);
                Self::All(flat)
            }
        }
    }

    /// Disjunction; false if empty.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Constant(false) => {}
                Self::Constant(true) => return part,
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        match (flat.pop(), flat.is_empty()) {
            (None, _) => Self::Constant(false),
            (Some(one), true) => one,
            (Some(last), false) => {
                flat.push(last);
                Self::Any(flat)
            }
        }
    }

    /// Calls `visit` with every test.
    pub(super) fn tests(&self, visit: &mut dyn FnMut(&Test)) {
        match self {
            Self::Constant(_) => {}
            Self::Test(test, _) => visit(test),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.tests(visit)),
        }
    }

    /// How many tests there are.
    pub(super) fn size(&self) -> usize {
        let mut count = 0_usize;
        self.tests(&mut |_| count = count.saturating_add(1));
        count
    }

    /// The one text input whose class alone decides the formula, if that is so.
    pub(super) fn decided_by(&self) -> Option<u32> {
        let mut inputs = None;
        let mut others = false;
        let mut classes = false;
        self.tests(&mut |test| {
            let input = match test {
                Test::TextIn(input, _) => {
                    classes = true;
                    *input
                }
                Test::Known(input) | Test::Present(input) => *input,
                _ => {
                    others = true;
                    return;
                }
            };
            others |= inputs.replace(input).is_some_and(|before| before != input);
        });
        inputs.filter(|_| classes && !others)
    }

    /// The truth of a formula that [`Self::decided_by`] this state of its input.
    pub(super) fn truth(&self, state: State) -> Truth {
        match self {
            Self::Constant(holds) => Truth::from(*holds),
            Self::All(parts) => parts.iter().fold(Truth::True, |truth, part| truth.and(part.truth(state))),
            Self::Any(parts) => parts.iter().fold(Truth::False, |truth, part| truth.or(part.truth(state))),
            Self::Test(test, negated) => {
                let truth = test.truth(state);
                if *negated { truth.negated() } else { truth }
            }
        }
    }
}

impl Test {
    fn truth(&self, state: State) -> Truth {
        match (self, state) {
            (Self::Present(_), State::Absent) => Truth::False,
            (Self::Known(_) | Self::Present(_), State::Class(_)) => Truth::True,
            (Self::TextIn(_, members), State::Class(class)) => Truth::from(members.binary_search(&class).is_ok()),
            _ => Truth::Unknown,
        }
    }

    /// The inputs that it reads.
    pub(super) fn inputs(&self) -> (u32, Option<u32>) {
        match self {
            Self::Known(input)
            | Self::Present(input)
            | Self::IsTrue(input)
            | Self::TextIn(input, _)
            | Self::IntegerIn(input, _)
            | Self::Has(input, _) => (*input, None),
            Self::SameBoolean(first, second)
            | Self::SameText(first, second)
            | Self::Integers(first, _, second)
            | Self::HasText(first, second) => (*first, Some(*second)),
        }
    }
}

struct Builder<'a> {
    reader: &'a Reader<'a>,
    texts: &'a Texts<'a>,
}

/// An operand whose type is known.
enum Side<'a> {
    Input(Type, u32),
    Text(&'a str),
    Integer(i64),
    Boolean(bool),
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
            Condition::All(conditions) if negated => Formula::any(parts(conditions)?),
            Condition::All(conditions) => Formula::all(parts(conditions)?),
            Condition::Any(conditions) if negated => Formula::all(parts(conditions)?),
            Condition::Any(conditions) => Formula::any(parts(conditions)?),
            Condition::Atom(atom) => match self.atom(atom)? {
                Ok((test, opposite)) => Formula::Test(test, opposite != negated),
                Err(decided) => Formula::Constant(decided != negated),
            },
        })
    }

    /// A test and whether it is negated, or what holds without any input.
    fn atom(&self, atom: &Atom) -> Result<Result<(Test, bool), bool>, EmitError> {
        Ok(match atom {
            Atom::IsPresent(input) => Ok((Test::Present(self.reader.position(*input)?), false)),
            Atom::IsTrue(input) => Ok((Test::IsTrue(self.typed(*input, Type::Boolean)?), false)),
            Atom::Compare { left, relation, right } => self.compare(left, *relation, right)?,
            Atom::OneOf { element, members } => self.one_of(element, members)?,
            Atom::Contains { set, element } => {
                let set = self.typed(*set, Type::SetOfText)?;
                Ok(match self.side(element)? {
                    Side::Input(Type::Text, text) => (Test::HasText(set, text), false),
                    Side::Text(text) => (Test::Has(set, self.class(text)?), false),
                    _ => return Err(self.reader.ill_typed("a member of a set of texts is not a text")),
                })
            }
        })
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
        Ok(match (self.side(left)?, relation, self.side(right)?) {
            (Side::Text(left), Equal, Side::Text(right)) => Err(left == right),
            (Side::Boolean(left), Equal, Side::Boolean(right)) => Err(left == right),
            (Side::Integer(left), _, Side::Integer(right)) => Err(holds(left.cmp(&right))),
            (Side::Input(Type::Text, input), Equal, Side::Text(text))
            | (Side::Text(text), Equal, Side::Input(Type::Text, input)) => {
                Ok((Test::TextIn(input, vec![self.class(text)?]), false))
            }
            (Side::Input(Type::Boolean, input), Equal, Side::Boolean(value))
            | (Side::Boolean(value), Equal, Side::Input(Type::Boolean, input)) => Ok((Test::IsTrue(input), !value)),
            (Side::Input(Type::Integer, input), _, Side::Integer(bound)) => Ok(in_range(
                input,
                match relation {
                    Equal => Some((bound, bound)),
                    Less => bound.checked_sub(1).map(|high| (i64::MIN, high)),
                    LessOrEqual => Some((i64::MIN, bound)),
                },
            )),
            (Side::Integer(bound), _, Side::Input(Type::Integer, input)) => Ok(in_range(
                input,
                match relation {
                    Equal => Some((bound, bound)),
                    Less => bound.checked_add(1).map(|low| (low, i64::MAX)),
                    LessOrEqual => Some((bound, i64::MAX)),
                },
            )),
            (Side::Input(left_type, left), _, Side::Input(right_type, right))
                if left_type == right_type && (relation == Equal || left_type == Type::Integer) =>
            {
                let (first, second) = (left.min(right), left.max(right));
                Ok(match left_type {
                    Type::Text | Type::Integer | Type::Boolean if left == right => {
                        settled(left, holds(std::cmp::Ordering::Equal))
                    }
                    Type::Text => (Test::SameText(first, second), false),
                    Type::Integer => (Test::Integers(left, relation, right), false),
                    Type::Boolean => (Test::SameBoolean(first, second), false),
                    _ => return Err(self.reader.ill_typed(format!("{left_type} cannot be compared"))),
                })
            }
            _ => return Err(self.reader.ill_typed("operands of a comparison do not fit each other")),
        })
    }

    fn one_of(&self, element: &Operand, members: &[Constant]) -> Result<Result<(Test, bool), bool>, EmitError> {
        let is_member = |constant: Constant| members.contains(&constant);
        Ok(match self.side(element)? {
            Side::Text(text) => Err(is_member(Constant::Text(text.to_owned()))),
            Side::Integer(number) => Err(is_member(Constant::Integer(number))),
            Side::Boolean(value) => Err(is_member(Constant::Boolean(value))),
            Side::Input(Type::Boolean, input) => {
                Ok(match (is_member(Constant::Boolean(false)), is_member(Constant::Boolean(true))) {
                    (false, true) => (Test::IsTrue(input), false),
                    (true, false) => (Test::IsTrue(input), true),
                    (all, _) => settled(input, all),
                })
            }
            Side::Input(Type::Text, input) => {
                let mut classes = Vec::with_capacity(members.len());
                for member in members {
                    match member {
                        Constant::Text(text) => classes.push(self.class(text)?),
                        _ => return Err(self.reader.ill_typed("a list of texts has a member that is none")),
                    }
                }
                classes.sort_unstable();
                classes.dedup();
                if classes.is_empty() { Ok(settled(input, false)) } else { Ok((Test::TextIn(input, classes), false)) }
            }
            Side::Input(Type::Integer, input) => {
                let mut numbers = Vec::with_capacity(members.len());
                for member in members {
                    match member {
                        Constant::Integer(number) => numbers.push(*number),
                        _ => return Err(self.reader.ill_typed("a list of integers has a member that is none")),
                    }
                }
                numbers.sort_unstable();
                Ok(in_ranges(input, numbers.into_iter().map(|number| (number, number))))
            }
            Side::Input(other, _) => return Err(self.reader.ill_typed(format!("{other} has no lists"))),
        })
    }

    fn side<'b>(&self, operand: &'b Operand) -> Result<Side<'b>, EmitError> {
        Ok(match operand {
            Operand::Constant(Constant::Text(text)) => Side::Text(text),
            Operand::Constant(Constant::Integer(number)) => Side::Integer(*number),
            Operand::Constant(Constant::Boolean(value)) => Side::Boolean(*value),
            Operand::Input(index) => {
                let position = self.reader.position(*index)?;
                let value_type = self.reader.value_type(position);
                Side::Input(value_type.ok_or_else(|| self.reader.ill_typed("an input has no type"))?, position)
            }
        })
    }

    fn typed(&self, index: InputIndex, expected: Type) -> Result<u32, EmitError> {
        match self.side(&Operand::Input(index))? {
            Side::Input(value_type, position) if value_type == expected => Ok(position),
            _ => Err(self.reader.ill_typed(format!("{expected} is read where the input is of another type"))),
        }
    }

    fn class(&self, text: &str) -> Result<u32, EmitError> {
        self.texts.class(text).ok_or_else(|| self.reader.ill_typed(format!("text `{text}` has no class")))
    }
}

fn in_range(input: u32, range: Option<(i64, i64)>) -> (Test, bool) {
    in_ranges(input, range)
}

/// `ranges` are sorted.
fn in_ranges(input: u32, ranges: impl IntoIterator<Item = (i64, i64)>) -> (Test, bool) {
    let mut apart: Vec<(i64, i64)> = Vec::new();
    for (low, high) in ranges {
        match apart.last_mut() {
            // Neighbours are one range; nothing lies behind the greatest integer.
            Some(last) if last.1.checked_add(1).is_none_or(|next| low <= next) => last.1 = last.1.max(high),
            _ => apart.push((low, high)),
        }
    }
    match apart.as_slice() {
        [] => settled(input, false),
        [(i64::MIN, i64::MAX)] => settled(input, true),
        _ => (Test::IntegerIn(input, apart), false),
    }
}
