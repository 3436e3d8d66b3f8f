//! Licences, sources and advisories of dependencies, by cargo-deny.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Suite;
use crate::error::{Error, file};
use crate::process::{cargo, run, run_within};
use crate::project::{Project, has_program};

/// The version that is installed where there is none.
const VERSION: &str = "0.20.2";

/// Where advisories come from.
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

/// How long that may take to answer.
const ADVISORIES_LIMIT: Duration = Duration::from_secs(20);

/// Checks the dependencies of both workspaces. Advisories and yanked versions are checked only where the database of
/// advisories can be reached, and the output says so.
pub(super) fn check(suite: &mut Suite<'_>) -> Result<(), Error> {
    let project = suite.project;
    let program = program(project)?;
    let reachable = run_within(
        ADVISORIES_LIMIT,
        Command::new("git").args(["ls-remote", "--quiet", ADVISORIES, "HEAD"]),
    );
    let mut checks = vec!["licenses", "bans", "sources"];
    match reachable {
        Ok(()) => checks.push("advisories"),
        Err(error) => eprintln!(
            "advisories and yanked versions are NOT checked, for their source is out of reach: {error}"
        ),
    }
    for manifest in [project.root.join("Cargo.toml"), project.guests_manifest()] {
        check_workspace(&program, &project.root, &manifest, &checks)?;
    }
    Ok(())
}

fn check_workspace(program: &Path, root: &Path, manifest: &Path, checks: &[&str]) -> Result<(), Error> {
    let mut command = Command::new(program);
    command
        .args(["--locked", "--all-features", "--manifest-path"])
        .arg(manifest);
    command.arg("--config").arg(root.join("deny.toml"));
    run(command.args(["check", "--hide-inclusion-graph"]).args(checks))
}

/// cargo-deny: that of the search path, else our own, which is built first if need be.
fn program(project: &Project) -> Result<PathBuf, Error> {
    if has_program("cargo-deny") {
        return Ok(PathBuf::from("cargo-deny"));
    }
    let tools = project.cache.join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.is_file() {
        std::fs::create_dir_all(&tools).map_err(file("create", &tools))?;
        eprintln!(
            "cargo-deny is missing: building {VERSION} into `{}`, once, a few minutes",
            tools.display()
        );
        let mut command = cargo([
            "install",
            "--locked",
            "cargo-deny",
            "--version",
            VERSION,
            "--root",
        ]);
        let build = tempfile::tempdir_in(&tools).map_err(file("create a folder in", &tools))?;
        run(command.arg(&tools).env("CARGO_TARGET_DIR", build.path()))?;
    }
    Ok(program)
}
