//! Questions to a registry: with who one is, where they lead, and how long they may take.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, HeaderValue, LOCATION, RANGE,
    RETRY_AFTER, USER_AGENT,
};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use serde::Deserialize;

use super::address::Repository;
use super::connection::Connections;
use super::credential::Credential;
use super::error::{RegistryError, is_transient};
use super::{place, tls};
use crate::error::shown;

/// Who asks.
const AGENT: &str = concat!("aecp/", env!("CARGO_PKG_VERSION"));

/// Most redirections of one question.
const REDIRECTIONS: usize = 5;

/// Most bytes of an error's body that are read.
const ERROR_LIMIT: usize = 8 * 1024;

/// The first pause before a question is asked again; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause that a registry can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How a registry is spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// TLS; but plain HTTP to a registry on this machine, unless authorities are given.
    #[default]
    Usual,
    /// Plain HTTP, wherever the registry is: anyone on the way reads credentials and can withhold what is new.
    Plain,
}

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Until there is a connection.
    pub connect: Duration,
    /// Until an answer begins, and between two parts of it.
    pub stall: Duration,
    /// Bytes for each second that content must come or go with on the whole, else it is given up.
    pub pace: u64,
    /// How often a question is asked before a failure that may pass counts.
    pub attempts: u32,
}

impl Default for Patience {
    /// 10 s, 30 s, 16 KiB/s, 4 attempts.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            stall: Duration::from_secs(30),
            pace: 16 * 1024,
            attempts: 4,
        }
    }
}

impl Patience {
    /// How long so many bytes may take.
    pub(super) fn of(&self, bytes: u64) -> Duration {
        let seconds = bytes.checked_div(self.pace).unwrap_or_default();
        self.stall.saturating_add(Duration::from_secs(seconds))
    }
}

/// How a registry is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// How it is spoken to.
    pub transport: Transport,
    /// A PEM file with the certificate authorities that are trusted, instead of those that this machine trusts. Without
    /// the feature `user` there are no others.
    pub authorities: Option<PathBuf>,
    /// Who one is, if the registry asks.
    pub credential: Option<Credential>,
    /// How long things may take.
    pub patience: Patience,
}

/// A question.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// What it is for, for messages: "read", "store", …
    pub(super) action: &'static str,
    pub(super) method: Method,
    pub(super) url: Uri,
    pub(super) accept: Option<&'static str>,
    pub(super) content_type: Option<String>,
    pub(super) content_range: Option<String>,
    /// From which byte on the content is wanted.
    pub(super) offset: u64,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn new(action: &'static str, method: Method, url: Uri) -> Self {
        Self {
            action,
            method,
            url,
            accept: None,
            content_type: None,
            content_range: None,
            offset: 0,
            body: Bytes::new(),
        }
    }

    /// Asking twice is the same as asking once.
    fn is_repeatable(&self) -> bool {
        self.method != Method::PATCH
    }

    pub(super) fn stalled(&self, what: &'static str, waited: Duration) -> RegistryError {
        RegistryError::Stalled {
            action: self.action,
            location: shown(&self.url.to_string()),
            what,
            seconds: waited.as_secs(),
        }
    }

    pub(super) fn unreachable(&self, reason: String) -> RegistryError {
        let advice = if reason.contains("invalid peer certificate") {
            "if its certificate comes from an authority of your own, name the file of that authority"
        } else if reason.contains("corrupt message") || reason.contains("InvalidContentType") {
            "does it speak TLS? for plain HTTP you must say so"
        } else {
            "is the address right, and is the registry running?"
        };
        RegistryError::Unreachable {
            action: self.action,
            location: shown(&self.url.to_string()),
            reason,
            advice,
        }
    }

    pub(super) fn nonsense(&self, reason: impl Into<String>) -> RegistryError {
        RegistryError::Answer {
            action: self.action,
            location: shown(&self.url.to_string()),
            reason: reason.into(),
        }
    }

    pub(super) fn redirected(&self, target: &str, reason: &'static str) -> RegistryError {
        RegistryError::Redirected {
            action: self.action,
            location: shown(&self.url.to_string()),
            target: shown(target),
            reason,
        }
    }
}

