//! Which host a request is for: exactly one, spelled one way.

use std::fmt;
use std::net::Ipv6Addr;

use http::header;
use http::request::Parts;

use super::Malformed;

/// A host in lower case, without a last dot, with the port if the client gave one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    text: String,
    name: usize,
}

impl Host {
    /// Name and port.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name or bracketed address alone.
    pub fn name(&self) -> &str {
        self.text.get(..self.name).unwrap_or_default()
    }

    fn parse(text: &str) -> Result<Self, Malformed> {
        let refused = |problem: &str| Malformed::new(format!("host `{}`: {problem}", cut(text)));
        if text.contains('@') {
            return Err(refused(
                "it has user information; take away what is before the `@`",
            ));
        }
        let (name, rest) = if text.starts_with('[') {
            let (address, rest) = text
                .strip_prefix('[')
                .and_then(|text| text.split_once(']'))
                .ok_or_else(|| refused("the bracket is not closed"))?;
            let address: Ipv6Addr = address
                .parse()
                .map_err(|_| refused("not an IPv6 address in brackets"))?;
            (format!("[{address}]"), rest)
        } else {
            let end = text.find(':').unwrap_or(text.len());
            let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
            let name = name.strip_suffix('.').unwrap_or(name);
            if !is_name(name) {
                return Err(refused("not a host name or address"));
            }
            (name.to_ascii_lowercase(), rest)
        };
        let length = name.len();
        let mut host = Self {
            text: name,
            name: length,
        };
        if !rest.is_empty() {
            let digits = rest
                .strip_prefix(':')
                .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
            let port: u16 = digits
                .and_then(|digits| digits.parse().ok())
                .ok_or_else(|| refused("not a port"))?;
            host.text.push(':');
            host.text.push_str(&port.to_string());
        }
        Ok(host)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The host of `:authority`, an absolute target or the header `host`; where there are two, they must be equal.
pub(super) fn of(parts: &Parts) -> Result<Host, Malformed> {
    let mut given = parts.headers.get_all(header::HOST).iter();
    let header = given.next();
    if given.next().is_some() {
        return Err(Malformed::new(
            "header `host` is there more than once; send it once",
        ));
    }
    let header = header.map(|value| {
        let text =
            std::str::from_utf8(value.as_bytes()).map_err(|_| Malformed::new("header `host` is not text"))?;
        Host::parse(text)
    });
    let header = header.transpose()?;
    let authority = parts
        .uri
        .authority()
        .map(|authority| Host::parse(authority.as_str()))
        .transpose()?;
    match (authority, header) {
        (Some(authority), Some(header)) if authority != header => Err(Malformed::new(format!(
            "the request is for host `{authority}` and, by header `host`, for `{header}`; send one"
        ))),
        (Some(host), _) | (None, Some(host)) => Ok(host),
        (None, None) => Err(Malformed::new(
            "the request names no host; send header `host` once",
        )),
    }
}

fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn cut(text: &str) -> String {
    text.chars().take(128).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_one_host() {
        let host = |text: &str| Host::parse(text).map(|host| (host.to_string(), host.name().to_owned()));
        let pair = |a: &str, b: &str| Ok((a.to_owned(), b.to_owned()));
        assert_eq!(
            host("Api.Example.ORG"),
            pair("api.example.org", "api.example.org")
        );
        assert_eq!(
            host("api.example.org.:0080"),
            pair("api.example.org:80", "api.example.org")
        );
        assert_eq!(
            host("[2001:DB8:0::1]:443"),
            pair("[2001:db8::1]:443", "[2001:db8::1]")
        );
        assert_eq!(host("10.0.0.1"), pair("10.0.0.1", "10.0.0.1"));
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "",
            ".",
            "a..b",
            "user@a",
            "user:pw@a:80",
            "a:",
            "a:b",
            "a:+80",
            "a:70000",
            "[::1",
            "[x]",
            "[::1]x",
            "a/b",
            "a b",
            "ä",
            "a,b",
            "%61",
            "*",
        ] {
            assert!(Host::parse(bad).is_err(), "{bad}");
        }
    }
}
