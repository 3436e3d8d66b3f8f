//! The evidence role: merges the journals into the log, signs it, and feeds the sinks of the active bundle.
//!
//! Everything that must not be lost is in files before anything depends on it, so the process can be killed at any time:
//! the log goes on from its state, each sink from its cursor. Sinks are called on threads of their own, so that one that
//! stands still holds up neither the log nor the others.

use std::sync::Arc;
use std::time::Duration;

use aecp_agent::pace::Backoff;
use aecp_evidence::recorder::{Progress, Recorder, RecorderError, RecorderLimits};
use aecp_evidence::{BundleReference, Lifecycle, LifecycleKind};
use tokio::time::Instant;

use crate::config::RecorderConfig;

mod active;
mod feed;
mod identity;
mod outlet;

use active::ActiveBundle;
use feed::Feeds;
use identity::{Identity, IdentityError};
use outlet::Files;

/// The longest pause between two attempts to go on after an error.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long sinks may go on taking what is in the log already when the recorder ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// Why the recorder cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecorderRoleError {
    /// It is not known what the log is called and which key signs it.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The log cannot be opened.
    #[error("evidence: {0}")]
    Open(#[from] RecorderError),
    /// A delivery ended in a way that leaves nothing known.
    #[error("a delivery to a sink broke down: {0}")]
    Delivery(#[from] tokio::task::JoinError),
}

/// Merges, signs and feeds until `shutdown` is ready.
///
/// # Errors
/// The recorder cannot begin. What goes wrong later is logged and tried again.
pub(crate) async fn run(
    config: RecorderConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RecorderRoleError> {
    let Identity { root, labels, signer } = identity::load(&config)?;
    tracing::info!(log = signer.name(), evidence = %config.evidence.display(), "keeps the log");
    let mut recorder = Recorder::open(&config.evidence, signer, RecorderLimits::default())?;
    recorder.note(process(LifecycleKind::ProcessStarted));
    let mut role = Role {
        feeds: Feeds::default(),
        active: ActiveBundle::new(&config.gateway, root, labels),
        files: Arc::new(Files::new(config.endpoints.clone())),
        trouble: Trouble::new(config.interval),
        unusable: String::new(),
        recorder,
        config,
    };
    tokio::pin!(shutdown);
    let mut next_step = Instant::now();
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            delivered = role.feeds.delivered() => role.feeds.settle(delivered?, &mut role.recorder),
            () = tokio::time::sleep_until(next_step) => {
                let pause = role.step();
                next_step = Instant::now().checked_add(pause).unwrap_or_else(Instant::now);
                role.reload();
            }
        }
        role.feeds.dispatch(&role.recorder);
    }
    role.farewell().await
}

struct Role {
    config: RecorderConfig,
    recorder: Recorder,
    feeds: Feeds,
    active: ActiveBundle,
    files: Arc<Files>,
    trouble: Trouble,
    /// Why the active bundle's sinks cannot be used, as it was told last.
    unusable: String,
}

impl Role {
    /// Merges and signs what there is, and says how long to wait.
    fn step(&mut self) -> Duration {
        match self.recorder.step() {
            Ok(Progress {
                merged,
                size,
                more,
                announced,
            }) => {
                for event in announced {
                    let (kind, subject, detail) = (event.kind.name(), event.subject, event.detail);
                    tracing::warn!(kind, subject, detail, "the log says what is missing in it");
                }
                if merged > 0 {
                    tracing::debug!(merged, size, "signed a checkpoint");
                }
                self.trouble.over();
                if more {
                    Duration::ZERO
                } else {
                    self.config.interval
                }
            }
            Err(error) => self.trouble.again(&error),
        }
    }

    /// Takes the sinks of a new bundle into use, between deliveries of the old ones.
    fn reload(&mut self) {
        if !self.active.is_due() {
            self.feeds.release();
            return;
        }
        self.feeds.hold();
        if !self.feeds.are_still() {
            return;
        }
        match self.active.load(&self.files) {
            // The same bundle, said to be the current one again.
            Ok(active) if self.feeds.are_of(&active.reference) => self.feeds.release(),
            Ok(active) => {
                let BundleReference { digest, epoch } = &active.reference;
                tracing::info!(
                    bundle = %digest,
                    epoch,
                    sinks = active.sinks.len(),
                    "feeds the sinks of the bundle"
                );
                self.unusable.clear();
                self.feeds
                    .replace(active.sinks, active.reference, &self.config.evidence);
            }
            Err(error) => {
                // The sinks of the bundle before go on: evidence must get out whatever becomes of bundles.
                self.feeds.release();
                let text = error.to_string();
                if self.unusable != text {
                    tracing::error!(%error, "the sinks of the active bundle cannot be used; trying again later");
                    self.recorder.note(sink_failed("bundle", text.clone(), None));
                    self.unusable = text;
                }
            }
        }
    }

    /// Signs what the others have left, and gives sinks a last chance.
    async fn farewell(mut self) -> Result<(), RecorderRoleError> {
        self.recorder.note(process(LifecycleKind::ProcessStopped));
        loop {
            match self.recorder.step() {
                Ok(Progress { more: true, .. }) => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(%error, "the log is left for the next recorder");
                    break;
                }
            }
        }
        let last = async {
            loop {
                self.feeds.dispatch(&self.recorder);
                if self.feeds.are_still() {
                    return Ok(());
                }
                let delivered = self.feeds.delivered().await?;
                self.feeds.settle(delivered, &mut self.recorder);
            }
        };
        // Who is not ready by then goes on from the cursor.
        tokio::time::timeout(FAREWELL, last).await.unwrap_or(Ok(()))
    }
}

/// The same error is told once, and the pauses grow.
struct Trouble {
    backoff: Backoff,
    told: String,
}

impl Trouble {
    fn new(interval: Duration) -> Self {
        Self {
            backoff: Backoff::new(interval, LONGEST_PAUSE.max(interval)),
            told: String::new(),
        }
    }

    fn again(&mut self, error: &RecorderError) -> Duration {
        let text = error.to_string();
        if text != self.told {
            tracing::error!(%error, "the log did not grow; trying again");
            self.told = text;
        }
        self.backoff.next()
    }

    fn over(&mut self) {
        if !self.told.is_empty() {
            tracing::info!("the log grows again");
            self.told.clear();
            self.backoff.reset();
        }
    }
}

fn process(kind: LifecycleKind) -> Lifecycle {
    let detail = format!("aecpd {}", env!("CARGO_PKG_VERSION"));
    Lifecycle {
        kind,
        subject: "recorder".to_owned(),
        detail,
        bundle: None,
        gap: None,
    }
}

fn sink_failed(sink: &str, detail: String, bundle: Option<BundleReference>) -> Lifecycle {
    Lifecycle {
        kind: LifecycleKind::SinkFailed,
        subject: sink.to_owned(),
        detail,
        bundle,
        gap: None,
    }
}
