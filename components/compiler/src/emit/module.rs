//! The core module: functions, memory, exports.

use std::collections::BTreeMap;

use wasm_encoder::{
    BlockType, CodeSection, ConstExpr, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, InstructionSink, MemorySection, MemoryType, Module, TypeSection, ValType,
};

use super::EmitError;
use super::condition::{Emitter, at, load, signed};
use super::cost::Encoded;
use super::dispatch;
use super::link::Linked;
use super::lists::Tables;
use super::memory::{Data, Record, size};
use super::plan::{FINDING, Fact, Plan};
use super::support;
use super::texts::Table;
use super::value;

/// Index of the global with the next address that `cabi_realloc` may give.
pub(super) const BUMP: u32 = 0;
/// Index of the global with the address of the next element of `applied`.
pub(super) const APPLIED: u32 = 1;
/// Index of the global with the address of the next element of `findings`.
pub(super) const FINDINGS: u32 = 2;

const DESCRIBE: u32 = 0;
pub(super) const EVALUATE: u32 = 1;
/// Functions with fixed indices: the exports and [`support`].
const FIXED: usize = 22;

/// Bytes of a page of memory.
const PAGE: u32 = 65_536;
/// Pages for what callers hand over, before memory has to grow.
const SPARE_PAGES: u32 = 4;
/// Pages that memory may grow to: 1 GiB.
const MOST_PAGES: u64 = 16_384;

/// The kinds of functions, in the order of their types.
#[derive(Clone, Copy)]
pub(super) enum Signature {
    /// `describe`
    Describe,
    /// `evaluate`, and others of two words with a result.
    Two,
    /// `cabi_realloc`
    Allocate,
    /// Three words with a result.
    Three,
    /// (value, cell)
    Look,
    /// (value, cell, case)
    LookAs,
    /// (value, bits, lowest class, number of classes)
    LookUp,
    /// (table, count, integer) → answer
    Within,
    /// (values)
    Block,
    /// (candidates, values)
    Word,
    /// (values) → truth
    Condition,
    /// (value, high, low) → answer
    Address,
    /// (table, count, high, low) → answer
    AddressIn,
    /// (table, count, instant) → local time
    Local,
    /// (value, case, table, count, whether of ranges) → answer
    AnyNumber,
}

const SIGNATURES: [(&[ValType], &[ValType]); 15] = {
    use ValType::{I32, I64};
    [
        (&[], &[I32]),
        (&[I32, I32], &[I32]),
        (&[I32, I32, I32, I32], &[I32]),
        (&[I32, I32, I32], &[I32]),
        (&[I32, I32], &[]),
        (&[I32, I32, I32], &[]),
        (&[I32, I32, I32, I32], &[]),
        (&[I32, I32, I64], &[I32]),
        (&[I32], &[]),
        (&[I64, I32], &[]),
        (&[I32], &[I32]),
        (&[I32, I64, I64], &[I32]),
        (&[I32, I32, I64, I64], &[I32]),
        (&[I32, I32, I64], &[I64]),
        (&[I32, I32, I32, I32, I32], &[I32]),
    ]
};

/// How many values functions of a type take and give.
pub(super) fn arity(signature: u32) -> Option<(usize, usize)> {
    let (parameters, results) = SIGNATURES.get(usize::try_from(signature).ok()?)?;
    Some((parameters.len(), results.len()))
}

/// Whether every component has this function at this index.
pub(super) fn is_fixed(function: u32) -> bool {
    usize::try_from(function).is_ok_and(|index| index < FIXED)
}

/// The functions of a module, by index.
pub(super) struct Functions(Vec<Option<(Signature, Function)>>);

impl Functions {
    fn new() -> Self {
        let mut functions = Vec::new();
        functions.resize_with(FIXED, || None);
        Self(functions)
    }

    /// The index of a function that is defined later.
    pub(super) fn reserve(&mut self) -> u32 {
        let index = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.0.push(None);
        index
    }

    pub(super) fn define(&mut self, index: u32, signature: Signature, function: Function) {
        let slot = usize::try_from(index)
            .ok()
            .and_then(|index| self.0.get_mut(index));
        if let Some(slot) = slot {
            *slot = Some((signature, function));
        }
    }
}

