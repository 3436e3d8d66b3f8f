//! The judicial layer: policy sources become WebAssembly components.
//!
//! This crate is a pure function from texts to bytes. It refuses to know wasmtime, files, the network and the clock,
//! so that it can itself be compiled into a component, and so that equal sources give equal bytes anywhere.

#![forbid(unsafe_code)]

pub mod core;
