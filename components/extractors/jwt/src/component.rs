//! The extractor behind `aecp:context`.

// The macros of wit-bindgen expand to the raw side of the canonical ABI.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use aecp_vocabulary::{Type, Value};
use bindings::exports::aecp::context::extractor;

use crate::Configuration;

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/context", world: "context" });
}

static CONFIGURATION: OnceLock<Configuration> = OnceLock::new();

struct Component;

impl extractor::Guest for Component {
    fn configure(configuration: Vec<u8>) -> Result<(), String> {
        let configuration = Configuration::from_json(&configuration).map_err(|error| error.to_string())?;
        CONFIGURATION
            .set(configuration)
            .map_err(|_| "`configure` was called twice".to_owned())
    }

    fn describe() -> extractor::Description {
        let configuration = CONFIGURATION.get();
        let attribute = |mapping: &crate::configuration::Mapping| extractor::Attribute {
            name: mapping.name.to_string(),
            value_type: value_type(mapping.value_type),
            personal: mapping.personal,
        };
        extractor::Description {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            attributes: configuration
                .iter()
                .flat_map(|all| &all.attributes)
                .map(attribute)
                .collect(),
            needs: extractor::Needs {
                headers: configuration.iter().map(|all| all.header.clone()).collect(),
                query: false,
                body_limit: 0,
            },
        }
    }

    fn extract(request: extractor::Request) -> Result<Vec<extractor::Value>, String> {
        let configuration = CONFIGURATION.get().ok_or("`configure` has not been called")?;
        let values = crate::extract(configuration, &request.headers, request.now);
        Ok(values
            .map_err(|refusal| refusal.to_string())?
            .into_iter()
            .map(value)
            .collect())
    }
}

fn value_type(of: Type) -> extractor::ValueType {
    match of {
        Type::Text => extractor::ValueType::Text,
        Type::Integer => extractor::ValueType::Integer,
        Type::Decimal => extractor::ValueType::Decimal,
        Type::Boolean => extractor::ValueType::Boolean,
        Type::Instant => extractor::ValueType::Instant,
        Type::Duration => extractor::ValueType::Duration,
        Type::Address => extractor::ValueType::Address,
        Type::Network => extractor::ValueType::Network,
        Type::SetOfText => extractor::ValueType::SetOfText,
        Type::SetOfInteger => extractor::ValueType::SetOfInteger,
        Type::SetOfDecimal => extractor::ValueType::SetOfDecimal,
        Type::SetOfInstant => extractor::ValueType::SetOfInstant,
        Type::SetOfDuration => extractor::ValueType::SetOfDuration,
        Type::SetOfAddress => extractor::ValueType::SetOfAddress,
        Type::SetOfNetwork => extractor::ValueType::SetOfNetwork,
    }
}

fn value(of: Value) -> extractor::Value {
    match of {
        Value::Absent => extractor::Value::Absent,
        Value::Failed(reason) => extractor::Value::Failed(reason),
        Value::Boolean(truth) => extractor::Value::Boolean(truth),
        Value::Integer(number) => extractor::Value::Integer(number),
        Value::Text(text) => extractor::Value::Text(text),
        Value::Instant(nanoseconds) => extractor::Value::Instant(nanoseconds),
        Value::SetOfText(members) => extractor::Value::SetOfText(members),
        Value::SetOfInteger(members) => extractor::Value::SetOfInteger(members),
        other => extractor::Value::Failed(format!("no claim is read as {other}")),
    }
}

bindings::export!(Component with_types_in bindings);
