//! Context extractors: `aecp:context`.

use std::collections::BTreeSet;

use aecp_vocabulary::value::{Address, Network};
use aecp_vocabulary::{AttributeName, Type, Value};
use wasmtime::Store;

use crate::failure::{self, Failure, LoadError};
use crate::inert::{self, Guest};
use crate::native;
use crate::runtime::{Contract, Runtime, ticks};

/// What wasmtime's generator makes of `wit/context`; its `unsafe` is wasmtime's own.
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
        path: "../../wit/context",
        world: "context",
    });
}

use bindings::exports::aecp::context::extractor as wire;

/// Name spaces that belong to the host.
pub const HOST_SPACES: [&str; 4] = ["request", "connection", "time", "environment"];

/// Largest body that an extractor may ask for, in bytes.
pub const BODY_LIMIT: u32 = 1 << 20;

/// An attribute that an extractor gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractedAttribute {
    /// Its name; never in one of [`HOST_SPACES`].
    pub name: AttributeName,
    /// Its type.
    pub value_type: Type,
    /// Whether values are about a person.
    pub personal: bool,
}

/// The parts of a request that an extractor asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Header names in lower case.
    pub headers: Vec<String>,
    /// Whether it needs the query string.
    pub query: bool,
    /// Bytes of the body, 0 for none.
    pub body_limit: u32,
}

/// What an extractor says of itself, once configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractorDescription {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it gives, in the order of the values of [`Extractor::extract`].
    pub attributes: Vec<ExtractedAttribute>,
    /// What it has to see.
    pub needs: Needs,
}

/// The canonical request, as far as an extractor asked for it. Units and forms are those of `wit/context`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextRequest {
    /// Upper case.
    pub method: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Lower case, with the port if the client gave one.
    pub host: String,
    /// Canonical path.
    pub path: String,
    /// Query without the question mark.
    pub query: Option<String>,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body, if asked for.
    pub body: Option<Vec<u8>>,
    /// The client's address.
    pub peer: Address,
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    pub now: i64,
}

/// A context extractor with its configuration, ready to be asked.
pub struct Extractor {
    runtime: Runtime,
    prepared: bindings::ContextPre<Guest>,
    configuration: Vec<u8>,
    description: ExtractorDescription,
}

impl Extractor {
    /// Loads an extractor from native code that was verified (see [`crate::native`]) and configures it.
    ///
    /// # Errors
    /// The code does not fit this engine, the component imports more than the contract grants, refuses its
    /// configuration, or describes itself wrongly.
    pub fn load(runtime: &Runtime, native: &[u8], configuration: &[u8]) -> Result<Self, LoadError> {
        let engine = runtime.engine(Contract::Context);
        let component = native::load(engine, native)?;
        let prepared = inert::linker(engine, &component)
            .and_then(|linker| linker.instantiate_pre(&component))
            .and_then(bindings::ContextPre::new)
            .map_err(|error| LoadError::Contract {
                contract: Contract::Context.name(),
                detail: format!("{error:#}"),
            })?;
        let placeholder = ExtractorDescription {
            name: String::new(),
            version: String::new(),
            attributes: Vec::new(),
            needs: Needs::default(),
        };
        let mut extractor = Self {
            runtime: runtime.clone(),
            prepared,
            configuration: configuration.to_vec(),
            description: placeholder,
        };
        let mut configured = extractor.instance(0).map_err(|error| match error {
            Failure::Reported(text) => LoadError::Configuration(text),
            other => LoadError::Call(other),
        })?;
        let described = configured
            .extractor
            .aecp_context_extractor()
            .call_describe(&mut configured.store);
        let described = described.map_err(|error| LoadError::Call(failure::from_call(&error)))?;
        extractor.description = read_description(described).map_err(LoadError::Description)?;
        Ok(extractor)
    }

    /// What the extractor gives and needs.
    pub fn description(&self) -> &ExtractorDescription {
        &self.description
    }

