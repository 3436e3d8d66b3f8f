//! The parts of leaves that are no maps: facts, findings, components.

use aecp_vocabulary::decision::{PolicyName, RaisedObligation};
use aecp_vocabulary::policy::{Outcomes, PolicyFinding};
use aecp_vocabulary::{AuditClass, Digest, Finding, Mode, Outcome};

use super::value::{read_value_of, write_value};
use super::{
    BundleReference, ComponentRecord, ComponentResult, Fact, LEAF_LIMIT, LeafError, Question, Recorded,
};
use crate::cbor::{Malformed, Reader, Writer};
use crate::commitment::Commitment;

const COMMITMENT: u64 = 32;
const OMITTED: u64 = 33;

pub(super) fn write_recorded(writer: &mut Writer, recorded: &Recorded) {
    match recorded {
        Recorded::Value(value) => write_value(writer, value),
        Recorded::Commitment(commitment) => {
            writer.array(2);
            writer.unsigned(COMMITMENT);
            writer.bytes(&commitment.0);
        }
        Recorded::Omitted { bytes, sha256 } => {
            writer.array(3);
            writer.unsigned(OMITTED);
            writer.unsigned(*bytes);
            writer.bytes(sha256);
        }
    }
}

fn read_recorded(reader: &mut Reader<'_>) -> Result<Recorded, Malformed> {
    let length = reader.array()?;
    match (reader.unsigned()?, length) {
        (COMMITMENT, 2) => Ok(Recorded::Commitment(Commitment(
            reader.bytes_of("a commitment that is not 32 bytes")?,
        ))),
        (OMITTED, 3) => {
            let bytes = reader.unsigned()?;
            Ok(Recorded::Omitted {
                bytes,
                sha256: reader.bytes_of("a hash that is not 32 bytes")?,
            })
        }
        (kind, length) => read_value_of(reader, kind, length).map(Recorded::Value),
    }
}

pub(super) fn write_fact(writer: &mut Writer, fact: &Fact) {
    writer.array(4);
    writer.unsigned(match fact.question {
        Question::Identity => 0_u8,
        Question::Resource => 1,
        Question::Action => 2,
        Question::Environment => 3,
    });
    writer.boolean(fact.read);
    writer.text(&fact.name);
    write_recorded(writer, &fact.value);
}

pub(super) fn read_fact(reader: &mut Reader<'_>) -> Result<Fact, Malformed> {
    reader.array_of(4, "a fact of the wrong length")?;
    let place = reader.malformed("a question that is not known");
    let question = usize::try_from(reader.unsigned()?)
        .ok()
        .and_then(|number| Question::ALL.get(number));
    Ok(Fact {
        question: *question.ok_or(place)?,
        read: reader.boolean()?,
        name: reader.text()?.into(),
        value: read_recorded(reader)?,
    })
}

pub(super) fn write_bundle(writer: &mut Writer, bundle: &BundleReference) {
    writer.array(2);
    writer.bytes(bundle.digest.as_bytes());
    writer.unsigned(bundle.epoch);
}

pub(super) fn read_bundle(reader: &mut Reader<'_>) -> Result<BundleReference, Malformed> {
    reader.array_of(2, "a bundle that is not a digest and an epoch")?;
    Ok(BundleReference {
        digest: read_digest(reader)?,
        epoch: reader.unsigned()?,
    })
}

fn read_digest(reader: &mut Reader<'_>) -> Result<Digest, Malformed> {
    reader
        .bytes_of("a digest that is not 32 bytes")
        .map(Digest::from_bytes)
}

/// The applied policies as a bitmap; see `leaf.cddl`.
fn bitmap(applied: &[u32]) -> Result<Vec<u8>, LeafError> {
    let byte_of = |policy: u32| usize::try_from(policy >> 3).unwrap_or(usize::MAX);
    let Some(highest) = applied.iter().copied().max() else {
        return Ok(Vec::new());
    };
    let length = byte_of(highest).saturating_add(1);
    if length > LEAF_LIMIT {
        return Err(LeafError::TooLarge { bytes: length });
    }
    let mut bitmap = vec![0_u8; length];
    for policy in applied {
        if let Some(byte) = bitmap.get_mut(byte_of(*policy)) {
            *byte |= 1_u8.wrapping_shl(policy & 7);
        }
    }
    Ok(bitmap)
}

fn applied(bitmap: &[u8]) -> Vec<u32> {
    let mut applied = Vec::new();
    for (byte, first) in bitmap.iter().zip((0_u32..).step_by(8)) {
        applied.extend(
            (0..8_u32)
                .filter(|bit| byte.wrapping_shr(*bit) & 1 == 1)
                .map(|bit| first.saturating_add(bit)),
        );
    }
    applied
}

pub(super) fn write_component(writer: &mut Writer, component: &ComponentRecord) -> Result<(), LeafError> {
    match &component.result {
        ComponentResult::Failed(failure) => {
            writer.array(2);
            writer.bytes(component.digest.as_bytes());
            writer.text(failure);
        }
        ComponentResult::Outcomes(outcomes) => {
            writer.array(3);
            writer.bytes(component.digest.as_bytes());
            writer.bytes(&bitmap(&outcomes.applied)?);
            writer.array(outcomes.findings.len());
            for finding in &outcomes.findings {
                writer.array(3);
                writer.unsigned(finding.policy);
                writer.unsigned(outcome_code(finding.outcome));
                writer.array(finding.obligations.len());
                finding
                    .obligations
                    .iter()
                    .for_each(|obligation| writer.unsigned(*obligation));
            }
        }
    }
    Ok(())
}

