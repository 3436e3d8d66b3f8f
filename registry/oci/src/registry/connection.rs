//! Connections to a registry and where it leads, kept for the next question.
//!
//! hyper's own pool would do this too, and HTTP/2. It would be in an enforcement point twice, because the gateway's has
//! another kind of body; this is a small part of that size.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::ClientConfig;
use std::time::Duration;
use tower_service::Service as _;

use super::client::chain;

/// Most bytes of the head of an answer.
const HEAD_LIMIT: usize = 64 * 1024;

/// Most connections that wait for a question.
const IDLE: usize = 8;

/// A connection that waits for a question, and where it leads.
struct Idle {
    scheme: Option<Scheme>,
    authority: Option<Authority>,
    sender: SendRequest<Full<Bytes>>,
}

/// The connections of one client.
pub(super) struct Connections {
    connector: HttpsConnector<HttpConnector>,
    patience: Duration,
    idle: Mutex<Vec<Idle>>,
}

impl Connections {
    /// None yet; each may take `patience` to be made.
    pub(super) fn new(tls: ClientConfig, patience: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        Self {
            connector,
            patience,
            idle: Mutex::default(),
        }
    }

    /// Sends a request and waits for the head of its answer; a text says what went wrong.
    pub(super) async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Response<Incoming>, String> {
        let uri = request.uri().clone();
        let host = uri.authority().map_or("", Authority::as_str);
        let host = HeaderValue::from_str(host).map_err(|error| error.to_string())?;
        request.headers_mut().insert(HOST, host);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path
            .parse()
            .map_err(|error: http::uri::InvalidUri| error.to_string())?;
        // One whose answer has just been read to its end is ready when its task has run.
        tokio::task::yield_now().await;
        while let Some(mut sender) = self.take(&uri) {
            match sender.try_send_request(request).await {
                Ok(answer) => {
                    self.keep(&uri, sender);
                    return Ok(answer);
                }
                // It was closed meanwhile, and nothing was sent.
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(chain(failed.error())),
                },
            }
        }
        let mut sender = match tokio::time::timeout(self.patience, self.connect(&uri)).await {
            Ok(connected) => connected?,
            Err(_) => return Err(format!("no connection within {} s", self.patience.as_secs())),
        };
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| chain(&error))?;
        self.keep(&uri, sender);
        Ok(answer)
    }

    async fn connect(&self, uri: &Uri) -> Result<SendRequest<Full<Bytes>>, String> {
        let stream = self.connector.clone().call(uri.clone()).await;
        let stream = stream.map_err(|error| chain(error.as_ref()))?;
        let mut builder = Builder::new();
        let (sender, connection) = builder
            .max_buf_size(HEAD_LIMIT)
            .handshake(stream)
            .await
            .map_err(|error| chain(&error))?;
        // What goes wrong on it is told to whoever waits for an answer.
        tokio::spawn(connection);
        Ok(sender)
    }

    fn take(&self, uri: &Uri) -> Option<SendRequest<Full<Bytes>>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|one| !one.sender.is_closed());
        let fits = |one: &Idle| {
            one.scheme.as_ref() == uri.scheme()
                && one.authority.as_ref() == uri.authority()
                && one.sender.is_ready()
        };
        let at = idle.iter().position(fits)?;
        Some(idle.swap_remove(at).sender)
    }

    fn keep(&self, uri: &Uri, sender: SendRequest<Full<Bytes>>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|one| !one.sender.is_closed());
        if idle.len() >= IDLE {
            idle.remove(0);
        }
        idle.push(Idle {
            scheme: uri.scheme().cloned(),
            authority: uri.authority().cloned(),
            sender,
        });
    }
}
