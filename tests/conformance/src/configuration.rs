//! Checks of `configure`, for the contracts that have it.

use aecp_engine::{Failure, LoadError};

use crate::book::Book;
use crate::catalogue::Id;
use crate::generator::Generator;
use crate::loading::{self, patiently_loaded};

/// Finds the configuration to go on with, and settles the checks of `configure`. None if the component cannot be
/// configured; then the book says why.
pub(crate) fn examine<T>(
    book: &mut Book<'_>,
    given: Option<&[u8]>,
    load: &dyn Fn(&[u8]) -> Result<T, LoadError>,
) -> Option<T> {
    let loaded = match accepted(given, load) {
        Ok(loaded) => {
            loading::loaded(book);
            book.pass(Id::ConfigurationAccepted);
            Some(loaded)
        }
        Err(LoadError::Configuration(reason)) if given.is_none() => {
            loading::loaded(book);
            let detail = format!(
                "it needs a configuration: it refused `{{}}` with: {reason}; give it one (`--configuration FILE`)"
            );
            book.fail(Id::ConfigurationAccepted, detail);
            None
        }
        Err(error) => {
            // What comes later than configuring has been reached.
            if matches!(error, LoadError::Description(_)) {
                book.pass(Id::ConfigurationAccepted);
            }
            loading::refused(book, &error);
            return None;
        }
    };
    let wrong = garbage(given)
        .into_iter()
        .find_map(|garbage| judge(&garbage, load));
    book.settle(Id::ConfigurationGarbageRefused, wrong);
    loaded
}

fn accepted<T>(given: Option<&[u8]>, load: &dyn Fn(&[u8]) -> Result<T, LoadError>) -> Result<T, LoadError> {
    if let Some(given) = given {
        return patiently_loaded(|| load(given));
    }
    match patiently_loaded(|| load(b"")) {
        Err(LoadError::Configuration(_) | LoadError::Description(_)) => patiently_loaded(|| load(b"{}")),
        other => other,
    }
}

struct Garbage {
    name: &'static str,
    bytes: Vec<u8>,
    /// Whether accepting it is wrong. It is not where nobody knows what the component would accept.
    must_be_refused: bool,
}

fn garbage(given: Option<&[u8]>) -> Vec<Garbage> {
    let mut generator = Generator::new(0xc0f1);
    let needs_json = given.is_some_and(|given| given.trim_ascii_start().first() == Some(&b'{'));
    let mut random = generator.bytes(512);
    random.insert(0, 0xff);
    let given = given.unwrap_or_default();
    let half = given.get(..given.len().div_ceil(2)).unwrap_or_default().to_vec();
    let trailing = [given, b" }"].concat();
    let garbage = |name, bytes, must_be_refused| Garbage {
        name,
        bytes,
        must_be_refused,
    };
    vec![
        garbage("513 random bytes", random, needs_json),
        garbage("the first half of the configuration", half, needs_json),
        garbage("the configuration with a bracket too many", trailing, needs_json),
        garbage("100,000 opening brackets", vec![b'['; 100_000], needs_json),
        garbage("1 MiB of zero bytes", vec![0; 1 << 20], needs_json),
        garbage("no byte", Vec::new(), false),
        garbage("`null`", b"null".to_vec(), false),
        garbage("a list", b"[]".to_vec(), false),
        garbage("a number that fits nowhere", b"1e400000".to_vec(), false),
        garbage("an object of a name twice", br#"{"a":1,"a":2}"#.to_vec(), false),
    ]
}

/// What is wrong with the answer to garbage.
fn judge<T>(garbage: &Garbage, load: &dyn Fn(&[u8]) -> Result<T, LoadError>) -> Option<String> {
    let name = garbage.name;
    match patiently_loaded(|| load(&garbage.bytes)) {
        Err(LoadError::Configuration(reason)) if reason.is_empty() => {
            Some(format!("it refused {name} without saying what is wrong"))
        }
        Err(LoadError::Configuration(_)) => None,
        Err(LoadError::Call(failure @ (Failure::Trapped(_) | Failure::Deadline | Failure::Memory(_)))) => {
            Some(format!("configured with {name}, it {failure}"))
        }
        Ok(_) | Err(_) if garbage.must_be_refused => Some(format!("it accepted {name} as configuration")),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Check, CheckResult};

    fn result(
        given: Option<&[u8]>,
        load: &dyn Fn(&[u8]) -> Result<(), LoadError>,
    ) -> Vec<(&'static str, CheckResult)> {
        let mut checks = Vec::new();
        let mut observe = |check: &Check| checks.push((check.id, check.result.clone()));
        examine(&mut Book::new(&mut observe), given, load);
        checks.retain(|(id, _)| id.starts_with("configuration"));
        checks
    }

    fn failed(checks: &[(&'static str, CheckResult)]) -> Vec<&'static str> {
        let failed = checks
            .iter()
            .filter(|(_, result)| matches!(result, CheckResult::Failed(_)));
        failed.map(|(id, _)| *id).collect()
    }

    #[test]
    fn a_strict_component_passes() {
        let strict = |bytes: &[u8]| match bytes {
            br#"{"a":1}"# => Ok(()),
            _ => Err(LoadError::Configuration("no".into())),
        };
        assert_eq!(failed(&result(Some(br#"{"a":1}"#), &strict)), [""; 0]);
        assert_eq!(failed(&result(None, &strict)), ["configuration-accepted"]);
    }

    #[test]
    fn whoever_takes_anything_for_the_configuration_fails() {
        let credulous = |_: &[u8]| Ok(());
        assert_eq!(
            failed(&result(Some(b"{}"), &credulous)),
            ["configuration-garbage-refused"]
        );
        // Without a configuration nobody knows what it would have to refuse.
        assert_eq!(failed(&result(None, &credulous)), [""; 0]);
    }

    #[test]
    fn a_trap_is_no_refusal() {
        let fragile = |bytes: &[u8]| match bytes {
            b"{}" => Ok(()),
            _ => Err(LoadError::Call(Failure::Trapped("unreachable".into()))),
        };
        assert_eq!(
            failed(&result(Some(b"{}"), &fragile)),
            ["configuration-garbage-refused"]
        );
    }
}
