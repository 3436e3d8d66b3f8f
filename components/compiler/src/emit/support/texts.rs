//! Functions that read texts.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use super::{EQUAL, LOOKUP, TEXT_CASE, case, load_text, recall, remember, store, store_known, store_unknown};
use crate::emit::condition::{at, signed, signed_long};
use crate::emit::plan::Fact;
use crate::emit::texts::{self, MULTIPLIER, Table, Width};

/// Leaves a mask of the lowest `length` bytes, 1 to 8; `length` is a local.
fn mask(code: &mut InstructionSink<'_>, length: u32) {
    code.i64_const(-1).i64_const(64);
    code.local_get(length)
        .i64_extend_i32_u()
        .i64_const(3)
        .i64_shl()
        .i64_sub()
        .i64_shr_u();
}

pub(super) fn equal() -> Function {
    let (first, second, left) = (0, 1, 2);
    let mut function = Function::new([]);
    let mut code = function.instructions();
    let long = |code: &mut InstructionSink<'_>, text: u32| {
        code.local_get(text).i64_load(at(0, 0));
    };
    code.loop_(BlockType::Empty);
    code.local_get(left).i32_const(8).i32_le_u().if_(BlockType::Empty);
    {
        code.local_get(left)
            .i32_eqz()
            .if_(BlockType::Empty)
            .i32_const(1)
            .return_()
            .end();
        long(&mut code, first);
        long(&mut code, second);
        code.i64_xor();
        mask(&mut code, left);
        code.i64_and().i64_eqz().return_();
    }
    code.end();
    long(&mut code, first);
    long(&mut code, second);
    code.i64_ne().if_(BlockType::Empty).i32_const(0).return_().end();
    code.local_get(first).i32_const(8).i32_add().local_set(first);
    code.local_get(second).i32_const(8).i32_add().local_set(second);
    code.local_get(left).i32_const(8).i32_sub().local_set(left);
    code.br(0).end().unreachable().end();
    function
}

/// (value, part, length, whether at the end) → whether the text has the part there.
pub(super) fn affix() -> Function {
    let (value, part, length, at_end, over) = (0, 1, 2, 3, 4);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    let no = |code: &mut InstructionSink<'_>| {
        code.if_(BlockType::Empty).i32_const(0).return_().end();
    };
    case(&mut code, value);
    code.i32_const(TEXT_CASE).i32_ne();
    no(&mut code);
    code.local_get(value)
        .i32_load(at(12, 2))
        .local_get(length)
        .i32_lt_u();
    no(&mut code);
    code.local_get(value)
        .i32_load(at(12, 2))
        .local_get(length)
        .i32_sub()
        .local_set(over);
    code.local_get(value).i32_load(at(8, 2));
    code.local_get(over)
        .local_get(at_end)
        .i32_mul()
        .i32_add()
        .local_get(part)
        .local_get(length)
        .call(EQUAL)
        .end();
    function
}

