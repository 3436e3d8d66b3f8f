//! Signing what the gateway has answered, by the key that the enrolment names.

use aecp_trust::enrolment::Enrolment;
use aecp_trust::handover::Answer;
use aecp_trust::key::KeyId;
use aecp_trust::receipt::Receipt;
use aecp_trust::statement::SignError;
use aecp_trust::{Digest, Signer};
use jiff::Timestamp;

/// Name of the newest receipt in the agent's folder.
pub const FILE: &str = "receipt.dsse.json";

/// Gives receipts in the name of one enforcement point.
pub struct Receipts {
    enforcement_point: String,
    signer: Box<dyn Signer + Send>,
}

/// The signer's key is not the one that the enrolment names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is the key `{given}`, but the enrolment of `{enforcement_point}` names `{enrolled}`")]
pub struct OtherReceiptKey {
    /// The enforcement point.
    pub enforcement_point: String,
    /// The key that signs.
    pub given: KeyId,
    /// The key that should.
    pub enrolled: KeyId,
}

impl Receipts {
    /// Receipts in the name of the enforcement point that `enrolment` names.
    ///
    /// # Errors
    /// Receipts by another key than that of the enrolment would hold for nobody.
    pub fn new(enrolment: &Enrolment, signer: Box<dyn Signer + Send>) -> Result<Self, OtherReceiptKey> {
        if *signer.public_key() != enrolment.receipt_key {
            return Err(OtherReceiptKey {
                enforcement_point: enrolment.name.clone(),
                given: signer.public_key().id(),
                enrolled: enrolment.receipt_key.id(),
            });
        }
        Ok(Self {
            enforcement_point: enrolment.name.clone(),
            signer,
        })
    }

    /// The signed receipt for `answer` to the offer of the bundle `offered`, JSON.
    pub(crate) fn seal(
        &self,
        offered: Digest,
        time: Timestamp,
        answer: &Answer,
    ) -> Result<Vec<u8>, SignError> {
        Receipt::new(&self.enforcement_point, offered, time, answer).seal(self.signer.as_ref())
    }
}

impl std::fmt::Debug for Receipts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipts")
            .field("enforcement_point", &self.enforcement_point)
            .field("key", &self.signer.public_key().id())
            .finish()
    }
}
