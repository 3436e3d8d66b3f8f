//! What each policy needs at run time, and where calls keep what they learn.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::Type;

use super::formula::{Formula, Test};
use super::index::{self, Selector};
use super::link::Linked;
use super::lists::Lists;
use super::memory::{Zeroed, area, size};
use super::patterns::Patterns;
use super::texts::{Range, Texts};
use super::{EmitError, Optimise};

/// Everything that code generation needs to know.
pub(super) struct Plan<'a> {
    pub(super) policies: Vec<PolicyPlan>,
    pub(super) texts: Texts<'a>,
    pub(super) patterns: Patterns,
    pub(super) selectors: Vec<Selector>,
    pub(super) layout: Layout,
    /// The inputs that conditions read.
    pub(super) reads: BTreeSet<u32>,
    pub(super) optimise: Optimise,
}

/// A policy's code to be.
#[derive(PartialEq, Eq)]
pub(super) struct PolicyPlan {
    /// What the index leaves of its scope.
    pub(super) scope: Formula,
    pub(super) constraint: Formula,
    /// How many obligations it raises when it is satisfied.
    pub(super) obligations: u32,
}

/// A set input whose members are looked up among the constants.
#[derive(Clone, Copy)]
pub(super) struct Members {
    /// A bit for each class of `range`.
    pub(super) bits: u32,
    pub(super) range: Range,
}

/// Addresses of what calls change.
pub(super) struct Layout {
    /// [`CELL`] bytes for each input.
    cells: u32,
    /// A word for each pair of inputs whose comparison takes long: 0, or 1 and the answer.
    pub(super) memos: BTreeMap<(u32, u32), u32>,
    /// A word for each automaton of an input that is walked: 0, or 1 more than the label to which it leads.
    pub(super) walks: BTreeMap<(u32, u32), u32>,
    /// Where the memos lie, and how many bytes they are: a multiple of 8.
    pub(super) memo_area: (u32, u32),
    pub(super) members: BTreeMap<u32, Members>,
    /// For each selector, a word: the address of its row.
    pub(super) rows: Vec<u32>,
    /// `result<outcomes, string>`, 20 bytes.
    pub(super) answer: u32,
    /// 4 bytes for each policy.
    pub(super) applied: u32,
    /// [`FINDING`] bytes for each policy.
    pub(super) findings: u32,
    /// Where constants may begin.
    pub(super) end: u32,
}

/// Bytes of what a call knows of an input.
const CELL: u32 = 16;

/// Bytes of `record finding`.
pub(super) const FINDING: u32 = 16;

/// What a call knows of an input; offsets in its cell.
#[derive(Clone, Copy)]
pub(super) enum Fact {
    /// The class of a text.
    Class = 0,
    /// The truth of a test that does not hold: false, or unknown if the input is.
    Fails = 4,
    /// The truth of a test that holds: true, or unknown if the input is.
    Holds = 8,
    /// The truth of `IS PRESENT`.
    Present = 12,
}

impl Layout {
    /// Address of an input's cell.
    pub(super) fn cell(&self, input: u32) -> u32 {
        self.cells.saturating_add(input.saturating_mul(CELL))
    }

    /// Address of a fact about an input.
    pub(super) fn fact(&self, input: u32, fact: Fact) -> u32 {
        self.cell(input).saturating_add(fact as u32)
    }
}

