//! A context extractor that turns a verified JSON Web Token (RFC 7519) into identity attributes.
//!
//! A request without a token has no identity: every attribute is absent. A request whose token proves nothing (bad
//! signature, expired, another issuer, malformed) has failed attributes, which no policy can mistake for absence. What
//! a failure says names the reason and never repeats the token.
//!
//! The crate refuses to know clocks, networks and randomness. Keys stand in the configuration and the time is that of
//! the request, so that equal requests give equal attributes.
//!
//! - [`configuration`]: what the bundle says: issuers, audiences, keys, claims.
//! - [`keys`]: JSON Web Keys, each bound to one algorithm; checking signatures.
//! - [`token`]: from a header's bytes to verified claims.
//! - [`claims`]: from claims to attribute values.
//! - [`json`]: JSON in which nothing is given twice.
//! - `component`: the same behind `aecp:context`, in WebAssembly alone.

#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]

pub mod claims;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod configuration;
pub mod json;
pub mod keys;
pub mod token;

pub use configuration::Configuration;

use aecp_vocabulary::Value;

/// The values of all configured attributes for one request, in the order of the configuration.
///
/// `headers` are the request's headers, names in lower case; `now` is nanoseconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// There is a token and it proves nothing.
pub fn extract(
    configuration: &Configuration,
    headers: &[(String, Vec<u8>)],
    now: i64,
) -> Result<Vec<Value>, token::Refusal> {
    let claims = match token::find(configuration, headers)? {
        None => None,
        Some(token) => Some(token::verify(configuration, token, now)?),
    };
    let value = |mapping| {
        claims
            .as_ref()
            .map_or(Value::Absent, |claims| claims::value(mapping, claims))
    };
    Ok(configuration.attributes.iter().map(value).collect())
}