/// The module of all packages.
pub(super) fn encode(linked: &Linked<'_>, plan: &Plan<'_>) -> Result<Encoded, EmitError> {
    let mut data = Data::new(plan.layout.end);
    let table = Table::put(&mut data, &plan.texts)?;
    let automata = plan.patterns.put(&mut data, &plan.layout)?;
    let rows = plan
        .selectors
        .iter()
        .map(|selector| selector.put(&mut data))
        .collect::<Result<Vec<_>, _>>()?;
    let error = error(&mut data, linked.inputs.len())?;
    let mut emitter = Emitter {
        layout: &plan.layout,
        automata,
        data,
        functions: Functions::new(),
        local_time: None,
        tables: Tables::default(),
        optimise: plan.optimise,
    };
    support::put(&mut emitter.functions, table.as_ref());
    let choices = choices(&mut emitter, linked, plan)?;
    let (blocks, words) = dispatch::blocks(&mut emitter, plan)?;
    let Emitter {
        mut data,
        mut functions,
        ..
    } = emitter;
    let description = super::description::put(&mut data, linked)?;
    let mut describe = Function::new([]);
    describe.instructions().i32_const(signed(description)).end();
    functions.define(DESCRIBE, Signature::Describe, describe);
    let defaults = defaults(&mut data, linked)?;
    let heap = data.end()?;
    functions.define(
        EVALUATE,
        Signature::Two,
        evaluate(
            linked,
            plan,
            Steps {
                choices: &choices,
                blocks: &blocks,
                rows: &rows,
            },
            error,
            &defaults,
            heap,
        )?,
    );
    Ok(Encoded {
        module: assemble(functions, &data, heap),
        words,
        table,
    })
}

/// (values): for each input whose values are listed, what makes a text that is none of them unknown.
fn choices(emitter: &mut Emitter<'_>, linked: &Linked<'_>, plan: &Plan<'_>) -> Result<Vec<u32>, EmitError> {
    let mut functions = Vec::new();
    for (input, position) in linked.inputs.iter().zip(0_u32..) {
        let classes = input.choices().and_then(|choices| plan.texts.of_list(choices));
        let Some(classes) = classes.filter(|_| plan.reads.contains(&position)) else {
            continue;
        };
        let mut function = Function::new([]);
        let mut code = function.instructions();
        emitter.only(&mut code, position, &classes)?;
        code.end();
        let index = emitter.functions.reserve();
        emitter.functions.define(index, Signature::Block, function);
        functions.push(index);
    }
    Ok(functions)
}

/// The result of a call with a wrong number of values: `err(text)`, laid out ahead of time.
fn error(data: &mut Data, inputs: usize) -> Result<u32, EmitError> {
    let text = format!("expected {inputs} values, got another number");
    let address = data.put(text.as_bytes(), 1)?;
    let mut record = Record::default();
    record
        .byte(1)
        .zeros(3)
        .word(address)
        .word(size(text.len())?)
        .zeros(8);
    data.put(&record.0, 4)
}

/// Where the values are that are read in the place of absent ones, by position.
fn defaults(data: &mut Data, linked: &Linked<'_>) -> Result<BTreeMap<u32, u32>, EmitError> {
    let mut addresses = BTreeMap::new();
    for (input, position) in linked.inputs.iter().zip(0_u32..) {
        if let Some(default) = input.default {
            let mut record = Record::default();
            value::put(data, &mut record, default)?;
            addresses.insert(position, data.share(&record.0, 8)?);
        }
    }
    Ok(addresses)
}

/// What a call of `evaluate` goes through.
#[derive(Clone, Copy)]
struct Steps<'a> {
    /// Functions that make unknown what is none of the listed values.
    choices: &'a [u32],
    /// Functions that judge the policies of a block.
    blocks: &'a [u32],
    /// For each selector the address of its rows.
    rows: &'a [u32],
}

