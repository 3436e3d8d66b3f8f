//! Arithmetic: types are checked, and what constants alone give is calculated.

use aecp_vocabulary::Type;

use super::operands::{Meaning, Typed};
use super::{Checker, place};
use crate::core::term::{Sign, Step, Term, product};
use crate::core::{Constant, Operand};
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::SyntaxKind as K;
use crate::syntax::ast;

/// Most operands of one calculation.
pub(super) const SIZE_LIMIT: usize = 256;

impl Checker {
    /// What a sum, product, sign or parenthesis stands for.
    pub(super) fn term(&mut self, file: u32, node: &ast::Operand) -> Option<Typed> {
        let here = place(file, node);
        let meaning = match node {
            ast::Operand::Sum(sum) => self.sum(file, sum)?,
            ast::Operand::Product(product) => self.product(file, product)?,
            ast::Operand::Negative(negative) => {
                let operand = self.operand(file, negative.operand()?, false)?;
                self.negative(operand)?
            }
            ast::Operand::Group(group) => {
                let inner = self.operand(file, group.operand()?, false)?;
                return Some(Typed { place: here, ..inner });
            }
            _ => return None,
        };
        if let Meaning::Term(term) = &meaning {
            if term.size() > SIZE_LIMIT {
                let message = format!(
                    "this calculation has {} operands, at most {SIZE_LIMIT} may be",
                    term.size()
                );
                let diagnostic = Diagnostic::error(Code::TermTooLong, here, message);
                self.report(
                    diagnostic.help("let an extractor calculate it, and compare the attribute that it gives"),
                );
                return None;
            }
        }
        Some(Typed {
            meaning,
            place: here,
            declared: None,
            node: node.clone(),
        })
    }

    fn sum(&mut self, file: u32, sum: &ast::Sum) -> Option<Meaning> {
        let mut parts: Vec<Option<(Sign, Typed)>> = Vec::new();
        for (operator, operand) in sum.terms() {
            let sign = match operator {
                Some(token) if token.kind() == K::Minus => Sign::Minus,
                _ => Sign::Plus,
            };
            parts.push(self.operand(file, operand, false).map(|typed| (sign, typed)));
        }
        let mut parts = parts.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
        let (_, mut left) = parts.next()?;
        // Steps behind what constants alone give.
        let mut given = None;
        let mut rest: Vec<Step> = Vec::new();
        for (sign, right) in parts {
            let so_far = rest.last().map(|step| step.gives).or(given);
            let (fitted, right) = self.fitted_pair(left, so_far, right)?;
            left = fitted;
            let left_type = so_far.or(left.value_type());
            let types = left_type.zip(right.value_type());
            let Some(gives) = types.and_then(|(left, right)| sign.gives(left, right)) else {
                self.no_sum(sign, left_type, &left, &right);
                return None;
            };
            match (&left.meaning, &right.meaning) {
                (Meaning::Constant(one), Meaning::Constant(other)) if rest.is_empty() => {
                    let result = one.number().zip(other.number());
                    let result = result.and_then(|(one, other)| sign.apply(one, other));
                    let Some(constant) = result.and_then(|number| Constant::of_number(gives, number)) else {
                        self.overflow(&left, &right);
                        return None;
                    };
                    left.meaning = Meaning::Constant(constant);
                }
                _ => {
                    given = given.or(left_type);
                    let operand = right.operand()?;
                    rest.push(Step { sign, operand, gives });
                }
            }
        }
        let (Some(given), false) = (given, rest.is_empty()) else {
            return Some(left.meaning);
        };
        let first = left.operand()?;
        Some(Meaning::Term(Box::new(Term::Sum { given, first, rest })))
    }

    fn negative(&mut self, operand: Typed) -> Option<Meaning> {
        let Some(value_type @ (Type::Integer | Type::Decimal | Type::Duration)) = operand.value_type() else {
            let message = format!(
                "`-` changes the sign of numbers and durations, and `{}` is {}",
                operand.written(),
                operand.kind()
            );
            let diagnostic = Diagnostic::error(Code::TypeMismatch, operand.place, message);
            self.report(diagnostic.label(format!("this is {}", operand.kind())));
            return None;
        };
        let zero = Constant::of_number(value_type, 0)?;
        if let Meaning::Constant(constant) = &operand.meaning {
            let negative = constant.number().and_then(i64::checked_neg);
            let constant = negative.and_then(|number| Constant::of_number(value_type, number));
            if constant.is_none() {
                self.overflow(&operand, &operand);
            }
            return constant.map(Meaning::Constant);
        }
        let step = Step {
            sign: Sign::Minus,
            operand: operand.operand()?,
            gives: value_type,
        };
        Some(Meaning::Term(Box::new(Term::Sum {
            given: value_type,
            first: Operand::Constant(zero),
            rest: vec![step],
        })))
    }

