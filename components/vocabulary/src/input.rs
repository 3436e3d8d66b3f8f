//! JSON into values, strictly: the way in for `aecp eval`, tests and benchmarks.
//!
//! An object may nest (`{"customer": {"region": "EU"}}`) or use dotted names (`{"customer.region": "EU"}`), or both,
//! as long as nothing is given twice. `null` means absent. What the schema does not name is ignored, for requests
//! carry more than policies read.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::policy::Input;
use crate::schema::AttributeName;
use crate::text::{self, NotInForm};
use crate::value::{Type, Value};

/// A number of JSON with so many characters is the same for all readers of JSON.
const EXACT_DIGITS: usize = 15;

/// Deepest nesting that is read.
const DEPTH_LIMIT: usize = 64;

/// The attributes of one request as JSON gave them, before types are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes {
    leaves: BTreeMap<String, Json>,
}

/// JSON that gives no attributes. Every such input is denied as `context_malformed`.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct MalformedInput {
    message: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Json {
    Null,
    Boolean(bool),
    Integer(i64),
    OtherNumber(String),
    Text(String),
    List(Vec<Json>),
    Object,
}

impl Attributes {
    /// Reads one JSON object.
    ///
    /// # Errors
    /// Text that is not one JSON object, a key or attribute given twice, nesting deeper than 64.
    pub fn from_json(text: &str) -> Result<Self, MalformedInput> {
        let mut attributes = Self::default();
        let mut reader = serde_json::Deserializer::from_str(text);
        let seed = ObjectSeed {
            prefix: "",
            depth: 0,
            into: &mut attributes,
        };
        let failed = |error: serde_json::Error| MalformedInput {
            message: error.to_string(),
        };
        seed.deserialize(&mut reader).map_err(failed)?;
        reader.end().map_err(failed)?;
        Ok(attributes)
    }

    /// The attribute `name` as a value of type `declared`: absent if it is not there, failed if it has another type.
    pub fn value(&self, name: &AttributeName, declared: Type) -> Value {
        match self.leaves.get(name.as_str()) {
            None => Value::Absent,
            Some(json) => json.value(declared),
        }
    }

    /// The values at a component's positions. Parameters take their defaults; `now` is nanoseconds since 1970.
    pub fn positions(&self, inputs: &[Input], now: i64) -> Vec<Value> {
        let value = |input: &Input| match input {
            Input::Attribute { name, value_type, .. } => self.value(name, *value_type),
            Input::Parameter { default, .. } => default.clone(),
            Input::Now => Value::Instant(now),
        };
        inputs.iter().map(value).collect()
    }

    fn insert(&mut self, name: String, json: Json) -> Result<(), String> {
        match self.leaves.get(&name) {
            // An object may be opened twice by different spellings; only its leaves must differ.
            Some(Json::Object) if json == Json::Object => Ok(()),
            Some(_) => Err(format!("attribute `{name}` is given twice; give it once")),
            None => {
                self.leaves.insert(name, json);
                Ok(())
            }
        }
    }
}

/// One JSON value as a value of type `declared`: failed if it has another type, absent if it is null.
pub fn of_json(json: &serde_json::Value, declared: Type) -> Value {
    Json::of(json).value(declared)
}

impl Json {
    fn of(json: &serde_json::Value) -> Self {
        use serde_json::Value as Other;
        match json {
            Other::Null => Self::Null,
            Other::Bool(truth) => Self::Boolean(*truth),
            Other::Number(number) => number
                .as_i64()
                .map_or_else(|| Self::OtherNumber(number.to_string()), Self::Integer),
            Other::String(text) => Self::Text(text.clone()),
            // Lists and objects inside lists mean nothing to any type.
            Other::Array(members) => Self::List(
                members
                    .iter()
                    .map(|member| match member {
                        Other::Array(_) | Other::Object(_) => Self::Object,
                        member => Self::of(member),
                    })
                    .collect(),
            ),
            Other::Object(_) => Self::Object,
        }
    }

    fn value(&self, declared: Type) -> Value {
        if *self == Self::Null {
            return Value::Absent;
        }
        let found = match self {
            Self::List(members) => Self::set(members, declared),
            one => one.single(declared),
        };
        match found {
            Some(Ok(value)) => value.at_position_of(declared),
            Some(Err(error)) => Value::failed(error.to_string()),
            None => Value::failed(format!("expected {declared}, got {}", self.kind())),
        }
    }

    /// A value that is no set. What JSON has no word for (decimals beyond the precision of its readers, instants,
    /// durations, addresses, networks) is written as a text.
    fn single(&self, declared: Type) -> Option<Result<Value, NotInForm>> {
        let is_set = declared.member().is_some();
        match (declared, self) {
            (Type::Integer, Self::Integer(number)) => Some(Ok(Value::Integer(*number))),
            (Type::Boolean, Self::Boolean(truth)) => Some(Ok(Value::Boolean(*truth))),
            (Type::Decimal, Self::Integer(number)) => Some(text::read(&number.to_string(), declared)),
            (Type::Decimal, Self::OtherNumber(number)) if number.len() <= EXACT_DIGITS => {
                Some(text::read(number, declared))
            }
            (Type::Integer | Type::Boolean, Self::Text(_)) => None,
            (_, Self::Text(text)) if !is_set => Some(text::read(text, declared)),
            _ => None,
        }
    }

