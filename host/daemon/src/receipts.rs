//! Who the agent gives receipts for, and the key that signs them.

use std::path::{Path, PathBuf};

use aecp_agent::Receipts;
use aecp_agent::receipts::OtherReceiptKey;
use aecp_gateway::state::{Roots, RootsError};
use aecp_trust::SigningKey;
use aecp_trust::enrolment::{Enrolment, EnrolmentError};
use aecp_trust::key::KeyError;

use crate::config::ReceiptConfig;

/// Why no receipts can be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiptsError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Io { path: PathBuf, error: std::io::Error },
    /// The trust root cannot be used.
    #[error("`{path}`: {error}")]
    Root { path: PathBuf, error: RootsError },
    /// The enrolment does not hold.
    #[error("`{path}`: {error}")]
    Enrolment { path: PathBuf, error: EnrolmentError },
    /// The private key cannot be used.
    #[error("`{path}`: {error}")]
    Key { path: PathBuf, error: KeyError },
    /// The private key is not that of the enrolment.
    #[error("`{path}`: {error}")]
    OtherKey { path: PathBuf, error: OtherReceiptKey },
}

/// Takes the receipt key into use.
///
/// # Errors
/// A file cannot be read or used, or the key is not the one that the enrolment names.
pub(crate) fn load(config: &ReceiptConfig) -> Result<Receipts, ReceiptsError> {
    let ReceiptConfig {
        key: key_file,
        root: root_file,
        enrolment: enrolment_file,
        gateway,
    } = config;
    // The gateway keeps the newer roots; an expired one has said who this is while it held.
    let roots = Roots::open(gateway, &read(root_file)?).map_err(|error| ReceiptsError::Root {
        path: root_file.clone(),
        error,
    })?;
    let enrolment = Enrolment::open(&read(enrolment_file)?, roots.newest()).map_err(|error| {
        ReceiptsError::Enrolment {
            path: enrolment_file.clone(),
            error,
        }
    })?;
    let pem = read(key_file)?;
    let key = SigningKey::from_pem(&String::from_utf8_lossy(&pem)).map_err(|error| ReceiptsError::Key {
        path: key_file.clone(),
        error,
    })?;
    Receipts::new(&enrolment, Box::new(key)).map_err(|error| ReceiptsError::OtherKey {
        path: key_file.clone(),
        error,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, ReceiptsError> {
    std::fs::read(path).map_err(|error| ReceiptsError::Io {
        path: path.to_owned(),
        error,
    })
}
