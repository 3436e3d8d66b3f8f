//! Sources in, a checked package out.

use crate::analysis::Acknowledgement;
use crate::check::Checker;
use crate::core;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::source::SourceFile;
use crate::suite::Test;

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

/// Checks the files of one package. They are taken in the order of their names, whatever order they are given in;
/// diagnostics refer to them by their index as given.
pub fn check(files: &[SourceFile]) -> Checked {
    Checker::check(files)
}
