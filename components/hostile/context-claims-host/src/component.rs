//! The component.

// The macros of wit-bindgen expand to the raw side of the canonical ABI.
#![allow(unsafe_code)]

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
            name: "context-claims-host".into(),
            version: "1.0.0".into(),
            attributes: vec![attribute("request.method", ValueType::Text)],
            needs: Needs {
                headers: Vec::new(),
                query: false,
                body_limit: 0,
            },
        }
    }

    fn extract(_: Request) -> Result<Vec<Value>, String> {
        Ok(vec![Value::Text("GET".into())])
    }
}

bindings::export!(Component with_types_in bindings);
