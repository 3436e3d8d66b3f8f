//! From crates to core modules.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value as Json;

use super::toolchain::{TARGETS, Toolchain};
use crate::error::Error;
use crate::process;
use crate::project::Project;

/// A guest as cargo leaves it.
pub(super) struct Guest {
    /// The name of its crate, and of its component.
    pub(super) name: String,
    /// The core module.
    pub(super) module: PathBuf,
}

/// Compiles all guests, in one cargo call for each target.
pub(super) fn build(project: &Project, toolchain: &Toolchain) -> Result<Vec<Guest>, Error> {
    let folder = project.target.join("guests-build");
    let targets = targets(project)?;
    for target in TARGETS {
        let mut command = process::cargo(["build", "--release", "--locked", "--target", target]);
        command
            .arg("--manifest-path")
            .arg(project.guests_manifest())
            .arg("--target-dir")
            .arg(&folder);
        for (name, _) in targets.iter().filter(|(_, of)| **of == target) {
            command.args(["--package", name]);
        }
        // Flags for the host's compiler mean nothing here.
        command
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", flags(project));
        for (variable, value) in toolchain.environment() {
            command.env(variable, value);
        }
        eprintln!("building guests for {target} with {toolchain}");
        process::run(&mut command)?;
    }
    let guests = targets.into_iter().map(|(name, target)| {
        let file = format!("{}.wasm", name.replace('-', "_"));
        Guest {
            module: folder.join(target).join("release").join(file),
            name,
        }
    });
    Ok(guests.collect())
}

/// The guests' crates, each with the target that it asks for with `package.metadata.aecp.target`.
fn targets(project: &Project) -> Result<BTreeMap<String, &'static str>, Error> {
    let mut command = process::cargo([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
        "--manifest-path",
    ]);
    let answer = process::output(command.arg(project.guests_manifest()))?;
    let answer: Json = serde_json::from_str(&answer).unwrap_or_default();
    let unreadable = |field| Error::Answer("cargo metadata", field);
    let packages = answer
        .get("packages")
        .and_then(Json::as_array)
        .ok_or_else(|| unreadable("packages"))?;
    let [usual, ..] = TARGETS;
    let mut targets = BTreeMap::new();
    for package in packages {
        let name = package
            .get("name")
            .and_then(Json::as_str)
            .ok_or_else(|| unreadable("name"))?;
        let target = match package.pointer("/metadata/aecp/target").and_then(Json::as_str) {
            None => usual,
            Some(asked) => TARGETS.into_iter().find(|known| *known == asked).ok_or_else(|| {
                let reason = format!("its target `{asked}` is none of {}", TARGETS.join(", "));
                Error::NotAComponent {
                    guest: name.to_owned(),
                    reason,
                }
            })?,
        };
        targets.insert(name.to_owned(), target);
    }
    Ok(targets)
}

/// Panic messages name source files; they must not name this machine's folders, or no two machines would build the
/// same bytes.
fn flags(project: &Project) -> String {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let folders = [(Some(project.root.clone()), "/aecp"), (home, "/cargo")];
    let flags = folders.into_iter().filter_map(|(from, to)| {
        let from = from?;
        Some(format!("--remap-path-prefix={}={to}", from.display()))
    });
    flags.collect::<Vec<_>>().join("\x1f")
}
