//! Paths with one spelling, and queries that are only looked at.
//!
//! A canonical path has no dot segment, no empty segment but a last one, percent-encoding only where a byte needs it,
//! in upper-case digits, and decodes to UTF-8 without control characters. An encoded `/` or `\` is refused: some
//! servers take it for a separator and some do not.

use super::Malformed;

const HEX: [u8; 16] = *b"0123456789ABCDEF";

pub(super) fn canonical(raw: &str) -> Result<String, Malformed> {
    if !raw.starts_with('/') {
        return Err(refused(raw, "it must begin with `/`"));
    }
    let path = encoded_once(raw)?;
    if path.contains("//") {
        return Err(refused(raw, "a segment is empty; write one `/`"));
    }
    if path.contains("/.") {
        without_dot_segments(raw, &path)
    } else {
        Ok(path)
    }
}

/// The query as it stands, if it holds only what a query may.
pub(super) fn query(raw: &str) -> Result<String, Malformed> {
    if raw.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(raw.to_owned())
    } else {
        Err(Malformed::new(
            "the query holds bytes that must be percent-encoded",
        ))
    }
}

fn encoded_once(raw: &str) -> Result<String, Malformed> {
    let mut path = String::with_capacity(raw.len());
    let mut beyond_ascii = false;
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'/' => path.push('/'),
            b'%' => {
                let decoded = bytes
                    .next()
                    .zip(bytes.next())
                    .and_then(|(high, low)| hex_pair(high, low));
                let decoded =
                    decoded.ok_or_else(|| refused(raw, "`%` is not followed by two hexadecimal digits"))?;
                match decoded {
                    b'/' => return Err(refused(raw, "`%2F` can be read in two ways")),
                    b'\\' => return Err(refused(raw, "`%5C` can be read in two ways")),
                    0..0x20 | 0x7F => return Err(refused(raw, "it holds an encoded control character")),
                    _ if is_unreserved(decoded) => path.push(char::from(decoded)),
                    _ => {
                        beyond_ascii |= !decoded.is_ascii();
                        push_encoded(&mut path, decoded);
                    }
                }
            }
            b'\\' => return Err(refused(raw, "`\\` can be read in two ways")),
            0..=0x20 | 0x7F..=0xFF => {
                return Err(refused(raw, "it holds bytes that must be percent-encoded"));
            }
            _ if is_unreserved(byte) || is_delimiter(byte) => path.push(char::from(byte)),
            _ => push_encoded(&mut path, byte),
        }
    }
    if beyond_ascii {
        let text = percent_decode(&path, false).ok_or_else(|| refused(raw, "it is not UTF-8"))?;
        if text.chars().any(char::is_control) {
            return Err(refused(raw, "it holds an encoded control character"));
        }
    }
    Ok(path)
}

/// RFC 3986, section 5.2.4.
fn without_dot_segments(raw: &str, path: &str) -> Result<String, Malformed> {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            // Servers that cut parameters off would make a dot segment of it.
            _ if segment
                .split(';')
                .next()
                .is_some_and(|name| matches!(name, "." | "..")) =>
            {
                return Err(refused(
                    raw,
                    "a dot segment has parameters, which can be read in two ways",
                ));
            }
            _ => kept.push(segment),
        }
    }
    Ok(format!("/{}", kept.join("/")))
}

/// Decodes percent-encoding; with `form`, `+` is a space. None if it is malformed or not UTF-8.
pub(crate) fn percent_decode(text: &str, form: bool) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex_pair(bytes.next()?, bytes.next()?)?,
            b'+' if form => b' ',
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    Some(digit(high)?.wrapping_shl(4) | digit(low)?)
}

fn push_encoded(path: &mut String, byte: u8) {
    path.push('%');
    for digit in [byte >> 4, byte & 0xF] {
        path.push(HEX.get(usize::from(digit)).copied().map_or('0', char::from));
    }
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// What else a segment may hold as it stands: sub-delims, `:` and `@`.
fn is_delimiter(byte: u8) -> bool {
    matches!(
        byte,
        b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':' | b'@'
    )
}

fn refused(raw: &str, problem: &str) -> Malformed {
    let shown: String = raw.chars().take(128).flat_map(char::escape_default).collect();
    Malformed::new(format!("path `{shown}`: {problem}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(raw: &str) -> Option<String> {
        canonical(raw).ok()
    }

    #[test]
    fn one_spelling_for_one_path() {
        for (raw, expected) in [
            ("/", "/"),
            ("/a/b/", "/a/b/"),
            ("/%7Euser/%41", "/~user/A"),
            ("/a%20b%c3%a4", "/a%20b%C3%A4"),
            ("/a/./b/../c", "/a/c"),
            ("/a/%2e%2E/b", "/b"),
            ("/../../a", "/a"),
            ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/.hidden/...", "/.hidden/..."),
            ("/a:b@c;d=e", "/a:b@c;d=e"),
            ("/{a}|b", "/%7Ba%7D%7Cb"),
            ("/100%25", "/100%25"),
        ] {
            assert_eq!(path(raw).as_deref(), Some(expected), "{raw}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for bad in [
            "",
            "*",
            "a",
            "//a",
            "/a//b",
            "/a%2Fb",
            "/a%2fb",
            "/a%5Cb",
            "/a\\b",
            "/a%00",
            "/a%0d%0aX",
            "/a%7f",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a%+1",
            "/a b",
            "/ä",
            "/a%FF",
            "/a%C2%85",
            "/a/..;x/b",
            "/a/.;/b",
            "/a/%2e%2e;x/b",
        ] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn canonical_paths_stay_as_they_are(raw in "(/[a-zA-Z0-9.%;{}~ é\\\\-]{0,4}){1,5}") {
            if let Some(once) = path(&raw) {
                prop_assert_eq!(path(&once), Some(once.clone()));
                prop_assert!(!once.split('/').any(|segment| segment == "." || segment == ".."));
            }
        }

        #[test]
        fn encoding_what_needs_none_changes_nothing(text in "[a-zA-Z0-9~_-]{1,12}") {
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
            prop_assert_eq!(path(&format!("/{encoded}")), path(&format!("/{text}")));
        }
    }
}