    fn set(members: &[Self], declared: Type) -> Option<Result<Value, NotInForm>> {
        let of = declared.member()?;
        let values: Option<Result<Vec<Value>, NotInForm>> =
            members.iter().map(|member| member.single(of)).collect();
        Some(values?.map(|values| Value::set_of(of, values)))
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::OtherNumber(_) => "a number that is not a 64-bit integer",
            Self::Text(_) => "a text",
            Self::List(_) => "a list of other members",
            Self::Object => "an object",
        }
    }
}

/// Reads one object, its leaves into `into` under `prefix`.
struct ObjectSeed<'a> {
    prefix: &'a str,
    depth: usize,
    into: &'a mut Attributes,
}

impl<'de> DeserializeSeed<'de> for ObjectSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of attributes, as in {\"customer.region\": \"EU\"}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = std::collections::BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let name = if self.prefix.is_empty() {
                key.clone()
            } else {
                format!("{}.{key}", self.prefix)
            };
            if !keys.insert(key) {
                return Err(serde::de::Error::custom(format!(
                    "key `{name}` is given twice; give it once"
                )));
            }
            map.next_value_seed(LeafSeed {
                name: &name,
                depth: self.depth,
                into: self.into,
            })?;
        }
        Ok(())
    }
}

/// Reads what stands behind one key.
struct LeafSeed<'a> {
    name: &'a str,
    depth: usize,
    into: &'a mut Attributes,
}

impl LeafSeed<'_> {
    fn insert<E: serde::de::Error>(self, json: Json) -> Result<(), E> {
        self.into.insert(self.name.to_owned(), json).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for LeafSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for LeafSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.insert(Json::Null)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.insert(Json::Boolean(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.insert(Json::Integer(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.insert(integer(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.insert(Json::OtherNumber(value.to_string()))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.insert(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut members = Vec::new();
        while let Some(member) = seq.next_element_seed(MemberSeed)? {
            members.push(member);
        }
        self.insert(Json::List(members))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let depth = self.depth.saturating_add(1);
        if depth > DEPTH_LIMIT {
            return Err(serde::de::Error::custom(format!(
                "nested deeper than {DEPTH_LIMIT}"
            )));
        }
        self.into
            .insert(self.name.to_owned(), Json::Object)
            .map_err(serde::de::Error::custom)?;
        ObjectSeed {
            prefix: self.name,
            depth,
            into: self.into,
        }
        .visit_map(map)
    }
}

/// Reads a member of a list; lists and objects inside lists mean nothing to any type.
struct MemberSeed;

impl<'de> DeserializeSeed<'de> for MemberSeed {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MemberSeed {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(integer(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        while seq.next_element_seed(MemberSeed)?.is_some() {}
        Ok(Json::List(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Json, A::Error> {
        ObjectSeed {
            prefix: "",
            depth: 0,
            into: &mut Attributes::default(),
        }
        .visit_map(map)?;
        Ok(Json::Object)
    }
}

fn integer(value: u64) -> Json {
    i64::try_from(value).map_or_else(|_| Json::OtherNumber(value.to_string()), Json::Integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str, name: &str, declared: Type) -> Value {
        Attributes::from_json(json)
            .unwrap()
            .value(&name.parse().unwrap(), declared)
    }

    #[test]
    fn nested_and_dotted_names_are_the_same() {
        for json in [
            r#"{"a":{"b":"x"}}"#,
            r#"{"a.b":"x"}"#,
            r#"{"a":{"c":1},"a.b":"x"}"#,
        ] {
            assert_eq!(value(json, "a.b", Type::Text), Value::Text("x".into()), "{json}");
        }
    }

    #[test]
    fn null_is_absent_and_another_type_has_failed() {
        assert_eq!(value(r#"{"a":null}"#, "a", Type::Text), Value::Absent);
        assert_eq!(value("{}", "a", Type::Text), Value::Absent);
        assert_eq!(
            value(r#"{"a":1}"#, "a", Type::Text),
            Value::failed("expected TEXT, got an integer")
        );
        assert!(matches!(
            value(r#"{"a":1.5}"#, "a", Type::Integer),
            Value::Failed(_)
        ));
        assert!(matches!(
            value(r#"{"a":9223372036854775808}"#, "a", Type::Integer),
            Value::Failed(_)
        ));
        assert!(matches!(
            value(r#"{"a":["x",1]}"#, "a", Type::SetOfText),
            Value::Failed(_)
        ));
        assert!(matches!(
            value(r#"{"a":{"b":1}}"#, "a", Type::Text),
            Value::Failed(_)
        ));
    }

    #[test]
    fn nothing_is_given_twice() {
        for json in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":{"b":1},"a.b":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            r#"{"a":1,"a":{"b":1}}"#,
        ] {
            let error = Attributes::from_json(json).unwrap_err().to_string();
            assert!(error.contains("given twice"), "{json}: {error}");
        }
    }

    #[test]
    fn what_is_not_one_object_is_refused() {
        for json in ["", "[]", "1", "{} {}", "{", r#"{"a":}"#] {
            assert!(Attributes::from_json(json).is_err(), "{json}");
        }
        let deep = format!("{}1{}", r#"{"a":"#.repeat(70), "}".repeat(70));
        assert!(Attributes::from_json(&deep).is_err());
    }
}
