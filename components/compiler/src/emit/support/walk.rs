//! The function that walks an automaton over a text.

use wasm_encoder::{BlockType, Function, ValType};

use super::{TEXT_CASE, case};
use crate::emit::condition::at;
use crate::emit::patterns::{CLASSES, ROWS};

/// (value, memo, automaton): leaves in the memo one more than the label of the text, if the value is one.
pub(super) fn walk() -> Function {
    let (value, memo, automaton, text, end, state, sinks) = (0, 1, 2, 3, 4, 5, 6);
    let mut function = Function::new([(4, ValType::I32)]);
    let mut code = function.instructions();
    code.local_get(memo)
        .i32_load(at(0, 2))
        .if_(BlockType::Empty)
        .return_()
        .end();
    // What is no text has some label too: nobody asks for it.
    code.local_get(memo).i32_const(1).i32_store(at(0, 2));
    case(&mut code, value);
    code.i32_const(TEXT_CASE)
        .i32_ne()
        .if_(BlockType::Empty)
        .return_()
        .end();
    code.local_get(value).i32_load(at(8, 2)).local_tee(text);
    code.local_get(value).i32_load(at(12, 2)).i32_add().local_set(end);
    code.local_get(automaton).i32_load(at(0, 2)).local_set(state);
    code.local_get(automaton).i32_load(at(4, 2)).local_set(sinks);
    code.block(BlockType::Empty).loop_(BlockType::Empty);
    {
        code.local_get(state).local_get(sinks).i32_lt_u().br_if(1);
        code.local_get(text).local_get(end).i32_ge_u().br_if(1);
        code.local_get(automaton);
        code.local_get(automaton)
            .local_get(text)
            .i32_load8_u(at(0, 0))
            .i32_add()
            .i32_load8_u(at(CLASSES, 0));
        code.local_get(state).i32_add().i32_const(1).i32_shl();
        code.i32_add().i32_load16_u(at(ROWS, 1)).local_set(state);
        code.local_get(text).i32_const(1).i32_add().local_set(text);
        code.br(0);
    }
    code.end().end();
    code.local_get(memo);
    code.local_get(automaton)
        .local_get(state)
        .i32_const(1)
        .i32_shl()
        .i32_add();
    code.i32_load16_u(at(ROWS, 1))
        .i32_const(1)
        .i32_add()
        .i32_store(at(0, 2));
    code.end();
    function
}
