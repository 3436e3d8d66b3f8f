//! What the bundle says to this extractor.
//!
//! ```json
//! {
//!   "issuers": ["https://login.example.com"],
//!   "audiences": ["customer-api"],
//!   "keys": {"keys": [{"kid": "2026-01", "kty": "OKP", "crv": "Ed25519", "x": "…"}]},
//!   "header": "authorization",
//!   "leeway_seconds": 30,
//!   "attributes": [
//!     {"name": "identity.subject", "claim": "sub", "type": "TEXT", "personal": true},
//!     {"name": "identity.roles", "claim": ["realm_access", "roles"], "type": "SET OF TEXT"}
//!   ]
//! }
//! ```
//!
//! `header`, `leeway_seconds` and `attributes` may be left out. `keys` is a JSON Web Key Set (RFC 7517).

use std::collections::BTreeSet;

use aecp_vocabulary::{AttributeName, Type};
use serde::Deserialize;

use crate::keys::{JsonWebKey, Key, KeyError};

/// Most seconds by which clocks may differ.
pub const LEEWAY_LIMIT: u32 = 300;

/// What the bundle says, checked.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Accepted values of `iss`; at least one.
    pub issuers: Vec<String>,
    /// A token must be for one of these (`aud`); at least one.
    pub audiences: Vec<String>,
    /// At least one; each with a `kid` of its own if there are more.
    pub keys: Vec<Key>,
    /// The header that carries the token, in lower case. `authorization` uses the Bearer scheme (RFC 6750); any other
    /// header holds the token alone.
    pub header: String,
    /// By how many seconds the issuer's clock may differ.
    pub leeway_seconds: u32,
    /// Which claims become which attributes.
    pub attributes: Vec<Mapping>,
}

/// How one claim becomes one attribute.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The attribute.
    pub name: AttributeName,
    /// The claim.
    pub claim: ClaimPath,
    /// TEXT, INTEGER, BOOLEAN, INSTANT (a NumericDate, RFC 7519 section 2), SET OF TEXT or SET OF INTEGER.
    #[serde(rename = "type")]
    pub value_type: Type,
    /// Whether values are about a person.
    #[serde(default)]
    pub personal: bool,
    /// Whether a text stands for the set of its parts between spaces, as in `scope` (RFC 8693 section 4.2).
    #[serde(default)]
    pub space_separated: bool,
}

/// Where a claim stands: its name, or the names of the objects around it and its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ClaimPath {
    /// A claim of the token itself.
    Name(String),
    /// From the outermost object inwards.
    Path(Vec<String>),
}

impl ClaimPath {
    /// The names, from the outermost inwards.
    pub fn steps(&self) -> &[String] {
        match self {
            Self::Name(name) => std::slice::from_ref(name),
            Self::Path(steps) => steps,
        }
    }
}

