//! Private keys under a passphrase: `ENCRYPTED PRIVATE KEY` in PEM (PKCS#8 with PBES2, RFC 8018), as OpenSSL reads and
//! writes it.

use pkcs8::pkcs5::pbes2;
use pkcs8::{
    DecodePrivateKey as _, EncodePrivateKey as _, EncryptedPrivateKeyInfoOwned, LineEnding, PrivateKeyInfoRef,
};
use zeroize::Zeroizing;

use super::{KeyError, SigningKey};

/// The label of such a text.
const LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// Rounds of PBKDF2 with HMAC-SHA-256: what OWASP recommends. The other function of PBES2, scrypt, would be stronger, but
/// OpenSSL reads it with so little memory only that it is not.
const ROUNDS: u32 = 600_000;

/// Whether a key file asks for a passphrase.
pub fn is_encrypted(text: &str) -> bool {
    text.contains(LABEL)
}

impl SigningKey {
    /// Reads an `ENCRYPTED PRIVATE KEY` PEM text. Takes some tenths of a second.
    ///
    /// # Errors
    /// Any other text, or another passphrase.
    pub fn from_encrypted_pem(text: &str, passphrase: &[u8]) -> Result<Self, KeyError> {
        let key = ed25519_dalek::SigningKey::from_pkcs8_encrypted_pem(text, passphrase);
        let key = key.map_err(|error| match error {
            pkcs8::Error::EncryptedPrivateKey(_) => KeyError::Passphrase,
            error => KeyError::Pem(error.to_string()),
        })?;
        Self::from_seed(key.as_bytes())
    }

    /// The key as an `ENCRYPTED PRIVATE KEY` PEM text: PBKDF2 with 600,000 rounds, AES-256-CBC.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn to_encrypted_pem(&self, passphrase: &[u8]) -> Result<Zeroizing<String>, KeyError> {
        let written = |error: &dyn std::fmt::Display| KeyError::Pem(error.to_string());
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        for random in [&mut salt, &mut iv] {
            getrandom::fill(random).map_err(|error| KeyError::Randomness(error.to_string()))?;
        }
        let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv)
            .map_err(|error| written(&error))?;
        let plain = self.pair().to_pkcs8_der().map_err(|error| written(&error))?;
        let info = PrivateKeyInfoRef::try_from(plain.as_bytes()).map_err(|error| written(&error))?;
        let encrypted = info
            .encrypt_with_params(parameters, passphrase)
            .map_err(|error| written(&error))?;
        // Read back, for a key that nobody can decrypt is lost.
        EncryptedPrivateKeyInfoOwned::try_from(encrypted.as_bytes()).map_err(|error| written(&error))?;
        encrypted
            .to_pem(LABEL, LineEnding::LF)
            .map_err(|error| written(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encrypted_key_opens_with_its_passphrase_alone() {
        let key = SigningKey::from_seed(&[5; 32]).unwrap();
        let text = key.to_encrypted_pem(b"open sesame").unwrap();
        assert!(is_encrypted(&text) && !is_encrypted(&key.to_pem().unwrap()));
        let opened = SigningKey::from_encrypted_pem(&text, b"open sesame").unwrap();
        assert_eq!(opened.public, key.public);
        let error = SigningKey::from_encrypted_pem(&text, b"open barley")
            .err()
            .unwrap();
        assert!(matches!(error, KeyError::Passphrase), "{error}");
        // Without asking for a passphrase it is no key, and the error says which it is.
        let error = SigningKey::from_pem(&text).err().unwrap().to_string();
        assert!(error.contains("passphrase"), "{error}");
    }
}
