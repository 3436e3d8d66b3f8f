//! Ed25519 keys, signers, and quorums of keys.
//!
//! Keys are written as TUF writes them, and a key's id is the SHA-256 of that form in canonical JSON, so a key has one
//! id everywhere. Signatures are verified strictly: no malleable signature, no key of small order.

use std::fmt;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{
    DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes,
};
use ed25519_dalek::{Signer as _, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::canonical;
use aecp_vocabulary::digest::{Digest, InvalidDigest};

#[cfg(feature = "encrypted-keys")]
mod encrypted;
mod quorum;

#[cfg(feature = "encrypted-keys")]
pub use encrypted::is_encrypted;
pub use quorum::{InvalidQuorum, Quorum, UnderThreshold};

/// Bytes of an Ed25519 signature.
pub const SIGNATURE_LENGTH: usize = 64;

/// Most signatures that one document may carry.
pub const SIGNATURES_LIMIT: usize = 32;

/// The id of a public key: SHA-256 of its TUF form in canonical JSON, as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId(Digest);

/// An Ed25519 public key that signatures can be verified with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "KeyObject", into = "KeyObject")]
pub struct PublicKey {
    key: VerifyingKey,
    id: KeyId,
}

/// An Ed25519 private key in memory. It is wiped when it is dropped, and never printed.
pub struct SigningKey {
    key: ed25519_dalek::SigningKey,
    public: PublicKey,
}

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not the text of a key.
    #[error("not an Ed25519 key in PKCS#8 PEM: {0}")]
    Pem(String),
    /// A key under a passphrase, where only keys in the clear are read.
    #[error(
        "the key is encrypted with a passphrase; where nobody can be asked for it, a key in the clear is needed"
    )]
    Encrypted,
    /// Another passphrase than the key was encrypted with, or a damaged key.
    #[error("the passphrase does not open the key")]
    Passphrase,
    /// Bytes that are no point of the curve, are one in a second spelling, or are of small order.
    #[error("`{0}` is not a usable Ed25519 public key")]
    Point(String),
    /// A key of another kind.
    #[error("key type `{keytype}` with scheme `{scheme}` is not supported; use `ed25519` for both")]
    Kind {
        /// What it says it is.
        keytype: String,
        /// How it is said to sign.
        scheme: String,
    },
    /// The operating system gave no randomness.
    #[error("no randomness from the operating system: {0}")]
    Randomness(String),
}

/// Something that can sign: a key in memory, or a device that keeps the key to itself.
pub trait Signer {
    /// The key that verifies what this signs.
    fn public_key(&self) -> &PublicKey;

    /// Signs a message with Ed25519 (RFC 8032, not pre-hashed).
    ///
    /// # Errors
    /// The device did not sign.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], SigningFailed>;
}

/// A signer did not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("key `{key}` did not sign: {reason}")]
pub struct SigningFailed {
    /// The key.
    pub key: KeyId,
    /// Why.
    pub reason: String,
}

/// How TUF writes a key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyObject {
    keytype: String,
    scheme: String,
    keyval: KeyValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyValue {
    public: String,
}

impl PublicKey {
    /// The key that these 32 bytes are (RFC 8032).
    ///
    /// # Errors
    /// Bytes that are no point of the curve, a point written in a second way, a point of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let refused = || KeyError::Point(hex::encode(bytes));
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| refused())?;
        // One key must have one spelling, or it could be counted twice.
        if key.is_weak() || key.to_edwards().compress().as_bytes() != bytes {
            return Err(refused());
        }
        Self::new(key).map_err(|_| refused())
    }

    /// Reads a `PUBLIC KEY` PEM text (RFC 8410).
    ///
    /// # Errors
    /// Any other text, or a key that [`PublicKey::from_bytes`] refuses.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let key =
            VerifyingKey::from_public_key_pem(text).map_err(|error| KeyError::Pem(error.to_string()))?;
        Self::from_bytes(key.as_bytes())
    }

    /// The key as a `PUBLIC KEY` PEM text, which other tools read.
    ///
    /// # Errors
    /// None that is known; the encoder may fail in principle.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        self.key
            .to_public_key_pem(LineEnding::LF)
            .map_err(|error| KeyError::Pem(error.to_string()))
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key's 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether `signature` is this key's over `message`, strictly: of any message there is one valid signature that
    /// others can make from it, the same one.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }

    fn new(key: VerifyingKey) -> Result<Self, canonical::NotCanonical> {
        let form = canonical::to_vec(&KeyObject::of(key.as_bytes()))?;
        Ok(Self {
            key,
            id: KeyId(Digest::of(&form)),
        })
    }
}

