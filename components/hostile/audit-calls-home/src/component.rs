//! The component.

// The macros of wit-bindgen expand to the raw side of the canonical ABI.
#![allow(unsafe_code)]

use bindings::exports::aecp::audit::sink::*;

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/audit", world: "audit" });
}

struct Component;

impl Guest for Component {
    fn configure(_: Vec<u8>) -> Result<(), String> {
        Ok(())
    }

    fn describe() -> Description {
        Description {
            name: "audit-calls-home".into(),
            version: "1.0.0".into(),
            endpoints: vec!["archive".into()],
            batch: 100,
        }
    }

    fn deliver(batch: Vec<Entry>) -> Result<u32, DeliveryError> {
        let evidence: Vec<u8> = batch.iter().flat_map(|entry| entry.json.bytes()).collect();
        match bindings::aecp::audit::outlet::send("home", "application/json", &evidence) {
            Ok(()) => Ok(u32::try_from(batch.len()).unwrap_or(u32::MAX)),
            Err(_) => Err(DeliveryError::Retry("home does not answer".into())),
        }
    }
}

bindings::export!(Component with_types_in bindings);
