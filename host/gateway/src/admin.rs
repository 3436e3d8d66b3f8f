//! What operators see: `/livez`, `/readyz`, `/metrics` and `/status`. It changes nothing, whoever asks.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aecp_trust::TrustRoot;
use aecp_vocabulary::Denial;
use arc_swap::{ArcSwap, ArcSwapOption};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;

use crate::active::{Active, Summary};
use crate::clock;
use crate::evidence::Recorder;
use crate::metrics::{MEDIA_TYPE, Metrics};
use crate::shutdown::Shutdown;
use crate::state::LastRefusal;

/// Most connections of operators at a time.
const CONNECTIONS: usize = 32;

/// How long an admin connection may stand still between requests.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// What the admin listener looks at.
pub(crate) struct Admin {
    pub(crate) active: Arc<ArcSwapOption<Active>>,
    pub(crate) root: Arc<ArcSwap<TrustRoot>>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) refusal: Arc<ArcSwapOption<LastRefusal>>,
    pub(crate) enforcement_point: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) listeners: Vec<String>,
}

/// Where the admin listener is.
pub(crate) enum AdminListener {
    Loopback(TcpListener),
    Socket(UnixListener),
}

#[derive(Serialize)]
struct Status<'a> {
    enforcement_point: &'a str,
    labels: &'a BTreeMap<String, String>,
    listeners: &'a [String],
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_ready: Option<NotReady>,
    bundle: Option<BundleStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Arc<LastRefusal>>,
    trust_root: RootStatus,
}

#[derive(Serialize)]
struct RootStatus {
    version: u64,
    digest: String,
    expires: String,
    /// Seconds, or `off`.
    freshness_period: String,
}

#[derive(Serialize)]
struct NotReady {
    denial: &'static str,
    reason: String,
}

#[derive(Serialize)]
struct BundleStatus {
    name: String,
    digest: String,
    epoch: u64,
    since: String,
    /// A moment, or `off`.
    fresh_until: String,
    #[serde(flatten)]
    summary: Summary,
}

impl Admin {
    pub(crate) async fn serve(self, listener: AdminListener, mut shutdown: Shutdown) {
        let this = Arc::new(self);
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.began() => return,
            };
            let Ok(stream) = accepted else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (this, mut shutdown) = (Arc::clone(&this), shutdown.clone());
            tokio::spawn(async move {
                let service = service_fn(|request: Request<Incoming>| {
                    let answer = this.answer(request.method(), request.uri().path());
                    async move { Ok::<_, Infallible>(answer) }
                });
                let mut http = http1::Builder::new();
                http.timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
                tokio::select! {
                    // Whoever breaks off an admin connection knows it.
                    _ = http.serve_connection(TokioIo::new(stream), service) => {}
                    () = shutdown.began() => {}
                }
                drop(permit);
            });
        }
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        const TEXT: &str = "text/plain; charset=utf-8";
        if method != Method::GET && method != Method::HEAD {
            return response(
                StatusCode::METHOD_NOT_ALLOWED,
                TEXT,
                "the admin listener is read-only: GET\n".into(),
            );
        }
        match path {
            "/livez" => response(StatusCode::OK, TEXT, "alive\n".into()),
            "/readyz" => match self.not_ready() {
                None => response(StatusCode::OK, TEXT, "ready\n".into()),
                Some(NotReady { denial, reason }) => response(
                    StatusCode::SERVICE_UNAVAILABLE,
                    TEXT,
                    format!("not ready: {denial}: {reason}\n"),
                ),
            },
            "/metrics" => response(StatusCode::OK, MEDIA_TYPE, self.metrics.text()),
            "/status" => response(StatusCode::OK, "application/json", self.status()),
            _ => {
                let known = "there are /livez, /readyz, /metrics and /status\n";
                response(StatusCode::NOT_FOUND, TEXT, known.into())
            }
        }
    }

    fn not_ready(&self) -> Option<NotReady> {
        let not_ready = |denial: Denial, reason: String| {
            Some(NotReady {
                denial: denial.name(),
                reason,
            })
        };
        if let Some(broken) = self.recorder.broken() {
            return not_ready(Denial::AuditUnavailable, broken.to_string());
        }
        match self.active.load_full() {
            None => not_ready(Denial::NoBundle, "no bundle is active".to_owned()),
            Some(active) => {
                let (denial, reason) = active.lapsed(clock::now())?;
                not_ready(denial, reason.to_owned())
            }
        }
    }

    fn status(&self) -> String {
        let not_ready = self.not_ready();
        let bundle = self.active.load_full().map(|active| BundleStatus {
            name: active.name.clone(),
            digest: active.reference.digest.to_string(),
            epoch: active.epoch(),
            since: active.since.to_string(),
            fresh_until: or_off(active.fresh_until()),
            summary: active.summary.clone(),
        });
        let root = self.root.load();
        let status = Status {
            enforcement_point: &self.enforcement_point,
            labels: &self.labels,
            listeners: &self.listeners,
            ready: not_ready.is_none(),
            not_ready,
            bundle,
            refused: self.refusal.load_full(),
            trust_root: RootStatus {
                version: root.version(),
                digest: root.digest().to_string(),
                expires: root.expires().to_string(),
                freshness_period: or_off(root.freshness_period()),
            },
        };
        serde_json::to_string(&status).unwrap_or_default()
    }
}

fn or_off(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "off".to_owned(), |value| value.to_string())
}

impl AdminListener {
    async fn accept(&self) -> std::io::Result<Box<dyn Stream>> {
        Ok(match self {
            Self::Loopback(listener) => Box::new(listener.accept().await?.0),
            Self::Socket(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

fn response(status: StatusCode, media_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
