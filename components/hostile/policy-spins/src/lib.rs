//! A policy whose evaluation never returns.

#[cfg(target_arch = "wasm32")]
mod component;
