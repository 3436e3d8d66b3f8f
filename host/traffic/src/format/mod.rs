//! The formats of logs.

mod envoy;
pub(crate) mod evidence;
mod nginx;
mod opa;
mod requests;

use serde_json::{Map, Value as Json};

use crate::Request;
use crate::mapping::Mapping;
use crate::request::verdict;

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One request a line, as `aecp eval` reads it.
    Requests,
    /// The evidence folder of an enforcement point.
    Evidence,
    /// Decision logs of Open Policy Agent, one event a line.
    Opa,
    /// Access logs of Envoy as JSON lines.
    Envoy,
    /// Access logs of nginx as JSON lines.
    Nginx,
}

impl Format {
    /// The name for it in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Evidence => "evidence",
            Self::Opa => "opa",
            Self::Envoy => "envoy",
            Self::Nginx => "nginx",
        }
    }

    /// The format that a line is in; requests, if it is in none of the others. None if the line is no JSON object.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let object: Map<String, Json> = serde_json::from_str(line).ok()?;
        let has = |keys: &[&str]| keys.iter().all(|key| object.contains_key(*key));
        let any = |keys: &[&str]| keys.iter().any(|key| object.contains_key(*key));
        Some(if has(&["decision_id"]) && any(&["input", "result", "erased"]) {
            Self::Opa
        } else if has(&["response_code"]) && any(&["response_flags", "authority", "start_time", "method"]) {
            Self::Envoy
        } else if has(&["status"])
            && (any(&["request_uri", "request_method", "remote_addr"])
                || object.get("request").is_some_and(Json::is_string))
        {
            Self::Nginx
        } else {
            Self::Requests
        })
    }

    /// Reads one line.
    ///
    /// # Errors
    /// The line says no request, and why.
    pub(crate) fn read(
        self,
        line: &str,
        mapping: &Mapping,
        decision: Option<&str>,
    ) -> Result<Request, String> {
        let mut request = match self {
            Self::Requests => requests::read(line)?,
            Self::Opa | Self::Envoy | Self::Nginx | Self::Evidence => Request::default(),
        };
        if self == Self::Requests && mapping.is_empty() && decision.is_none() {
            return Ok(request);
        }
        let json: Json = serde_json::from_str(line).map_err(|error| error.to_string())?;
        if !json.is_object() {
            return Err("the line is no JSON object".to_owned());
        }
        match self {
            Self::Opa => opa::read(&json, &mut request)?,
            Self::Envoy => envoy::read(&json, &mut request),
            Self::Nginx => nginx::read(&json, &mut request),
            Self::Requests | Self::Evidence => {}
        }
        mapping.apply(&json, &mut request.mapped);
        if let Some(pointer) = decision {
            request.decided = json.pointer(pointer).and_then(verdict);
        }
        Ok(request)
    }
}

/// The number of a status code, which logs write as a number or as a text.
fn status(json: &Json) -> Option<u64> {
    json.as_u64().or_else(|| json.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_their_keys() {
        for (line, format) in [
            (r#"{"customer.region": "EU"}"#, Format::Requests),
            (r#"{"decision_id": "1", "input": {}}"#, Format::Opa),
            (r#"{"response_code": 200, "authority": "a"}"#, Format::Envoy),
            (r#"{"status": "200", "remote_addr": "10.0.0.1"}"#, Format::Nginx),
        ] {
            assert_eq!(Format::of_line(line), Some(format), "{line}");
        }
        assert_eq!(Format::of_line("[]"), None);
        assert_eq!(Format::of_line("{"), None);
    }
}
