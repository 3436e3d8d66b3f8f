//! Texts into values of a declared type, strictly.

use aecp_vocabulary::{Type, Value};

/// The types that a text in a header, query, path or label can be read as.
pub(super) const READABLE: [Type; 4] = [Type::Text, Type::Integer, Type::Boolean, Type::SetOfText];

pub(super) fn bytes(bytes: &[u8], declared: Type) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(given) => text(given, declared),
        Err(_) => Value::failed("not UTF-8"),
    }
}

/// `text` as `declared`. An integer is written without `+` and leading zeros, a boolean `true` or `false`, a set as its
/// members with commas between them (empty ones do not count, RFC 9110 section 5.6.1).
pub(super) fn text(text: &str, declared: Type) -> Value {
    match declared {
        Type::Text => Value::Text(text.to_owned()),
        Type::Integer => {
            integer(text).map_or_else(|| Value::failed("not an integer of 64 bits"), Value::Integer)
        }
        Type::Boolean => match text {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => Value::failed("not `true` or `false`"),
        },
        Type::SetOfText => {
            let members = text.split(',').map(str::trim).filter(|member| !member.is_empty());
            Value::SetOfText(members.map(str::to_owned).collect())
        }
        other => Value::failed(format!("a text cannot be read as {other}")),
    }
    .at_position_of(declared)
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let strict =
        digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    if strict && text != "-0" {
        text.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_strictly() {
        assert_eq!(text("a b", Type::Text), Value::Text("a b".into()));
        assert_eq!(text("-42", Type::Integer), Value::Integer(-42));
        assert_eq!(text("true", Type::Boolean), Value::Boolean(true));
        assert_eq!(
            text(" a, ,b", Type::SetOfText),
            Value::SetOfText(vec!["a".into(), "b".into()])
        );
        assert_eq!(text("", Type::SetOfText), Value::SetOfText(vec![]));
        for bad in [
            "",
            "+1",
            "01",
            "-0",
            "1 ",
            "1.0",
            "0x1",
            "9223372036854775808",
            "-",
        ] {
            assert!(matches!(text(bad, Type::Integer), Value::Failed(_)), "{bad}");
        }
        for bad in ["", "TRUE", "1", "yes"] {
            assert!(matches!(text(bad, Type::Boolean), Value::Failed(_)), "{bad}");
        }
        assert!(matches!(bytes(b"\xff", Type::Text), Value::Failed(_)));
    }
}
