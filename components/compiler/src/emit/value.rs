//! Values as constants, laid out as callers lay them out.

use aecp_vocabulary::Value;
use aecp_vocabulary::value::{Address, Network};

use super::EmitError;
use super::condition::{VALUE, halves};
use super::memory::{Data, NOWHERE, Record, size};
use super::plan::value_case;

/// Appends `variant value`, 32 bytes, to `record`, and puts what it points to into `data`.
pub(super) fn put(data: &mut Data, record: &mut Record, value: &Value) -> Result<(), EmitError> {
    let case = match (value, value.value_type()) {
        (Value::Failed(_), _) => 1,
        // The cases are few.
        (_, known) => known.map_or(0, |known| u8::try_from(value_case(known)).unwrap_or_default()),
    };
    let mut payload = Record::default();
    match value {
        Value::Absent => {}
        Value::Boolean(holds) => drop(payload.byte(u8::from(*holds))),
        Value::Integer(number)
        | Value::Decimal(number)
        | Value::Instant(number)
        | Value::Duration(number) => long(&mut payload, *number),
        Value::Text(text) | Value::Failed(text) => self::text(data, &mut payload, text)?,
        Value::Address(one) => address(&mut payload, *one),
        Value::Network(one) => network(&mut payload, *one),
        Value::SetOfText(members) => {
            let mut body = Record::default();
            for member in members {
                text(data, &mut body, member)?;
            }
            list(data, &mut payload, &body, members.len())?;
        }
        Value::SetOfInteger(members)
        | Value::SetOfDecimal(members)
        | Value::SetOfInstant(members)
        | Value::SetOfDuration(members) => {
            let mut body = Record::default();
            members.iter().for_each(|member| long(&mut body, *member));
            list(data, &mut payload, &body, members.len())?;
        }
        Value::SetOfAddress(members) => {
            let mut body = Record::default();
            members.iter().for_each(|member| address(&mut body, *member));
            list(data, &mut payload, &body, members.len())?;
        }
        Value::SetOfNetwork(members) => {
            let mut body = Record::default();
            members.iter().for_each(|member| network(&mut body, *member));
            list(data, &mut payload, &body, members.len())?;
        }
    }
    record.byte(case).zeros(7);
    record.0.extend_from_slice(&payload.0);
    let written = size(payload.0.len())?.saturating_add(8);
    record.zeros(usize::try_from(VALUE.saturating_sub(written)).unwrap_or_default());
    Ok(())
}

fn long(record: &mut Record, number: i64) {
    record.long(u64::from_ne_bytes(number.to_ne_bytes()));
}

fn address(record: &mut Record, address: Address) {
    let [high, low] = halves(address.0);
    record.long(high).long(low);
}

fn network(record: &mut Record, network: Network) {
    address(record, network.address);
    record.byte(network.prefix).zeros(7);
}

/// Appends the pointer and length of a text to `record`.
pub(super) fn text(data: &mut Data, record: &mut Record, text: &str) -> Result<(), EmitError> {
    let address = if text.is_empty() {
        NOWHERE
    } else {
        data.share(text.as_bytes(), 1)?
    };
    record.word(address).word(size(text.len())?);
    Ok(())
}

fn list(data: &mut Data, record: &mut Record, body: &Record, count: usize) -> Result<(), EmitError> {
    let address = if count == 0 {
        NOWHERE
    } else {
        data.share(&body.0, 8)?
    };
    record.word(address).word(size(count)?);
    Ok(())
}