impl KeyObject {
    fn of(bytes: &[u8; 32]) -> Self {
        let ed25519 = || "ed25519".to_owned();
        Self {
            keytype: ed25519(),
            scheme: ed25519(),
            keyval: KeyValue {
                public: hex::encode(bytes),
            },
        }
    }
}

impl TryFrom<KeyObject> for PublicKey {
    type Error = KeyError;

    fn try_from(object: KeyObject) -> Result<Self, Self::Error> {
        if object.keytype != "ed25519" || object.scheme != "ed25519" {
            return Err(KeyError::Kind {
                keytype: object.keytype,
                scheme: object.scheme,
            });
        }
        match Digest::from_hex(&object.keyval.public) {
            Ok(bytes) => Self::from_bytes(bytes.as_bytes()),
            Err(_) => Err(KeyError::Point(object.keyval.public.chars().take(80).collect())),
        }
    }
}

impl From<PublicKey> for KeyObject {
    fn from(key: PublicKey) -> Self {
        Self::of(key.as_bytes())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(self.as_bytes()))
    }
}

impl SigningKey {
    /// A new key, from the operating system's randomness.
    ///
    /// # Errors
    /// The operating system gives none.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|error| KeyError::Randomness(error.to_string()))?;
        Self::from_seed(&seed)
    }

    /// The key that this seed makes (RFC 8032's private key).
    ///
    /// # Errors
    /// None that is known; the public key is checked as any other.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = PublicKey::from_bytes(key.verifying_key().as_bytes())?;
        Ok(Self { key, public })
    }

    /// Reads a `PRIVATE KEY` PEM text (PKCS#8, RFC 8410), as OpenSSL writes it.
    ///
    /// # Errors
    /// Any other text, a key that is encrypted among them.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        if text.contains("ENCRYPTED PRIVATE KEY") {
            return Err(KeyError::Encrypted);
        }
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(text);
        let key = key.map_err(|error| KeyError::Pem(error.to_string()))?;
        Self::from_seed(key.as_bytes())
    }

    /// The key as a `PRIVATE KEY` PEM text, in the clear; it is wiped when it is dropped.
    ///
    /// # Errors
    /// None that is known; the encoder may fail in principle.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        self.pair()
            .to_pkcs8_pem(LineEnding::LF)
            .map_err(|error| KeyError::Pem(error.to_string()))
    }

    /// Without the public key in it (version 1), for OpenSSL reads no other.
    fn pair(&self) -> KeypairBytes {
        KeypairBytes {
            secret_key: self.key.to_bytes(),
            public_key: None,
        }
    }

    /// The key that verifies what this signs.
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }
}

impl Signer for SigningKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], SigningFailed> {
        let failed = |error: ed25519_dalek::SignatureError| SigningFailed {
            key: self.public.id,
            reason: error.to_string(),
        };
        Ok(self.key.try_sign(message).map_err(failed)?.to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {})", self.public.id)
    }
}

impl KeyId {
    /// The id as a digest.
    pub fn digest(&self) -> Digest {
        self.0
    }
}

impl std::str::FromStr for KeyId {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Digest::from_hex(text).map(Self)
    }
}

impl TryFrom<String> for KeyId {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.hex())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
