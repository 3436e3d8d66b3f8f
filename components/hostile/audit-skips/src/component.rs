//! The component.

// The macros of wit-bindgen expand to the raw side of the canonical ABI.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicU32, Ordering};

use bindings::exports::aecp::audit::sink::*;

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/audit", world: "audit" });
}

static CALLS: AtomicU32 = AtomicU32::new(0);

struct Component;

impl Guest for Component {
    fn configure(_: Vec<u8>) -> Result<(), String> {
        Ok(())
    }

    fn describe() -> Description {
        Description {
            name: "audit-skips".into(),
            version: "1.0.0".into(),
            endpoints: vec!["archive".into()],
            batch: 100,
        }
    }

    fn deliver(batch: Vec<Entry>) -> Result<u32, DeliveryError> {
        let more = u32::try_from(batch.len()).unwrap_or(u32::MAX).saturating_add(1);
        Ok(if CALLS.fetch_add(1, Ordering::Relaxed) % 2 == 0 {
            more
        } else {
            0
        })
    }
}

bindings::export!(Component with_types_in bindings);
