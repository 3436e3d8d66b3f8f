//! SHA-256 digests, the names of bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// How many hexadecimal digits a digest has.
const HEX_LENGTH: usize = 64;

/// Most characters of a wrong text that an error repeats.
const SHOWN: usize = 80;

/// A SHA-256 digest. Its text is `sha256:` and 64 lower-case hexadecimal digits, as in OCI.
///
/// OCI knows other algorithms too. They are refused: one name for one content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a digest: {reason}; write `sha256:` and 64 lower-case hexadecimal digits")]
pub struct InvalidDigest {
    text: String,
    reason: &'static str,
}

impl InvalidDigest {
    fn new(text: &str, reason: &'static str) -> Self {
        let shown = text.chars().take(SHOWN);
        Self {
            text: shown.flat_map(char::escape_debug).collect(),
            reason,
        }
    }
}

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest that `bytes` are.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 lower-case hexadecimal digits without a prefix: the form in file names and in-toto.
    ///
    /// # Errors
    /// Any other text.
    pub fn from_hex(text: &str) -> Result<Self, InvalidDigest> {
        let invalid = |reason| Err(InvalidDigest::new(text, reason));
        if text.len() != HEX_LENGTH {
            return invalid("expected 64 hexadecimal digits");
        }
        if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return invalid("only the digits 0 to 9 and a to f are allowed");
        }
        let mut bytes = [0; 32];
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => invalid("not hexadecimal"),
        }
    }

    /// The digest as 64 lower-case hexadecimal digits without a prefix.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// The digest as bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason| InvalidDigest::new(text, reason);
        let (algorithm, hex) = text
            .split_once(':')
            .ok_or_else(|| invalid("expected an algorithm, `:` and hexadecimal digits"))?;
        if algorithm != "sha256" {
            return Err(invalid("only the algorithm sha256 is supported"));
        }
        Self::from_hex(hex).map_err(|error| invalid(error.reason))
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_text_is_the_one_of_oci() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
        assert_eq!(empty.parse::<Digest>(), Ok(Digest::of(b"")));
        assert_eq!(
            serde_json::to_string(&Digest::of(b"")).unwrap(),
            format!("\"{empty}\"")
        );
    }

    #[test]
    fn what_is_no_digest_is_refused_with_the_reason() {
        let upper = format!("sha256:{}", "A".repeat(64));
        let traversal = format!("sha256:../../{}", "a".repeat(58));
        let newline = format!("sha256:{}\n", "a".repeat(63));
        let long = format!("{}0", Digest::of(b"x"));
        for (bad, reason) in [
            ("sha512:00", "only the algorithm sha256"),
            ("sha256:00", "expected 64"),
            ("00", "expected an algorithm"),
            (upper.as_str(), "digits 0 to 9"),
            (traversal.as_str(), "digits 0 to 9"),
            (newline.as_str(), "digits 0 to 9"),
            (long.as_str(), "expected 64"),
        ] {
            let error = bad.parse::<Digest>().unwrap_err().to_string();
            assert!(error.contains(reason), "{bad}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
        assert!(Digest::from_hex(&Digest::of(b"x").hex().to_uppercase()).is_err());
    }

    #[test]
    fn a_long_text_is_shown_cut() {
        let error = "x".repeat(1_000_000).parse::<Digest>().unwrap_err().to_string();
        assert!(error.len() < 400, "{}", error.len());
    }
}
