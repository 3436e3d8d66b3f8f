//! Keys of which a number must have signed.

use std::collections::{BTreeMap, BTreeSet};

use super::{KeyId, PublicKey, SIGNATURES_LIMIT};

/// Keys of which a number must have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    keys: BTreeMap<KeyId, PublicKey>,
    threshold: u32,
}

/// A quorum that nobody can reach, or that everybody has reached already.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a threshold of {threshold} over {keys} keys; it must be 1 or more, and not more than there are keys"
)]
pub struct InvalidQuorum {
    threshold: u32,
    keys: usize,
}

/// Too few of the keys have signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{valid} valid signatures of distinct keys of the role, {threshold} needed")]
pub struct UnderThreshold {
    /// Distinct keys whose signature is valid.
    pub valid: usize,
    /// How many are needed.
    pub threshold: u32,
}

impl Quorum {
    /// `threshold` of `keys`. A key given twice is one key.
    ///
    /// # Errors
    /// A threshold of 0, or of more than there are distinct keys.
    pub fn new(keys: impl IntoIterator<Item = PublicKey>, threshold: u32) -> Result<Self, InvalidQuorum> {
        let keys: BTreeMap<_, _> = keys.into_iter().map(|key| (key.id, key)).collect();
        if threshold == 0 || usize::try_from(threshold).map_or(true, |needed| needed > keys.len()) {
            return Err(InvalidQuorum {
                threshold,
                keys: keys.len(),
            });
        }
        Ok(Self { keys, threshold })
    }

    /// No keys, which cannot sign anything.
    pub(crate) const fn nobody() -> Self {
        Self {
            keys: BTreeMap::new(),
            threshold: u32::MAX,
        }
    }

    /// How many of the keys must have signed.
    pub fn threshold(&self) -> u32 {
        self.threshold
    }

    /// The keys, by id.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.values()
    }

    /// The same keys, of which one is enough.
    #[must_use]
    pub fn any(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            threshold: 1,
        }
    }

    /// Whether enough distinct keys have signed `message`. A signature comes with the id of its key, or with an empty
    /// id, and is then tried with every key. Unknown ids and wrong signatures count for nothing.
    ///
    /// # Errors
    /// Too few have.
    pub fn check<'a>(
        &self,
        message: &[u8],
        signatures: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<BTreeSet<KeyId>, UnderThreshold> {
        let mut valid = BTreeSet::new();
        for (id, signature) in signatures.into_iter().take(SIGNATURES_LIMIT) {
            let signed = match id {
                "" => self.keys.values().find(|key| key.verifies(message, signature)),
                id => {
                    let key = id.parse().ok().and_then(|id: KeyId| self.keys.get(&id));
                    key.filter(|key| key.verifies(message, signature))
                }
            };
            valid.extend(signed.map(PublicKey::id));
        }
        if usize::try_from(self.threshold).is_ok_and(|needed| valid.len() >= needed) {
            Ok(valid)
        } else {
            Err(UnderThreshold {
                valid: valid.len(),
                threshold: self.threshold,
            })
        }
    }
}
