//! Where admitted requests go: connections to upstreams, and requests rebuilt from their canonical form.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;

use crate::body::RequestBody;
use crate::canonical::{Head, strip_response};
use crate::config::{Config, Protocol, UpstreamAddress};
use crate::ids::RequestId;
use crate::problem::{REQUEST_ID, UpstreamProblem};
use crate::tls::{self, TlsError};

/// How long an idle connection to an upstream is kept. Shorter than what common servers keep theirs.
const POOL_IDLE: Duration = Duration::from_secs(30);

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// One upstream with its connections.
#[derive(Debug)]
pub struct Upstream {
    name: String,
    protocol: Protocol,
    scheme: Scheme,
    authority: Authority,
    client: Client<HttpsConnector<HttpConnector>, RequestBody>,
    response_timeout: Duration,
}

/// All upstreams that have an address.
#[derive(Debug, Default)]
pub struct Upstreams {
    by_name: BTreeMap<String, Arc<Upstream>>,
}

impl Upstreams {
    /// Prepares the upstreams of a configuration. Connects to none.
    ///
    /// # Errors
    /// The certificate authorities of `https` upstreams cannot be read.
    pub fn new(config: &Config) -> Result<Self, TlsError> {
        let tls = tls::client(config.upstream_ca.as_deref())?;
        let upstream = |(name, address): (&String, &UpstreamAddress)| {
            (name.clone(), Arc::new(Upstream::new(name, address, &tls, config)))
        };
        Ok(Self {
            by_name: config.upstreams.iter().map(upstream).collect(),
        })
    }

    /// The upstream of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Upstream>> {
        self.by_name.get(name)
    }
}

impl Upstream {
    fn new(name: &str, address: &UpstreamAddress, tls: &ClientConfig, config: &Config) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(config.limits.connect_timeout.0));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_or_http();
        let connector = connector.enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(POOL_IDLE)
            .http2_only(address.protocol() == Protocol::H2c)
            .http2_adaptive_window(true)
            .http2_keep_alive_interval(POOL_IDLE)
            .build(connector);
        let scheme = if address.protocol() == Protocol::Https {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        };
        Self {
            name: name.to_owned(),
            protocol: address.protocol(),
            scheme,
            authority: address.authority().clone(),
            client,
            response_timeout: config.limits.response_timeout.0,
        }
    }

    /// The name that routes use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a request that is made of nothing but its canonical form, and waits for the head of the response.
    pub(crate) async fn send(
        &self,
        id: &RequestId,
        head: Head,
        peer: IpAddr,
        body: RequestBody,
    ) -> Result<Response<Incoming>, UpstreamProblem> {
        let transfer = body.transfer();
        let request = self
            .request(id, head, peer, body)
            .ok_or(UpstreamProblem::Malformed)?;
        let mut response = pin!(self.client.request(request));
        let mut seen = 0;
        let response = loop {
            match tokio::time::timeout(self.response_timeout, response.as_mut()).await {
                Ok(response) => break response,
                // An upload that goes on is no upstream that sleeps.
                Err(_) if transfer.bytes() > seen => seen = transfer.bytes(),
                Err(_) => return Err(UpstreamProblem::Timeout),
            }
        };
        let mut response = response.map_err(|error| {
            tracing::debug!(upstream = self.name, error = ?error, "upstream failed");
            UpstreamProblem::Unreachable
        })?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(UpstreamProblem::Malformed);
        }
        strip_response(response.headers_mut());
        if let Ok(id) = HeaderValue::from_str(id.as_str()) {
            response.headers_mut().insert(REQUEST_ID.clone(), id);
        }
        *response.version_mut() = Version::HTTP_11;
        Ok(response)
    }

    fn request(
        &self,
        id: &RequestId,
        head: Head,
        peer: IpAddr,
        body: RequestBody,
    ) -> Option<Request<RequestBody>> {
        let mut target = head.path;
        if let Some(query) = &head.query {
            target.push('?');
            target.push_str(query);
        }
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(self.scheme.clone());
        uri.authority = Some(self.authority.clone());
        uri.path_and_query = Some(PathAndQuery::from_maybe_shared(Bytes::from(target)).ok()?);
        let mut request = Request::new(body);
        *request.method_mut() = head.method;
        *request.uri_mut() = Uri::from_parts(uri).ok()?;
        let mut headers = head.headers;
        let host = HeaderValue::from_str(head.host.as_str()).ok()?;
        if self.protocol != Protocol::H2c {
            headers.insert(header::HOST, host.clone());
        }
        headers.insert(FORWARDED_HOST.clone(), host);
        headers.insert(
            FORWARDED_FOR.clone(),
            HeaderValue::from_str(&peer.to_canonical().to_string()).ok()?,
        );
        headers.insert(
            FORWARDED_PROTO.clone(),
            HeaderValue::from_static(head.scheme.name()),
        );
        headers.insert(REQUEST_ID.clone(), HeaderValue::from_str(id.as_str()).ok()?);
        *request.headers_mut() = headers;
        Some(request)
    }
}
