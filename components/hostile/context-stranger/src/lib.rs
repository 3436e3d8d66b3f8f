//! An extractor as strangers write them: built for a target with WASI, it prints, reads the clock twice and looks for the environment and a file.
//!
//! It is not hostile: it shows that what `std` imports is there and inert.

#[cfg(target_arch = "wasm32")]
mod component;
