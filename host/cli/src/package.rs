//! Package folders, read and compiled.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use aecp_compiler::package::{Checked, wanted_imports, wanted_lists};
use aecp_compiler::source::SourceFile;

use crate::error::Error;
use crate::files;

/// The ending of policy sources.
const EXTENSION: &str = "aecp";

/// A package folder as it was read.
pub(crate) struct PackageFolder {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its sources, by name, and behind them the lists and packages that they want.
    pub(crate) files: Vec<SourceFile>,
}

impl PackageFolder {
    /// Reads the `.aecp` files of a folder, or the one file that `path` is, their lists, and what they import.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let metadata = fs::metadata(path).map_err(Error::file("read", path))?;
        let sources = if metadata.is_dir() {
            sources(path)?
        } else {
            vec![path.to_owned()]
        };
        if sources.is_empty() {
            return Err(Error::part(format!("reading package `{}`", path.display()))(
                "it has no `.aecp` file; a package is a folder of `.aecp` files".to_owned(),
            ));
        }
        let read = |source: PathBuf| Ok(SourceFile::new(file_name(&source), files::read_text(&source)?));
        let mut files: Vec<SourceFile> = sources.into_iter().map(read).collect::<Result<_, _>>()?;
        let folder = match path.parent() {
            _ if metadata.is_dir() => path,
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        read_imports(folder, &mut files)?;
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

/// The policy sources in a folder, by name.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::file("read", folder))? {
        let source = entry.map_err(Error::file("read", folder))?.path();
        if source.extension().is_some_and(|extension| extension == EXTENSION) {
            sources.push(source);
        }
    }
    sources.sort();
    Ok(sources)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// Adds what `files` of the package in `folder` import, and what that imports. A package that is not there is a mistake of
/// the importing one, which the compiler tells with its place.
fn read_imports(folder: &Path, files: &mut Vec<SourceFile>) -> Result<(), Error> {
    let mut asked = BTreeSet::new();
    loop {
        let wanted = wanted_imports(files).into_iter();
        let wanted: Vec<String> = wanted.filter(|name| asked.insert(name.clone())).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        for name in wanted {
            files.extend(read_import(folder, &name)?);
        }
    }
}

/// The sources of the package `name` beside the one in `folder`; none if there is no such folder. What lies elsewhere is
/// not part of the package, whatever links lead there.
fn read_import(folder: &Path, name: &str) -> Result<Vec<SourceFile>, Error> {
    let own = fs::canonicalize(folder).map_err(Error::file("read", folder))?;
    let Some(root) = own.parent() else {
        return Ok(Vec::new());
    };
    let path = root.join(name);
    let escapes = |path: &Path| {
        Error::part(format!("reading the import `{}`", path.display()))(
            "a symbolic link leads away from the folder that the packages are in; put the package there"
                .to_owned(),
        )
    };
    let found = match fs::canonicalize(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        found => found.map_err(Error::file("read", &path))?,
    };
    if found.parent() != Some(root) {
        return Err(escapes(&path));
    }
    if !found.is_dir() {
        return Ok(Vec::new());
    }
    let read = |source: PathBuf| {
        let target = fs::canonicalize(&source).map_err(Error::file("read", &source))?;
        if !target.starts_with(&found) {
            return Err(escapes(&source));
        }
        let name = format!("../{name}/{}", file_name(&source));
        Ok(SourceFile::new(name, files::read_text(&target)?))
    };
    sources(&found)?.into_iter().map(read).collect()
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
