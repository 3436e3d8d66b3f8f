//! Where a comparison turns that reads one number, and adds, subtracts and multiplies by constants alone.
//!
//! What is calculated then is `a * x + b`, and so is every step on the way: each fits 64 bits for the numbers of one
//! interval. So the comparison is unknown below and above some interval, and turns inside of it once or twice. These
//! places are found exactly, or not at all.

use crate::core::term::{Sign, Term};
use crate::core::{InputIndex, Operand, Relation};

/// Numbers that tell what an atom is: it hangs alone on which of them the input is below, equal to, or above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cuts([Option<i64>; 4]);

impl Cuts {
    pub(super) fn numbers(self) -> impl Iterator<Item = i64> {
        self.0.into_iter().flatten()
    }
}

/// `factor * x + offset`.
#[derive(Clone, Copy)]
struct Line {
    factor: i128,
    offset: i128,
}

/// What has been found on the way: the input, and for which of its numbers all steps fit.
#[derive(Default)]
struct Way {
    input: Option<InputIndex>,
    low: i128,
    high: i128,
}

/// The input that a comparison reads, and where it turns. None if it reads several inputs or none, or multiplies one by
/// itself.
pub(super) fn cuts(left: &Operand, relation: Relation, right: &Operand) -> Option<(InputIndex, Cuts)> {
    let mut way = Way {
        input: None,
        low: i64::MIN.into(),
        high: i64::MAX.into(),
    };
    let (left, right) = (way.operand(left)?, way.operand(right)?);
    let input = way.input?;
    // It is 0 where both sides are equal.
    let line = left.plus(right.times(-1)?)?;
    let turns = if line.factor == 0 {
        [None, None]
    } else {
        // Rounded down for positive factors, up for negative ones: the other neighbour of the zero is behind or before.
        let near = line.offset.checked_neg()?.checked_div_euclid(line.factor)?;
        let other = match relation {
            Relation::Equal => None,
            Relation::Less | Relation::LessOrEqual => near.checked_add(line.factor.signum()),
        };
        [number(near), other.and_then(number)]
    };
    let [near, other] = turns;
    let low = number(way.low).filter(|low| *low > i64::MIN);
    let high = number(way.high).filter(|high| *high < i64::MAX);
    Some((input, Cuts([low, high, near, other])))
}

fn number(number: i128) -> Option<i64> {
    i64::try_from(number).ok()
}

impl Line {
    fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            factor: self.factor.checked_add(other.factor)?,
            offset: self.offset.checked_add(other.offset)?,
        })
    }

    fn times(self, by: i128) -> Option<Self> {
        Some(Self {
            factor: self.factor.checked_mul(by)?,
            offset: self.offset.checked_mul(by)?,
        })
    }
}

impl Way {
    fn operand(&mut self, operand: &Operand) -> Option<Line> {
        match operand {
            Operand::Constant(constant) => Some(Line {
                factor: 0,
                offset: constant.number()?.into(),
            }),
            Operand::Input(input) => {
                if self.input.is_some_and(|other| other != *input) {
                    return None;
                }
                self.input = Some(*input);
                Some(Line { factor: 1, offset: 0 })
            }
            Operand::Term(term) => self.term(term),
        }
    }

    fn term(&mut self, term: &Term) -> Option<Line> {
        match term {
            Term::Sum { first, rest, .. } => {
                let mut line = self.operand(first)?;
                for step in rest {
                    let other = self.operand(&step.operand)?;
                    line = line.plus(match step.sign {
                        Sign::Plus => other,
                        Sign::Minus => other.times(-1)?,
                    })?;
                    self.fit(line)?;
                }
                Some(line)
            }
            Term::Product { factors, .. } => {
                let (first, rest) = factors.split_first()?;
                let mut line = self.operand(first)?;
                for factor in rest {
                    let other = self.operand(factor)?;
                    line = match (line.factor, other.factor) {
                        (_, 0) => line.times(other.offset)?,
                        (0, _) => other.times(line.offset)?,
                        _ => return None,
                    };
                    self.fit(line)?;
                }
                Some(line)
            }
        }
    }

