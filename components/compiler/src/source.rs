//! Source files as texts, and their digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::diagnostic::{Code, Diagnostic, Place, Span};

/// Most bytes of one source file.
pub const FILE_LIMIT: usize = 4 * 1024 * 1024;

/// Most bytes of one list file.
pub const LIST_LIMIT: usize = 32 * 1024 * 1024;

/// The ending of the names of files with policies.
const POLICIES: &str = ".aecp";

/// One source file. Whoever calls has read it; this crate knows no file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Its path relative to the package's folder, with `/` between parts. Files are taken in the order of names. That of
    /// an imported file begins with `../` and the name of its package's folder.
    pub name: String,
    /// Its content.
    pub text: String,
}

impl SourceFile {
    /// A file of this name and content.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// Whether it has policies, by its name: it ends in `.aecp`. Any other file is a list for DATA blocks.
    pub fn has_policies(&self) -> bool {
        self.name.ends_with(POLICIES)
    }

    /// The package folder that the file was imported from; none if it is the package's own. Imported files have names
    /// such as `../common/schema.aecp`.
    pub fn imported_from(&self) -> Option<&str> {
        let (folder, _) = self.name.strip_prefix(BESIDE)?.split_once('/')?;
        Some(folder)
    }
}

/// What paths to folders beside a package begin with.
const BESIDE: &str = "../";

/// Most bytes of the name of a folder that is imported.
const FOLDER_LIMIT: usize = 128;

/// The name of the folder that an IMPORT names: `common` of `../common`. It is a plain name, so that it leads to a folder
/// beside the package's own and nowhere else; whoever reads the folder sees to it that no symbolic link leads away.
///
/// # Errors
/// Why it is none.
pub fn import_path(path: &str) -> Result<&str, &'static str> {
    let Some(folder) = path.strip_prefix(BESIDE) else {
        return Err("it does not begin with `../`");
    };
    let folder = folder.strip_suffix('/').unwrap_or(folder);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if folder.is_empty() || folder.len() > FOLDER_LIMIT || !folder.chars().all(is_plain) {
        return Err("behind `../` stands one name of ASCII letters, digits, `_` and `-`");
    }
    Ok(folder)
}

/// Whether a path may name a list file: from the package's folder on, with `/` between its parts, and never out of it.
///
/// # Errors
/// Why not.
pub fn list_path(path: &str) -> Result<(), &'static str> {
    let is_odd = |c: char| c.is_control() || matches!(c, '\\' | ':');
    if path.starts_with('/') {
        Err("it begins at the root of a file system, and not in the package's folder")
    } else if path.split('/').any(|part| part == "..") {
        Err("it leads out of the package's folder")
    } else if path.split('/').any(|part| matches!(part, "" | ".")) {
        Err("it has a part without a name")
    } else if path.contains(is_odd) || path.len() > PATH_LIMIT {
        Err("not every file system can have a file of this name")
    } else if path.ends_with(POLICIES) {
        Err("files of this ending have policies, not lists")
    } else {
        Ok(())
    }
}

/// Most bytes of the path of a list file.
const PATH_LIMIT: usize = 255;

/// Files as bytes, by name, become sources in the order given.
///
/// # Errors
/// A diagnostic for each file that is not UTF-8, and for each name that was there before.
pub fn read(files: Vec<(String, Vec<u8>)>) -> Result<Vec<SourceFile>, Vec<Diagnostic>> {
    let mut sources = Vec::with_capacity(files.len());
    let mut diagnostics = Vec::new();
    let mut names: BTreeMap<String, Place> = BTreeMap::new();
    for (index, (name, bytes)) in (0_u32..).zip(files) {
        let start = Place {
            file: index,
            span: Span::default(),
        };
        if let Some(first) = names.get(&name) {
            let message = format!("the file `{name}` is given twice");
            let again = Diagnostic::error(Code::DuplicateFile, start, message)
                .also(*first, "it was given here first")
                .help("give each file once, by its path in the package's folder");
            diagnostics.push(again);
            continue;
        }
        names.insert(name.clone(), start);
        match String::from_utf8(bytes) {
            Ok(text) => sources.push(SourceFile { name, text }),
            Err(error) => {
                // A file that is too long for an offset has a diagnostic of its own once it is text.
                let at = u32::try_from(error.utf8_error().valid_up_to()).unwrap_or(u32::MAX);
                let span = Span { start: at, end: at };
                let message = format!("the file `{name}` is not UTF-8 text (byte {at})");
                let place = Place { file: index, span };
                diagnostics
                    .push(Diagnostic::error(Code::NotText, place, message).help("save the file as UTF-8"));
            }
        }
    }
    if diagnostics.is_empty() {
        Ok(sources)
    } else {
        Err(diagnostics)
    }
}

/// The SHA-256 that stands for a package's sources, lists included, whatever order they are given in.
///
/// Hashed is, for each file by name: the name's length, the name, the content's length, the content; lengths in bytes,
/// as unsigned 64-bit numbers, big end first.
pub fn source_digest(files: &[SourceFile]) -> [u8; 32] {
    let mut sorted: Vec<&SourceFile> = files.iter().collect();
    sorted.sort_by(|a, b| (&a.name, &a.text).cmp(&(&b.name, &b.text)));
    let mut hasher = Sha256::new();
    for part in sorted.iter().flat_map(|file| [&file.name, &file.text]) {
        // A length that does not fit 64 bits does not fit memory.
        hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_knows_names_contents_and_no_order() {
        let a = SourceFile::new("a.aecp", "1");
        let b = SourceFile::new("b.aecp", "2");
        let both = source_digest(&[a.clone(), b.clone()]);
        assert_eq!(both, source_digest(&[b.clone(), a.clone()]));
        assert_ne!(both, source_digest(&[a.clone(), SourceFile::new("b.aecp", "3")]));
        assert_ne!(both, source_digest(&[a, SourceFile::new("c.aecp", "2")]));
        let joined = source_digest(&[SourceFile::new("ab", "c")]);
        assert_ne!(joined, source_digest(&[SourceFile::new("a", "bc")]));
    }

    #[test]
    fn files_are_read_whole_or_named() {
        let file = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec());
        let good = read(vec![file("b", "ü".as_bytes()), file("a", b"")]).unwrap();
        assert_eq!(good, [SourceFile::new("b", "ü"), SourceFile::new("a", "")]);

        let wrong = read(vec![file("a", b"ok"), file("b", b"ok\xff"), file("a", b"")]).unwrap_err();
        let found: Vec<_> = wrong
            .iter()
            .map(|found| (found.code, found.primary.as_ref().unwrap().place))
            .collect();
        let place = |file, at| Place {
            file,
            span: Span { start: at, end: at },
        };
        assert_eq!(
            found,
            [(Code::NotText, place(1, 2)), (Code::DuplicateFile, place(2, 0))]
        );
    }

    #[test]
    fn the_digest_is_the_documented_one() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digest: String = source_digest(&[])
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(digest, empty);
        let mut by_hand = Sha256::new();
        by_hand.update([0, 0, 0, 0, 0, 0, 0, 1, b'n', 0, 0, 0, 0, 0, 0, 0, 2, b't', b'u']);
        let expected: [u8; 32] = by_hand.finalize().into();
        assert_eq!(source_digest(&[SourceFile::new("n", "tu")]), expected);
    }
}
