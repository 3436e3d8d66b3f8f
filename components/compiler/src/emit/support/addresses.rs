//! Functions that look for addresses in networks.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use crate::emit::condition::{at, signed_long};
use crate::emit::lists::MAPPED;

/// Bits of an address, and of its half.
const BITS: i32 = 128;
const HALF: i32 = 64;

/// Leaves whether two halves, whose difference is on the stack, are equal in the bits of the prefix: all but the last
/// `bits` less the prefix.
fn agree(code: &mut InstructionSink<'_>, bits: i32, prefix: u32) {
    code.i32_const(bits)
        .local_get(prefix)
        .i32_sub()
        .i64_extend_i32_u()
        .i64_shr_u()
        .i64_eqz();
}

pub(super) fn network_has() -> Function {
    let (network, high, low, prefix) = (0, 1, 2, 3);
    let mut function = Function::new([(1, ValType::I32)]);
    let mut code = function.instructions();
    let difference = |code: &mut InstructionSink<'_>, half: u32, offset: u32| {
        code.local_get(half)
            .local_get(network)
            .i64_load(at(offset, 3))
            .i64_xor();
    };
    code.local_get(network).i32_load8_u(at(24, 0)).local_tee(prefix);
    code.i32_eqz().if_(BlockType::Empty).i32_const(1).return_().end();
    code.local_get(prefix)
        .i32_const(BITS)
        .i32_gt_u()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end();
    code.local_get(prefix)
        .i32_const(HALF)
        .i32_le_u()
        .if_(BlockType::Empty);
    difference(&mut code, high, 8);
    agree(&mut code, HALF, prefix);
    code.return_().end();
    difference(&mut code, high, 8);
    code.i64_eqz();
    difference(&mut code, low, 16);
    agree(&mut code, BITS, prefix);
    code.i32_and().end();
    function
}

/// Finds the last range that begins at or below the address; the ranges are sorted.
pub(super) fn address_in() -> Function {
    let (table, end, high, low, begin, middle) = (0, 1, 2, 3, 4, 5);
    let mut function = Function::new([(2, ValType::I32)]);
    let mut code = function.instructions();
    let range = |code: &mut InstructionSink<'_>, index: u32| {
        code.local_get(table)
            .local_get(index)
            .i32_const(5)
            .i32_shl()
            .i32_add();
    };
    // Leaves whether a bound, at an offset of the range in local `middle`, is at most the address, or at least.
    let ordered = |code: &mut InstructionSink<'_>, offset: u32, at_most: bool| {
        let load = |code: &mut InstructionSink<'_>, offset: u32| {
            range(code, middle);
            code.i64_load(at(offset, 3));
        };
        let behind = offset.saturating_add(8);
        load(code, offset);
        code.local_get(high);
        if at_most {
            code.i64_lt_u();
        } else {
            code.i64_gt_u();
        }
        load(code, offset);
        code.local_get(high).i64_eq();
        load(code, behind);
        code.local_get(low);
        if at_most {
            code.i64_le_u();
        } else {
            code.i64_ge_u();
        }
        code.i32_and().i32_or();
    };
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    {
        code.local_get(begin).local_get(end).i32_ge_u().br_if(1);
        code.local_get(begin)
            .local_get(end)
            .i32_add()
            .i32_const(1)
            .i32_shr_u()
            .local_set(middle);
        ordered(&mut code, 0, true);
        code.if_(BlockType::Empty)
            .local_get(middle)
            .i32_const(1)
            .i32_add()
            .local_set(begin);
        code.else_().local_get(middle).local_set(end).end();
        code.br(0);
    }
    code.end().end();
    code.local_get(begin)
        .i32_eqz()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end();
    code.local_get(begin).i32_const(1).i32_sub().local_set(middle);
    ordered(&mut code, 16, false);
    code.end();
    function
}

/// Finds the last range of IPv4 addresses that begins at or below the address; the ranges are sorted.
pub(super) fn address_in_four() -> Function {
    let (table, end, high, low, begin, middle, wanted) = (0, 1, 2, 3, 4, 5, 6);
    let mut function = Function::new([(3, ValType::I32)]);
    let mut code = function.instructions();
    let range = |code: &mut InstructionSink<'_>, index: u32| {
        code.local_get(table)
            .local_get(index)
            .i32_const(3)
            .i32_shl()
            .i32_add();
    };
    code.local_get(high)
        .local_get(low)
        .i64_const(32)
        .i64_shr_u()
        .i64_const(signed_long(MAPPED))
        .i64_xor()
        .i64_or()
        .i64_eqz()
        .i32_eqz()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end();
    code.local_get(low).i32_wrap_i64().local_set(wanted);
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    {
        code.local_get(begin).local_get(end).i32_ge_u().br_if(1);
        code.local_get(begin)
            .local_get(end)
            .i32_add()
            .i32_const(1)
            .i32_shr_u()
            .local_set(middle);
        range(&mut code, middle);
        code.i32_load(at(0, 2))
            .local_get(wanted)
            .i32_le_u()
            .if_(BlockType::Empty);
        code.local_get(middle).i32_const(1).i32_add().local_set(begin);
        code.else_().local_get(middle).local_set(end).end();
        code.br(0);
    }
    code.end().end();
    code.local_get(begin)
        .i32_eqz()
        .if_(BlockType::Empty)
        .i32_const(0)
        .return_()
        .end();
    code.local_get(wanted);
    range(&mut code, begin);
    code.i32_const(4).i32_sub().i32_load(at(0, 2)).i32_le_u().end();
    function
}
