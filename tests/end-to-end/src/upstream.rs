//! A small customer-data API, the thing that is protected.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::net::TcpListener;

use crate::error::Error;

/// A running upstream. It stops with the process.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Where it listens.
    pub address: SocketAddr,
    served: Arc<AtomicU64>,
}

impl Upstream {
    /// Starts it on a free port of the loopback address.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .map_err(Error::system("listening"))?;
        let address = listener.local_addr().map_err(Error::system("listening"))?;
        let upstream = Self {
            address,
            served: Arc::default(),
        };
        let served = upstream.served.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let served = served.clone();
                let service = hyper::service::service_fn(move |request| answer(request, served.clone()));
                tokio::spawn(async move {
                    let builder = auto::Builder::new(TokioExecutor::new());
                    // A client that goes away is none of our business.
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Ok(upstream)
    }

    /// How many requests have reached it.
    pub fn served(&self) -> u64 {
        self.served.load(Ordering::SeqCst)
    }
}

/// Says what was asked for, and which headers came with it.
async fn answer(
    request: Request<Incoming>,
    served: Arc<AtomicU64>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    served.fetch_add(1, Ordering::SeqCst);
    let (head, body) = request.into_parts();
    let received = body
        .collect()
        .await
        .map(|body| body.to_bytes().len())
        .unwrap_or_default();
    let headers: Vec<(&str, String)> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into()))
        .collect();
    let text = json!({
        "customer": { "id": head.uri.path().rsplit('/').next(), "name": "Erika Mustermann" },
        "method": head.method.as_str(),
        "path": head.uri.to_string(),
        "headers": headers,
        "received": received,
    });
    let mut response = Response::new(Full::new(Bytes::from(text.to_string())));
    response.headers_mut().insert(
        "content-type",
        hyper::header::HeaderValue::from_static("application/json"),
    );
    Ok(response)
}
