//! What the bundle says to this sink.

use serde::Deserialize;

/// The configuration, for example `{"endpoint":"archive"}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The endpoint, by the name that the bundle uses. Not empty.
    pub endpoint: String,
}

/// A configuration that this sink refuses.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// Not the JSON object that is expected.
    #[error("the configuration is not as in `{{\"endpoint\":\"archive\"}}`: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The endpoint has no name.
    #[error("`endpoint` is empty; name an endpoint of the bundle")]
    EmptyEndpoint,
}

impl Configuration {
    /// Reads the bytes that the bundle gives.
    ///
    /// # Errors
    /// Text that is not one JSON object, unknown or repeated fields, an empty name.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ConfigurationError> {
        let configuration: Self = serde_json::from_slice(bytes)?;
        if configuration.endpoint.is_empty() {
            return Err(ConfigurationError::EmptyEndpoint);
        }
        Ok(configuration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_one_endpoint() {
        let read = Configuration::from_json(br#"{"endpoint":"archive"}"#).unwrap();
        assert_eq!(read.endpoint, "archive");
    }

    #[test]
    fn everything_else_is_refused_with_its_place() {
        for (json, named) in [
            ("", "line 1"),
            ("{}", "missing field `endpoint`"),
            (r#"{"endpoint":""}"#, "`endpoint` is empty"),
            (r#"{"endpoint":1}"#, "line 1 column 13"),
            (r#"{"endpoint":"a","endpoint":"b"}"#, "duplicate field `endpoint`"),
            (r#"{"endpoint":"a","file":"/x"}"#, "unknown field `file`"),
            (r#"{"endpoint":"a"} x"#, "trailing characters"),
        ] {
            let error = Configuration::from_json(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(named), "{json}: {error}");
        }
    }
}
