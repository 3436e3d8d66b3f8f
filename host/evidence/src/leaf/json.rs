//! Leaves as JSON, for people and their tools. Not signed, and not meant to be read back.

use aecp_vocabulary::Value;
use serde_json::{Map, Value as Json, json};

use super::{
    BundleReference, ComponentRecord, ComponentResult, Event, Fact, Intent, Leaf, Lifecycle, Question,
    Recorded, RequestOutcome,
};

impl Leaf {
    /// The leaf as one JSON object. Times are RFC 3339, hashes hexadecimal; an absent value is `null`, a failed one
    /// `{"failed": reason}`, a commitment `{"commitment": …}`, an omitted value `{"omitted_bytes": …, "sha256": …}`.
    pub fn to_json(&self) -> Json {
        let mut object = Map::new();
        let kind = match &self.event {
            Event::Intent(_) => "intent",
            Event::Outcome(_) => "outcome",
            Event::Lifecycle(_) => "lifecycle",
        };
        let mut put = |name: &str, value: Json| object.insert(name.to_owned(), value);
        put("kind", kind.into());
        put("timestamp", time_text(self.time).into());
        put("enforcement_point", self.enforcement_point.as_str().into());
        put("writer", self.position.writer.to_string().into());
        put("sequence", self.position.sequence.into());
        let rest = match &self.event {
            Event::Intent(intent) => intent_json(intent),
            Event::Outcome(outcome) => outcome_json(outcome),
            Event::Lifecycle(lifecycle) => lifecycle_json(lifecycle),
        };
        if let Json::Object(rest) = rest {
            object.extend(rest);
        }
        Json::Object(object)
    }
}

/// RFC 3339, in UTC, with nanoseconds.
pub(crate) fn time_text(nanoseconds: i64) -> String {
    match jiff::Timestamp::from_nanosecond(nanoseconds.into()) {
        Ok(time) => format!("{time:.9}"),
        // Cannot happen: 64 bits of nanoseconds lie inside the range of calendars.
        Err(_) => format!("{nanoseconds} ns"),
    }
}

fn bundle_json(bundle: Option<&BundleReference>) -> Json {
    bundle.map_or(
        Json::Null,
        |bundle| json!({ "digest": bundle.digest, "epoch": bundle.epoch }),
    )
}

fn intent_json(intent: &Intent) -> Json {
    json!({
        "request_id": intent.request_id,
        "decision": intent.verdict.name(),
        "policy_id": intent.policy_id,
        "denial": intent.denial,
        "reason": intent.reason,
        "route": intent.route,
        "context": Question::ALL
            .into_iter()
            .map(|question| (question.name().to_owned(), facts_json(&intent.facts, question)))
            .collect::<Map<_, _>>(),
        "bundle": bundle_json(intent.bundle.as_ref()),
        "components": intent.components.iter().map(component_json).collect::<Vec<_>>(),
        "findings": intent.findings.iter().map(|finding| json!({
            "package": finding.package,
            "policy": finding.policy,
            "outcome": finding.outcome.name(),
            "mode": finding.mode.name(),
            "reason": finding.reason,
        })).collect::<Vec<_>>(),
        "covered_by": intent.covered_by,
        "obligations": intent.obligations.iter().map(|raised| json!({
            "package": raised.by.package,
            "policy": raised.by.policy,
            "kind": raised.kind,
            "arguments": raised.arguments.iter()
                .map(|(name, value)| (name.clone(), Json::from(value.as_str())))
                .collect::<Map<_, _>>(),
        })).collect::<Vec<_>>(),
        "request_hash": hex::encode(intent.request_hash),
        "lineage": intent.lineage,
        "audit": intent.audit,
        "shortened": { "texts": intent.shortened.texts, "entries": intent.shortened.entries },
    })
}

fn outcome_json(outcome: &RequestOutcome) -> Json {
    json!({
        "intent": { "writer": outcome.intent.writer.to_string(), "sequence": outcome.intent.sequence },
        "result": outcome.result.name(),
        "status": outcome.status,
        "bytes_to_upstream": outcome.bytes_to_upstream,
        "bytes_to_client": outcome.bytes_to_client,
        "duration_ns": outcome.duration,
        "detail": outcome.detail,
    })
}

fn lifecycle_json(lifecycle: &Lifecycle) -> Json {
    json!({
        "event": lifecycle.kind.name(),
        "subject": lifecycle.subject,
        "detail": lifecycle.detail,
        "bundle": bundle_json(lifecycle.bundle.as_ref()),
        "gap": lifecycle.gap.map(|gap| json!({
            "writer": gap.writer.to_string(), "first": gap.first, "next": gap.next,
        })),
    })
}

fn component_json(component: &ComponentRecord) -> Json {
    match &component.result {
        ComponentResult::Failed(failure) => json!({ "digest": component.digest, "failed": failure }),
        ComponentResult::Outcomes(outcomes) => json!({
            "digest": component.digest,
            "applied": outcomes.applied,
            "findings": outcomes.findings,
        }),
    }
}

fn facts_json(facts: &[Fact], question: Question) -> Json {
    // A list, not an object: what a leaf says is shown as it says it, repetitions included.
    facts
        .iter()
        .filter(|fact| fact.question == question)
        .map(|fact| json!({ "name": &*fact.name, "value": recorded_json(&fact.value), "read": fact.read }))
        .collect()
}

fn recorded_json(recorded: &Recorded) -> Json {
    match recorded {
        Recorded::Value(value) => value_json(value),
        Recorded::Commitment(commitment) => json!({ "commitment": commitment.to_string() }),
        Recorded::Omitted { bytes, sha256 } => {
            json!({ "omitted_bytes": bytes, "sha256": hex::encode(sha256) })
        }
    }
}

fn value_json(value: &Value) -> Json {
    match value {
        Value::Absent => Json::Null,
        Value::Failed(reason) => json!({ "failed": reason }),
        Value::Boolean(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Text(text) => text.as_str().into(),
        Value::SetOfText(members) => members.clone().into(),
        Value::SetOfInteger(members) => members.clone().into(),
        Value::Instant(time) => time_text(*time).into(),
        Value::SetOfInstant(members) => members.iter().map(|time| Json::from(time_text(*time))).collect(),
        Value::SetOfDecimal(members) => each(members, |member| Value::Decimal(*member)),
        Value::SetOfDuration(members) => each(members, |member| Value::Duration(*member)),
        Value::SetOfAddress(members) => each(members, |member| Value::Address(*member)),
        Value::SetOfNetwork(members) => each(members, |member| Value::Network(*member)),
        Value::Decimal(_) | Value::Duration(_) | Value::Address(_) | Value::Network(_) => {
            value.to_string().into()
        }
    }
}

fn each<T>(members: &[T], value: impl Fn(&T) -> Value) -> Json {
    members.iter().map(|member| value_json(&value(member))).collect()
}
