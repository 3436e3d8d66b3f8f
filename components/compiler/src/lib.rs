//! The judicial layer: policy sources become WebAssembly components.
//!
//! This crate is a pure function from texts to bytes. It refuses to know wasmtime, files, the network and the clock,
//! so that it can itself be compiled into a component, and so that equal sources give equal bytes anywhere.
//!
//! - [`source`]: source files as texts, and their digest.
//! - [`syntax`]: texts become lossless syntax trees.
//! - [`diagnostic`]: what is wrong, where, and what to do.
//! - [`catalogue`]: the controls of frameworks that policies can name.
//! - [`package`]: checking a package: sources in, typed core and diagnostics out.
//! - [`session`]: the same again and again, while a package is written.
//! - [`core`]: the typed core: what a package means, as data.
//! - [`pattern`]: patterns of texts, and their automata.
//! - [`interpreter`]: the reference interpreter: the meaning of the typed core.
//! - [`explain`]: why a request was judged as it was.
//! - [`mod@format`]: one way to write a file.
//! - [`analysis`]: what the policies of a package can never do, and what they do to each other.
//! - [`mod@diff`]: what a new version of a package decides otherwise.
//! - [`emit`]: code generation: the typed core becomes a component.
//! - [`suite`]: tests of policies: running them, what they cover, and which changes they notice.
//! - `testing`: generators of packages and values, with the feature `testing`.

#![forbid(unsafe_code)]

pub mod analysis;
pub mod catalogue;
mod check;
pub mod core;
pub mod diagnostic;
pub mod diff;
pub mod emit;
pub mod explain;
pub mod format;
mod inputs;
pub mod interpreter;
mod members;
pub mod package;
mod partition;
pub mod pattern;
pub mod session;
pub mod source;
mod suggest;
pub mod suite;
pub mod syntax;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod words;
