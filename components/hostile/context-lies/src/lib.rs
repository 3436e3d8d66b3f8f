//! An extractor that declares two attributes and gives, in turn at each call of one instance: three values, values of other types, one value.

#[cfg(target_arch = "wasm32")]
mod component;
