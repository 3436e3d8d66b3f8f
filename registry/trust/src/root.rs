//! The trust root: a TUF `root.json` (specification 1.0) that says which keys may do what.
//!
//! TUF's own four roles are there, so that TUF tools read the file and follow its rotation. Ours stand beside them in
//! `x-aecp-roles`, and `x-aecp-freshness-period` says in seconds how long a freshness statement may live, or `"off"`
//! where nobody renews one. What is read is the very canonical form whose signatures were verified, so two readers
//! cannot see two things.

use std::fmt;

use jiff::Timestamp;

use crate::canonical;
use crate::json::JsonError;
use crate::key::{Quorum, UnderThreshold};
use aecp_vocabulary::digest::Digest;

mod builder;
mod chain;
mod format;

use format::{Signed, read};

pub use builder::{Missing, RootBuilder, RootDocument};
pub use chain::{CHAIN_LIMIT, RootChain};

/// Longest freshness period that a root may allow: 24 hours.
pub const FRESHNESS_PERIOD_LIMIT: u32 = 86_400;

/// Most keys that a root may name.
pub const KEYS_LIMIT: usize = 256;

/// What keys may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Name the keys of all roles.
    Root,
    /// Attest components (the judicial plane).
    Packages,
    /// Release bundles.
    Releases,
    /// Say which bundle is the current one.
    Freshness,
    /// Say who an enforcement point is.
    Enrolment,
    /// Issue execution authorizations.
    Authorizations,
    /// Approve break-glass.
    BreakGlass,
    /// Review policy components. Optional: a root that does not have it asks for no reviews.
    Reviewers,
}

/// Nobody, whatever is signed.
static NOBODY: Quorum = Quorum::nobody();

/// What a trust root says.
///
/// A value of this type has been verified by its own quorum. That is all that can be known of the first one: it comes
/// from outside, by a way that the operator trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustRoot {
    version: u64,
    expires: Timestamp,
    freshness_period: Option<u32>,
    quorums: Quorums,
    bytes: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Quorums {
    root: Quorum,
    packages: Quorum,
    releases: Quorum,
    freshness: Quorum,
    enrolment: Quorum,
    authorizations: Quorum,
    break_glass: Quorum,
    reviewers: Option<Quorum>,
}

/// A `root.json` that cannot be trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// Not the JSON of a root.
    #[error("trust root: {0}")]
    Json(#[from] JsonError),
    /// It has no canonical form.
    #[error("trust root: {0}")]
    Canonical(#[from] canonical::NotCanonical),
    /// It is something else, or breaks a rule of its format.
    #[error("trust root: {0}")]
    Malformed(String),
    /// Too few keys have signed it.
    #[error("trust root version {version}: by the root keys of version {by}: {error}")]
    UnderThreshold {
        /// The version that should be trusted.
        version: u64,
        /// The version that says whose signatures are needed.
        by: u64,
        /// How many there are.
        error: UnderThreshold,
    },
    /// It is not the next version.
    #[error(
        "trust root: version {given} does not follow version {current}; each version follows the one before"
    )]
    Version {
        /// The version that is trusted.
        current: u64,
        /// The version that should follow.
        given: u64,
    },
    /// It has ended.
    #[error("trust root version {version} expired at {expires}; a new version must be signed")]
    Expired {
        /// Its version.
        version: u64,
        /// Its end.
        expires: Timestamp,
    },
}

impl Role {
    /// The roles that every root has: all but [`Role::Reviewers`].
    pub const ALL: [Self; 7] = [
        Self::Root,
        Self::Packages,
        Self::Releases,
        Self::Freshness,
        Self::Enrolment,
        Self::Authorizations,
        Self::BreakGlass,
    ];

