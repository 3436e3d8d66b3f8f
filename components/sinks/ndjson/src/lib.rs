//! An audit sink that writes each leaf of the log as one line of JSON.
//!
//! A line is `{"index":7,"leaf":{…}}`. Lines are sent in messages of at most 4 MiB, each with a line feed at its end, to
//! the one endpoint that the configuration names: `{"endpoint":"archive"}`. Records may arrive twice; `index` tells.
//!
//! The crate refuses to know what stands in a leaf and where an endpoint leads.
//!
//! - [`configuration`]: the bytes that the bundle gives.
//! - [`delivery`]: from entries to messages.
//! - `component`: the same behind `aecp:audit`, in WebAssembly alone.

#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]

#[cfg(target_arch = "wasm32")]
mod component;
pub mod configuration;
pub mod delivery;

pub use configuration::Configuration;
pub use delivery::{Entry, Failure, SendError, deliver};
