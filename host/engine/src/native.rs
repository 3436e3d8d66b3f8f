//! Native code, from bytes that were verified.

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::failure::LoadError;

/// Makes native code runnable.
///
/// Running native code means to trust it: callers pass bytes only after a signature by the releases role has bound
/// their digest, and pass the very bytes that were verified (`aecp-trust` gives no others out), or bytes that
/// [`crate::Runtime::compile`] has just made in this process.
#[allow(unsafe_code)]
pub(crate) fn load(engine: &Engine, native: &[u8]) -> Result<Component, LoadError> {
    // SAFETY: `deserialize` requires bytes that `precompile_component` has made and nobody has changed. The callers'
    // contract above says so; it copies the bytes, so later changes of `native` cannot matter; and it checks itself
    // that release, settings and processor fit, and answers with an error if not.
    unsafe { Component::deserialize(engine, native) }.map_err(|error| LoadError::Native(format!("{error:#}")))
}
