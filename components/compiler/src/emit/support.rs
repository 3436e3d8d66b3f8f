//! Functions that every component has: memory, texts, sets, ranges of numbers and addresses.
//!
//! Texts are read eight bytes at a time, the last bytes with a mask. So up to seven bytes behind a text are read and
//! ignored; `cabi_realloc` leaves `SLACK` bytes at the end of memory for that.

mod addresses;
mod sets;
mod texts;
mod walk;

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use super::condition::{FALSE, TRUE, UNKNOWN, VALUE, at, signed};
use super::module::{BUMP, Functions, Signature};
use super::plan::{Fact, Members, value_case};
use super::texts::Table;
use aecp_vocabulary::Type;

/// `cabi_realloc`.
pub(super) const ALLOCATE: u32 = 2;
/// (text, text, length) → whether the bytes are equal.
pub(super) const EQUAL: u32 = 3;
/// (text, length) → class.
pub(super) const LOOKUP: u32 = 4;
/// (value, cell): looks at a value that should be a text.
pub(super) const TEXT: u32 = 5;
/// (value, cell, case): looks at a value of any type.
pub(super) const SCALAR: u32 = 6;
/// (value, bits, lowest class, number of classes): looks up the members of a set of texts.
pub(super) const MEMBERS: u32 = 7;
/// (value, value, memo) → whether two texts are equal.
pub(super) const SAME: u32 = 8;
/// (value, value, memo) → whether a set has a text.
pub(super) const CONTAINS: u32 = 9;
/// (table, number of ranges, number) → whether the number is in one.
pub(super) const WITHIN: u32 = 10;
/// (value, part, length, whether at the end) → whether a text has the part there.
pub(super) const AFFIX: u32 = 11;
/// (value, case, number) → whether a set of this case has the number.
pub(super) const HAS_NUMBER: u32 = 12;
/// (value, high, low) → whether a set of addresses has the address.
pub(super) const HAS_ADDRESS: u32 = 13;
/// (value, high, low) → whether a network has the address.
pub(super) const NETWORK_HAS: u32 = 14;
/// (table, number of ranges, high, low) → whether the address is in one.
pub(super) const ADDRESS_IN: u32 = 15;
/// (table, number of numbers, number) → whether the number is one.
pub(super) const AMONG: u32 = 16;
/// (table, number of ranges, high, low) → whether the address is an IPv4 one in one.
pub(super) const ADDRESS_IN_FOUR: u32 = 17;
/// (bits, mask, number of words) → whether both have a bit.
pub(super) const ANY_BIT: u32 = 18;
/// (value, case, table, count, whether of ranges) → whether a set of this case has a number that the table has.
pub(super) const ANY_NUMBER: u32 = 19;
/// (value, table, number of ranges) → whether a set of addresses has one in a range.
pub(super) const ANY_ADDRESS: u32 = 20;
/// (value, memo, automaton): walks an automaton over a text, once.
pub(super) const WALK: u32 = 21;

/// Bytes that are readable behind everything that callers hand over.
const SLACK: i64 = 8;

const TEXT_CASE: i32 = value_case(Type::Text);
const SET_CASE: i32 = value_case(Type::SetOfText);
const ADDRESSES_CASE: i32 = value_case(Type::SetOfAddress);
const ABSENT_CASE: i32 = 0;

/// Emits all of them. Their indices are the constants above.
pub(super) fn put(functions: &mut Functions, table: Option<&Table>) {
    functions.define(ALLOCATE, Signature::Allocate, allocate());
    functions.define(EQUAL, Signature::Three, texts::equal());
    functions.define(LOOKUP, Signature::Two, texts::lookup(table));
    functions.define(TEXT, Signature::Look, texts::text());
    functions.define(SCALAR, Signature::LookAs, scalar());
    functions.define(MEMBERS, Signature::LookUp, sets::members());
    functions.define(SAME, Signature::Three, texts::same());
    functions.define(CONTAINS, Signature::Three, sets::contains());
    functions.define(WITHIN, Signature::Within, within());
    functions.define(AFFIX, Signature::Allocate, texts::affix());
    functions.define(HAS_NUMBER, Signature::Within, sets::has_number());
    functions.define(HAS_ADDRESS, Signature::Address, sets::has_address());
    functions.define(NETWORK_HAS, Signature::Address, addresses::network_has());
    functions.define(ADDRESS_IN, Signature::AddressIn, addresses::address_in());
    functions.define(AMONG, Signature::Within, among());
    functions.define(
        ADDRESS_IN_FOUR,
        Signature::AddressIn,
        addresses::address_in_four(),
    );
    functions.define(ANY_BIT, Signature::Three, sets::any_bit());
    functions.define(ANY_NUMBER, Signature::AnyNumber, sets::any_number());
    functions.define(ANY_ADDRESS, Signature::Three, sets::any_address());
    functions.define(WALK, Signature::LookAs, walk::walk());
}

