//! A sink that says it has taken more than it was given, and none of what it was given at every second call of one instance.

#[cfg(target_arch = "wasm32")]
mod component;
