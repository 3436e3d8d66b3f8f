//! The names and ids of keys.

use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};

use super::ED25519;

/// Why a text is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A verifier's key of the wrong shape.
    #[error("not a verifier key: write `<name>+<8 hexadecimal digits>+<base64>`, in one line")]
    Malformed,
    /// A verifier's key whose parts do not belong together.
    #[error("the id in the verifier key is not that of its name and public key: was a part of it changed?")]
    WrongId,
    /// A name that notes cannot carry.
    #[error("`{0}` cannot name a log: leave out spaces and `+`, and write at least one character")]
    Name(String),
    /// A private key that is not PKCS#8 of an Ed25519 key.
    #[error("the private key is not PKCS#8 PEM of an Ed25519 key: {0}")]
    Private(String),
}

pub(super) fn check_name(name: &str) -> Result<(), KeyError> {
    let bad = name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
    if bad {
        Err(KeyError::Name(name.chars().take(64).collect()))
    } else {
        Ok(())
    }
}

pub(super) fn key_id(name: &str, key: &VerifyingKey) -> [u8; 4] {
    let hash = Sha256::new()
        .chain_update(name)
        .chain_update([b'\n', ED25519])
        .chain_update(key.as_bytes())
        .finalize();
    let mut id = [0; 4];
    id.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    id
}
