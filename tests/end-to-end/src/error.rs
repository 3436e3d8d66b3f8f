//! What can go wrong.

use std::path::PathBuf;

/// Why a step did not come out as it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program under test is not there.
    #[error("`{}` is not there; `cargo xtask test` and `cargo xtask demo` build it and say where it is in {variable}", path.display())]
    NoTool {
        /// Where it was looked for.
        path: PathBuf,
        /// The environment variable that says where.
        variable: &'static str,
    },
    /// A program said no.
    #[error("`{command}` failed ({status}):\n{output}")]
    Command {
        /// What was run.
        command: String,
        /// How it ended.
        status: String,
        /// What it said.
        output: String,
    },
    /// Something that was waited for did not come.
    #[error("waited {seconds} s in vain until {what}; last seen: {seen}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// What was there instead.
        seen: String,
    },
    /// A request did not get an answer.
    #[error("request failed: {0}")]
    Request(String),
    /// A file or process.
    #[error("{0}: {1}")]
    System(String, std::io::Error),
    /// What came out is not what should have come out.
    #[error("{0}")]
    Unexpected(String),
}

impl Error {
    /// An error of the system, with what was being done.
    pub fn system(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let doing = doing.into();
        move |error| Self::System(doing, error)
    }

    /// Fails unless `holds`.
    ///
    /// # Errors
    /// It does not hold; `otherwise` says what was there instead.
    pub fn unless(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Self> {
        if holds {
            Ok(())
        } else {
            Err(Self::Unexpected(otherwise()))
        }
    }
}
