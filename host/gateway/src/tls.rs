//! Certificates and keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::config::TlsConfig;

mod identity;

pub(crate) use identity::Identity;

/// TLS that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that is not the PEM that it should be.
    #[error("`{path}`: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Certificate and key do not make a server, or the library lacks something.
    #[error("TLS: {0}")]
    Setup(#[from] rustls::Error),
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |problem: String| TlsError::File {
        path: path.to_owned(),
        problem,
    };
    let read = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
    let read: Vec<_> = read
        .collect::<Result<_, _>>()
        .map_err(|error| failed(error.to_string()))?;
    if read.is_empty() {
        Err(failed("it holds no certificate".to_owned()))
    } else {
        Ok(read)
    }
}

/// What a listener speaks TLS with, and who it is.
pub(crate) fn server(config: &TlsConfig) -> Result<(Arc<ServerConfig>, Arc<Identity>), TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let identity = Arc::new(Identity::new(config, Arc::clone(&provider))?);
    let shown: Arc<Identity> = Arc::clone(&identity);
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(shown);
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok((Arc::new(server), identity))
}

/// What upstreams are spoken to with; without authorities, no `https` upstream is trusted.
pub(crate) fn client(authorities: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = authorities {
        for certificate in certificates(path)? {
            roots.add(certificate)?;
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(client.with_root_certificates(roots).with_no_client_auth())
}
