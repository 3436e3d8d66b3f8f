//! Which bundle is the current one: a short-lived statement, so that nobody can hold back a newer one for long.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::key::Signer;
use crate::root::{Role, RootError, TrustRoot};
use crate::statement::{self, FRESHNESS_TYPE, Predicate, SignError, Statement, StatementError, Subject};
use aecp_vocabulary::digest::Digest;

/// How far ahead of the reader's clock the moment of issue may be: 5 minutes. It is never added to the expiry.
pub const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(300);

/// Says that a bundle is the current one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freshness {
    /// The bundle's digest: SHA-256 of its statement's bytes.
    pub bundle: Digest,
    /// The bundle's epoch.
    pub epoch: u64,
    /// When it was said.
    pub issued: Timestamp,
    /// From when on it says nothing any more. At most the root's freshness period after `issued`.
    pub expires: Timestamp,
}

/// A freshness statement that does not keep a bundle alive.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FreshnessError {
    /// The trust root has expired, so nobody can say anything by it.
    #[error(transparent)]
    Root(RootError),
    /// There is none.
    #[error("there is none, and the trust root asks for one; `aecp freshness renew` makes it")]
    Missing,
    /// It does not hold, or is something else.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// It is about another bundle.
    #[error("it is about bundle {given} of epoch {given_epoch}, not about {wanted} of epoch {wanted_epoch}")]
    OtherBundle {
        /// The bundle that it names.
        given: Digest,
        /// The epoch that it names.
        given_epoch: u64,
        /// The bundle at hand.
        wanted: Digest,
        /// Its epoch.
        wanted_epoch: u64,
    },
    /// It has ended.
    #[error("it expired at {0}")]
    Expired(Timestamp),
    /// It was issued later than now, by more than [`CLOCK_TOLERANCE`].
    #[error("it was issued at {0}, which has not come yet; check the clocks")]
    NotYet(Timestamp),
    /// It lives longer than the trust root allows, or ends before it begins.
    #[error("it holds from {issued} to {expires}; the trust root allows {allowed} seconds at most")]
    Period {
        /// Its begin.
        issued: Timestamp,
        /// Its end.
        expires: Timestamp,
        /// Seconds allowed.
        allowed: u32,
    },
}

impl Predicate for Freshness {
    const TYPE: &'static str = FRESHNESS_TYPE;
}

impl Freshness {
    /// Says it from `now` on, for as long as `root` allows. None if `root` asks for no such statement.
    pub fn new(bundle: Digest, epoch: u64, now: Timestamp, root: &TrustRoot) -> Option<Self> {
        let period = SignedDuration::from_secs(i64::from(root.freshness_period()?));
        Some(Self {
            bundle,
            epoch,
            issued: now,
            expires: now.saturating_add(period).unwrap_or(now),
        })
    }

    /// The signed envelope, JSON.
    ///
    /// # Errors
    /// A signer did not sign.
    pub fn seal(self, signers: &[&dyn Signer]) -> Result<Vec<u8>, SignError> {
        let subject = vec![Subject::new(format!("epoch {}", self.epoch), self.bundle)];
        let envelope = Statement::new(subject, self).seal(signers)?;
        envelope
            .to_json()
            .map_err(|error| SignError::Unwritable(error.to_string()))
    }
}

/// Until when a freshness statement keeps this bundle alive. A gateway uses it by itself to renew a bundle that it
/// runs already. None if `root` asks for no such statement; then none is looked at.
///
/// # Errors
/// The root has expired; the statement does not hold by the freshness role, is about another bundle or epoch, has expired, was issued in the future, or
/// lives longer than the root allows.
pub fn check(
    envelope: &[u8],
    root: &TrustRoot,
    bundle: Digest,
    epoch: u64,
    now: Timestamp,
) -> Result<Option<Timestamp>, FreshnessError> {
    if root.is_expired(now) {
        return Err(FreshnessError::Root(RootError::Expired {
            version: root.version(),
            expires: root.expires(),
        }));
    }
    let Some(allowed) = root.freshness_period() else {
        return Ok(None);
    };
    if envelope.is_empty() {
        return Err(FreshnessError::Missing);
    }
    let opened = statement::open::<Freshness>(envelope, root.quorum(Role::Freshness))?;
    let said = &opened.statement.predicate;
    if said.bundle != bundle || said.epoch != epoch || !opened.statement.is_about([bundle]) {
        return Err(FreshnessError::OtherBundle {
            given: said.bundle,
            given_epoch: said.epoch,
            wanted: bundle,
            wanted_epoch: epoch,
        });
    }
    let lives = said.issued.duration_until(said.expires);
    if lives <= SignedDuration::ZERO || lives > SignedDuration::from_secs(i64::from(allowed)) {
        return Err(FreshnessError::Period {
            issued: said.issued,
            expires: said.expires,
            allowed,
        });
    }
    if now.duration_until(said.issued) > CLOCK_TOLERANCE {
        return Err(FreshnessError::NotYet(said.issued));
    }
    if now >= said.expires {
        return Err(FreshnessError::Expired(said.expires));
    }
    Ok(Some(said.expires))
}
