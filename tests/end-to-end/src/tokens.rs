//! An identity provider of one key: JSON Web Tokens signed with Ed25519 (RFC 8037).

use aecp_trust::{Signer, SigningKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

use crate::error::Error;

/// The issuer that tokens name.
pub const ISSUER: &str = "https://id.example";

/// The audience that tokens are for.
pub const AUDIENCE: &str = "customer-api";

/// Issues tokens.
pub struct IdentityProvider {
    key: SigningKey,
}

impl IdentityProvider {
    /// A provider with a key that follows from `seed`.
    ///
    /// # Errors
    /// None that is known.
    pub fn new(seed: u8) -> Result<Self, Error> {
        let key = SigningKey::from_seed(&[seed; 32]).map_err(|error| Error::Unexpected(error.to_string()))?;
        Ok(Self { key })
    }

    /// Its keys, as a JSON Web Key Set (RFC 7517).
    pub fn key_set(&self) -> Value {
        let x = BASE64.encode(self.key.public_key().as_bytes());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "1", "x": x }] })
    }

    /// A token for `subject` with `roles`, valid for `seconds` from `now` (seconds since 1970).
    ///
    /// # Errors
    /// None that is known.
    pub fn token(&self, subject: &str, roles: &[&str], now: i64, seconds: i64) -> Result<String, Error> {
        let header = json!({ "alg": "EdDSA", "typ": "JWT", "kid": "1" });
        let claims = json!({
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "roles": roles,
            "iat": now,
            "exp": now.saturating_add(seconds),
        });
        let signed = format!(
            "{}.{}",
            BASE64.encode(header.to_string()),
            BASE64.encode(claims.to_string())
        );
        let signature = self
            .key
            .sign(signed.as_bytes())
            .map_err(|error| Error::Unexpected(error.to_string()))?;
        Ok(format!("{signed}.{}", BASE64.encode(signature)))
    }
}
