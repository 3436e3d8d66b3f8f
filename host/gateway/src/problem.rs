//! What a client is told when its request does not go through: RFC 9457 `application/problem+json`.

use aecp_vocabulary::{Decision, Denial, Digest};
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

use crate::ids::RequestId;

/// Header by which a response names its request.
pub static REQUEST_ID: HeaderName = HeaderName::from_static("aecp-request-id");

/// Why a request did not go through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `urn:aecp:denial:<name>`, or `urn:aecp:upstream:<name>` for an allowed request whose upstream failed.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "as_number")]
    pub status: StatusCode,
    /// Why, as a sentence.
    pub detail: String,
    /// The denial's name; none if the request was allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denial: Option<&'static str>,
    /// The first policy that denied, `default`, or the denial's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The policy's package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// The enforcement point's name for the request; evidence has it too.
    pub request_id: String,
    /// The bundle in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// Its epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
}

fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

/// How an upstream failed an allowed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpstreamProblem {
    /// No connection, or one that broke before a response.
    Unreachable,
    /// No response in time.
    Timeout,
    /// A response that is none.
    Malformed,
}

impl UpstreamProblem {
    /// The name in problem documents and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Malformed => "malformed",
        }
    }
}

impl Problem {
    /// A denial.
    pub fn denied(decision: &Decision, request: &RequestId) -> Self {
        let denial = decision.denial.unwrap_or(Denial::Default);
        let finding = decision.denied_by();
        Self {
            kind: format!("urn:aecp:denial:{}", denial.name()),
            title: title(denial),
            status: status(denial),
            detail: finding.map(|finding| finding.reason.clone()).unwrap_or_default(),
            denial: Some(denial.name()),
            policy: finding.map(|finding| finding.policy.clone()),
            package: finding
                .map(|finding| finding.package.clone())
                .filter(|package| !package.is_empty()),
            request_id: request.as_str().to_owned(),
            bundle: None,
            epoch: None,
        }
    }

    /// An allowed request whose upstream failed.
    pub fn upstream(problem: UpstreamProblem, upstream: &str, request: &RequestId) -> Self {
        let (status, detail) = match problem {
            UpstreamProblem::Unreachable => (StatusCode::BAD_GATEWAY, "cannot be reached or broke off"),
            UpstreamProblem::Timeout => (StatusCode::GATEWAY_TIMEOUT, "did not answer in time"),
            UpstreamProblem::Malformed => (StatusCode::BAD_GATEWAY, "gave no valid response"),
        };
        Self {
            kind: format!("urn:aecp:upstream:{}", problem.name()),
            title: "the request was allowed, but its upstream failed",
            status,
            detail: format!("upstream `{upstream}` {detail}"),
            denial: None,
            policy: None,
            package: None,
            request_id: request.as_str().to_owned(),
            bundle: None,
            epoch: None,
        }
    }

    /// An allowed request whose body did not come.
    pub fn request_body(timeout: bool, request: &RequestId) -> Self {
        let (status, name, detail) = if timeout {
            (
                StatusCode::REQUEST_TIMEOUT,
                "timeout",
                "the request's body stood still for too long",
            )
        } else {
            (StatusCode::BAD_REQUEST, "broken", "the request's body broke off")
        };
        Self {
            kind: format!("urn:aecp:request:{name}"),
            title: "the request did not come as a whole",
            status,
            detail: detail.to_owned(),
            denial: None,
            policy: None,
            package: None,
            request_id: request.as_str().to_owned(),
            bundle: None,
            epoch: None,
        }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same under a bundle.
    #[must_use]
    pub fn under(self, digest: Digest, epoch: u64) -> Self {
        Self {
            bundle: Some(digest.to_string()),
            epoch: Some(epoch),
            ..self
        }
    }

    /// The response.
    pub fn response(&self) -> Response<Bytes> {
        let body = serde_json::to_vec(self).unwrap_or_default();
        let mut response = Response::new(Bytes::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            headers.insert(REQUEST_ID.clone(), id);
        }
        response
    }
}

fn status(denial: Denial) -> StatusCode {
    match denial {
        Denial::ContextMalformed => StatusCode::BAD_REQUEST,
        denial if denial.is_failure_of_ours() => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::FORBIDDEN,
    }
}

fn title(denial: Denial) -> &'static str {
    match denial {
        Denial::Violated => "a policy forbids the request",
        Denial::Indeterminate => "a policy cannot tell whether the request is allowed",
        Denial::Default => "no policy covers the request",
        Denial::ContextMalformed => "the request cannot be read in one way alone",
        Denial::NoRoute => "no route takes the request",
        Denial::NoUpstream => "the route's upstream has no address here",
        Denial::ObligationUnsupported => "an obligation cannot be discharged here",
        Denial::NoBundle => "no bundle is active",
        Denial::BundleExpired => "the bundle is not valid any more",
        Denial::FreshnessExpired => "nothing says that the bundle is still the current one",
        Denial::BundleRevoked => "the bundle is not trusted any more",
        Denial::AuditUnavailable => "the evidence cannot be written",
        Denial::Overloaded => "there are too many requests",
        _ => "a policy component failed",
    }
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::{AuditClass, Finding, Mode, Outcome, Verdict};

    use super::*;

    #[test]
    fn a_denial_names_policy_and_reason() {
        let finding = |policy: &str, mode| Finding {
            package: "eu".into(),
            policy: policy.into(),
            outcome: Outcome::Violated,
            mode,
            reason: "storage is in us-east-1".into(),
        };
        let decision = Decision {
            verdict: Verdict::Deny,
            denial: Some(Denial::Violated),
            findings: vec![
                finding("soft", Mode::Advisory),
                finding("residency", Mode::Blocking),
            ],
            covered_by: vec![],
            obligations: vec![],
            audit: AuditClass::Ordinary,
        };
        let problem = Problem::denied(&decision, &RequestId::of(1, 2)).under(Digest::of(b"bundle"), 7);
        let response = problem.response();
        assert_eq!(response.status(), 403);
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let json: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:aecp:denial:violated", "title": "a policy forbids the request", "status": 403,
                "detail": "storage is in us-east-1", "denial": "violated", "policy": "residency", "package": "eu",
                "request_id": "00000000000000010000000000000002", "bundle": Digest::of(b"bundle"), "epoch": 7,
            })
        );
    }

    #[test]
    fn failures_of_ours_are_503_and_malformed_requests_400() {
        let status = |denial| Problem::denied(&Decision::refused(denial, ""), &RequestId::of(0, 0)).status;
        assert_eq!(status(Denial::NoBundle), 503);
        assert_eq!(status(Denial::ComponentTrapped), 503);
        assert_eq!(status(Denial::ContextMalformed), 400);
        assert_eq!(status(Denial::NoRoute), 403);
    }
}
