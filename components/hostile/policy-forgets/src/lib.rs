//! A policy that is violated at every second call of one instance and satisfied at the others.

#[cfg(target_arch = "wasm32")]
mod component;
