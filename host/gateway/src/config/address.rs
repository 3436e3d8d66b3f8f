//! Addresses of upstreams.

use std::fmt;

use http::uri::Authority;
use serde::Deserialize;

/// How an upstream is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1 over TCP: `http://`.
    Http,
    /// HTTP/2 with prior knowledge over TCP: `h2c://`. Its `:authority` is the upstream's address; the host that the
    /// client asked for is in `x-forwarded-host` alone.
    H2c,
    /// HTTP/1.1 over TLS: `https://`.
    Https,
}

/// Where an upstream is: `http://host:port`, `h2c://host:port` or `https://host:port`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UpstreamAddress {
    protocol: Protocol,
    authority: Authority,
}

/// A text that is not the address of an upstream.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not the address of an upstream ({problem}): write `http://host:port`, `h2c://…` or `https://…`"
)]
pub struct InvalidAddress {
    text: String,
    problem: &'static str,
}

impl UpstreamAddress {
    /// How it is spoken to.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Host and port.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl TryFrom<String> for UpstreamAddress {
    type Error = InvalidAddress;

    fn try_from(text: String) -> Result<Self, InvalidAddress> {
        let invalid = |problem| InvalidAddress {
            text: text.clone(),
            problem,
        };
        let (protocol, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Protocol::Http, rest),
            Some(("h2c", rest)) => (Protocol::H2c, rest),
            Some(("https", rest)) => (Protocol::Https, rest),
            _ => return Err(invalid("no protocol that is known")),
        };
        if rest.contains(['/', '?', '#']) {
            return Err(invalid("it has a path or query; paths come from requests"));
        }
        if rest.contains('@') {
            return Err(invalid("it has user information"));
        }
        let authority: Authority = rest.parse().map_err(|_| invalid("no host and port"))?;
        if authority.host().is_empty() {
            return Err(invalid("no host"));
        }
        Ok(Self { protocol, authority })
    }
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = match self.protocol {
            Protocol::Http => "http",
            Protocol::H2c => "h2c",
            Protocol::Https => "https",
        };
        write!(f, "{protocol}://{}", self.authority)
    }
}
