//! The gateway's active bundle, from which the recorder takes the sinks. It is verified here as it was there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aecp_engine::{CallLimits, Limits, Runtime, Sink, TARGET};
use aecp_evidence::BundleReference;
use aecp_gateway::state::{Store, StoreError};
use aecp_trust::bundle::Bundle;
use aecp_trust::freshness::Freshness;
use aecp_trust::handover::{self, HandoverError};
use aecp_trust::root::{Role, RootChain};
use aecp_trust::verify::Platform;
use aecp_trust::{Delivery, Expectations, Refusal, TrustRoot, VerifiedBundle, statement, verify};
use jiff::{SignedDuration, Timestamp};

use super::feed::Taker;
use super::outlet::Files;

/// How long a bundle rests whose sinks could not be used.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the sinks of the active bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum ActiveError {
    /// The gateway's state cannot be read.
    #[error("active bundle: {0}")]
    State(#[from] StoreError),
    /// The gateway's state names no bundle.
    #[error("active bundle: `{0}` names none")]
    None(PathBuf),
    /// The bundle cannot be read.
    #[error("active bundle: {0}")]
    Read(#[from] HandoverError),
    /// The bundle does not hold.
    #[error("active bundle: {0}")]
    Refused(#[from] Refusal),
    /// There is no engine for sinks.
    #[error("{0}")]
    Runtime(#[from] aecp_engine::runtime::RuntimeError),
    /// A sink cannot be run.
    #[error("sink `{name}`: {error}")]
    Sink {
        name: String,
        error: aecp_engine::LoadError,
    },
    /// A sink's native code is not in the bundle.
    #[error("sink `{name}`: the bundle has no native code of it for this machine")]
    NoNative { name: String },
}

/// Sees when the gateway has activated another bundle.
pub(super) struct ActiveBundle {
    gateway: PathBuf,
    /// The trust root that this enforcement point began with.
    root: RootChain,
    labels: BTreeMap<String, String>,
    runtime: Option<Runtime>,
    seen: Option<Seen>,
    /// When a bundle that could not be used is tried again.
    again: Option<Instant>,
}

/// Which file names the bundle: it is replaced as a whole, so its own identity stands for what is in it.
type Seen = (u64, u64, i64, i64);

/// What the recorder takes from the active bundle.
pub(super) struct Active {
    pub(super) reference: BundleReference,
    pub(super) sinks: Vec<(String, Arc<dyn Taker>)>,
}

impl ActiveBundle {
    /// The active bundle of the gateway with this folder.
    pub(super) fn new(gateway: &Path, root: RootChain, labels: BTreeMap<String, String>) -> Self {
        Self {
            gateway: gateway.to_owned(),
            root,
            labels,
            runtime: None,
            seen: None,
            again: None,
        }
    }

    fn look(&self) -> Option<Seen> {
        use std::os::unix::fs::MetadataExt as _;
        let found = std::fs::metadata(self.gateway.join("current.json")).ok()?;
        Some((found.dev(), found.ino(), found.mtime(), found.mtime_nsec()))
    }

    /// Whether there is a bundle to load: a new one, or one that could not be used some time ago.
    pub(super) fn is_due(&self) -> bool {
        let now = self.look();
        now.is_some() && (now != self.seen || self.again.is_some_and(|again| Instant::now() >= again))
    }

    /// Verifies the bundle and loads its sinks.
    ///
    /// # Errors
    /// By name. The same bundle is due again after [`PATIENCE`].
    pub(super) fn load(&mut self, files: &Arc<Files>) -> Result<Active, ActiveError> {
        self.seen = self.look();
        self.again = Instant::now().checked_add(PATIENCE);
        let active = self.try_load(files)?;
        self.again = None;
        Ok(active)
    }

    fn try_load(&mut self, files: &Arc<Files>) -> Result<Active, ActiveError> {
        let folder = Store::open(&self.gateway)?.current();
        let folder = folder.ok_or_else(|| ActiveError::None(self.gateway.clone()))?;
        let delivery = Delivery::read(&folder, &handover::Limits::default())?;
        let runtime = match &self.runtime {
            Some(runtime) => runtime.clone(),
            None => self.runtime.insert(Runtime::new(limits())?).clone(),
        };
        let verified = self.verify(&delivery, &runtime)?;
        let mut sinks = Vec::new();
        for entry in &verified.bundle().sinks {
            let name = entry.name.clone();
            let Some(native) = verified.native(&entry.component.digest) else {
                return Err(ActiveError::NoNative { name });
            };
            let configuration = entry.configuration.to_string();
            let files: Arc<Files> = Arc::clone(files);
            let sink = Sink::load(&runtime, native, configuration.as_bytes(), files).map_err(|error| {
                ActiveError::Sink {
                    name: name.clone(),
                    error,
                }
            })?;
            let taker: Arc<dyn Taker> = Arc::new(sink);
            sinks.push((name, taker));
        }
        let reference = BundleReference {
            digest: verified.digest(),
            epoch: verified.bundle().epoch,
        };
        Ok(Active { reference, sinks })
    }

    /// Verifies everything, by the roots that came with it, and as of the moment when the bundle was last said to be the
    /// current one: when bundles expire, decisions end, but the evidence of it must still get out.
    fn verify(&self, delivery: &Delivery, runtime: &Runtime) -> Result<VerifiedBundle, Refusal> {
        let mut roots = self.root.clone();
        roots.advance(delivery.roots.values()).map_err(Refusal::Root)?;
        let root = roots.newest();
        let expectations = Expectations {
            now: Timestamp::now().min(last_moment(delivery, root)),
            high_water: None,
            labels: self.labels.clone(),
            platform: Some(Platform {
                target: TARGET.to_owned(),
                engine: runtime.identity().to_owned(),
            }),
        };
        verify(delivery, root, &expectations)
    }
}

/// When a delivery was last said to hold: when its freshness was stated, or else until the bundle's validity ended.
fn last_moment(delivery: &Delivery, root: &TrustRoot) -> Timestamp {
    let moment = if root.freshness_period().is_some() {
        statement::open::<Freshness>(&delivery.freshness, root.quorum(Role::Freshness))
            .map(|opened| opened.statement.predicate.issued)
    } else {
        let before = |end: Timestamp| end.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(end);
        statement::open::<Bundle>(&delivery.bundle, root.quorum(Role::Releases))
            .map(|opened| before(opened.statement.predicate.not_after))
    };
    moment.unwrap_or(Timestamp::MAX)
}

/// The limits of sinks, and no room for other components.
fn limits() -> Limits {
    let none = |limits: CallLimits| CallLimits {
        instances: 1,
        ..limits
    };
    let Limits {
        policy,
        context,
        audit,
    } = Limits::default();
    Limits {
        policy: none(policy),
        context: none(context),
        audit,
    }
}
