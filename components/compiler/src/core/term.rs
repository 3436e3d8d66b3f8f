//! Arithmetic: what is calculated of attributes and constants before it is compared.
//!
//! Everything that is calculated with is 64 bits, signed. Each step must fit them, in the order in which it is written:
//! what does not is unknown, and the condition that reads it with it.

use aecp_vocabulary::Type;

use super::{Constant, InputIndex, Operand};

/// Something calculated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// `a + b - c`, from left to right.
    Sum {
        /// The type of the first operand.
        given: Type,
        /// What is added to.
        first: Operand,
        /// What is added and subtracted; at least one.
        rest: Vec<Step>,
    },
    /// `a * b`, from left to right.
    Product {
        /// The type of what comes out.
        value_type: Type,
        /// What is multiplied; at least two, all but one INTEGER.
        factors: Vec<Operand>,
    },
}

/// One addition or subtraction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which of both.
    pub sign: Sign,
    /// What is added or subtracted.
    pub operand: Operand,
    /// The type of what comes out.
    pub gives: Type,
}

/// Whether something is added or subtracted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It is added.
    Plus,
    /// It is subtracted.
    Minus,
}

/// What two values give, if it fits 64 bits.
type Combine = fn(i64, i64) -> Option<i64>;

impl Sign {
    fn combine(self) -> Combine {
        match self {
            Self::Plus => i64::checked_add,
            Self::Minus => i64::checked_sub,
        }
    }

    /// What the two give, if it fits 64 bits.
    pub fn apply(self, left: i64, right: i64) -> Option<i64> {
        self.combine()(left, right)
    }

    /// The type of what a sum gives, if it can be.
    pub fn gives(self, left: Type, right: Type) -> Option<Type> {
        match (left, self, right) {
            (Type::Integer, _, Type::Integer) => Some(Type::Integer),
            (Type::Decimal, _, Type::Decimal) => Some(Type::Decimal),
            (Type::Duration, _, Type::Duration) | (Type::Instant, Self::Minus, Type::Instant) => {
                Some(Type::Duration)
            }
            (Type::Instant, _, Type::Duration) | (Type::Duration, Self::Plus, Type::Instant) => {
                Some(Type::Instant)
            }
            _ => None,
        }
    }
}

/// The type of a product, if there is one.
pub fn product(left: Type, right: Type) -> Option<Type> {
    match (left, right) {
        (Type::Integer | Type::Decimal | Type::Duration, Type::Integer) => Some(left),
        (Type::Integer, Type::Decimal | Type::Duration) => Some(right),
        _ => None,
    }
}

impl Term {
    /// The type of what comes out.
    pub fn value_type(&self) -> Type {
        match self {
            Self::Sum { given, rest, .. } => rest.last().map_or(*given, |step| step.gives),
            Self::Product { value_type, .. } => *value_type,
        }
    }

    /// What comes out, where `read` gives the 64 bits of operands that are no terms. None if one of them is unknown, or
    /// a step does not fit.
    pub fn evaluate(&self, read: &dyn Fn(&Operand) -> Option<i64>) -> Option<i64> {
        let number = |operand: &Operand| match operand {
            Operand::Term(term) => term.evaluate(read),
            other => read(other),
        };
        let mut total = None;
        self.steps(&mut |combine, operand| {
            let number = number(operand);
            total = match combine {
                None => number,
                Some(combine) => total.zip(number).and_then(|(left, right)| combine(left, right)),
            };
        });
        total
    }

    /// Calls `visit` with each operand and how it is combined with what the ones before it gave.
    fn steps(&self, visit: &mut dyn FnMut(Option<Combine>, &Operand)) {
        match self {
            Self::Sum { first, rest, .. } => {
                visit(None, first);
                for step in rest {
                    visit(Some(step.sign.combine()), &step.operand);
                }
            }
            Self::Product { factors, .. } => {
                let mut combine: Option<Combine> = None;
                for factor in factors {
                    visit(combine, factor);
                    combine = Some(i64::checked_mul);
                }
            }
        }
    }

    /// Its operands, in the order in which they are written.
    pub fn operands(&self) -> Vec<&Operand> {
        match self {
            Self::Sum { first, rest, .. } => std::iter::once(first)
                .chain(rest.iter().map(|step| &step.operand))
                .collect(),
            Self::Product { factors, .. } => factors.iter().collect(),
        }
    }

