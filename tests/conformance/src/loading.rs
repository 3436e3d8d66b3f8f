//! From bytes to a component that can be asked.

use aecp_engine::{Failure, LoadError};

use crate::book::Book;
use crate::calls::patiently;
use crate::catalogue::Id;

/// Loads once more if starting, configuring or describing ran out of time; see [`patiently`].
pub(crate) fn patiently_loaded<T>(mut load: impl FnMut() -> Result<T, LoadError>) -> Result<T, LoadError> {
    let mut refused = None;
    let loaded = patiently(|| match load() {
        Ok(loaded) => Ok(loaded),
        Err(error) => {
            let failure = match &error {
                LoadError::Call(failure) => failure.clone(),
                other => Failure::Malformed(other.to_string()),
            };
            refused = Some(error);
            Err(failure)
        }
    });
    loaded.map_err(|failure| refused.unwrap_or(LoadError::Call(failure)))
}

/// Settles the checks that come before a component can be asked, as passed.
pub(crate) fn loaded(book: &mut Book<'_>) {
    book.pass(Id::EngineAccepts);
    book.pass(Id::ContractTypes);
}

/// Settles the check that an error while loading belongs to, as failed, and those before it as passed.
pub(crate) fn refused(book: &mut Book<'_>, error: &LoadError) {
    if matches!(error, LoadError::Native(_)) {
        return book.fail(Id::EngineAccepts, error.to_string());
    }
    book.pass(Id::EngineAccepts);
    let id = match error {
        // A function of another type shows when the instance is bound, a value that cannot be read when it returns.
        LoadError::Native(_) | LoadError::Contract { .. } | LoadError::Call(Failure::Malformed(_)) => {
            return book.fail(Id::ContractTypes, error.to_string());
        }
        LoadError::Configuration(_) => Id::ConfigurationAccepted,
        LoadError::Description(_) | LoadError::Call(Failure::Reported(_)) => Id::DescriptionValid,
        LoadError::Call(Failure::Trapped(_)) => Id::NeverTraps,
        LoadError::Call(Failure::Deadline) => Id::EndsInTime,
        LoadError::Call(Failure::Memory(_)) => Id::StaysInMemory,
    };
    book.pass(Id::ContractTypes);
    book.fail(id, error.to_string());
}
