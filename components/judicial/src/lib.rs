//! The compiler as a component: `aecp-compiler` behind the contract `aecp:judicial`.
//!
//! All that it does is done by that library. This crate only carries arguments and results over, and refuses to know
//! more of the language than the contract says.

#[cfg(target_arch = "wasm32")]
mod component;
