//! Instructions, counted.

use std::collections::BTreeMap;
use std::ops::Range;

use wasmparser::{
    BinaryReader, BlockType, FunctionBody, ModuleArity, Operator, OperatorsReader, Parser, Payload, TypeRef,
};

use super::{Candidate, Weight, Word, Work};
use crate::emit::EmitError;
use crate::emit::condition::VALUE;
use crate::emit::module::{self, Signature};
use crate::emit::support::ALLOCATE;
use crate::emit::texts::Table;

/// The cost of entering a function.
pub(super) const ENTRY: u64 = 1;

/// The local that points to the values of a call, in the functions of a word and in all others.
const OF_WORD: u32 = 1;
const OF_OTHERS: u32 = 0;

/// The code of a module.
pub(super) struct Bodies<'a> {
    bodies: Vec<FunctionBody<'a>>,
    /// For each function the index of its type, which is that of its [`Signature`].
    types: Vec<u32>,
}

/// What a value on the stack is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The address of the values.
    Values,
    /// The address of the value at this position.
    Input(u32),
    Constant(u32),
    Nothing,
}

/// What a function with loops does: outside of them, and in one turn of each.
#[derive(Debug, Default)]
pub(super) struct Shape {
    pub(super) straight: u64,
    pub(super) turns: Vec<u64>,
}

/// Counts what code costs.
pub(super) struct Meter<'a> {
    bodies: &'a Bodies<'a>,
    pub(super) table: Option<&'a Table>,
}

/// A cost that code hides: a defect of this crate.
pub(super) fn unmeasured(detail: impl std::fmt::Display) -> EmitError {
    EmitError::Unmeasured {
        detail: detail.to_string(),
    }
}

/// What one instruction costs, beside what its operands make it do.
fn cost(operator: &Operator<'_>) -> u64 {
    match operator {
        Operator::Nop
        | Operator::Drop
        | Operator::Block { .. }
        | Operator::Loop { .. }
        | Operator::Unreachable
        | Operator::Return
        | Operator::Else
        | Operator::End => 0,
        _ => 1,
    }
}

impl<'a> Bodies<'a> {
    pub(super) fn read(module: &'a [u8]) -> Result<Self, EmitError> {
        let (mut bodies, mut types) = (Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(module) {
            match payload.map_err(unmeasured)? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        if let TypeRef::Func(_) = import.map_err(unmeasured)?.ty {
                            return Err(unmeasured("a function is imported"));
                        }
                    }
                }
                Payload::FunctionSection(functions) => {
                    for function in functions {
                        types.push(function.map_err(unmeasured)?);
                    }
                }
                Payload::CodeSectionEntry(body) => bodies.push(body),
                _ => {}
            }
        }
        Ok(Self { bodies, types })
    }

    /// The instructions of a stretch of a function, or of all of it, with their places from the start of its body.
    fn operators(
        &self,
        function: u32,
        within: Option<Range<usize>>,
    ) -> Result<impl Iterator<Item = Result<(Operator<'a>, usize), EmitError>> + use<'a>, EmitError> {
        let body = usize::try_from(function)
            .ok()
            .and_then(|index| self.bodies.get(index));
        let body = body.ok_or_else(|| unmeasured(format_args!("there is no function {function}")))?;
        let start = body.range().start;
        let operators = match within {
            None => body.get_operators_reader().map_err(unmeasured)?,
            Some(within) => {
                let first = start.saturating_add(within.start);
                let bytes = body.as_bytes().get(within);
                let bytes = bytes.ok_or_else(|| unmeasured("a function ends early"))?;
                OperatorsReader::new(BinaryReader::new(bytes, first))
            }
        };
        Ok(operators.into_iter_with_offsets().map(move |operator| {
            let (operator, offset) = operator.map_err(unmeasured)?;
            Ok((operator, offset.saturating_sub(start)))
        }))
    }

    fn signature(&self, function: u32) -> Option<u32> {
        self.types.get(usize::try_from(function).ok()?).copied()
    }
}

/// Blocks that are open, and what was counted when an `if` began and in its first branch.
struct Frame {
    height: usize,
    results: usize,
    region: usize,
    before: u64,
    first: u64,
}

impl Frame {
    /// What an `if` has come to at its end: the more expensive branch.
    fn end(&self, counted: u64) -> u64 {
        let last = counted.saturating_sub(self.before);
        self.before.saturating_add(self.first.max(last))
    }
}

/// Nothing but what is the same in every module.
struct NoModule;

impl ModuleArity for NoModule {
    fn sub_type_at(&self, _: u32) -> Option<&wasmparser::SubType> {
        None
    }
    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }
    fn type_index_of_function(&self, _: u32) -> Option<u32> {
        None
    }
    fn func_type_of_cont_type(&self, _: &wasmparser::ContType) -> Option<&wasmparser::FuncType> {
        None
    }
    fn sub_type_of_ref_type(&self, _: &wasmparser::RefType) -> Option<&wasmparser::SubType> {
        None
    }
    fn control_stack_height(&self) -> u32 {
        0
    }
    fn label_block(&self, _: u32) -> Option<(BlockType, wasmparser::FrameKind)> {
        None
    }
}

