//! Access logs of nginx as JSON lines, with the names of its variables as keys.

use aecp_vocabulary::Verdict;
use serde_json::Value as Json;

use super::status;
use crate::Request;
use crate::mapping::{Defaults, Take, defaults};
use crate::request::time;

const DEFAULTS: Defaults = &[
    (
        "request.method",
        &[("/request_method", Take::Whole), ("/request", Take::LineMethod)],
    ),
    (
        "request.path",
        &[
            ("/request_uri", Take::Path),
            ("/uri", Take::Path),
            ("/request", Take::LinePath),
        ],
    ),
    (
        "request.query",
        &[
            ("/args", Take::Whole),
            ("/query_string", Take::Whole),
            ("/request_uri", Take::Query),
            ("/request", Take::LineQuery),
        ],
    ),
    (
        "request.host",
        &[
            ("/host", Take::Host),
            ("/http_host", Take::Host),
            ("/server_name", Take::Host),
        ],
    ),
    ("request.scheme", &[("/scheme", Take::Whole)]),
    ("connection.peer", &[("/remote_addr", Take::Address)]),
    ("identity.subject", &[("/remote_user", Take::Whole)]),
];

pub(super) fn read(line: &Json, request: &mut Request) {
    defaults(DEFAULTS, line, &mut request.mapped);
    request.time = ["time_iso8601", "time", "timestamp"]
        .iter()
        .find_map(|key| time(line.get(key)?));
    request.decided = line.get("status").and_then(status).map(|status| match status {
        401 | 403 => Verdict::Deny,
        _ => Verdict::Allow,
    });
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::{Type, Value};

    use super::*;
    use crate::format::Format;
    use crate::mapping::Mapping;

    #[test]
    fn variables_and_request_lines_become_attributes() {
        let line = r#"{"time_iso8601": "2026-01-31T09:00:00+01:00", "remote_addr": "2001:db8::7", "remote_user": "-",
            "request": "DELETE /orders/7?force HTTP/2.0", "status": "403", "host": "shop.example"}"#;
        let request = Format::Nginx.read(line, &Mapping::default(), None).unwrap();
        let value = |name: &str, declared| request.value(&name.parse().unwrap(), declared);
        assert_eq!(value("request.method", Type::Text), Value::Text("DELETE".into()));
        assert_eq!(value("request.path", Type::Text), Value::Text("/orders/7".into()));
        assert_eq!(value("request.query", Type::Text), Value::Text("force".into()));
        assert_eq!(value("connection.peer", Type::Address).to_string(), "2001:db8::7");
        assert_eq!(value("identity.subject", Type::Text), Value::Absent);
        assert_eq!(request.decided, Some(Verdict::Deny));
        assert_eq!(request.time, Some(1_769_846_400_000_000_000));
    }
}