/// A bump allocator that grows memory. `evaluate` takes everything back when it begins to write.
fn allocate() -> Function {
    let (old, old_size, align, new_size, address, end) = (0, 1, 2, 3, 4, 5);
    let mut function = Function::new([(1, ValType::I32), (1, ValType::I64)]);
    let mut code = function.instructions();
    let memory_bytes = |code: &mut InstructionSink<'_>| {
        code.memory_size(0).i64_extend_i32_u().i64_const(16).i64_shl();
    };
    // address = (bump + align - 1) & -align; memory ends far below 4 GiB, so the sum fits.
    code.global_get(BUMP)
        .local_get(align)
        .i32_add()
        .i32_const(1)
        .i32_sub();
    code.i32_const(0)
        .local_get(align)
        .i32_sub()
        .i32_and()
        .local_set(address);
    code.local_get(address)
        .i64_extend_i32_u()
        .local_get(new_size)
        .i64_extend_i32_u()
        .i64_add();
    code.i64_const(SLACK).i64_add().local_tee(end);
    memory_bytes(&mut code);
    code.i64_gt_u().if_(BlockType::Empty);
    {
        code.local_get(end);
        memory_bytes(&mut code);
        code.i64_sub()
            .i64_const(0xffff)
            .i64_add()
            .i64_const(16)
            .i64_shr_u()
            .i32_wrap_i64();
        code.memory_grow(0)
            .i32_const(-1)
            .i32_eq()
            .if_(BlockType::Empty)
            .unreachable()
            .end();
    }
    code.end();
    code.local_get(address)
        .local_get(new_size)
        .i32_add()
        .global_set(BUMP);
    code.local_get(old_size).if_(BlockType::Empty);
    {
        code.local_get(address).local_get(old);
        code.local_get(old_size).local_get(new_size);
        code.local_get(old_size).local_get(new_size).i32_lt_u().select();
        code.memory_copy(0, 0);
    }
    code.end();
    code.local_get(address).end();
    function
}

/// Leaves the case of the value in local `value`.
fn case(code: &mut InstructionSink<'_>, value: u32) {
    code.local_get(value).i32_load8_u(at(0, 0));
}

fn store(code: &mut InstructionSink<'_>, cell: u32, fact: Fact, value: i32) {
    code.local_get(cell)
        .i32_const(value)
        .i32_store(at(fact as u32, 2));
}

/// Stores what is so of a known input.
fn store_known(code: &mut InstructionSink<'_>, cell: u32) {
    store(code, cell, Fact::Fails, FALSE);
    store(code, cell, Fact::Holds, TRUE);
    store(code, cell, Fact::Present, TRUE);
}

/// Stores what is so of an unknown input: absence is a fact too.
fn store_unknown(code: &mut InstructionSink<'_>, value: u32, cell: u32) {
    store(code, cell, Fact::Fails, UNKNOWN);
    store(code, cell, Fact::Holds, UNKNOWN);
    code.local_get(cell);
    case(code, value);
    code.i32_const(ABSENT_CASE)
        .i32_ne()
        .i32_store(at(Fact::Present as u32, 2));
}

/// Loads address and length of the text in the value in local `value`.
fn load_text(code: &mut InstructionSink<'_>, value: u32) {
    code.local_get(value).i32_load(at(8, 2));
    code.local_get(value).i32_load(at(12, 2));
}

fn scalar() -> Function {
    let (value, cell, expected) = (0, 1, 2);
    let mut function = Function::new([]);
    let mut code = function.instructions();
    case(&mut code, value);
    code.local_get(expected).i32_eq().if_(BlockType::Empty);
    store_known(&mut code, cell);
    code.else_();
    store_unknown(&mut code, value, cell);
    code.end().end();
    function
}

/// Finds the last range that begins at or below the integer; the ranges are sorted.
fn within() -> Function {
    let (table, high, wanted, low, middle) = (0, 1, 2, 3, 4);
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    let range = |code: &mut InstructionSink<'_>, index: u32| {
        code.local_get(table)
            .local_get(index)
            .i32_const(4)
            .i32_shl()
            .i32_add();
    };
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    {
        code.local_get(low).local_get(high).i32_ge_u().br_if(1);
        code.local_get(low)
            .local_get(high)
            .i32_add()
            .i32_const(1)
            .i32_shr_u()
            .local_set(middle);
        range(&mut code, middle);
        code.i64_load(at(0, 3))
            .local_get(wanted)
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
        .i32_const(0)
        .return_()
        .end();
    code.local_get(wanted);
    range(&mut code, low);
    code.i32_const(8).i32_sub().i64_load(at(0, 3)).i64_le_s().end();
    function
}

