//! Which bundle is in force: from a delivery to the swap, all or nothing.
//!
//! A delivery is verified, loaded, brought to stable storage and recorded in the evidence, in this order; only then do
//! requests see it, by one pointer that changes atomically. Whatever fails before leaves the old bundle in force.
//! Requests in flight keep the bundle that they began with.
//!
//! A delivery may bring newer trust roots. They count from then on, whatever becomes of its bundle: if that is refused,
//! the one in force is verified anew, and one that a revoked key had signed denies everything from then on.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use aecp_engine::{Runtime, TARGET};
use aecp_evidence::{BundleReference, LifecycleKind};
use aecp_trust::handover::{Answer, Limits};
use aecp_trust::receipt::offered;
use aecp_trust::verify::{HighWater, Platform};
use aecp_trust::{Delivery, Digest, Expectations, TrustRoot, VerifiedBundle, verify};
use arc_swap::{ArcSwap, ArcSwapOption};
use jiff::Timestamp;

use crate::active::{Active, BuildError};
use crate::context::Environment;
use crate::evidence::Recorder;
use crate::metrics::Metrics;

mod file;
mod roots;
mod store;

pub use roots::{Roots, RootsError};
pub use store::{Store, StoreError};

/// What activation knows of this enforcement point.
pub struct Activation {
    /// The trust root that counts, for those who only look.
    root: Arc<ArcSwap<TrustRoot>>,
    labels: std::collections::BTreeMap<String, String>,
    environment: Environment,
    runtime: Runtime,
    body_limit: u32,
    active: Arc<ArcSwapOption<Active>>,
    /// The last refusal, until a bundle is taken.
    refusal: Arc<ArcSwapOption<LastRefusal>>,
    recorder: Arc<Recorder>,
    metrics: Arc<Metrics>,
    /// Held through a whole activation: there is one at a time.
    history: Mutex<History>,
}

/// A delivery that was refused, for those who only look.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LastRefusal {
    /// What was offered, as receipts name it; nothing is known of it.
    pub offered: Digest,
    /// The refusal's short name.
    pub code: String,
    /// What was refused and why, as a sentence.
    pub reason: String,
    /// When it was refused first, for this reason.
    pub since: Timestamp,
}