    /// The same, to be changed.
    pub fn operands_mut(&mut self) -> Vec<&mut Operand> {
        match self {
            Self::Sum { first, rest, .. } => {
                let rest = rest.iter_mut().map(|step| &mut step.operand);
                std::iter::once(first).chain(rest).collect()
            }
            Self::Product { factors, .. } => factors.iter_mut().collect(),
        }
    }

    /// The signs that could as well be the other one, for the types would fit: from left to right, inner ones where they
    /// stand.
    pub fn signs_mut(&mut self) -> Vec<&mut Sign> {
        let mut signs = Vec::new();
        match self {
            Self::Sum { given, first, rest } => {
                let mut before = *given;
                signs.extend(first.signs_mut());
                for step in rest {
                    if before == step.gives {
                        signs.push(&mut step.sign);
                    }
                    before = step.gives;
                    signs.extend(step.operand.signs_mut());
                }
            }
            Self::Product { factors, .. } => signs.extend(factors.iter_mut().flat_map(Operand::signs_mut)),
        }
        signs
    }

    /// How many operands it has that are no terms.
    pub fn size(&self) -> usize {
        let sizes = self.operands().into_iter().map(Operand::size);
        sizes.fold(0, usize::saturating_add)
    }
}

impl Operand {
    /// Calls `visit` with each input that it reads, in the order in which it is written.
    pub fn each_input(&self, visit: &mut dyn FnMut(InputIndex)) {
        match self {
            Self::Input(input) => visit(*input),
            Self::Constant(_) => {}
            Self::Term(term) => term
                .operands()
                .into_iter()
                .for_each(|operand| operand.each_input(visit)),
        }
    }

    /// How many operands it is made of.
    pub fn size(&self) -> usize {
        match self {
            Self::Term(term) => term.size(),
            Self::Input(_) | Self::Constant(_) => 1,
        }
    }

    /// [`Term::signs_mut`]; none if it is no term.
    pub fn signs_mut(&mut self) -> Vec<&mut Sign> {
        match self {
            Self::Term(term) => term.signs_mut(),
            Self::Input(_) | Self::Constant(_) => Vec::new(),
        }
    }
}

impl Constant {
    /// The constant of an ordered type with these 64 bits.
    pub fn of_number(value_type: Type, number: i64) -> Option<Self> {
        Some(match value_type {
            Type::Integer => Self::Integer(number),
            Type::Decimal => Self::Decimal(number),
            Type::Instant => Self::Instant(number),
            Type::Duration => Self::Duration(number),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integer(number: i64) -> Operand {
        Operand::Constant(Constant::Integer(number))
    }

    fn value(term: &Term) -> Option<i64> {
        term.evaluate(&|operand| match operand {
            Operand::Constant(constant) => constant.number(),
            _ => None,
        })
    }

    fn sum(first: Operand, rest: &[(Sign, i64)]) -> Term {
        let step = |(sign, number): &(Sign, i64)| Step {
            sign: *sign,
            operand: integer(*number),
            gives: Type::Integer,
        };
        Term::Sum {
            given: Type::Integer,
            first,
            rest: rest.iter().map(step).collect(),
        }
    }

    #[test]
    fn every_step_must_fit_in_the_order_of_writing() {
        use Sign::{Minus, Plus};
        assert_eq!(
            value(&sum(integer(i64::MAX), &[(Minus, 1), (Plus, 1)])),
            Some(i64::MAX)
        );
        assert_eq!(value(&sum(integer(i64::MAX), &[(Plus, 1), (Minus, 1)])), None);
        assert_eq!(value(&sum(integer(0), &[(Minus, i64::MIN)])), None);
        let product = |factors: &[i64]| Term::Product {
            value_type: Type::Integer,
            factors: factors.iter().map(|factor| integer(*factor)).collect(),
        };
        assert_eq!(value(&product(&[i64::MIN, -1])), None);
        assert_eq!(value(&product(&[-1, i64::MIN])), None);
        assert_eq!(value(&product(&[i64::MAX, 2, 0])), None);
        assert_eq!(value(&product(&[0, i64::MIN, 7])), Some(0));
        let nested = sum(Operand::Term(Box::new(product(&[6, 7]))), &[(Minus, 2)]);
        assert_eq!((value(&nested), nested.size()), (Some(40), 3));
    }
}
