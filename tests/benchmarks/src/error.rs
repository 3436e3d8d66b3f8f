//! What can go wrong.

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file or folder.
    #[error("cannot {doing} `{}`: {source}", path.display())]
    File {
        /// What was being done, as in "write".
        doing: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program that does not start, or is lost.
    #[error("cannot run `{program}`: {source}; `cargo xtask bench` installs and builds what is needed")]
    Program {
        /// Which one.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A part of the product said no.
    #[error("{doing}: {detail}")]
    Part {
        /// What was being done.
        doing: &'static str,
        /// What was said.
        detail: String,
    },
    /// The harness of whole sites.
    #[error(transparent)]
    Site(#[from] aecp_end_to_end::Error),
    /// What came out makes the figure worthless.
    #[error("{0}")]
    Worthless(String),
}

impl Error {
    /// An error of the system, with the file.
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { doing, path, source }
    }

    /// An error of the system, with the program.
    pub(crate) fn program(program: impl Display) -> impl FnOnce(std::io::Error) -> Self {
        let program = program.to_string();
        move |source| Self::Program { program, source }
    }

    /// An error of a part of the product.
    pub(crate) fn part<E: Display>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Part {
            doing,
            detail: error.to_string(),
        }
    }
}
