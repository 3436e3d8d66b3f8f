//! Operands of one scalar type, calculated ones among them.

use aecp_vocabulary::Type;
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, prop_oneof};
use proptest::sample::select;

use super::domain::constants;
use super::inputs_of;
use crate::core::term::{Sign, Step, Term};
use crate::core::{Input, Operand, is_ordered};

/// The types that are calculated with.
const ORDERED: [Type; 4] = [Type::Integer, Type::Decimal, Type::Instant, Type::Duration];

/// How deep terms are nested in each other.
const DEPTH: u32 = 2;

/// Strategies for operands over some inputs. They are made once, for they are many.
pub(super) struct Operands<'a> {
    inputs: &'a [Input],
    ordered: Ordered,
}

type Ordered = [(Type, BoxedStrategy<Operand>); 4];

impl<'a> Operands<'a> {
    pub(super) fn new(inputs: &'a [Input]) -> Self {
        let plain = ORDERED.map(|value_type| (value_type, plain(inputs, value_type)));
        let mut ordered = plain.clone();
        for _ in 0..DEPTH {
            let with_terms = |value_type| {
                let (plain, term) = (of(&plain, value_type), term(&ordered, value_type));
                (value_type, prop_oneof![4 => plain, 1 => term].boxed())
            };
            ordered = ORDERED.map(with_terms);
        }
        Self { inputs, ordered }
    }

    pub(super) fn of(&self, value_type: Type) -> BoxedStrategy<Operand> {
        if is_ordered(value_type) {
            of(&self.ordered, value_type)
        } else {
            plain(self.inputs, value_type)
        }
    }
}

fn of(operands: &Ordered, wanted: Type) -> BoxedStrategy<Operand> {
    let found = operands.iter().find(|(found, _)| *found == wanted);
    found
        .map(|(_, operand)| operand.clone())
        .expect("an ordered type")
}

/// Inputs as often as constants, where there are inputs.
fn plain(inputs: &[Input], value_type: Type) -> BoxedStrategy<Operand> {
    let constants = select(constants(value_type)).prop_map(Operand::Constant);
    let inputs = inputs_of(inputs, value_type);
    if inputs.is_empty() {
        return constants.boxed();
    }
    prop_oneof![2 => select(inputs).prop_map(Operand::Input), 1 => constants].boxed()
}

/// What is calculated of `operands`.
fn term(operands: &Ordered, value_type: Type) -> BoxedStrategy<Operand> {
    // What can stand first, and what can be added or subtracted to get this type.
    let sums: Vec<(Type, Sign, Type)> = ORDERED
        .into_iter()
        .flat_map(|left| ORDERED.into_iter().map(move |right| (left, right)))
        .flat_map(|(left, right)| [Sign::Plus, Sign::Minus].map(|sign| (left, sign, right)))
        .filter(|(left, sign, right)| sign.gives(*left, *right) == Some(value_type))
        .collect();
    let more = vec(
        (select(vec![Sign::Plus, Sign::Minus]), of(operands, value_type)),
        0..3,
    );
    let available = operands.clone();
    let sum = select(sums).prop_flat_map(move |(left, sign, right)| {
        let (first, second) = (of(&available, left), of(&available, right));
        (Just(left), first, Just(sign), second)
    });
    let sum = (sum, more).prop_map(move |((given, first, sign, operand), more)| {
        let step = |(sign, operand)| Step {
            sign,
            operand,
            gives: value_type,
        };
        let more = more
            .into_iter()
            .filter(|(sign, _)| sign.gives(value_type, value_type) == Some(value_type));
        let rest = std::iter::once((sign, operand)).chain(more).map(step).collect();
        Operand::Term(Box::new(Term::Sum { given, first, rest }))
    });
    if value_type == Type::Instant {
        return sum.boxed();
    }
    let others = vec(of(operands, Type::Integer), 1..3);
    let product = (of(operands, value_type), others).prop_map(move |(one, mut factors)| {
        factors.insert(0, one);
        Operand::Term(Box::new(Term::Product { value_type, factors }))
    });
    prop_oneof![2 => sum, 1 => product].boxed()
}
