//! An extractor whose extraction never returns.

#[cfg(target_arch = "wasm32")]
mod component;
