//! Values, there and back.

use aecp_vocabulary::Value;
use aecp_vocabulary::value::{Address, Network};

use super::wire;

pub(super) fn from_wire(value: wire::Value) -> Value {
    use wire::Value as Wire;
    match value {
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

pub(super) fn to_wire(value: Value) -> wire::Value {
    use wire::Value as Wire;
    match value {
        Value::Absent => Wire::Absent,
        Value::Failed(reason) => Wire::Failed(reason),
        Value::Boolean(truth) => Wire::Boolean(truth),
        Value::Integer(number) => Wire::Integer(number),
        Value::Decimal(units) => Wire::Decimal(units),
        Value::Text(text) => Wire::Text(text),
        Value::Instant(nanoseconds) => Wire::Instant(nanoseconds),
        Value::Duration(nanoseconds) => Wire::Duration(nanoseconds),
        Value::Address(value) => Wire::Address(to_address(value)),
        Value::Network(value) => Wire::Network(to_network(value)),
        Value::SetOfText(members) => Wire::SetOfText(members),
        Value::SetOfInteger(members) => Wire::SetOfInteger(members),
        Value::SetOfDecimal(members) => Wire::SetOfDecimal(members),
        Value::SetOfInstant(members) => Wire::SetOfInstant(members),
        Value::SetOfDuration(members) => Wire::SetOfDuration(members),
        Value::SetOfAddress(members) => Wire::SetOfAddress(members.into_iter().map(to_address).collect()),
        Value::SetOfNetwork(members) => Wire::SetOfNetwork(members.into_iter().map(to_network).collect()),
    }
}

fn address(wire: wire::Address) -> Address {
    Address(u128::from(wire.high) << 64 | u128::from(wire.low))
}

fn network(wire: wire::Network) -> Network {
    Network {
        address: address(wire.address),
        prefix: wire.prefix,
    }
}

#[allow(clippy::cast_possible_truncation)]
fn to_address(address: Address) -> wire::Address {
    wire::Address {
        high: (address.0 >> 64) as u64,
        low: address.0 as u64,
    }
}

fn to_network(network: Network) -> wire::Network {
    wire::Network {
        address: to_address(network.address),
        prefix: network.prefix,
    }
}
