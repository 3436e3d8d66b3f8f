//! Patterns of texts: the globs of LIKE and the expressions of MATCHES.
//!
//! A pattern becomes a deterministic automaton when a policy is checked. The interpreter walks it, emitted code walks
//! the same one, and the analysis searches it. A pattern matches whole texts, never a part of one: a pattern that may
//! begin anywhere is how lists of what is allowed leak.
//!
//! Nothing here depends on the machine: work is counted in steps, and automata are minimal and numbered in one way.
//!
//! - `glob`, `expression`: what is written becomes an expression over bytes.
//! - `determine`: expressions become automata.
//! - `automaton`: automata, and several as one.
//! - `minimise`: the smallest automaton that answers alike.
//! - `language`: texts for every way in which patterns can match together.

mod automaton;
mod determine;
mod expression;
mod glob;
mod language;
mod minimise;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use regex_syntax::hir::{Class, ClassBytes, ClassBytesRange, Hir, Repetition};

pub(crate) use automaton::Automaton;
pub(crate) use language::Language;

use crate::core::{Atom, InputIndex, Side};

/// Steps that compiling one pattern may take, at most a few hundredths of a second.
const STEPS: u64 = 1_000_000;

/// Which notation a pattern is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Notation {
    /// Of LIKE: `*` is any run without `/` and `.`, `**` any run, and everything else is itself.
    Glob,
    /// Of MATCHES: a regular expression without look-around and back-references.
    Expression,
}

impl Notation {
    /// The operator behind which it stands.
    pub fn operator(self) -> &'static str {
        match self {
            Self::Glob => "LIKE",
            Self::Expression => "MATCHES",
        }
    }
}

/// A compiled pattern. Two are equal if they are written alike.
#[derive(Clone)]
pub struct Pattern {
    notation: Notation,
    written: Arc<str>,
    automaton: Arc<Automaton>,
}

/// Why a text is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PatternError {
    /// What kind of thing is wrong.
    pub kind: PatternErrorKind,
    /// The bytes of the pattern that are wrong.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What kind of thing is wrong with a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternErrorKind {
    /// It breaks the rules of its notation.
    Malformed,
    /// It asks for what no automaton can tell, or what this language does not have.
    Unsupported,
    /// Its automaton would be too large.
    TooComplex,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// See [`PatternErrorKind`].
    pub fn new(notation: Notation, written: &str) -> Result<Self, PatternError> {
        Self::compile(notation, written).0
    }

    /// Compiles a pattern, and tells how many steps that took.
    pub(crate) fn compile(notation: Notation, written: &str) -> (Result<Self, PatternError>, u64) {
        let hir = match notation {
            Notation::Glob => glob::hir(written),
            Notation::Expression => expression::hir(written),
        };
        let mut steps = Steps(STEPS);
        let built = hir.and_then(|hir| {
            determine::automaton(&hir, &mut steps).map_err(|TooComplex| too_complex(written))
        });
        let spent = STEPS.saturating_sub(steps.0);
        let pattern = built.map(|automaton| Self {
            notation,
            written: written.into(),
            automaton: Arc::new(automaton),
        });
        (pattern, spent)
    }

    /// Which notation it is written in.
    pub fn notation(&self) -> Notation {
        self.notation
    }

    /// As it is written, without the escapes of texts.
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether it matches the whole text.
    pub fn matches(&self, text: &str) -> bool {
        !self.automaton.run(text.as_bytes()).is_empty()
    }

    /// A glob that confuses `*` with `**`; none if it has neither.
    pub(crate) fn with_other_stars(&self) -> Option<Self> {
        let changed = match self.notation {
            Notation::Glob => glob::with_other_stars(&self.written)?,
            Notation::Expression => return None,
        };
        Self::new(self.notation, &changed).ok()
    }

    fn automaton(&self) -> &Automaton {
        &self.automaton
    }

    fn key(&self) -> (Notation, &str) {
        (self.notation, &self.written)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.notation.operator(), self.written)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Pattern {}

impl PartialOrd for Pattern {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pattern {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl std::hash::Hash for Pattern {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// What a text is asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asked {
    /// Whether it matches a pattern.
    Pattern(Pattern),
    /// Whether it has a part at one end.
    Affix(Side, String),
}

impl Asked {
    /// What an atom asks a text for, if it asks for patterns or parts: it holds if one of these does.
    pub(crate) fn by(atom: &Atom) -> Option<(InputIndex, Vec<Self>)> {
        match atom {
            Atom::Matches { text, patterns } => {
                Some((*text, patterns.iter().cloned().map(Self::Pattern).collect()))
            }
            Atom::Affix { text, side, part } => Some((*text, vec![Self::Affix(*side, part.clone())])),
            _ => None,
        }
    }

    /// The automaton that tells it, as pattern 0; none if it would be too large.
    pub(crate) fn automaton(&self) -> Option<Automaton> {
        match self {
            Self::Pattern(pattern) => Some(pattern.automaton().clone()),
            Self::Affix(side, part) => affix(*side, part),
        }
    }
}

/// The automaton of texts that have a part at one end; none if it would be too large.
fn affix(side: Side, part: &str) -> Option<Automaton> {
    let (part, rest) = (Hir::literal(part.as_bytes()), run(any_byte()));
    let hir = Hir::concat(match side {
        Side::Start => vec![part, rest],
        Side::End => vec![rest, part],
    });
    determine::automaton(&hir, &mut Steps(STEPS)).ok()
}

/// The work that may still be done.
struct Steps(u64);

impl Steps {
    fn spend(&mut self, steps: usize) -> Result<(), TooComplex> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let left = self.0.checked_sub(steps);
        self.0 = left.unwrap_or(0);
        left.map(|_| ()).ok_or(TooComplex)
    }
}

/// An automaton would be too large, or take too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TooComplex;

fn too_complex(written: &str) -> PatternError {
    PatternError {
        kind: PatternErrorKind::TooComplex,
        span: 0..written.len(),
        message: "this pattern needs a larger automaton than components have".to_owned(),
        help: "ask for less in one pattern: repeat fewer times, or split it into several patterns".to_owned(),
    }
}

/// Any number of a thing.
fn run(of: Hir) -> Hir {
    Hir::repetition(Repetition {
        min: 0,
        max: None,
        greedy: true,
        sub: Box::new(of),
    })
}

/// Texts are UTF-8 already, so what spans any characters need not look at their borders.
fn any_byte() -> Hir {
    bytes_but(&[])
}

fn bytes_but(excluded: &[u8]) -> Hir {
    let mut class = ClassBytes::new(excluded.iter().map(|byte| ClassBytesRange::new(*byte, *byte)));
    class.negate();
    Hir::class(Class::Bytes(class))
}

#[cfg(test)]
mod tests;
