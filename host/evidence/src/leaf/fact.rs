//! What was known about a request, attribute by attribute.

use std::sync::Arc;

use aecp_vocabulary::Value;

use crate::commitment::Commitment;

/// The four questions of access control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Who asks.
    Identity,
    /// For what.
    Resource,
    /// To do what.
    Action,
    /// Under which circumstances.
    Environment,
}

impl Question {
    /// All of them, in the order of their numbers in a leaf.
    pub const ALL: [Self; 4] = [Self::Identity, Self::Resource, Self::Action, Self::Environment];

    /// The question that an attribute answers, by its name space.
    pub fn of_attribute(name: &str) -> Self {
        match name.split('.').next().unwrap_or_default() {
            "identity" => Self::Identity,
            "action" => Self::Action,
            "environment" | "connection" | "time" => Self::Environment,
            _ if name == "request.method" => Self::Action,
            _ => Self::Resource,
        }
    }

    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Resource => "resource",
            Self::Action => "action",
            Self::Environment => "environment",
        }
    }
}

/// One attribute for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub question: Question,
    /// Whether a policy of the bundle reads it.
    pub read: bool,
    /// The attribute's name.
    pub name: Arc<str>,
    /// Its value, or what stands for it.
    pub value: Recorded,
}

/// A value as evidence keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// As it was.
    Value(Value),
    /// Personal: only the commitment is here, the value is in the erasable side store.
    Commitment(Commitment),
    /// Too large for the leaf: the length and SHA-256 of its deterministic CBOR.
    Omitted {
        /// Bytes of the value's CBOR.
        bytes: u64,
        /// Its SHA-256.
        sha256: [u8; 32],
    },
}
