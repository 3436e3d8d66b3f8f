//! Obligations that a case expects.

use std::fmt;

use aecp_vocabulary::decision::RaisedObligation;
use aecp_vocabulary::obligation::{Duty, Kind};
use aecp_vocabulary::policy::Obligation;
use serde::{Deserialize, Serialize};

use crate::syntax::literal::quoted;

/// An obligation by its kind and what it is about, whatever else it says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Obliged {
    /// `mask`, `filter`, `limit` or `notify`.
    pub kind: String,
    /// The path, the rows, what is counted, or who is told.
    pub subject: String,
}

/// The rows that the whole body of a response is.
const ROWS: (&str, &str) = ("rows", "response.body");

impl Obliged {
    /// The obligation about what is written so: `rows` are the whole body.
    pub fn new(kind: Kind, written: &str) -> Self {
        let (rows, body) = ROWS;
        let is_rows = kind == Kind::Filter && written == rows;
        Self {
            kind: kind.name().to_owned(),
            subject: if is_rows { body } else { written }.to_owned(),
        }
    }

    /// What a policy can raise.
    pub(crate) fn described(obligation: &Obligation) -> Option<Self> {
        let duty = Duty::described(obligation).ok()?;
        Some(Self::new(duty.kind(), duty.subject()))
    }

    /// What was raised.
    pub(crate) fn raised(raised: &RaisedObligation) -> Option<Self> {
        let duty = Duty::of(raised).ok()?;
        Some(Self::new(duty.kind(), duty.subject()))
    }
}

/// As the language writes it.
impl fmt::Display for Obliged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rows, body) = ROWS;
        match (self.kind.as_str(), self.subject.as_str()) {
            ("filter", subject) if subject == body => write!(f, "FILTER {rows}"),
            ("limit", subject) => write!(f, "LIMIT BY {subject}"),
            ("notify", subject) => write!(f, "NOTIFY {}", quoted(subject)),
            (kind, subject) => write!(f, "{} {subject}", kind.to_ascii_uppercase()),
        }
    }
}

/// Several in a sentence.
pub(super) fn sentence(all: &[Obliged]) -> String {
    let all: Vec<String> = all.iter().map(|one| format!("`{one}`")).collect();
    all.join(", ")
}
