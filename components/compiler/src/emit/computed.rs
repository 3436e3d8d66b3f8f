//! Code for questions about what is calculated: one function for each, which leaves as soon as the answer is unknown.
//!
//! A number that is being calculated stands in a local; what is done to it needs the locals behind.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use super::EmitError;
use super::condition::{Emitter, FALSE, PAYLOAD, TRUE, UNKNOWN, VALUE, at, load, signed};
use super::formula::{Asked, Computed, Number, Operation};
use super::memory::{Record, size};
use super::module::Signature;
use super::plan::{Fact, value_case};
use super::support;
use crate::core::Relation;

/// The parameter that points to the call's values.
const VALUES: u32 = 0;
/// The local for the result of a step, until it is known to fit.
const RESULT: u32 = 1;
/// The first local for numbers.
const NUMBERS: u32 = 2;

impl Emitter<'_> {
    /// A function that gives the truth of a question, or of its negation.
    pub(super) fn computed(&mut self, computed: &Computed, negated: bool) -> Result<u32, EmitError> {
        let others = match &computed.asked {
            Asked::Compared(_, other) => other.depth(),
            Asked::In(_) | Asked::MemberOf(..) => 0,
        };
        let locals = computed.number.depth().saturating_add(others).saturating_add(1);
        let mut function = Function::new([(locals, ValType::I64)]);
        let mut code = function.instructions();
        let mut known = Vec::new();
        computed.each_input(&mut |input| {
            if !known.contains(&input) {
                known.push(input);
            }
        });
        for input in known {
            load(&mut code, self.layout.fact(input, Fact::Holds));
            code.i32_const(TRUE).i32_ne();
            leave_unknown(&mut code);
        }
        let (number, other) = (NUMBERS, NUMBERS.saturating_add(1));
        calculate(&mut code, &computed.number, number);
        code.i32_const(if negated { FALSE } else { TRUE });
        code.i32_const(if negated { TRUE } else { FALSE });
        match &computed.asked {
            Asked::Compared(relation, right) => {
                calculate(&mut code, right, other);
                code.local_get(number).local_get(other);
                match relation {
                    Relation::Equal => code.i64_eq(),
                    Relation::Less => code.i64_lt_s(),
                    Relation::LessOrEqual => code.i64_le_s(),
                };
            }
            Asked::In(ranges) => {
                let mut table = Record::default();
                for bound in ranges.iter().flat_map(|(low, high)| [*low, *high]) {
                    table.long(u64::from_ne_bytes(bound.to_ne_bytes()));
                }
                let address = self.data.share(&table.0, 8)?;
                code.i32_const(signed(address))
                    .i32_const(signed(size(ranges.len())?));
                code.local_get(number).call(support::WITHIN);
            }
            Asked::MemberOf(set, set_type) => {
                code.local_get(VALUES)
                    .i32_const(signed(set.saturating_mul(VALUE)))
                    .i32_add();
                code.i32_const(value_case(*set_type))
                    .local_get(number)
                    .call(support::HAS_NUMBER);
            }
        }
        code.select().end();
        let index = self.functions.reserve();
        self.functions.define(index, Signature::Condition, function);
        Ok(index)
    }
}

/// Returns unknown if the word on the stack is not zero.
fn leave_unknown(code: &mut InstructionSink<'_>) {
    code.if_(BlockType::Empty).i32_const(UNKNOWN).return_().end();
}

/// Puts a number into local `into`; may use the locals behind.
fn calculate(code: &mut InstructionSink<'_>, number: &Number, into: u32) {
    match number {
        Number::Constant(constant) => {
            code.i64_const(*constant).local_set(into);
        }
        Number::Input(input) => {
            let payload = input.saturating_mul(VALUE).saturating_add(PAYLOAD);
            code.local_get(VALUES).i64_load(at(payload, 3)).local_set(into);
        }
        Number::Steps(first, rest) => {
            calculate(code, first, into);
            let other = into.saturating_add(1);
            for (operation, number) in rest {
                calculate(code, number, other);
                step(code, *operation, into, other);
            }
        }
    }
}

/// Does one step with the numbers in two locals, and puts what comes out into the first.
fn step(code: &mut InstructionSink<'_>, operation: Operation, left: u32, right: u32) {
    match operation {
        Operation::Add => {
            code.local_get(left).local_get(right).i64_add().local_set(RESULT);
            // It does not fit if both have the sign that the result has not.
            code.local_get(left).local_get(RESULT).i64_xor();
            code.local_get(right).local_get(RESULT).i64_xor();
            code.i64_and().i64_const(0).i64_lt_s();
            leave_unknown(code);
        }
        Operation::Subtract => {
            code.local_get(left).local_get(right).i64_sub().local_set(RESULT);
            // It does not fit if the signs differ, and the result has that of what was subtracted.
            code.local_get(left).local_get(right).i64_xor();
            code.local_get(left).local_get(RESULT).i64_xor();
            code.i64_and().i64_const(0).i64_lt_s();
            leave_unknown(code);
        }
        Operation::Multiply => {
            code.local_get(left).local_get(right).i64_mul().local_set(RESULT);
            // Division tells, except by nothing, and for the one quotient that does not fit itself.
            code.local_get(left).i64_eqz().i32_eqz().if_(BlockType::Empty);
            code.local_get(left).i64_const(-1).i64_eq();
            code.local_get(right).i64_const(i64::MIN).i64_eq();
            code.i32_and();
            leave_unknown(code);
            // The result is divided by -1 only if it is not the least number: that of the least was left just now.
            code.local_get(RESULT).local_get(left).i64_div_s();
            code.local_get(right).i64_ne();
            leave_unknown(code);
            code.end();
        }
    }
    code.local_get(RESULT).local_set(left);
}
