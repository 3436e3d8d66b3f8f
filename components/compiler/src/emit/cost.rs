//! The most that a decision can cost.
//!
//! Counted in instructions of WebAssembly that one call of `evaluate` executes, as engines count fuel: one for each
//! instruction and each entry of a function, none for what only marks structure, one for each byte that is filled or
//! copied. It is counted from the code itself, so that no change of it is forgotten: what the code does once is added
//! up, what it does again and again is multiplied by how often at most.
//!
//! A bound is linear in what a caller hands over: a part that is always there, one for each byte of a text, one for each
//! member of a set. Which policies can be candidates together, the index knows.
//!
//! - `code`: instructions, counted.
//! - `support`: what calls of `emit::support` cost.

mod code;
mod support;

use std::collections::BTreeMap;
use std::ops::Range;

use aecp_vocabulary::Type;
use aecp_vocabulary::value::{SET_LIMIT, TEXT_LIMIT};

use super::EmitError;
use super::link::Linked;
use super::plan::Plan;
use super::texts::Table;
use code::{Bodies, Meter};

/// The most that one decision of a component can cost, in executed instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The part that does not depend on sizes.
    pub fixed: u64,
    /// The parts that do, for each input that has a size, sorted by name.
    pub inputs: Vec<InputCost>,
    /// Each policy as if it stood alone, in the component's order. Together they may cost less, as they share what they
    /// ask and are not candidates for the same requests.
    pub policies: Vec<PolicyCost>,
}

/// What a decision costs more the larger an input is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputCost {
    /// The input's name.
    pub name: String,
    /// Its type: text or a set.
    pub value_type: Type,
    /// Instructions for each byte of the text, or of each text in the set.
    pub per_byte: u64,
    /// Instructions for each member of the set.
    pub per_member: u64,
}

/// What one policy costs when it is a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyCost {
    /// Its package.
    pub package: String,
    /// Its name.
    pub policy: String,
    /// The part that does not depend on sizes.
    pub fixed: u64,
    /// The parts that do.
    pub inputs: Vec<InputCost>,
}

/// Most bytes of linear memory that an enforcement point gives to policies, whatever they are handed.
const MEMORY: u64 = 32 << 20;

/// Policies that an error names.
const NAMED: usize = 3;

/// Decisions can cost more than somebody allows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a decision can cost {cost} instructions, {bound} are allowed; the most expensive policies are {}: make them \
     simpler, split the package, or allow more",
    named(policies)
)]
pub struct TooExpensive {
    /// What it can cost.
    pub cost: u64,
    /// What is allowed.
    pub bound: u64,
    /// The most expensive policies, and what each costs alone.
    pub policies: Vec<(String, u64)>,
}

fn named(policies: &[(String, u64)]) -> String {
    let named: Vec<String> = policies
        .iter()
        .map(|(policy, cost)| format!("`{policy}` ({cost})"))
        .collect();
    named.join(", ")
}

/// How large the inputs of a request are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Bytes of each text, alone or in a set.
    pub text: u64,
    /// Members of each set.
    pub set: u64,
}

impl Sizes {
    /// The largest that the contract lets through.
    pub const LARGEST: Self = Self {
        text: TEXT_LIMIT as u64,
        set: SET_LIMIT as u64,
    };

    /// Those of an ordinary request.
    pub const ORDINARY: Self = Self { text: 64, set: 8 };
}

impl Cost {
    /// The bound for requests none of whose inputs is larger.
    #[must_use]
    pub fn at(&self, sizes: Sizes) -> u64 {
        at(self.fixed, &self.inputs, sizes)
    }

    /// Instructions for each byte of the input where a byte costs most.
    #[must_use]
    pub fn per_byte(&self) -> u64 {
        self.inputs.iter().map(|input| input.per_byte).max().unwrap_or(0)
    }

    /// Instructions for each member of the input where a member costs most.
    #[must_use]
    pub fn per_member(&self) -> u64 {
        let members = self.inputs.iter().map(|input| input.per_member);
        members.max().unwrap_or(0)
    }

    /// Refuses what can cost more than `bound` in requests of these sizes.
    ///
    /// # Errors
    /// It can.
    pub fn within(&self, bound: u64, sizes: Sizes) -> Result<(), TooExpensive> {
        let cost = self.at(sizes);
        if cost <= bound {
            return Ok(());
        }
        let policies = self.most_expensive(sizes, NAMED).into_iter();
        Err(TooExpensive {
            cost,
            bound,
            policies: policies
                .map(|policy| (policy.policy.clone(), policy.at(sizes)))
                .collect(),
        })
    }

