//! The checks of `aecp:context`.
//!
//! - [`requests`]: what the extractor is asked with.

mod requests;

use aecp_engine::extractor::ExtractedAttribute;
use aecp_engine::{ContextRequest, Extractor, ExtractorDescription, Failure, Runtime};
use aecp_vocabulary::{Type, Value};

use crate::book::Book;
use crate::calls::{Calls, patiently};
use crate::catalogue::Id;
use crate::configuration;
use crate::loading::patiently_loaded;
use crate::values::is_block;

use requests::{Request, Requests};

/// What an extractor says of one request.
type Answer = Result<Vec<Value>, Failure>;

/// Runs every check of a context extractor.
pub(crate) fn examine(runtime: &Runtime, native: &[u8], given: Option<&[u8]>, book: &mut Book<'_>) {
    let load = |configuration: &[u8]| {
        let extractor = Extractor::load(runtime, native, configuration)?;
        Ok((extractor, configuration.to_vec()))
    };
    let Some((extractor, configuration)) = configuration::examine(book, given, &load) else {
        return;
    };
    book.settle(Id::DescriptionValid, wrong(extractor.description()));
    let again = patiently_loaded(|| Extractor::load(runtime, native, &configuration));
    let unstable = match again {
        Ok(again) if again.description() == extractor.description() => None,
        Ok(_) => Some("two instances describe themselves differently".to_owned()),
        Err(error) => Some(format!("a second instance, in contrast to the first, {error}")),
    };
    book.settle(Id::DescriptionStable, unstable);
    ask(
        extractor.description(),
        &|request| patiently(|| extractor.extract(request)),
        book,
    );
}

/// What a description must keep beyond what the engine insists on.
fn wrong(description: &ExtractorDescription) -> Option<String> {
    if description.name.is_empty() {
        return Some("it has no name".to_owned());
    }
    if let Err(error) = semver::Version::parse(&description.version) {
        return Some(format!(
            "version `{}` is not semantic (semver.org): {error}",
            description.version
        ));
    }
    // The characters of a field name: RFC 9110 section 5.6.2.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let headers = &description.needs.headers;
    let bad = headers
        .iter()
        .find(|header| header.is_empty() || !header.bytes().all(is_token));
    if let Some(header) = bad {
        return Some(format!(
            "it asks for header `{header}`, which is no header name (RFC 9110)"
        ));
    }
    let mut sorted: Vec<&String> = headers.iter().collect();
    sorted.sort();
    let twice = sorted.windows(2).find_map(|pair| {
        matches!(pair, [one, two] if one == two)
            .then(|| pair.first())
            .flatten()
    });
    twice.map(|header| format!("it asks for header `{header}` twice"))
}

fn ask(description: &ExtractorDescription, extract: &dyn Fn(&ContextRequest) -> Answer, book: &mut Book<'_>) {
    let requests = Requests::of(&description.needs);
    let mut calls = Calls::default();
    let mut answers = Vec::new();
    let mut leak = None;
    for request in &requests.requests {
        let call = format!("`extract` of {}", request.name);
        let answer = extract(&request.request);
        match &answer {
            Ok(values) => {
                for (value, of) in values.iter().zip(&description.attributes) {
                    if let Some(wrong) = wrong_value(value, of) {
                        calls.malformed(format!("{call} gave {wrong}"));
                    }
                    leak = leak.or_else(|| leaked(value_text(value), &call, &requests.secret));
                }
            }
            Err(failure) => {
                calls.failed(&call, failure);
                if let Failure::Reported(text) = failure {
                    leak = leak.or_else(|| leaked(Some(text), &call, &requests.secret));
                }
            }
        }
        answers.push(answer);
        if calls.exhausted() {
            break;
        }
    }
    if !calls.exhausted() {
        if requests.tells_secrets {
            book.settle(Id::FailuresKeepSecrets, leak);
        } else {
            book.skip(
                Id::FailuresKeepSecrets,
                "it asks for no header that carries secrets",
            );
        }
        book.settle(Id::Deterministic, deterministic(&requests, &answers, extract));
    }
    // To report an error is a right of extractors: it makes all attributes failed.
    let _ = calls.settle(book, Id::ValuesWellFormed);
}

