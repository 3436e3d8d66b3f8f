//! What a release file says, and the bundle that comes of it.
//!
//! - [`mod@file`]: the release file, TOML.
//! - [`mod@compose`]: components taken from a store, verified and compiled; the bundle made, tried out and sealed.

mod compose;
mod file;

pub(crate) use compose::{Composed, compose};
pub(crate) use file::ReleaseFile;
