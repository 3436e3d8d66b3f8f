//! Bytes into leaves: the one form, and nothing else.

use aecp_vocabulary::Verdict;

use super::fields::{
    read_audit, read_bundle, read_component, read_fact, read_finding, read_obligation, read_policy_name,
};
use super::{
    Event, Gap, INTENT_KEYS, Intent, LEAF_LIMIT, LIFECYCLE_KEYS, Leaf, LeafError, Lifecycle, LifecycleKind,
    OUTCOME_KEYS, Position, RequestOutcome, RequestResult, SCHEMA_VERSION, Shortened, WriterId,
};
use crate::cbor::{Malformed, Reader};

impl Leaf {
    /// Reads a leaf.
    ///
    /// # Errors
    /// Anything but the bytes that [`Leaf::encode`] gives for some leaf.
    pub fn decode(bytes: &[u8]) -> Result<Self, LeafError> {
        if bytes.len() > LEAF_LIMIT {
            return Err(LeafError::TooLarge { bytes: bytes.len() });
        }
        let mut reader = Reader::new(bytes);
        let keys = reader.map()?;
        reader.key(0)?;
        let version = reader.unsigned()?;
        if version != SCHEMA_VERSION {
            return Err(LeafError::UnknownVersion { version });
        }
        reader.key(1)?;
        let kind = reader.unsigned()?;
        let expected = match kind {
            0 => INTENT_KEYS,
            1 => OUTCOME_KEYS,
            2 => LIFECYCLE_KEYS,
            _ => return Err(reader.malformed("a kind of leaf that is not known").into()),
        };
        if usize::try_from(keys) != Ok(expected) {
            return Err(reader.malformed("a leaf with too few or too many keys").into());
        }
        reader.key(2)?;
        let writer = read_writer(&mut reader)?;
        reader.key(3)?;
        let position = Position {
            writer,
            sequence: reader.unsigned()?,
        };
        reader.key(4)?;
        let time = reader.integer()?;
        reader.key(5)?;
        let enforcement_point = reader.text()?.to_owned();
        let event = match kind {
            0 => Event::Intent(Box::new(read_intent(&mut reader)?)),
            1 => Event::Outcome(read_outcome(&mut reader)?),
            _ => Event::Lifecycle(read_lifecycle(&mut reader)?),
        };
        reader.end()?;
        Ok(Self {
            position,
            time,
            enforcement_point,
            event,
        })
    }
}

fn read_writer(reader: &mut Reader<'_>) -> Result<WriterId, Malformed> {
    reader.bytes_of("a writer id that is not 16 bytes").map(WriterId)
}

fn read_owned(reader: &mut Reader<'_>) -> Result<String, Malformed> {
    reader.text().map(str::to_owned)
}

/// The key, then what stands at it.
fn at<'a, T>(
    reader: &mut Reader<'a>,
    key: u64,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    reader.key(key)?;
    read(reader)
}

fn read_intent(reader: &mut Reader<'_>) -> Result<Intent, Malformed> {
    Ok(Intent {
        request_id: at(reader, 6, read_owned)?,
        verdict: at(reader, 7, |reader| match reader.unsigned()? {
            0 => Ok(Verdict::Allow),
            1 => Ok(Verdict::Deny),
            _ => Err(reader.malformed("a decision that is not known")),
        })?,
        policy_id: at(reader, 8, read_owned)?,
        denial: at(reader, 9, |reader| reader.optional(read_owned))?,
        reason: at(reader, 10, read_owned)?,
        facts: at(reader, 11, |reader| reader.list(read_fact))?,
        bundle: at(reader, 12, |reader| reader.optional(read_bundle))?,
        components: at(reader, 13, |reader| reader.list(read_component))?,
        findings: at(reader, 14, |reader| reader.list(read_finding))?,
        covered_by: at(reader, 15, |reader| reader.list(read_policy_name))?,
        obligations: at(reader, 16, |reader| reader.list(read_obligation))?,
        request_hash: at(reader, 17, |reader| {
            reader.bytes_of("a hash that is not 32 bytes")
        })?,
        lineage: at(reader, 18, |reader| reader.list(read_owned))?,
        audit: at(reader, 19, read_audit)?,
        route: at(reader, 20, |reader| reader.optional(read_owned))?,
        shortened: at(reader, 21, |reader| {
            reader.array_of(2, "counts that are not two")?;
            Ok(Shortened {
                texts: reader.unsigned()?,
                entries: reader.unsigned()?,
            })
        })?,
    })
}

fn read_outcome(reader: &mut Reader<'_>) -> Result<RequestOutcome, Malformed> {
    let writer = at(reader, 6, read_writer)?;
    let intent = Position {
        writer,
        sequence: at(reader, 7, Reader::unsigned)?,
    };
    let result = at(reader, 8, |reader| match reader.unsigned()? {
        0 => Ok(RequestResult::Completed),
        1 => Ok(RequestResult::UpstreamFailed),
        2 => Ok(RequestResult::ClientGone),
        3 => Ok(RequestResult::Interrupted),
        _ => Err(reader.malformed("a result that is not known")),
    })?;
    let status = at(reader, 9, |reader| {
        reader.optional(|reader| {
            u16::try_from(reader.unsigned()?).map_err(|_| reader.malformed("a status code beyond 16 bits"))
        })
    })?;
    Ok(RequestOutcome {
        intent,
        result,
        status,
        bytes_to_upstream: at(reader, 10, Reader::unsigned)?,
        bytes_to_client: at(reader, 11, Reader::unsigned)?,
        duration: at(reader, 12, Reader::unsigned)?,
        detail: at(reader, 13, read_owned)?,
    })
}

fn read_lifecycle(reader: &mut Reader<'_>) -> Result<Lifecycle, Malformed> {
    Ok(Lifecycle {
        kind: LifecycleKind::of_name(at(reader, 6, Reader::text)?),
        subject: at(reader, 7, read_owned)?,
        detail: at(reader, 8, read_owned)?,
        bundle: at(reader, 9, |reader| reader.optional(read_bundle))?,
        gap: at(reader, 10, |reader| {
            reader.optional(|reader| {
                reader.array_of(3, "a gap of the wrong length")?;
                Ok(Gap {
                    writer: read_writer(reader)?,
                    first: reader.unsigned()?,
                    next: reader.unsigned()?,
                })
            })
        })?,
    })
}
