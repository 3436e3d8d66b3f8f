//! Where a repository is, as people write it: `registry.example:5000/aecp/policies`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::error::RegistryError;
use crate::error::shown;
use crate::name::{Reference, Tag};

/// Most bytes of a repository's path (OCI distribution specification 1.1 recommends so for path and host together).
const PATH_LIMIT: usize = 255;

/// Most bytes of a host's name with its port.
const HOST_LIMIT: usize = 261;

/// Docker Hub has one name for people and another for programs.
const HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// A repository in a registry. The registry is always named: there is none that is meant without a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repository {
    host: String,
    path: String,
}

impl Repository {
    /// The registry, with its port if it has an unusual one.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The repository in the registry.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Where the registry's API is.
    pub(super) fn authority(&self) -> &str {
        if self.host == HUB.0 { HUB.1 } else { &self.host }
    }

    /// Whether the registry is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(without_port(&self.host))
    }
}

/// Whether a host's name, without port, is certainly this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

impl FromStr for Repository {
    type Err = RegistryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |reason| RegistryError::Address {
            text: shown(text),
            reason,
        };
        if text.contains("://") {
            return Err(invalid("it begins with the registry's name, without a scheme"));
        }
        let (host, path) = text
            .split_once('/')
            .ok_or_else(|| invalid("there is no `/` between the registry's name and the repository"))?;
        check_host(host).map_err(invalid)?;
        check_path(path).map_err(invalid)?;
        Ok(Self {
            host: host.to_owned(),
            path: path.to_owned(),
        })
    }
}

fn check_host(host: &str) -> Result<(), &'static str> {
    if host.len() > HOST_LIMIT {
        return Err("the registry's name is too long");
    }
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port != 0).eq(&false)) {
        return Err("the registry's port is a number from 1 to 65535");
    }
    if let Some(address) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        return match address.parse::<std::net::Ipv6Addr>() {
            Ok(_) => Ok(()),
            Err(_) => Err("between `[` and `]` there is an IPv6 address"),
        };
    }
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if !name.split('.').all(label) {
        return Err("the registry's name is a host name or an IP address");
    }
    // As everywhere: without one of these the first part would be a part of the repository.
    if !name.contains('.') && port.is_none() && name != "localhost" {
        return Err("the first part names the registry: with a dot, with a port, or `localhost`");
    }
    Ok(())
}

fn check_path(path: &str) -> Result<(), &'static str> {
    if path.len() > PATH_LIMIT {
        return Err("the repository has more than 255 bytes");
    }
    if path.split('/').all(is_component) {
        Ok(())
    } else {
        Err(
            "the parts of a repository have lower-case letters and digits, with `.`, `_`, `__` or `-` between them",
        )
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !text.bytes().next().is_some_and(plain) || !text.bytes().next_back().is_some_and(plain) {
        return false;
    }
    text.split(|letter: char| u8::try_from(letter).is_ok_and(plain))
        .all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-'))
}

/// An artifact in a registry: `registry.example/aecp/policies:tag`, `…@sha256:…`, or both, and then the digest counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteReference {
    /// Where.
    pub repository: Repository,
    /// What.
    pub reference: Reference,
}

impl FromStr for RemoteReference {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (named, digest) = match text.split_once('@') {
            Some((named, digest)) => (named, Some(digest.parse()?)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let (repository, tag) = match named.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag.parse::<Tag>()?)),
            _ => (named, None),
        };
        let repository = repository.parse::<Repository>()?;
        let reference = match (digest, tag) {
            (Some(digest), _) => Reference::Digest(digest),
            (None, Some(tag)) => Reference::Tag(tag),
            (None, None) => {
                return Err(RegistryError::Address {
                    text: shown(text),
                    reason: "it has neither a tag nor a digest",
                }
                .into());
            }
        };
        Ok(Self {
            repository,
            reference,
        })
    }
}

impl fmt::Display for RemoteReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            repository,
            reference,
        } = self;
        match reference {
            Reference::Tag(tag) => write!(f, "{repository}:{tag}"),
            Reference::Digest(digest) => write!(f, "{repository}@{digest}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;

    #[test]
    fn references_are_written_as_everywhere() {
        let digest = Digest::of(b"x");
        let plain = "registry.example/aecp/policies:eu-1.0.0";
        let read: RemoteReference = plain.parse().unwrap();
        assert_eq!(read.repository.host(), "registry.example");
        assert_eq!(read.repository.path(), "aecp/policies");
        assert_eq!(read.reference, Reference::Tag("eu-1.0.0".parse().unwrap()));
        assert_eq!(read.to_string(), plain);
        for text in [
            format!("localhost:5000/a@{digest}"),
            format!("localhost:5000/a:tag@{digest}"),
            format!("[::1]:5000/a@{digest}"),
        ] {
            let read: RemoteReference = text.parse().unwrap();
            assert_eq!(read.reference, Reference::Digest(digest), "{text}");
            assert!(read.repository.is_loopback(), "{text}");
        }
    }

    #[test]
    fn what_names_no_place_is_refused_with_the_reason() {
        for (text, part) in [
            ("aecp/policies:eu", "names the registry"),
            ("policies:eu", "no `/`"),
            ("https://registry.example/a:b", "without a scheme"),
            ("registry.example/aecp", "neither a tag nor a digest"),
            ("registry.example/Aecp:a", "lower-case"),
            ("registry.example/a//b:a", "lower-case"),
            ("registry.example/a/../b:a", "lower-case"),
            ("registry.example/a___b:a", "lower-case"),
            ("registry.example:0/a:a", "port"),
            ("registry.example:99999/a:a", "port"),
            ("user:secret@registry.example/a:a", "not a digest"),
            ("regis try.example/a:a", "host name"),
            ("[::x]:1/a:a", "IPv6"),
            ("registry.example/a:-", "no tag"),
            ("registry.example/a@sha512:00", "sha256"),
        ] {
            let error = text.parse::<RemoteReference>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(
            "registry.example/a--b_c__d.e/f:a"
                .parse::<RemoteReference>()
                .is_ok()
        );
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (text, loopback) in [
            ("localhost/a", true),
            ("127.0.0.1:5000/a", true),
            ("127.9.9.9/a", true),
            ("[::1]/a", true),
            ("localhost.example/a", false),
            ("127.0.0.1.example/a", false),
            ("10.0.0.1:5000/a", false),
        ] {
            let repository: Repository = text.parse().unwrap();
            assert_eq!(repository.is_loopback(), loopback, "{text}");
        }
    }
}