/// What the next activation has to know of the ones before.
struct History {
    roots: Roots,
    store: Store,
    high_water: Option<HighWater>,
    /// The fingerprint of the delivery that is stored, if it is known.
    kept: Option<Digest>,
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
    #[error(transparent)]
    Roots(#[from] RootsError),
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
            Self::Roots(RootsError::Root(error) | RootsError::Kept { error, .. }) => error.code(),
            Self::Roots(RootsError::Store(_)) | Self::Store(_) => "state_unavailable",
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
        roots: Roots,
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
        let root = Arc::new(ArcSwap::from_pointee(roots.newest().clone()));
        let history = History {
            roots,
            high_water: store.high_water(),
            store,
            kept: None,
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
            refusal: Arc::new(ArcSwapOption::empty()),
            recorder,
            metrics,
            history,
        })
    }

    /// The trust root that counts, as it changes.
    pub fn root(&self) -> Arc<ArcSwap<TrustRoot>> {
        Arc::clone(&self.root)
    }

    /// The last refusal, as it changes; none once a bundle was taken.
    pub fn refusal(&self) -> Arc<ArcSwapOption<LastRefusal>> {
        Arc::clone(&self.refusal)
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
            Err(error) => self.refuse(&mut self.history(), &[], "delivery", &error.to_string()),
        }
    }

    /// Brings a delivered bundle in force.
    pub fn activate(&self, delivery: Delivery) -> Answer {
        let mut history = self.history();
        let started = Instant::now();
        match self.try_activate(&mut history, &delivery) {
            Ok(answer) => {
                history.refused = None;
                self.refusal.store(None);
                let result = if matches!(answer, Answer::Activated { .. }) {
                    self.metrics.activated(started.elapsed());
                    "activated"
                } else {
                    "unchanged"
                };
                self.metrics.offered(result, "");
                answer
            }
            Err(refused) => self.refuse(
                &mut history,
                &delivery.bundle,
                refused.code(),
                &refused.to_string(),
            ),
        }
    }

    fn try_activate(&self, history: &mut History, delivery: &Delivery) -> Result<Answer, Refused> {
        let rotated = history.roots.follow(&delivery.roots)? > 0;
        if rotated {
            self.rotated(history.roots.newest());
        }
        let answer = self.try_bundle(history, delivery);
        if rotated && answer.is_err() {
            self.reconsider(history);
        }
        answer
    }

    fn try_bundle(&self, history: &mut History, delivery: &Delivery) -> Result<Answer, Refused> {
        let verified = verify(
            delivery,
            history.roots.newest(),
            &self.expectations(history.high_water),
        )?;
        // With all roots, also those that this delivery did not bring, so that the recorder can follow them.
        let delivery = Delivery {
            roots: history.roots.later(),
            ..delivery.clone()
        };
        if let Some(active) = self
            .active
            .load_full()
            .filter(|active| active.reference.digest == verified.digest())
        {
            if history.kept != Some(delivery.fingerprint()) {
                history.keep(&delivery, verified.high_water())?;
            }
            active.renew(&verified);
            return Ok(Answer::Unchanged {
                bundle: active.reference.digest,
                epoch: active.epoch(),
                trust_root: verified.root_version(),
            });
        }
        let active = Active::build(&verified, &self.runtime, &self.environment, self.body_limit)?;
        history.keep(&delivery, verified.high_water())?;
        self.record_activation(&active, &verified)?;
        let (bundle, epoch) = (active.reference.digest, active.epoch());
        self.metrics
            .active_epoch
            .set(i64::try_from(epoch).unwrap_or(i64::MAX));
        tracing::info!(bundle = %bundle, epoch, name = active.name, "bundle activated");
        self.active.store(Some(Arc::new(active)));
        Ok(Answer::Activated {
            bundle,
            epoch,
            trust_root: verified.root_version(),
        })
    }

    fn expectations(&self, high_water: Option<HighWater>) -> Expectations {
        Expectations {
            now: Timestamp::now(),
            high_water,
            labels: self.labels.clone(),
            platform: Some(Platform {
                target: TARGET.to_owned(),
                engine: self.runtime.identity().to_owned(),
            }),
        }
    }

    /// Tells that another trust root counts.
    fn rotated(&self, root: &TrustRoot) {
        self.root.store(Arc::new(root.clone()));
        tracing::info!(version = root.version(), digest = %root.digest(), "the trust root was rotated");
        let detail = format!("version {}, {}", root.version(), root.digest());
        let active = self.active.load_full().map(|active| active.reference.clone());
        // The rotation stands whether or not it can be recorded; the recorder has counted and logged a loss.
        let _ = self
            .recorder
            .lifecycle(LifecycleKind::TrustRootRotated, "trust root", &detail, active);
    }

    /// Verifies the bundle in force by a trust root that is newer than it, and revokes it if it does not hold.
    fn reconsider(&self, history: &History) {
        let (Some(active), Some(folder)) = (self.active.load_full(), history.store.current()) else {
            return;
        };
        let problem = match Delivery::read(&folder, &Limits::default()) {
            Ok(delivery) => verify(
                &delivery,
                history.roots.newest(),
                &self.expectations(history.high_water),
            )
            .map_err(|refusal| refusal.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match problem {
            Ok(verified) => active.renew(&verified),
            Err(reason) => {
                active.revoke();
                tracing::error!(bundle = %active.reference.digest, reason, "the bundle in force was revoked; everything is denied");
                // As above.
                let _ = self.recorder.lifecycle(
                    LifecycleKind::BundleRevoked,
                    &active.name,
                    &reason,
                    Some(active.reference.clone()),
                );
            }
        }
    }

    fn record_activation(&self, active: &Active, verified: &VerifiedBundle) -> Result<(), Refused> {
        let bundle = verified.bundle();
        let detail = format!(
            "epoch {}, valid until {}, {}, trust root version {}",
            bundle.epoch,
            bundle.not_after,
            freshness(verified.fresh_until()),
            verified.root_version()
        );
        let reference = Some(active.reference.clone());
        Ok(self
            .recorder
            .lifecycle(LifecycleKind::BundleActivated, &bundle.name, &detail, reference)?)
    }

    fn refuse(&self, history: &mut History, envelope: &[u8], code: &str, reason: &str) -> Answer {
        self.metrics.offered("refused", code);
        self.remember_refusal(offered(envelope), code, reason);
        let refusal = (Digest::of(envelope), reason.to_owned());
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
            trust_root: history.roots.newest().version(),
        }
    }

    fn remember_refusal(&self, offered: Digest, code: &str, reason: &str) {
        let known = self.refusal.load();
        let same = |known: &Arc<LastRefusal>| known.offered == offered && known.reason == reason;
        if !known.as_ref().is_some_and(same) {
            let refusal = LastRefusal {
                offered,
                code: code.to_owned(),
                reason: reason.to_owned(),
                since: Timestamp::now(),
            };
            self.refusal.store(Some(Arc::new(refusal)));
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

/// How long a bundle is fresh, in words.
pub(crate) fn freshness(until: Option<Timestamp>) -> String {
    until.map_or_else(
        || "freshness off".to_owned(),
        |until| format!("fresh until {until}"),
    )
}

impl History {
    fn keep(&mut self, delivery: &Delivery, high_water: HighWater) -> Result<(), StoreError> {
        self.store.keep(delivery, high_water)?;
        self.high_water = Some(high_water);
        self.kept = Some(delivery.fingerprint());
        Ok(())
    }
}
