//! What the log is called, and the key that signs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aecp_evidence::checkpoint::{KeyError, LogSigner, VerifierKey};
use aecp_trust::TrustRoot;
use aecp_trust::enrolment::{Enrolment, EnrolmentError};
use aecp_trust::root::RootError;
use jiff::Timestamp;

use crate::config::RecorderConfig;

/// Why it is not known what the log is called or which key signs it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Io { path: PathBuf, error: std::io::Error },
    /// The trust root cannot be used.
    #[error("`{path}`: {error}")]
    Root { path: PathBuf, error: RootError },
    /// The enrolment does not hold.
    #[error("`{path}`: {error}")]
    Enrolment { path: PathBuf, error: EnrolmentError },
    /// The enrolment's log key is none.
    #[error("`{path}`: the enrolment's log key: {error}")]
    LogKey { path: PathBuf, error: KeyError },
    /// The private key cannot be used.
    #[error("`{path}`: {error}")]
    PrivateKey { path: PathBuf, error: KeyError },
    /// The private key is not that of the enrolment.
    #[error("`{path}` is the key `{given}`, but `{enrolment}` says that the log is signed by `{enrolled}`")]
    OtherKey {
        path: PathBuf,
        given: String,
        enrolment: PathBuf,
        enrolled: String,
    },
}

/// Who this enforcement point is.
pub(super) struct Identity {
    pub(super) root: TrustRoot,
    pub(super) labels: BTreeMap<String, String>,
    /// The log's key, which is the one that the enrolment names.
    pub(super) signer: LogSigner,
}

pub(super) fn load(config: &RecorderConfig) -> Result<Identity, IdentityError> {
    let RecorderConfig {
        root: root_file,
        enrolment: enrolment_file,
        key,
        ..
    } = config;
    // An expired root ends all decisions but not the evidence of that; who this is has been said while it held.
    let root = TrustRoot::parse(&read(root_file)?, Timestamp::MIN).map_err(|error| IdentityError::Root {
        path: root_file.clone(),
        error,
    })?;
    let enrolment =
        Enrolment::open(&read(enrolment_file)?, &root).map_err(|error| IdentityError::Enrolment {
            path: enrolment_file.clone(),
            error,
        })?;
    let enrolled: VerifierKey = enrolment.log_key.parse().map_err(|error| IdentityError::LogKey {
        path: enrolment_file.clone(),
        error,
    })?;
    let pem = read(key)?;
    let signer = LogSigner::from_pem(enrolled.name(), &String::from_utf8_lossy(&pem)).map_err(|error| {
        IdentityError::PrivateKey {
            path: key.clone(),
            error,
        }
    })?;
    if signer.verifier() != enrolled {
        return Err(IdentityError::OtherKey {
            path: key.clone(),
            given: signer.verifier().to_string(),
            enrolment: enrolment_file.clone(),
            enrolled: enrolled.to_string(),
        });
    }
    Ok(Identity {
        root,
        labels: enrolment.labels,
        signer,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, IdentityError> {
    std::fs::read(path).map_err(|error| IdentityError::Io {
        path: path.to_owned(),
        error,
    })
}
