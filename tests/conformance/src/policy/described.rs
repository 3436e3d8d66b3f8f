//! What a description must keep beyond what the engine insists on.

use aecp_vocabulary::policy::Input;
use aecp_vocabulary::{ComponentDescription, Value};

/// The first thing that is wrong, if there is one.
pub(super) fn wrong(description: &ComponentDescription) -> Option<String> {
    let version = description.packages.iter().find_map(|package| {
        let error = semver::Version::parse(&package.version).err()?;
        Some(format!(
            "package `{}` has version `{}`, which is not semantic (semver.org): {error}",
            package.name, package.version
        ))
    });
    version.or_else(|| description.inputs.iter().find_map(wrong_parameter))
}

fn wrong_parameter(input: &Input) -> Option<String> {
    let Input::Parameter {
        name,
        value_type,
        default,
        minimum,
        maximum,
    } = input
    else {
        return None;
    };
    let bounds = [minimum.as_ref(), maximum.as_ref()];
    if bounds.iter().all(Option::is_none) {
        return None;
    }
    let [lowest, highest] = bounds.map(|bound| bound.and_then(number));
    let Some(value) = number(default) else {
        return Some(format!(
            "parameter `{name}` has a bound, but {value_type} has no order"
        ));
    };
    let inside =
        lowest.is_none_or(|lowest| lowest <= value) && highest.is_none_or(|highest| value <= highest);
    (!inside).then(|| format!("parameter `{name}` has a default of {default}, outside of its own bounds"))
}

/// The number behind a value of an ordered type.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number)
        | Value::Decimal(number)
        | Value::Instant(number)
        | Value::Duration(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::Type;
    use aecp_vocabulary::policy::PackageDescription;

    use super::*;

    fn description(version: &str, default: Value, minimum: Option<Value>) -> ComponentDescription {
        ComponentDescription {
            inputs: vec![Input::Parameter {
                name: "limit".into(),
                value_type: default.value_type().unwrap_or(Type::Text),
                default,
                minimum,
                maximum: None,
            }],
            packages: vec![PackageDescription {
                name: "p".into(),
                version: version.into(),
                default: aecp_vocabulary::DefaultDecision::Deny,
                policies: Vec::new(),
                annotations: Vec::new(),
            }],
        }
    }

    #[test]
    fn versions_are_semantic_and_bounds_hold_for_defaults() {
        let five = || Some(Value::Integer(5));
        assert_eq!(wrong(&description("1.0.0", Value::Integer(5), five())), None);
        assert_eq!(
            wrong(&description("1.0.0", Value::Text("any".into()), None)),
            None
        );
        for (bad, named) in [
            (description("1.0", Value::Integer(5), None), "version `1.0`"),
            (
                description("1.0.0", Value::Integer(4), five()),
                "outside of its own bounds",
            ),
            (
                description("1.0.0", Value::Text("x".into()), five()),
                "has no order",
            ),
        ] {
            assert!(wrong(&bad).is_some_and(|wrong| wrong.contains(named)), "{named}");
        }
    }
}
