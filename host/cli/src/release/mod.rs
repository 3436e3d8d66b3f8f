//! What a release file says, and the bundle that comes of it.
//!
//! - [`mod@file`]: the release file, TOML.
//! - [`mod@compose`]: components taken from a store, verified and compiled; the bundle made, tried out and sealed.

use aecp_oci::NamedBlob;
use aecp_trust::root::RootChain;

use crate::error::{Error, While};

mod compose;
mod file;

pub(crate) use compose::{Composed, compose};
pub(crate) use file::ReleaseFile;

/// The trust roots as files of a bundle, so that enforcement points can follow.
pub(crate) fn root_files(chain: &RootChain) -> Result<Vec<NamedBlob>, Error> {
    let file = |root: &aecp_trust::TrustRoot| {
        NamedBlob::root(root.version(), root.as_bytes().to_vec())
            .when(format!("adding version {} of the trust root", root.version()))
    };
    chain.to_publish().map(file).collect()
}
