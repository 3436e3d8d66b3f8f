//! Code for conditions: straight lines that leave a truth on the stack.

use std::collections::BTreeMap;

use wasm_encoder::{Function, InstructionSink, MemArg};

use super::formula::{Formula, Test};
use super::lists::{NumberTables, Ranges, TOP, Table, Tables};
use super::memory::{Data, Record, size};
use super::module::{Functions, Signature};
use super::plan::{Fact, Layout, value_case};
use super::support;
use super::texts::{self, Range};
use super::{EmitError, Optimise};
use crate::core::{Relation, Side};

mod members;

/// False, as code has it.
pub(super) const FALSE: i32 = 0;
/// Unknown, as code has it.
pub(super) const UNKNOWN: i32 = 1;
/// True, as code has it.
pub(super) const TRUE: i32 = 3;

/// Most tests of a formula that stand in its user's function; a larger one has a function of its own.
const INLINE: usize = 16;

/// Most parts of a conjunction or disjunction in one function.
const PARTS: usize = 64;

/// Most ranges of numbers or addresses that are tried one by one.
const RANGES: usize = 4;

/// Bytes of `variant value` in a list.
pub(super) const VALUE: u32 = 32;
/// Offset of a value's payload.
pub(super) const PAYLOAD: u32 = 8;

/// Code generation in progress.
pub(super) struct Emitter<'a> {
    pub(super) layout: &'a Layout,
    /// Where the automata of inputs are.
    pub(super) automata: BTreeMap<(u32, u32), u32>,
    pub(super) data: Data,
    pub(super) functions: Functions,
    /// The function that gives local time, once some code needs it.
    pub(super) local_time: Option<u32>,
    pub(super) tables: Tables,
    pub(super) optimise: Optimise,
}

/// Memory at a constant offset from an address on the stack.
pub(super) fn at(offset: u32, align: u32) -> MemArg {
    MemArg {
        offset: u64::from(offset),
        align,
        memory_index: 0,
    }
}

/// The bits of an address or index, as constants of WebAssembly are signed.
pub(super) fn signed(bits: u32) -> i32 {
    i32::from_ne_bytes(bits.to_ne_bytes())
}

/// The bits of a word, as constants of WebAssembly are signed.
pub(super) fn signed_long(bits: u64) -> i64 {
    i64::from_ne_bytes(bits.to_ne_bytes())
}

/// The two words of an address, the high one first.
#[allow(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
pub(super) fn halves(address: u128) -> [u64; 2] {
    [(address >> 64) as u64, address as u64]
}

