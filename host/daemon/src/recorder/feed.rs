//! Brings the log to sinks, each from its own persisted cursor and at its own pace.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aecp_agent::pace::Backoff;
use aecp_engine::Sink;
use aecp_engine::sink::{DeliveryError, Entry};
use aecp_evidence::recorder::{Recorder, SinkCursor};
use aecp_evidence::{BundleReference, Leaf};
use jiff::Timestamp;
use serde_json::json;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::sink_failed;

/// First and longest pause after a delivery that was not taken.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// About how many bytes of leaves and JSON a batch has at most: a sink has its memory for several copies of it.
const BATCH_BYTES: usize = 4 << 20;

/// What takes batches: a sink.
pub(super) trait Taker: Send + Sync {
    /// Most entries that it wants at a time.
    fn most(&self) -> usize;

    /// How many entries were taken, from the first on: one or more.
    fn take(&self, batch: &[Entry], now: i64) -> Result<usize, DeliveryError>;
}

impl Taker for Sink {
    fn most(&self) -> usize {
        usize::try_from(self.description().batch).unwrap_or(usize::MAX)
    }

    fn take(&self, batch: &[Entry], now: i64) -> Result<usize, DeliveryError> {
        self.deliver(batch, now)
    }
}

/// The sinks of the active bundle.
#[derive(Default)]
pub(super) struct Feeds {
    feeds: Vec<Feed>,
    bundle: Option<BundleReference>,
    running: JoinSet<Delivered>,
    /// Whether nothing new is handed out.
    held: bool,
}

struct Feed {
    name: String,
    taker: Arc<dyn Taker>,
    cursor: SinkCursor,
    backoff: Backoff,
    not_before: Instant,
    /// Most entries of the next batch. Smaller after a batch that was too much.
    most: usize,
    busy: bool,
    failing: bool,
}

/// What became of a batch.
pub(super) struct Delivered {
    feed: usize,
    taken: Result<usize, DeliveryError>,
}

impl Feeds {
    /// Hands nothing out until [`Feeds::replace`] or [`Feeds::release`].
    pub(super) fn hold(&mut self) {
        self.held = true;
    }

    /// Goes on with the sinks that there are.
    pub(super) fn release(&mut self) {
        self.held = false;
    }

    /// Whether these are the sinks of this bundle.
    pub(super) fn are_of(&self, bundle: &BundleReference) -> bool {
        self.bundle.as_ref() == Some(bundle)
    }

    /// Whether no delivery is under way.
    pub(super) fn are_still(&self) -> bool {
        self.running.is_empty()
    }

    /// Goes on with other sinks. Those of the same names go on where the old ones were.
    pub(super) fn replace(
        &mut self,
        sinks: Vec<(String, Arc<dyn Taker>)>,
        bundle: BundleReference,
        evidence: &Path,
    ) {
        self.feeds.clear();
        for (name, taker) in sinks {
            match SinkCursor::open(evidence, &name) {
                Ok(cursor) => {
                    tracing::info!(sink = name, next = cursor.next(), "is fed");
                    self.feeds.push(Feed::new(name, taker, cursor));
                }
                Err(error) => tracing::error!(sink = name, %error, "cannot be fed"),
            }
        }
        self.bundle = Some(bundle);
        self.held = false;
    }

    /// Gives every sink that waits its next batch.
    pub(super) fn dispatch(&mut self, recorder: &Recorder) {
        if self.held {
            return;
        }
        let now = Instant::now();
        for (at, feed) in self.feeds.iter_mut().enumerate() {
            let next = feed.cursor.next();
            if feed.busy || next >= recorder.size() || now < feed.not_before {
                continue;
            }
            match recorder.entries(next, feed.most) {
                Ok(leaves) => {
                    feed.busy = true;
                    let (taker, batch) = (Arc::clone(&feed.taker), batch(leaves));
                    self.running.spawn_blocking(move || {
                        let now = i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX);
                        Delivered {
                            feed: at,
                            taken: taker.take(&batch, now),
                        }
                    });
                }
                Err(error) => {
                    tracing::error!(sink = feed.name, %error, "the log cannot be read for the sink");
                    feed.pause();
                }
            }
        }
    }

    /// Waits for the next batch to be taken or not; for ever if none is under way.
    pub(super) async fn delivered(&mut self) -> Result<Delivered, JoinError> {
        match self.running.join_next().await {
            Some(delivered) => delivered,
            None => std::future::pending().await,
        }
    }

    /// Moves the cursor, or plans the next attempt. The first failure of several becomes a part of the log.
    pub(super) fn settle(&mut self, delivered: Delivered, recorder: &mut Recorder) {
        let Some(feed) = self.feeds.get_mut(delivered.feed) else {
            return;
        };
        feed.busy = false;
        let sink = feed.name.as_str();
        let error = match delivered.taken {
            Ok(taken) => {
                let taken = u64::try_from(taken).unwrap_or(u64::MAX);
                match feed.cursor.advance(feed.cursor.next().saturating_add(taken)) {
                    Ok(()) => {
                        if feed.failing {
                            tracing::info!(sink, "takes deliveries again");
                        }
                        feed.recovered();
                        return;
                    }
                    // It comes again: sinks are told at least once.
                    Err(error) => error.to_string(),
                }
            }
            Err(error) => {
                if matches!(error, DeliveryError::Failed(_)) {
                    feed.most = feed.most.div_ceil(2).max(1);
                }
                error.to_string()
            }
        };
        if feed.failing {
            tracing::debug!(sink, error, "still takes no delivery");
        } else {
            tracing::error!(
                sink,
                error,
                next = feed.cursor.next(),
                "took no delivery; nothing is skipped"
            );
            recorder.note(sink_failed(sink, error, self.bundle.clone()));
        }
        feed.pause();
    }
}

impl Feed {
    fn new(name: String, taker: Arc<dyn Taker>, cursor: SinkCursor) -> Self {
        Self {
            most: taker.most().max(1),
            name,
            taker,
            cursor,
            backoff: Backoff::new(PAUSES.0, PAUSES.1),
            not_before: Instant::now(),
            busy: false,
            failing: false,
        }
    }

    fn pause(&mut self) {
        self.failing = true;
        let now = Instant::now();
        self.not_before = now.checked_add(self.backoff.next()).unwrap_or(now);
    }

    fn recovered(&mut self) {
        self.failing = false;
        self.backoff.reset();
        self.most = self.most.saturating_mul(2).min(self.taker.most().max(1));
    }
}

/// As many entries as fit; the first always does.
fn batch(leaves: Vec<(u64, Vec<u8>)>) -> Vec<Entry> {
    let mut bytes = 0_usize;
    let mut batch = Vec::with_capacity(leaves.len());
    for (index, leaf) in leaves {
        let json = match Leaf::decode(&leaf) {
            Ok(leaf) => leaf.to_json().to_string(),
            // A leaf of a newer version, say. Its bytes are there for whoever can read them.
            Err(error) => json!({ "kind": "unreadable", "reason": error.to_string() }).to_string(),
        };
        bytes = bytes.saturating_add(leaf.len()).saturating_add(json.len());
        if bytes > BATCH_BYTES && !batch.is_empty() {
            break;
        }
        batch.push(Entry { index, leaf, json });
    }
    batch
}

#[cfg(test)]
mod tests;
