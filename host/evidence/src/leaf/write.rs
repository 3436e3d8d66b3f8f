//! Leaves into bytes, most of the work before the leaf's place is known.

use aecp_vocabulary::Verdict;

use super::fields::{
    audit_code, write_bundle, write_component, write_fact, write_finding, write_obligation, write_policy_name,
};
use super::{
    Event, Intent, LEAF_LIMIT, Leaf, LeafError, Lifecycle, Position, RequestOutcome, RequestResult,
    SCHEMA_VERSION,
};
use crate::cbor::Writer;

/// Room for what stands before the time: version, kind, writer, and a sequence of any length.
const HEAD_LIMIT: usize = 2 + 2 + 2 + 1 + 17 + 1 + 9;

/// A leaf that lacks nothing but its place, which the journal gives out under a lock. Everything slow is done.
#[derive(Clone, Debug)]
pub struct Draft {
    kind: Kind,
    /// From the key of the time on.
    rest: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Intent,
    Outcome,
    Lifecycle,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Intent => 0,
            Self::Outcome => 1,
            Self::Lifecycle => 2,
        }
    }

    /// Keys of the leaf's map.
    fn keys(self) -> usize {
        match self {
            Self::Intent => super::INTENT_KEYS,
            Self::Outcome => super::OUTCOME_KEYS,
            Self::Lifecycle => super::LIFECYCLE_KEYS,
        }
    }
}

impl Draft {
    /// Encodes `event`. What would not fit is shortened: texts are cut with a mark that says by how much, large values
    /// are replaced by their hash, long lists end early; the leaf counts what it lacks. What components said by index is
    /// never shortened. `time` is nanoseconds since 1970; of an intent, the `now` that policies were given.
    ///
    /// # Errors
    /// It does not fit, however it is shortened.
    pub fn new(time: i64, enforcement_point: &str, event: &Event) -> Result<Self, LeafError> {
        let size = match Self::encode(time, enforcement_point, event) {
            Ok(draft) if draft.fits() => return Ok(draft),
            Ok(draft) => draft.rest.len().saturating_add(HEAD_LIMIT),
            Err(error) => return Err(error),
        };
        let mut shorter = event.clone();
        for round in 0..super::shorten::ROUNDS {
            shorter.shorten(round);
            let draft = Self::encode(time, enforcement_point, &shorter)?;
            if draft.fits() {
                return Ok(draft);
            }
        }
        Err(LeafError::TooLarge { bytes: size })
    }

    fn fits(&self) -> bool {
        self.rest.len().saturating_add(HEAD_LIMIT) <= LEAF_LIMIT
    }

    fn encode(time: i64, enforcement_point: &str, event: &Event) -> Result<Self, LeafError> {
        let mut writer = Writer::with_capacity(1024);
        writer.unsigned(4_u8);
        writer.integer(time);
        writer.unsigned(5_u8);
        writer.text(enforcement_point);
        let kind = match event {
            Event::Intent(intent) => {
                write_intent(&mut writer, intent)?;
                Kind::Intent
            }
            Event::Outcome(outcome) => {
                write_outcome(&mut writer, outcome);
                Kind::Outcome
            }
            Event::Lifecycle(lifecycle) => {
                write_lifecycle(&mut writer, lifecycle);
                Kind::Lifecycle
            }
        };
        Ok(Self {
            kind,
            rest: writer.into_bytes(),
        })
    }

    /// The leaf's bytes, at most [`LEAF_LIMIT`].
    pub fn at(&self, position: Position) -> Vec<u8> {
        let mut writer = Writer::with_capacity(self.rest.len().saturating_add(HEAD_LIMIT));
        writer.map(self.kind.keys());
        writer.unsigned(0_u8);
        writer.unsigned(SCHEMA_VERSION);
        writer.unsigned(1_u8);
        writer.unsigned(self.kind.code());
        writer.unsigned(2_u8);
        writer.bytes(&position.writer.0);
        writer.unsigned(3_u8);
        writer.unsigned(position.sequence);
        let mut bytes = writer.into_bytes();
        bytes.extend_from_slice(&self.rest);
        bytes
    }
}

