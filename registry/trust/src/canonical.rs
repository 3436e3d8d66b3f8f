//! The one form of JSON that can be signed as a value: OLPC's canonical JSON, which TUF uses.

use serde::Serialize;
use serde_json::Serializer;

/// A value that has no canonical form.
#[derive(Debug, thiserror::Error)]
#[error("no canonical JSON of it: {0}")]
pub struct NotCanonical(#[from] serde_json::Error);

/// The canonical form of `value`: keys in order, no white space, only `"` and `\` escaped, text in Unicode's NFC.
///
/// # Errors
/// A number that is not an integer, or a key that is not text.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, NotCanonical> {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, olpc_cjson::CanonicalFormatter::new());
    value.serialize(&mut serializer)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_and_white_space_do_not_matter() {
        let one: serde_json::Value = serde_json::from_str(r#"{"b": 1, "a": [true, "x\"\n"]}"#).unwrap();
        assert_eq!(to_vec(&one).unwrap(), b"{\"a\":[true,\"x\\\"\n\"],\"b\":1}");
        assert!(to_vec(&1.5).is_err());
    }
}