    /// The policies that cost most in requests of these sizes, the most expensive first, `count` at most.
    #[must_use]
    pub fn most_expensive(&self, sizes: Sizes, count: usize) -> Vec<&PolicyCost> {
        let mut policies: Vec<&PolicyCost> = self.policies.iter().collect();
        policies.sort_by_key(|policy| std::cmp::Reverse(policy.at(sizes)));
        policies.truncate(count);
        policies
    }
}

impl PolicyCost {
    /// The bound for requests none of whose inputs is larger.
    #[must_use]
    pub fn at(&self, sizes: Sizes) -> u64 {
        at(self.fixed, &self.inputs, sizes)
    }
}

fn at(fixed: u64, inputs: &[InputCost], sizes: Sizes) -> u64 {
    inputs
        .iter()
        .fold(fixed, |sum, input| sum.saturating_add(input.at(sizes)))
}

impl InputCost {
    fn at(&self, Sizes { text, set }: Sizes) -> u64 {
        match self.value_type {
            Type::Text => self.per_byte.saturating_mul(text),
            _ => {
                let bytes = text.saturating_mul(set).min(MEMORY);
                let members = self.per_member.saturating_mul(set);
                self.per_byte.saturating_mul(bytes).saturating_add(members)
            }
        }
    }
}

/// A module, and what of it code alone does not tell.
pub(super) struct Encoded {
    pub(super) module: Vec<u8>,
    pub(super) words: Vec<Word>,
    pub(super) table: Option<Table>,
}

/// The function of up to 64 policies: where what stands in its code, in bytes from the start of its body.
pub(super) struct Word {
    pub(super) function: u32,
    /// Number of the first policy.
    pub(super) first: usize,
    /// For each policy, which of `codes` is its.
    pub(super) policies: Vec<u32>,
    pub(super) codes: Vec<PolicyCode>,
    /// What is done if a scope is not true.
    pub(super) not_true: Range<usize>,
    /// What is done if a scope is true.
    pub(super) judged: Range<usize>,
}

/// The code of a policy's scope, and of its constraint.
pub(super) struct PolicyCode {
    pub(super) scope: Range<usize>,
    pub(super) constraint: Range<usize>,
}

/// How work grows with an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Growth {
    bytes: u64,
    members: u64,
}

/// Instructions, linear in the sizes of inputs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Weight {
    fixed: u64,
    inputs: BTreeMap<u32, Growth>,
}

/// What code does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Work {
    /// Each time.
    each: Weight,
    /// The first time that somebody in a call does it; by the memo that knows.
    once: BTreeMap<u32, Weight>,
}

impl Weight {
    fn fixed(fixed: u64) -> Self {
        Self {
            fixed,
            inputs: BTreeMap::new(),
        }
    }

    fn per_byte(mut self, input: u32, bytes: u64) -> Self {
        let growth = self.inputs.entry(input).or_default();
        growth.bytes = growth.bytes.saturating_add(bytes);
        self
    }

    fn per_member(mut self, input: u32, members: u64) -> Self {
        let growth = self.inputs.entry(input).or_default();
        growth.members = growth.members.saturating_add(members);
        self
    }

    fn add(&mut self, other: &Self) {
        self.fixed = self.fixed.saturating_add(other.fixed);
        for (input, growth) in &other.inputs {
            let known = self.inputs.entry(*input).or_default();
            known.bytes = known.bytes.saturating_add(growth.bytes);
            known.members = known.members.saturating_add(growth.members);
        }
    }

    fn inputs(&self, linked: &Linked<'_>) -> Vec<InputCost> {
        let inputs = linked.inputs.iter().zip(0_u32..);
        let costs = inputs.filter_map(|(input, position)| {
            let growth = self.inputs.get(&position)?;
            Some(InputCost {
                name: input.name.to_owned(),
                value_type: input.value_type,
                per_byte: growth.bytes,
                per_member: growth.members,
            })
        });
        costs
            .filter(|input| input.per_byte > 0 || input.per_member > 0)
            .collect()
    }
}

impl From<Weight> for Work {
    fn from(each: Weight) -> Self {
        Self {
            each,
            once: BTreeMap::new(),
        }
    }
}

impl Work {
    fn add(&mut self, other: &Self) {
        self.each.add(&other.each);
        self.know(other);
    }

    /// Takes over what is done once.
    fn know(&mut self, other: &Self) {
        for (memo, weight) in &other.once {
            self.once.entry(*memo).or_insert_with(|| weight.clone());
        }
    }

