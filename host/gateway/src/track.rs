//! Follows an admitted request to its end, whichever that is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use aecp_evidence::leaf::RequestResult;
use http::StatusCode;
use tokio::sync::OwnedSemaphorePermit;

use crate::body::Transfer;
use crate::guard::{End, Record};
use crate::metrics::Metrics;

/// One of the requests that there may be at a time.
pub(crate) struct InFlight {
    metrics: Arc<Metrics>,
    began: Instant,
    _permit: OwnedSemaphorePermit,
}

impl InFlight {
    pub(crate) fn new(metrics: Arc<Metrics>, permit: OwnedSemaphorePermit) -> Self {
        metrics.in_flight.inc();
        Self {
            metrics,
            began: Instant::now(),
            _permit: permit,
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.in_flight.dec();
        self.metrics.ended(self.began.elapsed());
    }
}

/// Tells the record how the request ended, once. A tracker that is dropped before tells that the client is gone, for
/// that is when the server drops what it was doing.
pub(crate) struct Tracker<R: Record> {
    record: Option<R>,
    transfer: Arc<Transfer>,
    stopping: Arc<AtomicBool>,
    status: Option<StatusCode>,
    bytes_to_client: u64,
    _in_flight: InFlight,
}

impl<R: Record> Tracker<R> {
    pub(crate) fn new(
        record: R,
        transfer: Arc<Transfer>,
        stopping: Arc<AtomicBool>,
        in_flight: InFlight,
    ) -> Self {
        Self {
            record: Some(record),
            transfer,
            stopping,
            status: None,
            bytes_to_client: 0,
            _in_flight: in_flight,
        }
    }

    pub(crate) fn answered(&mut self, status: StatusCode) {
        self.status = Some(status);
    }

    pub(crate) fn sent(&mut self, bytes: u64) {
        self.bytes_to_client = self.bytes_to_client.saturating_add(bytes);
    }

    pub(crate) fn end(&mut self, result: RequestResult, detail: &'static str) {
        if let Some(record) = self.record.take() {
            record.ended(&End {
                result,
                status: self.status,
                bytes_to_upstream: self.transfer.bytes(),
                bytes_to_client: self.bytes_to_client,
                detail,
            });
        }
    }
}

impl<R: Record> Drop for Tracker<R> {
    fn drop(&mut self) {
        if self.stopping.load(Ordering::Relaxed) {
            self.end(RequestResult::Interrupted, "the gateway stopped");
        } else {
            self.end(RequestResult::ClientGone, "");
        }
    }
}
