//! Which inputs policies read, and how inputs that nothing reads are dropped.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::policy::Segment;

use crate::core::{Atom, Condition, InputIndex, Operand, Package, Policy};

impl Policy {
    /// The inputs that its conditions, its reason and its obligations read.
    pub fn reads(&self) -> BTreeSet<InputIndex> {
        let mut reads = BTreeSet::new();
        let mut read = |input: &mut InputIndex| {
            reads.insert(*input);
        };
        // One walk serves reading and renumbering; the copy costs less than a second walk to keep in step.
        self.clone().each_input(&mut read);
        reads
    }

    /// The inputs that its conditions read: what a component says that the policy reads.
    pub fn condition_reads(&self) -> BTreeSet<InputIndex> {
        let mut reads = BTreeSet::new();
        for condition in [&self.scope, &self.constraint] {
            each_input(&mut condition.clone(), &mut |input| {
                reads.insert(*input);
            });
        }
        reads
    }

    /// Lets it read other inputs.
    pub(crate) fn renumber(&mut self, new: impl Fn(InputIndex) -> InputIndex) {
        self.each_input(&mut |input| *input = new(*input));
    }

    fn each_input(&mut self, visit: &mut dyn FnMut(&mut InputIndex)) {
        each_input(&mut self.scope, visit);
        each_input(&mut self.constraint, visit);
        let arguments = self
            .obligations
            .iter_mut()
            .flat_map(|obligation| &mut obligation.arguments);
        let sentences = arguments.map(|(_, segments)| segments).chain([&mut self.reason]);
        for segment in sentences.flatten() {
            if let Segment::Input(position) = segment {
                let mut input = InputIndex(*position);
                visit(&mut input);
                *position = input.0;
            }
        }
    }
}

impl Package {
    /// Drops the inputs that no policy reads, and renumbers the others; their order stays.
    pub fn drop_unread_inputs(&mut self) {
        let mut read = BTreeSet::new();
        for policy in &mut self.policies {
            policy.each_input(&mut |input| {
                read.insert(*input);
            });
        }
        let renumbered: BTreeMap<InputIndex, InputIndex> =
            read.iter().copied().zip((0_u32..).map(InputIndex)).collect();
        let mut index = 0_u32;
        self.inputs.retain(|_| {
            let keep = read.contains(&InputIndex(index));
            index = index.saturating_add(1);
            keep
        });
        for policy in &mut self.policies {
            policy.each_input(&mut |input| {
                if let Some(new) = renumbered.get(input) {
                    *input = *new;
                }
            });
        }
    }
}

impl Atom {
    /// What it compares, in the order in which it is written; none for atoms that read attributes alone.
    pub fn operands(&self) -> impl Iterator<Item = &Operand> {
        let (first, second) = match self {
            Self::Compare { left, right, .. } => (Some(left), Some(right)),
            Self::OneOf { element, .. }
            | Self::Contains { element, .. }
            | Self::During { instant: element, .. } => (Some(element), None),
            Self::IsPresent(_)
            | Self::IsTrue(_)
            | Self::Affix { .. }
            | Self::Matches { .. }
            | Self::WithinOneOf { .. }
            | Self::Within { .. }
            | Self::ContainsOf { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The same, to be changed.
    pub fn operands_mut(&mut self) -> impl Iterator<Item = &mut Operand> {
        let (first, second) = match self {
            Self::Compare { left, right, .. } => (Some(left), Some(right)),
            Self::OneOf { element, .. }
            | Self::Contains { element, .. }
            | Self::During { instant: element, .. } => (Some(element), None),
            Self::IsPresent(_)
            | Self::IsTrue(_)
            | Self::Affix { .. }
            | Self::Matches { .. }
            | Self::WithinOneOf { .. }
            | Self::Within { .. }
            | Self::ContainsOf { .. } => (None, None),
        };
        first.into_iter().chain(second)
    }

    /// The inputs that it reads, in the order in which it is written.
    pub fn inputs(&self) -> Vec<InputIndex> {
        let mut inputs = Vec::new();
        self.each_input(&mut |input| inputs.push(input));
        inputs
    }

    /// Calls `visit` with each of [`Self::inputs`].
    pub fn each_input(&self, visit: &mut dyn FnMut(InputIndex)) {
        match self {
            Self::IsPresent(input)
            | Self::IsTrue(input)
            | Self::Affix { text: input, .. }
            | Self::Matches { text: input, .. }
            | Self::WithinOneOf { address: input, .. }
            | Self::ContainsOf { set: input, .. } => visit(*input),
            Self::Within { address, network } => {
                visit(*address);
                visit(*network);
            }
            Self::Contains { set, element } => {
                visit(*set);
                element.each_input(visit);
            }
            Self::Compare { .. } | Self::OneOf { .. } | Self::During { .. } => {
                self.operands().for_each(|operand| operand.each_input(visit));
            }
        }
    }
}

fn each_input(condition: &mut Condition, visit: &mut dyn FnMut(&mut InputIndex)) {
    match condition {
        Condition::Constant(_) => {}
        Condition::Atom(atom) => match atom {
            Atom::IsPresent(input) | Atom::IsTrue(input) => visit(input),
            Atom::Compare { left, right, .. } => {
                operand(left, visit);
                operand(right, visit);
            }
            Atom::OneOf { element, .. } | Atom::During { instant: element, .. } => operand(element, visit),
            Atom::Affix { text: input, .. }
            | Atom::Matches { text: input, .. }
            | Atom::WithinOneOf { address: input, .. } => visit(input),
            Atom::Within { address, network } => {
                visit(address);
                visit(network);
            }
            Atom::ContainsOf { set, .. } => visit(set),
            Atom::Contains { set, element } => {
                visit(set);
                operand(element, visit);
            }
        },
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                each_input(part, visit);
            }
        }
        Condition::Not(part) => each_input(part, visit),
    }
}

fn operand(operand: &mut Operand, visit: &mut dyn FnMut(&mut InputIndex)) {
    match operand {
        Operand::Input(input) => visit(input),
        Operand::Constant(_) => {}
        Operand::Term(term) => term
            .operands_mut()
            .into_iter()
            .for_each(|part| self::operand(part, visit)),
    }
}