/// The stack of a stretch of code that may begin in the middle of a function: what is below is not known.
#[derive(Default)]
struct Stack(Vec<Known>);

impl Stack {
    fn pop(&mut self) -> Known {
        self.0.pop().unwrap_or(Known::Nothing)
    }

    fn drop(&mut self, count: usize) {
        self.0.truncate(self.0.len().saturating_sub(count));
    }

    fn push(&mut self, known: Known) {
        self.0.push(known);
    }

    fn push_unknown(&mut self, count: usize) {
        self.0.resize(self.0.len().saturating_add(count), Known::Nothing);
    }
}

fn results(block: BlockType) -> usize {
    usize::from(!matches!(block, BlockType::Empty))
}

impl<'a> Meter<'a> {
    pub(super) fn new(bodies: &'a Bodies<'a>, table: Option<&'a Table>) -> Self {
        Self { bodies, table }
    }

    /// What one allocation by a caller costs.
    pub(super) fn allocation(&self) -> Result<u64, EmitError> {
        Ok(self.shape(ALLOCATE)?.straight)
    }

    /// What `evaluate` does beside the policies' own code; `bases` has what the functions of words do.
    pub(super) fn evaluation(&self, bases: &BTreeMap<u32, Work>) -> Result<Work, EmitError> {
        self.function(module::EVALUATE, bases)
    }

    fn function(&self, function: u32, bases: &BTreeMap<u32, Work>) -> Result<Work, EmitError> {
        let mut work = self.stretch(function, None, OF_OTHERS, bases)?;
        work.each.fixed = work.each.fixed.saturating_add(ENTRY);
        Ok(work)
    }

