//! What went wrong, with the exit code that it has.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How a command ended that could answer its question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As it should be.
    Good,
    /// What was asked about is wrong; the command has said what.
    Bad,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Good => Self::SUCCESS,
            Outcome::Bad => Self::from(1),
        }
    }
}

/// Why a command could not answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file or folder.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// `read`, `write`, …
        action: &'static str,
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Anything else, told by the part that knows.
    #[error("{context}: {detail}")]
    Part {
        /// What was being done, to what.
        context: String,
        /// What is wrong and what to do.
        detail: String,
    },
}

impl Error {
    pub(crate) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    pub(crate) fn part(context: impl Into<String>) -> impl FnOnce(String) -> Self {
        let context = context.into();
        move |detail| Self::Part { context, detail }
    }
}

/// Attaches what was being done to the error of another crate.
pub(crate) trait While<T> {
    /// `context` says what was being done, to what: ``reading the trust root `root.json` ``.
    fn when(self, context: impl Into<String>) -> Result<T, Error>;
}

impl<T, E: std::fmt::Display> While<T> for Result<T, E> {
    fn when(self, context: impl Into<String>) -> Result<T, Error> {
        self.map_err(|error| Error::part(context)(error.to_string()))
    }
}
