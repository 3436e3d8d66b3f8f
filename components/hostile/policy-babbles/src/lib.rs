//! A policy whose results are malformed, in another way at each call of one instance, and always more than one way.
//!
//! A fresh instance begins with findings of policies that do not exist.

#[cfg(target_arch = "wasm32")]
mod component;
