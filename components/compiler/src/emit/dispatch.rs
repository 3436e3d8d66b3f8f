//! Code that goes from candidate to candidate, and writes what policies say.

use wasm_encoder::{BlockType, Function, InstructionSink, ValType};

use super::condition::{Emitter, FALSE, TRUE, UNKNOWN, at, load, signed, signed_long};
use super::cost::{PolicyCode, Word};
use super::formula::Formula;
use super::index::{BLOCK_WORDS, Selector};
use super::memory::{NOWHERE, Record, size};
use super::module::{APPLIED, FINDINGS, Signature};
use super::plan::{FINDING, Plan, PolicyPlan};
use super::{EmitError, Optimise};

/// Policies of one function: one for each bit of a word.
const WORD: usize = 64;

/// Bits of what a policy's code leaves that are not the truth of its constraint: how many obligations it raises.
const OBLIGATIONS: i32 = 2;

/// Emits the functions of all blocks, and returns those to be called, in order, with the address of the values; and
/// where the code of policies stands.
pub(super) fn blocks(emitter: &mut Emitter<'_>, plan: &Plan<'_>) -> Result<(Vec<u32>, Vec<Word>), EmitError> {
    let most = plan
        .policies
        .iter()
        .map(|policy| policy.obligations)
        .max()
        .unwrap_or_default();
    let mut indices = Record::default();
    (0..most).for_each(|index| {
        indices.word(index);
    });
    let obligations = emitter.data.put(&indices.0, 4)?;
    let (mut functions, mut layouts) = (Vec::new(), Vec::new());
    for (block, policies) in plan.policies.chunks(WORD.saturating_mul(BLOCK_WORDS)).enumerate() {
        let mut words = Vec::new();
        for (word, policies) in policies.chunks(WORD).enumerate() {
            let start = candidates(policies, plan.optimise);
            if start == 0 {
                continue;
            }
            let first = block
                .saturating_mul(BLOCK_WORDS)
                .saturating_add(word)
                .saturating_mul(WORD);
            let layout = word_function(emitter, policies, first, obligations)?;
            words.push((word, start, layout.function));
            layouts.push(layout);
        }
        if !words.is_empty() {
            functions.push(block_function(emitter, plan, block, &words));
        }
    }
    Ok((functions, layouts))
}

/// A bit for each policy that can matter at all.
fn candidates(policies: &[PolicyPlan], optimise: Optimise) -> u64 {
    policies.iter().enumerate().fold(0, |bits, (index, policy)| {
        if optimise == Optimise::Everything && policy.scope == Formula::Constant(false) {
            bits
        } else {
            bits | (1_u64 << (index & 63))
        }
    })
}

/// (values): intersects the rows of all selectors, and calls the words that have candidates.
fn block_function(
    emitter: &mut Emitter<'_>,
    plan: &Plan<'_>,
    block: usize,
    words: &[(usize, u64, u32)],
) -> u32 {
    let selectors: Vec<(&Selector, u32, u32)> = plan
        .selectors
        .iter()
        .zip(&plan.layout.rows)
        .filter_map(|(selector, row)| Some((selector, *row, selector.offset(block)?)))
        .collect();
    let values = 0;
    let pieces = u32::try_from(selectors.len()).unwrap_or(u32::MAX);
    let left = pieces.saturating_add(1);
    let mut function = Function::new([(pieces, ValType::I32), (1, ValType::I64)]);
    let mut code = function.instructions();
    for ((_, row, offset), piece) in selectors.iter().zip(1_u32..) {
        load(&mut code, *row);
        code.i32_load(at(*offset, 2)).local_set(piece);
    }
    for (word, start, function) in words {
        code.i64_const(signed_long(*start));
        for ((selector, _, _), piece) in selectors.iter().zip(1_u32..) {
            if selector
                .blocks
                .get(&block)
                .is_some_and(|words| words.contains(word))
            {
                let offset = u32::try_from(word.saturating_mul(8)).unwrap_or(u32::MAX);
                code.local_get(piece).i64_load(at(offset, 3)).i64_and();
            }
        }
        code.local_tee(left).i64_eqz().i32_eqz().if_(BlockType::Empty);
        code.local_get(left).local_get(values).call(*function).end();
    }
    code.end();
    let index = emitter.functions.reserve();
    emitter.functions.define(index, Signature::Block, function);
    index
}

/// Locals of a word's function.
const LEFT: u32 = 0;
const VALUES: u32 = 1;
const BIT: u32 = 2;
const SCOPE: u32 = 3;
const RESULT: u32 = 4;
const NEXT_APPLIED: u32 = 5;
const NEXT_FINDING: u32 = 6;

