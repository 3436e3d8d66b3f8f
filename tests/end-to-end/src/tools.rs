//! The programs under test.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use crate::error::Error;

/// Where the programs and guest components are, as `cargo xtask` says in the environment.
#[derive(Clone, Debug)]
pub struct Tools {
    /// `aecp`, the command-line tool.
    pub aecp: PathBuf,
    /// `aecpd`, the static build of an enforcement point.
    pub aecpd: PathBuf,
    /// The folder of guest components.
    pub guests: PathBuf,
}

impl Tools {
    /// From `AECP`, `AECPD` and `AECP_GUESTS`.
    ///
    /// # Errors
    /// One of them is not there.
    pub fn from_environment() -> Result<Self, Error> {
        Ok(Self {
            aecp: find("AECP")?,
            aecpd: find("AECPD")?,
            guests: find("AECP_GUESTS")?,
        })
    }

    /// Runs `aecp`, and gives what it wrote to standard output.
    ///
    /// # Errors
    /// It did not exit with 0; the error has all that it said.
    pub fn aecp<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Result<String, Error> {
        let (status, output, errors) = self.try_aecp(arguments)?;
        match status {
            Some(0) => Ok(output),
            _ => Err(Error::Command {
                command: "aecp".to_owned(),
                status: format!("{status:?}"),
                output: format!("{output}{errors}"),
            }),
        }
    }

    /// Runs `aecp`, and gives its exit code, standard output and standard error.
    ///
    /// # Errors
    /// It could not be run.
    pub fn try_aecp<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<(Option<i32>, String, String), Error> {
        let mut command = Command::new(&self.aecp);
        command.args(arguments).env("NO_COLOR", "1");
        let done = command.output().map_err(Error::system("running aecp"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((done.status.code(), text(&done.stdout), text(&done.stderr)))
    }

    /// A guest component by name.
    ///
    /// # Errors
    /// It has not been built.
    pub fn guest(&self, name: &str) -> Result<PathBuf, Error> {
        let path = self.guests.join(format!("{name}.wasm"));
        if path.is_file() {
            Ok(path)
        } else {
            Err(Error::NoTool {
                path,
                variable: "AECP_GUESTS",
            })
        }
    }
}

fn find(variable: &'static str) -> Result<PathBuf, Error> {
    let path = std::env::var_os(variable).map(PathBuf::from).unwrap_or_default();
    if path.exists() {
        Ok(path)
    } else {
        Err(Error::NoTool { path, variable })
    }
}

/// The checkout that is at work: the one that cargo was called in. Asked when it runs, because a build may be shared by
/// several checkouts.
pub fn repository() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let found = package
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").exists());
    found.unwrap_or(&package).to_owned()
}