/// A configuration that this extractor refuses. It says what is wrong where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigurationError {
    /// Not the JSON that is expected.
    #[error("configuration, at `{place}`: {reason}")]
    Malformed {
        /// The path of the field.
        place: String,
        /// What is wrong with it.
        reason: serde_json::Error,
    },
    /// More follows after the configuration.
    #[error("configuration: {0}")]
    Trailing(serde_json::Error),
    /// A list that must have members has none, or one that is empty.
    #[error("configuration, at `{0}`: give at least one, none of them empty")]
    Empty(&'static str),
    /// A key that cannot be used.
    #[error("configuration, at `keys.keys[{index}]`: {reason}")]
    Key {
        /// The key's place.
        index: usize,
        /// What is wrong with it.
        reason: KeyError,
    },
    /// Tokens could not tell keys apart.
    #[error("configuration, at `keys.keys[{0}].kid`: with several keys, each must have a `kid` of its own")]
    KeyId(usize),
    /// Not a header name in lower case.
    #[error("configuration, at `header`: `{0}` is not a header name in lower case")]
    Header(String),
    /// Too much leeway.
    #[error("configuration, at `leeway_seconds`: {0} is more than {LEEWAY_LIMIT}")]
    Leeway(u32),
    /// A mapping that cannot be carried out.
    #[error("configuration, at `attributes[{index}].{field}`: {reason}")]
    Mapping {
        /// The mapping's place.
        index: usize,
        /// The field in it.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    issuers: Vec<String>,
    audiences: Vec<String>,
    keys: JsonWebKeySet,
    #[serde(default = "default_header")]
    header: String,
    #[serde(default)]
    leeway_seconds: u32,
    #[serde(default = "default_attributes")]
    attributes: Vec<Mapping>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonWebKeySet {
    keys: Vec<JsonWebKey>,
}

fn default_header() -> String {
    "authorization".to_owned()
}

/// What an attribute list that is left out means.
fn default_attributes() -> Vec<Mapping> {
    [
        ("identity.subject", "sub", Type::Text, true),
        ("identity.issuer", "iss", Type::Text, false),
        ("identity.roles", "roles", Type::SetOfText, false),
        ("identity.scopes", "scope", Type::SetOfText, false),
    ]
    .into_iter()
    .filter_map(|(name, claim, value_type, personal)| {
        Some(Mapping {
            name: name.parse().ok()?,
            claim: ClaimPath::Name(claim.to_owned()),
            value_type,
            personal,
            space_separated: claim == "scope",
        })
    })
    .collect()
}

impl Configuration {
    /// Reads the bytes that the bundle gives.
    ///
    /// # Errors
    /// Anything that is not exactly a configuration: unknown, repeated and missing fields, keys that prove nothing,
    /// mappings to types that no claim has.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ConfigurationError> {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let document: Document =
            serde_path_to_error::deserialize(&mut reader).map_err(|error| ConfigurationError::Malformed {
                place: error.path().to_string(),
                reason: error.into_inner(),
            })?;
        reader.end().map_err(ConfigurationError::Trailing)?;
        filled("issuers", &document.issuers)?;
        filled("audiences", &document.audiences)?;
        if document.leeway_seconds > LEEWAY_LIMIT {
            return Err(ConfigurationError::Leeway(document.leeway_seconds));
        }
        let is_token = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        if document.header.is_empty() || !document.header.bytes().all(is_token) {
            return Err(ConfigurationError::Header(document.header));
        }
        check_mappings(&document.attributes)?;
        Ok(Self {
            issuers: document.issuers,
            audiences: document.audiences,
            keys: keys(document.keys.keys)?,
            header: document.header,
            leeway_seconds: document.leeway_seconds,
            attributes: document.attributes,
        })
    }
}

fn filled(place: &'static str, texts: &[String]) -> Result<(), ConfigurationError> {
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        return Err(ConfigurationError::Empty(place));
    }
    Ok(())
}

fn keys(configured: Vec<JsonWebKey>) -> Result<Vec<Key>, ConfigurationError> {
    let several = configured.len() > 1;
    let mut ids = BTreeSet::new();
    let mut keys = Vec::new();
    for (index, jwk) in configured.into_iter().enumerate() {
        let key = Key::try_from(jwk).map_err(|reason| ConfigurationError::Key { index, reason })?;
        if several && (key.id.is_none() || !ids.insert(key.id.clone())) {
            return Err(ConfigurationError::KeyId(index));
        }
        keys.push(key);
    }
    if keys.is_empty() {
        Err(ConfigurationError::Empty("keys.keys"))
    } else {
        Ok(keys)
    }
}