/// What is shown to a registry that has asked who one is, and how often that was renewed.
#[derive(Clone, Default)]
pub(super) struct Shown {
    pub(super) header: Option<HeaderValue>,
    pub(super) generation: u64,
}

/// The way to one registry.
pub(super) struct Client {
    connections: Connections,
    /// `https://registry.example/v2/aecp/policies/`
    base: String,
    /// The registry itself, the only place that sees credentials without being named by it.
    pub(super) origin: Uri,
    pub(super) repository: Repository,
    pub(super) credential: Option<Credential>,
    pub(super) patience: Patience,
    pub(super) shown: Mutex<Shown>,
    /// One renews, the others wait for it.
    pub(super) renewing: tokio::sync::Mutex<()>,
}

impl Client {
    pub(super) fn new(repository: Repository, options: Options) -> Result<Self, RegistryError> {
        let setup = |reason: String| RegistryError::Setup {
            registry: repository.host().to_owned(),
            reason,
        };
        let plain = options.transport == Transport::Plain
            || (repository.is_loopback() && options.authorities.is_none());
        let scheme = if plain { "http" } else { "https" };
        let origin = format!("{scheme}://{}/", repository.authority());
        let base = format!("{origin}v2/{}/", repository.path());
        let origin: Uri = origin
            .parse()
            .map_err(|error: http::uri::InvalidUri| setup(error.to_string()))?;
        let tls = tls::client(options.authorities.as_deref()).map_err(setup)?;
        Ok(Self {
            connections: Connections::new(tls, options.patience.connect),
            base,
            origin,
            credential: options.credential,
            patience: options.patience,
            shown: Mutex::default(),
            renewing: tokio::sync::Mutex::new(()),
            repository,
        })
    }

    /// A question about something in the repository.
    pub(super) fn call(
        &self,
        action: &'static str,
        method: Method,
        path: &str,
    ) -> Result<Call, RegistryError> {
        let url: Uri = format!("{}{path}", self.base)
            .parse()
            .map_err(|error: http::uri::InvalidUri| RegistryError::Setup {
                registry: self.repository.to_string(),
                reason: error.to_string(),
            })?;
        Ok(Call::new(action, method, url))
    }

    /// Asks, again and again if the failure may pass, and gives an answer of any status that does not pass by itself.
    pub(super) async fn ask(&self, call: &Call) -> Result<Response<Incoming>, RegistryError> {
        let mut attempt = 1_u32;
        let mut pause = FIRST_PAUSE;
        loop {
            let last = attempt >= self.patience.attempts || !call.is_repeatable();
            let wait = match self.ask_as_somebody(call).await {
                Ok(answer) if !last && is_transient(answer.status().as_u16()) => {
                    retry_after(answer.headers()).unwrap_or(pause)
                }
                Err(error) if !last && error.may_pass() => pause,
                other => return other,
            };
            tokio::time::sleep(wait.min(LONGEST_PAUSE)).await;
            attempt = attempt.saturating_add(1);
            pause = pause.saturating_mul(2);
        }
    }

    /// Asks, and shows who one is if the registry wants to know.
    async fn ask_as_somebody(&self, call: &Call) -> Result<Response<Incoming>, RegistryError> {
        // A token that somebody else has just got may be for less than this question needs.
        for _ in 0..2 {
            let shown = self.shown();
            let (answer, from) = self.follow(call, shown.header.as_ref()).await?;
            if answer.status() != StatusCode::UNAUTHORIZED || !place::same_origin(&from, &self.origin) {
                return Ok(answer);
            }
            if !self.show_more(call, shown.generation, answer.headers()).await? {
                return Ok(answer);
            }
        }
        let header = self.shown().header;
        Ok(self.follow(call, header.as_ref()).await?.0)
    }

