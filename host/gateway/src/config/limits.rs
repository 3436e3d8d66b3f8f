//! How much and how long.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;

/// A span of time, written with its unit: `250ms`, `10s`, `5m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub Duration);

/// A text that is not a span of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a span of time: write a whole number and its unit, as in `250ms`, `10s` or `5m`")]
pub struct InvalidSpan(String);

impl TryFrom<String> for Span {
    type Error = InvalidSpan;

    fn try_from(text: String) -> Result<Self, InvalidSpan> {
        let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit = text.strip_prefix(number).unwrap_or_default();
        let milliseconds: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            _ => return Err(InvalidSpan(text)),
        };
        let value = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_mul(milliseconds));
        value
            .map(|value| Self(Duration::from_millis(value)))
            .ok_or(InvalidSpan(text))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl Span {
    const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

/// How much and how long. Every key has a default.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Most bytes of a request's head. 32 KiB; 8 KiB to 1 MiB.
    pub header_bytes: usize,
    /// Most headers of a request. 100; 16 to 1,000. Another number than 100 costs an allocation for each request.
    pub header_count: usize,
    /// How long a request's head may take, which is also how long an HTTP/1.1 connection may be idle, and how long a
    /// TLS handshake may take. 15 s.
    pub header_timeout: Span,
    /// How long an HTTP/2 connection without a request in flight is kept. 2 min.
    pub idle_timeout: Span,
    /// How long a body, in either direction, may stand still: the client's request, the upstream's response, and a
    /// client that does not read. 30 s.
    pub body_idle_timeout: Span,
    /// How long connecting to an upstream may take. 5 s.
    pub connect_timeout: Span,
    /// How long an upstream may take until its response begins. 60 s.
    pub response_timeout: Span,
    /// How long a request waits for room in the evidence before it is denied as `audit_unavailable`. 2 s.
    pub audit_timeout: Span,
    /// How long requests in flight may go on when the gateway stops. 30 s.
    pub drain_timeout: Span,
    /// Most connections at a time, over all listeners; more wait to be accepted. 10,000.
    pub connections: usize,
    /// Most requests at a time; more are denied as `overloaded`. 4,096.
    pub requests: usize,
    /// Most streams at a time on one HTTP/2 connection. 128.
    pub streams: u32,
    /// Largest body that extractors may ask for. 1 MiB, which is also the most.
    pub extractor_body_bytes: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            header_bytes: 32 << 10,
            header_count: 100,
            header_timeout: Span::seconds(15),
            idle_timeout: Span::seconds(120),
            body_idle_timeout: Span::seconds(30),
            connect_timeout: Span::seconds(5),
            response_timeout: Span::seconds(60),
            audit_timeout: Span::seconds(2),
            drain_timeout: Span::seconds(30),
            connections: 10_000,
            requests: 4_096,
            streams: 128,
            extractor_body_bytes: aecp_engine::extractor::BODY_LIMIT,
        }
    }
}

impl LimitsConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        fn within<T: PartialOrd + fmt::Display>(
            key: &str,
            value: T,
            low: T,
            high: T,
        ) -> Result<(), ConfigError> {
            if value >= low && value <= high {
                return Ok(());
            }
            Err(ConfigError::new(
                format!("limits.{key}"),
                value,
                format!("allowed are {low} to {high}"),
            ))
        }
        within("header_bytes", self.header_bytes, 8 << 10, 1 << 20)?;
        within("header_count", self.header_count, 16, 1_000)?;
        within("connections", self.connections, 1, 1_000_000)?;
        within("requests", self.requests, 1, 1_000_000)?;
        within("streams", self.streams, 1, 1_000)?;
        within(
            "extractor_body_bytes",
            self.extractor_body_bytes,
            0,
            aecp_engine::extractor::BODY_LIMIT,
        )?;
        let (shortest, longest) = (Span(Duration::from_millis(10)), Span::seconds(3_600));
        for (key, span) in [
            ("header_timeout", self.header_timeout),
            ("idle_timeout", self.idle_timeout),
            ("body_idle_timeout", self.body_idle_timeout),
            ("connect_timeout", self.connect_timeout),
            ("response_timeout", self.response_timeout),
            ("audit_timeout", self.audit_timeout),
            ("drain_timeout", self.drain_timeout),
        ] {
            within(key, span, shortest, longest)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_units() {
        let span = |text: &str| Span::try_from(text.to_owned()).map(|span| span.0);
        assert_eq!(span("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(span("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(span("5m"), Ok(Duration::from_secs(300)));
        for bad in ["", "10", "s", "-1s", "1h", "1.5s", "s10", "99999999999999999999s"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }
}
