//! Package folders, read and compiled.

use std::fs;
use std::path::{Path, PathBuf};

use aecp_compiler::package::Checked;
use aecp_compiler::source::SourceFile;

use crate::error::Error;
use crate::files;

/// The ending of policy sources.
const EXTENSION: &str = "aecp";

/// A package folder as it was read.
pub(crate) struct PackageFolder {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its sources, by name.
    pub(crate) files: Vec<SourceFile>,
}

impl PackageFolder {
    /// Reads the `.aecp` files of a folder, or the one file that `path` is.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let metadata = fs::metadata(path).map_err(Error::file("read", path))?;
        let mut sources = Vec::new();
        if metadata.is_dir() {
            for entry in fs::read_dir(path).map_err(Error::file("read", path))? {
                let source = entry.map_err(Error::file("read", path))?.path();
                if source.extension().is_some_and(|extension| extension == EXTENSION) {
                    sources.push(source);
                }
            }
        } else {
            sources.push(path.to_owned());
        }
        sources.sort();
        if sources.is_empty() {
            return Err(Error::part(format!("reading package `{}`", path.display()))(
                "it has no `.aecp` file; a package is a folder of `.aecp` files".to_owned(),
            ));
        }
        let read = |source: PathBuf| {
            let name = source
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            Ok(SourceFile::new(name, files::read_text(&source)?))
        };
        Ok(Self {
            path: path.to_owned(),
            files: sources.into_iter().map(read).collect::<Result<_, _>>()?,
        })
    }

    /// Checks it.
    pub(crate) fn check(&self) -> Checked {
        aecp_compiler::package::check(&self.files)
    }
}

/// Whether `path` is to be read as a component, not as a package.
pub(crate) fn is_component(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wasm")
}
