//! Which bundle is in force: from a delivery to the swap, all or nothing.
//!
//! A delivery is verified, loaded, brought to stable storage and recorded in the evidence, in this order; only then do
//! requests see it, by one pointer that changes atomically. Whatever fails before leaves the old bundle in force.
//! Requests in flight keep the bundle that they began with.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use aecp_engine::{Runtime, TARGET};
use aecp_evidence::{BundleReference, LifecycleKind};
use aecp_trust::handover::{Answer, Limits};
use aecp_trust::verify::{HighWater, Platform};
use aecp_trust::{Delivery, Digest, Expectations, TrustRoot, VerifiedBundle, verify};
use arc_swap::ArcSwapOption;
use jiff::Timestamp;

use crate::active::{Active, BuildError};
use crate::context::Environment;
use crate::evidence::Recorder;
use crate::metrics::Metrics;

mod store;

pub use store::{Store, StoreError};

/// What activation knows of this enforcement point.
pub struct Activation {
    root: TrustRoot,
    labels: std::collections::BTreeMap<String, String>,
    environment: Environment,
    runtime: Runtime,
    body_limit: u32,
    active: Arc<ArcSwapOption<Active>>,
    recorder: Arc<Recorder>,
    metrics: Arc<Metrics>,
    /// Held through a whole activation: there is one at a time.
    history: Mutex<History>,
}

/// What the next activation has to know of the ones before.
struct History {
    store: Store,
    high_water: Option<HighWater>,
    /// The envelope of the freshness statement that is stored.
    freshness: Vec<u8>,
    /// The last refusal. An agent that offers the same again and again does not fill the log.
    refused: Option<(Digest, String)>,
}

/// Why a delivery is not in force.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Verification(#[from] aecp_trust::Refusal),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error("the bundle cannot be kept: {0}")]
    Store(#[from] StoreError),
    #[error("the activation cannot be recorded: {0}")]
    Evidence(#[from] aecp_evidence::JournalError),
}

impl Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Verification(refusal) => refusal.code(),
            Self::Build(error) => error.code(),
            Self::Store(_) => "state_unavailable",
            Self::Evidence(_) => "audit_unavailable",
        }
    }
}

impl Activation {
    /// Prepares activation with the state of an earlier process, if there was one.
    ///
    /// # Errors
    /// The state cannot be read. It must not be passed over: it says which bundles are too old.
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        root: TrustRoot,
        labels: std::collections::BTreeMap<String, String>,
        environment: Environment,
        runtime: Runtime,
        body_limit: u32,
        state: &Path,
        active: Arc<ArcSwapOption<Active>>,
        recorder: Arc<Recorder>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StoreError> {
        let store = Store::open(state)?;
        let history = History {
            high_water: store.high_water(),
            store,
            freshness: Vec::new(),
            refused: None,
        };
        let history = Mutex::new(history);
        Ok(Self {
            root,
            labels,
            environment,
            runtime,
            body_limit,
            active,
            recorder,
            metrics,
            history,
        })
    }

    /// Brings the last bundle of an earlier process back in force, verified again. None if there was none.
    pub fn restore(&self) -> Option<Answer> {
        let folder = self.history().store.current()?;
        Some(self.read_and_activate(&folder))
    }

    /// Reads a folder and brings its bundle in force. Takes as long as loading components does; call it where that
    /// delays no request.
    pub fn read_and_activate(&self, folder: &Path) -> Answer {
        match Delivery::read(folder, &Limits::default()) {
            Ok(delivery) => self.activate(delivery),
            Err(error) => self.refuse(
                &mut self.history(),
                Digest::of(&[]),
                "delivery",
                &error.to_string(),
            ),
        }
    }

