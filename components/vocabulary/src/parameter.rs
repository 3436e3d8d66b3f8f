//! Values that a bundle, or somebody who tries a package out, sets for the parameters of a component.

use std::collections::BTreeMap;

use crate::input;
use crate::policy::Input;
use crate::value::{Type, Value};

/// Why a value cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// No policy of the component reads a parameter of this name.
    #[error("there is no parameter `{name}`; {}", listed(.known))]
    Unknown {
        /// The name that is set.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The value is of another type.
    #[error("parameter `{name}` is {declared}, and its value {why}")]
    Type {
        /// The parameter.
        name: String,
        /// Its type.
        declared: Type,
        /// What its value is instead.
        why: String,
    },
    /// The value is outside of the range.
    #[error("parameter `{name}` cannot be {value}: its range is {range}")]
    Range {
        /// The parameter.
        name: String,
        /// What it should be.
        value: Value,
        /// Both bounds, which are included; an empty one where there is none.
        range: String,
    },
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "the component has none".to_owned(),
        names => format!("the component has {}", names.join(", ")),
    }
}

/// Whether a value lies between bounds, which are included. A value without order lies between none.
pub fn within(value: &Value, minimum: Option<&Value>, maximum: Option<&Value>) -> bool {
    let keeps = |bound: Option<&Value>, order: fn(&i64, &i64) -> bool| {
        bound.is_none_or(|bound| {
            let numbers = value.number().zip(bound.number());
            numbers.is_some_and(|(value, bound)| order(&value, &bound))
        })
    };
    keeps(minimum, i64::ge) && keeps(maximum, i64::le)
}

/// Whether values may be set for the parameters among `inputs`.
///
/// # Errors
/// The first that may not, by name.
pub fn check(inputs: &[Input], given: &BTreeMap<String, Value>) -> Result<(), ParameterError> {
    given
        .iter()
        .try_for_each(|(name, value)| check_one(inputs, name, value))
}

/// The values of a bundle, as JSON has them: a number, a truth, a text or a list; what JSON has no word for is a text.
///
/// # Errors
/// The first value that may not be set, by name.
pub fn from_json(
    inputs: &[Input],
    given: &BTreeMap<String, serde_json::Value>,
) -> Result<BTreeMap<String, Value>, ParameterError> {
    let value = |(name, json): (&String, &serde_json::Value)| {
        let (declared, ..) = parameter(inputs, name)?;
        let value = input::of_json(json, declared);
        check_one(inputs, name, &value)?;
        Ok((name.clone(), value))
    };
    given.iter().map(value).collect()
}

/// A value as somebody writes it on a command line: bare, or as JSON.
///
/// # Errors
/// It may not be set.
pub fn from_text(inputs: &[Input], name: &str, written: &str) -> Result<Value, ParameterError> {
    let (declared, ..) = parameter(inputs, name)?;
    let json = match declared {
        Type::Text => None,
        _ => serde_json::from_str(written).ok(),
    };
    let json = json.unwrap_or_else(|| serde_json::Value::from(written));
    let value = input::of_json(&json, declared);
    check_one(inputs, name, &value)?;
    Ok(value)
}

type Declared<'a> = (Type, Option<&'a Value>, Option<&'a Value>);

fn parameter<'a>(inputs: &'a [Input], wanted: &str) -> Result<Declared<'a>, ParameterError> {
    let found = inputs.iter().find_map(|input| match input {
        Input::Parameter {
            name,
            value_type,
            minimum,
            maximum,
            ..
        } if name == wanted => Some((*value_type, minimum.as_ref(), maximum.as_ref())),
        _ => None,
    });
    found.ok_or_else(|| ParameterError::Unknown {
        name: wanted.to_owned(),
        known: inputs.iter().filter_map(name_of).collect(),
    })
}

fn name_of(input: &Input) -> Option<String> {
    match input {
        Input::Parameter { name, .. } => Some(name.clone()),
        Input::Attribute { .. } | Input::Now => None,
    }
}

