//! An extractor that declares an attribute which belongs to the host.

#[cfg(target_arch = "wasm32")]
mod component;
