//! The canonical form of a request: what the policies see, and all that the upstream receives.
//!
//! Whatever two readers could read in two ways is refused here, with the reason. What is left has one reading:
//! method in upper case, one host, a path without dot segments and with one percent-encoding, header names in lower
//! case, single headers once, nothing that belongs to the connection, and nothing that only we may say.

use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Version};
use sha2::{Digest, Sha256};

mod headers;
mod host;
mod path;

pub use headers::HeaderRules;
pub(crate) use headers::strip_response;
pub use host::Host;
pub(crate) use path::percent_decode;

/// How a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// `http` or `https`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A request's head in canonical form.
#[derive(Clone, Debug)]
pub struct Head {
    /// Without lower-case letters; never CONNECT.
    pub method: Method,
    /// How the request came in.
    pub scheme: Scheme,
    /// Which host it is for.
    pub host: Host,
    /// Begins with `/`; see [`path`](self).
    pub path: String,
    /// Without the question mark, as the client wrote it.
    pub query: Option<String>,
    /// End-to-end headers, without `host` and `content-length`.
    pub headers: HeaderMap,
}

/// A request that has no canonical form. It is denied as `context_malformed`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Malformed {
    /// What is wrong where, and what to do.
    pub reason: String,
    /// The status for the client: 400, or 501 for what no request can have here.
    pub status: StatusCode,
}

impl Malformed {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            status: StatusCode::BAD_REQUEST,
        }
    }

    fn not_implemented(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            status: StatusCode::NOT_IMPLEMENTED,
        }
    }
}

impl Head {
    /// Puts a request's head into canonical form. `parts` loses its headers.
    ///
    /// # Errors
    /// It can be read in two ways, or asks for what is not offered.
    pub fn of(parts: &mut Parts, scheme: Scheme, rules: &HeaderRules) -> Result<Self, Malformed> {
        let method = method(&parts.method)?;
        if parts.headers.contains_key(http::header::UPGRADE) {
            return Err(Malformed::not_implemented(
                "header `upgrade`: this enforcement point switches no protocols; send the request without it",
            ));
        }
        if let Some(given) = parts.uri.scheme_str()
            && given != scheme.name()
        {
            return Err(Malformed::new(format!(
                "the request says scheme `{given}`, but came in by `{}`",
                scheme.name()
            )));
        }
        let host = host::of(parts)?;
        let path = path::canonical(parts.uri.path())?;
        let query = parts.uri.query().map(path::query).transpose()?;
        let multiplexed = parts.version == Version::HTTP_2;
        let headers = rules.canonical(std::mem::take(&mut parts.headers), multiplexed)?;
        Ok(Self {
            method,
            scheme,
            host,
            path,
            query,
            headers,
        })
    }

    /// SHA-256 over the head: `METHOD scheme://host/path?query` and a line feed, then for each header, by name and for
    /// equal names in the order received, `name: value` and a line feed.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in [
            self.method.as_str(),
            " ",
            self.scheme.name(),
            "://",
            self.host.as_str(),
            &self.path,
        ] {
            hash.update(part);
        }
        if let Some(query) = &self.query {
            hash.update("?");
            hash.update(query);
        }
        hash.update("\n");
        let mut headers: Vec<_> = self.headers.iter().collect();
        headers.sort_by(|(a, _), (b, _)| a.as_str().cmp(b.as_str()));
        for (name, value) in headers {
            hash.update(name.as_str());
            hash.update(": ");
            hash.update(value.as_bytes());
            hash.update("\n");
        }
        hash.finalize().into()
    }
}

/// What stands for [`Head::digest`] of a request without canonical form: SHA-256 over `METHOD target` and a line feed.
pub fn digest_of_malformed(parts: &Parts) -> [u8; 32] {
    let line = format!("{} {}\n", parts.method, parts.uri);
    Sha256::digest(line.as_bytes()).into()
}

fn method(method: &Method) -> Result<Method, Malformed> {
    if method == Method::CONNECT {
        return Err(Malformed::not_implemented(
            "method `CONNECT`: this enforcement point opens no tunnels",
        ));
    }
    if method.as_str().bytes().any(|byte| byte.is_ascii_lowercase()) {
        return Err(Malformed::new(format!(
            "method `{method}`: methods are case-sensitive; write it in upper case"
        )));
    }
    Ok(method.clone())
}

#[cfg(test)]
mod tests;