pub(super) fn read_component(reader: &mut Reader<'_>) -> Result<ComponentRecord, Malformed> {
    let length = reader.array()?;
    let digest = read_digest(reader)?;
    let result = match length {
        2 => ComponentResult::Failed(reader.text()?.to_owned()),
        3 => {
            let bits = reader.bytes()?;
            if bits.last() == Some(&0) {
                return Err(reader.malformed("a bitmap that is not in its shortest form"));
            }
            let findings = reader.list(|reader| {
                reader.array_of(3, "a finding of the wrong length")?;
                Ok(PolicyFinding {
                    policy: read_index(reader)?,
                    outcome: read_outcome(reader)?,
                    obligations: reader.list(read_index)?,
                })
            })?;
            ComponentResult::Outcomes(Outcomes {
                applied: applied(bits),
                findings,
            })
        }
        _ => return Err(reader.malformed("a component of the wrong length")),
    };
    Ok(ComponentRecord { digest, result })
}

fn read_index(reader: &mut Reader<'_>) -> Result<u32, Malformed> {
    let place = reader.malformed("an index beyond 32 bits");
    u32::try_from(reader.unsigned()?).map_err(|_| place)
}

fn outcome_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Satisfied => 0,
        Outcome::Violated => 1,
        Outcome::Indeterminate => 2,
    }
}

fn read_outcome(reader: &mut Reader<'_>) -> Result<Outcome, Malformed> {
    let place = reader.malformed("an outcome that is not known");
    match reader.unsigned()? {
        0 => Ok(Outcome::Satisfied),
        1 => Ok(Outcome::Violated),
        2 => Ok(Outcome::Indeterminate),
        _ => Err(place),
    }
}

pub(super) fn audit_code(class: AuditClass) -> u8 {
    match class {
        AuditClass::Ordinary => 0,
        AuditClass::Required => 1,
        AuditClass::Durable => 2,
    }
}

pub(super) fn read_audit(reader: &mut Reader<'_>) -> Result<AuditClass, Malformed> {
    let place = reader.malformed("an audit class that is not known");
    match reader.unsigned()? {
        0 => Ok(AuditClass::Ordinary),
        1 => Ok(AuditClass::Required),
        2 => Ok(AuditClass::Durable),
        _ => Err(place),
    }
}

pub(super) fn write_finding(writer: &mut Writer, finding: &Finding) {
    writer.array(5);
    writer.text(&finding.package);
    writer.text(&finding.policy);
    writer.unsigned(outcome_code(finding.outcome));
    writer.unsigned(match finding.mode {
        Mode::AuditOnly => 0_u8,
        Mode::Advisory => 1,
        Mode::Blocking => 2,
    });
    writer.text(&finding.reason);
}

pub(super) fn read_finding(reader: &mut Reader<'_>) -> Result<Finding, Malformed> {
    reader.array_of(5, "a finding of the wrong length")?;
    let (package, policy) = (reader.text()?.into(), reader.text()?.into());
    let outcome = read_outcome(reader)?;
    let place = reader.malformed("a mode that is not known");
    let mode = match reader.unsigned()? {
        0 => Mode::AuditOnly,
        1 => Mode::Advisory,
        2 => Mode::Blocking,
        _ => return Err(place),
    };
    Ok(Finding {
        package,
        policy,
        outcome,
        mode,
        reason: reader.text()?.to_owned(),
    })
}

pub(super) fn write_policy_name(writer: &mut Writer, name: &PolicyName) {
    writer.array(2);
    writer.text(&name.package);
    writer.text(&name.policy);
}

pub(super) fn read_policy_name(reader: &mut Reader<'_>) -> Result<PolicyName, Malformed> {
    reader.array_of(2, "a policy's name that is not of two parts")?;
    Ok(PolicyName {
        package: reader.text()?.into(),
        policy: reader.text()?.into(),
    })
}

pub(super) fn write_obligation(writer: &mut Writer, obligation: &RaisedObligation) {
    writer.array(4);
    writer.text(&obligation.by.package);
    writer.text(&obligation.by.policy);
    writer.text(&obligation.kind);
    writer.array(obligation.arguments.len());
    for (name, value) in &obligation.arguments {
        writer.array(2);
        writer.text(name);
        writer.text(value);
    }
}

pub(super) fn read_obligation(reader: &mut Reader<'_>) -> Result<RaisedObligation, Malformed> {
    reader.array_of(4, "an obligation of the wrong length")?;
    let by = PolicyName {
        package: reader.text()?.into(),
        policy: reader.text()?.into(),
    };
    let kind = reader.text()?.to_owned();
    let arguments = reader.list(|reader| {
        reader.array_of(2, "an argument that is not a name and a value")?;
        Ok((reader.text()?.to_owned(), reader.text()?.to_owned()))
    })?;
    Ok(RaisedObligation { by, kind, arguments })
}
