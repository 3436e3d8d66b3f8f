//! Values onto the wire.

use aecp_vocabulary::Value;
use aecp_vocabulary::value::{Address, Network};

use super::contract as wire;

impl From<Value> for wire::Value {
    fn from(value: Value) -> Self {
        match value {
            Value::Absent => Self::Absent,
            Value::Failed(reason) => Self::Failed(reason),
            Value::Boolean(truth) => Self::Boolean(truth),
            Value::Integer(number) => Self::Integer(number),
            Value::Decimal(units) => Self::Decimal(units),
            Value::Text(text) => Self::Text(text),
            Value::Instant(nanoseconds) => Self::Instant(nanoseconds),
            Value::Duration(nanoseconds) => Self::Duration(nanoseconds),
            Value::Address(value) => Self::Address(value.into()),
            Value::Network(value) => Self::Network(value.into()),
            Value::SetOfText(members) => Self::SetOfText(members),
            Value::SetOfInteger(members) => Self::SetOfInteger(members),
            Value::SetOfDecimal(members) => Self::SetOfDecimal(members),
            Value::SetOfInstant(members) => Self::SetOfInstant(members),
            Value::SetOfDuration(members) => Self::SetOfDuration(members),
            Value::SetOfAddress(members) => Self::SetOfAddress(members.into_iter().map(Into::into).collect()),
            Value::SetOfNetwork(members) => Self::SetOfNetwork(members.into_iter().map(Into::into).collect()),
        }
    }
}

impl From<Address> for wire::Address {
    #[allow(clippy::cast_possible_truncation)]
    fn from(address: Address) -> Self {
        Self {
            high: (address.0 >> 64) as u64,
            low: address.0 as u64,
        }
    }
}

impl From<Network> for wire::Network {
    fn from(network: Network) -> Self {
        Self {
            address: network.address.into(),
            prefix: network.prefix,
        }
    }
}
