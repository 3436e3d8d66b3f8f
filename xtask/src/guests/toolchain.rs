//! Which compiler builds the guests.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::debian;
use crate::error::{Error, file};
use crate::process;
use crate::project::{Project, has_program};

/// What guests are built for. The first is the usual one: it has no WASI, so that nothing of it can be imported.
pub(super) const TARGETS: [&str; 2] = ["wasm32-unknown-unknown", "wasm32-wasip1"];

/// How long rustup may take. Where its server cannot be reached it may wait for ever.
const RUSTUP_LIMIT: Duration = Duration::from_secs(20);

/// A compiler for [`TARGETS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Toolchain {
    /// The one that cargo uses anyway.
    Host,
    /// Debian's, below the cache folder.
    Debian {
        /// Stands in for `rustc`.
        rustc: PathBuf,
        /// Stands in for `wasm-ld`.
        linker: PathBuf,
    },
}

impl fmt::Display for Toolchain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("the compiler of this project"),
            Self::Debian { rustc, .. } => write!(f, "Debian's compiler `{}`", rustc.display()),
        }
    }
}

impl Toolchain {
    /// The compiler that is there, or that can be had: with rustup within [`RUSTUP_LIMIT`], else from Debian.
    pub(super) fn find_or_install(project: &Project) -> Result<Self, Error> {
        if host_has_targets() {
            return Ok(Self::Host);
        }
        if let Some(ready) = debian::find(project) {
            return Ok(ready);
        }
        let rustup = match add_targets() {
            Ok(()) if host_has_targets() => return Ok(Self::Host),
            Ok(()) => "rustup has added the targets to another toolchain than cargo uses".to_owned(),
            Err(error) => error.to_string(),
        };
        eprintln!("{rustup}");
        debian::install(project).map_err(|error| Error::NoGuestToolchain {
            reason: format!("{rustup}; and from Debian: {error}"),
            remedy: format!(
                "run `rustup target add {}` where rustup can download, or work on Debian 12 or 13 with a mirror in \
                 reach",
                TARGETS.join(" ")
            ),
        })
    }

    /// What cargo must be told.
    pub(super) fn environment(&self) -> Vec<(String, OsString)> {
        match self {
            Self::Host => Vec::new(),
            Self::Debian { rustc, linker } => {
                let linkers = TARGETS.iter().map(|target| {
                    let target = target.to_uppercase().replace('-', "_");
                    (format!("CARGO_TARGET_{target}_LINKER"), linker.into())
                });
                linkers.chain([("RUSTC".to_owned(), rustc.into())]).collect()
            }
        }
    }

    /// Compiles a few lines for every target, as cargo would.
    pub(super) fn prove(&self, scratch: &std::path::Path) -> Result<(), Error> {
        let source = scratch.join("probe.rs");
        let text = "#[unsafe(no_mangle)]\npub extern \"C\" fn probe() -> usize { format!(\"{:?}\", vec![1]).len() }\n";
        std::fs::write(&source, text).map_err(file("write", &source))?;
        for target in TARGETS {
            let module = scratch.join(format!("{target}.wasm"));
            let mut command = match self {
                Self::Host => Command::new("rustc"),
                Self::Debian { rustc, linker } => {
                    let mut command = Command::new(rustc);
                    command.arg("-C").arg(format!("linker={}", linker.display()));
                    command
                }
            };
            command.args([
                "--edition",
                "2024",
                "--crate-type",
                "cdylib",
                "-O",
                "--target",
                target,
                "-o",
            ]);
            process::output(command.arg(&module).arg(&source))?;
            let bytes = std::fs::read(&module).map_err(file("read", &module))?;
            if !bytes.starts_with(b"\0asm") {
                return Err(Error::NotAComponent {
                    guest: format!("{target} probe"),
                    reason: "the compiler did not write a WebAssembly module".to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// Whether the compiler that cargo uses has the standard library for all targets.
fn host_has_targets() -> bool {
    TARGETS.iter().all(|target| {
        let folder =
            process::output(Command::new("rustc").args(["--print", "target-libdir", "--target", target]));
        let entries = folder
            .ok()
            .and_then(|folder| std::fs::read_dir(folder.trim()).ok());
        entries.is_some_and(|mut entries| {
            entries.any(|entry| {
                entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
            })
        })
    })
}

fn add_targets() -> Result<(), Error> {
    if !has_program("rustup") {
        return Err(Error::Unsuitable(
            "this compiler has no WebAssembly targets, and there is no rustup to add them".to_owned(),
        ));
    }
    eprintln!(
        "adding {} with rustup, for at most {} s",
        TARGETS.join(" and "),
        RUSTUP_LIMIT.as_secs()
    );
    process::run_within(
        RUSTUP_LIMIT,
        Command::new("rustup").args(["target", "add"]).args(TARGETS),
    )
}
