//! Headers with one reading.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use super::Malformed;

/// Headers of one connection (RFC 9110 section 7.6.1), and those that say how this one message is framed.
static OF_THE_CONNECTION: [HeaderName; 11] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
    header::EXPECT,
];

/// Headers that have one value. Two could be read as either.
static SINGLE: [HeaderName; 17] = [
    header::AUTHORIZATION,
    header::CONTENT_DISPOSITION,
    header::CONTENT_LOCATION,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::COOKIE,
    header::DATE,
    header::FROM,
    HeaderName::from_static("idempotency-key"),
    header::IF_MODIFIED_SINCE,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::MAX_FORWARDS,
    header::ORIGIN,
    header::RANGE,
    header::REFERER,
    header::USER_AGENT,
];

/// Headers by which some servers take another method, path or sender than the request's own, which is what policies saw.
const SECOND_READINGS: [&str; 9] = [
    "forwarded",
    "x-real-ip",
    "true-client-ip",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-method",
    "x-original-url",
    "x-rewrite-url",
];

/// Beginnings of names that only the enforcement point may say.
const OURS: [&str; 2] = ["aecp-", "x-forwarded-"];

/// Which headers are stripped from what clients send, beside those that always are.
#[derive(Clone, Debug, Default)]
pub struct HeaderRules {
    identity: Vec<String>,
}

impl HeaderRules {
    /// Strips headers of these names (lower case) too.
    pub fn new(identity: impl IntoIterator<Item = String>) -> Self {
        Self {
            identity: identity.into_iter().collect(),
        }
    }

    fn strips(&self, name: &str) -> bool {
        SECOND_READINGS.contains(&name)
            || OURS.iter().any(|prefix| name.starts_with(prefix))
            || self.identity.iter().any(|identity| identity == name)
    }

    pub(super) fn canonical(
        &self,
        mut headers: HeaderMap,
        multiplexed: bool,
    ) -> Result<HeaderMap, Malformed> {
        let chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
        if !headers.get_all(header::TRANSFER_ENCODING).iter().all(chunked) {
            return Err(Malformed::new(
                "header `transfer-encoding`: only `chunked` alone is understood",
            ));
        }
        strip_connection(&mut headers)?;
        headers.remove(header::HOST);
        headers.remove(header::CONTENT_LENGTH);
        let mut stripped = Vec::new();
        for name in headers.keys() {
            if self.strips(name.as_str()) {
                stripped.push(name.clone());
            } else if name.as_str().contains('_') {
                return Err(Malformed::new(format!(
                    "header `{name}`: some servers read `_` as `-`; use a name without it"
                )));
            }
        }
        for name in stripped {
            headers.remove(name);
        }
        if headers.len() != headers.keys_len() {
            if multiplexed {
                join_cookies(&mut headers);
            }
            if let Some(name) = SINGLE
                .iter()
                .find(|name| headers.get_all(*name).iter().nth(1).is_some())
            {
                return Err(Malformed::new(format!(
                    "header `{name}` is there more than once; send it once"
                )));
            }
        }
        Ok(headers)
    }
}

/// Takes away what belongs to the connection and what the connection names as such.
fn strip_connection(headers: &mut HeaderMap) -> Result<(), Malformed> {
    let mut named = Vec::new();
    for value in headers.get_all(header::CONNECTION) {
        let text = value
            .to_str()
            .map_err(|_| Malformed::new("header `connection` is not text"))?;
        for token in text.split(',').map(str::trim).filter(|token| !token.is_empty()) {
            // RFC 9110 section 7.6.1: what is meant for the recipient of the content must not be named here.
            let name = HeaderName::from_bytes(token.as_bytes());
            let name = name.map_err(|_| Malformed::new("header `connection` names what is no header"))?;
            if SINGLE.contains(&name) || name == header::HOST || name == header::CONTENT_LENGTH {
                return Err(Malformed::new(format!(
                    "header `connection` names `{name}`, which is not of the connection"
                )));
            }
            named.push(name);
        }
    }
    for name in named.iter().chain(&OF_THE_CONNECTION) {
        headers.remove(name);
    }
    Ok(())
}

/// RFC 9113 section 8.2.3: HTTP/2 may split one cookie header.
fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if crumbs.len() > 1
        && let Ok(whole) = HeaderValue::from_bytes(&crumbs.join(b"; ".as_slice()))
    {
        headers.insert(header::COOKIE, whole);
    }
}

/// Takes away from an upstream's response what belongs to the connection and what only we may say.
pub(crate) fn strip_response(headers: &mut HeaderMap) {
    let mut gone: Vec<HeaderName> = Vec::new();
    for value in headers.get_all(header::CONNECTION) {
        let tokens = value.to_str().unwrap_or_default().split(',').map(str::trim);
        gone.extend(tokens.filter_map(|token| HeaderName::from_bytes(token.as_bytes()).ok()));
    }
    gone.extend(
        headers
            .keys()
            .filter(|name| name.as_str().starts_with("aecp-"))
            .cloned(),
    );
    // The length is the framing's own matter, whatever the upstream's connection said of it.
    for name in gone
        .iter()
        .filter(|name| **name != header::CONTENT_LENGTH)
        .chain(&OF_THE_CONNECTION)
    {
        headers.remove(name);
    }
}
