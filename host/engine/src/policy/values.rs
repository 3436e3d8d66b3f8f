//! Values onto the wire.

use std::borrow::Borrow;

use aecp_vocabulary::Value;
use aecp_vocabulary::value::{Address, Network};

use super::wire;

/// The members of the sets of one call, in the shape that the wire borrows.
pub(super) struct Sets<'a>(Vec<Members<'a>>);

enum Members<'a> {
    Texts(Vec<&'a str>),
    Addresses(Vec<wire::Address>),
    Networks(Vec<wire::Network>),
}

impl<'a> Sets<'a> {
    pub(super) fn of<V: Borrow<Value>>(values: &'a [V]) -> Self {
        let members = |value: &'a Value| match value {
            Value::SetOfText(texts) => Some(Members::Texts(texts.iter().map(String::as_str).collect())),
            Value::SetOfAddress(addresses) => Some(Members::Addresses(
                addresses.iter().copied().map(address).collect(),
            )),
            Value::SetOfNetwork(networks) => {
                Some(Members::Networks(networks.iter().copied().map(network).collect()))
            }
            _ => None,
        };
        Self(values.iter().map(Borrow::borrow).filter_map(members).collect())
    }
}

/// Lowers `values`, taking their sets from `sets`, which must be of the same values.
pub(super) fn lower<'a, V: Borrow<Value>>(values: &'a [V], sets: &'a Sets<'_>) -> Vec<wire::ValueParam<'a>> {
    let mut sets = sets.0.iter();
    values
        .iter()
        .map(|value| lower_one(value.borrow(), &mut sets))
        .collect()
}

fn lower_one<'a>(value: &'a Value, sets: &mut impl Iterator<Item = &'a Members<'a>>) -> wire::ValueParam<'a> {
    use wire::ValueParam as Wire;
    match value {
        Value::Absent => Wire::Absent,
        Value::Failed(reason) => Wire::Failed(reason),
        Value::Boolean(truth) => Wire::Boolean(*truth),
        Value::Integer(number) => Wire::Integer(*number),
        Value::Decimal(units) => Wire::Decimal(*units),
        Value::Text(text) => Wire::Text(text),
        Value::Instant(nanoseconds) => Wire::Instant(*nanoseconds),
        Value::Duration(nanoseconds) => Wire::Duration(*nanoseconds),
        Value::Address(value) => Wire::Address(address(*value)),
        Value::Network(value) => Wire::Network(network(*value)),
        Value::SetOfInteger(members) => Wire::SetOfInteger(members),
        Value::SetOfDecimal(members) => Wire::SetOfDecimal(members),
        Value::SetOfInstant(members) => Wire::SetOfInstant(members),
        Value::SetOfDuration(members) => Wire::SetOfDuration(members),
        Value::SetOfText(_) | Value::SetOfAddress(_) | Value::SetOfNetwork(_) => match sets.next() {
            Some(Members::Texts(texts)) => Wire::SetOfText(texts),
            Some(Members::Addresses(addresses)) => Wire::SetOfAddress(addresses),
            Some(Members::Networks(networks)) => Wire::SetOfNetwork(networks),
            // The sets were collected from these very values; were it otherwise, unknown is the safe reading.
            None => Wire::Failed("set is missing"),
        },
    }
}

pub(super) fn address(address: Address) -> wire::Address {
    let [high, low] = halves(address.0);
    wire::Address { high, low }
}

pub(super) fn network(network: Network) -> wire::Network {
    wire::Network {
        address: address(network.address),
        prefix: network.prefix,
    }
}

#[allow(clippy::cast_possible_truncation)]
fn halves(bits: u128) -> [u64; 2] {
    [(bits >> 64) as u64, bits as u64]
}
