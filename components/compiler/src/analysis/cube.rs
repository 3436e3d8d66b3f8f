//! Sets of requests that people can read: a conjunction of statements about attributes.

use aecp_vocabulary::Value;

use super::atoms;
use super::truths::Truths;
use crate::core::{Atom, Condition, InputIndex, Package};
use crate::interpreter::{self, Truth};

/// The requests of which all parts hold; all requests, if there is no part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cube {
    /// In the order in which they are read.
    pub(crate) parts: Vec<Part>,
}

/// A statement about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The input has a value, of which a condition holds that reads nothing else.
    Known { input: InputIndex, condition: Condition },
    /// The input has no value.
    Unknown {
        input: InputIndex,
        /// Whether it may be absent.
        absent: bool,
        /// Whether it may have failed.
        failed: bool,
        /// `input IS PRESENT`.
        presence: Atom,
    },
    /// The atom is one of the allowed truths.
    Literal { atom: Atom, allowed: Truths },
}

impl Cube {
    /// Whether a request is in the cube. `values` has one value for each input of the package.
    pub(crate) fn holds(&self, package: &Package, values: &[Value]) -> bool {
        self.parts.iter().all(|part| part.holds(package, values))
    }

    /// What a search must be able to tell apart, to tell whether a request is in the cube.
    pub(super) fn atoms(&self) -> Vec<&Atom> {
        let mut found = Vec::new();
        for part in &self.parts {
            match part {
                Part::Known { condition, .. } => atoms::atoms(condition, &mut found),
                Part::Unknown { presence, .. } => found.push(presence),
                Part::Literal { atom, .. } => found.push(atom),
            }
        }
        found
    }
}

impl Part {
    pub(super) fn unknown(input: InputIndex, absent: bool, failed: bool) -> Self {
        Self::Unknown {
            input,
            absent,
            failed,
            presence: Atom::IsPresent(input),
        }
    }

    pub(super) fn holds(&self, package: &Package, values: &[Value]) -> bool {
        match self {
            Self::Known { condition, .. } => {
                interpreter::condition(package, values, condition) == Truth::True
            }
            Self::Unknown {
                absent,
                failed,
                presence,
                ..
            } => match interpreter::atom(package, values, presence) {
                Truth::True => false,
                Truth::False => *absent,
                Truth::Unknown => *failed,
            },
            Self::Literal { atom, allowed } => {
                Truths::from(interpreter::atom(package, values, atom)).within(*allowed)
            }
        }
    }
}
