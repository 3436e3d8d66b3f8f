//! Sources in, a checked package out.

use std::collections::BTreeSet;

use crate::analysis::Acknowledgement;
use crate::check::Checker;
use crate::core;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::source::{SourceFile, import_path};
use crate::suite::Test;
use crate::syntax;
use crate::syntax::ast::Item;

/// What checking a package gave.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// The folders beside the package's own that the files import and that are not among them, by their names, sorted.
///
/// Whoever reads a package reads the `.aecp` files of these folders too, and hands them to [`check`] under names such as
/// `../common/schema.aecp`; then asks again, for what is imported may import more, until nothing is wanted but what does
/// not exist. [`check`] says so where a folder is missing. More than [`IMPORT_LIMIT`] folders are not wanted.
pub fn wanted_imports(files: &[SourceFile]) -> Vec<String> {
    let present: BTreeSet<&str> = files.iter().filter_map(SourceFile::imported_from).collect();
    let mut wanted = BTreeSet::new();
    // Most files import nothing, and need not be read twice.
    for file in files.iter().filter(|file| file.text.contains("IMPORT")) {
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

/// Checks the files of one package. They are taken in the order of their names, whatever order they are given in;
/// diagnostics refer to them by their index as given.
pub fn check(files: &[SourceFile]) -> Checked {
    Checker::check(files)
}
