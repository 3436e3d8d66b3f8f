//! Packages by hand.

use aecp_compiler::core::{Atom, Condition, Constant, Input, InputIndex, Operand, Package, Policy, Relation};
use aecp_vocabulary::policy::{DefaultDecision, Mode, OverrideRule};
use aecp_vocabulary::{AuditClass, Type};

pub(crate) fn package(inputs: &[(&str, Type)], policies: Vec<(Condition, Condition)>) -> Package {
    let input =
        |(name, value_type): &(&str, Type)| Input::attribute(name.parse().unwrap(), *value_type, false);
    let policy = |(index, (scope, constraint)): (usize, (Condition, Condition))| Policy {
        name: format!("policy_{index}"),
        scope,
        constraint,
        mode: Mode::Blocking,
        audit: AuditClass::Ordinary,
        exception: OverrideRule::Never,
        reason: Vec::new(),
        obligations: Vec::new(),
        annotations: Vec::new(),
    };
    Package {
        name: "package".to_owned(),
        version: "1.0.0".to_owned(),
        default: DefaultDecision::Deny,
        inputs: inputs.iter().map(input).collect(),
        policies: policies.into_iter().enumerate().map(policy).collect(),
        annotations: Vec::new(),
    }
}

pub(crate) fn input(index: u32) -> Operand {
    Operand::Input(InputIndex(index))
}

pub(crate) fn text(text: impl Into<String>) -> Constant {
    Constant::Text(text.into())
}

pub(crate) fn is(index: u32, value: impl Into<String>) -> Condition {
    Condition::Atom(Atom::Compare {
        left: input(index),
        relation: Relation::Equal,
        right: Operand::Constant(text(value)),
    })
}

pub(crate) fn is_one_of(index: u32, members: impl IntoIterator<Item = Constant>) -> Condition {
    let members: Vec<Constant> = members.into_iter().collect();
    Condition::Atom(Atom::OneOf {
        element: input(index),
        members: members.into(),
    })
}

pub(crate) fn holds() -> Condition {
    Condition::Constant(true)
}

/// A sequence that looks random and is the same in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % sides
    }
}
