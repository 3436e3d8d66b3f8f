//! What `describe` returns, laid out as the canonical ABI wants it, ahead of time.
//!
//! Offsets follow from `wit/policy/policy.wit` by the rules of the canonical ABI (component model,
//! `design/mvp/CanonicalABI.md`, "Loading"); a test holds them against the contract.

use std::collections::BTreeSet;

use aecp_vocabulary::policy::{Annotation, DefaultDecision, Mode, Obligation, OverrideRule, Segment};
use aecp_vocabulary::{AuditClass, Type, Value};

use super::EmitError;
use super::link::{Linked, Position, Reader};
use super::memory::{Data, NOWHERE, Record, size};
use super::value::{self, text};
use crate::core::{Condition, InputKind, Package};

/// Puts the description into `data` and returns its address.
pub(super) fn put(data: &mut Data, linked: &Linked<'_>) -> Result<u32, EmitError> {
    let mut description = Record::default();
    list(data, &mut description, &linked.inputs, 8, input)?;
    let packages: Vec<_> = linked.packages().collect();
    list(
        data,
        &mut description,
        &packages,
        4,
        |data, record, (from, readers)| package(data, record, from, readers),
    )?;
    data.put(&description.0, 4)
}

/// Appends the pointer and length of a list to `record`, and puts its elements into `data`.
fn list<T>(
    data: &mut Data,
    record: &mut Record,
    elements: &[T],
    align: u32,
    mut element: impl FnMut(&mut Data, &mut Record, &T) -> Result<(), EmitError>,
) -> Result<(), EmitError> {
    let mut body = Record::default();
    for each in elements {
        element(data, &mut body, each)?;
    }
    let address = if elements.is_empty() {
        NOWHERE
    } else {
        data.share(&body.0, align)?
    };
    record.word(address).word(size(elements.len())?);
    Ok(())
}

/// `variant input`, 136 bytes: as large as its case `parameter`.
fn input(data: &mut Data, record: &mut Record, input: &Position<'_>) -> Result<(), EmitError> {
    match input.kind {
        InputKind::Attribute { .. } => {
            record.byte(0).zeros(7);
            text(data, record, input.name)?;
            record
                .byte(value_type(input.value_type))
                .byte(u8::from(input.optional))
                .zeros(6);
            option(data, record, input.default)?;
            record.zeros(72);
        }
        InputKind::Parameter(parameter) => {
            record.byte(1).zeros(7);
            text(data, record, input.name)?;
            record.byte(value_type(input.value_type)).zeros(7);
            value::put(data, record, &parameter.default)?;
            option(data, record, parameter.minimum.as_ref())?;
            option(data, record, parameter.maximum.as_ref())?;
        }
        InputKind::Now => {
            record.byte(2).zeros(135);
        }
    }
    Ok(())
}

/// `option<value>`, 40 bytes.
fn option(data: &mut Data, record: &mut Record, known: Option<&Value>) -> Result<(), EmitError> {
    record.byte(u8::from(known.is_some())).zeros(7);
    value::put(data, record, known.unwrap_or(&Value::Absent))
}

/// `record policy-package`, 36 bytes.
fn package(
    data: &mut Data,
    record: &mut Record,
    from: &Package,
    readers: &[Reader<'_>],
) -> Result<(), EmitError> {
    text(data, record, &from.name)?;
    text(data, record, &from.version)?;
    let default = match from.default {
        DefaultDecision::Deny => 0,
        DefaultDecision::Allow => 1,
    };
    record.byte(default).zeros(3);
    list(data, record, readers, 4, policy)?;
    list(data, record, &from.annotations, 4, annotation)
}

/// `record policy`, 44 bytes.
fn policy(data: &mut Data, record: &mut Record, reader: &Reader<'_>) -> Result<(), EmitError> {
    let policy = reader.policy;
    text(data, record, &policy.name)?;
    let mode = match policy.mode {
        Mode::AuditOnly => 0,
        Mode::Advisory => 1,
        Mode::Blocking => 2,
    };
    let audit = match policy.audit {
        AuditClass::Ordinary => 0,
        AuditClass::Required => 1,
        AuditClass::Durable => 2,
    };
    let exception = match policy.exception {
        OverrideRule::Never => 0,
        OverrideRule::BreakGlassToken => 1,
    };
    record.byte(mode).byte(audit).byte(exception).zeros(1);
    let mut reads = BTreeSet::new();
    condition_reads(reader, &policy.scope, &mut reads)?;
    condition_reads(reader, &policy.constraint, &mut reads)?;
    let reads: Vec<u32> = reads.into_iter().collect();
    list(data, record, &reads, 4, |_, record, position| {
        record.word(*position);
        Ok(())
    })?;
    sentence(data, record, reader, &policy.reason)?;
    list(data, record, &policy.obligations, 4, |data, record, each| {
        obligation(data, record, reader, each)
    })?;
    list(data, record, &policy.annotations, 4, annotation)
}

/// `list<segment>`; a segment is 12 bytes.
fn sentence(
    data: &mut Data,
    record: &mut Record,
    reader: &Reader<'_>,
    segments: &[Segment],
) -> Result<(), EmitError> {
    list(data, record, segments, 4, |data, record, segment| {
        match reader.segment(segment)? {
            Segment::Literal(literal) => {
                record.byte(0).zeros(3);
                text(data, record, &literal)?;
            }
            Segment::Input(position) => {
                record.byte(1).zeros(3).word(position).zeros(4);
            }
        }
        Ok(())
    })
}

/// `record obligation`, 16 bytes; an argument is 16 bytes.
fn obligation(
    data: &mut Data,
    record: &mut Record,
    reader: &Reader<'_>,
    obligation: &Obligation,
) -> Result<(), EmitError> {
    text(data, record, &obligation.kind)?;
    list(
        data,
        record,
        &obligation.arguments,
        4,
        |data, record, (name, segments)| {
            text(data, record, name)?;
            sentence(data, record, reader, segments)
        },
    )
}

/// `record annotation`, 16 bytes.
fn annotation(data: &mut Data, record: &mut Record, annotation: &Annotation) -> Result<(), EmitError> {
    text(data, record, &annotation.key)?;
    text(data, record, &annotation.value)
}

/// The positions that a condition reads.
fn condition_reads(
    reader: &Reader<'_>,
    condition: &Condition,
    reads: &mut BTreeSet<u32>,
) -> Result<(), EmitError> {
    match condition {
        Condition::Constant(_) => Ok(()),
        Condition::All(parts) | Condition::Any(parts) => parts
            .iter()
            .try_for_each(|part| condition_reads(reader, part, reads)),
        Condition::Not(part) => condition_reads(reader, part, reads),
        Condition::Atom(atom) => atom.inputs().into_iter().try_for_each(|index| {
            reads.insert(reader.position(index)?);
            Ok(())
        }),
    }
}

fn value_type(value_type: Type) -> u8 {
    match value_type {
        Type::Text => 0,
        Type::Integer => 1,
        Type::Decimal => 2,
        Type::Boolean => 3,
        Type::Instant => 4,
        Type::Duration => 5,
        Type::Address => 6,
        Type::Network => 7,
        Type::SetOfText => 8,
        Type::SetOfInteger => 9,
        Type::SetOfDecimal => 10,
        Type::SetOfInstant => 11,
        Type::SetOfDuration => 12,
        Type::SetOfAddress => 13,
        Type::SetOfNetwork => 14,
    }
}