    /// Brings a delivered bundle in force.
    pub fn activate(&self, delivery: Delivery) -> Answer {
        let mut history = self.history();
        match self.try_activate(&mut history, &delivery) {
            Ok(answer) => {
                history.refused = None;
                let result = if matches!(answer, Answer::Activated { .. }) {
                    "activated"
                } else {
                    "unchanged"
                };
                self.metrics.offered(result, "");
                answer
            }
            Err(refused) => {
                let envelope = Digest::of(&delivery.bundle);
                self.refuse(&mut history, envelope, refused.code(), &refused.to_string())
            }
        }
    }

    fn try_activate(&self, history: &mut History, delivery: &Delivery) -> Result<Answer, Refused> {
        let expectations = Expectations {
            now: Timestamp::now(),
            high_water: history.high_water,
            labels: self.labels.clone(),
            platform: Some(Platform {
                target: TARGET.to_owned(),
                engine: self.runtime.identity().to_owned(),
            }),
        };
        let verified = verify(delivery, &self.root, &expectations)?;
        if let Some(active) = self
            .active
            .load_full()
            .filter(|active| active.reference.digest == verified.digest())
        {
            return Self::renew(history, delivery, &active, &verified);
        }
        let active = Active::build(&verified, &self.runtime, &self.environment, self.body_limit)?;
        history.keep(delivery, verified.high_water())?;
        self.record_activation(&active, &verified)?;
        let (bundle, epoch) = (active.reference.digest, active.epoch());
        self.metrics
            .active_epoch
            .set(i64::try_from(epoch).unwrap_or(i64::MAX));
        tracing::info!(bundle = %bundle, epoch, name = active.name, "bundle activated");
        self.active.store(Some(Arc::new(active)));
        Ok(Answer::Activated { bundle, epoch })
    }

    fn renew(
        history: &mut History,
        delivery: &Delivery,
        active: &Active,
        verified: &VerifiedBundle,
    ) -> Result<Answer, Refused> {
        if history.freshness != delivery.freshness {
            history.keep(delivery, verified.high_water())?;
        }
        active.renew(verified.fresh_until());
        Ok(Answer::Unchanged {
            bundle: active.reference.digest,
            epoch: active.epoch(),
        })
    }

    fn record_activation(&self, active: &Active, verified: &VerifiedBundle) -> Result<(), Refused> {
        let bundle = verified.bundle();
        let detail = format!(
            "epoch {}, valid until {}, fresh until {}, trust root version {}",
            bundle.epoch,
            bundle.not_after,
            verified.fresh_until(),
            verified.root_version()
        );
        let reference = Some(active.reference.clone());
        Ok(self
            .recorder
            .lifecycle(LifecycleKind::BundleActivated, &bundle.name, &detail, reference)?)
    }

    fn refuse(&self, history: &mut History, envelope: Digest, code: &str, reason: &str) -> Answer {
        self.metrics.offered("refused", code);
        let refusal = (envelope, reason.to_owned());
        if history.refused.as_ref() != Some(&refusal) {
            tracing::warn!(code, reason, "bundle refused");
            let active = self.active.load_full().map(|active| active.reference.clone());
            let detail = format!("{code}: {reason}");
            // The refusal stands whether or not it can be recorded; the recorder has counted and logged a loss.
            let recorded = self.record_refusal(&detail, active);
            history.refused = recorded.then_some(refusal);
        }
        Answer::Refused {
            code: code.to_owned(),
            reason: reason.to_owned(),
        }
    }

    fn record_refusal(&self, detail: &str, in_force: Option<BundleReference>) -> bool {
        self.recorder
            .lifecycle(LifecycleKind::BundleRefused, "bundle", detail, in_force)
            .is_ok()
    }

    fn history(&self) -> std::sync::MutexGuard<'_, History> {
        // Everything in it is changed by single assignments after what they describe is done.
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    fn keep(&mut self, delivery: &Delivery, high_water: HighWater) -> Result<(), StoreError> {
        self.store.keep(delivery, high_water)?;
        self.high_water = Some(high_water);
        self.freshness.clone_from(&delivery.freshness);
        Ok(())
    }
}