    fn whole(&self) -> Weight {
        let mut whole = self.each.clone();
        self.once.values().for_each(|weight| whole.add(weight));
        whole
    }
}

/// What a policy does as a candidate.
struct Candidate {
    /// If its scope is not true.
    passed: Work,
    /// At most.
    most: Work,
}

/// The cost of what these packages became.
pub(super) fn of(linked: &Linked<'_>, plan: &Plan<'_>, encoded: &Encoded) -> Result<Cost, EmitError> {
    let bodies = Bodies::read(&encoded.module)?;
    let meter = Meter::new(&bodies, encoded.table.as_ref());
    let mut candidates: BTreeMap<usize, Candidate> = BTreeMap::new();
    let mut bases = BTreeMap::new();
    for word in &encoded.words {
        bases.insert(word.function, meter.word(word, &mut candidates)?);
    }
    let mut total = meter.evaluation(&bases)?;
    total.each.add(&handing_over(linked, meter.allocation()?));
    for candidate in candidates.values() {
        total.know(&candidate.most);
    }
    let mut whole = total.whole();
    let most = |part: &dyn Fn(&Weight) -> u64| {
        let weights = |which: &dyn Fn(&Candidate) -> &Work| -> Vec<u64> {
            let policies = 0..plan.policies.len();
            policies
                .map(|policy| {
                    candidates
                        .get(&policy)
                        .map_or(0, |known| part(&which(known).each))
                })
                .collect()
        };
        plan.heaviest(&weights(&|known| &known.most), &weights(&|known| &known.passed))
    };
    whole.fixed = whole.fixed.saturating_add(most(&|weight| weight.fixed));
    let mut sized: Vec<u32> = Vec::new();
    candidates
        .values()
        .for_each(|known| sized.extend(known.most.each.inputs.keys()));
    sized.sort_unstable();
    sized.dedup();
    for input in sized {
        let growth = |weight: &Weight| weight.inputs.get(&input).copied().unwrap_or_default();
        let (bytes, members) = (
            most(&|weight| growth(weight).bytes),
            most(&|weight| growth(weight).members),
        );
        whole = whole.per_byte(input, bytes).per_member(input, members);
    }
    with_defaults(linked, &mut whole);
    let names = linked.packages.iter().flat_map(|package| {
        let policies = package.policies.iter();
        policies.map(|policy| (package.name.clone(), policy.name.clone()))
    });
    let policies = names.enumerate().map(|(number, (package, policy))| {
        let weight = candidates.get(&number).map(|known| known.most.whole());
        let weight = weight.unwrap_or_default();
        PolicyCost {
            package,
            policy,
            fixed: weight.fixed,
            inputs: weight.inputs(linked),
        }
    });
    Ok(Cost {
        fixed: whole.fixed,
        inputs: whole.inputs(linked),
        policies: policies.collect(),
    })
}

/// What callers need to put values into memory: one allocation for the list, one for each text, failure and set, one for
/// each text of a set.
fn handing_over(linked: &Linked<'_>, allocation: u64) -> Weight {
    let mut weight = Weight::fixed(allocation);
    for (input, position) in linked.inputs.iter().zip(0_u32..) {
        weight.fixed = weight.fixed.saturating_add(allocation);
        if input.value_type == Type::SetOfText {
            weight = weight.per_member(position, allocation);
        }
    }
    weight
}

/// A default has a size where the request has none.
fn with_defaults(linked: &Linked<'_>, weight: &mut Weight) {
    use aecp_vocabulary::Value;
    for (input, position) in linked.inputs.iter().zip(0_u32..) {
        let Some(growth) = weight.inputs.get(&position) else {
            continue;
        };
        let (bytes, members) = match input.default {
            Some(Value::Text(text)) => (text.len(), 0),
            Some(Value::SetOfText(texts)) => (texts.iter().map(String::len).sum(), texts.len()),
            Some(
                Value::SetOfInteger(numbers)
                | Value::SetOfDecimal(numbers)
                | Value::SetOfInstant(numbers)
                | Value::SetOfDuration(numbers),
            ) => (0, numbers.len()),
            Some(Value::SetOfAddress(addresses)) => (0, addresses.len()),
            _ => continue,
        };
        let times = |count: usize, each: u64| each.saturating_mul(u64::try_from(count).unwrap_or(u64::MAX));
        let more = times(bytes, growth.bytes).saturating_add(times(members, growth.members));
        weight.fixed = weight.fixed.saturating_add(more);
    }
}