    /// Narrows the interval to the numbers for which a step fits.
    fn fit(&mut self, line: Line) -> Option<()> {
        let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
        let (from, to) = (least.checked_sub(line.offset)?, most.checked_sub(line.offset)?);
        match line.factor {
            0 if from <= 0 && to >= 0 => {}
            // It fits for no number.
            0 => (self.low, self.high) = (1, 0),
            factor => {
                let size = factor.checked_abs()?;
                let (from, to) = if factor > 0 {
                    (from, to)
                } else {
                    (to.checked_neg()?, from.checked_neg()?)
                };
                // The least x with size * x at or behind `from`, and the greatest at or before `to`.
                let up = from.checked_neg()?.checked_div_euclid(size)?.checked_neg()?;
                self.low = self.low.max(up);
                self.high = self.high.min(to.checked_div_euclid(size)?);
            }
        }
        Some(())
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use aecp_vocabulary::{Type, Value};
    use proptest::prelude::*;

    use super::*;
    use crate::core::{Atom, Condition, Package};
    use crate::interpreter::{Truth, atom};
    use crate::testing;

    /// Packages whose only input is a number.
    fn packages() -> impl Strategy<Value = Package> {
        testing::package_of(&[Type::Integer], 1..=1, 1..=4)
    }

    fn comparisons(package: &Package) -> Vec<&Atom> {
        let mut found = Vec::new();
        for policy in &package.policies {
            super::super::atoms::atoms(&policy.scope, &mut found);
            super::super::atoms::atoms(&policy.constraint, &mut found);
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn between_cuts_nothing_turns(package in packages(), numbers in prop::collection::vec(any::<i64>(), 8)) {
            for asked in comparisons(&package) {
                let Atom::Compare { left, relation, right } = asked else { continue };
                let Some((_, cuts)) = cuts(left, *relation, right) else { continue };
                let mut cuts: Vec<i64> = cuts.numbers().collect();
                cuts.sort_unstable();
                let near = cuts.iter().flat_map(|cut| (-3..=3).filter_map(move |step| cut.checked_add(step)));
                let ends = [i64::MIN, i64::MIN + 1, -2, -1, 0, 1, 2, i64::MAX - 1, i64::MAX];
                let truth = |number: i64| -> Truth { atom(&package, &[Value::Integer(number)], asked) };
                let side = |number: i64| cuts.iter().map(|cut| number.cmp(cut)).collect::<Vec<_>>();
                let mut seen = std::collections::BTreeMap::new();
                for number in near.chain(ends).chain(numbers.iter().copied()) {
                    let truth = truth(number);
                    let (before, first) = *seen.entry(side(number)).or_insert((truth, number));
                    prop_assert_eq!(before, truth, "{:?}: {} and {}, cuts {:?}", asked, first, number, &cuts);
                }
            }
        }
    }

    #[test]
    fn near_the_end_a_shifted_comparison_is_unknown() {
        let text = "PACKAGE p { VERSION: \"1.0.0\" } SCHEMA { a: INTEGER } POLICY q { SCOPE: requests \
                    CONSTRAINT: a + 5 < 10 ENFORCEMENT: BLOCKING }";
        let checked = crate::package::check(&[crate::source::SourceFile::new("a.aecp", text)]);
        let package = checked.package.unwrap();
        let Condition::Atom(Atom::Compare {
            left,
            relation,
            right,
        }) = &package.policies[0].constraint
        else {
            panic!("a comparison");
        };
        let (_, found) = cuts(left, *relation, right).unwrap();
        assert_eq!(found.numbers().collect::<Vec<_>>(), [i64::MAX - 5, 5, 6]);
    }
}
