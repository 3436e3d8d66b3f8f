//! Evidence of what the gateway decides and does: no decision without it.

use std::sync::Arc;
use std::time::Duration;

use aecp_evidence::{
    BundleReference, Draft, Event, Intent, Journal, JournalError, Lifecycle, LifecycleKind, Opening,
    Position, Receipt, RequestOutcome,
};
use aecp_vocabulary::AuditClass;
use tokio::time::Instant;

use crate::clock;
use crate::metrics::Metrics;

/// Writes the gateway's leaves.
pub struct Recorder {
    journal: Arc<Journal>,
    enforcement_point: Arc<str>,
    patience: Duration,
    metrics: Arc<Metrics>,
}

impl Recorder {
    /// Writes to `journal` in the name of `enforcement_point`. `patience` is how long an intent waits for room.
    pub fn new(
        journal: Arc<Journal>,
        enforcement_point: &str,
        patience: Duration,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            journal,
            enforcement_point: enforcement_point.into(),
            patience,
            metrics,
        }
    }

    /// Why nothing more can be recorded; none while it can.
    pub fn broken(&self) -> Option<JournalError> {
        self.journal.broken()
    }

    /// Records a decision, as far as its audit class asks for.
    ///
    /// # Errors
    /// It is not recorded, or not known to be on stable storage: the request must not execute.
    pub async fn intent(
        &self,
        time: i64,
        intent: Intent,
        openings: &[Opening],
    ) -> Result<Position, JournalError> {
        let class = intent.audit;
        let taken = self
            .take(time, Event::Intent(Box::new(intent)), class, openings)
            .await;
        if let Err(error) = &taken {
            self.lost("intent", error);
        }
        taken
    }

    async fn take(
        &self,
        time: i64,
        event: Event,
        class: AuditClass,
        openings: &[Opening],
    ) -> Result<Position, JournalError> {
        let draft = Draft::new(time, &self.enforcement_point, &event)?;
        let receipt = match self.journal.record(class, &draft, openings) {
            Err(JournalError::WindowFull { .. }) => {
                self.take_when_there_is_room(class, &draft, openings).await?
            }
            taken => taken?,
        };
        let position = receipt.position();
        if class == AuditClass::Durable {
            receipt.on_disk().await?;
        }
        Ok(position)
    }

    async fn take_when_there_is_room(
        &self,
        class: AuditClass,
        draft: &Draft,
        openings: &[Opening],
    ) -> Result<Receipt, JournalError> {
        let deadline = Instant::now()
            .checked_add(self.patience)
            .unwrap_or_else(Instant::now);
        loop {
            let room = tokio::time::timeout_at(deadline, self.journal.room()).await;
            let in_time = room.is_ok();
            room.unwrap_or(Ok(()))?;
            match self.journal.record(class, draft, openings) {
                Err(JournalError::WindowFull { .. }) if in_time => {}
                taken => return taken,
            }
        }
    }

    /// Records how an allowed request ended. Never waits: it is called when a response is dropped. What finds no room
    /// is written by a task of its own.
    pub fn outcome(self: &Arc<Self>, outcome: RequestOutcome, class: AuditClass) {
        // Nothing waits for an outcome, so it never needs more than the kernel.
        let class = class.min(AuditClass::Required);
        let draft = match Draft::new(clock::now(), &self.enforcement_point, &Event::Outcome(outcome)) {
            Ok(draft) => draft,
            Err(error) => return self.lost("outcome", &error.into()),
        };
        match self.journal.record(class, &draft, &[]) {
            Ok(_) => {}
            Err(JournalError::WindowFull { bytes }) => match tokio::runtime::Handle::try_current() {
                Ok(runtime) => {
                    let recorder = Arc::clone(self);
                    runtime.spawn(async move { recorder.outcome_later(class, draft).await });
                }
                Err(_) => self.lost("outcome", &JournalError::WindowFull { bytes }),
            },
            Err(error) => self.lost("outcome", &error),
        }
    }

    async fn outcome_later(&self, class: AuditClass, draft: Draft) {
        loop {
            if let Err(error) = self.journal.room().await {
                return self.lost("outcome", &error);
            }
            match self.journal.record(class, &draft, &[]) {
                Ok(_) => return,
                Err(JournalError::WindowFull { .. }) => {}
                Err(error) => return self.lost("outcome", &error),
            }
        }
    }

    /// Records something that happened to the gateway, with the kernel when this returns.
    ///
    /// # Errors
    /// It is not recorded.
    pub fn lifecycle(
        &self,
        kind: LifecycleKind,
        subject: &str,
        detail: &str,
        bundle: Option<BundleReference>,
    ) -> Result<(), JournalError> {
        let lifecycle = Lifecycle {
            kind,
            subject: subject.into(),
            detail: detail.into(),
            bundle,
            gap: None,
        };
        let draft = Draft::new(
            clock::now(),
            &self.enforcement_point,
            &Event::Lifecycle(lifecycle),
        );
        let taken = draft.map_err(JournalError::from);
        let taken = taken.and_then(|draft| self.journal.record(AuditClass::Required, &draft, &[]));
        match taken {
            Ok(_) => Ok(()),
            Err(error) => {
                self.lost("lifecycle", &error);
                Err(error)
            }
        }
    }

    fn lost(&self, leaf: &'static str, error: &JournalError) {
        self.metrics.evidence_errors.inc();
        tracing::error!(leaf, %error, "evidence was not taken");
    }
}
