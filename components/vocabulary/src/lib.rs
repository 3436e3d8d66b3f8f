//! The words that every part of AECP shares, each defined once.
//!
//! This crate holds plain data and the laws that come with it. It refuses to know how policies are written, how
//! components run, how requests arrive and how anything is stored or signed.
//!
//! - [`value`]: what an attribute can be for one request, and its type.
//! - [`schema`]: attribute names, and which types attributes have.
//! - [`policy`]: what a policy component says of itself, and what it says of one request.
//! - [`decision`]: ALLOW or DENY, with the findings and obligations that led there.
//! - [`decide`]: how a decision comes of what policies say.
//! - [`digest`]: SHA-256, the names of bytes.
//! - [`obligation`]: what must be done when a request goes through, and how several obligations become one.
//! - [`input`]: JSON into values, strictly.
//! - [`parameter`]: values that a bundle sets, held against what a component says of its parameters.
//! - [`text`]: values as people write them.

#![forbid(unsafe_code)]

pub mod decide;
pub mod decision;
pub mod digest;
pub mod input;
pub mod obligation;
pub mod parameter;
pub mod policy;
pub mod schema;
pub mod text;
pub mod value;

pub use decision::{Decision, Denial, Finding, Verdict};
pub use digest::Digest;
pub use policy::{AuditClass, ComponentDescription, DefaultDecision, Mode, Outcome, Outcomes};
pub use schema::{AttributeName, Schema};
pub use value::{Type, Value};
