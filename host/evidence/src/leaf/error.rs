//! Why bytes are no leaf, or a leaf has no bytes.

use super::{LEAF_LIMIT, SCHEMA_VERSION};
use crate::cbor::Malformed;

/// Why bytes are no leaf, or a leaf has no bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// It does not fit, even shortened.
    #[error(
        "the leaf has {bytes} bytes, and at most {LEAF_LIMIT} fit: give it fewer attributes or components"
    )]
    TooLarge {
        /// How many bytes it would have.
        bytes: usize,
    },
    /// Bytes that are not a leaf in its one form.
    #[error("not a leaf: {what} at byte {at}")]
    Malformed {
        /// What is wrong.
        what: &'static str,
        /// Offset in the leaf.
        at: usize,
    },
    /// A format that this version does not know.
    #[error("the leaf has schema version {version}, and only {SCHEMA_VERSION} is known: use a newer version")]
    UnknownVersion {
        /// What it says of itself.
        version: u64,
    },
}

impl From<Malformed> for LeafError {
    fn from(error: Malformed) -> Self {
        Self::Malformed {
            what: error.what,
            at: error.at,
        }
    }
}
