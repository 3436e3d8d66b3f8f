//! Whom TLS connections trust.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// TLS that trusts the authorities in a PEM file, or (feature `user`) those that this machine trusts. Where there are
/// none, no certificate is accepted.
pub(super) fn client(authorities: Option<&Path>) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            let unusable = |reason: String| format!("the authorities in `{}`: {reason}", path.display());
            let read = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
            for certificate in read {
                let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
                roots
                    .add(certificate)
                    .map_err(|error| unusable(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(unusable("there is no certificate in it".to_owned()));
            }
        }
        #[cfg(feature = "user")]
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        #[cfg(not(feature = "user"))]
        None => {}
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(client.with_root_certificates(roots).with_no_client_auth())
}
