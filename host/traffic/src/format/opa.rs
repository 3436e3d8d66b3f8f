//! Decision logs of Open Policy Agent: `input` is the request, `result` the decision.
//!
//! All of `input` is given as attributes, by its own names. Beside that, what Envoy's authorization filter sends, and
//! `method`, `path` and `user` at the top of `input`, are given by the names that AECP has for them.

use aecp_vocabulary::input::Attributes;
use serde_json::Value as Json;

use crate::Request;
use crate::mapping::{Defaults, Take, defaults};
use crate::request::{time, verdict};

const DEFAULTS: Defaults = &[
    (
        "request.method",
        &[
            ("/input/attributes/request/http/method", Take::Whole),
            ("/input/method", Take::Whole),
        ],
    ),
    (
        "request.path",
        &[
            ("/input/attributes/request/http/path", Take::Path),
            ("/input/path", Take::Segments),
        ],
    ),
    (
        "request.query",
        &[("/input/attributes/request/http/path", Take::Query)],
    ),
    (
        "request.host",
        &[("/input/attributes/request/http/host", Take::Host)],
    ),
    (
        "request.scheme",
        &[("/input/attributes/request/http/scheme", Take::Whole)],
    ),
    (
        "connection.peer",
        &[(
            "/input/attributes/source/address/socketAddress/address",
            Take::Address,
        )],
    ),
    (
        "identity.subject",
        &[("/input/user", Take::Whole), ("/input/subject", Take::Whole)],
    ),
];

pub(super) fn read(line: &Json, request: &mut Request) -> Result<(), String> {
    let input = line.get("input").filter(|input| !input.is_null());
    let input = input.ok_or("the event has no `input`; it may have been erased before it was logged")?;
    if input.is_object() {
        request.attributes = Attributes::from_json(&input.to_string()).map_err(|error| error.to_string())?;
    }
    defaults(DEFAULTS, line, &mut request.mapped);
    // What `input` names itself is what it says.
    let own = |name: &String| input.pointer(&format!("/{}", name.replace('.', "/"))).is_some();
    request
        .mapped
        .retain(|name, value| !own(name) && !value.is_object());
    request.time = line.get("timestamp").and_then(time);
    request.decided = line.get("result").and_then(decided);
    Ok(())
}

/// A truth, or an object that says it as `allow` or `allowed`.
fn decided(result: &Json) -> Option<aecp_vocabulary::Verdict> {
    verdict(result).or_else(|| {
        ["allow", "allowed", "decision"]
            .iter()
            .find_map(|key| verdict(result.get(key)?))
    })
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::{Type, Value, Verdict};

    use crate::format::Format;
    use crate::mapping::Mapping;

    fn text(line: &str, name: &str) -> Value {
        let request = Format::Opa.read(line, &Mapping::default(), None).unwrap();
        request.value(&name.parse().unwrap(), Type::Text)
    }

    #[test]
    fn input_is_given_by_its_names_and_by_ours() {
        let line = r#"{"decision_id": "4ca6", "timestamp": "2026-01-31T08:00:00Z", "path": "http/authz/allow",
            "input": {"method": "GET", "path": ["finance", "salary"], "user": "bob", "customer": {"region": "EU"}},
            "result": {"allow": false}}"#;
        assert_eq!(text(line, "customer.region"), Value::Text("EU".into()));
        assert_eq!(text(line, "request.method"), Value::Text("GET".into()));
        assert_eq!(text(line, "request.path"), Value::Text("/finance/salary".into()));
        assert_eq!(text(line, "identity.subject"), Value::Text("bob".into()));
        let request = Format::Opa.read(line, &Mapping::default(), None).unwrap();
        assert_eq!(request.decided, Some(Verdict::Deny));
        assert_eq!(request.time, Some(1_769_846_400_000_000_000));
    }

    #[test]
    fn envoy_behind_opa_and_own_names() {
        let line = r#"{"decision_id": "1", "result": true, "input": {"request": {"method": "PUT"}, "user": {"name": "x"},
            "attributes": {"source": {"address": {"socketAddress": {"address": "10.0.0.1", "portValue": 1}}},
            "request": {"http": {"method": "POST", "path": "/a?b=1", "host": "example.org:443"}}}}}"#;
        assert_eq!(text(line, "request.path"), Value::Text("/a".into()));
        assert_eq!(text(line, "request.query"), Value::Text("b=1".into()));
        assert_eq!(text(line, "request.host"), Value::Text("example.org".into()));
        assert_eq!(text(line, "request.method"), Value::Text("PUT".into()));
        assert_eq!(text(line, "identity.subject"), Value::Absent);
    }

    #[test]
    fn an_event_without_input_says_no_request() {
        let error = Format::Opa
            .read(
                r#"{"decision_id": "1", "result": true}"#,
                &Mapping::default(),
                None,
            )
            .unwrap_err();
        assert!(error.contains("`input`"), "{error}");
    }
}
