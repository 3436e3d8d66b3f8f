//! Questions about what is calculated. They look at their inputs themselves, for the answer may be unknown although
//! all inputs are known.

use aecp_vocabulary::Type;

use crate::core::Relation;
use crate::core::term::Sign;
use crate::core::time::{Window, Zone};
use crate::emit::lists::Ranges;

/// A question about a number that is calculated; unknown if an input is, or if a step does not fit 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emit) struct Computed {
    pub(in crate::emit) number: Number,
    pub(in crate::emit) asked: Query,
}

/// What is asked of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Query {
    /// It is in this relation to another one.
    Compared(Relation, Number),
    /// It is in one of these ranges, bounds included; sorted, apart from each other.
    In(Ranges<i64>),
    /// The set at this position, of this type, has it.
    MemberOf(u32, Type),
    /// The instant is in this part of the week or of the day; unknown outside of the zone's table.
    During(Window, Zone),
}

/// 64 bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Number {
    Constant(i64),
    /// The number at a position.
    Input(u32),
    /// The first, and what is done to it with the others, in their order.
    Steps(Box<Number>, Vec<(Operation, Number)>),
}

/// What is done with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum Operation {
    Add,
    Subtract,
    Multiply,
}

impl From<Sign> for Operation {
    fn from(sign: Sign) -> Self {
        match sign {
            Sign::Plus => Self::Add,
            Sign::Minus => Self::Subtract,
        }
    }
}

impl Computed {
    /// Calls `visit` with the positions that it reads.
    pub(in crate::emit) fn each_input(&self, visit: &mut dyn FnMut(u32)) {
        self.number.each_input(visit);
        match &self.asked {
            Query::Compared(_, other) => other.each_input(visit),
            Query::In(_) | Query::During(..) => {}
            Query::MemberOf(set, _) => visit(*set),
        }
    }
}

impl Number {
    fn each_input(&self, visit: &mut dyn FnMut(u32)) {
        match self {
            Self::Constant(_) => {}
            Self::Input(input) => visit(*input),
            Self::Steps(first, rest) => {
                first.each_input(visit);
                rest.iter().for_each(|(_, number)| number.each_input(visit));
            }
        }
    }

    /// How many numbers must be kept to calculate it, itself included.
    pub(in crate::emit) fn depth(&self) -> u32 {
        match self {
            Self::Constant(_) | Self::Input(_) => 1,
            Self::Steps(first, rest) => {
                let others = rest.iter().map(|(_, number)| number.depth().saturating_add(1));
                others.fold(first.depth(), u32::max)
            }
        }
    }
}
