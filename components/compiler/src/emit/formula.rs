//! Conditions in the form that code is made from: inputs are positions, texts are classes, negation stands at tests
//! alone (strong Kleene logic keeps De Morgan's laws), and what is decided in advance is gone.

mod build;
mod computed;

pub(super) use computed::{Computed, Number, Operation, Query};

use std::sync::Arc;

use super::link::Reader;
use super::lists::{Lists, Ranges};
use super::patterns::Patterns;
use super::texts::Texts;
use super::{EmitError, Optimise};
use crate::core::{Condition, Relation, Side};
use crate::interpreter::Truth;
use aecp_vocabulary::Type;

/// A condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Formula {
    Constant(bool),
    /// A test, or its negation.
    Test(Test, bool),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

/// A question about one or two inputs; unknown if one of them is, except for `Present` and `Computed`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// True if the input is known.
    Known(u32),
    /// False if the input is absent, unknown if it failed, else true.
    Present(u32),
    /// The same of an input with a default, whose class says nothing of it.
    Given(u32),
    /// The boolean is true.
    IsTrue(u32),
    /// The class of the text is one of these, sorted.
    TextIn(u32, Arc<[u32]>),
    /// The number (integer, decimal, instant or duration) is in one of these ranges, bounds included; sorted, apart from
    /// each other, at least one.
    NumberIn(u32, Ranges<i64>),
    /// The address is in one of these ranges; as for numbers.
    AddressIn(u32, Ranges<u128>),
    /// The address is in the network at the second position.
    AddressWithin(u32, u32),
    /// The text has this part at its start or end.
    Affix(u32, Side, String),
    /// The label to which this automaton of the input's leads is one of these, sorted.
    Matches(u32, u32, Vec<u32>),
    /// Two booleans are equal.
    SameBoolean(u32, u32),
    /// Two texts are equal.
    SameText(u32, u32),
    /// Two addresses are equal.
    SameAddress(u32, u32),
    /// Two numbers of one type are in this relation.
    Numbers(u32, Relation, u32),
    /// The set has the constant of this class.
    Has(u32, u32),
    /// The set has a text of one of these classes, sorted.
    HasAny(u32, Arc<[u32]>),
    /// The set, of this type, has a number in one of these ranges.
    HasNumberIn(u32, Type, Ranges<i64>),
    /// The set has an address in one of these ranges.
    HasAddressIn(u32, Ranges<u128>),
    /// The set has the text at the second position.
    HasText(u32, u32),
    /// The set, of this type, has the number.
    HasNumber(u32, Type, i64),
    /// The set, of this type, has the number at the second position.
    HasNumberOf(u32, Type, u32),
    /// The set has the address.
    HasAddress(u32, u128),
    /// The set has the address at the second position.
    HasAddressOf(u32, u32),
    /// What is asked of a number that is calculated.
    Computed(Box<Computed>),
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
    pub(super) fn new(
        reader: &Reader<'_>,
        texts: &Texts<'_>,
        lists: &Lists,
        patterns: &Patterns,
        condition: &Condition,
        optimise: Optimise,
    ) -> Result<Self, EmitError> {
        build::formula(reader, texts, lists, patterns, condition, optimise)
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
            Self::All(parts) => parts
                .iter()
                .fold(Truth::True, |truth, part| truth.and(part.truth(state))),
            Self::Any(parts) => parts
                .iter()
                .fold(Truth::False, |truth, part| truth.or(part.truth(state))),
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
            (Self::TextIn(_, members), State::Class(class)) => {
                Truth::from(members.binary_search(&class).is_ok())
            }
            _ => Truth::Unknown,
        }
    }

    /// Calls `visit` with the positions that it reads.
    pub(super) fn each_input(&self, visit: &mut dyn FnMut(u32)) {
        match (self, self.inputs()) {
            (Self::Computed(computed), _) => computed.each_input(visit),
            (_, Some((first, second))) => {
                visit(first);
                second.into_iter().for_each(visit);
            }
            (_, None) => {}
        }
    }

    /// The one or two inputs that decide if it is known. None if it looks at its inputs itself.
    pub(super) fn inputs(&self) -> Option<(u32, Option<u32>)> {
        Some(match self {
            Self::Computed(_) => return None,
            Self::Known(input)
            | Self::Present(input)
            | Self::Given(input)
            | Self::IsTrue(input)
            | Self::TextIn(input, _)
            | Self::NumberIn(input, _)
            | Self::AddressIn(input, _)
            | Self::Affix(input, ..)
            | Self::Matches(input, ..)
            | Self::HasNumber(input, ..)
            | Self::HasAddress(input, _)
            | Self::HasAny(input, _)
            | Self::HasNumberIn(input, ..)
            | Self::HasAddressIn(input, _)
            | Self::Has(input, _) => (*input, None),
            Self::SameBoolean(first, second)
            | Self::SameText(first, second)
            | Self::SameAddress(first, second)
            | Self::AddressWithin(first, second)
            | Self::Numbers(first, _, second)
            | Self::HasNumberOf(first, _, second)
            | Self::HasAddressOf(first, second)
            | Self::HasText(first, second) => (*first, Some(*second)),
        })
    }
}
