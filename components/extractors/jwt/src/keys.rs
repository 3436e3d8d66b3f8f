//! JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037), each bound to one algorithm.
//!
//! A key checks the signatures of its own algorithm and no others, so that no token can choose how it is checked.
//! `none` and the HMAC algorithms do not exist here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::signature::Verifier as _;
use rsa::traits::PublicKeyParts as _;
use serde::Deserialize;

/// Fewest bits of an RSA modulus (RFC 7518 section 3.3).
pub const RSA_BITS_LEAST: usize = 2_048;

/// Most bits of an RSA modulus.
pub const RSA_BITS_MOST: usize = 4_096;

/// A signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519, named `EdDSA` (RFC 8037) or `Ed25519` (RFC 9864).
    Ed25519,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// The algorithm of this name in a token or key.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "EdDSA" | "Ed25519" => Some(Self::Ed25519),
            "ES256" => Some(Self::Es256),
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }
}

/// A public key with its name and algorithm.
#[derive(Clone, Debug)]
pub struct Key {
    /// The `kid` by which tokens name it.
    pub id: Option<String>,
    /// The one algorithm that it is for.
    pub algorithm: Algorithm,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Ed25519(ed25519_dalek::VerifyingKey),
    Es256(p256::ecdsa::VerifyingKey),
    Rs256(rsa::pkcs1v15::VerifyingKey<rsa::sha2::Sha256>),
}

/// A JSON Web Key as configured. Members that say nothing about verification are read and ignored.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonWebKey {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    #[serde(rename = "key_ops")]
    operations: Option<Vec<String>>,
    #[serde(rename = "x5c")]
    _certificates: Option<Vec<String>>,
    #[serde(rename = "x5t")]
    _thumbprint: Option<String>,
    #[serde(rename = "x5t#S256")]
    _thumbprint_sha256: Option<String>,
    #[serde(rename = "x5u")]
    _certificates_address: Option<String>,
}

/// A key that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Another key type or curve.
    #[error("only `kty` OKP with `crv` Ed25519, EC with P-256, and RSA are supported")]
    Unsupported,
    /// The `alg` is not the one that this type of key is for.
    #[error("`alg` must be {0} for this key, or be left out")]
    OtherAlgorithm(&'static str),
    /// The `use` or `key_ops` is for something else.
    #[error(
        "the key is not for checking signatures: `use` must be `sig` and `key_ops` contain `verify`, if given"
    )]
    OtherUse,
    /// A member is not there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A member is not base64url without padding.
    #[error("`{0}` is not base64url without padding")]
    NotBase64(&'static str),
    /// The numbers are no public key.
    #[error("the members are no public key of this type")]
    Invalid,
    /// An RSA key of another size or exponent.
    #[error(
        "an RSA key must have {RSA_BITS_LEAST} to {RSA_BITS_MOST} bits and an odd exponent of at least 65537"
    )]
    WeakRsa,
}

impl TryFrom<JsonWebKey> for Key {
    type Error = KeyError;

    fn try_from(jwk: JsonWebKey) -> Result<Self, KeyError> {
        let for_signatures = jwk.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
        let verifies = jwk
            .operations
            .as_ref()
            .is_none_or(|all| all.iter().any(|one| one == "verify"));
        if !for_signatures || !verifies {
            return Err(KeyError::OtherUse);
        }
        let (algorithm, name) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("OKP", Some("Ed25519")) => (Algorithm::Ed25519, "EdDSA"),
            ("EC", Some("P-256")) => (Algorithm::Es256, "ES256"),
            ("RSA", None) => (Algorithm::Rs256, "RS256"),
            _ => return Err(KeyError::Unsupported),
        };
        if jwk
            .alg
            .as_deref()
            .is_some_and(|alg| Algorithm::named(alg) != Some(algorithm))
        {
            return Err(KeyError::OtherAlgorithm(name));
        }
        let material = match algorithm {
            Algorithm::Ed25519 => ed25519(&jwk)?,
            Algorithm::Es256 => es256(&jwk)?,
            Algorithm::Rs256 => rs256(&jwk)?,
        };
        Ok(Self {
            id: jwk.kid,
            algorithm,
            material,
        })
    }
}

impl Key {
    /// Whether `signature` is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Material::Es256(key) => {
                use p256::ecdsa::signature::Verifier as _;
                p256::ecdsa::Signature::from_slice(signature)
                    .is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
            Material::Rs256(key) => rsa::pkcs1v15::Signature::try_from(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}

fn ed25519(jwk: &JsonWebKey) -> Result<Material, KeyError> {
    let bytes = fixed("x", &jwk.x)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Invalid)?;
    if key.is_weak() {
        Err(KeyError::Invalid)
    } else {
        Ok(Material::Ed25519(key))
    }
}

fn es256(jwk: &JsonWebKey) -> Result<Material, KeyError> {
    let (x, y): ([u8; 32], [u8; 32]) = (fixed("x", &jwk.x)?, fixed("y", &jwk.y)?);
    // SEC 1 section 2.3.3: an uncompressed point.
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    p256::ecdsa::VerifyingKey::from_sec1_bytes(&point)
        .map(Material::Es256)
        .map_err(|_| KeyError::Invalid)
}