fn check_mappings(mappings: &[Mapping]) -> Result<(), ConfigurationError> {
    if mappings.is_empty() {
        return Err(ConfigurationError::Empty("attributes"));
    }
    let mut names = BTreeSet::new();
    for (index, mapping) in mappings.iter().enumerate() {
        let refused = |field, reason| Err(ConfigurationError::Mapping { index, field, reason });
        if !names.insert(&mapping.name) {
            return refused("name", "the attribute is given twice; give it once");
        }
        if mapping.claim.steps().is_empty() {
            return refused("claim", "name at least one step");
        }
        let readable = [
            Type::Text,
            Type::Integer,
            Type::Boolean,
            Type::Instant,
            Type::SetOfText,
            Type::SetOfInteger,
        ];
        if !readable.contains(&mapping.value_type) {
            return refused(
                "type",
                "claims are read as TEXT, INTEGER, BOOLEAN, INSTANT, SET OF TEXT or SET OF INTEGER",
            );
        }
        if mapping.space_separated && mapping.value_type != Type::SetOfText {
            return refused("space_separated", "only a SET OF TEXT has parts");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn minimal() -> Value {
        json!({
            "issuers": ["https://login.example.com"],
            "audiences": ["api"],
            "keys": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
        })
    }

    fn read(document: &Value) -> Result<Configuration, String> {
        Configuration::from_json(document.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let read = read(&minimal()).unwrap();
        assert_eq!((read.header.as_str(), read.leeway_seconds), ("authorization", 0));
        let names: Vec<_> = read
            .attributes
            .iter()
            .map(|mapping| mapping.name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "identity.subject",
                "identity.issuer",
                "identity.roles",
                "identity.scopes"
            ]
        );
        let personal: Vec<_> = read.attributes.iter().map(|mapping| mapping.personal).collect();
        assert_eq!(personal, [true, false, false, false]);
    }

    #[test]
    fn every_mistake_is_named_with_its_place() {
        let key = minimal()["keys"]["keys"][0].clone();
        let mapping =
            |value: Value| json!([{"name": "identity.team", "claim": "team", "type": "TEXT"}, value]);
        for (field, value, named) in [
            ("issuer", json!("x"), "unknown field `issuer`"),
            ("issuers", json!([]), "`issuers`"),
            ("audiences", json!([""]), "`audiences`"),
            ("audiences", json!("api"), "at `audiences`: invalid type"),
            ("keys", json!({"keys": []}), "`keys.keys`"),
            (
                "keys",
                json!({"keys": [{"kty": "oct", "k": "AAAA"}]}),
                "at `keys.keys[0].k`: unknown field `k`",
            ),
            (
                "keys",
                json!({"keys": [{"kty": "oct"}]}),
                "at `keys.keys[0]`: only `kty`",
            ),
            ("keys", json!({"keys": [key, key]}), "`keys.keys[0].kid`"),
            (
                "header",
                json!("Authorization"),
                "`Authorization` is not a header name",
            ),
            ("leeway_seconds", json!(301), "301 is more than 300"),
            ("leeway_seconds", json!(-1), "at `leeway_seconds`: invalid value"),
            ("attributes", json!([]), "`attributes`"),
            (
                "attributes",
                mapping(json!({"name": "1a", "claim": "x", "type": "TEXT"})),
                "at `attributes[1].name`",
            ),
            (
                "attributes",
                mapping(json!({"name": "a", "claim": "x", "type": "CIDR"})),
                "`attributes[1].type`",
            ),
            (
                "attributes",
                mapping(json!({"name": "a", "claim": [], "type": "TEXT"})),
                "`attributes[1].claim`",
            ),
            (
                "attributes",
                mapping(json!({"name": "identity.team", "claim": "x", "type": "TEXT"})),
                "given twice",
            ),
            (
                "attributes",
                mapping(json!({"name": "a", "claim": "x", "type": "TEXT", "space_separated": true})),
                "`attributes[1].space_separated`",
            ),
        ] {
            let mut document = minimal();
            document[field] = value.clone();
            let error = read(&document).unwrap_err();
            assert!(error.contains(named), "{field} {value}: {error}");
        }
    }

    #[test]
    fn text_that_is_no_configuration_is_refused() {
        for text in [
            "",
            "null",
            "[]",
            "{}",
            "{\"issuers\":[\"a\"],\"issuers\":[\"b\"]}",
        ] {
            assert!(Configuration::from_json(text.as_bytes()).is_err(), "{text}");
        }
        let twice = format!("{0} {0}", minimal());
        assert!(matches!(
            Configuration::from_json(twice.as_bytes()),
            Err(ConfigurationError::Trailing(_))
        ));
    }
}
