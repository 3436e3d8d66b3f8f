//! The `[gateway]` section: addresses, limits and paths, and nothing that changes a decision.
//!
//! ```toml
//! [gateway]
//! root = "/etc/aecp/root.json"
//! enrolment = "/etc/aecp/enrolment.dsse.json"
//! state = "/var/lib/aecp/gateway"
//! evidence = "/var/lib/aecp/evidence"
//! offers = "/run/aecp/offers.sock"
//!
//! [[gateway.listeners]]
//! address = "0.0.0.0:8443"
//! tls = { certificate = "/etc/aecp/tls.pem", key = "/etc/aecp/tls.key" }
//!
//! [gateway.admin]
//! address = "127.0.0.1:9901"
//!
//! [gateway.upstreams]
//! customers = "http://127.0.0.1:9000"
//! ```

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

mod address;
mod limits;

pub use address::{Protocol, UpstreamAddress};
pub use limits::{LimitsConfig, Span};

/// What a gateway is told on its machine.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The trust root, a TUF `root.json`.
    pub root: PathBuf,
    /// The enrolment of this enforcement point, a signed envelope.
    pub enrolment: PathBuf,
    /// Folder of the gateway's own: the active bundle and the newest epoch that has run.
    pub state: PathBuf,
    /// Folder of the evidence; the journal is made inside.
    pub evidence: PathBuf,
    /// Unix socket on which the agent offers bundles.
    pub offers: PathBuf,
    /// Where clients come in; one or more.
    pub listeners: Vec<ListenerConfig>,
    /// Where operators look in.
    pub admin: AdminConfig,
    /// Addresses of upstreams by the names that routes use.
    #[serde(default)]
    pub upstreams: BTreeMap<String, UpstreamAddress>,
    /// PEM file with the certificate authorities of `https` upstreams.
    #[serde(default)]
    pub upstream_ca: Option<PathBuf>,
    /// Headers that upstreams take for an identity: stripped from what clients send.
    #[serde(default)]
    pub identity_headers: Vec<String>,
    /// How much and how long.
    #[serde(default)]
    pub limits: LimitsConfig,
}

/// One address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenerConfig {
    /// Address and port; port 0 takes any free one, which `/status` shows.
    pub address: SocketAddr,
    /// TLS 1.2 and 1.3 with HTTP/2 by ALPN. Without it: HTTP/1.1, and HTTP/2 with prior knowledge.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
}

/// Certificate and key of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// PEM file: the certificate, then its chain.
    pub certificate: PathBuf,
    /// PEM file: the private key.
    pub key: PathBuf,
}

/// Where the read-only admin listener is: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminConfig {
    /// A loopback address.
    #[serde(default)]
    pub address: Option<SocketAddr>,
    /// A Unix socket.
    #[serde(default)]
    pub socket: Option<PathBuf>,
}

/// The admin listener after checking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminPlace<'a> {
    /// A loopback address.
    Loopback(SocketAddr),
    /// A Unix socket.
    Socket(&'a Path),
}

/// A value that is not allowed where it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`gateway.{key}` is `{value}`: {allowed}")]
pub struct ConfigError {
    /// The key, below `[gateway]`.
    pub key: String,
    /// What was given.
    pub value: String,
    /// What is allowed.
    pub allowed: String,
}

impl ConfigError {
    pub(crate) fn new(key: impl Into<String>, value: impl ToString, allowed: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            value: value.to_string(),
            allowed: allowed.into(),
        }
    }
}

impl AdminConfig {
    /// The one place that is configured.
    ///
    /// # Errors
    /// None or both are, or the address is not a loopback one: the listener has no authentication.
    pub fn place(&self) -> Result<AdminPlace<'_>, ConfigError> {
        match (self.address, &self.socket) {
            (Some(address), None) if address.ip().is_loopback() => Ok(AdminPlace::Loopback(address)),
            (Some(address), None) => Err(ConfigError::new(
                "admin.address",
                address,
                "only a loopback address is allowed (127.0.0.0/8 or ::1), or use `socket`",
            )),
            (None, Some(socket)) => Ok(AdminPlace::Socket(socket)),
            (None, None) => Err(ConfigError::new("admin", "", "give `address` or `socket`")),
            (Some(_), Some(socket)) => Err(ConfigError::new(
                "admin.socket",
                socket.display(),
                "give `address` or `socket`, not both",
            )),
        }
    }
}

impl Config {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// The first value that is not allowed, with its key and what is.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.listeners.is_empty() {
            return Err(ConfigError::new("listeners", "[]", "give one listener or more"));
        }
        self.admin.place()?;
        for (name, address) in &self.upstreams {
            if address.protocol() == Protocol::Https && self.upstream_ca.is_none() {
                let key = format!("upstreams.{name}");
                return Err(ConfigError::new(
                    key,
                    address,
                    "`https` needs `gateway.upstream_ca`, a PEM file",
                ));
            }
        }
        for name in &self.identity_headers {
            if http::HeaderName::from_lowercase(name.as_bytes()).is_err() {
                return Err(ConfigError::new(
                    "identity_headers",
                    name,
                    "write header names in lower case",
                ));
            }
        }
        self.limits.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        root = "root.json"
        enrolment = "enrolment.json"
        state = "state"
        evidence = "evidence"
        offers = "offers.sock"
        listeners = [{ address = "127.0.0.1:0" }]
        admin = { address = "127.0.0.1:0" }
        upstreams = { api = "http://127.0.0.1:9000" }
    "#;

    fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn the_shortest_configuration_is_enough() {
        let config = parse(GOOD).unwrap();
        assert_eq!(config.limits, LimitsConfig::default());
    }

    #[test]
    fn the_admin_listener_stays_on_the_machine() {
        let error = parse(&GOOD.replace(
            "admin = { address = \"127.0.0.1:0\" }",
            "admin = { address = \"0.0.0.0:1\" }",
        ));
        let error = error.unwrap_err();
        assert!(
            error.contains("gateway.admin.address") && error.contains("0.0.0.0:1"),
            "{error}"
        );
        assert!(error.contains("loopback"), "{error}");
        assert!(parse(&GOOD.replace("admin = { address = \"127.0.0.1:0\" }", "admin = {}")).is_err());
    }

    #[test]
    fn errors_name_what_is_wrong() {
        for (from, to, named) in [
            ("root = ", "rooot = ", "rooot"),
            ("http://127.0.0.1:9000", "127.0.0.1:9000", "http://"),
            ("http://127.0.0.1:9000", "http://127.0.0.1:9000/path", "path"),
            ("http://127.0.0.1:9000", "https://127.0.0.1:9000", "upstream_ca"),
            ("[{ address = \"127.0.0.1:0\" }]", "[]", "listeners"),
        ] {
            let error = parse(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(named), "{named}: {error}");
        }
        let error = parse(&format!("{GOOD}\nlimits = {{ header_bytes = 1 }}")).unwrap_err();
        assert!(
            error.contains("gateway.limits.header_bytes") && error.contains("`1`"),
            "{error}"
        );
        let error = parse(&format!("{GOOD}\nlimits = {{ header_timeout = \"ten\" }}")).unwrap_err();
        assert!(
            error.contains("header_timeout") && error.contains("`10s`"),
            "{error}"
        );
        let error = parse(&format!("{GOOD}\nidentity_headers = [\"X-User\"]")).unwrap_err();
        assert!(error.contains("X-User"), "{error}");
    }
}