/// (values, number of values) → result
fn evaluate(
    linked: &Linked<'_>,
    plan: &Plan<'_>,
    steps: Steps<'_>,
    error: u32,
    defaults: &BTreeMap<u32, u32>,
    heap: u32,
) -> Result<Function, EmitError> {
    let (values, count) = (0, 1);
    let layout = &plan.layout;
    let mut function = Function::new([]);
    let mut code = function.instructions();
    // Nothing is allocated from here on, so the values stay readable.
    code.i32_const(signed(heap)).global_set(BUMP);
    code.local_get(count)
        .i32_const(signed(size(linked.inputs.len())?))
        .i32_ne();
    code.if_(BlockType::Empty)
        .i32_const(signed(error))
        .return_()
        .end();
    for (input, position) in linked.inputs.iter().zip(0_u32..) {
        if plan.reads.contains(&position) {
            let classes = plan.texts.ranges.contains_key(&position);
            let cell = layout.cell(position);
            let look = |code: &mut InstructionSink<'_>| {
                support::look(code, values, position, cell, input.value_type, classes);
            };
            match defaults.get(&position) {
                None => look(&mut code),
                Some(default) => support::look_or(&mut code, values, position, cell, *default, look),
            }
        }
    }
    for function in steps.choices {
        code.local_get(values).call(*function);
    }
    for (set, members) in &layout.members {
        support::look_up(&mut code, values, *set, *members);
    }
    support::clear(&mut code, layout.memo_area);
    for ((selector, row), rows) in plan.selectors.iter().zip(&layout.rows).zip(steps.rows) {
        // The rows are those of an unknown input, of another text, and of the classes of the range.
        let class = layout.fact(selector.input, Fact::Class);
        code.i32_const(0);
        load(&mut code, class);
        code.i32_const(signed(selector.range.low.wrapping_sub(2)))
            .i32_sub();
        load(&mut code, class);
        code.i32_const(0).i32_ne();
        load(&mut code, class);
        code.i32_const(signed(selector.range.low)).i32_sub();
        code.i32_const(signed(selector.range.count)).i32_lt_u().select();
        code.i32_const(signed(selector.row_bytes()))
            .i32_mul()
            .i32_const(signed(*rows))
            .i32_add();
        code.i32_store(at(*row, 2));
    }
    code.i32_const(signed(layout.applied)).global_set(APPLIED);
    code.i32_const(signed(layout.findings)).global_set(FINDINGS);
    for block in steps.blocks {
        code.local_get(values).call(*block);
    }
    let answer = layout.answer;
    let word = |offset: u32| at(answer.saturating_add(offset), 2);
    code.i32_const(0).i32_const(0).i32_store(word(0));
    code.i32_const(0)
        .i32_const(signed(layout.applied))
        .i32_store(word(4));
    code.i32_const(0)
        .global_get(APPLIED)
        .i32_const(signed(layout.applied))
        .i32_sub();
    code.i32_const(2).i32_shr_u().i32_store(word(8));
    code.i32_const(0)
        .i32_const(signed(layout.findings))
        .i32_store(word(12));
    code.i32_const(0)
        .global_get(FINDINGS)
        .i32_const(signed(layout.findings))
        .i32_sub();
    code.i32_const(signed(FINDING.trailing_zeros()))
        .i32_shr_u()
        .i32_store(word(16));
    code.i32_const(signed(answer)).end();
    Ok(function)
}

fn assemble(functions: Functions, data: &Data, heap: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    for (parameters, results) in SIGNATURES {
        types
            .ty()
            .function(parameters.iter().copied(), results.iter().copied());
    }
    let mut signatures = FunctionSection::new();
    let mut bodies = CodeSection::new();
    for (signature, function) in functions.0.into_iter().flatten() {
        signatures.function(signature as u32);
        bodies.function(&function);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: u64::from(heap.div_ceil(PAGE).saturating_add(SPARE_PAGES)),
        maximum: Some(MOST_PAGES),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    let mut globals = GlobalSection::new();
    let word = GlobalType {
        val_type: ValType::I32,
        mutable: true,
        shared: false,
    };
    for start in [heap, 0, 0] {
        globals.global(word, &ConstExpr::i32_const(signed(start)));
    }
    let mut exports = ExportSection::new();
    exports.export("aecp:policy/evaluator@0.1.0#describe", ExportKind::Func, DESCRIBE);
    exports.export("aecp:policy/evaluator@0.1.0#evaluate", ExportKind::Func, EVALUATE);
    exports.export("cabi_realloc", ExportKind::Func, support::ALLOCATE);
    exports.export("memory", ExportKind::Memory, 0);
    let mut segments = DataSection::new();
    segments.active(
        0,
        &ConstExpr::i32_const(signed(data.base)),
        data.bytes.iter().copied(),
    );
    let mut module = Module::new();
    module
        .section(&types)
        .section(&signatures)
        .section(&memories)
        .section(&globals)
        .section(&exports);
    module.section(&bodies).section(&segments);
    module.finish()
}