    /// The role's name in `root.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Packages => "packages",
            Self::Releases => "releases",
            Self::Freshness => "freshness",
            Self::Enrolment => "enrolment",
            Self::Authorizations => "authorizations",
            Self::BreakGlass => "break-glass",
            Self::Reviewers => "reviewers",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TrustRoot {
    /// Reads a root that comes from a trusted place.
    ///
    /// # Errors
    /// Bytes that are not a root, signatures under its own threshold, a root that has expired.
    pub fn parse(bytes: &[u8], now: Timestamp) -> Result<Self, RootError> {
        Self::parse_chain(bytes, &[], now)
    }

    /// Reads a root that comes from a trusted place, and follows its rotation. Only the last root must not have
    /// expired: an enforcement point that was off for long can still catch up.
    ///
    /// # Errors
    /// As [`TrustRoot::parse`] and [`TrustRoot::advance`].
    pub fn parse_chain(first: &[u8], next: &[&[u8]], now: Timestamp) -> Result<Self, RootError> {
        let (mut root, signatures) = read(first)?;
        root.check_signatures(&root, &signatures)?;
        for bytes in next {
            root = root.successor(bytes)?;
        }
        root.unexpired(now)
    }

    /// The next root, signed by the quorums of this one and of itself, and of the version that follows.
    ///
    /// # Errors
    /// Bytes that are not a root, another version, signatures under either threshold, a root that has expired.
    pub fn advance(&self, next: &[u8], now: Timestamp) -> Result<Self, RootError> {
        self.successor(next)?.unexpired(now)
    }

    /// The keys that have a role, and how many of them must sign. Nobody can sign for a role that the root does not have.
    pub fn quorum(&self, role: Role) -> &Quorum {
        match role {
            Role::Root => &self.quorums.root,
            Role::Packages => &self.quorums.packages,
            Role::Releases => &self.quorums.releases,
            Role::Freshness => &self.quorums.freshness,
            Role::Enrolment => &self.quorums.enrolment,
            Role::Authorizations => &self.quorums.authorizations,
            Role::BreakGlass => &self.quorums.break_glass,
            Role::Reviewers => self.quorums.reviewers.as_ref().unwrap_or(&NOBODY),
        }
    }

    /// Who may review policy components, and how many of them must approve one. None where no review is asked for.
    pub fn reviewers(&self) -> Option<&Quorum> {
        self.quorums.reviewers.as_ref()
    }

    /// Its version, from 1.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// From when on it is not valid any more.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Whether it is not valid any more.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires
    }

    /// How long a freshness statement may live, in seconds: 1 to 86,400. None where bundles need no such statement, and
    /// live until their own validity ends.
    pub fn freshness_period(&self) -> Option<u32> {
        self.freshness_period
    }

    /// SHA-256 of the bytes that it was read from, for people to compare.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    /// The bytes that it was read from, to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The version that a root says it has. Nobody has verified it.
    fn unverified_version(bytes: &[u8]) -> Result<u64, RootError> {
        read(bytes).map(|(root, _)| root.version)
    }

    fn successor(&self, bytes: &[u8]) -> Result<Self, RootError> {
        let (next, signatures) = read(bytes)?;
        if Some(next.version) != self.version.checked_add(1) {
            return Err(RootError::Version {
                current: self.version,
                given: next.version,
            });
        }
        next.check_signatures(self, &signatures)?;
        next.check_signatures(&next, &signatures)?;
        Ok(next)
    }

    fn check_signatures(&self, by: &Self, (message, signatures): &Signed) -> Result<(), RootError> {
        let claims = signatures
            .iter()
            .map(|(id, signature)| (id.as_str(), signature.as_slice()));
        match by.quorums.root.check(message, claims) {
            Ok(_) => Ok(()),
            Err(error) => Err(RootError::UnderThreshold {
                version: self.version,
                by: by.version,
                error,
            }),
        }
    }

    fn unexpired(self, now: Timestamp) -> Result<Self, RootError> {
        if self.is_expired(now) {
            return Err(RootError::Expired {
                version: self.version,
                expires: self.expires,
            });
        }
        Ok(self)
    }
}

impl RootError {
    /// A short name for metrics and evidence.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Json(_) | Self::Canonical(_) | Self::Malformed(_) => "root_malformed",
            Self::UnderThreshold { .. } => "root_under_threshold",
            Self::Version { .. } => "root_version",
            Self::Expired { .. } => "root_expired",
        }
    }
}

#[cfg(test)]
mod tests;
