//! The whole way, driven as a user would drive it: the real `aecp` and `aecpd`, real sockets, a real upstream.
//!
//! This crate is the harness of the end-to-end tests and of the demo. It refuses to reach into the product: what it
//! does, it does with the programs, files and sockets that a user has. (It reads evidence and writes handover folders
//! with the product's own crates where it plays an attacker or an auditor.)
//!
//! - [`tools`]: the programs under test.
//! - [`upstream`]: a small customer-data API.
//! - [`client`]: requests, and a steady stream of them.
//! - [`tokens`]: an identity provider of one key.
//! - [`site`]: keys, a registry folder, and one enforcement point.
//! - [`error`]: what can go wrong.

#![forbid(unsafe_code)]

pub mod client;
pub mod error;
pub mod site;
pub mod tokens;
pub mod tools;
pub mod upstream;

pub use error::Error;
