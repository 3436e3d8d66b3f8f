//! A listener's certificate and key, taken anew when their files are replaced: no restart, no connection lost.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{TlsError, certificates};
use crate::config::TlsConfig;
use crate::shutdown::Shutdown;

/// How often the files are looked at: every second.
const PACE: Duration = Duration::from_secs(1);

/// What a listener shows to its clients.
#[derive(Debug)]
pub(crate) struct Identity {
    config: TlsConfig,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<CertifiedKey>,
    seen: Mutex<Seen>,
}

/// Which files were looked at last, whether they could be used or not.
type Seen = [Option<(u64, u64, i64, i64)>; 2];

impl Identity {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// They are not what they should be, or certificate and key do not fit each other.
    pub(super) fn new(config: &TlsConfig, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let seen = Mutex::new(look(config));
        let current = ArcSwap::from_pointee(read(config, &provider)?);
        Ok(Self {
            config: config.clone(),
            provider,
            current,
            seen,
        })
    }

    /// Looks at the files until shutdown begins.
    pub(crate) async fn watch(self: Arc<Self>, mut shutdown: Shutdown) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(PACE) => {}
                () = shutdown.began() => return,
            }
            let this = Arc::clone(&self);
            // What comes of it is logged there.
            let _ = tokio::task::spawn_blocking(move || this.refresh()).await;
        }
    }

    /// Takes the files if they have changed. Those that do not fit leave the old ones in use, and are told once.
    fn refresh(&self) {
        let now = look(&self.config);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == now {
                return;
            }
            *seen = now;
        }
        let certificate = self.config.certificate.display();
        match read(&self.config, &self.provider) {
            Ok(new) => {
                self.current.store(Arc::new(new));
                tracing::info!(%certificate, "the listener's certificate was replaced");
            }
            // One of two files may just be written; then the other is seen next time.
            Err(error) => tracing::error!(%certificate, %error, "the listener keeps its old certificate"),
        }
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

fn look(config: &TlsConfig) -> Seen {
    let identity = |path: &Path| -> io::Result<_> {
        let found = fs::metadata(path)?;
        Ok((found.ino(), found.size(), found.mtime(), found.mtime_nsec()))
    };
    [&config.certificate, &config.key].map(|path| identity(path).ok())
}

fn read(config: &TlsConfig, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(&config.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&config.key).map_err(|error| TlsError::File {
        path: config.key.clone(),
        problem: error.to_string(),
    })?;
    Ok(CertifiedKey::from_der(chain, key, provider)?)
}
