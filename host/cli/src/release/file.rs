//! The release file, TOML.

use std::collections::BTreeMap;
use std::path::Path;

use aecp_trust::bundle::{AttributeEntry, Profile, Route};
use aecp_vocabulary::Mode;
use serde::Deserialize;

use crate::error::{Error, While};
use crate::files;

/// What a release is made of, as an operator writes it. Components are named by tag or manifest digest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseFile {
    /// The bundle's name.
    pub(crate) name: String,
    /// Days that the bundle is valid.
    #[serde(default = "thirty")]
    pub(crate) valid_days: u32,
    #[serde(default)]
    pub(crate) profile: Profile,
    #[serde(default)]
    pub(crate) observe_only: bool,
    /// Whether each package must have tests.
    #[serde(default)]
    pub(crate) require_tests: bool,
    /// Labels that an enforcement point must have.
    #[serde(default)]
    pub(crate) selectors: BTreeMap<String, String>,
    pub(crate) policies: Vec<PolicySpec>,
    #[serde(default)]
    pub(crate) extractors: Vec<ExtractorSpec>,
    #[serde(default)]
    pub(crate) sinks: Vec<SinkSpec>,
    #[serde(default)]
    pub(crate) attributes: Vec<AttributeEntry>,
    #[serde(default)]
    pub(crate) routes: Vec<Route>,
}

/// A policy component.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicySpec {
    pub(crate) component: String,
    /// The strongest mode of each package, by name; BLOCKING where nothing is said.
    #[serde(default)]
    pub(crate) ceilings: BTreeMap<String, Mode>,
    #[serde(default)]
    pub(crate) parameters: BTreeMap<String, serde_json::Value>,
    /// Whether it is taken although nothing is known of its tests.
    #[serde(default)]
    pub(crate) unproven: bool,
}

/// A context extractor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtractorSpec {
    pub(crate) name: String,
    pub(crate) component: String,
    #[serde(default)]
    pub(crate) authenticating: bool,
    #[serde(default)]
    pub(crate) configuration: serde_json::Value,
}

/// An audit sink.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SinkSpec {
    pub(crate) name: String,
    pub(crate) component: String,
    #[serde(default)]
    pub(crate) configuration: serde_json::Value,
    #[serde(default)]
    pub(crate) endpoints: Vec<String>,
}

fn thirty() -> u32 {
    30
}

impl ReleaseFile {
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        toml::from_str(&files::read_text(path)?)
            .when(format!("reading the release file `{}`", path.display()))
    }
}