fn deterministic(
    requests: &Requests,
    answers: &[Answer],
    extract: &dyn Fn(&ContextRequest) -> Answer,
) -> Option<String> {
    let mut asked = requests.requests.iter().zip(answers).rev();
    let differs = |(request, answer): &(&Request, &Answer)| extract(&request.request) != **answer;
    let (request, _) = asked.find(differs)?;
    Some(format!("asked twice with {}, it gave two answers", request.name))
}

/// What is wrong with a value. The engine has made a failure of a value of another type, in words of its own.
fn wrong_value(value: &Value, of: &ExtractedAttribute) -> Option<String> {
    let name = &of.name;
    match value {
        Value::Failed(reason) => {
            let given = reason
                .strip_prefix("expected ")?
                .strip_prefix(of.value_type.name())?
                .strip_prefix(", got ")?;
            let is_type = Type::ALL.iter().any(|known| known.name() == given);
            is_type.then(|| format!("{given} for `{name}`, which it declares as {}", of.value_type))
        }
        Value::Network(network) => (!is_block(network))
            .then(|| format!("`{network}` for `{name}`, which has bits behind its prefix or no such prefix")),
        Value::SetOfNetwork(networks) => {
            let network = networks.iter().find(|network| !is_block(network))?;
            Some(format!(
                "`{network}` for `{name}`, which has bits behind its prefix or no such prefix"
            ))
        }
        _ => None,
    }
}

fn value_text(value: &Value) -> Option<&String> {
    match value {
        Value::Failed(reason) => Some(reason),
        _ => None,
    }
}

fn leaked(text: Option<&String>, call: &str, secret: &str) -> Option<String> {
    text.filter(|text| text.contains(secret)).map(|_| {
        format!("{call} failed with a text that repeats the secret in a header; evidence keeps such texts")
    })
}

#[cfg(test)]
mod tests {
    use aecp_engine::extractor::Needs;

    use super::*;
    use crate::report::{Check, CheckResult};

    fn description() -> ExtractorDescription {
        ExtractorDescription {
            name: "e".into(),
            version: "1.0.0".into(),
            attributes: vec![ExtractedAttribute {
                name: "team.name".parse().unwrap(),
                value_type: Type::Text,
                personal: false,
            }],
            needs: Needs {
                headers: vec!["authorization".into()],
                query: true,
                body_limit: 100,
            },
        }
    }

    fn failed_checks(extract: &dyn Fn(&ContextRequest) -> Answer) -> Vec<&'static str> {
        let mut failed = Vec::new();
        let mut observe = |check: &Check| {
            if matches!(check.result, CheckResult::Failed(_)) {
                failed.push(check.id);
            }
        };
        ask(&description(), extract, &mut Book::new(&mut observe));
        failed
    }

    fn header(request: &ContextRequest) -> Option<String> {
        request
            .headers
            .first()
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    #[test]
    fn an_honest_extractor_passes() {
        assert_eq!(
            failed_checks(&|_| Err(Failure::Reported("no token".into()))),
            [""; 0]
        );
        assert_eq!(
            failed_checks(&|request| Ok(vec![header(request).map_or(Value::Absent, Value::Text)])),
            [""; 0]
        );
    }

    #[test]
    fn each_breach_is_found_by_its_check() {
        let mistyped = |_: &ContextRequest| Ok(vec![Value::failed("expected TEXT, got INTEGER")]);
        assert_eq!(failed_checks(&mistyped), ["values-well-formed"]);
        let tells = |request: &ContextRequest| {
            Err(Failure::Reported(format!(
                "bad: {}",
                header(request).unwrap_or_default()
            )))
        };
        assert_eq!(failed_checks(&tells), ["failures-keep-secrets"]);
        let count = std::cell::Cell::new(0_u8);
        let fickle = |_: &ContextRequest| {
            count.set(count.get().wrapping_add(1));
            Ok(vec![Value::Text(count.get().to_string())])
        };
        assert_eq!(failed_checks(&fickle), ["deterministic"]);
        assert_eq!(
            failed_checks(&|_| Err(Failure::Trapped("unreachable".into()))),
            ["never-traps"]
        );
    }

    #[test]
    fn needs_are_header_names_each_once() {
        assert_eq!(wrong(&description()), None);
        for headers in [vec!["a b"], vec![""], vec!["a", "b", "a"]] {
            let mut bad = description();
            bad.needs.headers = headers.into_iter().map(str::to_owned).collect();
            assert!(wrong(&bad).is_some());
        }
    }
}
