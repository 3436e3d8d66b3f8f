//! Requests, and a steady stream of them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::task::JoinHandle;

use crate::error::Error;

/// One request, as a user would write it down.
#[derive(Clone, Debug)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Headers by name.
    pub headers: Vec<(String, String)>,
}

impl Call {
    /// A request without headers.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a bearer token.
    #[must_use]
    pub fn token(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// The same for people who type.
    pub fn curl(&self, address: SocketAddr) -> String {
        let headers: String = self
            .headers
            .iter()
            .map(|(name, value)| format!(" -H '{name}: {value}'"))
            .collect();
        format!(
            "curl -i -X {} 'http://{address}{}'{headers}",
            self.method, self.path
        )
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The id that the enforcement point gave the request.
    pub request_id: Option<String>,
    /// The body, if it is JSON.
    pub json: Value,
}

impl Answer {
    /// A member of the body as text, empty if it is not there.
    pub fn text(&self, member: &str) -> &str {
        self.json.get(member).and_then(Value::as_str).unwrap_or_default()
    }
}

/// Sends requests to one address over kept-alive connections.
#[derive(Clone)]
pub struct Client {
    pool: Pool<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
}

impl Client {
    /// A client of `address`.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            pool: Pool::builder(TokioExecutor::new()).build_http(),
            address,
        }
    }

    /// Sends one request and reads the whole answer.
    ///
    /// # Errors
    /// There was no whole answer.
    pub async fn send(&self, call: &Call) -> Result<Answer, Error> {
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("http://{}{}", self.address, call.path));
        for (name, value) in &call.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::default()).map_err(failed)?;
        read(self.pool.request(request).await.map_err(failed)?).await
    }
}

/// Asks an admin listener on a Unix socket.
///
/// # Errors
/// There was no whole answer.
pub async fn ask(socket: &Path, path: &str) -> Result<Answer, Error> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(Error::system(format!("connecting to {}", socket.display())))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    tokio::spawn(connection);
    let request = Request::builder()
        .uri(path)
        .header("host", "localhost")
        .body(Full::<Bytes>::default())
        .map_err(failed)?;
    read(sender.send_request(request).await.map_err(failed)?).await
}

async fn read(response: hyper::Response<hyper::body::Incoming>) -> Result<Answer, Error> {
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(failed)?.to_bytes();
    let request_id = head
        .headers
        .get("aecp-request-id")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let json = serde_json::from_slice(&body).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body)));
    Ok(Answer {
        status: head.status,
        request_id,
        json,
    })
}

fn failed(error: impl std::error::Error) -> Error {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    Error::Request(text)
}

/// What a stream of requests came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Answers, in the order in which they came.
    pub answers: Vec<Answer>,
    /// Requests without an answer.
    pub failures: Vec<String>,
}

/// A stream of requests that goes on until it is stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<Tally>>,
}

impl Load {
    /// Sends `call` again and again, from `workers` clients at once, each waiting for its answer.
    pub fn start(address: SocketAddr, call: &Call, workers: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let work = |_| {
            let (stop, call, client) = (stop.clone(), call.clone(), Client::new(address));
            tokio::spawn(async move {
                let mut tally = Tally::default();
                while !stop.load(Ordering::SeqCst) {
                    match client.send(&call).await {
                        Ok(answer) => tally.answers.push(answer),
                        Err(error) => {
                            tally.failures.push(error.to_string());
                            // Nobody listens for a moment; let others run.
                            tokio::task::yield_now().await;
                        }
                    }
                }
                tally
            })
        };
        Self {
            workers: (0..workers).map(work).collect(),
            stop,
        }
    }

    /// Stops, and gives what came back.
    pub async fn stop(self) -> Tally {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Tally::default();
        for worker in self.workers {
            if let Ok(tally) = worker.await {
                all.answers.extend(tally.answers);
                all.failures.extend(tally.failures);
            }
        }
        all
    }
}