    pub(super) fn shown(&self) -> Shown {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes where answers lead, and says where the last one came from. Who one is stays with the registry.
    async fn follow(
        &self,
        call: &Call,
        shown: Option<&HeaderValue>,
    ) -> Result<(Response<Incoming>, Uri), RegistryError> {
        let mut call = call.clone();
        for _ in 0..=REDIRECTIONS {
            let shown = shown.filter(|_| place::same_origin(&call.url, &self.origin));
            let answer = self.send(&call, shown).await?;
            if !answer.status().is_redirection() || answer.status() == StatusCode::NOT_MODIFIED {
                return Ok((answer, call.url));
            }
            let location = answer
                .headers()
                .get(LOCATION)
                .and_then(|location| location.to_str().ok())
                .ok_or_else(|| call.nonsense("it leads elsewhere, but not where"))?;
            if !matches!(call.method, Method::GET | Method::HEAD) {
                return Err(call.redirected(location, "only what is read may be elsewhere"));
            }
            let target = place::join(&call.url, location)
                .and_then(|target| place::may_go(&call.url, &target).map(|()| target))
                .map_err(|reason| call.redirected(location, reason))?;
            call.url = target;
        }
        Err(call.redirected("", "there were five redirections before"))
    }

    /// Sends one request, and waits for the head of its answer.
    pub(super) async fn send(
        &self,
        call: &Call,
        credential: Option<&HeaderValue>,
    ) -> Result<Response<Incoming>, RegistryError> {
        let size = u64::try_from(call.body.len()).unwrap_or(u64::MAX);
        let mut request = Request::new(Full::new(call.body.clone()));
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = call.url.clone();
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        let text = |value: &str| {
            HeaderValue::from_str(value).map_err(|_| RegistryError::Setup {
                registry: self.repository.host().to_owned(),
                reason: format!("`{}` cannot stand in a header", shown(value)),
            })
        };
        if let Some(accept) = call.accept {
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        if let Some(content_type) = &call.content_type {
            headers.insert(CONTENT_TYPE, text(content_type)?);
        }
        if let Some(range) = &call.content_range {
            headers.insert(CONTENT_RANGE, text(range)?);
        }
        if call.offset > 0 {
            headers.insert(RANGE, text(&format!("bytes={}-", call.offset))?);
        }
        if let Some(credential) = credential {
            headers.insert(AUTHORIZATION, credential.clone());
        }
        let patience = self.patience.of(size);
        match tokio::time::timeout(patience, self.connections.send(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(reason)) => Err(call.unreachable(reason)),
            Err(_) => Err(call.stalled("there was no answer", patience)),
        }
    }

    /// An answer with one of the expected statuses, or the error that it is.
    pub(super) async fn expect(
        &self,
        call: &Call,
        answer: Response<Incoming>,
        expected: &[StatusCode],
    ) -> Result<Response<Incoming>, RegistryError> {
        let status = answer.status();
        if expected.contains(&status) {
            return match answer.headers().get(CONTENT_ENCODING) {
                Some(coding) if coding != "identity" => {
                    Err(call
                        .nonsense("its content is compressed, which was not asked for and is not unpacked"))
                }
                _ => Ok(answer),
            };
        }
        let body = self.beginning(answer.into_body(), ERROR_LIMIT).await;
        Err(RegistryError::Refused {
            action: call.action,
            location: shown(&call.url.to_string()),
            status: status.as_u16(),
            said: said(&body),
            advice: advice(status, self.credential.is_some()),
        })
    }

    /// A whole body of at most `limit` bytes.
    pub(super) async fn collect(
        &self,
        call: &Call,
        mut body: Incoming,
        limit: usize,
    ) -> Result<Bytes, RegistryError> {
        let mut collected = BytesMut::new();
        while let Some(part) = self.part(call, &mut body).await? {
            if collected.len().saturating_add(part.len()) > limit {
                return Err(call.nonsense(format!("it has more than {limit} bytes")));
            }
            collected.extend_from_slice(&part);
        }
        Ok(collected.freeze())
    }

    /// The next part of a body.
    pub(super) async fn part(
        &self,
        call: &Call,
        body: &mut Incoming,
    ) -> Result<Option<Bytes>, RegistryError> {
        loop {
            match tokio::time::timeout(self.patience.stall, body.frame()).await {
                Err(_) => return Err(call.stalled("nothing came", self.patience.stall)),
                Ok(None) => return Ok(None),
                Ok(Some(Err(error))) => return Err(call.unreachable(chain(&error))),
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => return Ok(Some(data)),
                    Err(_) => {}
                },
            }
        }
    }

    /// What a body begins with, as far as it comes.
    async fn beginning(&self, mut body: Incoming, limit: usize) -> Bytes {
        let mut collected = BytesMut::new();
        let read = async {
            while let Some(Ok(frame)) = body.frame().await
                && collected.len() < limit
            {
                if let Ok(data) = frame.into_data() {
                    collected.extend_from_slice(&data);
                }
            }
        };
        let _ = tokio::time::timeout(self.patience.stall, read).await;
        collected.truncate(limit);
        collected.freeze()
    }
}

/// An error with everything that caused it.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    shown(&text)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The errors that a registry explains itself with (OCI distribution specification 1.1).
#[derive(Deserialize)]
struct Errors {
    errors: Vec<Explanation>,
}

#[derive(Deserialize)]
struct Explanation {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

fn said(body: &[u8]) -> String {
    match serde_json::from_slice::<Errors>(body) {
        Ok(Errors { errors }) => errors.iter().take(3).fold(String::new(), |mut text, error| {
            let _ = write!(text, ": {} {}", shown(&error.code), shown(&error.message));
            text
        }),
        Err(_) => match String::from_utf8_lossy(body).trim() {
            "" => String::new(),
            text if text.starts_with('<') => ": a web page".to_owned(),
            text => format!(": {}", shown(text)),
        },
    }
}

fn advice(status: StatusCode, has_credential: bool) -> &'static str {
    match (status.as_u16(), has_credential) {
        (401, false) => {
            "log in with `docker login`, `oras login` or `skopeo login`, or set AECP_REGISTRY_USERNAME and \
             AECP_REGISTRY_PASSWORD"
        }
        (401, true) => "the credentials are not accepted: log in again",
        (403, false) => "that needs somebody who may: log in",
        (403, true) => "that is not for whom these credentials are of: ask whoever runs the registry",
        (404, _) => "are the registry's and the repository's name right?",
        (413, _) => "that is more than the registry takes: ask whoever runs it to take more",
        (429, _) => "that were too many questions: try again later",
        (status, _) if status >= 500 => "the registry is in trouble: try again, and ask whoever runs it",
        _ => "does the registry support what the OCI distribution specification 1.1 asks for?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_is_shown_and_cut() {
        let body =
            br#"{"errors": [{"code": "DENIED", "message": "no\u001b[31m", "detail": {}}, {"code": "X"}]}"#;
        assert_eq!(said(body), ": DENIED no\\u{1b}[31m: X ");
        assert_eq!(said(b"<html>"), ": a web page");
        assert_eq!(said(b""), "");
        assert!(said("x".repeat(10_000).as_bytes()).len() < 200);
    }

    #[test]
    fn more_bytes_have_more_time() {
        let patience = Patience::default();
        assert_eq!(patience.of(0), Duration::from_secs(30));
        assert_eq!(patience.of(16 * 1024 * 100), Duration::from_secs(130));
        let none = Patience { pace: 0, ..patience };
        assert_eq!(none.of(u64::MAX), Duration::from_secs(30));
    }
}
