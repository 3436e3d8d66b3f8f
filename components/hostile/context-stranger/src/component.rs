//! The component.

// The macros of wit-bindgen expand to the raw side of the canonical ABI.
#![allow(unsafe_code)]

use std::time::{SystemTime, UNIX_EPOCH};

use bindings::exports::aecp::context::extractor::*;

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/context", world: "context" });
}

struct Component;

impl Guest for Component {
    fn configure(_: Vec<u8>) -> Result<(), String> {
        Ok(())
    }

    fn describe() -> Description {
        let attribute = |name: &str, value_type| Attribute {
            name: name.into(),
            value_type,
            personal: false,
        };
        Description {
            name: "context-stranger".into(),
            version: "1.0.0".into(),
            attributes: vec![
                attribute("stranger.clock", ValueType::Instant),
                attribute("stranger.steady", ValueType::Boolean),
                attribute("stranger.variables", ValueType::Integer),
                attribute("stranger.file_found", ValueType::Boolean),
            ],
            needs: Needs {
                headers: Vec::new(),
                query: false,
                body_limit: 0,
            },
        }
    }

    fn extract(_: Request) -> Result<Vec<Value>, String> {
        println!("extracting");
        eprintln!("still extracting");
        let clock = || {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map(|since| since.as_nanos())
        };
        let (first, second) = (
            clock().map_err(|e| e.to_string())?,
            clock().map_err(|e| e.to_string())?,
        );
        Ok(vec![
            i64::try_from(first).map_or(Value::Absent, Value::Instant),
            Value::Boolean(first == second),
            i64::try_from(std::env::vars_os().count()).map_or(Value::Absent, Value::Integer),
            Value::Boolean(std::fs::read("/etc/passwd").is_ok()),
        ])
    }
}

bindings::export!(Component with_types_in bindings);
