//! Access logs of Envoy as JSON lines, with the keys that its documentation and Istio use.

use aecp_vocabulary::Verdict;
use serde_json::Value as Json;

use super::status;
use crate::Request;
use crate::mapping::{Defaults, Take, defaults};
use crate::request::time;

const DEFAULTS: Defaults = &[
    (
        "request.method",
        &[("/method", Take::Whole), ("/request_method", Take::Whole)],
    ),
    (
        "request.path",
        &[
            ("/path", Take::Path),
            ("/x_envoy_origin_path", Take::Path),
            ("/request_path", Take::Path),
        ],
    ),
    (
        "request.query",
        &[("/path", Take::Query), ("/x_envoy_origin_path", Take::Query)],
    ),
    (
        "request.host",
        &[("/authority", Take::Host), ("/host", Take::Host)],
    ),
    ("request.scheme", &[("/scheme", Take::Whole)]),
    (
        "connection.peer",
        &[
            ("/downstream_remote_address", Take::Address),
            ("/downstream_direct_remote_address", Take::Address),
        ],
    ),
];

pub(super) fn read(line: &Json, request: &mut Request) {
    defaults(DEFAULTS, line, &mut request.mapped);
    request.time = line.get("start_time").and_then(time);
    request.decided = decided(line);
}

/// Envoy says in the details whether it refused the request itself; else the status says it.
fn decided(line: &Json) -> Option<Verdict> {
    let details = line
        .get("response_code_details")
        .and_then(Json::as_str)
        .unwrap_or_default();
    let refused = [
        "ext_authz_denied",
        "rbac_access_denied",
        "jwt_authn_access_denied",
    ];
    if refused.iter().any(|refused| details.contains(refused)) {
        return Some(Verdict::Deny);
    }
    Some(match line.get("response_code").and_then(status)? {
        // No answer came at all.
        0 => return None,
        401 | 403 => Verdict::Deny,
        _ => Verdict::Allow,
    })
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::{Type, Value};

    use super::*;
    use crate::format::Format;
    use crate::mapping::{Mapped, Mapping};

    const LINE: &str = r#"{"start_time": "2026-01-31T08:00:00.000Z", "method": "GET", "path": "/orders?id=7",
        "authority": "shop.example:8443", "downstream_remote_address": "10.1.2.3:55012", "response_code": 403,
        "response_flags": "-", "response_code_details": "via_upstream", "duration": "12", "x_forwarded_for": "-"}"#;

    #[test]
    fn fields_become_attributes() {
        let request = Format::Envoy.read(LINE, &Mapping::default(), None).unwrap();
        let value = |name: &str, declared| request.value(&name.parse().unwrap(), declared);
        assert_eq!(value("request.method", Type::Text), Value::Text("GET".into()));
        assert_eq!(value("request.path", Type::Text), Value::Text("/orders".into()));
        assert_eq!(value("request.query", Type::Text), Value::Text("id=7".into()));
        assert_eq!(
            value("request.host", Type::Text),
            Value::Text("shop.example".into())
        );
        assert_eq!(value("connection.peer", Type::Address).to_string(), "10.1.2.3");
        assert_eq!(request.decided, Some(Verdict::Deny));
        assert_eq!(
            value("time.now", Type::Instant),
            Value::Instant(request.time.unwrap())
        );
    }

    #[test]
    fn more_can_be_mapped_and_texts_are_read_as_what_is_asked() {
        let mapping: Mapping = ["order.duration=/duration", "request.host=/upstream"]
            .iter()
            .map(|text| text.parse::<Mapped>().unwrap())
            .collect();
        let request = Format::Envoy.read(LINE, &mapping, None).unwrap();
        let value = |name: &str, declared| request.value(&name.parse().unwrap(), declared);
        assert_eq!(value("order.duration", Type::Integer), Value::Integer(12));
        assert!(matches!(value("order.duration", Type::Boolean), Value::Failed(_)));
        assert_eq!(
            value("request.host", Type::Text),
            Value::Text("shop.example".into())
        );
    }

    #[test]
    fn the_details_say_who_refused() {
        let line = LINE
            .replace("403", "200")
            .replace("via_upstream", "rbac_access_denied_matched_policy[none]");
        let request = Format::Envoy.read(&line, &Mapping::default(), None).unwrap();
        assert_eq!(request.decided, Some(Verdict::Deny));
        let request = Format::Envoy
            .read(&LINE.replace("403", "0"), &Mapping::default(), None)
            .unwrap();
        assert_eq!(request.decided, None);
    }
}
