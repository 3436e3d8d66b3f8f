//! Texts into values of a declared type, strictly.

use aecp_vocabulary::text::read;
use aecp_vocabulary::{Type, Value};

pub(super) fn bytes(bytes: &[u8], declared: Type) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(given) => text(given, declared),
        Err(_) => Value::failed("not UTF-8"),
    }
}

/// `text` as `declared`, in the forms of [`aecp_vocabulary::text`].
pub(super) fn text(text: &str, declared: Type) -> Value {
    match read(text, declared) {
        Ok(value) => value.at_position_of(declared),
        Err(error) => Value::failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_in_form_has_failed() {
        assert_eq!(bytes(b"-42", Type::Integer), Value::Integer(-42));
        assert_eq!(
            text(" a, ,b", Type::SetOfText),
            Value::SetOfText(vec!["a".into(), "b".into()])
        );
        assert!(matches!(text("+1", Type::Integer), Value::Failed(_)));
        assert!(matches!(bytes(b"\xff", Type::Text), Value::Failed(_)));
    }
}
