//! Sources in, a checked package out.

use std::collections::BTreeSet;

use crate::analysis::Acknowledgement;
use crate::check::Checker;
use crate::core;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::source::{SourceFile, import_path, list_path};
use crate::suite::Test;
use crate::syntax;
use crate::syntax::ast::Item;

/// What checking a package gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The package, if there is no error.
    pub package: Option<core::Package>,
    /// Its tests, in the order of files by name and of places in them; empty if there is an error. They stand beside
    /// the package, so that they change nothing that is compiled.
    pub tests: Vec<Test>,
    /// Where each policy's name stands, in the order of the package's policies; empty if there is an error.
    pub places: Vec<Place>,
    /// Which findings of the analysis stay on purpose, the package's first; empty if there is an error.
    pub acknowledgements: Vec<Acknowledgement>,
    /// Errors and warnings, in the order of files by name and of places in them. At most about 256; if there are
    /// more errors, the last diagnostic says so.
    pub diagnostics: Vec<Diagnostic>,
}

impl Checked {
    /// The diagnostics that forbid to compile.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// The list files that the package's own policies among `files` name behind `DATA … FROM`: paths from the package's folder on, sorted,
/// each once. Whoever reads a package reads these too, and hands them to [`check`] under these names; a file that does
/// not exist is left out, and [`check`] says so. Paths that no list file can have are not among them.
///
/// Whoever reads them sees to it that they do not lead out of the folder by a symbolic link.
pub fn wanted_lists(files: &[SourceFile]) -> Vec<String> {
    let mut wanted = BTreeSet::new();
    // Most files have no DATA, and need not be read twice.
    let with_data = files
        .iter()
        .filter(|file| file.has_policies() && file.imported_from().is_none() && file.text.contains("FROM"));
    for file in with_data {
        for item in syntax::parse(0, &file.text).root().items() {
            if let Item::Data(data) = item {
                wanted.extend(data.file().filter(|path| list_path(path).is_ok()));
            }
        }
    }
    wanted.into_iter().collect()
}

/// The folders beside the package's own that the files import and that are not among them, by their names, sorted.
///
/// Whoever reads a package reads the `.aecp` files of these folders too, and hands them to [`check`] under names such as
/// `../common/schema.aecp`; then asks again, for what is imported may import more, until nothing is wanted but what does
/// not exist. [`check`] says so where a folder is missing. More than [`IMPORT_LIMIT`] folders are not wanted.
pub fn wanted_imports(files: &[SourceFile]) -> Vec<String> {
    let present: BTreeSet<&str> = files.iter().filter_map(SourceFile::imported_from).collect();
    let mut wanted = BTreeSet::new();
    // Most files import nothing, and need not be read twice.
    let with_import = files
        .iter()
        .filter(|file| file.has_policies() && file.text.contains("IMPORT"));
    for file in with_import {
        for item in syntax::parse(0, &file.text).root().items() {
            let literal = match item {
                Item::Import(import) => import.path(),
                _ => None,
            };
            let token = literal.and_then(|literal| literal.token());
            let path = token.and_then(|(_, token)| syntax::literal::text(token.text()).ok());
            let folder = path.as_deref().and_then(|path| import_path(path).ok());
            wanted.extend(
                folder
                    .filter(|folder| !present.contains(folder))
                    .map(str::to_owned),
            );
        }
    }
    let room = IMPORT_LIMIT.saturating_sub(present.len());
    wanted.into_iter().take(room).collect()
}

/// Most folders that a package imports, by way of others too.
pub const IMPORT_LIMIT: usize = 64;

/// Checks the files of one package: policies, the lists that they name (see [`wanted_lists`]) and what they import (see
/// [`wanted_imports`]). They are taken in the order of their names, whatever order they are given in;
/// diagnostics refer to them by their index as given.
pub fn check(files: &[SourceFile]) -> Checked {
    Checker::check(files, &mut |index, file| syntax::parse(index, &file.text))
}
