//! Source files as texts, and their digest.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Most bytes of one source file.
pub const FILE_LIMIT: usize = 4 * 1024 * 1024;

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

/// The SHA-256 that stands for a package's sources, whatever order they are given in.
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
