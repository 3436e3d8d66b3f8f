//! What bytes are called: their SHA-256.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, shown};

/// How many characters of hexadecimal a SHA-256 has.
const HEX_LENGTH: usize = 64;

/// The SHA-256 of some bytes, spelled `sha256:` and 64 lower-case hexadecimal digits.
///
/// OCI knows other algorithms too. They are refused: one name for one content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A digest that is known already.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 hexadecimal digits, without the algorithm.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Reads 64 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// [`Error::InvalidDigest`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, Error> {
        let invalid = |reason| Error::InvalidDigest {
            text: shown(text),
            reason,
        };
        if text.len() != HEX_LENGTH {
            return Err(invalid("expected 64 hexadecimal digits"));
        }
        if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(invalid("only the digits 0 to 9 and a to f are allowed"));
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| invalid("not hexadecimal"))?;
        Ok(Self(bytes))
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |reason| Error::InvalidDigest {
            text: shown(text),
            reason,
        };
        let (algorithm, encoded) = text
            .split_once(':')
            .ok_or_else(|| invalid("expected an algorithm, `:` and hexadecimal digits"))?;
        if algorithm != "sha256" {
            return Err(invalid("only the algorithm sha256 is supported"));
        }
        Self::from_hex(encoded)
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

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_as_it_was_written() {
        let digest = Digest::of(b"abc");
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse::<Digest>().unwrap(), digest);
    }

    #[test]
    fn what_is_no_digest_is_refused_with_the_reason() {
        let upper = format!("sha256:{}", "A".repeat(64));
        let traversal = format!("sha256:../../{}", "a".repeat(58));
        let newline = format!("sha256:{}\n", "a".repeat(63));
        for (bad, reason) in [
            ("sha512:00", "only the algorithm sha256"),
            ("sha256:00", "expected 64"),
            ("00", "expected an algorithm"),
            (upper.as_str(), "digits 0 to 9"),
            (traversal.as_str(), "digits 0 to 9"),
            (newline.as_str(), "digits 0 to 9"),
        ] {
            let error = bad.parse::<Digest>().unwrap_err().to_string();
            assert!(error.contains(reason), "{bad}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_long_text_is_shown_cut() {
        let error = "x".repeat(1_000_000).parse::<Digest>().unwrap_err().to_string();
        assert!(error.len() < 400, "{}", error.len());
    }
}