    fn product(&mut self, file: u32, node: &ast::Product) -> Option<Meaning> {
        let parts: Vec<Option<Typed>> = node
            .factors()
            .map(|operand| self.operand(file, operand, false))
            .collect();
        let mut parts = parts.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
        let mut left = parts.next()?;
        let mut value_type = left.value_type();
        let mut others: Vec<Operand> = Vec::new();
        for right in parts {
            let types = value_type.zip(right.value_type());
            let Some(gives) = types.and_then(|(left, right)| product(left, right)) else {
                self.no_product(value_type, &left, &right);
                return None;
            };
            value_type = Some(gives);
            match (&left.meaning, &right.meaning) {
                (Meaning::Constant(one), Meaning::Constant(other)) if others.is_empty() => {
                    let result = one.number().zip(other.number());
                    let result = result.and_then(|(one, other)| one.checked_mul(other));
                    let Some(constant) = result.and_then(|number| Constant::of_number(gives, number)) else {
                        self.overflow(&left, &right);
                        return None;
                    };
                    left.meaning = Meaning::Constant(constant);
                }
                _ => others.push(right.operand()?),
            }
        }
        if others.is_empty() {
            return Some(left.meaning);
        }
        let mut factors = vec![left.operand()?];
        factors.append(&mut others);
        let value_type = value_type?;
        Some(Meaning::Term(Box::new(Term::Product { value_type, factors })))
    }

    /// Gives literals the type that they have beside what they are added to. `so_far` is the type of what stands on the
    /// left if that is more than `left`, which is fixed then.
    fn fitted_pair(&mut self, left: Typed, so_far: Option<Type>, right: Typed) -> Option<(Typed, Typed)> {
        let is_time = |found: Option<Type>| matches!(found, Some(Type::Instant | Type::Duration));
        // Texts are instants beside instants and durations; otherwise they are a mistake to be told as such.
        let wanted = |typed: &Typed, beside: Option<Type>| match (typed.value_type()?, beside?) {
            (Type::Text, other) if is_time(Some(other)) => Some(Type::Instant),
            (Type::Integer, Type::Decimal) => Some(Type::Decimal),
            _ => None,
        };
        let left_type = so_far.or(left.value_type());
        let for_right = wanted(&right, left_type);
        let for_left = if so_far.is_none() {
            wanted(&left, right.value_type())
        } else {
            None
        };
        let left = match for_left {
            Some(wanted) => self.fitted(left, wanted)?,
            None => left,
        };
        let right = match for_right {
            Some(wanted) => self.fitted(right, wanted)?,
            None => right,
        };
        Some((left, right))
    }

    fn no_sum(&mut self, sign: Sign, left_type: Option<Type>, left: &Typed, right: &Typed) {
        let (sign, verb) = match sign {
            Sign::Plus => ("+", "added"),
            Sign::Minus => ("-", "subtracted"),
        };
        let left_name = left_type.map_or("a list", Type::name);
        let message = format!(
            "`{sign}` has {left_name} before it and {} behind it",
            right.kind()
        );
        let help = match (left_type, right.value_type()) {
            (Some(Type::Integer), Some(Type::Duration)) | (Some(Type::Duration), Some(Type::Integer)) => {
                "give the number a unit: `15m`".to_owned()
            }
            (Some(Type::Instant), Some(Type::Integer)) => {
                format!("durations are {verb}, with their units: `15m`, `7d`")
            }
            (Some(Type::Instant), Some(Type::Instant)) => {
                "two instants have a difference, `a - b`, and no sum".to_owned()
            }
            (Some(Type::Text), _) | (_, Some(Type::Text)) => {
                "texts are not calculated with; several parts of a text are asked for by AND".to_owned()
            }
            _ => "numbers of one type, durations, an instant and a duration, and two instants are calculated with"
                .to_owned(),
        };
        self.mismatch(message, left, right, Some(help));
    }

    fn no_product(&mut self, left_type: Option<Type>, left: &Typed, right: &Typed) {
        let left_name = left_type.map_or("a list", Type::name);
        let message = format!("`*` has {left_name} before it and {} behind it", right.kind());
        let help = "an INTEGER, DECIMAL or DURATION is multiplied by an INTEGER".to_owned();
        self.mismatch(message, left, right, Some(help));
    }

    fn overflow(&mut self, left: &Typed, right: &Typed) {
        let message = format!("`{}` takes this calculation out of 64 bits", right.written());
        let diagnostic = Diagnostic::error(Code::ConstantOverflow, right.place, message)
            .label("the result does not fit")
            .also(left.place, "calculated from here on")
            .help("it would be unknown in every request; write smaller numbers");
        self.report(diagnostic);
    }
}
