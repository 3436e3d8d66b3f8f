//! Listeners and connections: HTTP/1.1 and HTTP/2 inside limits, each with an end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::body::ResponseBody;
use crate::canonical::Scheme;
use crate::config::LimitsConfig;
use crate::enforce::peer;
use crate::flow::{Arrival, Flow};
use crate::guard::Guard;
use crate::metrics::Metrics;
use crate::shutdown::Shutdown;
use crate::stall::WriteTimeout;

/// How an HTTP/2 connection begins when the client knows that the server speaks it.
const PREFACE: &[u8] = b"PRI";

/// How often a client's HTTP/2 connection is asked whether it still lives, and how long it may take to answer.
const PING: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(20));

/// Streams that a client may reset before the connection is closed (CVE-2023-44487).
const RESETS: usize = 64;

/// Accepts connections of one listener.
pub(crate) struct Acceptor<G> {
    pub(crate) flow: Arc<Flow<G>>,
    pub(crate) limits: LimitsConfig,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tls: Option<TlsAcceptor>,
    /// Shared by all listeners.
    pub(crate) room: Arc<Semaphore>,
}

impl<G: Guard> Acceptor<G> {
    /// Accepts connections until shutdown begins. With no room, clients wait in the kernel's queue.
    pub(crate) async fn serve(self, listener: TcpListener, mut shutdown: Shutdown) {
        let this = Arc::new(self);
        loop {
            let Ok(permit) = (tokio::select! {
                permit = Arc::clone(&this.room).acquire_owned() => permit,
                () = shutdown.began() => return,
            }) else {
                return;
            };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.began() => return,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    // Out of descriptors, most likely: asking at once would only burn time.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let (this, shutdown) = (Arc::clone(&this), shutdown.clone());
            tokio::spawn(async move {
                this.metrics.connections.inc();
                if let Err(error) = this.connection(stream, from, shutdown).await {
                    this.metrics.connection_errors.inc();
                    tracing::debug!(%from, %error, "connection ended");
                }
                this.metrics.connections.dec();
                drop(permit);
            });
        }
    }

    async fn connection(
        &self,
        stream: TcpStream,
        from: SocketAddr,
        shutdown: Shutdown,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        stream.set_nodelay(true)?;
        let patience = self.limits.header_timeout.0;
        let stall = self.limits.body_idle_timeout.0;
        match &self.tls {
            None => {
                let mut waiting = shutdown.clone();
                let multiplexed = tokio::select! {
                    begins = tokio::time::timeout(patience, begins_with_preface(&stream)) => begins??,
                    () = waiting.began() => return Ok(()),
                };
                let arrival = Arrival {
                    scheme: Scheme::Http,
                    peer: peer(from.ip()),
                };
                self.http(WriteTimeout::new(stream, stall), arrival, multiplexed, shutdown)
                    .await
            }
            Some(tls) => {
                let stream = WriteTimeout::new(stream, stall);
                let stream = tokio::time::timeout(patience, tls.accept(stream)).await??;
                let multiplexed = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let arrival = Arrival {
                    scheme: Scheme::Https,
                    peer: peer(from.ip()),
                };
                self.http(stream, arrival, multiplexed, shutdown).await
            }
        }
    }

    async fn http<S>(
        &self,
        stream: S,
        arrival: Arrival,
        multiplexed: bool,
        mut shutdown: Shutdown,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::new(Activity::default());
        let (flow, seen) = (Arc::clone(&self.flow), Arc::clone(&activity));
        let service = service_fn(move |request: Request<Incoming>| {
            let (flow, busy) = (Arc::clone(&flow), Busy::begin(&seen));
            async move {
                let response = flow.answer(request, arrival).await;
                drop(busy);
                Ok::<Response<ResponseBody<G::Record>>, Infallible>(response)
            }
        });
        let io = TokioIo::new(stream);
        if multiplexed {
            let mut connection = pin!(self.http2().serve_connection(io, service));
            let mut ending = pin!(ending(
                shutdown.clone(),
                &activity,
                Some(self.limits.idle_timeout.0)
            ));
            tokio::select! {
                ended = connection.as_mut() => return Ok(ended?),
                () = ending.as_mut() => {}
            }
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => Ok(ended?),
                () = shutdown.breaks_off() => Err("broken off, because the gateway stops".into()),
            }
        } else {
            let mut connection = pin!(self.http1().serve_connection(io, service));
            let mut ending = pin!(ending(shutdown.clone(), &activity, None));
            tokio::select! {
                ended = connection.as_mut() => return Ok(ended?),
                () = ending.as_mut() => {}
            }
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => Ok(ended?),
                () = shutdown.breaks_off() => Err("broken off, because the gateway stops".into()),
            }
        }
    }

    fn http1(&self) -> http1::Builder {
        let limits = &self.limits;
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout.0)
            .max_buf_size(limits.header_bytes.max(64 << 10))
            .max_header_size(limits.header_bytes)
            .half_close(false);
        // `pipeline_flush` stays off: with input behind a last request, hyper would close without sending the answer.

        // Saying the number that holds anyway would cost an allocation for each request.
        if limits.header_count != LimitsConfig::default().header_count {
            builder.max_headers(limits.header_count);
        }
        builder
    }

    fn http2(&self) -> http2::Builder<TokioExecutor> {
        let limits = &self.limits;
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
            .max_concurrent_streams(limits.streams)
            .max_pending_accept_reset_streams(RESETS)
            .max_local_error_reset_streams(RESETS)
            .initial_stream_window_size(256 << 10)
            .initial_connection_window_size(1 << 20)
            .max_send_buf_size(256 << 10)
            .keep_alive_interval(PING.0)
            .keep_alive_timeout(PING.1);
        builder
    }
}

/// Whether the client speaks HTTP/2 from the first byte. Looks, and takes nothing.
async fn begins_with_preface(stream: &TcpStream) -> io::Result<bool> {
    let mut seen = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut seen).await?;
        let begin = seen.get(..length).unwrap_or_default();
        if length == 0 || !PREFACE.starts_with(begin) {
            return Ok(false);
        }
        if length == PREFACE.len() {
            return Ok(true);
        }
        // The socket is readable already, so nothing but time can tell when there is more.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What a connection has to do.
#[derive(Default)]
struct Activity {
    begun: AtomicU64,
    ended: AtomicU64,
}

struct Busy(Arc<Activity>);

impl Busy {
    fn begin(activity: &Arc<Activity>) -> Self {
        activity.begun.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(activity))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns when the connection should take no more requests: shutdown began, or nothing has happened for `idle`.
async fn ending(mut shutdown: Shutdown, activity: &Activity, idle: Option<Duration>) {
    let Some(idle) = idle else {
        return shutdown.began().await;
    };
    let mut before = u64::MAX;
    loop {
        tokio::select! {
            () = shutdown.began() => return,
            () = tokio::time::sleep(idle) => {}
        }
        let begun = activity.begun.load(Ordering::Relaxed);
        let at_rest = begun == activity.ended.load(Ordering::Relaxed);
        if at_rest && begun == before {
            return;
        }
        before = begun;
    }
}
