//! A sink that sends evidence to an endpoint that it did not declare, and says that all is well.

#[cfg(target_arch = "wasm32")]
mod component;
