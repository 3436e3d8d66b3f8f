//! Making a trust root, and signing it: by one person at once, or by several in turn.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::format::{Body, File, OurRoles, RoleKeys, Signature, TufRoles, malformed, read};
use super::{FRESHNESS_PERIOD_LIMIT, Role, RootError, TrustRoot};
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
    freshness_period: Option<u32>,
    roles: BTreeMap<Role, Quorum>,
}

/// What a root lacks before anybody accepts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    of: Vec<MissingOf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct MissingOf {
    version: u64,
    threshold: u32,
    signed: usize,
    unsigned: Vec<KeyId>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, of) in self.of.iter().enumerate() {
            let (version, threshold, signed) = (of.version, of.threshold, of.signed);
            let between = if index == 0 { "" } else { "; " };
            write!(
                f,
                "{between}{signed} of the root keys of version {version} have signed, {threshold} are needed"
            )?;
            if usize::try_from(threshold).is_ok_and(|needed| signed < needed) {
                let ids: Vec<String> = of.unsigned.iter().map(KeyId::to_string).collect();
                write!(f, " (not yet: {})", ids.join(", "))?;
            }
        }
        Ok(())
    }
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
            freshness_period: Some(FRESHNESS_PERIOD_LIMIT),
            roles: BTreeMap::new(),
        }
    }

    /// What follows `root`: the next version, with the same roles and freshness period, valid before `expires`.
    ///
    /// # Errors
    /// There is no version after the last one.
    pub fn after(root: &TrustRoot, expires: Timestamp) -> Result<Self, RootError> {
        let version = root.version().checked_add(1);
        let version = version.ok_or_else(|| RootError::Malformed("there is no later version".to_owned()))?;
        let always = Role::ALL.map(|role| (role, root.quorum(role).clone()));
        let reviewers = root.reviewers().cloned();
        let roles = always
            .into_iter()
            .chain(reviewers.map(|quorum| (Role::Reviewers, quorum)));
        Ok(Self {
            version,
            expires,
            freshness_period: root.freshness_period(),
            roles: roles.collect(),
        })
    }

    /// How long freshness statements may live, in seconds: 1 to 86,400. None for a site where nobody renews one: bundles
    /// then live until their own validity ends, and a frozen registry is noticed only then.
    #[must_use]
    pub fn freshness_period(mut self, seconds: Option<u32>) -> Self {
        self.freshness_period = seconds;
        self
    }

    /// Takes a key out of every role that has it. Gives those roles.
    ///
    /// # Errors
    /// A role would have fewer keys than must sign; give it another key first.
    pub fn revoke(&mut self, key: KeyId) -> Result<Vec<Role>, RootError> {
        let mut left = Vec::new();
        for (role, quorum) in &self.roles {
            let has = |known: &&PublicKey| known.id() == key;
            if !quorum.keys().any(|known| has(&known)) {
                continue;
            }
            let keys = quorum.keys().filter(|known| !has(known)).cloned();
            let rest = Quorum::new(keys, quorum.threshold());
            left.push((
                *role,
                rest.map_err(|error| {
                    RootError::Malformed(format!("without the key, role `{role}` has {error}"))
                })?,
            ));
        }
        let roles = left.iter().map(|(role, _)| *role).collect();
        self.roles.extend(left);
        Ok(roles)
    }

    /// The quorum of a role, if it has one so far.
    pub fn quorum(&self, role: Role) -> Option<&Quorum> {
        self.roles.get(&role)
    }

    /// Gives a role to a quorum, in place of the one that it had.
    #[must_use]
    pub fn role(mut self, role: Role, quorum: Quorum) -> Self {
        self.roles.insert(role, quorum);
        self
    }

    /// Asks for no reviews any more.
    #[must_use]
    pub fn without_reviewers(mut self) -> Self {
        self.roles.remove(&Role::Reviewers);
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
                reviewers: match self.roles.get(&Role::Reviewers) {
                    Some(_) => Some(keys(Role::Reviewers)?),
                    None => None,
                },
            },
            freshness_period: self.freshness_period.into(),
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

    /// Which signatures of root keys are still missing until enforcement points accept this root after `before`, or as
    /// the first one. None if it is complete.
    ///
    /// # Errors
    /// It is not a root, or not the version after `before`.
    pub fn missing(&self, before: Option<&TrustRoot>) -> Result<Option<Missing>, RootError> {
        let bytes = self.to_json()?;
        let (root, _) = read(&bytes)?;
        let complete = match before {
            Some(before) => before.successor(&bytes).map(drop),
            None => TrustRoot::parse(&bytes, Timestamp::MIN).map(drop),
        };
        match complete {
            Ok(()) => Ok(None),
            Err(RootError::UnderThreshold { .. }) => {
                let signed: BTreeSet<&str> = self
                    .file
                    .signatures
                    .iter()
                    .map(|signature| signature.keyid.as_str())
                    .collect();
                let of = |root: &TrustRoot| MissingOf {
                    version: root.version(),
                    threshold: root.quorum(Role::Root).threshold(),
                    unsigned: root
                        .quorum(Role::Root)
                        .keys()
                        .map(PublicKey::id)
                        .filter(|id| !signed.contains(id.to_string().as_str()))
                        .collect(),
                    signed: root
                        .quorum(Role::Root)
                        .keys()
                        .filter(|key| signed.contains(key.id().to_string().as_str()))
                        .count(),
                };
                Ok(Some(Missing {
                    of: before.into_iter().chain([&root]).map(of).collect(),
                }))
            }
            Err(other) => Err(other),
        }
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
