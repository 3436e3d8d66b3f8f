//! What became of an offered bundle, in the words of the enforcement point that it was offered to, signed.
//!
//! The key is the one that the enrolment of the enforcement point names, so nobody else can say it, and a receipt of one
//! enforcement point is not one of another.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::dsse::Envelope;
use crate::enrolment::Enrolment;
use crate::handover::Answer;
use crate::key::{Quorum, Signer};
use crate::statement::{self, Predicate, RECEIPT_TYPE, SignError, Statement, StatementError, Subject};
use aecp_vocabulary::digest::Digest;

/// What became of an offered bundle. The statement's subject is the bundle that was offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The enforcement point, by the name in its enrolment.
    pub enforcement_point: String,
    /// What was offered, see [`offered`].
    pub bundle: Digest,
    /// When the gateway answered.
    pub time: Timestamp,
    /// What it answered.
    pub outcome: Outcome,
    /// The version of the trust root that counted.
    pub trust_root_version: u64,
}

/// What became of an offer.
///
/// In JSON: an object of one key, as in `{"activated": {"epoch": 7}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// Requests are decided under the bundle from then on.
    Activated {
        /// Its epoch.
        epoch: u64,
    },
    /// Requests were decided under the bundle already.
    Unchanged {
        /// Its epoch.
        epoch: u64,
    },
    /// The bundle was refused. Of a refused bundle nothing is known but its digest.
    Refused {
        /// The refusal's short name.
        code: String,
        /// What was refused and why, as a sentence.
        reason: String,
    },
}

/// A receipt that cannot be relied upon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It does not hold by the receipt key of the enrolment, or is something else.
    #[error("receipt: {0}")]
    Statement(#[from] StatementError),
    /// The enrolment's receipt key makes no quorum.
    #[error("receipt: the enrolment of `{0}` has no usable receipt key")]
    Key(String),
    /// It names another enforcement point than the enrolment.
    #[error("receipt: it is of `{given}`, the enrolment is of `{enrolled}`")]
    OtherPoint {
        /// The enforcement point that it names.
        given: String,
        /// The enforcement point of the enrolment.
        enrolled: String,
    },
    /// Its subject is another bundle than it speaks of.
    #[error("receipt: its subject is not the bundle {0} that it speaks of")]
    OtherBundle(Digest),
}

impl Predicate for Receipt {
    const TYPE: &'static str = RECEIPT_TYPE;
}

impl Receipt {
    /// The receipt for what a gateway has answered; `offered` is what the function of this name says of the delivery.
    pub fn new(enforcement_point: &str, offered: Digest, time: Timestamp, answer: &Answer) -> Self {
        let (bundle, outcome, trust_root_version) = match answer.clone() {
            // A gateway says which bundle it runs, and it has verified that.
            Answer::Activated {
                bundle,
                epoch,
                trust_root,
            } => (bundle, Outcome::Activated { epoch }, trust_root),
            Answer::Unchanged {
                bundle,
                epoch,
                trust_root,
            } => (bundle, Outcome::Unchanged { epoch }, trust_root),
            Answer::Refused {
                code,
                reason,
                trust_root,
            } => (offered, Outcome::Refused { code, reason }, trust_root),
        };
        Self {
            enforcement_point: enforcement_point.to_owned(),
            bundle,
            time,
            outcome,
            trust_root_version,
        }
    }

    /// The epoch of the bundle that is in force since; none if it was refused.
    pub fn epoch(&self) -> Option<u64> {
        match self.outcome {
            Outcome::Activated { epoch } | Outcome::Unchanged { epoch } => Some(epoch),
            Outcome::Refused { .. } => None,
        }
    }

    /// The signed envelope, JSON.
    ///
    /// # Errors
    /// The signer did not sign.
    pub fn seal(self, signer: &dyn Signer) -> Result<Vec<u8>, SignError> {
        let subject = vec![Subject::new("bundle", self.bundle)];
        let envelope = Statement::new(subject, self).seal(&[signer])?;
        envelope
            .to_json()
            .map_err(|error| SignError::Unwritable(error.to_string()))
    }

    /// Opens a receipt by the enrolment of the enforcement point that is said to have given it.
    ///
    /// # Errors
    /// The envelope does not hold by the enrolment's receipt key, holds something else, names another enforcement
    /// point, or is about another bundle than it speaks of.
    pub fn open(envelope: &[u8], enrolment: &Enrolment) -> Result<Self, ReceiptError> {
        let quorum = Quorum::new([enrolment.receipt_key.clone()], 1)
            .map_err(|_| ReceiptError::Key(enrolment.name.clone()))?;
        let opened = statement::open::<Self>(envelope, &quorum)?;
        let said = &opened.statement.predicate;
        if said.enforcement_point != enrolment.name {
            return Err(ReceiptError::OtherPoint {
                given: said.enforcement_point.chars().take(128).collect(),
                enrolled: enrolment.name.clone(),
            });
        }
        if !opened.statement.is_about([said.bundle]) {
            return Err(ReceiptError::OtherBundle(said.bundle));
        }
        Ok(opened.statement.predicate)
    }
}

/// What was offered with this bundle envelope, which nobody has verified: the digest of its statement, by which bundles
/// are named; of the bytes themselves if they are no envelope.
pub fn offered(envelope: &[u8]) -> Digest {
    Envelope::from_json(envelope).map_or_else(
        |_| Digest::of(envelope),
        |envelope| Digest::of(envelope.unverified_payload()),
    )
}
