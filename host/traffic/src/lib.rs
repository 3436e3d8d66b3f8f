//! Requests that were made somewhere, read from logs, so that policies can be tried on them.
//!
//! A log of any size is read in constant memory: one line, or one tile of leaves, at a time. What cannot be read is told
//! with its place and reason, and never left out in silence. This crate refuses to know policies, components, and who
//! asks for the requests.
//!
//! - [`Traffic`]: a log, entry by entry.
//! - [`Request`]: what a log says of one request.
//! - [`Format`]: the formats, and how one is recognised.
//! - [`mapping`]: which part of a log line is which attribute.
//! - `lines`: lines of bounded length.
//! - `format::{requests, evidence, opa, envoy, nginx}`: one reader each.

pub mod format;
mod lines;
pub mod mapping;
mod request;
mod traffic;

pub use format::Format;
pub use mapping::{Mapping, MappingError};
pub use request::Request;
pub use traffic::{Entry, Options, Traffic, TrafficError, Unreadable};
