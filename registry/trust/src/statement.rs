//! What is in the envelopes: in-toto statements, version 1 (<https://github.com/in-toto/attestation>).
//!
//! A statement says something (its predicate) about subjects, which it names by digest.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::dsse::{Envelope, EnvelopeError};
use crate::json::{self, JsonError};
use crate::key::{Quorum, Signer, SigningFailed};
use aecp_vocabulary::digest::{Digest, InvalidDigest};

/// The type of every statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Predicate type: where a component comes from, [`crate::attestation::Attestation`].
pub const ATTESTATION_TYPE: &str = "urn:aecp:attestation:component:v1";
/// Predicate type: what an enforcement point runs, [`crate::bundle::Bundle`].
pub const BUNDLE_TYPE: &str = "urn:aecp:bundle:v1";
/// Predicate type: which bundle is the current one, [`crate::freshness::Freshness`].
pub const FRESHNESS_TYPE: &str = "urn:aecp:freshness:v1";
/// Predicate type: what a reviewer says of a component, [`crate::review::Review`].
pub const REVIEW_TYPE: &str = "urn:aecp:review:v1";
/// Predicate type: who an enforcement point is, [`crate::enrolment::Enrolment`].
pub const ENROLMENT_TYPE: &str = "urn:aecp:enrolment:v1";
/// Predicate type: what became of an offered bundle, [`crate::receipt::Receipt`].
pub const RECEIPT_TYPE: &str = "urn:aecp:receipt:v1";

/// Something that can be said of subjects.
pub trait Predicate: Serialize + DeserializeOwned {
    /// The URI that statements name it by.
    const TYPE: &'static str;
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// A name for people. It proves nothing.
    pub name: String,
    digest: DigestSet,
}

/// Members for other algorithms are ignored; SHA-256 must be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DigestSet {
    #[serde(with = "bare_hex")]
    sha256: Digest,
}

/// Something said of subjects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement<P> {
    #[serde(rename = "_type")]
    statement_type: String,
    /// What it is about.
    pub subject: Vec<Subject>,
    predicate_type: String,
    /// What it says.
    pub predicate: P,
}

/// A statement out of an envelope that enough keys have signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened<P> {
    /// The statement.
    pub statement: Statement<P>,
    /// SHA-256 of the statement's bytes, which names it whatever its signatures.
    pub digest: Digest,
}

/// An envelope whose statement cannot be relied upon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// The envelope does not hold.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The payload is not a statement with the predicate that was expected.
    #[error("not a statement with predicate `{expected}`: {error}")]
    Malformed {
        /// The predicate type.
        expected: &'static str,
        /// What is wrong.
        error: JsonError,
    },
    /// A statement of another type, or with another predicate: a signature for one thing used for another.
    #[error(
        "statement `{statement}` with predicate `{predicate}`, expected `{STATEMENT_TYPE}` with `{expected}`"
    )]
    Type {
        /// The type that it has.
        statement: String,
        /// The predicate type that it has.
        predicate: String,
        /// The predicate type that was expected.
        expected: &'static str,
    },
}

/// A statement that could not be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// It cannot be written, or it is too large to be read.
    #[error("the statement cannot be written: {0}")]
    Unwritable(String),
    /// A signer did not sign.
    #[error(transparent)]
    Signing(#[from] SigningFailed),
}

/// The types of a statement, read before the rest so that the error can say what it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Types {
    #[serde(rename = "_type")]
    statement_type: String,
    predicate_type: String,
}

impl Subject {
    /// A subject.
    pub fn new(name: impl Into<String>, digest: Digest) -> Self {
        Self {
            name: name.into(),
            digest: DigestSet { sha256: digest },
        }
    }

    /// The digest that it is known by.
    pub fn digest(&self) -> Digest {
        self.digest.sha256
    }
}

impl<P: Predicate> Statement<P> {
    /// Says `predicate` of `subject`.
    pub fn new(subject: Vec<Subject>, predicate: P) -> Self {
        Self {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject,
            predicate_type: P::TYPE.to_owned(),
            predicate,
        }
    }

