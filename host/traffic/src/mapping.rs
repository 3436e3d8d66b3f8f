//! Which part of a log line is which attribute.

use std::collections::BTreeMap;
use std::str::FromStr;

use aecp_vocabulary::AttributeName;
use serde_json::Value as Json;

/// Attributes by where they stand in a log line, as JSON pointers (RFC 6901).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    entries: BTreeMap<AttributeName, String>,
}

/// A text that is not `ATTRIBUTE=/json/pointer`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// There is no `=`, or no pointer behind it.
    #[error("`{0}` is not of the form ATTRIBUTE=/json/pointer, as in identity.subject=/user/name")]
    Form(String),
    /// What stands before it is no name.
    #[error(transparent)]
    Name(#[from] aecp_vocabulary::schema::InvalidAttributeName),
}

/// One attribute and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The attribute.
    pub attribute: AttributeName,
    /// The JSON pointer.
    pub pointer: String,
}

impl FromStr for Mapped {
    type Err = MappingError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((attribute, pointer)) if pointer.starts_with('/') => Ok(Self {
                attribute: attribute.trim().parse()?,
                pointer: pointer.to_owned(),
            }),
            _ => Err(MappingError::Form(text.to_owned())),
        }
    }
}

impl FromIterator<Mapped> for Mapping {
    fn from_iter<I: IntoIterator<Item = Mapped>>(all: I) -> Self {
        let entries = all.into_iter().map(|mapped| (mapped.attribute, mapped.pointer));
        Self {
            entries: entries.collect(),
        }
    }
}

impl Mapping {
    /// What is mapped out of a line. What is null, or not there, is not given.
    pub(crate) fn apply(&self, line: &Json, into: &mut BTreeMap<String, Json>) {
        for (attribute, pointer) in &self.entries {
            if let Some(found) = line.pointer(pointer).filter(|found| !found.is_null()) {
                into.insert(attribute.as_str().to_owned(), found.clone());
            }
        }
    }

    /// Whether there is nothing to map.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// What of a field is the attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// All of it.
    Whole,
    /// What stands before `?`.
    Path,
    /// What stands behind `?`.
    Query,
    /// The address of `address:port`, or of `[address]:port`.
    Address,
    /// The name of `name:port`.
    Host,
    /// The method of a request line.
    LineMethod,
    /// The path of a request line.
    LinePath,
    /// The query of a request line.
    LineQuery,
    /// A list of segments, or a text.
    Segments,
}

/// Attributes that a format gives unless somebody says otherwise: the first field counts that is there.
pub(crate) type Defaults = &'static [(&'static str, &'static [(&'static str, Take)])];

/// Applies what a format maps by itself. `-` is how logs write that there is nothing.
pub(crate) fn defaults(of: Defaults, line: &Json, into: &mut BTreeMap<String, Json>) {
    for (attribute, fields) in of {
        let found = fields
            .iter()
            .find_map(|(pointer, take)| taken(line.pointer(pointer)?, *take));
        if let Some(found) = found {
            into.insert((*attribute).to_owned(), found);
        }
    }
}

fn taken(field: &Json, take: Take) -> Option<Json> {
    if let (Take::Segments, Json::Array(segments)) = (take, field) {
        let segments: Option<Vec<&str>> = segments.iter().map(Json::as_str).collect();
        return Some(format!("/{}", segments?.join("/")).into());
    }
    let Json::String(text) = field else {
        return (take == Take::Whole && !field.is_null()).then(|| field.clone());
    };
    let text = text.as_str();
    if text.is_empty() || text == "-" {
        return None;
    }
    let query = |target: &str| target.split_once('?').map(|(_, query)| query.to_owned());
    let path = |target: &str| target.split_once('?').map_or(target, |(path, _)| path).to_owned();
    let mut line = text.split(' ');
    let found = match take {
        Take::Whole | Take::Segments => text.to_owned(),
        Take::Path => path(text),
        Take::Query => query(text)?,
        Take::Address | Take::Host => without_port(text).to_owned(),
        Take::LineMethod => line.next()?.to_owned(),
        Take::LinePath => path(line.nth(1)?),
        Take::LineQuery => query(line.nth(1)?)?,
    };
    Some(found.into())
}

/// `10.0.0.1:80`, `[2001:db8::1]:80`, `example.org:80` and each of them without a port; a bare IPv6 address is whole.
fn without_port(text: &str) -> &str {
    if let Some(inside) = text.strip_prefix('[') {
        return inside.split_once(']').map_or(text, |(address, _)| address);
    }
    match text.split_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_a_name_and_a_pointer() {
        let mapped: Mapped = "identity.subject=/user/name".parse().unwrap();
        assert_eq!(mapped.pointer, "/user/name");
        assert!(matches!(
            "identity.subject".parse::<Mapped>(),
            Err(MappingError::Form(_))
        ));
        assert!(matches!("a=b".parse::<Mapped>(), Err(MappingError::Form(_))));
        assert!(matches!("1a=/b".parse::<Mapped>(), Err(MappingError::Name(_))));
    }

    #[test]
    fn parts_of_fields_are_taken() {
        let text =
            |field: &str, take| taken(&field.into(), take).map(|found| found.as_str().unwrap().to_owned());
        assert_eq!(text("/a?b=c", Take::Path).unwrap(), "/a");
        assert_eq!(text("/a?b=c", Take::Query).unwrap(), "b=c");
        assert_eq!(text("/a", Take::Query), None);
        assert_eq!(text("10.0.0.1:80", Take::Address).unwrap(), "10.0.0.1");
        assert_eq!(text("[2001:db8::1]:80", Take::Address).unwrap(), "2001:db8::1");
        assert_eq!(text("2001:db8::1", Take::Address).unwrap(), "2001:db8::1");
        assert_eq!(text("GET /a?b HTTP/1.1", Take::LineMethod).unwrap(), "GET");
        assert_eq!(text("GET /a?b HTTP/1.1", Take::LinePath).unwrap(), "/a");
        assert_eq!(text("GET /a?b HTTP/1.1", Take::LineQuery).unwrap(), "b");
        assert_eq!(text("-", Take::Whole), None);
        let segments = serde_json::json!(["api", "v1"]);
        assert_eq!(taken(&segments, Take::Segments).unwrap(), "/api/v1");
    }
}