fn rs256(jwk: &JsonWebKey) -> Result<Material, KeyError> {
    let number = |name, member| bytes(name, member).map(|bytes| rsa::BigUint::from_bytes_be(&bytes));
    let (modulus, exponent) = (number("n", &jwk.n)?, number("e", &jwk.e)?);
    let odd = exponent.to_bytes_le().first().is_some_and(|low| low & 1 == 1);
    let bits = modulus.bits();
    if !(RSA_BITS_LEAST..=RSA_BITS_MOST).contains(&bits) || !odd || exponent < rsa::BigUint::from(65_537_u32)
    {
        return Err(KeyError::WeakRsa);
    }
    let key = rsa::RsaPublicKey::new(modulus, exponent).map_err(|_| KeyError::Invalid)?;
    debug_assert_eq!(key.n().bits(), bits);
    Ok(Material::Rs256(rsa::pkcs1v15::VerifyingKey::new(key)))
}

fn bytes(name: &'static str, member: &Option<String>) -> Result<Vec<u8>, KeyError> {
    let text = member.as_deref().ok_or(KeyError::Missing(name))?;
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| KeyError::NotBase64(name))
}

fn fixed(name: &'static str, member: &Option<String>) -> Result<[u8; 32], KeyError> {
    bytes(name, member)?.try_into().map_err(|_| KeyError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED25519: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    const ES256: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    const RS256: &str = r#"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#;

    fn key(json: &str) -> Result<Key, KeyError> {
        serde_json::from_str::<JsonWebKey>(json).unwrap().try_into()
    }

    /// The examples of RFC 8037 appendix A.4 and RFC 7515 appendices A.3 and A.2.
    fn examples() -> [(&'static str, Algorithm, &'static str); 3] {
        [
            (
                ED25519,
                Algorithm::Ed25519,
                "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
            ),
            (
                ES256,
                Algorithm::Es256,
                "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
            ),
            (
                RS256,
                Algorithm::Rs256,
                "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
            ),
        ]
    }

    #[test]
    fn the_examples_of_the_standards_verify_and_no_change_of_them_does() {
        for (json, algorithm, token) in examples() {
            let key = key(json).unwrap();
            assert_eq!(key.algorithm, algorithm);
            let (message, signature) = token.rsplit_once('.').unwrap();
            let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            assert!(key.verifies(message.as_bytes(), &signature), "{algorithm:?}");
            assert!(
                !key.verifies(&message.as_bytes()[1..], &signature),
                "{algorithm:?}"
            );
            assert!(
                !key.verifies(message.as_bytes(), &signature[1..]),
                "{algorithm:?}"
            );
            assert!(!key.verifies(message.as_bytes(), &[]), "{algorithm:?}");
            signature[20] ^= 1;
            assert!(!key.verifies(message.as_bytes(), &signature), "{algorithm:?}");
        }
    }

    #[test]
    fn a_key_is_for_its_own_algorithm_alone() {
        let with = |json: &str, more: &str| format!("{},{more}}}", json.trim_end_matches('}'));
        assert_eq!(
            key(&with(ED25519, r#""alg":"EdDSA","use":"sig","kid":"a""#))
                .unwrap()
                .id
                .as_deref(),
            Some("a")
        );
        for alg in ["none", "HS256", "ES256", "PS256", "eddsa"] {
            let json = with(ED25519, &format!(r#""alg":"{alg}""#));
            assert_eq!(
                key(&json).unwrap_err(),
                KeyError::OtherAlgorithm("EdDSA"),
                "{alg}"
            );
        }
        assert_eq!(
            key(&with(RS256, r#""alg":"RS512""#)).unwrap_err(),
            KeyError::OtherAlgorithm("RS256")
        );
        assert_eq!(
            key(&with(ES256, r#""use":"enc""#)).unwrap_err(),
            KeyError::OtherUse
        );
        assert_eq!(
            key(&with(ES256, r#""key_ops":["sign"]"#)).unwrap_err(),
            KeyError::OtherUse
        );
    }

    #[test]
    fn keys_that_prove_nothing_are_refused() {
        let zero = "A".repeat(43);
        let small = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, "_".repeat(128));
        let even = format!(r#"{{"kty":"RSA","n":"{}","e":"AQAC"}}"#, "_".repeat(344));
        for (json, expected) in [
            (r#"{"kty":"oct"}"#.to_owned(), KeyError::Unsupported),
            (r#"{"kty":"EC","crv":"P-384"}"#.to_owned(), KeyError::Unsupported),
            (
                r#"{"kty":"OKP","crv":"Ed25519"}"#.to_owned(),
                KeyError::Missing("x"),
            ),
            (
                r#"{"kty":"OKP","crv":"Ed25519","x":"+"}"#.to_owned(),
                KeyError::NotBase64("x"),
            ),
            (
                r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#.to_owned(),
                KeyError::Invalid,
            ),
            (
                format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{zero}"}}"#),
                KeyError::Invalid,
            ),
            (
                format!(r#"{{"kty":"EC","crv":"P-256","x":"{zero}","y":"{zero}"}}"#),
                KeyError::Invalid,
            ),
            (RS256.replace("AQAB", "Aw"), KeyError::WeakRsa),
            (small, KeyError::WeakRsa),
            (even, KeyError::WeakRsa),
        ] {
            assert_eq!(key(&json).unwrap_err(), expected, "{json}");
        }
    }

    #[test]
    fn a_private_key_has_no_place_in_a_configuration() {
        let json = format!("{},\"d\":\"AAAA\"}}", ED25519.trim_end_matches('}'));
        let error = serde_json::from_str::<JsonWebKey>(&json).unwrap_err().to_string();
        assert!(error.contains("unknown field `d`"), "{error}");
    }
}
