//! What the log is called, and the key that signs it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aecp_evidence::checkpoint::{KeyError, LogSigner, VerifierKey};
use aecp_gateway::state::{Roots, RootsError};
use aecp_trust::enrolment::{Enrolment, EnrolmentError};
use aecp_trust::root::RootChain;

use crate::config::RecorderConfig;

/// Why it is not known what the log is called or which key signs it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// A file cannot be read.
    #[error("cannot read `{path}`: {error}")]
    Io { path: PathBuf, error: std::io::Error },
    /// The trust root cannot be used.
    #[error("`{path}`: {error}")]
    Root { path: PathBuf, error: RootsError },
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
    /// The trust root that is configured, where following begins.
    pub(super) root: RootChain,
    pub(super) labels: BTreeMap<String, String>,
    /// The log's key, which is the one that the enrolment names.
    pub(super) signer: LogSigner,
}

pub(super) fn load(config: &RecorderConfig) -> Result<Identity, IdentityError> {
    let RecorderConfig {
        root: root_file,
        enrolment: enrolment_file,
        key,
        gateway,
        ..
    } = config;
    // An expired root ends all decisions but not the evidence of that; who this is has been said while it held.
    let failed = |error: RootsError| IdentityError::Root {
        path: root_file.clone(),
        error,
    };
    let first = read(root_file)?;
    let root = RootChain::new(&first).map_err(|error| failed(error.into()))?;
    let roots = Roots::open(gateway, &first).map_err(failed)?;
    let enrolment = Enrolment::open(&read(enrolment_file)?, roots.newest()).map_err(|error| {
        IdentityError::Enrolment {
            path: enrolment_file.clone(),
            error,
        }
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
