//! Where things are.

use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::process;

/// The folders of this checkout and of its caches.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// The checkout.
    pub(crate) root: PathBuf,
    /// Where cargo builds: `CARGO_TARGET_DIR`, or `target` in the checkout.
    pub(crate) target: PathBuf,
    /// What outlives a clean checkout: `${XDG_CACHE_HOME:-~/.cache}/aecp`.
    pub(crate) cache: PathBuf,
}

impl Project {
    /// Asks cargo and the environment.
    pub(crate) fn find() -> Result<Self, Error> {
        let metadata = process::output(&mut process::cargo([
            "metadata",
            "--no-deps",
            "--format-version",
            "1",
        ]))?;
        let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap_or_default();
        let folder = |field: &'static str| {
            let path = metadata.get(field).and_then(serde_json::Value::as_str);
            path.map(PathBuf::from)
                .ok_or(Error::Answer("cargo metadata", field))
        };
        Ok(Self {
            root: folder("workspace_root")?,
            target: folder("target_directory")?,
            cache: cache_folder()?,
        })
    }

    /// Where the guest components are after `cargo xtask guests`: one file `NAME.wasm` each.
    pub(crate) fn guests(&self) -> PathBuf {
        self.target.join("guests")
    }

    /// The manifest of the guests' workspace.
    pub(crate) fn guests_manifest(&self) -> PathBuf {
        self.root.join("components/Cargo.toml")
    }
}

fn cache_folder() -> Result<PathBuf, Error> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let caches = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    caches
        .map(|caches| caches.join("aecp"))
        .ok_or(Error::NoCacheFolder)
}

/// Whether a program of this name is in the search path.
pub(crate) fn has_program(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder: PathBuf| Path::is_file(&folder.join(name)))
}
