//! The sink behind `aecp:audit`.

// The macros of wit-bindgen expand to the raw side of the canonical ABI.
#![allow(unsafe_code)]

use std::sync::OnceLock;

use bindings::aecp::audit::outlet;
use bindings::exports::aecp::audit::sink;

use crate::{Configuration, Failure, SendError};

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/audit", world: "audit" });
}

static CONFIGURATION: OnceLock<Configuration> = OnceLock::new();

struct Component;

impl sink::Guest for Component {
    fn configure(configuration: Vec<u8>) -> Result<(), String> {
        let configuration = Configuration::from_json(&configuration).map_err(|error| error.to_string())?;
        CONFIGURATION
            .set(configuration)
            .map_err(|_| "`configure` was called twice".to_owned())
    }

    fn describe() -> sink::Description {
        sink::Description {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            endpoints: CONFIGURATION
                .get()
                .map(|configuration| configuration.endpoint.clone())
                .into_iter()
                .collect(),
            batch: crate::delivery::BATCH,
        }
    }

    fn deliver(batch: Vec<sink::Entry>) -> Result<u32, sink::DeliveryError> {
        let Some(configuration) = CONFIGURATION.get() else {
            return Err(sink::DeliveryError::Retry(
                "`configure` has not been called".to_owned(),
            ));
        };
        let entries = batch.into_iter().map(|entry| crate::Entry {
            index: entry.index,
            json: entry.json,
        });
        let entries: Vec<_> = entries.collect();
        crate::deliver(&configuration.endpoint, &entries, &mut send).map_err(|failure| match failure {
            Failure::Retry(reason) => sink::DeliveryError::Retry(reason),
            Failure::Refused(reason) => sink::DeliveryError::Refused(reason),
        })
    }
}

fn send(endpoint: &str, message: &[u8]) -> Result<(), SendError> {
    outlet::send(endpoint, "application/x-ndjson", message).map_err(|error| match error {
        outlet::SendError::UnknownEndpoint => SendError::UnknownEndpoint,
        outlet::SendError::Unavailable(reason) => SendError::Unavailable(reason),
        outlet::SendError::Rejected(reason) => SendError::Rejected(reason),
        outlet::SendError::TooLarge(limit) => SendError::TooLarge(limit),
    })
}

bindings::export!(Component with_types_in bindings);
