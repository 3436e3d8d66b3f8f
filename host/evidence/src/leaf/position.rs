//! Whose a leaf is, and where it stands among theirs.

use std::fmt;
use std::str::FromStr;

/// Who wrote a leaf: 16 random bytes, drawn anew by each process that opens a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterId(pub [u8; 16]);

impl WriterId {
    /// A new one.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

/// 32 hexadecimal digits.
impl fmt::Display for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A text that is not the id of a writer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a writer id: write 32 lower case hexadecimal digits")]
pub struct InvalidWriterId(String);

impl FromStr for WriterId {
    type Err = InvalidWriterId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 16];
        let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        match hex::decode_to_slice(text, &mut bytes) {
            Ok(()) if lower => Ok(Self(bytes)),
            _ => Err(InvalidWriterId(text.chars().take(64).collect())),
        }
    }
}

/// The place of a leaf among those of its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Who wrote it.
    pub writer: WriterId,
    /// Counted from 0, without gaps.
    pub sequence: u64,
}

/// `<writer>:<sequence>`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.writer, self.sequence)
    }
}
