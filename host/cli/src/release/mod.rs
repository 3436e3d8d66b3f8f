//! What a release file says, and the bundle that comes of it.
//!
//! - [`mod@file`]: the release file, TOML.
//! - [`mod@compose`]: components taken from a store, verified and compiled; the bundle made and tried out.
//! - [`publish`]: the bundle signed, and put under its tag and the tag of its epoch.
//! - [`past`]: what was released under a tag, now and before.
//! - [`again`]: an earlier epoch as if a release file said it.
//! - [`meaning`]: which requests the changed packages decide otherwise.
//! - [`changes`]: what another bundle changes, before it is signed.

use aecp_oci::NamedBlob;
use aecp_trust::root::RootChain;

use crate::error::{Error, While};

pub(crate) mod again;
pub(crate) mod changes;
mod compose;
mod file;
pub(crate) mod meaning;
pub(crate) mod past;
mod publish;

use compose::BACKDATED;
pub(crate) use compose::{Composed, compose};
pub(crate) use file::ReleaseFile;
pub(crate) use publish::Publisher;

/// The trust roots as files of a bundle, so that enforcement points can follow.
pub(crate) fn root_files(chain: &RootChain) -> Result<Vec<NamedBlob>, Error> {
    let file = |root: &aecp_trust::TrustRoot| {
        NamedBlob::root(root.version(), root.as_bytes().to_vec())
            .when(format!("adding version {} of the trust root", root.version()))
    };
    chain.to_publish().map(file).collect()
}
