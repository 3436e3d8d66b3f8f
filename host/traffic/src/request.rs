//! What a log says of one request.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::input::Attributes;
use aecp_vocabulary::{AttributeName, Type, Value, Verdict, text};
use serde_json::Value as Json;

/// The attribute that the host gives to every request: when it is about to execute.
const NOW: &str = "time.now";

/// One request of a log.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What is given as attributes.
    pub(crate) attributes: Attributes,
    /// What was mapped out of a log line; it comes before the attributes. Logs write numbers and truths as texts, so
    /// texts are read as what is asked for.
    pub(crate) mapped: BTreeMap<String, Json>,
    /// What is known with its type; it comes before all others.
    pub(crate) typed: BTreeMap<String, Value>,
    /// Attributes that the request had, and the log does not tell.
    pub(crate) hidden: BTreeSet<String>,
    /// When it was made, in nanoseconds since 1970, if the log says.
    pub time: Option<i64>,
    /// What was decided, if the log says.
    pub decided: Option<Verdict>,
}

impl Request {
    /// The attribute `name` as a value of type `declared`: absent if the log does not have it, failed if it has
    /// another type, or if the log only says that it was there.
    pub fn value(&self, name: &AttributeName, declared: Type) -> Value {
        if let Some(value) = self.typed.get(name.as_str()) {
            return value.clone().at_position_of(declared);
        }
        if self.hidden.contains(name.as_str()) {
            return Value::failed("the log has only a commitment of it");
        }
        match self.mapped.get(name.as_str()) {
            Some(Json::String(text)) => {
                return match text::read(text, declared) {
                    Ok(value) => value.at_position_of(declared),
                    Err(error) => Value::failed(error.to_string()),
                };
            }
            Some(json) => return of_json(json, name, declared),
            None => {}
        }
        match (self.attributes.value(name, declared), self.time) {
            (Value::Absent, Some(time)) if name.as_str() == NOW && declared == Type::Instant => {
                Value::Instant(time)
            }
            (value, _) => value,
        }
    }

    /// Whether the log says that the request had this attribute, but not its value.
    pub fn hides(&self, name: &AttributeName) -> bool {
        self.hidden.contains(name.as_str())
    }
}

fn of_json(json: &Json, name: &AttributeName, declared: Type) -> Value {
    let mut object = serde_json::Map::new();
    object.insert(name.as_str().to_owned(), json.clone());
    match Attributes::from_json(&Json::Object(object).to_string()) {
        Ok(attributes) => attributes.value(name, declared),
        Err(error) => Value::failed(error.to_string()),
    }
}

/// The verdict that a log writes as a truth or a word.
pub(crate) fn verdict(json: &Json) -> Option<Verdict> {
    let word = match json {
        Json::Bool(true) => return Some(Verdict::Allow),
        Json::Bool(false) => return Some(Verdict::Deny),
        Json::String(word) => word.to_ascii_lowercase(),
        _ => return None,
    };
    match word.as_str() {
        "allow" | "allowed" | "permit" | "true" => Some(Verdict::Allow),
        "deny" | "denied" | "forbid" | "false" => Some(Verdict::Deny),
        _ => None,
    }
}

/// Nanoseconds since 1970 of an RFC 3339 time.
pub(crate) fn time(json: &Json) -> Option<i64> {
    match text::read(json.as_str()?, Type::Instant) {
        Ok(Value::Instant(time)) => Some(time),
        _ => None,
    }
}
