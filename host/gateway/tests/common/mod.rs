//! An upstream that tells what it received, and a gateway whose guard is the test's own.
#![allow(unreachable_pub, reason = "every test takes what it needs")]
#![allow(dead_code)]

pub mod ask;
pub mod site;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aecp_gateway::body::RequestBody;
use aecp_gateway::guard::{End, Refused};
use aecp_gateway::metrics::Metrics;
use aecp_gateway::problem::Problem;
use aecp_gateway::upstream::{Upstream, Upstreams};
use aecp_gateway::{Admitted, Asked, Config, Front, Guard, Record};
use aecp_vocabulary::Decision;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// What the upstream received.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

/// A small HTTP/1.1 server. `/silent` never answers, `/breaks` breaks off in the body, `/endless` streams until the
/// reader is gone; everything else answers with what it received as its body.
pub struct TestUpstream {
    pub address: SocketAddr,
    pub received: Arc<Mutex<Vec<Received>>>,
}

impl TestUpstream {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let seen = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                let service = service_fn(move |request| answer(request, Arc::clone(&seen)));
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, received }
    }

    pub fn targets(&self) -> Vec<String> {
        self.received
            .lock()
            .unwrap()
            .iter()
            .map(|received| received.target.clone())
            .collect()
    }

    pub fn last(&self) -> Received {
        self.received.lock().unwrap().last().unwrap().clone()
    }
}

type Answer = Response<BoxBody<Bytes, std::io::Error>>;

async fn answer(request: Request<Incoming>, seen: Arc<Mutex<Vec<Received>>>) -> Result<Answer, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    seen.lock().unwrap().push(Received {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect(),
        body: body.to_vec(),
    });
    let stream = |error: bool| {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut chunks = if error { 3 } else { usize::MAX };
            while chunks > 0
                && sender
                    .send(Ok(Frame::data(Bytes::from(vec![b'x'; 4096]))))
                    .await
                    .is_ok()
            {
                chunks -= 1;
            }
            let _ = sender.send(Err(std::io::Error::other("broken"))).await;
        });
        BodyExt::boxed(StreamBody::new(ReceiverStream(receiver)))
    };
    match parts.uri.path() {
        "/silent" => std::future::pending().await,
        "/breaks" => Ok(Response::new(stream(true))),
        "/endless" => Ok(Response::new(stream(false))),
        _ => {
            let mut response = Response::new(Full::new(body).map_err(|never| match never {}).boxed());
            let headers = response.headers_mut();
            headers.insert("connection", "x-hop".parse().unwrap());
            headers.insert("x-hop", "1".parse().unwrap());
            headers.insert("aecp-request-id", "forged".parse().unwrap());
            headers.insert("x-kept", "1".parse().unwrap());
            Ok(response)
        }
    }
}

struct ReceiverStream<T>(mpsc::Receiver<T>);

impl<T> futures_core::Stream for ReceiverStream<T> {
    type Item = T;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<T>> {
        self.0.poll_recv(cx)
    }
}

/// Lets everything pass to one upstream and tells how it ended.
pub struct OpenGuard {
    upstream: Arc<Upstream>,
    ends: mpsc::UnboundedSender<End>,
}

pub struct Told(mpsc::UnboundedSender<End>);

impl Record for Told {
    fn ended(self, end: &End) {
        let _ = self.0.send(end.clone());
    }
}

impl Guard for OpenGuard {
    type Record = Told;

    async fn admit(&self, asked: Asked<'_>, body: &mut RequestBody) -> Result<Admitted<Told>, Box<Problem>> {
        if asked.head.path == "/looked-at" && body.buffer(16).await.is_err() {
            let decision = Decision::refused(aecp_vocabulary::Denial::ContextMalformed, "too large");
            return Err(Box::new(Problem::denied(&decision, asked.id)));
        }
        Ok(Admitted {
            upstream: Arc::clone(&self.upstream),
            record: Told(self.ends.clone()),
        })
    }

    async fn refuse(&self, refused: Refused<'_>) -> Box<Problem> {
        let decision = Decision::refused(refused.denial, refused.reason);
        let problem = Problem::denied(&decision, refused.id);
        Box::new(match refused.status {
            Some(status) => problem.with_status(status),
            None => problem,
        })
    }
}

/// A gateway with an [`OpenGuard`].
pub struct TestGateway {
    pub address: SocketAddr,
    pub ends: mpsc::UnboundedReceiver<End>,
    pub metrics: Arc<Metrics>,
    pub stop: Option<oneshot::Sender<()>>,
    pub serving: JoinHandle<()>,
}

/// A configuration with one upstream; `more` is TOML behind it.
pub fn config(upstream: &str, more: &str) -> Config {
    let text = format!(
        "root = \"\"\nenrolment = \"\"\nstate = \"\"\nevidence = \"\"\noffers = \"\"\nidentity_headers = [\"x-user\"]\n\
         admin = {{ address = \"127.0.0.1:0\" }}\nupstreams = {{ api = \"{upstream}\" }}\n{more}"
    );
    let listeners = if more.contains("[[listeners]]") {
        ""
    } else {
        "listeners = [{ address = \"127.0.0.1:0\" }]\n"
    };
    toml::from_str(&format!("{listeners}{text}")).unwrap()
}

impl TestGateway {
    pub async fn start(upstream: &TestUpstream, more: &str) -> Self {
        Self::start_with(config(&format!("http://{}", upstream.address), more)).await
    }

    pub async fn start_with(config: Config) -> Self {
        let upstreams = Upstreams::new(&config).unwrap();
        let (sender, ends) = mpsc::unbounded_channel();
        let guard = OpenGuard {
            upstream: Arc::clone(upstreams.get("api").unwrap()),
            ends: sender,
        };
        let metrics = Arc::new(Metrics::default());
        let front = Front::bind(config, Arc::clone(&metrics), guard).await.unwrap();
        let address = front.addresses()[0];
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(front.serve(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            ends,
            metrics,
            stop: Some(stop),
            serving,
        }
    }

    /// Sends bytes and reads until the gateway closes the connection.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        read_to_end(&mut stream).await
    }
}

pub async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset after the answer is an end too.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub fn status(answer: &str) -> u16 {
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0)
}

/// The JSON behind the head.
pub fn problem(answer: &str) -> serde_json::Value {
    let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

/// A client that speaks HTTP/2 from the first byte.
pub async fn http2<S>(stream: S) -> hyper::client::conn::http2::SendRequest<Full<Bytes>>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    sender
}
