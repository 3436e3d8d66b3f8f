//! What became of the newest offer, in a file that operators and fleet tools read.

use aecp_oci::Revision;
use aecp_trust::Digest;
use aecp_trust::handover::Answer;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// Name of the file in the agent's folder.
pub const FILE: &str = "ack.json";

/// What became of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acknowledgement {
    /// When the gateway answered.
    pub time: Timestamp,
    /// Where the bundle was published.
    pub source: String,
    /// Under which tag.
    pub tag: String,
    /// The digest of the bundle's manifest.
    pub manifest: String,
    /// The digest of the freshness statement's manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freshness: Option<String>,
    /// The digest of the bundle that the gateway runs. None if it refused: a refused bundle has nothing that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Digest>,
    /// The epoch of the bundle that the gateway runs. None if it refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
    /// The answer, in the gateway's words.
    pub answer: Answer,
    /// Whether `receipt.dsse.json` beside this says the same, signed. Without it, nobody but this machine vouches.
    #[serde(default)]
    pub signed: bool,
}

impl Acknowledgement {
    pub(crate) fn new(
        config: &Config,
        revision: &Revision,
        answer: Answer,
        time: Timestamp,
        signed: bool,
    ) -> Self {
        let (bundle, epoch) = match &answer {
            Answer::Activated { bundle, epoch, .. } | Answer::Unchanged { bundle, epoch, .. } => {
                (Some(*bundle), Some(*epoch))
            }
            Answer::Refused { .. } => (None, None),
        };
        Self {
            time,
            source: config.source.to_string(),
            tag: config.tag.to_string(),
            manifest: revision.bundle.to_string(),
            freshness: revision.freshness.map(|digest| digest.to_string()),
            bundle,
            epoch,
            answer,
            signed,
        }
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        // Texts and numbers alone always have a JSON.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}
