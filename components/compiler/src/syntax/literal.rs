//! What literals mean.

/// Why a number is not an integer of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// It has other characters than digits.
    NotDigits,
    /// It does not fit 64 bits.
    OutOfRange,
}

/// An escape that texts do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EscapeError {
    /// First byte, counted from the opening quote.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// The value of a number, with the sign that stands before it.
///
/// # Errors
/// Other characters than digits; outside 64 bits.
pub fn integer(negative: bool, digits: &str) -> Result<i64, NumberError> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NumberError::NotDigits);
    }
    let sign = if negative { -1_i64 } else { 1 };
    digits
        .bytes()
        .try_fold(0_i64, |number, digit| {
            let digit = i64::from(digit.wrapping_sub(b'0')).checked_mul(sign)?;
            number.checked_mul(10)?.checked_add(digit)
        })
        .ok_or(NumberError::OutOfRange)
}

/// The text that a token in double quotes stands for: `\"`, `\\`, `\n` and `\u{…}` with one to six hexadecimal
/// digits are replaced.
///
/// # Errors
/// All escapes that are none.
pub fn text(token: &str) -> Result<String, Vec<EscapeError>> {
    let inner = token.strip_prefix('"').unwrap_or(token);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    if !inner.contains('\\') {
        return Ok(inner.to_owned());
    }
    let mut value = String::with_capacity(inner.len());
    let mut errors = Vec::new();
    let mut rest = inner;
    // The opening quote is byte 0.
    let mut at = 1_usize;
    while let Some((before, escape)) = rest.split_once('\\') {
        value.push_str(before);
        let start = at.saturating_add(before.len());
        let (decoded, length) = decode(escape);
        let end = start.saturating_add(1).saturating_add(length);
        match decoded {
            Some(c) => value.push(c),
            None => errors.push(EscapeError { start, end }),
        }
        rest = escape.get(length..).unwrap_or("");
        at = end;
    }
    value.push_str(rest);
    if errors.is_empty() { Ok(value) } else { Err(errors) }
}

/// Where in the token the byte `offset` of its text stands, counted from the opening quote.
///
/// `token` is one that [`text`] understands; an offset inside a character or past the end gives the next place.
pub fn place_in_token(token: &str, offset: usize) -> usize {
    // The opening quote is byte 0.
    let mut at = 1_usize;
    let mut reached = 0_usize;
    let mut rest = token.strip_prefix('"').unwrap_or(token);
    while reached < offset {
        let (character, length) = match rest.strip_prefix('\\') {
            Some(escape) => {
                let (decoded, length) = decode(escape);
                (decoded, length.saturating_add(1))
            }
            None => {
                let character = rest.chars().next();
                (character, character.map_or(0, char::len_utf8))
            }
        };
        let Some(character) = character else { break };
        reached = reached.saturating_add(character.len_utf8());
        at = at.saturating_add(length);
        rest = rest.get(length..).unwrap_or("");
    }
    at
}

/// The character that the escape means, if any, and how many bytes it has behind the backslash.
fn decode(escape: &str) -> (Option<char>, usize) {
    match escape.chars().next() {
        Some('"') => (Some('"'), 1),
        Some('\\') => (Some('\\'), 1),
        Some('n') => (Some('\n'), 1),
        Some('u') => {
            let Some((digits, _)) = escape.strip_prefix("u{").and_then(|rest| rest.split_once('}')) else {
                return (None, 1);
            };
            let proper =
                (1..=6).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = if proper {
                u32::from_str_radix(digits, 16).ok()
            } else {
                None
            };
            // `u{` and `}`.
            (number.and_then(char::from_u32), digits.len().saturating_add(3))
        }
        Some(other) => (None, other.len_utf8()),
        None => (None, 0),
    }
}

/// Whether a reader does not see the character, or it turns the direction of what is read. Sources have such characters
/// by their numbers only.
pub fn is_hidden(c: char) -> bool {
    match c {
        '\t' => false,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => true,
        '\u{61c}' | '\u{2028}' | '\u{2029}' => true,
        other => other.is_control(),
    }
}

/// A text as the language writes it, so that reading it gives the text again.
pub fn quoted(text: &str) -> String {
    let mut literal = String::with_capacity(text.len().saturating_add(2));
    literal.push('"');
    for c in text.chars() {
        match c {
            '"' => literal.push_str("\\\""),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            c if c.is_control() || is_hidden(c) => literal.extend(c.escape_unicode()),
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn integers_reach_both_ends() {
        assert_eq!(integer(true, "9223372036854775808"), Ok(i64::MIN));
        assert_eq!(integer(false, "9223372036854775807"), Ok(i64::MAX));
        assert_eq!(
            integer(false, "9223372036854775808"),
            Err(NumberError::OutOfRange)
        );
        assert_eq!(integer(true, "9223372036854775809"), Err(NumberError::OutOfRange));
        assert_eq!(integer(false, "007"), Ok(7));
        assert_eq!(integer(false, "1_000"), Err(NumberError::NotDigits));
    }

    #[test]
    fn escapes_that_are_none_are_found_where_they_are() {
        let bad = |text| self::text(text).unwrap_err();
        assert_eq!(bad(r#""a\tb""#), [EscapeError { start: 2, end: 4 }]);
        assert_eq!(
            bad(r#""\u{}\q""#),
            [EscapeError { start: 1, end: 5 }, EscapeError { start: 5, end: 7 }]
        );
        assert_eq!(bad(r#""\u{d800}""#).len(), 1);
        assert_eq!(bad(r#""\u{1234567}""#).len(), 1);
        assert_eq!(bad(r#""\u12""#), [EscapeError { start: 1, end: 3 }]);
        assert_eq!(text(r#""\u{1F600}\"\\\n""#).unwrap(), "😀\"\\\n");
    }

    #[test]
    fn bytes_of_a_text_are_found_in_its_token() {
        let token = r#""a\u{1F600}\n{b}""#;
        let text = text(token).unwrap();
        let brace = text.find('{').unwrap();
        assert_eq!(place_in_token(token, brace), token.rfind('{').unwrap());
        assert_eq!(place_in_token(token, 0), 1);
        assert_eq!(place_in_token(token, text.len()), token.len() - 1);
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(value in any::<String>()) {
            let quoted = quoted(&value);
            prop_assert!(!quoted.chars().any(is_hidden), "{}", quoted);
            prop_assert_eq!(text(&quoted).unwrap(), value);
        }
    }
}
