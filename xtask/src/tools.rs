//! `cargo xtask tools`: programs that tests need and that are not ours.
//!
//! A registry, and the tools of others that must understand what we push. Tests find them in the folder that the
//! variable `AECP_TOOLS` names, or where this leaves them; a test that needs one and does not find it fails and says
//! `cargo xtask tools`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian::{Program, Recipe};
use crate::error::Error;
use crate::process;
use crate::project::Project;

/// Set up the registry and the tools that tests need: docker-registry, oras, skopeo, cosign, nats-server.
///
/// They come from Debian 13 and are unpacked below the cache folder; that needs a Debian machine that reaches its package
/// mirror, no root, and about 250 MB of disk. Prints the folder with the programs.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

const RECIPE: Recipe = Recipe {
    name: "tools",
    about: "tools for tests",
    // Tests look for this name too: `aecp_oci::testing`.
    version: "debian-13-1",
    packages: &[
        "docker-registry",
        "oras",
        "skopeo",
        "cosign",
        "nats-server",
        "libc6",
        "libgpgme11t64",
        "libassuan9",
        "libgpg-error0",
        "libsqlite3-0",
    ],
    megabytes: 45,
    programs: &[
        program("docker-registry", "usr/bin/docker-registry"),
        program("oras", "usr/bin/oras"),
        program("skopeo", "usr/bin/skopeo"),
        program("cosign", "usr/bin/cosign"),
        program("nats-server", "usr/sbin/nats-server"),
    ],
};

const fn program(name: &'static str, path: &'static str) -> Program {
    Program {
        name,
        path,
        arguments: "",
    }
}

pub(crate) fn run(project: &Project, _: &Arguments) -> Result<(), Error> {
    println!("{}", install(project)?.display());
    Ok(())
}

/// Makes sure that the tools are there, and gives the folder with the programs.
pub(crate) fn install(project: &Project) -> Result<PathBuf, Error> {
    Ok(RECIPE.install(project, prove)?.join("bin"))
}

/// Where the programs are after [`install`].
pub(crate) fn folder(project: &Project) -> PathBuf {
    RECIPE.folder(project).join("bin")
}

/// Asks each program who it is.
fn prove(folder: &Path, _: &Path) -> Result<(), Error> {
    for program in RECIPE.programs {
        let argument = match program.name {
            "oras" | "cosign" => "version",
            _ => "--version",
        };
        let path = folder.join("bin").join(program.name);
        process::output(Command::new(path).arg(argument))?;
    }
    Ok(())
}
