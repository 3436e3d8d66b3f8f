//! A gateway from its configuration to its end.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use aecp_engine::runtime::RuntimeError;
use aecp_engine::{Limits, Runtime};
use aecp_evidence::{Journal, JournalError, JournalLimits, LifecycleKind};
use aecp_trust::Delivery;
use aecp_trust::enrolment::{Enrolment, EnrolmentError};
use aecp_trust::handover::Answer;
use arc_swap::ArcSwapOption;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::admin::{Admin, AdminListener};
use crate::config::{AdminPlace, Config, ConfigError};
use crate::connection::Acceptor;
use crate::context::Environment;
use crate::enforce::Enforcer;
use crate::evidence::Recorder;
use crate::flow::Flow;
use crate::guard::Guard;
use crate::metrics::Metrics;
use crate::offers;
use crate::shutdown::{Shutdown, ShutdownControl, shutdown};
use crate::state::{Activation, Roots, RootsError, StoreError};
use crate::tls::{self, TlsError};
use crate::upstream::Upstreams;

/// Why a gateway does not start, or did not end well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// A value that is not allowed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that cannot be read.
    #[error("`gateway.{key}`, `{path}`: {error}")]
    File {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The trust root, or one that followed it, does not hold.
    #[error("`gateway.root`: {0}")]
    Root(#[from] RootsError),
    /// The enrolment does not hold.
    #[error("`gateway.enrolment`: {0}")]
    Enrolment(#[from] EnrolmentError),
    /// The engine cannot be set up.
    #[error(transparent)]
    Engine(#[from] RuntimeError),
    /// The evidence cannot be written.
    #[error("`gateway.evidence`: {0}")]
    Evidence(#[from] JournalError),
    /// The state cannot be read or written.
    #[error("`gateway.state`: {0}")]
    State(#[from] StoreError),
    /// Certificates or keys.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address or socket that cannot be listened on.
    #[error("cannot listen on `{place}`: {error}")]
    Listen {
        /// Where.
        place: String,
        /// Why.
        error: io::Error,
    },
    /// The operating system gives no randomness.
    #[error("no randomness: {0}")]
    Randomness(io::Error),
}

/// What a listener speaks TLS with, and who it is.
type Tls = (Arc<rustls::ServerConfig>, Arc<tls::Identity>);

/// Listeners over a guard: the data plane without anything that knows bundles. [`Gateway`] is made of it, and so is the
/// benchmark's gateway that lets everything pass.
pub struct Front<G> {
    flow: Arc<Flow<G>>,
    listeners: Vec<(TcpListener, Option<Tls>)>,
    config: Config,
    metrics: Arc<Metrics>,
    control: ShutdownControl,
    shutdown: Shutdown,
}

/// A gateway that is bound to its addresses and has not begun to serve.
pub struct Gateway {
    front: Front<Enforcer>,
    activation: Arc<Activation>,
    recorder: Arc<Recorder>,
    offers: UnixListener,
    admin: Admin,
    admin_listener: AdminListener,
    admin_address: Option<SocketAddr>,
}

/// Serves until `stop` returns, then drains.
///
/// # Errors
/// It cannot start; see [`GatewayError`].
pub async fn run(config: Config, stop: impl Future<Output = ()> + Send) -> Result<(), GatewayError> {
    Gateway::bind(config).await?.serve(stop).await
}

impl<G: Guard> Front<G> {
    /// Binds the listeners of a configuration.
    ///
    /// # Errors
    /// A value that is not allowed, an address that cannot be bound, certificates that cannot be read.
    pub async fn bind(config: Config, metrics: Arc<Metrics>, guard: G) -> Result<Self, GatewayError> {
        config.check()?;
        let mut listeners = Vec::with_capacity(config.listeners.len());
        for listener in &config.listeners {
            let tls = listener.tls.as_ref().map(tls::server).transpose()?;
            let bound = TcpListener::bind(listener.address).await;
            let place = || listener.address.to_string();
            listeners.push((
                bound.map_err(|error| GatewayError::Listen {
                    place: place(),
                    error,
                })?,
                tls,
            ));
        }
        let (control, shutdown) = shutdown();
        let flow = Flow::new(guard, &config, Arc::clone(&metrics), shutdown.stopping());
        let flow = Arc::new(flow.map_err(GatewayError::Randomness)?);
        Ok(Self {
            flow,
            listeners,
            config,
            metrics,
            control,
            shutdown,
        })
    }

    /// Where clients come in, in the order of the configuration.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.listeners
            .iter()
            .filter_map(|(listener, _)| listener.local_addr().ok())
            .collect()
    }

    /// Serves until `stop` returns, then drains.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) {
        let Self {
            flow,
            listeners,
            config,
            metrics,
            control,
            shutdown,
        } = self;
        let room = Arc::new(Semaphore::new(config.limits.connections));
        for (listener, tls) in listeners {
            let tls = tls.map(|(server, identity)| {
                tokio::spawn(identity.watch(shutdown.clone()));
                TlsAcceptor::from(server)
            });
            let acceptor = Acceptor {
                flow: Arc::clone(&flow),
                limits: config.limits.clone(),
                metrics: Arc::clone(&metrics),
                tls,
                room: Arc::clone(&room),
            };
            tokio::spawn(acceptor.serve(listener, shutdown.clone()));
        }
        drop((flow, shutdown));
        stop.await;
        tracing::info!("stopping: no new connections, requests in flight go on");
        if !control.drain(config.limits.drain_timeout.0).await {
            tracing::warn!("requests in flight were broken off");
        }
    }
}

impl Gateway {
    /// Reads what the configuration names, brings the last bundle back in force, and binds all addresses.
    ///
    /// # Errors
    /// Anything that is missing or does not hold; see [`GatewayError`].
    pub async fn bind(config: Config) -> Result<Self, GatewayError> {
        config.check()?;
        // An expired root denies everything, but a newer one may come by the agent.
        let roots = Roots::open(&config.state, &read("root", &config.root)?)?;
        let enrolment = Enrolment::open(&read("enrolment", &config.enrolment)?, roots.newest())?;
        let metrics = Arc::new(Metrics::default());
        let journal = Arc::new(Journal::open(&config.evidence, JournalLimits::default())?);
        let patience = config.limits.audit_timeout.0;
        let recorder = Arc::new(Recorder::new(
            journal,
            &enrolment.name,
            patience,
            Arc::clone(&metrics),
        ));
        let started = format!(
            "gateway, version {}, process {}",
            env!("CARGO_PKG_VERSION"),
            std::process::id()
        );
        recorder.lifecycle(LifecycleKind::ProcessStarted, "gateway", &started, None)?;
        let active = Arc::new(ArcSwapOption::empty());
        let activation = Activation::new(
            roots,
            enrolment.labels.clone(),
            Environment::new(&enrolment.name, &enrolment.labels),
            Runtime::new(Limits::default())?,
            config.limits.extractor_body_bytes,
            &config.state,
            Arc::clone(&active),
            Arc::clone(&recorder),
            Arc::clone(&metrics),
        )?;
        let activation = Arc::new(activation);
        restore(&activation).await;
        let offers = unix(&config.offers)?;
        let (admin_listener, admin_address) = admin_listener(&config).await?;
        let upstreams = Arc::new(Upstreams::new(&config)?);
        let enforcer = Enforcer::new(
            Arc::clone(&active),
            upstreams,
            Arc::clone(&recorder),
            Arc::clone(&metrics),
        );
        let front = Front::bind(config, Arc::clone(&metrics), enforcer).await?;
        let admin = Admin {
            active,
            root: activation.root(),
            recorder: Arc::clone(&recorder),
            metrics,
            refusal: activation.refusal(),
            enforcement_point: enrolment.name,
            labels: enrolment.labels,
            listeners: front.addresses().iter().map(ToString::to_string).collect(),
        };
        Ok(Self {
            front,
            activation,
            recorder,
            offers,
            admin,
            admin_listener,
            admin_address,
        })
    }

    /// Where clients come in, in the order of the configuration.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.front.addresses()
    }

    /// Where operators look in, if it is not a Unix socket.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Brings a delivery in force as an offer would. Takes as long as loading components does.
    pub fn activate(&self, delivery: Delivery) -> Answer {
        self.activation.activate(delivery)
    }

    /// What brings bundles in force, for use while the gateway serves.
    pub fn activation(&self) -> Arc<Activation> {
        Arc::clone(&self.activation)
    }

    /// Serves until `stop` returns, then drains.
    ///
    /// # Errors
    /// The evidence took no more at the end.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send) -> Result<(), GatewayError> {
        let Self {
            front,
            activation,
            recorder,
            offers,
            admin,
            admin_listener,
            ..
        } = self;
        for address in front.addresses() {
            tracing::info!(%address, "listening");
        }
        tokio::spawn(offers::serve(offers, activation, front.shutdown.clone()));
        tokio::spawn(admin.serve(admin_listener, front.shutdown.clone()));
        front.serve(stop).await;
        Ok(recorder.lifecycle(LifecycleKind::ProcessStopped, "gateway", "", None)?)
    }
}

async fn restore(activation: &Arc<Activation>) {
    let restoring = Arc::clone(activation);
    match tokio::task::spawn_blocking(move || restoring.restore()).await {
        Ok(Some(Answer::Refused { code, reason, .. })) => {
            tracing::warn!(
                code,
                reason,
                "the last bundle is not in force again; everything is denied until one is"
            );
        }
        Ok(Some(_)) => {}
        Ok(None) => tracing::info!("no bundle yet; everything is denied until one is active"),
        Err(error) => tracing::error!(%error, "the last bundle could not be brought back"),
    }
}

fn read(key: &'static str, path: &std::path::Path) -> Result<Vec<u8>, GatewayError> {
    std::fs::read(path).map_err(|error| GatewayError::File {
        key,
        path: path.to_owned(),
        error,
    })
}

fn unix(path: &std::path::Path) -> Result<UnixListener, GatewayError> {
    offers::bind(path).map_err(|error| GatewayError::Listen {
        place: path.display().to_string(),
        error,
    })
}

async fn admin_listener(config: &Config) -> Result<(AdminListener, Option<SocketAddr>), GatewayError> {
    match config.admin.place()? {
        AdminPlace::Socket(path) => Ok((AdminListener::Socket(unix(path)?), None)),
        AdminPlace::Loopback(address) => {
            let failed = |error| GatewayError::Listen {
                place: address.to_string(),
                error,
            };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let address = listener.local_addr().map_err(failed)?;
            Ok((AdminListener::Loopback(listener), Some(address)))
        }
    }
}
