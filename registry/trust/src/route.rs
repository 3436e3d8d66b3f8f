//! Path templates of routes.
//!
//! A template is `/` followed by segments with `/` between them. A segment is text that must be there as it stands,
//! `{name}` for exactly one segment of any text, or, as the last one, `**` for any number of segments, none included.
//! Paths are compared in canonical form: percent encoding only where it is needed, with upper-case digits.

use std::collections::BTreeSet;

/// Most bytes of a template.
pub const TEMPLATE_LIMIT: usize = 1_024;

/// A path template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    segments: Vec<Segment>,
    rest: bool,
}

/// One segment of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Named(String),
}

/// A text that is no path template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("path template `{template}`: {problem}")]
pub struct InvalidTemplate {
    template: String,
    problem: String,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, InvalidTemplate> {
        let template: String = text.chars().take(TEMPLATE_LIMIT).collect();
        let segments = segments(text).map_err(|problem| InvalidTemplate { template, problem })?;
        Ok(segments)
    }

    /// The values of the named segments if `path` (canonical, without query) matches, in the template's order.
    pub fn matches<'t, 'p>(&'t self, path: &'p str) -> Option<Vec<(&'t str, &'p str)>> {
        let path = path.strip_prefix('/')?;
        let mut values = Vec::new();
        // `/` has no segment; every other path has as many as it has slashes.
        let mut given = (!path.is_empty()).then(|| path.split('/')).into_iter().flatten();
        for segment in &self.segments {
            let value = given.next()?;
            match segment {
                Segment::Literal(text) if text == value => {}
                Segment::Named(name) if !value.is_empty() => values.push((name.as_str(), value)),
                _ => return None,
            }
        }
        (self.rest || given.next().is_none()).then_some(values)
    }

    /// The names of the named segments, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Named(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }
}

fn segments(text: &str) -> Result<Template, String> {
    if text.len() > TEMPLATE_LIMIT {
        return Err(format!("{} bytes, at most {TEMPLATE_LIMIT} are read", text.len()));
    }
    let path = text.strip_prefix('/').ok_or("it must begin with `/`")?;
    let (path, rest) = match path.strip_suffix("**") {
        Some("") => ("", true),
        Some(path) => (
            path.strip_suffix('/')
                .ok_or("`**` must be a segment of its own")?,
            true,
        ),
        None => (path, false),
    };
    let mut template = Template {
        segments: Vec::new(),
        rest,
    };
    let mut names = BTreeSet::new();
    for segment in (!path.is_empty()).then(|| path.split('/')).into_iter().flatten() {
        let segment = match segment.strip_prefix('{') {
            Some(name) => {
                let name = name.strip_suffix('}').filter(|name| is_word(name));
                let name = name.ok_or_else(|| {
                    format!("`{segment}` is not a named segment; write a word of letters, digits and `_` in braces")
                })?;
                if !names.insert(name) {
                    return Err(format!("segment `{{{name}}}` is there twice"));
                }
                Segment::Named(name.to_owned())
            }
            None => {
                check_literal(segment)?;
                Segment::Literal(segment.to_owned())
            }
        };
        template.segments.push(segment);
    }
    Ok(template)
}

fn is_word(text: &str) -> bool {
    let first = text.bytes().next();
    first.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn check_literal(segment: &str) -> Result<(), String> {
    match segment {
        "" => return Err("a segment is empty; a template has no `//` and does not end with `/`".to_owned()),
        "." | ".." => return Err(format!("`{segment}` is not a segment of a canonical path")),
        "**" => return Err("`**` can only be the last segment".to_owned()),
        _ => {}
    }
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => {
                let digits = [bytes.next().unwrap_or_default(), bytes.next().unwrap_or_default()];
                let mut decoded = [0; 1];
                !digits.iter().any(u8::is_ascii_lowercase)
                    && hex::decode_to_slice(digits, &mut decoded).is_ok()
                    && !decoded.first().is_some_and(|byte| is_unreserved(*byte))
            }
            // RFC 3986: sub-delims without `*`, which looks like a wildcard and is none; `:` and `@`.
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'+' | b',' | b';' | b'=' | b':' | b'@' => true,
            byte => is_unreserved(byte),
        };
        if !allowed {
            return Err(format!(
                "`{segment}` holds what a canonical path cannot; percent-encode it, upper-case"
            ));
        }
    }
    Ok(())
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let template = Template::parse(template).unwrap();
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Some(template.matches(path)?.into_iter().map(owned).collect())
    }

    fn matches(template: &str, path: &str) -> bool {
        matched(template, path).is_some()
    }

    #[test]
    fn named_segments_take_one_segment_each() {
        let pairs = vec![
            ("id".to_owned(), "7".to_owned()),
            ("part".to_owned(), "a%20b".to_owned()),
        ];
        assert_eq!(
            matched("/customers/{id}/{part}", "/customers/7/a%20b"),
            Some(pairs)
        );
        for path in [
            "/customers",
            "/customers/",
            "/customers/7",
            "/customers/7/",
            "/customers/7/a/b",
            "/x/7/a",
            "",
        ] {
            assert!(!matches("/customers/{id}/{part}", path), "{path}");
        }
    }

    #[test]
    fn the_rest_takes_any_number_of_segments() {
        for path in ["/reports", "/reports/", "/reports/a", "/reports/a/b/"] {
            assert!(matches("/reports/**", path), "{path}");
        }
        assert!(!matches("/reports/**", "/reportsX"));
        for path in ["/", "/a", "/a/b"] {
            assert!(matches("/**", path), "{path}");
        }
        assert!(matches("/", "/"));
        assert!(!matches("/", "/a"));
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "",
            "a",
            "a/b",
            "/a/",
            "//",
            "/a//b",
            "/**/a",
            "/a**",
            "/a/***",
            "/*",
            "/a*",
            "/{id",
            "/id}",
            "/{}",
            "/{a-b}",
            "/{1}",
            "/{id}x",
            "/{id}/{id}",
            "/../a",
            "/.",
            "/a?b",
            "/a#b",
            "/a b",
            "/ä",
            "/%2f",
            "/%41",
            "/%4",
            "/%",
            "/{**}",
        ] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
        for good in ["/", "/**", "/a", "/a/{b}/c/**", "/a%20b", "/a:b@c", "/~x/v1.2"] {
            assert!(Template::parse(good).is_ok(), "{good}");
        }
        assert!(Template::parse(&format!("/{}", "a".repeat(TEMPLATE_LIMIT))).is_err());
    }
}
