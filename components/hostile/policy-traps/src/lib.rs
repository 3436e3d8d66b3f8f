//! A policy whose evaluation traps.

#[cfg(target_arch = "wasm32")]
mod component;
