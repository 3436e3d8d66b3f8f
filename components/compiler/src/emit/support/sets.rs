//! Functions that search sets of texts.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use super::{
    ADDRESS_IN, ADDRESSES_CASE, AMONG, EQUAL, LOOKUP, SET_CASE, TEXT_CASE, WITHIN, case, load_text, recall,
    remember,
};
use crate::emit::condition::at;

/// Bytes of an element of `list<string>`.
const STRING: i32 = 8;

/// Bytes of an element of a list of numbers.
const NUMBER: i32 = 8;

/// Bytes of an element of `list<address>`.
const ADDRESS: i32 = 16;

pub(super) fn members() -> Function {
    let (value, bits, low, count, next, end, class) = (0, 1, 2, 3, 4, 5, 6);
    let mut function = Function::new([(3, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(bits).i32_const(0);
    code.local_get(count)
        .i32_const(63)
        .i32_add()
        .i32_const(6)
        .i32_shr_u()
        .i32_const(3)
        .i32_shl();
    code.memory_fill(0);
    case(&mut code, value);
    code.i32_const(SET_CASE)
        .i32_ne()
        .if_(BlockType::Empty)
        .return_()
        .end();
    bounds(&mut code, value, next, end);
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    {
        code.local_get(next).local_get(end).i32_ge_u().br_if(1);
        code.local_get(next)
            .i32_load(at(0, 2))
            .local_get(next)
            .i32_load(at(4, 2))
            .call(LOOKUP);
        code.local_get(low).i32_sub().local_tee(class);
        code.local_get(count).i32_lt_u().if_(BlockType::Empty);
        {
            code.local_get(class)
                .i32_const(3)
                .i32_shr_u()
                .local_get(bits)
                .i32_add()
                .local_set(value);
            code.local_get(value).local_get(value).i32_load8_u(at(0, 0));
            code.i32_const(1)
                .local_get(class)
                .i32_const(7)
                .i32_and()
                .i32_shl()
                .i32_or()
                .i32_store8(at(0, 0));
        }
        code.end();
        code.local_get(next).i32_const(STRING).i32_add().local_set(next);
        code.br(0);
    }
    code.end().end().end();
    function
}

/// Sets `next` and `end` to the bounds of the list in the value in local `value`.
fn bounds(code: &mut InstructionSink<'_>, value: u32, next: u32, end: u32) {
    load_text(code, value);
    code.i32_const(3).i32_shl().local_set(end).local_tee(next);
    code.local_get(end).i32_add().local_set(end);
}

/// Walks the list in the value in local 0, if it is of the case on the stack: `found` leaves whether the element at the
/// address in local `next` is the wanted one.
fn search(
    code: &mut InstructionSink<'_>,
    (next, end): (u32, u32),
    stride: i32,
    found: impl Fn(&mut InstructionSink<'_>),
) {
    let value = 0;
    case(code, value);
    code.i32_ne().if_(BlockType::Empty).i32_const(0).return_().end();
    load_text(code, value);
    code.i32_const(stride)
        .i32_mul()
        .local_set(end)
        .local_tee(next)
        .local_get(end)
        .i32_add()
        .local_set(end);
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    code.local_get(next).local_get(end).i32_ge_u().br_if(1);
    found(code);
    code.if_(BlockType::Empty).i32_const(1).return_().end();
    code.local_get(next).i32_const(stride).i32_add().local_set(next);
    code.br(0).end().end();
    code.i32_const(0).end();
}

pub(super) fn has_number() -> Function {
    let (expected, number, next, end) = (1, 2, 3, 4);
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(expected);
    search(&mut code, (next, end), NUMBER, |code| {
        code.local_get(next).i64_load(at(0, 3)).local_get(number).i64_eq();
    });
    function
}

pub(super) fn has_address() -> Function {
    let (high, low, next, end) = (1, 2, 3, 4);
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    code.i32_const(ADDRESSES_CASE);
    search(&mut code, (next, end), ADDRESS, |code| {
        code.local_get(next).i64_load(at(0, 3)).local_get(high).i64_eq();
        code.local_get(next).i64_load(at(8, 3)).local_get(low).i64_eq();
        code.i32_and();
    });
    function
}

/// Whether two rows of words have a bit in common.
pub(super) fn any_bit() -> Function {
    let (bits, mask, words, found) = (0, 1, 2, 3);
    let mut function = Function::new([(1, ValType::I64)]);
    let mut code = function.instructions();
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    {
        code.local_get(words).i32_eqz().br_if(1);
        code.local_get(bits).i64_load(at(0, 3));
        code.local_get(mask).i64_load(at(0, 3)).i64_and();
        code.local_get(found).i64_or().local_set(found);
        for row in [bits, mask] {
            code.local_get(row).i32_const(NUMBER).i32_add().local_set(row);
        }
        code.local_get(words).i32_const(1).i32_sub().local_set(words);
        code.br(0);
    }
    code.end().end();
    code.local_get(found).i64_const(0).i64_ne().end();
    function
}

pub(super) fn any_number() -> Function {
    let (expected, table, count, ranged, next, end) = (1, 2, 3, 4, 5, 6);
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(expected);
    search(&mut code, (next, end), NUMBER, |code| {
        let ask = |code: &mut InstructionSink<'_>, function: u32| {
            code.local_get(table).local_get(count);
            code.local_get(next).i64_load(at(0, 3)).call(function);
        };
        code.local_get(ranged).if_(BlockType::Result(ValType::I32));
        ask(code, WITHIN);
        code.else_();
        ask(code, AMONG);
        code.end();
    });
    function
}

pub(super) fn any_address() -> Function {
    let (table, count, next, end) = (1, 2, 3, 4);
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    code.i32_const(ADDRESSES_CASE);
    search(&mut code, (next, end), ADDRESS, |code| {
        code.local_get(table).local_get(count);
        code.local_get(next).i64_load(at(0, 3));
        code.local_get(next).i64_load(at(8, 3)).call(ADDRESS_IN);
    });
    function
}

pub(super) fn contains() -> Function {
    let (set, text, memo, answer, next, end) = (0, 1, 2, 3, 4, 5);
    let mut function = Function::new([(3, ValType::I32)]);
    let mut code = function.instructions();
    recall(&mut code, memo, answer);
    case(&mut code, set);
    code.i32_const(SET_CASE).i32_eq();
    case(&mut code, text);
    code.i32_const(TEXT_CASE).i32_eq().i32_and();
    code.if_(BlockType::Empty);
    {
        bounds(&mut code, set, next, end);
        code.block(BlockType::Empty).loop_(BlockType::Empty);
        code.local_get(next).local_get(end).i32_ge_u().br_if(1);
        code.local_get(next)
            .i32_load(at(4, 2))
            .local_get(text)
            .i32_load(at(12, 2))
            .i32_eq();
        code.if_(BlockType::Empty);
        {
            code.local_get(next).i32_load(at(0, 2));
            load_text(&mut code, text);
            code.call(EQUAL).local_tee(answer).br_if(2);
        }
        code.end();
        code.local_get(next).i32_const(STRING).i32_add().local_set(next);
        code.br(0).end().end();
    }
    code.end();
    remember(&mut code, memo, answer);
    code.end();
    function
}
