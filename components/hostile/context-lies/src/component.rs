//! The component.

// The macros of wit-bindgen expand to the raw side of the canonical ABI.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering};

use bindings::exports::aecp::context::extractor::*;

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/context", world: "context" });
}

static CALLS: AtomicU32 = AtomicU32::new(0);

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
            name: "context-lies".into(),
            version: "1.0.0".into(),
            attributes: vec![
                attribute("liar.name", ValueType::Text),
                attribute("liar.age", ValueType::Integer),
            ],
            needs: Needs {
                headers: Vec::new(),
                query: false,
                body_limit: 0,
            },
        }
    }

    fn extract(_: Request) -> Result<Vec<Value>, String> {
        let text = || Value::Text("true".into());
        Ok(match CALLS.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => vec![text(), Value::Integer(1), Value::Boolean(true)],
            1 => vec![Value::Integer(1), text()],
            _ => vec![text()],
        })
    }
}

bindings::export!(Component with_types_in bindings);
