//! `aecp`: the tool of policy authors and operators.
//!
//! It only wires: reading files and arguments, calling the crates that do the work, and showing what came out, for
//! people or as JSON. Exit codes: 0 when it came out well, 1 when what was asked about is wrong (a policy with errors,
//! evidence that does not verify), 2 when the question could not be answered (bad arguments, unreadable files).
//!
//! - [`command`]: one module for each subcommand.
//! - [`package`]: package folders, read and compiled.
//! - [`proof`]: what tests and analysis of packages give.
//! - [`attested`]: what the packages role says of a component.
//! - [`sources`]: the sources of a component as one archive. [`rebuild`]: making a component again, and comparing.
//! - [`component`]: which contract a component is behind, and what is in it.
//! - [`release`]: what a release file says, and the bundle that comes of it.
//! - [`fleet`]: which enforcement points there are, and what they run.
//! - [`cost`]: the bound on what a decision costs, printed and enforced.
//! - [`place`]: where artifacts are, a folder or a registry.
//! - [`traffic`]: logs of requests, replayed.
//! - [`files`]: files, whole or not at all.
//! - [`report`]: diagnostics and tables as people see them.
//! - [`error`]: what went wrong, with the exit code that it has.

#![forbid(unsafe_code)]

mod attested;
mod command;
mod component;
mod cost;
mod error;
mod files;
mod fleet;
mod keyfiles;
mod package;
mod place;
mod proof;
mod rebuild;
mod release;
mod report;
mod sources;
mod traffic;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let arguments = command::Arguments::parse();
    match arguments.run() {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            report::failure(&error);
            ExitCode::from(2)
        }
    }
}
