//! Bodies: streamed both ways, counted, and never left standing still.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aecp_evidence::leaf::RequestResult;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::Sleep;

use crate::guard::Record;
use crate::track::Tracker;

/// Why a body ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The other side broke off.
    #[error(transparent)]
    Broken(#[from] hyper::Error),
    /// The other side sent nothing for too long.
    #[error("nothing came for {0:?}")]
    StoodStill(Duration),
}

/// Why a body was not read into memory.
#[derive(Debug)]
pub enum BufferError {
    /// It is larger than the limit, in bytes.
    TooLarge(u32),
    /// It did not come as a whole.
    Broken(BodyError),
}

/// A timer that runs only while nothing comes.
struct Stillness {
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Stillness {
    fn new(limit: Duration) -> Self {
        Self { limit, sleep: None }
    }

    fn moved(&mut self) {
        self.sleep = None;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<BodyError> {
        let limit = self.limit;
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        ready!(sleep.as_mut().poll(cx));
        self.sleep = None;
        Poll::Ready(BodyError::StoodStill(limit))
    }
}

/// What became of a request's body, for whoever sees only the upstream's error.
#[derive(Debug, Default)]
pub struct Transfer {
    bytes: AtomicU64,
    broken: AtomicBool,
    stood_still: AtomicBool,
}

impl Transfer {
    /// Bytes that went to the upstream.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether the client broke off or stood still.
    pub(crate) fn failed(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Whether the client stood still.
    pub(crate) fn stood_still(&self) -> bool {
        self.stood_still.load(Ordering::Relaxed)
    }

    fn fail(&self, error: &BodyError) {
        self.broken.store(true, Ordering::Relaxed);
        self.stood_still
            .store(matches!(error, BodyError::StoodStill(_)), Ordering::Relaxed);
    }
}

/// The body of a request on its way to the upstream. Trailers are left out: no policy saw them.
pub struct RequestBody {
    incoming: Incoming,
    buffered: Option<Bytes>,
    stillness: Stillness,
    transfer: Arc<Transfer>,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, limit: Duration) -> Self {
        Self {
            incoming,
            buffered: None,
            stillness: Stillness::new(limit),
            transfer: Arc::default(),
        }
    }

    pub(crate) fn transfer(&self) -> Arc<Transfer> {
        Arc::clone(&self.transfer)
    }

    /// Reads the whole body into memory. It still goes to the upstream.
    ///
    /// # Errors
    /// It is larger than `limit` bytes, or does not come as a whole. The request cannot go on.
    pub async fn buffer(&mut self, limit: u32) -> Result<Bytes, BufferError> {
        let most = u64::from(limit);
        if self.size_hint().lower() > most {
            return Err(BufferError::TooLarge(limit));
        }
        let mut whole = BytesMut::new();
        while let Some(frame) = self.frame().await {
            let Ok(data) = frame.map_err(BufferError::Broken)?.into_data() else {
                continue;
            };
            let length = u64::try_from(whole.len().saturating_add(data.len())).unwrap_or(u64::MAX);
            if length > most {
                return Err(BufferError::TooLarge(limit));
            }
            whole.extend_from_slice(&data);
        }
        let whole = whole.freeze();
        // It has not gone to the upstream yet; it is counted when it does.
        self.transfer.bytes.store(0, Ordering::Relaxed);
        self.buffered = Some(whole.clone()).filter(|whole| !whole.is_empty());
        Ok(whole)
    }
}

impl std::fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RequestBody")
            .field("transfer", &self.transfer)
            .finish_non_exhaustive()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(buffered) = this.buffered.take() {
            this.transfer
                .bytes
                .fetch_add(length(&buffered), Ordering::Relaxed);
            return Poll::Ready(Some(Ok(Frame::data(buffered))));
        }
        let error = match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.stillness.moved();
                return match frame.into_data() {
                    Ok(data) => {
                        this.transfer.bytes.fetch_add(length(&data), Ordering::Relaxed);
                        Poll::Ready(Some(Ok(Frame::data(data))))
                    }
                    Err(_trailers) => Poll::Ready(None),
                };
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => BodyError::Broken(error),
            Poll::Pending => ready!(this.stillness.poll(cx)),
        };
        this.transfer.fail(&error);
        Poll::Ready(Some(Err(error)))
    }

    fn is_end_stream(&self) -> bool {
        self.buffered.is_none() && self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.buffered {
            Some(buffered) => SizeHint::with_exact(length(buffered)),
            None => self.incoming.size_hint(),
        }
    }
}

/// The body of a response on its way to the client.
pub struct ResponseBody<R: Record>(Kind<R>);

enum Kind<R: Record> {
    Whole(Option<Bytes>),
    Streamed {
        incoming: Incoming,
        stillness: Stillness,
        tracker: Tracker<R>,
    },
}

impl<R: Record> ResponseBody<R> {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self(Kind::Whole(Some(bytes).filter(|bytes| !bytes.is_empty())))
    }

    pub(crate) fn streamed(incoming: Incoming, limit: Duration, mut tracker: Tracker<R>) -> Self {
        if incoming.is_end_stream() {
            tracker.end(RequestResult::Completed, "");
        }
        Self(Kind::Streamed {
            incoming,
            stillness: Stillness::new(limit),
            tracker,
        })
    }
}

impl<R: Record> Body for ResponseBody<R> {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let (incoming, stillness, tracker) = match &mut self.get_mut().0 {
            Kind::Whole(bytes) => return Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Kind::Streamed {
                incoming,
                stillness,
                tracker,
            } => (incoming, stillness, tracker),
        };
        match Pin::new(&mut *incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                stillness.moved();
                tracker.sent(frame.data_ref().map_or(0, length));
                // Whoever sends this may never ask again.
                if incoming.is_end_stream() {
                    tracker.end(RequestResult::Completed, "");
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                tracker.end(RequestResult::Completed, "");
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                tracker.end(RequestResult::UpstreamFailed, "the response's body broke off");
                Poll::Ready(Some(Err(BodyError::Broken(error))))
            }
            Poll::Pending => {
                let error = ready!(stillness.poll(cx));
                tracker.end(
                    RequestResult::UpstreamFailed,
                    "the response's body stood still for too long",
                );
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Whole(bytes) => bytes.is_none(),
            Kind::Streamed { incoming, .. } => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, length)),
            Kind::Streamed { incoming, .. } => incoming.size_hint(),
        }
    }
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
