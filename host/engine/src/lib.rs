//! Loads and runs AECP components, and has their answers decided over.
//!
//! This is the only crate that knows wasmtime. It refuses to know HTTP, OCI, signatures and files: it is handed
//! native code that somebody has verified, and values that somebody has extracted.
//!
//! - [`runtime`]: the two wasmtime engines of a process, their settings, and the clock that ends calls.
//! - [`native`]: native code, from bytes that were verified; the one place with `unsafe` of ours.
//! - [`policy`], [`extractor`], [`sink`]: one module for each contract in `wit/`.
//! - `judicial`: `aecp:judicial`, with the feature `judicial`; for tools alone.
//! - [`policy_set`]: the policy components of a bundle behind one table of attributes; what they say is decided over
//!   by [`aecp_vocabulary::decide`].
//! - [`failure`]: what can go wrong in a call, by name.
//! - `surface`: what a component imports and exports, with the feature `compile`.
//! - `inert`: the WASI that guests of ordinary toolchains find, which gives them nothing.

#![deny(unsafe_code)]

pub mod extractor;
pub mod failure;
mod inert;
#[cfg(feature = "judicial")]
pub mod judicial;
pub mod limits;
pub mod native;
pub mod policy;
pub mod policy_set;
pub mod runtime;
pub mod sink;
#[cfg(feature = "compile")]
pub mod surface;

pub use extractor::{ContextRequest, Extractor, ExtractorDescription};
pub use failure::{Failure, LoadError};
pub use limits::{CallLimits, Limits};
#[cfg(feature = "compile")]
pub use policy::MeteredPolicy;
pub use policy::{Instances, PolicyComponent};
pub use policy_set::{Decided, Member, PolicySet};
pub use runtime::{Contract, Runtime, TARGET};
pub use sink::{Outlet, Sink};
