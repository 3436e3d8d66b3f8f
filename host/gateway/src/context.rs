//! Facts about a request become the values that policies read.
//!
//! - [`Plan`]: made once for a bundle; where the value of each position of the table comes from.
//! - `parse`: texts into values of a declared type, strictly.
//!
//! What cannot be read as its declared type is a failed value, which policies see as unknown. What is given twice
//! makes the whole request malformed.

use std::net::IpAddr;
use std::sync::Arc;

use aecp_engine::ContextRequest;
use aecp_evidence::Question;
use aecp_vocabulary::value::Address;
use aecp_vocabulary::{AttributeName, Value};
use bytes::Bytes;
use http::HeaderName;

use crate::canonical::{Head, Malformed, percent_decode};
use crate::routes::Matched;

mod environment;
mod parse;
mod plan;

pub use environment::Environment;
pub use plan::{ExtractorSource, Plan, PlanError};

/// What is known of a request before its attributes are.
#[derive(Debug)]
pub struct Facts<'a> {
    /// The canonical head.
    pub head: &'a Head,
    /// The route that takes it.
    pub matched: &'a Matched<'a>,
    /// Who sent it.
    pub peer: IpAddr,
    /// When it is about to execute, in nanoseconds since 1970.
    pub now: i64,
}

/// Where the value of one attribute comes from.
#[derive(Debug)]
pub(crate) enum Slot {
    Method,
    Scheme,
    Host,
    Path,
    WholeQuery,
    Peer,
    Now,
    Fixed(Value),
    Header(HeaderName),
    Query(String),
    Segment(String),
    Label(String),
    /// Which of the extractors that run, and which of its attributes.
    Extracted(usize, usize),
}

/// What is asked of one extractor that runs.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) headers: Vec<HeaderName>,
    pub(crate) query: bool,
    pub(crate) body_limit: u32,
}

impl Wanted {
    /// The request as this extractor may see it.
    pub(crate) fn request(&self, facts: &Facts<'_>, body: Option<&Bytes>) -> ContextRequest {
        let head = facts.head;
        let values = |name: &HeaderName| {
            let name = name.clone();
            let all = head.headers.get_all(&name).iter();
            all.map(move |value| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect::<Vec<_>>()
        };
        ContextRequest {
            method: head.method.as_str().to_owned(),
            scheme: head.scheme.name().to_owned(),
            host: head.host.as_str().to_owned(),
            path: head.path.clone(),
            query: self.query.then(|| head.query.clone()).flatten(),
            headers: self.headers.iter().flat_map(values).collect(),
            body: body.filter(|_| self.body_limit > 0).map(|body| body.to_vec()),
            peer: Address::from(facts.peer),
            now: facts.now,
        }
    }
}

impl Slot {
    /// The attribute's value. `extracted` has, for each extractor that ran, its values in its own order.
    fn value(
        &self,
        declared: aecp_vocabulary::Type,
        facts: &Facts<'_>,
        query: &Query,
        extracted: &mut [Vec<Value>],
    ) -> Result<Value, Malformed> {
        let head = facts.head;
        let text = |text: &str| Value::Text(text.to_owned());
        Ok(match self {
            Self::Method => text(head.method.as_str()),
            Self::Scheme => text(head.scheme.name()),
            Self::Host => text(head.host.as_str()),
            Self::Path => text(&head.path),
            Self::WholeQuery => head.query.as_deref().map_or(Value::Absent, text),
            Self::Peer => Value::Address(Address::from(facts.peer)),
            Self::Now => Value::Instant(facts.now),
            Self::Fixed(value) => value.clone(),
            Self::Header(name) => {
                let mut values = head.headers.get_all(name).iter();
                match (values.next(), values.next()) {
                    (None, _) => Value::Absent,
                    (Some(value), None) => parse::bytes(value.as_bytes(), declared),
                    (Some(_), Some(_)) => {
                        return Err(Malformed::new(format!(
                            "header `{name}` gives an attribute more than once"
                        )));
                    }
                }
            }
            Self::Query(name) => match query.parameter(name)? {
                None => Value::Absent,
                Some(value) => parse::text(value, declared),
            },
            Self::Segment(name) => match facts.matched.segment(name) {
                None => Value::Absent,
                Some(encoded) => match percent_decode(encoded, false) {
                    Some(decoded) => parse::text(&decoded, declared),
                    None => Value::failed("the segment is not UTF-8"),
                },
            },
            Self::Label(name) => match facts.matched.labels().get(name) {
                None => Value::Absent,
                Some(label) => parse::text(label, declared),
            },
            Self::Extracted(extractor, attribute) => {
                let values = extracted.get_mut(*extractor);
                match values.and_then(|values| values.get_mut(*attribute)) {
                    Some(value) => std::mem::replace(value, Value::Absent),
                    None => Value::failed("the extractor gave no value"),
                }
            }
        }
        .at_position_of(declared))
    }
}

/// The parameters of a query, decoded, in order. Read only if an attribute comes from one.
#[derive(Debug, Default)]
struct Query {
    parameters: Vec<(String, String)>,
}

impl Query {
    fn read(query: Option<&str>) -> Result<Self, Malformed> {
        let mut parameters = Vec::new();
        for pair in query
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty())
        {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = percent_decode(name, true).zip(percent_decode(value, true));
            parameters
                .push(decoded.ok_or_else(|| Malformed::new("the query's percent-encoding is malformed"))?);
        }
        Ok(Self { parameters })
    }

    fn parameter(&self, name: &str) -> Result<Option<&str>, Malformed> {
        let mut given = self.parameters.iter().filter(|(known, _)| known == name);
        let first = given.next().map(|(_, value)| value.as_str());
        if given.next().is_some() {
            return Err(Malformed::new(format!(
                "query parameter `{name}` gives an attribute more than once"
            )));
        }
        Ok(first)
    }
}

/// One attribute that a plan fills.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) name: AttributeName,
    /// The name as evidence has it in each leaf.
    pub(crate) label: Arc<str>,
    pub(crate) question: Question,
    pub(crate) declared: aecp_vocabulary::Type,
    pub(crate) slot: Slot,
    pub(crate) personal: bool,
}

impl Planned {
    fn new(name: AttributeName, declared: aecp_vocabulary::Type, slot: Slot, personal: bool) -> Self {
        Self {
            label: name.as_str().into(),
            question: Question::of_attribute(name.as_str()),
            name,
            declared,
            slot,
            personal,
        }
    }
}

#[cfg(test)]
mod tests;