/// Finds a number among sorted ones.
fn among() -> Function {
    let (table, high, wanted, low, middle, found) = (0, 1, 2, 3, 4, 5);
    let mut function = Function::new([(2, ValType::I32), (1, ValType::I64)]);
    let mut code = function.instructions();
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    {
        code.local_get(low).local_get(high).i32_ge_u().br_if(1);
        code.local_get(low)
            .local_get(high)
            .i32_add()
            .i32_const(1)
            .i32_shr_u()
            .local_set(middle);
        code.local_get(table)
            .local_get(middle)
            .i32_const(3)
            .i32_shl()
            .i32_add()
            .i64_load(at(0, 3))
            .local_tee(found);
        code.local_get(wanted)
            .i64_eq()
            .if_(BlockType::Empty)
            .i32_const(1)
            .return_()
            .end();
        code.local_get(found)
            .local_get(wanted)
            .i64_lt_s()
            .if_(BlockType::Empty);
        code.local_get(middle).i32_const(1).i32_add().local_set(low);
        code.else_().local_get(middle).local_set(high).end();
        code.br(0);
    }
    code.end().end();
    code.i32_const(0).end();
    function
}

/// Emits what looks at one input: `value` is the local that points to the call's values.
pub(super) fn look(
    code: &mut InstructionSink<'_>,
    values: u32,
    input: u32,
    cell: u32,
    value_type: Type,
    classes: bool,
) {
    code.local_get(values)
        .i32_const(signed(input.saturating_mul(VALUE)))
        .i32_add();
    code.i32_const(signed(cell));
    if value_type == Type::Text && classes {
        code.call(TEXT);
    } else {
        code.i32_const(value_case(value_type)).call(SCALAR);
    }
}

/// Emits what looks at an input by `look`, with the value at `default` in the place of an absent one. That it is absent
/// stays known to `IS PRESENT`.
pub(super) fn look_or(
    code: &mut InstructionSink<'_>,
    values: u32,
    input: u32,
    cell: u32,
    default: u32,
    look: impl Fn(&mut InstructionSink<'_>),
) {
    let offset = input.saturating_mul(VALUE);
    code.local_get(values).i32_load8_u(at(offset, 0));
    code.i32_const(ABSENT_CASE).i32_eq().if_(BlockType::Empty);
    // The list is ours for the length of the call.
    code.local_get(values).i32_const(signed(offset)).i32_add();
    code.i32_const(signed(default))
        .i32_const(signed(VALUE))
        .memory_copy(0, 0);
    look(code);
    code.i32_const(signed(cell))
        .i32_const(FALSE)
        .i32_store(at(Fact::Present as u32, 2));
    code.else_();
    look(code);
    code.end();
}

/// Emits what sets `count` bytes from `address` to zero; both are multiples of 8.
pub(super) fn clear(code: &mut InstructionSink<'_>, (address, count): (u32, u32)) {
    if count > 64 {
        code.i32_const(signed(address))
            .i32_const(0)
            .i32_const(signed(count))
            .memory_fill(0);
        return;
    }
    for offset in (0..count).step_by(8) {
        code.i32_const(0)
            .i64_const(0)
            .i64_store(at(address.saturating_add(offset), 3));
    }
}

/// Emits what looks up the members of a set.
pub(super) fn look_up(code: &mut InstructionSink<'_>, values: u32, set: u32, members: Members) {
    code.local_get(values)
        .i32_const(signed(set.saturating_mul(VALUE)))
        .i32_add();
    code.i32_const(signed(members.bits))
        .i32_const(signed(members.range.low));
    code.i32_const(signed(members.range.count)).call(MEMBERS);
}

/// Returns what a memo knows, if it knows.
fn recall(code: &mut InstructionSink<'_>, memo: u32, answer: u32) {
    code.local_get(memo)
        .i32_load(at(0, 2))
        .local_tee(answer)
        .if_(BlockType::Empty);
    code.local_get(answer).i32_const(1).i32_sub().return_().end();
}

/// Stores the answer in its memo, and returns it.
fn remember(code: &mut InstructionSink<'_>, memo: u32, answer: u32) {
    code.local_get(memo)
        .local_get(answer)
        .i32_const(1)
        .i32_add()
        .i32_store(at(0, 2));
    code.local_get(answer);
}
