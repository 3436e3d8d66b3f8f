//! What a component says of itself, checked before anybody relies on it.

use std::collections::BTreeSet;

use aecp_vocabulary::policy::{
    Annotation, Input, Obligation, OverrideRule, PackageDescription, PolicyDescription, Segment,
};
use aecp_vocabulary::value::{Address, Network};
use aecp_vocabulary::{AuditClass, ComponentDescription, DefaultDecision, Mode, Type, Value, parameter};

use super::wire;

/// Most positions of one component, as the contract says.
const INPUT_LIMIT: usize = 4_096;

pub(super) fn read(description: wire::Description) -> Result<ComponentDescription, String> {
    if description.inputs.len() > INPUT_LIMIT {
        return Err(format!(
            "{} inputs, at most {INPUT_LIMIT} are allowed",
            description.inputs.len()
        ));
    }
    if description.packages.is_empty() {
        return Err("no package; a policy component holds at least one".to_owned());
    }
    let inputs = description
        .inputs
        .into_iter()
        .map(input)
        .collect::<Result<Vec<_>, _>>()?;
    once("input", inputs.iter().map(Input::label))?;
    let count = u32::try_from(inputs.len()).unwrap_or(u32::MAX);
    let packages = description
        .packages
        .into_iter()
        .map(|package| read_package(package, count));
    let packages = packages.collect::<Result<Vec<_>, _>>()?;
    once("package", packages.iter().map(|package| package.name.as_str()))?;
    Ok(ComponentDescription { inputs, packages })
}

fn read_package(package: wire::PolicyPackage, inputs: u32) -> Result<PackageDescription, String> {
    let name = package.name;
    if name.is_empty() || package.version.is_empty() {
        return Err("a package without name or version".to_owned());
    }
    let policies = package
        .policies
        .into_iter()
        .map(|policy| read_policy(policy, inputs));
    let policies = policies
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("package `{name}`: {error}"))?;
    once("policy", policies.iter().map(|policy| policy.name.as_str()))?;
    Ok(PackageDescription {
        name,
        version: package.version,
        default: match package.default {
            wire::DefaultDecision::Deny => DefaultDecision::Deny,
            wire::DefaultDecision::Allow => DefaultDecision::Allow,
        },
        policies,
        annotations: package.annotations.into_iter().map(annotation).collect(),
    })
}

fn read_policy(policy: wire::Policy, inputs: u32) -> Result<PolicyDescription, String> {
    let name = policy.name;
    if name.is_empty() {
        return Err("a policy without name".to_owned());
    }
    let ascending = policy
        .reads
        .windows(2)
        .all(|pair| matches!(pair, [first, second] if first < second));
    if !ascending || policy.reads.last().is_some_and(|last| *last >= inputs) {
        return Err(format!(
            "policy `{name}` reads positions that do not exist or are not ascending"
        ));
    }
    let segments = |segments: Vec<wire::Segment>| read_segments(segments, inputs, &name);
    let reason = segments(policy.reason)?;
    let mut obligations = Vec::with_capacity(policy.obligations.len());
    for obligation in policy.obligations {
        let arguments = obligation
            .arguments
            .into_iter()
            .map(|(key, text)| Ok::<_, String>((key, segments(text)?)));
        obligations.push(Obligation {
            kind: obligation.kind,
            arguments: arguments.collect::<Result<_, _>>()?,
        });
    }
    Ok(PolicyDescription {
        mode: match policy.mode {
            wire::Mode::AuditOnly => Mode::AuditOnly,
            wire::Mode::Advisory => Mode::Advisory,
            wire::Mode::Blocking => Mode::Blocking,
        },
        audit: match policy.audit {
            wire::AuditClass::Ordinary => AuditClass::Ordinary,
            wire::AuditClass::Required => AuditClass::Required,
            wire::AuditClass::Durable => AuditClass::Durable,
        },
        exception: match policy.exception {
            wire::OverrideRule::Never => OverrideRule::Never,
            wire::OverrideRule::BreakGlassToken => OverrideRule::BreakGlassToken,
        },
        reads: policy.reads,
        reason,
        obligations,
        annotations: policy.annotations.into_iter().map(annotation).collect(),
        name,
    })
}

fn read_segments(segments: Vec<wire::Segment>, inputs: u32, policy: &str) -> Result<Vec<Segment>, String> {
    let segment = |segment| match segment {
        wire::Segment::Literal(text) => Ok(Segment::Literal(text)),
        wire::Segment::Input(position) if position < inputs => Ok(Segment::Input(position)),
        wire::Segment::Input(position) => Err(format!(
            "a sentence of policy `{policy}` shows position {position}, which does not exist"
        )),
    };
    segments.into_iter().map(segment).collect()
}

