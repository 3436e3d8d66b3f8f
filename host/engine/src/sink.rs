//! Audit sinks: `aecp:audit`.

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::HasSelf;

use crate::failure::{self, Failure, LoadError};
use crate::inert::{self, Guest};
use crate::native;
use crate::runtime::{Contract, Runtime, ticks};

/// What wasmtime's generator makes of `wit/audit`; its `unsafe` is wasmtime's own.
#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::restriction
)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/audit",
        world: "audit",
    });
}

use bindings::aecp::audit::outlet as wire_outlet;
use bindings::exports::aecp::audit::sink as wire;

/// Most bytes of one message.
pub const MESSAGE_LIMIT: usize = 4 << 20;

/// Most entries of one batch.
pub const BATCH_LIMIT: u32 = 10_000;

/// A sink's only way out.
pub trait Outlet: Send + Sync {
    /// Sends one message to an endpoint by its name in the bundle; returns once the endpoint has taken it.
    ///
    /// # Errors
    /// It has not been taken.
    fn send(&self, endpoint: &str, content_type: &str, message: &[u8]) -> Result<(), SendError>;
}

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no such endpoint.
    #[error("no endpoint of this name")]
    UnknownEndpoint,
    /// Worth another try.
    #[error("endpoint unavailable: {0}")]
    Unavailable(String),
    /// The endpoint does not take it.
    #[error("endpoint refused: {0}")]
    Rejected(String),
}

/// One leaf of the log on its way to a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub index: u64,
    /// Deterministic CBOR.
    pub leaf: Vec<u8>,
    /// The same as JSON.
    pub json: String,
}

/// What a sink says of itself, once configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkDescription {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Endpoints that it will send to.
    pub endpoints: Vec<String>,
    /// Most entries that it wants in one batch, 1 to [`BATCH_LIMIT`].
    pub batch: u32,
}

/// Why a batch was not delivered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The same batch should be tried again, with back-off.
    #[error("not delivered, to be tried again: {0}")]
    Retry(String),
    /// The sink can never take it; somebody must look.
    #[error("refused by the sink: {0}")]
    Refused(String),
    /// The call itself failed.
    #[error("the sink {0}")]
    Failed(Failure),
}

/// An audit sink with its configuration.
pub struct Sink {
    runtime: Runtime,
    prepared: bindings::AuditPre<Guest>,
    configuration: Vec<u8>,
    outlet: Arc<dyn Outlet>,
    description: SinkDescription,
}