impl Leaf {
    /// The leaf's bytes in their one form, as it stands: nothing is shortened.
    ///
    /// # Errors
    /// More than [`LEAF_LIMIT`] bytes.
    pub fn encode(&self) -> Result<Vec<u8>, LeafError> {
        let bytes = Draft::encode(self.time, &self.enforcement_point, &self.event)?.at(self.position);
        if bytes.len() > LEAF_LIMIT {
            Err(LeafError::TooLarge { bytes: bytes.len() })
        } else {
            Ok(bytes)
        }
    }
}

fn write_intent(writer: &mut Writer, intent: &Intent) -> Result<(), LeafError> {
    writer.unsigned(6_u8);
    writer.text(&intent.request_id);
    writer.unsigned(7_u8);
    writer.unsigned(match intent.verdict {
        Verdict::Allow => 0_u8,
        Verdict::Deny => 1,
    });
    writer.unsigned(8_u8);
    writer.text(&intent.policy_id);
    writer.unsigned(9_u8);
    writer.optional(intent.denial.as_deref(), Writer::text);
    writer.unsigned(10_u8);
    writer.text(&intent.reason);
    writer.unsigned(11_u8);
    writer.array(intent.facts.len());
    intent.facts.iter().for_each(|fact| write_fact(writer, fact));
    writer.unsigned(12_u8);
    writer.optional(intent.bundle.as_ref(), write_bundle);
    writer.unsigned(13_u8);
    writer.array(intent.components.len());
    for component in &intent.components {
        write_component(writer, component)?;
    }
    writer.unsigned(14_u8);
    writer.array(intent.findings.len());
    intent
        .findings
        .iter()
        .for_each(|finding| write_finding(writer, finding));
    writer.unsigned(15_u8);
    writer.array(intent.covered_by.len());
    intent
        .covered_by
        .iter()
        .for_each(|name| write_policy_name(writer, name));
    writer.unsigned(16_u8);
    writer.array(intent.obligations.len());
    intent
        .obligations
        .iter()
        .for_each(|obligation| write_obligation(writer, obligation));
    writer.unsigned(17_u8);
    writer.bytes(&intent.request_hash);
    writer.unsigned(18_u8);
    writer.array(intent.lineage.len());
    intent.lineage.iter().for_each(|parent| writer.text(parent));
    writer.unsigned(19_u8);
    writer.unsigned(audit_code(intent.audit));
    writer.unsigned(20_u8);
    writer.optional(intent.route.as_deref(), Writer::text);
    writer.unsigned(21_u8);
    writer.array(2);
    writer.unsigned(intent.shortened.texts);
    writer.unsigned(intent.shortened.entries);
    Ok(())
}

fn write_outcome(writer: &mut Writer, outcome: &RequestOutcome) {
    writer.unsigned(6_u8);
    writer.bytes(&outcome.intent.writer.0);
    writer.unsigned(7_u8);
    writer.unsigned(outcome.intent.sequence);
    writer.unsigned(8_u8);
    writer.unsigned(match outcome.result {
        RequestResult::Completed => 0_u8,
        RequestResult::UpstreamFailed => 1,
        RequestResult::ClientGone => 2,
        RequestResult::Interrupted => 3,
    });
    writer.unsigned(9_u8);
    writer.optional(outcome.status, Writer::unsigned);
    writer.unsigned(10_u8);
    writer.unsigned(outcome.bytes_to_upstream);
    writer.unsigned(11_u8);
    writer.unsigned(outcome.bytes_to_client);
    writer.unsigned(12_u8);
    writer.unsigned(outcome.duration);
    writer.unsigned(13_u8);
    writer.text(&outcome.detail);
}

fn write_lifecycle(writer: &mut Writer, lifecycle: &Lifecycle) {
    writer.unsigned(6_u8);
    writer.text(lifecycle.kind.name());
    writer.unsigned(7_u8);
    writer.text(&lifecycle.subject);
    writer.unsigned(8_u8);
    writer.text(&lifecycle.detail);
    writer.unsigned(9_u8);
    writer.optional(lifecycle.bundle.as_ref(), write_bundle);
    writer.unsigned(10_u8);
    writer.optional(lifecycle.gap.as_ref(), |writer, gap| {
        writer.array(3);
        writer.bytes(&gap.writer.0);
        writer.unsigned(gap.first);
        writer.unsigned(gap.next);
    });
}
