//! What can go wrong in a chore.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a chore was not done. Each says what to do, or names the program whose own output does.
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
    /// A program that does not start.
    #[error("cannot start `{program}`: {source}; is it installed?")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program that failed; its output has been shown, or stands in `output`.
    #[error("`{command}` failed ({status}){output}")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// What it said if nobody has seen it yet, after a line feed.
        output: String,
    },
    /// A program that did not end in time.
    #[error("`{command}` did not end within {} s", limit.as_secs())]
    TooSlow {
        /// The command line.
        command: String,
        /// How long it was given.
        limit: Duration,
    },
    /// Output of cargo that this version of the chores does not understand.
    #[error("cannot read the answer of `{0}`: it has no `{1}`")]
    Answer(&'static str, &'static str),
    /// No cache folder.
    #[error("there is neither `HOME` nor `XDG_CACHE_HOME`; set one, for the guest toolchain is kept there")]
    NoCacheFolder,
    /// A machine on which a way does not lead anywhere.
    #[error("{0}")]
    Unsuitable(String),
    /// No compiler for guests, and no way to one.
    #[error("there is no compiler for guest components: {reason}\nto do: {remedy}")]
    NoGuestToolchain {
        /// Why not.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A guest that is not a component.
    #[error("guest `{guest}` does not become a component: {reason}")]
    NotAComponent {
        /// The guest's crate.
        guest: String,
        /// What the encoder said.
        reason: String,
    },
    /// Steps of the suite.
    #[error("{} of the suite's steps failed: {}", .0.len(), .0.join(", "))]
    Steps(Vec<&'static str>),
    /// No such step.
    #[error("there is no step `{given}`; the steps are {}", known.join(", "))]
    UnknownStep {
        /// What was asked for.
        given: String,
        /// What there is.
        known: Vec<&'static str>,
    },
}

/// Names the file in an error of the standard library.
pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { doing, path, source }
}
