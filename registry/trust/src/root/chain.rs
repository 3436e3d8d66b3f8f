//! A trust root and the roots that followed it.

use jiff::Timestamp;

use super::{RootError, TrustRoot};

/// Most roots that follow the first one of a chain.
pub const CHAIN_LIMIT: usize = 1_024;

/// The root that came from a trusted place, and those that followed, each signed by the quorums of the one before and
/// of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootChain {
    first: TrustRoot,
    later: Vec<TrustRoot>,
}

impl RootChain {
    /// A chain that begins with `first`, which comes from a trusted place and may have expired by now.
    ///
    /// # Errors
    /// Bytes that are not a root, or signatures under its own threshold.
    pub fn new(first: &[u8]) -> Result<Self, RootError> {
        Ok(Self {
            first: TrustRoot::parse(first, Timestamp::MIN)?,
            later: Vec::new(),
        })
    }

    /// Follows the rotation in `roots`, which are in the order of their versions. Versions that are not newer are passed
    /// over: they were decided upon before. How many roots were added is returned.
    ///
    /// # Errors
    /// A root does not follow the one before, or there are more than [`CHAIN_LIMIT`]. The chain stays as it was.
    pub fn advance<B: AsRef<[u8]>>(
        &mut self,
        roots: impl IntoIterator<Item = B>,
    ) -> Result<usize, RootError> {
        let mut added: Vec<TrustRoot> = Vec::new();
        for bytes in roots {
            let newest = added.last().unwrap_or_else(|| self.newest());
            let version = TrustRoot::unverified_version(bytes.as_ref())?;
            if version <= newest.version() {
                continue;
            }
            let next = newest.successor(bytes.as_ref())?;
            added.push(next);
            if self.later.len().saturating_add(added.len()) > CHAIN_LIMIT {
                return Err(RootError::Malformed(format!(
                    "more than {CHAIN_LIMIT} versions after version {}; give out a newer root to start from",
                    self.first.version()
                )));
            }
        }
        let count = added.len();
        self.later.append(&mut added);
        Ok(count)
    }

    /// The root that counts. It may have expired: whoever verifies by it asks.
    pub fn newest(&self) -> &TrustRoot {
        self.later.last().unwrap_or(&self.first)
    }

    /// The roots after the first one, oldest first.
    pub fn later(&self) -> &[TrustRoot] {
        &self.later
    }

    /// All of them, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &TrustRoot> {
        std::iter::once(&self.first).chain(&self.later)
    }

    /// What others need to follow from any earlier root: all roots but a first one of version 1, with which everybody
    /// starts.
    pub fn to_publish(&self) -> impl Iterator<Item = &TrustRoot> {
        self.all().filter(|root| root.version() > 1)
    }
}
