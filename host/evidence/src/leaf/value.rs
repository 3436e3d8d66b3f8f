//! Values, as leaves, commitments and the side store write them.

use aecp_vocabulary::Value;
use aecp_vocabulary::value::{Address, Network};

use crate::cbor::{Malformed, Reader, Writer};

pub(crate) fn write_value(writer: &mut Writer, value: &Value) {
    fn numbers(writer: &mut Writer, kind: u8, members: &[i64]) {
        writer.array(2);
        writer.unsigned(kind);
        writer.array(members.len());
        members.iter().for_each(|member| writer.integer(*member));
    }
    fn number(writer: &mut Writer, kind: u8, value: i64) {
        writer.array(2);
        writer.unsigned(kind);
        writer.integer(value);
    }
    match value {
        Value::Absent => {
            writer.array(1);
            writer.unsigned(0_u8);
        }
        Value::Failed(reason) => {
            writer.array(2);
            writer.unsigned(1_u8);
            writer.text(reason);
        }
        Value::Boolean(value) => {
            writer.array(2);
            writer.unsigned(2_u8);
            writer.boolean(*value);
        }
        Value::Integer(value) => number(writer, 3, *value),
        Value::Decimal(value) => number(writer, 4, *value),
        Value::Text(text) => {
            writer.array(2);
            writer.unsigned(5_u8);
            writer.text(text);
        }
        Value::Instant(value) => number(writer, 6, *value),
        Value::Duration(value) => number(writer, 7, *value),
        Value::Address(address) => {
            writer.array(2);
            writer.unsigned(8_u8);
            writer.bytes(&address.0.to_be_bytes());
        }
        Value::Network(network) => {
            writer.array(3);
            writer.unsigned(9_u8);
            writer.bytes(&network.address.0.to_be_bytes());
            writer.unsigned(network.prefix);
        }
        Value::SetOfText(members) => {
            writer.array(2);
            writer.unsigned(10_u8);
            writer.array(members.len());
            members.iter().for_each(|member| writer.text(member));
        }
        Value::SetOfInteger(members) => numbers(writer, 11, members),
        Value::SetOfDecimal(members) => numbers(writer, 12, members),
        Value::SetOfInstant(members) => numbers(writer, 13, members),
        Value::SetOfDuration(members) => numbers(writer, 14, members),
        Value::SetOfAddress(members) => {
            writer.array(2);
            writer.unsigned(15_u8);
            writer.array(members.len());
            members
                .iter()
                .for_each(|member| writer.bytes(&member.0.to_be_bytes()));
        }
        Value::SetOfNetwork(members) => {
            writer.array(2);
            writer.unsigned(16_u8);
            writer.array(members.len());
            for member in members {
                writer.array(2);
                writer.bytes(&member.address.0.to_be_bytes());
                writer.unsigned(member.prefix);
            }
        }
    }
}

fn read_address(reader: &mut Reader<'_>) -> Result<Address, Malformed> {
    Ok(Address(u128::from_be_bytes(
        reader.bytes_of("an address that is not 16 bytes")?,
    )))
}

fn read_network(reader: &mut Reader<'_>) -> Result<Network, Malformed> {
    let address = read_address(reader)?;
    let place = reader.malformed("a prefix beyond 128");
    match u8::try_from(reader.unsigned()?) {
        Ok(prefix @ 0..=128) => Ok(Network { address, prefix }),
        _ => Err(place),
    }
}

/// A value, once the length of its list and its kind are read.
pub(super) fn read_value_of(reader: &mut Reader<'_>, kind: u64, length: u64) -> Result<Value, Malformed> {
    let expected = match kind {
        0 => 1,
        9 => 3,
        _ => 2,
    };
    if length != expected {
        return Err(reader.malformed("a value of the wrong length"));
    }
    let text = |reader: &mut Reader<'_>| reader.text().map(str::to_owned);
    Ok(match kind {
        0 => Value::Absent,
        1 => Value::Failed(text(reader)?),
        2 => Value::Boolean(reader.boolean()?),
        3 => Value::Integer(reader.integer()?),
        4 => Value::Decimal(reader.integer()?),
        5 => Value::Text(text(reader)?),
        6 => Value::Instant(reader.integer()?),
        7 => Value::Duration(reader.integer()?),
        8 => Value::Address(read_address(reader)?),
        9 => Value::Network(read_network(reader)?),
        10 => Value::SetOfText(reader.list(text)?),
        11 => Value::SetOfInteger(reader.list(Reader::integer)?),
        12 => Value::SetOfDecimal(reader.list(Reader::integer)?),
        13 => Value::SetOfInstant(reader.list(Reader::integer)?),
        14 => Value::SetOfDuration(reader.list(Reader::integer)?),
        15 => Value::SetOfAddress(reader.list(read_address)?),
        16 => Value::SetOfNetwork(reader.list(|reader| {
            reader.array_of(2, "a network that is not an address and a prefix")?;
            read_network(reader)
        })?),
        _ => return Err(reader.malformed("a kind of value that is not known")),
    })
}

pub(crate) fn read_value_at(reader: &mut Reader<'_>) -> Result<Value, Malformed> {
    let length = reader.array()?;
    let kind = reader.unsigned()?;
    read_value_of(reader, kind, length)
}