impl Sink {
    /// Loads a sink from native code that was verified (see [`crate::native`]) and configures it.
    ///
    /// # Errors
    /// The code does not fit this engine, the component imports more than the contract grants, refuses its
    /// configuration, or describes itself wrongly.
    pub fn load(
        runtime: &Runtime,
        native: &[u8],
        configuration: &[u8],
        outlet: Arc<dyn Outlet>,
    ) -> Result<Self, LoadError> {
        let engine = runtime.engine(Contract::Audit);
        let component = native::load(engine, native)?;
        let prepared = inert::linker(engine, &component)
            .and_then(|mut linker| {
                wire_outlet::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)?;
                linker.instantiate_pre(&component)
            })
            .and_then(bindings::AuditPre::new)
            .map_err(|error| LoadError::Contract {
                contract: Contract::Audit.name(),
                detail: format!("{error:#}"),
            })?;
        let placeholder = SinkDescription {
            name: String::new(),
            version: String::new(),
            endpoints: Vec::new(),
            batch: 1,
        };
        let mut sink = Self {
            runtime: runtime.clone(),
            prepared,
            configuration: configuration.to_vec(),
            outlet,
            description: placeholder,
        };
        // The way out stays shut until the sink has said where it goes.
        let mut configured = sink.instance(0, None).map_err(|error| match error {
            Failure::Reported(text) => LoadError::Configuration(text),
            other => LoadError::Call(other),
        })?;
        let described = configured
            .sink
            .aecp_audit_sink()
            .call_describe(&mut configured.store);
        let described = described.map_err(|error| LoadError::Call(failure::from_call(&error)))?;
        if described.batch == 0 || described.batch > BATCH_LIMIT {
            return Err(LoadError::Description(format!(
                "a batch of {}; 1 to {BATCH_LIMIT} are possible",
                described.batch
            )));
        }
        sink.description = SinkDescription {
            name: described.name,
            version: described.version,
            endpoints: described.endpoints,
            batch: described.batch,
        };
        Ok(sink)
    }

    /// What the sink is.
    pub fn description(&self) -> &SinkDescription {
        &self.description
    }

    /// Hands a batch over in a fresh instance. Returns how many entries, from the first on, were taken: at least one
    /// of a batch that is not empty. `now` is nanoseconds since 1970.
    ///
    /// # Errors
    /// Nothing was taken, as far as anybody can tell.
    pub fn deliver(&self, batch: &[Entry], now: i64) -> Result<usize, DeliveryError> {
        let mut instance = self
            .instance(now, Some(self.outlet.clone()))
            .map_err(DeliveryError::Failed)?;
        let entry = |entry: &Entry| wire::Entry {
            index: entry.index,
            leaf: entry.leaf.clone(),
            json: entry.json.clone(),
        };
        let entries: Vec<wire::Entry> = batch.iter().map(entry).collect();
        let answer = instance
            .sink
            .aecp_audit_sink()
            .call_deliver(&mut instance.store, &entries);
        let taken = match answer.map_err(|error| DeliveryError::Failed(failure::from_call(&error)))? {
            Ok(taken) => usize::try_from(taken).unwrap_or(usize::MAX),
            Err(wire::DeliveryError::Retry(why)) => return Err(DeliveryError::Retry(why)),
            Err(wire::DeliveryError::Refused(why)) => return Err(DeliveryError::Refused(why)),
        };
        if taken > batch.len() || (taken == 0 && !batch.is_empty()) {
            let detail = format!("it says that it took {taken} of {} entries", batch.len());
            return Err(DeliveryError::Failed(Failure::Malformed(detail)));
        }
        Ok(taken)
    }

    fn instance(&self, now: i64, outlet: Option<Arc<dyn Outlet>>) -> Result<Instance, Failure> {
        let limits = self.runtime.limits().audit;
        let mut guest = Guest::new(limits, now);
        guest.outlet = outlet.map(|outlet| (outlet, self.description.endpoints.clone()));
        let mut store = Store::new(self.runtime.engine(Contract::Audit), guest);
        store.limiter(|guest| &mut guest.limiter);
        store.set_epoch_deadline(ticks(limits));
        let sink = self
            .prepared
            .instantiate(&mut store)
            .map_err(|error| failure::from_call(&error))?;
        let configured = sink
            .aecp_audit_sink()
            .call_configure(&mut store, &self.configuration);
        configured
            .map_err(|error| failure::from_call(&error))?
            .map_err(failure::reported)?;
        Ok(Instance { store, sink })
    }
}

struct Instance {
    store: Store<Guest>,
    sink: bindings::Audit,
}

impl wire_outlet::Host for Guest {
    fn send(
        &mut self,
        endpoint: String,
        content_type: String,
        message: Vec<u8>,
    ) -> Result<(), wire_outlet::SendError> {
        if message.len() > MESSAGE_LIMIT {
            return Err(wire_outlet::SendError::TooLarge(
                u64::try_from(MESSAGE_LIMIT).unwrap_or(u64::MAX),
            ));
        }
        let Some((outlet, declared)) = &self.outlet else {
            return Err(wire_outlet::SendError::UnknownEndpoint);
        };
        if !declared.contains(&endpoint) {
            return Err(wire_outlet::SendError::UnknownEndpoint);
        }
        outlet
            .send(&endpoint, &content_type, &message)
            .map_err(|error| match error {
                SendError::UnknownEndpoint => wire_outlet::SendError::UnknownEndpoint,
                SendError::Unavailable(why) => wire_outlet::SendError::Unavailable(why),
                SendError::Rejected(why) => wire_outlet::SendError::Rejected(why),
            })
    }
}
