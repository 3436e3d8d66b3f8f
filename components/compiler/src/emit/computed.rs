//! Code for questions about what is calculated: one function for each, which leaves as soon as the answer is unknown.
//!
//! A number that is being calculated stands in a local; what is done to it needs the locals behind.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use super::EmitError;
use super::condition::{Emitter, FALSE, PAYLOAD, TRUE, UNKNOWN, VALUE, at, each_table, load, signed};
use super::formula::{Computed, Number, Operation, Query};
use super::lists::NumberTables;
use super::memory::{Record, size};
use super::module::Signature;
use super::plan::{Fact, value_case};
use super::support;
use crate::core::Relation;
use crate::core::time::{DAY, MONDAY_SHIFT, Window, Zone};

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
            Query::Compared(_, other) => other.depth(),
            Query::In(_) | Query::MemberOf(..) | Query::During(..) => 0,
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
        if let Query::During(_, zone) = &computed.asked {
            self.localise(&mut code, zone, number)?;
        }
        code.i32_const(if negated { FALSE } else { TRUE });
        code.i32_const(if negated { TRUE } else { FALSE });
        match &computed.asked {
            Query::Compared(relation, right) => {
                calculate(&mut code, right, other);
                code.local_get(number).local_get(other);
                match relation {
                    Relation::Equal => code.i64_eq(),
                    Relation::Less => code.i64_lt_s(),
                    Relation::LessOrEqual => code.i64_le_s(),
                };
            }
            Query::In(ranges) if ranges.is_empty() => {
                code.i32_const(0);
            }
            Query::In(ranges) => {
                let NumberTables { points, ranges } = self.tables.numbers(&mut self.data, ranges)?;
                let asked = [(points, support::AMONG), (ranges, support::WITHIN)];
                each_table(&mut code, asked, |code| {
                    code.local_get(number);
                });
            }
            Query::During(..) => {}
            Query::MemberOf(set, set_type) => {
                code.local_get(VALUES)
                    .i32_const(signed(set.saturating_mul(VALUE)))
                    .i32_add();
                code.i32_const(value_case(*set_type))
                    .local_get(number)
                    .call(support::HAS_NUMBER);
            }
        }
        if let Query::During(window, _) = &computed.asked {
            during(&mut code, *window, number);
        }
        code.select().end();
        let index = self.functions.reserve();
        self.functions.define(index, Signature::Condition, function);
        Ok(index)
    }
}

impl Emitter<'_> {
    /// Puts local time, in nanoseconds since a Monday, in the place of an instant; leaves if the zone's table has none.
    fn localise(
        &mut self,
        code: &mut InstructionSink<'_>,
        zone: &Zone,
        instant: u32,
    ) -> Result<(), EmitError> {
        let mut table = Record::default();
        for change in zone.changes() {
            let shift = change
                .offset
                .map_or(0, |offset| offset.saturating_add(MONDAY_SHIFT));
            for word in [change.from, shift] {
                table.long(u64::from_ne_bytes(word.to_ne_bytes()));
            }
        }
        let address = self.data.share(&table.0, 8)?;
        let function = match self.local_time {
            Some(function) => function,
            None => {
                let function = self.functions.reserve();
                self.functions.define(function, Signature::Local, local_time());
                self.local_time = Some(function);
                function
            }
        };
        code.i32_const(signed(address))
            .i32_const(signed(size(zone.changes().len())?))
            .local_get(instant)
            .call(function)
            .local_tee(instant);
        code.i64_const(0).i64_lt_s();
        leave_unknown(code);
        Ok(())
    }
}

/// (table, number of changes, instant) → local time since a Monday, or -1 outside of the table.
fn local_time() -> Function {
    let (table, high, instant, low, middle, shift) = (0, 1, 2, 3, 4, 5);
    let mut function = Function::new([(2, ValType::I32), (1, ValType::I64)]);
    let mut code = function.instructions();
    let change = |code: &mut InstructionSink<'_>, index: u32| {
        code.local_get(table)
            .local_get(index)
            .i32_const(4)
            .i32_shl()
            .i32_add();
    };
    // Finds the first change behind the instant.
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    {
        code.local_get(low).local_get(high).i32_ge_u().br_if(1);
        code.local_get(low)
            .local_get(high)
            .i32_add()
            .i32_const(1)
            .i32_shr_u()
            .local_set(middle);
        change(&mut code, middle);
        code.i64_load(at(0, 3))
            .local_get(instant)
            .i64_le_s()
            .if_(BlockType::Empty);
        code.local_get(middle).i32_const(1).i32_add().local_set(low);
        code.else_().local_get(middle).local_set(high).end();
        code.br(0);
    }
    code.end().end();
    code.local_get(low)
        .i32_eqz()
        .if_(BlockType::Empty)
        .i64_const(-1)
        .return_()
        .end();
    change(&mut code, low);
    code.i32_const(8).i32_sub().i64_load(at(0, 3)).local_set(shift);
    // The last change ends the table.
    code.local_get(shift)
        .i64_eqz()
        .if_(BlockType::Empty)
        .i64_const(-1)
        .return_()
        .end();
    code.local_get(instant).local_get(shift).i64_add().end();
    function
}

/// Leaves whether local time, in a local, is in a window.
fn during(code: &mut InstructionSink<'_>, window: Window, local: u32) {
    match window {
        Window::Days(days) => {
            code.i32_const(i32::from(days));
            code.local_get(local)
                .i64_const(DAY)
                .i64_div_u()
                .i64_const(7)
                .i64_rem_u();
            code.i32_wrap_i64().i32_shr_u().i32_const(1).i32_and();
        }
        Window::Hours { from, to } => {
            code.local_get(local).i64_const(DAY).i64_rem_u().local_tee(local);
            code.i64_const(from).i64_ge_s();
            code.local_get(local).i64_const(to).i64_lt_s();
            if from < to {
                code.i32_and();
            } else {
                code.i32_or();
            }
        }
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