/// Asks each table that is there for the number that `number` leaves, and joins the answers.
pub(super) fn each_table(
    code: &mut InstructionSink<'_>,
    tables: [(Option<Table>, u32); 2],
    number: impl Fn(&mut InstructionSink<'_>),
) {
    let tables = tables.into_iter();
    let tables = tables.filter_map(|(table, function)| Some((table?, function)));
    for (index, (table, function)) in tables.enumerate() {
        code.i32_const(signed(table.address))
            .i32_const(signed(table.count));
        number(code);
        code.call(function);
        if index > 0 {
            code.i32_or();
        }
    }
}

/// Where a half of the address at a position stands, from the values on.
fn address_half(input: u32, half: u32) -> MemArg {
    let offset = PAYLOAD.saturating_add(half.saturating_mul(8));
    at(input.saturating_mul(VALUE).saturating_add(offset), 3)
}

/// Loads both halves of the address at a position.
fn both_halves(code: &mut InstructionSink<'_>, values: u32, input: u32) {
    code.local_get(values).i64_load(address_half(input, 0));
    code.local_get(values).i64_load(address_half(input, 1));
}

/// Loads the word at a constant address.
pub(super) fn load(code: &mut InstructionSink<'_>, address: u32) {
    code.i32_const(0).i32_load(at(address, 2));
}

impl Emitter<'_> {
    /// Leaves the truth of `formula`; `values` is the local that points to the call's values.
    pub(super) fn formula(
        &mut self,
        code: &mut InstructionSink<'_>,
        formula: &Formula,
        values: u32,
    ) -> Result<(), EmitError> {
        if formula.size() > INLINE {
            let function = self.outlined(formula)?;
            code.local_get(values).call(function);
            return Ok(());
        }
        self.inline(code, formula, values)
    }

    fn inline(
        &mut self,
        code: &mut InstructionSink<'_>,
        formula: &Formula,
        values: u32,
    ) -> Result<(), EmitError> {
        match formula {
            Formula::Constant(holds) => {
                code.i32_const(if *holds { TRUE } else { FALSE });
                Ok(())
            }
            Formula::Test(test, negated) => self.test(code, test, *negated, values),
            Formula::All(parts) | Formula::Any(parts) => {
                let conjunction = matches!(formula, Formula::All(_));
                let wrap = |parts: Vec<Formula>| {
                    if conjunction {
                        Formula::All(parts)
                    } else {
                        Formula::Any(parts)
                    }
                };
                let groups: Vec<Formula>;
                let operands = if parts.len() > PARTS {
                    groups = parts
                        .chunks(parts.len().div_ceil(PARTS))
                        .map(|group| wrap(group.to_vec()))
                        .collect();
                    groups.as_slice()
                } else {
                    parts
                };
                for (index, operand) in operands.iter().enumerate() {
                    self.formula(code, operand, values)?;
                    if index > 0 {
                        if conjunction {
                            code.i32_and()
                        } else {
                            code.i32_or()
                        };
                    }
                }
                Ok(())
            }
        }
    }

    /// A function that gives the truth of `formula`.
    fn outlined(&mut self, formula: &Formula) -> Result<u32, EmitError> {
        let index = self.functions.reserve();
        let mut function = Function::new([]);
        let mut code = function.instructions();
        self.inline(&mut code, formula, 0)?;
        code.end();
        self.functions.define(index, Signature::Condition, function);
        Ok(index)
    }

    fn test(
        &mut self,
        code: &mut InstructionSink<'_>,
        test: &Test,
        negated: bool,
        values: u32,
    ) -> Result<(), EmitError> {
        let Some((first, second)) = test.inputs() else {
            if let Test::Computed(computed) = test {
                let function = self.computed(computed, negated)?;
                code.local_get(values).call(function);
            }
            return Ok(());
        };
        match test {
            Test::Known(_) => {
                load(
                    code,
                    self.layout
                        .fact(first, if negated { Fact::Fails } else { Fact::Holds }),
                );
                return Ok(());
            }
            Test::Present(_) | Test::Given(_) => {
                let present = self.layout.fact(first, Fact::Present);
                if negated {
                    code.i32_const(UNKNOWN).i32_const(TRUE);
                    load(code, present);
                    code.i32_sub();
                    load(code, present);
                    code.i32_const(UNKNOWN).i32_eq().select();
                } else {
                    load(code, present);
                }
                return Ok(());
            }
            _ => {}
        }
        let facts = if negated {
            [Fact::Fails, Fact::Holds]
        } else {
            [Fact::Holds, Fact::Fails]
        };
        // An unknown text is in no class: if the test holds, its input is known.
        let (certain, facts) = match (test, &facts) {
            (Test::TextIn(..), [_, other]) => (true, std::slice::from_ref(other)),
            (_, both) => (false, both.as_slice()),
        };
        if certain {
            code.i32_const(if negated { FALSE } else { TRUE });
        }
        for fact in facts {
            load(code, self.layout.fact(first, *fact));
            if let Some(second) = second {
                load(code, self.layout.fact(second, *fact));
                // Of both: `Holds` is true only if both inputs are known, `Fails` unknown if one is not.
                match fact {
                    Fact::Holds => code.i32_and(),
                    _ => code.i32_or(),
                };
            }
        }
        self.question(code, test, values)?;
        code.select();
        Ok(())
    }

    /// Leaves 1 if the test holds, 0 if it does not, and either if an input is unknown.
    fn question(
        &mut self,
        code: &mut InstructionSink<'_>,
        test: &Test,
        values: u32,
    ) -> Result<(), EmitError> {
        let payload = |input: u32, align: u32| at(input.saturating_mul(VALUE).saturating_add(PAYLOAD), align);
        let value = |code: &mut InstructionSink<'_>, input: u32| {
            code.local_get(values)
                .i32_const(signed(input.saturating_mul(VALUE)))
                .i32_add();
        };
        match test {
            Test::IsTrue(input) => {
                code.local_get(values).i32_load8_u(payload(*input, 0));
            }
            Test::SameBoolean(first, second) => {
                code.local_get(values).i32_load8_u(payload(*first, 0));
                code.local_get(values).i32_load8_u(payload(*second, 0)).i32_eq();
            }
            Test::Numbers(first, relation, second) => {
                code.local_get(values).i64_load(payload(*first, 3));
                code.local_get(values).i64_load(payload(*second, 3));
                match relation {
                    Relation::Equal => code.i64_eq(),
                    Relation::Less => code.i64_lt_s(),
                    Relation::LessOrEqual => code.i64_le_s(),
                };
            }
            Test::TextIn(input, classes) => {
                self.class_in(code, self.layout.fact(*input, Fact::Class), classes)?;
            }
            Test::NumberIn(input, ranges) if ranges.len() <= RANGES => {
                for (index, (low, high)) in ranges.iter().enumerate() {
                    code.local_get(values).i64_load(payload(*input, 3));
                    // As an unsigned distance from the lower bound, one comparison tells both.
                    if low == high {
                        code.i64_const(*low).i64_eq();
                    } else {
                        code.i64_const(*low)
                            .i64_sub()
                            .i64_const(high.wrapping_sub(*low))
                            .i64_le_u();
                    }
                    if index > 0 {
                        code.i32_or();
                    }
                }
            }
            Test::NumberIn(input, ranges) => {
                let NumberTables { points, ranges } = self.tables.numbers(&mut self.data, ranges)?;
                let asked = [(points, support::AMONG), (ranges, support::WITHIN)];
                each_table(code, asked, |code| {
                    code.local_get(values).i64_load(payload(*input, 3));
                });
            }
            Test::SameText(first, second) | Test::HasText(first, second) => {
                let memo = self
                    .layout
                    .memos
                    .get(&(*first, *second))
                    .copied()
                    .unwrap_or_default();
                self.forget(code, memo);
                value(code, *first);
                value(code, *second);
                code.i32_const(signed(memo));
                code.call(if matches!(test, Test::SameText(..)) {
                    support::SAME
                } else {
                    support::CONTAINS
                });
            }
            Test::Has(set, class) => {
                let members = self.layout.members.get(set).copied();
                let (address, bit) = members.map_or((0, 0), |members| {
                    let bit = class.saturating_sub(members.range.low);
                    (members.bits.saturating_add(bit >> 3), bit & 7)
                });
                code.i32_const(0).i32_load8_u(at(address, 0));
                code.i32_const(signed(bit)).i32_shr_u().i32_const(1).i32_and();
            }
            Test::AddressIn(input, ranges) => self.address_in(code, values, *input, ranges)?,
            Test::HasAny(set, classes) => self.has_any(code, *set, classes)?,
            Test::HasNumberIn(set, set_type, ranges) => {
                let NumberTables { points, ranges } = self.tables.numbers(&mut self.data, ranges)?;
                for (index, (table, ranged)) in [(points, 0), (ranges, 1)]
                    .into_iter()
                    .filter_map(|(table, ranged)| Some((table?, ranged)))
                    .enumerate()
                {
                    value(code, *set);
                    code.i32_const(value_case(*set_type))
                        .i32_const(signed(table.address))
                        .i32_const(signed(table.count))
                        .i32_const(ranged)
                        .call(support::ANY_NUMBER);
                    if index > 0 {
                        code.i32_or();
                    }
                }
            }
            Test::HasAddressIn(set, ranges) => {
                // Sets are short: whole addresses will do.
                let mut table = Record::default();
                for bound in ranges.iter().flat_map(|(low, high)| [*low, *high]) {
                    halves(bound).into_iter().for_each(|half| {
                        table.long(half);
                    });
                }
                let address = self.data.share(&table.0, 8)?;
                value(code, *set);
                code.i32_const(signed(address))
                    .i32_const(signed(size(ranges.len())?))
                    .call(support::ANY_ADDRESS);
            }
            Test::SameAddress(first, second) => {
                for half in 0..2 {
                    for input in [first, second] {
                        code.local_get(values).i64_load(address_half(*input, half));
                    }
                    code.i64_eq();
                }
                code.i32_and();
            }
            Test::AddressWithin(address, network) => {
                value(code, *network);
                both_halves(code, values, *address);
                code.call(support::NETWORK_HAS);
            }
            Test::Affix(input, side, part) => {
                let address = self.data.share(part.as_bytes(), 1)?;
                value(code, *input);
                code.i32_const(signed(address))
                    .i32_const(signed(size(part.len())?))
                    .i32_const(i32::from(*side == Side::End))
                    .call(support::AFFIX);
            }
            Test::Matches(input, automaton, labels) => {
                let walk = (*input, *automaton);
                let memo = self.layout.walks.get(&walk).copied().unwrap_or_default();
                self.forget(code, memo);
                value(code, *input);
                code.i32_const(signed(memo))
                    .i32_const(signed(self.automata.get(&walk).copied().unwrap_or_default()))
                    .call(support::WALK);
                let known: Vec<u32> = labels.iter().map(|label| label.saturating_add(1)).collect();
                self.class_in(code, memo, &known)?;
            }
            Test::HasNumber(set, set_type, number) => {
                value(code, *set);
                code.i32_const(value_case(*set_type))
                    .i64_const(*number)
                    .call(support::HAS_NUMBER);
            }
            Test::HasNumberOf(set, set_type, input) => {
                value(code, *set);
                code.i32_const(value_case(*set_type));
                code.local_get(values)
                    .i64_load(payload(*input, 3))
                    .call(support::HAS_NUMBER);
            }
            Test::HasAddress(set, address) => {
                value(code, *set);
                let [high, low] = halves(*address);
                code.i64_const(signed_long(high))
                    .i64_const(signed_long(low))
                    .call(support::HAS_ADDRESS);
            }
            Test::HasAddressOf(set, address) => {
                value(code, *set);
                both_halves(code, values, *address);
                code.call(support::HAS_ADDRESS);
            }
            Test::Known(_) | Test::Present(_) | Test::Given(_) | Test::Computed(_) => {
                code.i32_const(1);
            }
        }
        Ok(())
    }

    /// Makes what was found out be found out again, if nothing is optimised.
    fn forget(&self, code: &mut InstructionSink<'_>, memo: u32) {
        if self.optimise == Optimise::Nothing {
            code.i32_const(0).i32_const(0).i32_store(at(memo, 2));
        }
    }
}