    /// The statement in an envelope, with a signature of each signer. The same statement makes the same bytes.
    ///
    /// # Errors
    /// The statement has no JSON, or is too large; a signer did not sign.
    pub fn seal(&self, signers: &[&dyn Signer]) -> Result<Envelope, SignError> {
        let payload = serde_json::to_vec(self).map_err(|error| SignError::Unwritable(error.to_string()))?;
        let mut envelope = Envelope::new(payload);
        for signer in signers {
            envelope.sign(*signer)?;
        }
        envelope
            .to_json()
            .map_err(|error| SignError::Unwritable(error.to_string()))?;
        Ok(envelope)
    }

    /// Whether the subjects are these digests, no more and no fewer.
    pub fn is_about(&self, digests: impl IntoIterator<Item = Digest>) -> bool {
        let mut given: Vec<_> = self.subject.iter().map(Subject::digest).collect();
        let mut wanted: Vec<_> = digests.into_iter().collect();
        given.sort_unstable();
        wanted.sort_unstable();
        given == wanted
    }
}

/// Reads an envelope, verifies it by `quorum`, and only then looks at the statement in it.
///
/// # Errors
/// The envelope does not hold, or holds something else.
pub fn open<P: Predicate>(envelope: &[u8], quorum: &Quorum) -> Result<Opened<P>, StatementError> {
    let envelope = Envelope::from_json(envelope)?;
    let payload = envelope.verify(quorum)?;
    Ok(Opened {
        statement: read(payload)?,
        digest: Digest::of(payload),
    })
}

/// Reads the statement in an envelope that nobody has verified: to show it, never to act on it.
///
/// # Errors
/// It is not an envelope, or holds something else.
pub fn open_unverified<P: Predicate>(envelope: &[u8]) -> Result<Opened<P>, StatementError> {
    let envelope = Envelope::from_json(envelope)?;
    let payload = envelope.unverified_payload();
    Ok(Opened {
        statement: read(payload)?,
        digest: Digest::of(payload),
    })
}

fn read<P: Predicate>(payload: &[u8]) -> Result<Statement<P>, StatementError> {
    let malformed = |error| StatementError::Malformed {
        expected: P::TYPE,
        error,
    };
    let types: Types = json::from_slice(payload).map_err(malformed)?;
    if types.statement_type != STATEMENT_TYPE || types.predicate_type != P::TYPE {
        let cut = |text: String| text.chars().take(128).collect();
        return Err(StatementError::Type {
            statement: cut(types.statement_type),
            predicate: cut(types.predicate_type),
            expected: P::TYPE,
        });
    }
    json::from_slice(payload).map_err(malformed)
}

/// in-toto writes digests without a prefix.
mod bare_hex {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::{Digest, InvalidDigest};

    pub(super) fn serialize<S: Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&digest.hex())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = String::deserialize(deserializer)?;
        Digest::from_hex(&text).map_err(|error: InvalidDigest| serde::de::Error::custom(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Remark(String);

    impl Predicate for Remark {
        const TYPE: &'static str = "urn:aecp:test:remark";
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct Other(String);

    impl Predicate for Other {
        const TYPE: &'static str = "urn:aecp:test:other";
    }

    #[test]
    fn a_statement_is_what_in_toto_reads() {
        let statement = Statement::new(vec![Subject::new("x", Digest::of(b"x"))], Remark("y".into()));
        let json = serde_json::to_string(&statement).unwrap();
        let expected = format!(
            r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"x","digest":{{"sha256":"{}"}}}}],"#,
            Digest::of(b"x").hex()
        ) + r#""predicateType":"urn:aecp:test:remark","predicate":"y"}"#;
        assert_eq!(json, expected);
    }

    #[test]
    fn a_statement_of_one_kind_is_not_one_of_another() {
        let key = SigningKey::from_seed(&[1; 32]).unwrap();
        let quorum = Quorum::new([key.public_key().clone()], 1).unwrap();
        let statement = Statement::new(Vec::new(), Remark("y".into()));
        let sealed = statement.seal(&[&key]).unwrap().to_json().unwrap();
        let opened = open::<Remark>(&sealed, &quorum).unwrap();
        assert_eq!(opened.statement, statement);
        assert_eq!(
            opened.digest,
            Digest::of(&serde_json::to_vec(&statement).unwrap())
        );
        assert!(matches!(
            open::<Other>(&sealed, &quorum),
            Err(StatementError::Type { .. })
        ));
        let another =
            Quorum::new([SigningKey::from_seed(&[2; 32]).unwrap().public_key().clone()], 1).unwrap();
        assert!(matches!(
            open::<Remark>(&sealed, &another),
            Err(StatementError::Envelope(_))
        ));
    }
}
