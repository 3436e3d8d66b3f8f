//! Files that hold the old or the new content, whatever happens in between.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use super::store::{StoreError, at};

/// Replaces a file; it is on stable storage when this returns.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let invalid = || StoreError::Io {
        path: path.to_owned(),
        error: io::ErrorKind::InvalidInput.into(),
    };
    let folder = path.parent().ok_or_else(invalid)?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(invalid)?;
    let temporary = folder.join(format!(".{name}.part"));
    let mut file = at(&temporary, File::create(&temporary))?;
    at(&temporary, file.write_all(bytes).and_then(|()| file.sync_all()))?;
    at(path, fs::rename(&temporary, path))?;
    at(folder, File::open(folder).and_then(|folder| folder.sync_all()))
}
