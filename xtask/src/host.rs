//! Builds of the programs that users run.

use std::path::PathBuf;
use std::process::Command;

use crate::error::Error;
use crate::process::{cargo, run};
use crate::project::Project;
use crate::tools;

/// The machine that appliances are.
pub(crate) const APPLIANCE_TARGET: &str = "x86_64-unknown-linux-gnu";

/// Static; without unwind tables, which a program that aborts on panic does not need; equal functions once; relative
/// relocations packed. Paths are relative to the workspace, where cargo runs its linker: an absolute one would be other
/// flags in each checkout, and so another build of everything.
pub(crate) const APPLIANCE_FLAGS: &str = "-C target-feature=+crt-static -C force-unwind-tables=no \
                               -C link-arg=-Wl,-T,appliance/without-unwind-tables.ld \
                               -C link-arg=-Wl,--no-eh-frame-hdr \
                               -C link-arg=-Wl,--icf=all -C link-arg=-Wl,-z,pack-relative-relocs";

/// Builds everything of the workspace, tests included: the one set of features that `cargo test` uses as well, so that
/// nothing heavy is compiled twice.
pub(crate) fn build(project: &Project) -> Result<(), Error> {
    let _ = project;
    run(&mut cargo(["build", "--locked", "--workspace", "--all-targets"]))
}

/// `aecp`, the command-line tool, after [`build`].
pub(crate) fn aecp(project: &Project) -> PathBuf {
    project.target.join("debug/aecp")
}

/// The demo, after [`build`].
pub(crate) fn demo(project: &Project) -> PathBuf {
    project.target.join("debug/demo")
}

/// `aecpd` as appliances have it, after [`build_appliance`].
pub(crate) fn aecpd(project: &Project) -> PathBuf {
    project.target.join(APPLIANCE_TARGET).join("appliance/aecpd")
}

/// Builds the static `aecpd`, in a cargo call of its own: in a common one, the compiler that `aecp` has would become
/// part of the engine of `aecpd` too.
pub(crate) fn build_appliance() -> Result<(), Error> {
    let mut command = cargo([
        "build",
        "--locked",
        "--package",
        "aecpd",
        "--profile",
        "appliance",
        "--target",
    ]);
    command.arg(APPLIANCE_TARGET).env("RUSTFLAGS", APPLIANCE_FLAGS);
    run(&mut command)
}

/// Tells a program where the others are.
pub(crate) fn tell<'a>(project: &Project, command: &'a mut Command) -> &'a mut Command {
    command
        .env("AECP", aecp(project))
        .env("AECPD", aecpd(project))
        .env("AECP_GUESTS", project.guests())
        .env("AECP_TOOLS", tools::folder(project))
}
