//! Salted commitments that stand for personal values in evidence.
//!
//! A commitment is SHA-256 over a domain, 32 random bytes of salt and the value's deterministic CBOR. Who has salt and
//! value can show that they belong to the leaf; who has only the leaf learns nothing, not even from a guess, for the
//! salt is new for every value. Erasing the salt from the side store makes the value unprovable for good.

use std::fmt;

use aecp_vocabulary::Value;
use sha2::{Digest, Sha256};

use crate::cbor::Writer;
use crate::leaf::write_value;

const DOMAIN: &[u8] = b"aecp evidence commitment v1\0";

/// What stands for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment(pub [u8; 32]);

/// 64 hexadecimal digits.
impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// What a commitment hides, kept in the side store.
#[derive(Clone, PartialEq, Eq)]
pub struct Opening {
    /// The attribute.
    pub name: String,
    /// Random, used once.
    pub salt: [u8; 32],
    /// The value.
    pub value: Value,
}

impl Opening {
    /// An opening with a new salt.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn new(name: impl Into<String>, value: Value) -> std::io::Result<Self> {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt)?;
        Ok(Self {
            name: name.into(),
            salt,
            value,
        })
    }

    /// The commitment that this opens.
    pub fn commitment(&self) -> Commitment {
        let mut writer = Writer::default();
        write_value(&mut writer, &self.value);
        let hash = Sha256::new()
            .chain_update(DOMAIN)
            .chain_update(self.salt)
            .chain_update(writer.into_bytes());
        Commitment(hash.finalize().into())
    }
}

/// Without salt and value: openings must not reach logs.
impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opening")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_different_commitments_and_each_opening_opens_its_own() {
        let value = Value::Text("alice@example.org".into());
        let (first, second) = (
            Opening::new("a", value.clone()).unwrap(),
            Opening::new("a", value).unwrap(),
        );
        assert_ne!(first.commitment(), second.commitment());
        assert_eq!(first.commitment(), first.clone().commitment());
        let other = Opening {
            value: Value::Text("bob@example.org".into()),
            ..first.clone()
        };
        assert_ne!(other.commitment(), first.commitment());
    }

    #[test]
    fn an_opening_shows_neither_salt_nor_value() {
        let opening = Opening::new("identity.mail", Value::Text("alice".into())).unwrap();
        assert_eq!(format!("{opening:?}"), "Opening { name: \"identity.mail\", .. }");
    }
}
