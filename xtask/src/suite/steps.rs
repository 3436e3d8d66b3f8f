//! The steps of the suite.

use std::process::Command;

use super::{Suite, deny};
use crate::error::Error;
use crate::guests;
use crate::host;
use crate::process::{cargo, run, run_watched};
use crate::tools;

/// A step of the suite.
pub(super) struct Step {
    /// How people name it.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) about: &'static str,
    /// Does it.
    pub(super) run: fn(&mut Suite<'_>) -> Result<(), Error>,
}

/// All steps, the quick ones first.
pub(super) fn all() -> Vec<Step> {
    vec![
        Step {
            name: "format",
            about: "sources are formatted",
            run: format,
        },
        Step {
            name: "deny",
            about: "dependencies are ones that we may and want to use",
            run: deny::check,
        },
        Step {
            name: "clippy",
            about: "no warnings",
            run: clippy,
        },
        Step {
            name: "docs",
            about: "the documentation builds without warnings",
            run: docs,
        },
        Step {
            name: "guests",
            about: "guest components build",
            run: build_guests,
        },
        Step {
            name: "tools",
            about: "the registry and the tools that tests need are there",
            run: |suite| tools::install(suite.project).map(drop),
        },
        Step {
            name: "guest-tests",
            about: "tests of the guests' logic, on this machine",
            run: test_guests,
        },
        Step {
            name: "programs",
            about: "the programs that users run, and the appliance's static one, build",
            run: programs,
        },
        Step {
            name: "tests",
            about: "tests of everything else",
            run: tests,
        },
    ]
}

fn format(suite: &mut Suite<'_>) -> Result<(), Error> {
    run(&mut cargo(["fmt", "--all", "--check"]))?;
    run(of_guests(suite, &mut cargo(["fmt", "--all", "--check"])))
}

fn clippy(suite: &mut Suite<'_>) -> Result<(), Error> {
    let clippy = || cargo(["clippy", "--locked", "--workspace", "--all-targets"]);
    run(clippy().args(["--", "-D", "warnings"]))?;
    run(of_guests(suite, &mut clippy()).args(["--", "-D", "warnings"]))
}

fn docs(suite: &mut Suite<'_>) -> Result<(), Error> {
    let docs = || {
        let mut command = cargo([
            "doc",
            "--locked",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ]);
        command.env("RUSTDOCFLAGS", "-D warnings");
        command
    };
    run(&mut docs())?;
    run(of_guests(suite, &mut docs()))
}

fn build_guests(suite: &mut Suite<'_>) -> Result<(), Error> {
    guests::run(suite.project, &guests::Arguments::default())
}

fn test_guests(suite: &mut Suite<'_>) -> Result<(), Error> {
    let mut command = cargo(["test", "--locked", "--workspace", "--no-fail-fast"]);
    of_guests(suite, &mut command);
    counted(suite, &mut command)
}

fn programs(suite: &mut Suite<'_>) -> Result<(), Error> {
    host::build(suite.project)?;
    host::build_appliance()
}

fn tests(suite: &mut Suite<'_>) -> Result<(), Error> {
    counted(
        suite,
        &mut cargo(["test", "--locked", "--workspace", "--no-fail-fast"]),
    )
}

/// Runs tests, and counts them.
fn counted(suite: &mut Suite<'_>, command: &mut Command) -> Result<(), Error> {
    host::tell(suite.project, command);
    if suite.long {
        command.env("AECP_LONG", "1");
    }
    let counts = &mut suite.counts;
    run_watched(command, |line| counts.add(line))
}

/// Turns a cargo call to the guests' workspace, with a folder of its own below the target folder.
fn of_guests<'a>(suite: &Suite<'_>, command: &'a mut Command) -> &'a mut Command {
    command
        .arg("--manifest-path")
        .arg(suite.project.guests_manifest());
    command.env("CARGO_TARGET_DIR", suite.project.target.join("guests-native"))
}
