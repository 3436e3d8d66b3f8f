//! A policy that imports what its contract does not grant.

#[cfg(target_arch = "wasm32")]
mod component;
