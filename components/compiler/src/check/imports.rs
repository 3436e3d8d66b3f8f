//! IMPORT: which folders bring their schemas and classes into the package.
//!
//! Packages are siblings: an import names a folder beside the package's own. All that is imported, by the package or by
//! what it imports, is in one scope with what the package declares itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{Checker, place};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::source::{SourceFile, import_path};
use crate::syntax::ast::{self, Item};

/// Most folders between a package and what it imports by way of others, itself counted.
const DEPTH_LIMIT: usize = 8;

/// What is imported by a folder, by its name; none for the package itself.
type Imports<'a> = BTreeMap<Option<&'a str>, Vec<(String, Place)>>;

impl Checker {
    /// The folders that are imported, by their names. `files` are all that were given, `items` what is in them.
    pub(super) fn imports(
        &mut self,
        files: &[(u32, &SourceFile)],
        items: &[(u32, Item)],
    ) -> BTreeSet<String> {
        let folders: BTreeMap<u32, &str> = files
            .iter()
            .filter_map(|(index, file)| Some((*index, file.imported_from()?)))
            .collect();
        let mut imports = Imports::new();
        for (file, item) in items {
            if let Item::Import(import) = item {
                let from = folders.get(file).copied();
                imports
                    .entry(from)
                    .or_default()
                    .extend(self.import(*file, import));
            }
        }
        let known: BTreeSet<&str> = folders.into_values().collect();
        let mut reached = BTreeSet::new();
        self.reach(None, &imports, &known, &mut Vec::new(), &mut reached);
        reached
    }

    /// The folder that an IMPORT names, and where.
    fn import(&mut self, file: u32, import: &ast::Import) -> Option<(String, Place)> {
        let literal = import.path()?;
        let here = place(file, &literal);
        let path = self.text(file, &literal)?;
        match import_path(&path) {
            Ok(folder) => Some((folder.to_owned(), here)),
            Err(why) => {
                let message = format!("`{path}` is no package to import: {why}");
                let help = "name the folder of a package beside this one: `IMPORT \"../common\"`";
                self.report(Diagnostic::error(Code::InvalidImport, here, message).help(help));
                None
            }
        }
    }

    /// Follows the imports of one folder. `way` leads to it: the folders, and where each is imported.
    fn reach(
        &mut self,
        from: Option<&str>,
        imports: &Imports<'_>,
        known: &BTreeSet<&str>,
        way: &mut Vec<(String, Place)>,
        reached: &mut BTreeSet<String>,
    ) {
        for (folder, here) in imports.get(&from).into_iter().flatten() {
            if let Some(start) = way.iter().position(|(other, _)| other == folder) {
                let message = format!("`../{folder}` imports itself");
                let mut diagnostic = Diagnostic::error(Code::ImportCycle, *here, message)
                    .label("this import closes the circle")
                    .help("move what both need into a package of its own, and import that");
                for (folder, place) in way.get(start..).unwrap_or_default() {
                    diagnostic = diagnostic.also(*place, format!("`../{folder}` is imported here"));
                }
                self.report(diagnostic);
                continue;
            }
            if reached.contains(folder) {
                continue;
            }
            if way.len() >= DEPTH_LIMIT {
                let message = format!("imports lead further than {DEPTH_LIMIT} packages");
                let help = "import what is needed directly";
                self.report(Diagnostic::error(Code::ImportTooDeep, *here, message).help(help));
                continue;
            }
            reached.insert(folder.clone());
            if !known.contains(folder.as_str()) {
                let message = format!("there is no package `../{folder}`");
                let help = "a package is a folder of `.aecp` files beside this one";
                self.report(Diagnostic::error(Code::UnknownImport, *here, message).help(help));
                continue;
            }
            way.push((folder.clone(), *here));
            self.reach(Some(folder), imports, known, way, reached);
            way.pop();
        }
    }
}
