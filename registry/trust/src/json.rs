//! JSON in which no key is given twice.
//!
//! Two readers of the same signed bytes must not see two things. A duplicate key is where readers differ, so it is
//! refused in every document of this crate before anything else looks at it.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Most bytes of any signed document of this crate: 4 MiB.
pub const DOCUMENT_LIMIT: usize = 4 * 1024 * 1024;

/// Bytes that are not the JSON that was expected.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// More bytes than [`DOCUMENT_LIMIT`].
    #[error("{size} bytes of JSON, at most {DOCUMENT_LIMIT} are read")]
    TooLarge {
        /// How many there are.
        size: usize,
    },
    /// Not JSON, a key given twice, a field missing, unknown or of another type.
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
}

/// Reads one JSON document.
///
/// # Errors
/// Too many bytes, bytes that are not one JSON text, a key given twice in any object, nesting deeper than 128, or a
/// document that is not a `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    if bytes.len() > DOCUMENT_LIMIT {
        return Err(JsonError::TooLarge { size: bytes.len() });
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Unique.deserialize(&mut reader)?;
    reader.end()?;
    Ok(serde_json::from_slice(bytes)?)
}

/// Walks any JSON and keeps nothing but the keys of the objects that are open.
#[derive(Clone, Copy)]
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(serde::de::Error::custom(format!(
                    "key `{key}` is given twice; give it once"
                )));
            }
            keys.insert(key);
            map.next_value_seed(self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_given_once_at_every_depth() {
        for json in [
            r#"{"a":1,"a":1}"#,
            r#"{"x":[{"a":{"b":1,"b":2}}]}"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            let error = from_slice::<serde_json::Value>(json.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(error.contains("given twice"), "{json}: {error}");
        }
        assert!(from_slice::<serde_json::Value>(br#"{"a":{"a":[{"a":1},{"a":1}]}}"#).is_ok());
    }

    #[test]
    fn one_document_of_bounded_size() {
        assert!(from_slice::<serde_json::Value>(b"{} {}").is_err());
        assert!(from_slice::<serde_json::Value>(b"").is_err());
        let large = vec![b' '; DOCUMENT_LIMIT + 1];
        assert!(matches!(
            from_slice::<serde_json::Value>(&large),
            Err(JsonError::TooLarge { .. })
        ));
        let deep = "[".repeat(100_000);
        assert!(from_slice::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}
