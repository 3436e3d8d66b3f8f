//! From claims to attribute values.

use aecp_vocabulary::{Type, Value};
use serde_json::Value as Json;

use crate::configuration::Mapping;

/// The claims of a verified token.
pub type Claims = serde_json::Map<String, Json>;

/// Last second of the year 9999: no date of a token is later, nor earlier than its negative.
const DATE_LIMIT: f64 = 253_402_300_799.0;

const NANOSECONDS: i128 = 1_000_000_000;

/// What `claims` say of one attribute: absent if the claim is not there or null, failed if it has another type.
pub fn value(mapping: &Mapping, claims: &Claims) -> Value {
    let (Some(first), rest) = (
        mapping.claim.steps().first(),
        mapping.claim.steps().get(1..).unwrap_or_default(),
    ) else {
        return Value::Absent;
    };
    let found = rest
        .iter()
        .try_fold(claims.get(first), |outer, step| match outer {
            None | Some(Json::Null) => Some(None),
            Some(Json::Object(members)) => Some(members.get(step)),
            Some(_) => None,
        });
    match found {
        Some(None | Some(Json::Null)) => Value::Absent,
        Some(Some(claim)) => typed(mapping, claim).map_or_else(
            || {
                Value::failed(format!(
                    "the claim for `{}` is not a {}",
                    mapping.name, mapping.value_type
                ))
            },
            |value| value.at_position_of(mapping.value_type),
        ),
        None => Value::failed(format!(
            "the claim for `{}` stands in something that is not an object",
            mapping.name
        )),
    }
}

fn typed(mapping: &Mapping, claim: &Json) -> Option<Value> {
    match (mapping.value_type, claim) {
        (Type::Text, Json::String(text)) => Some(Value::Text(text.clone())),
        (Type::Integer, Json::Number(number)) => number.as_i64().map(Value::Integer),
        (Type::Boolean, Json::Bool(truth)) => Some(Value::Boolean(*truth)),
        (Type::Instant, Json::Number(_)) => i64::try_from(date(claim)?).ok().map(Value::Instant),
        (Type::SetOfText, Json::String(text)) if mapping.space_separated => Some(Value::SetOfText(
            text.split(' ')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
        )),
        (Type::SetOfText, Json::Array(members)) => {
            let texts = members.iter().map(|member| member.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map(Value::SetOfText)
        }
        (Type::SetOfInteger, Json::Array(members)) => members
            .iter()
            .map(Json::as_i64)
            .collect::<Option<_>>()
            .map(Value::SetOfInteger),
        _ => None,
    }
}

/// A NumericDate (RFC 7519 section 2), which may have a fraction, in nanoseconds since 1970-01-01T00:00:00Z.
pub fn date(claim: &Json) -> Option<i128> {
    let Json::Number(number) = claim else { return None };
    let seconds = number.as_f64().filter(|seconds| seconds.abs() <= DATE_LIMIT)?;
    match number.as_i64() {
        Some(whole) => i128::from(whole).checked_mul(NANOSECONDS),
        // The limit above keeps the product inside 128 bits; what is cut off is less than a nanosecond.
        #[allow(clippy::cast_possible_truncation)]
        None => Some((seconds * 1e9) as i128),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(mapping: Json, claims: Json) -> Value {
        let Json::Object(claims) = claims else {
            panic!("not an object")
        };
        value(&serde_json::from_value(mapping).unwrap(), &claims)
    }

    fn texts(members: &[&str]) -> Value {
        Value::SetOfText(members.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn claims_become_values_of_the_declared_type() {
        let of = |value_type: &str| json!({"name": "a", "claim": "c", "type": value_type});
        for (value_type, claim, expected) in [
            ("TEXT", json!("x"), Value::Text("x".into())),
            ("INTEGER", json!(-7), Value::Integer(-7)),
            ("BOOLEAN", json!(false), Value::Boolean(false)),
            ("INSTANT", json!(1.5), Value::Instant(1_500_000_000)),
            ("SET OF TEXT", json!(["x", "y z"]), texts(&["x", "y z"])),
            ("SET OF TEXT", json!([]), texts(&[])),
            ("SET OF INTEGER", json!([1, 2]), Value::SetOfInteger(vec![1, 2])),
        ] {
            assert_eq!(
                read(of(value_type), json!({"c": claim})),
                expected,
                "{value_type}"
            );
            assert_eq!(
                read(of(value_type), json!({"d": 1})),
                Value::Absent,
                "{value_type}"
            );
            assert_eq!(
                read(of(value_type), json!({"c": null})),
                Value::Absent,
                "{value_type}"
            );
        }
    }

    #[test]
    fn a_claim_of_another_type_has_failed() {
        let of = |value_type: &str| json!({"name": "a", "claim": "c", "type": value_type});
        for (value_type, claim) in [
            ("TEXT", json!(1)),
            ("INTEGER", json!(1.5)),
            ("INTEGER", json!(9_223_372_036_854_775_808_u64)),
            ("BOOLEAN", json!("true")),
            ("INSTANT", json!(1e300)),
            ("INSTANT", json!(253_402_300_799_i64)),
            ("SET OF TEXT", json!("x y")),
            ("SET OF TEXT", json!(["x", 1])),
            ("SET OF TEXT", json!(vec!["x"; 5_000])),
            ("SET OF INTEGER", json!([1.5])),
        ] {
            let value = read(of(value_type), json!({"c": claim}));
            assert!(matches!(value, Value::Failed(_)), "{value_type} {value}");
        }
    }

    #[test]
    fn scopes_stand_between_spaces() {
        let scope = json!({"name": "a", "claim": "scope", "type": "SET OF TEXT", "space_separated": true});
        assert_eq!(
            read(scope.clone(), json!({"scope": "read  write"})),
            texts(&["read", "write"])
        );
        assert_eq!(read(scope.clone(), json!({"scope": ""})), texts(&[]));
        assert_eq!(read(scope, json!({"scope": ["a b"]})), texts(&["a b"]));
    }

    #[test]
    fn a_path_leads_through_objects() {
        let path = json!({"name": "a", "claim": ["realm", "roles"], "type": "SET OF TEXT"});
        assert_eq!(
            read(path.clone(), json!({"realm": {"roles": ["x"]}})),
            texts(&["x"])
        );
        assert_eq!(read(path.clone(), json!({"realm": {}})), Value::Absent);
        assert_eq!(read(path.clone(), json!({})), Value::Absent);
        assert!(matches!(read(path, json!({"realm": "x"})), Value::Failed(_)));
    }
}