fn check_one(inputs: &[Input], name: &str, value: &Value) -> Result<(), ParameterError> {
    let (declared, minimum, maximum) = parameter(inputs, name)?;
    let of_type = |why: String| ParameterError::Type {
        name: name.to_owned(),
        declared,
        why,
    };
    match value {
        Value::Absent => return Err(of_type("is missing".to_owned())),
        Value::Failed(why) => return Err(of_type(format!("is not: {why}"))),
        value => match value.value_type() {
            Some(found) if found != declared => return Err(of_type(format!("is {found}"))),
            _ => {}
        },
    }
    if within(value, minimum, maximum) {
        return Ok(());
    }
    let bound = |bound: Option<&Value>| bound.map_or_else(String::new, Value::to_string);
    Err(ParameterError::Range {
        name: name.to_owned(),
        value: value.clone(),
        range: format!("{}..{}", bound(minimum), bound(maximum)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> Vec<Input> {
        let parameter = |name: &str, default: Value, minimum, maximum| Input::Parameter {
            name: name.to_owned(),
            value_type: default.value_type().unwrap(),
            default,
            minimum,
            maximum,
        };
        let limit = Value::Integer(10);
        vec![
            Input::Now,
            parameter("limit", limit, Some(Value::Integer(1)), Some(Value::Integer(100))),
            parameter("home", Value::Text("EU".to_owned()), None, None),
            parameter("rate", Value::Decimal(0), None, Some(Value::Decimal(1_500_000))),
            parameter("age", Value::Duration(0), None, None),
            parameter("homes", Value::SetOfText(Vec::new()), None, None),
        ]
    }

    fn json(text: &str) -> Result<BTreeMap<String, Value>, String> {
        let given = serde_json::from_str(text).unwrap();
        from_json(&inputs(), &given).map_err(|error| error.to_string())
    }

    #[test]
    fn values_of_every_kind_are_read_and_checked() {
        let read = json(r#"{"limit": 100, "home": "CH", "rate": 1.5, "age": "1h", "homes": ["a"]}"#).unwrap();
        assert_eq!(read["limit"], Value::Integer(100));
        assert_eq!(read["home"], Value::Text("CH".to_owned()));
        assert_eq!(read["rate"], Value::Decimal(1_500_000));
        assert_eq!(read["age"], Value::Duration(3_600_000_000_000));
        assert_eq!(read["homes"], Value::SetOfText(vec!["a".to_owned()]));
        assert_eq!(check(&inputs(), &read), Ok(()));
    }

    #[test]
    fn what_may_not_be_set_is_named() {
        for (given, says) in [
            (
                r#"{"limt": 5}"#,
                "there is no parameter `limt`; the component has `limit`, `home`",
            ),
            (
                r#"{"limit": "5"}"#,
                "parameter `limit` is INTEGER, and its value is not",
            ),
            (r#"{"limit": null}"#, "is missing"),
            (
                r#"{"limit": 0}"#,
                "parameter `limit` cannot be 0: its range is 1..100",
            ),
            (r#"{"rate": 2}"#, "its range is ..1.5"),
        ] {
            let error = json(given).unwrap_err();
            assert!(error.contains(says), "{given}: {error}");
        }
        let given = BTreeMap::from([("limit".to_owned(), Value::Text("5".to_owned()))]);
        assert!(matches!(
            check(&inputs(), &given),
            Err(ParameterError::Type { .. })
        ));
    }

    #[test]
    fn a_command_line_has_bare_values() {
        let read = |name: &str, text: &str| from_text(&inputs(), name, text);
        assert_eq!(read("limit", "5"), Ok(Value::Integer(5)));
        assert_eq!(read("home", "12"), Ok(Value::Text("12".to_owned())));
        assert_eq!(read("age", "2h"), Ok(Value::Duration(7_200_000_000_000)));
        assert_eq!(
            read("homes", r#"["a", "b"]"#),
            Ok(Value::SetOfText(vec!["a".to_owned(), "b".to_owned()]))
        );
        assert!(matches!(read("limit", "101"), Err(ParameterError::Range { .. })));
        assert!(matches!(read("limit", "five"), Err(ParameterError::Type { .. })));
    }
}