    /// What the function of a word does beside its policies; those go to `candidates`.
    pub(super) fn word(
        &self,
        word: &Word,
        candidates: &mut BTreeMap<usize, Candidate>,
    ) -> Result<Work, EmitError> {
        let (mut base, mut turn, mut not_true, mut judged) = (ENTRY, 0_u64, 0_u64, 0_u64);
        let (mut depth, mut looping) = (0_usize, None);
        let ours = word.codes.first().map_or(usize::MAX, |code| code.scope.start)
            ..word.codes.last().map_or(usize::MAX, |code| code.constraint.end);
        for operator in self.bodies.operators(word.function, None)? {
            let (operator, offset) = operator?;
            match operator {
                Operator::Loop { .. } => {
                    depth = depth.saturating_add(1);
                    looping = looping.or(Some(depth));
                }
                Operator::Block { .. } | Operator::If { .. } => depth = depth.saturating_add(1),
                Operator::End => {
                    if looping == Some(depth) {
                        looping = None;
                    }
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            let sum = if ours.contains(&offset) {
                continue;
            } else if word.not_true.contains(&offset) {
                &mut not_true
            } else if word.judged.contains(&offset) {
                &mut judged
            } else if looping.is_some() {
                &mut turn
            } else {
                &mut base
            };
            *sum = sum.saturating_add(cost(&operator));
        }
        let none = BTreeMap::new();
        let codes = word.codes.iter().map(|code| {
            let scope = self.stretch(word.function, Some(code.scope.clone()), OF_WORD, &none)?;
            let constraint = self.stretch(word.function, Some(code.constraint.clone()), OF_WORD, &none)?;
            Ok((scope, constraint))
        });
        let codes = codes.collect::<Result<Vec<_>, EmitError>>()?;
        for (policy, code) in (word.first..).zip(&word.policies) {
            let code = usize::try_from(*code).ok().and_then(|code| codes.get(code));
            let (scope, constraint) = code.ok_or_else(|| unmeasured("a policy has no code"))?;
            let mut passed = scope.clone();
            passed.each.add(&Weight::fixed(turn));
            let mut most = passed.clone();
            passed.each.add(&Weight::fixed(not_true));
            most.add(constraint);
            most.each.add(&Weight::fixed(judged));
            most.each.fixed = most.each.fixed.max(passed.each.fixed);
            candidates.insert(policy, Candidate { passed, most });
        }
        Ok(Work::from(Weight::fixed(base)))
    }

    /// What a function costs that loops: its loops stand one behind the other.
    pub(super) fn shape(&self, function: u32) -> Result<Shape, EmitError> {
        let mut counted = vec![ENTRY];
        let mut region = 0;
        let mut frames: Vec<Frame> = Vec::new();
        for operator in self.bodies.operators(function, None)? {
            let (operator, _) = operator?;
            let open = |region: usize, before: u64| Frame {
                height: 0,
                results: 0,
                region,
                before,
                first: 0,
            };
            let next = counted.len();
            let Some(here) = counted.get_mut(region) else {
                return Err(unmeasured("a loop has no end"));
            };
            *here = here.saturating_add(cost(&operator));
            match operator {
                Operator::Block { .. } => frames.push(open(region, 0)),
                Operator::If { .. } => frames.push(open(region, *here)),
                Operator::Loop { .. } if region > 0 => return Err(unmeasured("a loop stands in another")),
                Operator::Loop { .. } => {
                    frames.push(open(region, 0));
                    region = next;
                    counted.push(0);
                }
                Operator::Else => {
                    if let Some(frame) = frames.last_mut() {
                        frame.first = here.saturating_sub(frame.before);
                        *here = frame.before;
                    }
                }
                Operator::End => {
                    if let Some(frame) = frames.pop() {
                        if frame.region == region {
                            *here = frame.end(*here);
                        }
                        region = frame.region;
                    }
                }
                _ => {}
            }
        }
        let mut counted = counted.into_iter();
        Ok(Shape {
            straight: counted.next().unwrap_or_default(),
            turns: counted.collect(),
        })
    }

    /// What a stretch of a function costs that has no loop.
    fn stretch(
        &self,
        function: u32,
        within: Option<Range<usize>>,
        values: u32,
        bases: &BTreeMap<u32, Work>,
    ) -> Result<Work, EmitError> {
        let mut work = Work::default();
        let mut stack = Stack::default();
        let mut frames: Vec<Frame> = Vec::new();
        for operator in self.bodies.operators(function, within)? {
            let (operator, _) = operator?;
            work.each.fixed = work.each.fixed.saturating_add(cost(&operator));
            match operator {
                Operator::LocalGet { local_index } => stack.push(if local_index == values {
                    Known::Values
                } else {
                    Known::Nothing
                }),
                Operator::I32Const { value } => {
                    stack.push(Known::Constant(u32::from_ne_bytes(value.to_ne_bytes())));
                }
                Operator::I32Add => {
                    let (right, left) = (stack.pop(), stack.pop());
                    stack.push(match (left, right) {
                        (Known::Values, Known::Constant(offset)) => {
                            Known::Input(offset.checked_div(VALUE).unwrap_or_default())
                        }
                        _ => Known::Nothing,
                    });
                }
                Operator::Block { blockty } => frames.push(Frame {
                    height: stack.0.len(),
                    results: results(blockty),
                    region: 0,
                    before: 0,
                    first: 0,
                }),
                Operator::If { blockty } => {
                    stack.drop(1);
                    frames.push(Frame {
                        height: stack.0.len(),
                        results: results(blockty),
                        region: 0,
                        before: work.each.fixed,
                        first: 0,
                    });
                }
                Operator::Else => {
                    if let Some(frame) = frames.last_mut() {
                        frame.first = work.each.fixed.saturating_sub(frame.before);
                        work.each.fixed = frame.before;
                        stack.0.truncate(frame.height);
                    }
                }
                Operator::End => {
                    if let Some(frame) = frames.pop() {
                        work.each.fixed = frame.end(work.each.fixed);
                        stack.0.truncate(frame.height);
                        stack.push_unknown(frame.results);
                    }
                }
                Operator::Loop { .. } => return Err(unmeasured("a loop whose turns nobody counts")),
                // What follows is not reached; the block's end sets the stack right.
                Operator::Br { .. } | Operator::Return | Operator::Unreachable => {}
                Operator::BrIf { .. } | Operator::BrTable { .. } => stack.drop(1),
                Operator::MemoryFill { .. } | Operator::MemoryCopy { .. } => {
                    let Known::Constant(bytes) = stack.pop() else {
                        return Err(unmeasured("bytes are written, nobody knows how many"));
                    };
                    stack.drop(2);
                    work.each.fixed = work.each.fixed.saturating_add(u64::from(bytes));
                }
                Operator::Call { function_index } => {
                    let (arguments, results) = self.arity(function_index)?;
                    let mut handed: Vec<Known> = (0..arguments).map(|_| stack.pop()).collect();
                    handed.reverse();
                    work.add(&self.call(function_index, &handed, bases)?);
                    stack.push_unknown(results);
                }
                other => {
                    let arity = other.operator_arity(&NoModule);
                    let (from, to) =
                        arity.ok_or_else(|| unmeasured(format_args!("`{other:?}` is not known")))?;
                    stack.drop(usize::try_from(from).unwrap_or(usize::MAX));
                    stack.push_unknown(usize::try_from(to).unwrap_or_default());
                }
            }
        }
        Ok(work)
    }

    fn arity(&self, function: u32) -> Result<(usize, usize), EmitError> {
        let signature = self.bodies.signature(function).and_then(module::arity);
        signature.ok_or_else(|| unmeasured(format_args!("function {function} has no type")))
    }

    fn call(
        &self,
        function: u32,
        arguments: &[Known],
        bases: &BTreeMap<u32, Work>,
    ) -> Result<Work, EmitError> {
        if let Some(base) = bases.get(&function) {
            return Ok(base.clone());
        }
        if module::is_fixed(function) {
            return self.support(function, arguments);
        }
        let signature = self.bodies.signature(function);
        if signature == Some(Signature::Local as u32) {
            return self.local_time(function, arguments);
        }
        self.function(function, bases)
    }
}