/// (text, length) → class. The hash is that of `texts`.
pub(super) fn lookup(table: Option<&Table>) -> Function {
    let (text, length, hash, left, next, known, entry, end) = (0, 1, 2, 3, 4, 5, 6, 7);
    let mut function = Function::new([(1, ValType::I64), (5, ValType::I32)]);
    let mut code = function.instructions();
    let Some(table) = table else {
        code.i32_const(signed(texts::OTHER)).end();
        return function;
    };
    let width = table.width as u32;
    let header = width.saturating_mul(2);
    let number = |code: &mut InstructionSink<'_>, entry: u32, offset: u32| {
        code.local_get(entry);
        match table.width {
            Width::One => code.i32_load8_u(at(offset, 0)),
            Width::Two => code.i32_load16_u(at(offset, 0)),
            Width::Four => code.i32_load(at(offset, 0)),
        };
    };
    let multiply = |code: &mut InstructionSink<'_>| {
        code.i64_const(signed_long(MULTIPLIER)).i64_mul();
    };
    let fold = |code: &mut InstructionSink<'_>| {
        code.i64_xor();
        multiply(code);
        code.local_tee(hash)
            .local_get(hash)
            .i64_const(32)
            .i64_shr_u()
            .i64_xor()
            .local_set(hash);
    };
    code.local_get(length).i32_const(signed(table.longest)).i32_gt_u();
    code.if_(BlockType::Empty)
        .i32_const(signed(texts::OTHER))
        .return_()
        .end();
    code.i64_const(signed_long(table.seed)).local_set(hash);
    code.local_get(text).local_set(next);
    code.local_get(length).local_set(left);
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    {
        code.local_get(left).i32_const(8).i32_le_u().br_if(1);
        code.local_get(hash).local_get(next).i64_load(at(0, 0));
        fold(&mut code);
        code.local_get(next).i32_const(8).i32_add().local_set(next);
        code.local_get(left).i32_const(8).i32_sub().local_set(left);
        code.br(0);
    }
    code.end().end();
    code.local_get(left).if_(BlockType::Empty);
    {
        code.local_get(hash).local_get(next).i64_load(at(0, 0));
        mask(&mut code, left);
        code.i64_and();
        fold(&mut code);
    }
    code.end();
    code.local_get(hash)
        .local_get(length)
        .i64_extend_i32_u()
        .i64_xor();
    multiply(&mut code);
    code.local_set(hash);
    let shift = i64::from(64_u32.saturating_sub(table.bits));
    code.local_get(hash)
        .i64_const(shift)
        .i64_shr_u()
        .i32_wrap_i64()
        .i32_const(2)
        .i32_shl();
    code.local_tee(end).i32_load(at(table.slots, 2)).local_set(entry);
    code.local_get(end)
        .i32_load(at(table.slots.saturating_add(4), 2))
        .local_set(end);
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    {
        code.local_get(entry).local_get(end).i32_ge_u().br_if(1);
        number(&mut code, entry, width);
        code.local_tee(known).local_get(length).i32_eq();
        code.if_(BlockType::Empty);
        code.local_get(entry)
            .i32_const(signed(header))
            .i32_add()
            .local_get(text)
            .local_get(length)
            .call(EQUAL);
        code.if_(BlockType::Empty);
        number(&mut code, entry, 0);
        code.return_().end();
        code.end();
        code.local_get(entry)
            .local_get(known)
            .i32_add()
            .i32_const(signed(header))
            .i32_add()
            .local_set(entry);
        code.br(0);
    }
    code.end().end();
    code.i32_const(signed(texts::OTHER)).end();
    function
}

pub(super) fn text() -> Function {
    let (value, cell) = (0, 1);
    let mut function = Function::new([]);
    let mut code = function.instructions();
    case(&mut code, value);
    code.i32_const(TEXT_CASE).i32_eq().if_(BlockType::Empty);
    {
        code.local_get(cell);
        load_text(&mut code, value);
        code.call(LOOKUP).i32_store(at(Fact::Class as u32, 2));
        store_known(&mut code, cell);
        code.return_();
    }
    code.end();
    store(&mut code, cell, Fact::Class, signed(texts::UNKNOWN));
    store_unknown(&mut code, value, cell);
    code.end();
    function
}

pub(super) fn same() -> Function {
    let (first, second, memo, answer) = (0, 1, 2, 3);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    recall(&mut code, memo, answer);
    case(&mut code, first);
    code.i32_const(TEXT_CASE).i32_eq();
    case(&mut code, second);
    code.i32_const(TEXT_CASE).i32_eq().i32_and();
    code.if_(BlockType::Empty);
    {
        code.local_get(first)
            .i32_load(at(12, 2))
            .local_get(second)
            .i32_load(at(12, 2))
            .i32_eq();
        code.if_(BlockType::Empty);
        code.local_get(first).i32_load(at(8, 2));
        load_text(&mut code, second);
        code.call(EQUAL).local_set(answer).end();
    }
    code.end();
    remember(&mut code, memo, answer);
    code.end();
    function
}
