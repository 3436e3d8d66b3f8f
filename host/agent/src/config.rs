//! Where the agent watches, whom it tells, where it keeps its things.

use std::path::PathBuf;
use std::time::Duration;

use aecp_oci::Tag;

/// How often the tag is looked at, unless told otherwise: 500 ms. A look reads two small files.
pub const DEFAULT_POLL: Duration = Duration::from_millis(500);

/// What an agent needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The OCI image layout folder in which bundles are published.
    pub layout: PathBuf,
    /// The tag of the bundle for this enforcement point.
    pub tag: Tag,
    /// How long to wait between two looks; each wait is up to a tenth shorter or longer.
    pub poll: Duration,
    /// The Unix socket on which the gateway takes offers.
    pub gateway: PathBuf,
    /// The agent's own folder, for the spool and the acknowledgement. Made if it is not there.
    pub folder: PathBuf,
}
