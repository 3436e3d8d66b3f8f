//! Package folders, read and compiled.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use aecp_compiler::package::{Checked, wanted_lists};
use aecp_compiler::source::SourceFile;

use crate::error::Error;
use crate::files;

/// The ending of policy sources.
const EXTENSION: &str = "aecp";

/// A package folder as it was read.
pub(crate) struct PackageFolder {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its sources, by name, and behind them the lists that they want.
    pub(crate) files: Vec<SourceFile>,
}

impl PackageFolder {
    /// Reads the `.aecp` files of a folder, or the one file that `path` is, and their lists.
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
        let mut files: Vec<SourceFile> = sources.into_iter().map(read).collect::<Result<_, _>>()?;
        let folder = match path.parent() {
            _ if metadata.is_dir() => path,
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        for name in wanted_lists(&files) {
            // A list that is not there is a mistake of the package, which the compiler tells with its place.
            if let Some(text) = read_list(folder, &name)? {
                files.push(SourceFile::new(name, text));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            files,
        })
    }

    /// Checks it.
    pub(crate) fn check(&self) -> Checked {
        aecp_compiler::package::check(&self.files)
    }
}

/// A list of the package in `folder`; none if there is no such file. What lies outside of the folder is not part of the
/// package, whatever links lead there.
fn read_list(folder: &Path, name: &str) -> Result<Option<String>, Error> {
    let path = folder.join(name);
    let found = match fs::canonicalize(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        found => found.map_err(Error::file("read", &path))?,
    };
    let inside = fs::canonicalize(folder).map_err(Error::file("read", folder))?;
    if !found.starts_with(&inside) {
        return Err(Error::part(format!("reading the list `{}`", path.display()))(
            "a symbolic link leads out of the package's folder; put the file into the folder".to_owned(),
        ));
    }
    files::read_text(&found).map(Some)
}

/// Whether `path` is to be read as a component, not as a package.
pub(crate) fn is_component(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "wasm")
}