fn input(input: wire::Input) -> Result<Input, String> {
    match input {
        wire::Input::Now => Ok(Input::Now),
        wire::Input::Attribute(attribute) => {
            let declared = value_type(attribute.value_type);
            let default = attribute.default.map(value);
            if default
                .as_ref()
                .is_some_and(|default| default.value_type() != Some(declared))
            {
                return Err(format!(
                    "attribute `{}` has a default that is not {declared}",
                    attribute.name
                ));
            }
            Ok(Input::Attribute {
                name: attribute.name.parse().map_err(|error| format!("{error}"))?,
                value_type: declared,
                optional: attribute.optional,
                default,
            })
        }
        wire::Input::Parameter(described) => {
            let declared = value_type(described.value_type);
            let name = described.name;
            let fits = |wire: wire::ValueResult| match value(wire) {
                value if value.value_type() == Some(declared) => Ok(value),
                _ => Err(format!(
                    "parameter `{name}` has a default or bound that is not {declared}"
                )),
            };
            let default = fits(described.default)?;
            let minimum = described.minimum.map(fits).transpose()?;
            let maximum = described.maximum.map(fits).transpose()?;
            if !parameter::within(&default, minimum.as_ref(), maximum.as_ref()) {
                return Err(format!(
                    "parameter `{name}` has a default outside of its own range"
                ));
            }
            Ok(Input::Parameter {
                value_type: declared,
                default,
                minimum,
                maximum,
                name,
            })
        }
    }
}

fn annotation(annotation: wire::Annotation) -> Annotation {
    Annotation {
        key: annotation.key,
        value: annotation.value,
    }
}

fn value_type(wire: wire::ValueType) -> Type {
    match wire {
        wire::ValueType::Text => Type::Text,
        wire::ValueType::Integer => Type::Integer,
        wire::ValueType::Decimal => Type::Decimal,
        wire::ValueType::Boolean => Type::Boolean,
        wire::ValueType::Instant => Type::Instant,
        wire::ValueType::Duration => Type::Duration,
        wire::ValueType::Address => Type::Address,
        wire::ValueType::Network => Type::Network,
        wire::ValueType::SetOfText => Type::SetOfText,
        wire::ValueType::SetOfInteger => Type::SetOfInteger,
        wire::ValueType::SetOfDecimal => Type::SetOfDecimal,
        wire::ValueType::SetOfInstant => Type::SetOfInstant,
        wire::ValueType::SetOfDuration => Type::SetOfDuration,
        wire::ValueType::SetOfAddress => Type::SetOfAddress,
        wire::ValueType::SetOfNetwork => Type::SetOfNetwork,
    }
}

fn value(wire: wire::ValueResult) -> Value {
    use wire::ValueResult as Wire;
    match wire {
        Wire::Absent => Value::Absent,
        Wire::Failed(reason) => Value::failed(reason),
        Wire::Boolean(truth) => Value::Boolean(truth),
        Wire::Integer(number) => Value::Integer(number),
        Wire::Decimal(units) => Value::Decimal(units),
        Wire::Text(text) => Value::Text(text),
        Wire::Instant(nanoseconds) => Value::Instant(nanoseconds),
        Wire::Duration(nanoseconds) => Value::Duration(nanoseconds),
        Wire::Address(wire) => Value::Address(address(wire)),
        Wire::Network(wire) => Value::Network(network(wire)),
        Wire::SetOfText(members) => Value::SetOfText(members),
        Wire::SetOfInteger(members) => Value::SetOfInteger(members),
        Wire::SetOfDecimal(members) => Value::SetOfDecimal(members),
        Wire::SetOfInstant(members) => Value::SetOfInstant(members),
        Wire::SetOfDuration(members) => Value::SetOfDuration(members),
        Wire::SetOfAddress(members) => Value::SetOfAddress(members.into_iter().map(address).collect()),
        Wire::SetOfNetwork(members) => Value::SetOfNetwork(members.into_iter().map(network).collect()),
    }
}

fn address(wire: wire::Address) -> Address {
    Address((u128::from(wire.high) << 64) | u128::from(wire.low))
}

fn network(wire: wire::Network) -> Network {
    Network {
        address: address(wire.address),
        prefix: wire.prefix,
    }
}

fn once<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("{what} `{name}` is there twice"));
        }
    }
    Ok(())
}
