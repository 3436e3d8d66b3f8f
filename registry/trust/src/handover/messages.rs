//! One line of JSON each way: the agent offers, the gateway answers.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::json;
use aecp_vocabulary::digest::Digest;

/// Most bytes of one message, its line feed included: 64 KiB.
pub const MESSAGE_LIMIT: usize = 64 * 1024;

/// The agent has a bundle for the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The folder, absolute, UTF-8. The agent keeps it until the gateway has answered.
    pub folder: PathBuf,
}

/// What became of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    /// Requests are now decided under this bundle.
    Activated {
        /// The bundle's digest.
        bundle: Digest,
        /// Its epoch.
        epoch: u64,
        /// The version of the trust root that counts.
        trust_root: u64,
    },
    /// The bundle was active already. Its freshness may have been renewed.
    Unchanged {
        /// The bundle's digest.
        bundle: Digest,
        /// Its epoch.
        epoch: u64,
        /// The version of the trust root that counts.
        trust_root: u64,
    },
    /// Nothing has changed at the gateway.
    Refused {
        /// The refusal's short name, [`crate::Refusal::code`] if verification refused.
        code: String,
        /// What was refused and why, as a sentence.
        reason: String,
        /// The version of the trust root that counts.
        trust_root: u64,
    },
}

/// A line that is not the message that was expected.
#[derive(Debug, thiserror::Error)]
#[error("malformed message: {message}")]
pub struct MalformedMessage {
    message: String,
}

impl Offer {
    /// The message as one line, its line feed included.
    pub fn to_line(&self) -> String {
        to_line(self)
    }

    /// Reads one line, with or without its line feed.
    ///
    /// # Errors
    /// Any other text, or more than [`MESSAGE_LIMIT`] bytes.
    pub fn from_line(line: &str) -> Result<Self, MalformedMessage> {
        from_line(line)
    }
}

impl Answer {
    /// The message as one line, its line feed included. A reason that is too long is cut.
    pub fn to_line(&self) -> String {
        match self {
            Self::Refused {
                code,
                reason,
                trust_root,
            } => {
                // Escaping can make six bytes of one, and the rest of the message needs some too.
                let reason = reason.chars().take(MESSAGE_LIMIT / 16).collect();
                to_line(&Self::Refused {
                    code: code.clone(),
                    reason,
                    trust_root: *trust_root,
                })
            }
            _ => to_line(self),
        }
    }

    /// Reads one line, with or without its line feed.
    ///
    /// # Errors
    /// Any other text, or more than [`MESSAGE_LIMIT`] bytes.
    pub fn from_line(line: &str) -> Result<Self, MalformedMessage> {
        from_line(line)
    }
}

fn to_line<T: Serialize>(message: &T) -> String {
    // A path that is not UTF-8 is the one thing that has no JSON; an empty line is refused by the reader.
    let mut line = serde_json::to_string(message).unwrap_or_default();
    line.push('\n');
    line
}

fn from_line<T: DeserializeOwned>(line: &str) -> Result<T, MalformedMessage> {
    if line.len() > MESSAGE_LIMIT {
        return Err(MalformedMessage {
            message: format!("more than {MESSAGE_LIMIT} bytes"),
        });
    }
    json::from_slice(line.as_bytes()).map_err(|error| MalformedMessage {
        message: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_lines() {
        let offer = Offer {
            folder: "/run/aecp/inbox/7".into(),
        };
        assert_eq!(offer.to_line(), "{\"folder\":\"/run/aecp/inbox/7\"}\n");
        assert_eq!(Offer::from_line(&offer.to_line()).unwrap(), offer);
        let bundle = Digest::of(b"bundle");
        for answer in [
            Answer::Activated {
                bundle,
                epoch: 7,
                trust_root: 2,
            },
            Answer::Unchanged {
                bundle,
                epoch: 7,
                trust_root: 2,
            },
            Answer::Refused {
                code: "rollback".into(),
                reason: "epoch 6 is older\nthan 7".into(),
                trust_root: 2,
            },
        ] {
            let line = answer.to_line();
            assert_eq!(line.matches('\n').count(), 1);
            assert_eq!(Answer::from_line(&line).unwrap(), answer);
        }
    }

    #[test]
    fn a_long_reason_still_fits() {
        let answer = Answer::Refused {
            code: "bundle".into(),
            reason: "\u{1}".repeat(100_000),
            trust_root: 1,
        };
        assert!(answer.to_line().len() <= MESSAGE_LIMIT);
        assert!(Answer::from_line(&answer.to_line()).is_ok());
    }

    #[test]
    fn anything_else_is_refused() {
        for line in [
            "",
            "{}",
            "{\"folder\":\"a\",\"b\":1}",
            "{\"folder\":\"a\",\"folder\":\"b\"}",
            "[]",
        ] {
            assert!(Offer::from_line(line).is_err(), "{line}");
        }
        assert!(Offer::from_line(&format!("{{\"folder\":\"{}\"}}", "a".repeat(MESSAGE_LIMIT))).is_err());
    }
}