    /// Asks for the attributes of one request, in the order of the description.
    ///
    /// A fresh instance is configured for each call: what an extractor learned from one request cannot reach another.
    ///
    /// # Errors
    /// The call gave nothing. Whoever asked takes all of the extractor's attributes as failed.
    pub fn extract(&self, request: &ContextRequest) -> Result<Vec<Value>, Failure> {
        let mut instance = self.instance(request.now)?;
        let extractor = instance.extractor.aecp_context_extractor();
        let answer = extractor.call_extract(&mut instance.store, &wire_request(request));
        let values = answer
            .map_err(|error| failure::from_call(&error))?
            .map_err(failure::reported)?;
        if values.len() != self.description.attributes.len() {
            return Err(Failure::Malformed(format!(
                "{} values for {} attributes",
                values.len(),
                self.description.attributes.len()
            )));
        }
        let declared = self.description.attributes.iter();
        Ok(values
            .into_iter()
            .zip(declared)
            .map(|(wire, of)| value(wire).at_position_of(of.value_type))
            .collect())
    }

    fn instance(&self, now: i64) -> Result<Instance, Failure> {
        let limits = self.runtime.limits().context;
        let mut store = Store::new(self.runtime.engine(Contract::Context), Guest::new(limits, now));
        store.limiter(|guest| &mut guest.limiter);
        store.set_epoch_deadline(ticks(limits));
        let extractor = self
            .prepared
            .instantiate(&mut store)
            .map_err(|error| failure::from_call(&error))?;
        let configured = extractor
            .aecp_context_extractor()
            .call_configure(&mut store, &self.configuration);
        configured
            .map_err(|error| failure::from_call(&error))?
            .map_err(failure::reported)?;
        Ok(Instance { store, extractor })
    }
}

struct Instance {
    store: Store<Guest>,
    extractor: bindings::Context,
}

fn wire_request(request: &ContextRequest) -> wire::Request {
    wire::Request {
        method: request.method.clone(),
        scheme: request.scheme.clone(),
        host: request.host.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        headers: request.headers.clone(),
        body: request.body.clone(),
        peer: wire_address(request.peer),
        now: request.now,
    }
}

fn read_description(wire: wire::Description) -> Result<ExtractorDescription, String> {
    let mut seen = BTreeSet::new();
    let mut attributes = Vec::with_capacity(wire.attributes.len());
    for attribute in wire.attributes {
        let name: AttributeName = attribute.name.parse().map_err(|error| format!("{error}"))?;
        if let Some(space) = HOST_SPACES.iter().find(|space| name.is_in(space)) {
            return Err(format!("it gives `{name}`, but `{space}.*` belongs to the host"));
        }
        if !seen.insert(name.clone()) {
            return Err(format!("it gives `{name}` twice"));
        }
        let value_type = value_type(attribute.value_type);
        attributes.push(ExtractedAttribute {
            name,
            value_type,
            personal: attribute.personal,
        });
    }
    if attributes.is_empty() {
        return Err("it gives no attribute".to_owned());
    }
    if wire.needs.body_limit > BODY_LIMIT {
        return Err(format!(
            "it asks for {} bytes of the body, at most {BODY_LIMIT} are given",
            wire.needs.body_limit
        ));
    }
    if let Some(header) = wire
        .needs
        .headers
        .iter()
        .find(|header| header.bytes().any(|byte| byte.is_ascii_uppercase()))
    {
        return Err(format!(
            "it asks for header `{header}`; write header names in lower case"
        ));
    }
    let needs = Needs {
        headers: wire.needs.headers,
        query: wire.needs.query,
        body_limit: wire.needs.body_limit,
    };
    Ok(ExtractorDescription {
        name: wire.name,
        version: wire.version,
        attributes,
        needs,
    })
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

fn value(wire: wire::Value) -> Value {
    use wire::Value as Wire;
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

#[allow(clippy::cast_possible_truncation)]
fn wire_address(address: Address) -> wire::Address {
    wire::Address {
        high: (address.0 >> 64) as u64,
        low: address.0 as u64,
    }
}