impl<'a> Plan<'a> {
    pub(super) fn new(linked: &'a Linked<'a>, optimise: Optimise) -> Result<Self, EmitError> {
        let texts = Texts::of(linked)?;
        let lists = Lists::of(linked);
        let patterns = Patterns::of(linked)?;
        let (mut scopes, mut rest) = (Vec::new(), Vec::new());
        for reader in linked.policies() {
            let formula = |condition| Formula::new(&reader, &texts, &lists, &patterns, condition, optimise);
            scopes.push(formula(&reader.policy.scope)?);
            let constraint = formula(&reader.policy.constraint)?;
            rest.push((constraint, size(reader.policy.obligations.len())?));
        }
        let mut needs = Needs::default();
        scopes
            .iter()
            .chain(rest.iter().map(|(constraint, _)| constraint))
            .for_each(|formula| {
                formula.tests(&mut |test| needs.add(test));
            });
        let selectors = match optimise {
            Optimise::Everything => index::select(&mut scopes, &texts),
            Optimise::Nothing => Vec::new(),
        };
        let policies = scopes.into_iter().zip(rest);
        let policies: Vec<_> = policies
            .map(|(scope, (constraint, obligations))| PolicyPlan {
                scope,
                constraint,
                obligations,
            })
            .collect();
        let layout = layout(linked, &texts, &needs, selectors.len(), policies.len())?;
        Ok(Self {
            policies,
            texts,
            patterns,
            selectors,
            layout,
            reads: needs.reads,
            optimise,
        })
    }
}

#[derive(Default)]
struct Needs {
    reads: BTreeSet<u32>,
    pairs: BTreeSet<(u32, u32)>,
    walks: BTreeSet<(u32, u32)>,
    sets: BTreeSet<u32>,
}

impl Needs {
    fn add(&mut self, test: &Test) {
        test.each_input(&mut |input| {
            self.reads.insert(input);
        });
        match test {
            Test::SameText(first, second) | Test::HasText(first, second) => {
                self.pairs.insert((*first, *second));
            }
            Test::Matches(input, automaton, _) => {
                self.walks.insert((*input, *automaton));
            }
            Test::Has(set, _) | Test::HasAny(set, _) => {
                self.sets.insert(*set);
            }
            _ => {}
        }
    }
}

fn layout(
    linked: &Linked<'_>,
    texts: &Texts<'_>,
    needs: &Needs,
    selectors: usize,
    policies: usize,
) -> Result<Layout, EmitError> {
    let mut zeroed = Zeroed::new();
    let cells = zeroed.take(area(linked.inputs.len(), CELL)?, 16)?;
    let words = needs.pairs.len().saturating_add(needs.walks.len());
    let memo_bytes = area(words, 4)?.next_multiple_of(8);
    let memo_area = zeroed.take(memo_bytes, 8)?;
    let mut memo_words = (memo_area..).step_by(4);
    let memos = needs.pairs.iter().copied().zip(memo_words.by_ref()).collect();
    let walks = needs.walks.iter().copied().zip(memo_words).collect();
    let mut members = BTreeMap::new();
    for set in &needs.sets {
        if let Some(range) = texts.ranges.get(set) {
            let bits = zeroed.take(range.count.div_ceil(64).saturating_mul(8), 8)?;
            members.insert(*set, Members { bits, range: *range });
        }
    }
    let rows = (0..selectors)
        .map(|_| zeroed.take(4, 4))
        .collect::<Result<_, _>>()?;
    let answer = zeroed.take(20, 8)?;
    let applied = zeroed.take(area(policies, 4)?, 8)?;
    let findings = zeroed.take(area(policies, FINDING)?, 8)?;
    let end = zeroed.end()?;
    Ok(Layout {
        cells,
        memos,
        walks,
        memo_area: (memo_area, memo_bytes),
        members,
        rows,
        answer,
        applied,
        findings,
        end,
    })
}

/// The case of `variant value` that holds values of a type (`wit/policy/policy.wit`).
pub(super) const fn value_case(value_type: Type) -> i32 {
    match value_type {
        Type::Boolean => 2,
        Type::Integer => 3,
        Type::Decimal => 4,
        Type::Text => 5,
        Type::Instant => 6,
        Type::Duration => 7,
        Type::Address => 8,
        Type::Network => 9,
        Type::SetOfText => 10,
        Type::SetOfInteger => 11,
        Type::SetOfDecimal => 12,
        Type::SetOfInstant => 13,
        Type::SetOfDuration => 14,
        Type::SetOfAddress => 15,
        Type::SetOfNetwork => 16,
    }
}
