//! From a core module to a component.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};

use crate::error::Error;

/// Wraps a core module that `wit-bindgen` has told its contract. Calls of WASI 0.1, which only guests for
/// wasm32-wasip1 make, become imports of WASI 0.2; any other import that the contract does not name is refused.
pub(super) fn from_module(name: &str, module: &[u8]) -> Result<Vec<u8>, Error> {
    let encode = || {
        wit_component::ComponentEncoder::default()
            .validate(true)
            .module(module)?
            .adapter(
                WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
            )?
            .encode()
    };
    encode().map_err(|error| Error::NotAComponent {
        guest: name.to_owned(),
        reason: format!("{error:#}"),
    })
}
