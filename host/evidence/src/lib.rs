//! The append-only, Merkle-logged record of decisions.
