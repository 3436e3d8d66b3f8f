//! A policy whose evaluation takes memory without end, and traps when there is no more.

#[cfg(target_arch = "wasm32")]
mod component;
