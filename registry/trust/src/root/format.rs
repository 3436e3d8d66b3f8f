//! The file itself: how it is written, and which rules it must keep to say anything.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FRESHNESS_PERIOD_LIMIT, KEYS_LIMIT, Quorums, RootError, TrustRoot};
use crate::canonical;
use crate::json;
use crate::key::{InvalidQuorum, KeyId, PublicKey, Quorum, SIGNATURES_LIMIT};

#[derive(Serialize, Deserialize)]
pub(super) struct File {
    pub(super) signatures: Vec<Signature>,
    pub(super) signed: serde_json::Value,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Signature {
    pub(super) keyid: String,
    pub(super) sig: String,
}

/// The signed part. Members that are not here are TUF's or of later versions, and are ignored.
#[derive(Serialize, Deserialize)]
pub(super) struct Body {
    #[serde(rename = "_type")]
    pub(super) kind: String,
    pub(super) spec_version: String,
    pub(super) consistent_snapshot: bool,
    pub(super) version: u64,
    pub(super) expires: String,
    pub(super) keys: BTreeMap<KeyId, PublicKey>,
    pub(super) roles: TufRoles,
    #[serde(rename = "x-aecp-roles")]
    pub(super) our_roles: OurRoles,
    #[serde(rename = "x-aecp-freshness-period")]
    pub(super) freshness_period: Period,
}

/// A number of seconds, or `"off"`.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Period {
    Seconds(u32),
    Word(Word),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Word {
    Off,
}

impl From<Option<u32>> for Period {
    fn from(period: Option<u32>) -> Self {
        period.map_or(Self::Word(Word::Off), Self::Seconds)
    }
}

impl Period {
    fn checked(&self) -> Result<Option<u32>, RootError> {
        match self {
            Self::Word(Word::Off) => Ok(None),
            Self::Seconds(seconds @ 1..=FRESHNESS_PERIOD_LIMIT) => Ok(Some(*seconds)),
            Self::Seconds(seconds) => malformed(format!(
                "a freshness period of {seconds} seconds, expected 1 to {FRESHNESS_PERIOD_LIMIT}, or `off`"
            )),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TufRoles {
    pub(super) root: RoleKeys,
    pub(super) targets: RoleKeys,
    pub(super) snapshot: RoleKeys,
    pub(super) timestamp: RoleKeys,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct OurRoles {
    pub(super) packages: RoleKeys,
    pub(super) releases: RoleKeys,
    pub(super) freshness: RoleKeys,
    pub(super) enrolment: RoleKeys,
    pub(super) authorizations: RoleKeys,
    pub(super) break_glass: RoleKeys,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reviewers: Option<RoleKeys>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct RoleKeys {
    pub(super) keyids: Vec<KeyId>,
    pub(super) threshold: u32,
}

/// The canonical bytes that are signed, and the signatures that claim to be over them.
pub(super) type Signed = (Vec<u8>, Vec<(String, Vec<u8>)>);

pub(super) fn read(bytes: &[u8]) -> Result<(TrustRoot, Signed), RootError> {
    let file: File = json::from_slice(bytes)?;
    if file.signatures.len() > SIGNATURES_LIMIT {
        return malformed(format!(
            "{} signatures, at most {SIGNATURES_LIMIT} are read",
            file.signatures.len()
        ));
    }
    let message = canonical::to_vec(&file.signed)?;
    let body: Body = json::from_slice(&message)?;
    if body.kind != "root" {
        return malformed(format!("it is of type `{}`, expected `root`", body.kind));
    }
    if !body.spec_version.starts_with("1.") {
        return malformed(format!(
            "TUF specification `{}`, expected `1.*`",
            body.spec_version
        ));
    }
    if body.version == 0 {
        return malformed("version 0; versions begin with 1");
    }
    if body.keys.len() > KEYS_LIMIT {
        return malformed(format!("{} keys, at most {KEYS_LIMIT} are read", body.keys.len()));
    }
    if let Some((id, key)) = body.keys.iter().find(|(id, key)| **id != key.id()) {
        return malformed(format!("key `{}` stands under the id `{id}`", key.id()));
    }
    let freshness_period = body.freshness_period.checked()?;
    let quorums = body.quorums()?;
    let claims = file.signatures.into_iter().filter_map(|signature| {
        // What is no signature counts for nothing, like a wrong one; nor is one without an id tried with all keys.
        let bytes = hex::decode(&signature.sig).ok()?;
        Some((signature.keyid, bytes)).filter(|(id, _)| !id.is_empty())
    });
    let signed = (message, claims.collect());
    let root = TrustRoot {
        version: body.version,
        expires: expiry(&body.expires)?,
        freshness_period,
        quorums,
        bytes: bytes.to_vec(),
    };
    Ok((root, signed))
}

impl Body {
    fn quorums(&self) -> Result<Quorums, RootError> {
        for (name, role) in [
            ("targets", &self.roles.targets),
            ("snapshot", &self.roles.snapshot),
            ("timestamp", &self.roles.timestamp),
        ] {
            self.quorum(name, role)?;
        }
        let ours = &self.our_roles;
        Ok(Quorums {
            root: self.quorum("root", &self.roles.root)?,
            packages: self.quorum("packages", &ours.packages)?,
            releases: self.quorum("releases", &ours.releases)?,
            freshness: self.quorum("freshness", &ours.freshness)?,
            enrolment: self.quorum("enrolment", &ours.enrolment)?,
            authorizations: self.quorum("authorizations", &ours.authorizations)?,
            break_glass: self.quorum("break-glass", &ours.break_glass)?,
            reviewers: match &ours.reviewers {
                Some(reviewers) => Some(self.quorum("reviewers", reviewers)?),
                None => None,
            },
        })
    }

    fn quorum(&self, name: &str, role: &RoleKeys) -> Result<Quorum, RootError> {
        let mut seen = BTreeSet::new();
        let mut keys = Vec::new();
        for id in &role.keyids {
            if !seen.insert(id) {
                return malformed(format!("role `{name}` names key `{id}` twice"));
            }
            match self.keys.get(id) {
                Some(key) => keys.push(key.clone()),
                None => {
                    return malformed(format!(
                        "role `{name}` names key `{id}`, which is not among the keys"
                    ));
                }
            }
        }
        let named = |error: InvalidQuorum| RootError::Malformed(format!("role `{name}`: {error}"));
        Quorum::new(keys, role.threshold).map_err(named)
    }
}

/// TUF writes times in one way: UTC, whole seconds, `2030-01-31T00:00:00Z`.
fn expiry(text: &str) -> Result<Timestamp, RootError> {
    match text.parse::<Timestamp>() {
        Ok(time) if time.to_string() == text && time.subsec_nanosecond() == 0 => Ok(time),
        _ => malformed(format!(
            "expiry `{text}` is not a time like `2030-01-31T00:00:00Z`"
        )),
    }
}

pub(super) fn malformed<T>(message: impl Into<String>) -> Result<T, RootError> {
    Err(RootError::Malformed(message.into()))
}
