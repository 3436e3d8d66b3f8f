//! Files, whole or not at all.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use crate::error::Error;

/// Largest file that any command reads into memory, in bytes.
const READ_LIMIT: u64 = 256 << 20;

/// Reads a regular file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let mut file = fs::File::open(path).map_err(Error::file("read", path))?;
    let length = file.metadata().map_err(Error::file("read", path))?.len();
    if length > READ_LIMIT {
        return Err(Error::part(format!("reading `{}`", path.display()))(format!(
            "it has {length} bytes, at most {READ_LIMIT} are read"
        )));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(Error::file("read", path))?;
    Ok(bytes)
}

/// Reads a file that must be UTF-8.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    String::from_utf8(read(path)?).map_err(|error| {
        Error::part(format!("reading `{}`", path.display()))(format!(
            "it is not UTF-8 text (byte {}); save it as UTF-8",
            error.utf8_error().valid_up_to()
        ))
    })
}

/// Reads a request: a file, or standard input where `path` is `-`.
pub(crate) fn read_request(path: &Path) -> Result<String, Error> {
    if path != Path::new("-") {
        return read_text(path);
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(Error::file("read", path))?;
    Ok(text)
}

/// Writes a file so that it has the old or the new content, never a part. `private` keeps it from other users.
pub(crate) fn write(path: &Path, bytes: &[u8], private: Privacy) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = |error| Error::File {
        action: "write",
        path: path.to_owned(),
        source: error,
    };
    let mode = match private {
        Privacy::Private => 0o600,
        Privacy::Public => 0o644,
    };
    let permissions = fs::Permissions::from_mode(mode);
    let mut file = tempfile::Builder::new()
        .permissions(permissions)
        .tempfile_in(folder)
        .map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// Its owner alone.
    Private,
    /// Everybody.
    Public,
}
