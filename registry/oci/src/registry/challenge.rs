//! What a registry wants to see of those who ask: the header `www-authenticate` (RFC 9110, 11.6.1).

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// A way to show who one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A token from this service.
    Bearer {
        realm: String,
        service: Option<String>,
        scopes: Vec<String>,
    },
    /// Name and password.
    Basic,
}

impl Challenge {
    /// The best way that is offered and known.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut offered = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| Self::read(value.to_str().ok()?));
        let first = offered.next()?;
        match first {
            Self::Basic => Some(offered.find(|other| *other != Self::Basic).unwrap_or(first)),
            Self::Bearer { .. } => Some(first),
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parameters(rest);
        let find = |name: &str| {
            let found = parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.clone())
        };
        let scopes = find("scope").unwrap_or_default();
        Some(Self::Bearer {
            realm: find("realm")?,
            service: find("service"),
            scopes: scopes.split_whitespace().map(str::to_owned).collect(),
        })
    }
}

/// `name="value", name=value`; what is not of this form ends the list.
fn parameters(mut rest: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some((name, value)) = rest.trim_start_matches([' ', ',', '\t']).split_once('=') {
        let mut text = String::new();
        let mut letters = value.char_indices();
        let end = if value.starts_with('"') {
            letters.next();
            loop {
                match letters.next() {
                    Some((_, '\\')) => text.extend(letters.next().map(|(_, letter)| letter)),
                    Some((at, '"')) => break at.saturating_add(1),
                    Some((_, letter)) => text.push(letter),
                    None => break value.len(),
                }
            }
        } else {
            let end = value.find(',').unwrap_or(value.len());
            text.push_str(value.get(..end).unwrap_or_default().trim());
            end
        };
        found.push((name.trim().to_owned(), text));
        rest = value.get(end..).unwrap_or_default();
    }
    found
}

/// A text as a part of a query.
pub(super) fn in_query(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[&str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    #[test]
    fn a_token_is_asked_for_as_registries_do() {
        let value = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push""#;
        let bearer = Challenge::Bearer {
            realm: "https://auth.example/token".into(),
            service: Some("registry.example".into()),
            scopes: vec!["repository:a/b:pull,push".into()],
        };
        assert_eq!(of(&[value]), Some(bearer.clone()));
        assert_eq!(of(&[r#"Basic realm="x""#, value]), Some(bearer));
        assert_eq!(of(&[r#"basic realm="x""#]), Some(Challenge::Basic));
        assert_eq!(of(&["Negotiate"]), None);
        assert_eq!(of(&["Bearer service=x"]), None);
        let odd = r#"bearer service=a b , realm="a\"b" , scope="" "#;
        assert!(matches!(of(&[odd]), Some(Challenge::Bearer { realm, .. }) if realm == "a\"b"));
    }

    #[test]
    fn what_is_in_a_query_means_itself() {
        assert_eq!(
            in_query("repository:a/b:pull,push&x=ä"),
            "repository%3Aa%2Fb%3Apull%2Cpush%26x%3D%C3%A4"
        );
    }

    proptest! {
        #[test]
        fn no_header_hangs_or_panics(text in "\\PC{0,80}", tail in "[a-z=\", \\\\]{0,60}") {
            let _ = Challenge::read(&text);
            let _ = Challenge::read(&format!("Bearer {tail}"));
        }
    }
}
