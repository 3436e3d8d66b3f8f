//! Who may say what an enforcement point runs, and whether what arrived is what they said.
//!
//! This crate turns bytes that anybody may have touched into a [`VerifiedBundle`], or into a refusal that
//! names what is wrong. Enforcement points and tools of operators use the same code. It refuses to know networks,
//! registries, HTTP and how components run; the only thing outside of memory that it touches is the folder in which
//! a bundle is handed over.
//!
//! From the ground up:
//! - [`json`]: JSON without duplicate keys. [`canonical`]: the one form of JSON that can be signed as a value.
//! - [`key`]: Ed25519 keys, signers, and quorums of keys.
//! - [`dsse`]: signed envelopes. [`statement`]: what is in them, an in-toto statement about subjects.
//! - [`root`]: the trust root, a TUF `root.json` that gives keys their roles.
//! - [`attestation`], [`bundle`], [`freshness`], [`enrolment`]: what the roles say. [`route`]: the path templates of a
//!   bundle.
//! - [`receipt`]: what an enforcement point says that it runs.
//! - [`review`]: what reviewers say of a component, and whether enough approve.
//! - [`handover`]: the folder and the messages by which a bundle reaches a gateway.
//! - [`mod@verify`]: all of it together.

#![forbid(unsafe_code)]

pub mod attestation;
pub mod bundle;
pub mod canonical;
pub mod dsse;
pub mod enrolment;
pub mod freshness;
pub mod handover;
pub mod json;
pub mod key;
pub mod receipt;
pub mod review;
pub mod root;
pub mod route;
pub mod statement;
pub mod verify;

pub use aecp_vocabulary::Digest;
pub use bundle::Bundle;
pub use dsse::Envelope;
pub use handover::Delivery;
pub use key::{PublicKey, Signer, SigningKey};
pub use root::{Role, TrustRoot};
pub use verify::{Expectations, Refusal, VerifiedBundle, verify};
