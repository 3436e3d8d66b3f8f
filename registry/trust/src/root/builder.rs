//! Making a trust root, and signing it: by one person at once, or by several in turn.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::format::{Body, File, OurRoles, RoleKeys, Signature, TufRoles, malformed, read};
use super::{FRESHNESS_PERIOD_LIMIT, Role, RootError};
use crate::key::{KeyId, PublicKey, Quorum, Signer};
use crate::statement::SignError;
use crate::{canonical, json};

/// The TUF specification that files of ours follow.
const SPEC_VERSION: &str = "1.0.31";

/// What a root is to say.
///
/// TUF's `targets` and `snapshot` are given to the releases role, and its `timestamp` to the freshness role, for that
/// is what bundle and freshness statement stand for.
#[derive(Clone, Debug)]
pub struct RootBuilder {
    version: u64,
    pub(super) expires: Timestamp,
    freshness_period: u32,
    roles: BTreeMap<Role, Quorum>,
}

/// A root with the signatures that it has so far.
pub struct RootDocument {
    pub(super) file: File,
}

impl RootBuilder {
    /// A root of this version (from 1) that is valid before `expires`, cut to whole seconds. Freshness statements may
    /// live for 24 hours.
    pub fn new(version: u64, expires: Timestamp) -> Self {
        Self {
            version,
            expires,
            freshness_period: FRESHNESS_PERIOD_LIMIT,
            roles: BTreeMap::new(),
        }
    }

    /// How long freshness statements may live, in seconds: 1 to 86,400.
    #[must_use]
    pub fn freshness_period(mut self, seconds: u32) -> Self {
        self.freshness_period = seconds;
        self
    }

    /// Gives a role to a quorum, in place of the one that it had.
    #[must_use]
    pub fn role(mut self, role: Role, quorum: Quorum) -> Self {
        self.roles.insert(role, quorum);
        self
    }

    /// The root, without signatures.
    ///
    /// # Errors
    /// A role without keys, a version of 0, a freshness period out of bounds.
    pub fn build(self) -> Result<RootDocument, RootError> {
        let keys = |role: Role| match self.roles.get(&role) {
            Some(quorum) => Ok(RoleKeys {
                keyids: quorum.keys().map(PublicKey::id).collect(),
                threshold: quorum.threshold(),
            }),
            None => malformed(format!("role `{role}` has no keys")),
        };
        let expires = Timestamp::from_second(self.expires.as_second());
        let expires = expires.map_err(|error| RootError::Malformed(error.to_string()))?;
        let all_keys = self.roles.values().flat_map(Quorum::keys);
        let body = Body {
            kind: "root".to_owned(),
            spec_version: SPEC_VERSION.to_owned(),
            consistent_snapshot: true,
            version: self.version,
            expires: expires.to_string(),
            keys: all_keys
                .map(|key| (key.id(), key.clone()))
                .collect::<BTreeMap<KeyId, PublicKey>>(),
            roles: TufRoles {
                root: keys(Role::Root)?,
                targets: keys(Role::Releases)?,
                snapshot: keys(Role::Releases)?,
                timestamp: keys(Role::Freshness)?,
            },
            our_roles: OurRoles {
                packages: keys(Role::Packages)?,
                releases: keys(Role::Releases)?,
                freshness: keys(Role::Freshness)?,
                enrolment: keys(Role::Enrolment)?,
                authorizations: keys(Role::Authorizations)?,
                break_glass: keys(Role::BreakGlass)?,
            },
            freshness_period: self.freshness_period,
        };
        let signed = serde_json::to_value(&body).map_err(json::JsonError::from)?;
        let document = RootDocument {
            file: File {
                signatures: Vec::new(),
                signed,
            },
        };
        read(&document.to_json()?)?;
        Ok(document)
    }
}

impl RootDocument {
    /// Reads a root with whatever signatures it has, to add more.
    ///
    /// # Errors
    /// Bytes that are not a root.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RootError> {
        read(bytes)?;
        Ok(Self {
            file: json::from_slice(bytes)?,
        })
    }

    /// Adds a signature. One of the same key that stands already is replaced.
    ///
    /// # Errors
    /// The signer did not sign.
    pub fn sign(&mut self, signer: &dyn Signer) -> Result<(), SignError> {
        let unwritable = |error: canonical::NotCanonical| SignError::Unwritable(error.to_string());
        let message = canonical::to_vec(&self.file.signed).map_err(unwritable)?;
        let sig = hex::encode(signer.sign(&message)?);
        let keyid = signer.public_key().id().to_string();
        self.file.signatures.retain(|signature| signature.keyid != keyid);
        self.file.signatures.push(Signature { keyid, sig });
        Ok(())
    }

    /// The file `root.json`.
    ///
    /// # Errors
    /// None that is known; the encoder may fail in principle.
    pub fn to_json(&self) -> Result<Vec<u8>, RootError> {
        let mut bytes = serde_json::to_vec_pretty(&self.file).map_err(json::JsonError::from)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}