/// (candidates, values): runs the code of each candidate of a word, lowest bit first.
///
/// A policy's code jumps out with the truth of its constraint if its scope is true, or falls to the next block with
/// the truth of its scope in a local.
fn word_function(
    emitter: &mut Emitter<'_>,
    policies: &[PolicyPlan],
    first: usize,
    obligations: u32,
) -> Result<Word, EmitError> {
    let number = size(first)?;
    let raises = policies.iter().any(|policy| policy.obligations > 0);
    // Policies that differ in name alone have one code.
    let mut codes: Vec<&PolicyPlan> = Vec::new();
    let mut targets = Vec::with_capacity(policies.len());
    for policy in policies {
        let known = match emitter.optimise {
            Optimise::Everything => codes.iter().position(|code| *code == policy),
            Optimise::Nothing => None,
        };
        targets.push(size(known.unwrap_or(codes.len()))?);
        if known.is_none() {
            codes.push(policy);
        }
    }
    let count = size(codes.len())?;
    let mut function = Function::new([(5, ValType::I32)]);
    let mut code = function.instructions();
    code.global_get(APPLIED)
        .local_set(NEXT_APPLIED)
        .global_get(FINDINGS)
        .local_set(NEXT_FINDING);
    code.loop_(BlockType::Empty);
    code.local_get(LEFT).i64_ctz().i32_wrap_i64().local_set(BIT);
    code.local_get(LEFT)
        .local_get(LEFT)
        .i64_const(1)
        .i64_sub()
        .i64_and()
        .local_set(LEFT);
    code.block(BlockType::Empty); // done with this candidate
    code.block(BlockType::Result(ValType::I32)); // scope true, the constraint's truth on the stack
    code.block(BlockType::Empty); // scope not true
    for _ in &codes {
        code.block(BlockType::Empty);
    }
    code.local_get(BIT)
        .br_table(targets.iter().copied(), count.saturating_sub(1))
        .end();
    let mut places = Vec::with_capacity(codes.len());
    for (policy, index) in codes.into_iter().zip(1_u32..) {
        let scope_not_true = count.saturating_sub(index);
        places.push(policy_code(emitter, &mut function, policy, scope_not_true)?);
        function.instructions().end();
    }
    let done_from_not_true = 1;
    let begin = function.byte_len();
    let mut code = function.instructions();
    code.local_get(SCOPE).i32_eqz().br_if(done_from_not_true);
    code.i32_const(UNKNOWN).local_set(RESULT);
    finding(&mut code, number, None);
    code.br(done_from_not_true);
    code.end();
    let not_true = begin..function.byte_len();
    let mut code = function.instructions();
    code.local_set(RESULT);
    code.local_get(NEXT_APPLIED)
        .local_get(BIT)
        .i32_const(signed(number))
        .i32_add()
        .i32_store(at(0, 2));
    code.local_get(NEXT_APPLIED)
        .i32_const(4)
        .i32_add()
        .local_set(NEXT_APPLIED);
    code.local_get(RESULT).i32_const(TRUE).i32_eq().br_if(0);
    finding(&mut code, number, raises.then_some(obligations));
    let judged = not_true.end..function.byte_len();
    let mut code = function.instructions();
    code.end();
    code.local_get(LEFT).i64_eqz().i32_eqz().br_if(0);
    code.end();
    code.local_get(NEXT_APPLIED)
        .global_set(APPLIED)
        .local_get(NEXT_FINDING)
        .global_set(FINDINGS);
    code.end();
    let index = emitter.functions.reserve();
    emitter.functions.define(index, Signature::Word, function);
    Ok(Word {
        function: index,
        first,
        policies: targets,
        codes: places,
        not_true,
        judged,
    })
}

/// The code of one policy. `scope_not_true` is the depth of the block to leave if the scope is not true; the block
/// around it is left with the constraint's truth.
fn policy_code(
    emitter: &mut Emitter<'_>,
    function: &mut Function,
    policy: &PolicyPlan,
    scope_not_true: u32,
) -> Result<PolicyCode, EmitError> {
    let begin = function.byte_len();
    let mut code = function.instructions();
    match policy.scope {
        Formula::Constant(true) => {}
        Formula::Constant(false) => {
            // Never a candidate, if anything is optimised.
            code.i32_const(FALSE).local_set(SCOPE).br(scope_not_true);
            let end = function.byte_len();
            return Ok(PolicyCode {
                scope: begin..end,
                constraint: end..end,
            });
        }
        _ => {
            emitter.formula(&mut code, &policy.scope, VALUES)?;
            code.local_tee(SCOPE)
                .i32_const(TRUE)
                .i32_ne()
                .br_if(scope_not_true);
        }
    }
    let middle = function.byte_len();
    let mut code = function.instructions();
    emitter.formula(&mut code, &policy.constraint, VALUES)?;
    if policy.obligations > 0 {
        code.i32_const(signed(policy.obligations))
            .i32_const(OBLIGATIONS)
            .i32_shl()
            .i32_or();
    }
    code.br(scope_not_true.saturating_add(1));
    Ok(PolicyCode {
        scope: begin..middle,
        constraint: middle..function.byte_len(),
    })
}

/// Writes the finding that local `RESULT` tells. `obligations` is the address of their indices, if there are any.
fn finding(code: &mut InstructionSink<'_>, first: u32, obligations: Option<u32>) {
    // The outcome's number is the truth plus one, in two bits: true 0 satisfied, false 1 violated, unknown 2.
    code.local_get(NEXT_FINDING);
    code.local_get(BIT)
        .i32_const(signed(first))
        .i32_add()
        .i64_extend_i32_u();
    code.local_get(RESULT)
        .i32_const(1)
        .i32_add()
        .i32_const(3)
        .i32_and()
        .i64_extend_i32_u();
    code.i64_const(32).i64_shl().i64_or().i64_store(at(0, 3));
    code.local_get(NEXT_FINDING);
    let nothing = u64::from(NOWHERE);
    match obligations {
        None => {
            code.i64_const(signed_long(nothing));
        }
        Some(address) => {
            code.local_get(RESULT)
                .i32_const(OBLIGATIONS)
                .i32_shr_u()
                .i64_extend_i32_u();
            code.i64_const(32)
                .i64_shl()
                .i64_const(i64::from(address))
                .i64_or();
            code.i64_const(signed_long(nothing));
            code.local_get(RESULT)
                .i32_const(TRUE)
                .i32_and()
                .i32_const(TRUE)
                .i32_eq()
                .select();
        }
    }
    code.i64_store(at(8, 3));
    code.local_get(NEXT_FINDING)
        .i32_const(signed(FINDING))
        .i32_add()
        .local_set(NEXT_FINDING);
}
