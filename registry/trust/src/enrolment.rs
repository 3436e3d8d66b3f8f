//! Who an enforcement point is: a signed statement gives it its name, its labels and its keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::key::{PublicKey, Signer};
use crate::root::{Role, TrustRoot};
use crate::statement::{self, ENROLMENT_TYPE, Predicate, SignError, Statement, StatementError, Subject};

/// Who an enforcement point is. The statement's subject is the receipt key, by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// Its name, unique among the enforcement points of one trust root.
    pub name: String,
    /// What bundles select it by.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Verifies the checkpoints of its log: a verifier key of C2SP signed notes, `name+hash+base64`.
    pub log_key: String,
    /// Verifies the receipts that it gives.
    pub receipt_key: PublicKey,
}

/// An enrolment that does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrolmentError {
    /// It does not hold, or is something else.
    #[error("enrolment: {0}")]
    Statement(#[from] StatementError),
    /// It names no one, or its subject is not the receipt key.
    #[error("enrolment: {0}")]
    Malformed(&'static str),
}

impl Predicate for Enrolment {
    const TYPE: &'static str = ENROLMENT_TYPE;
}

impl Enrolment {
    /// The signed envelope, JSON.
    ///
    /// # Errors
    /// A signer did not sign.
    pub fn seal(self, signers: &[&dyn Signer]) -> Result<Vec<u8>, SignError> {
        let subject = vec![Subject::new(self.name.clone(), self.receipt_key.id().digest())];
        let envelope = Statement::new(subject, self).seal(signers)?;
        envelope
            .to_json()
            .map_err(|error| SignError::Unwritable(error.to_string()))
    }

    /// Opens an enrolment by the enrolment role.
    ///
    /// # Errors
    /// The envelope does not hold, holds something else, names no one, or has another subject than the receipt key.
    pub fn open(envelope: &[u8], root: &TrustRoot) -> Result<Self, EnrolmentError> {
        let opened = statement::open::<Self>(envelope, root.quorum(Role::Enrolment))?;
        let said = &opened.statement.predicate;
        if said.name.is_empty() || said.log_key.is_empty() {
            return Err(EnrolmentError::Malformed("name and log key must not be empty"));
        }
        if !opened.statement.is_about([said.receipt_key.id().digest()]) {
            return Err(EnrolmentError::Malformed("the subject is not the receipt key"));
        }
        Ok(opened.statement.predicate)
    }
}
