//! Artifacts in OCI stores: components, the signatures that refer to them, and bundles.
//!
//! This crate is transport only. It makes sure that bytes are the ones that a digest and a size promise, and that
//! what it writes is there whole or not at all. It refuses to know who may sign what, what a bundle says, whether a
//! freshness statement still holds, and what a component does: that is `aecp-trust` and the gateway.
//!
//! - [`document`]: descriptors, manifests and indexes, as the OCI image specification 1.1 has them
//! - [`media`]: the media types and annotation keys that are used here
//! - [`name`]: tags, references, and the names of files in a bundle
//! - [`store`]: what a place for artifacts must be able to do, and what can be done with every such place
//! - [`layout`]: an OCI image layout folder as such a place
//! - `registry`: a repository in an OCI registry as such a place (feature `registry`)
//! - [`mod@copy`]: artifacts from one such place to another, with everything that refers to them
//! - [`component`]: a WebAssembly component as an artifact (CNCF Wasm OCI artifact layout)
//! - [`referrer`]: DSSE envelopes attached to an artifact
//! - `sources`: the sources of a component, beside it
//! - [`bundle`]: a bundle with everything an enforcement point needs to verify and run it, and its freshness
//! - [`history`]: every bundle that a tag has had, by epoch
//! - [`content`]: bytes on their way, checked while they pass. `parallel`: several things at once, but only so many
//! - [`limit`]: how much is taken out of a store
//! - [`error`]: everything that can be wrong, by name
//! - `testing`: a real registry and real tools, for tests here and elsewhere (feature `testing`)

#![forbid(unsafe_code)]

pub mod bundle;
pub mod component;
pub mod content;
pub mod copy;
pub mod document;
pub mod error;
pub mod history;
mod json;
pub mod layout;
pub mod limit;
pub mod media;
pub mod name;
mod parallel;
pub mod referrer;
#[cfg(feature = "registry")]
pub mod registry;
mod sources;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

pub use aecp_vocabulary::Digest;
pub use bundle::{NamedBlob, PulledBundle, PushedBundle, Revision};
pub use component::{ComponentInfo, PulledComponent};
pub use copy::copy;
pub use document::{Descriptor, Manifest};
pub use error::Error;
pub use layout::Layout;
pub use limit::Limits;
pub use name::{Reference, Tag};
pub use referrer::{Envelope, Referrers};
#[cfg(feature = "registry")]
pub use registry::{Registry, Repository};
pub use store::Store;
