//! Files that appear under their name whole or not at all, and the lock of those who change the index.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{LOCK, Layout, TEMPORARY};
use crate::content::{Checked, read_error};
use crate::document::Descriptor;
use crate::error::Error;
use crate::store::Store as _;

/// How many bytes are read at once.
const BUFFER: usize = 64 * 1024;

/// Tells the temporary files of one process apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Whoever holds this is the only one that changes `index.json`. Let go when dropped, and by the kernel when the
/// process dies.
pub(super) struct Writer<'a> {
    root: &'a Path,
    _lock: File,
}

impl<'a> Writer<'a> {
    /// Waits until nobody else holds the lock. Also clears away what dead writers left.
    pub(super) fn lock(root: &'a Path) -> Result<Self, Error> {
        let path = root.join(LOCK);
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create(true)
            .truncate(false)
            .custom_flags(libc::O_NOFOLLOW);
        let file = options.open(&path).map_err(Error::io("open", &path))?;
        file.lock().map_err(Error::io("lock", &path))?;
        clear_abandoned(root)?;
        Ok(Self { root, _lock: file })
    }

    /// Puts `bytes` in the place of the file `name` of the layout.
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let mut reader = bytes;
        put(self.root, &self.root.join(name), &mut reader)
    }
}

/// Writes `bytes` to `path`: on disk first, then under its name, and nothing if they end in an error.
pub(super) fn put(root: &Path, path: &Path, bytes: &mut dyn Read) -> Result<(), Error> {
    let mut temporary = Temporary::create(root)?;
    pass(bytes, |part| {
        temporary
            .file
            .write_all(part)
            .map_err(Error::io("write", &temporary.path))
    })?;
    temporary
        .file
        .sync_all()
        .map_err(Error::io("sync", &temporary.path))?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    std::fs::rename(&temporary.path, path).map_err(Error::io("rename to", path))?;
    temporary.renamed = true;
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

/// Reads a blob to its end, which it only has if it is the one that `descriptor` names.
pub(super) fn whole(layout: &Layout, descriptor: &Descriptor) -> Result<(), Error> {
    let mut content = layout.open(descriptor)?;
    content.check_length(descriptor)?;
    let location = content.location;
    pass(
        &mut Checked::new(&mut content.reader, descriptor, &location),
        |_| Ok(()),
    )
}

/// Gives `each` everything that `bytes` has, in parts.
fn pass(bytes: &mut dyn Read, mut each: impl FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match bytes.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => each(buffer.get(..count).unwrap_or_default())?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(read_error(error, "content to be stored")),
        }
    }
}

fn sync_folder(path: &Path) -> Result<(), Error> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(Error::io("sync", path))
}

/// A file in `.tmp`. Its writer holds a lock on it, so that others can tell whether the writer is alive.
struct Temporary {
    path: PathBuf,
    file: File,
    renamed: bool,
}

impl Temporary {
    fn create(root: &Path) -> Result<Self, Error> {
        let folder = root.join(TEMPORARY);
        loop {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = folder.join(format!("{}-{count}", std::process::id()));
            let file = match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => file,
                // Left by a dead process of the same number, or written by a living one in another container.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    std::fs::create_dir(&folder)
                        .or_else(existing)
                        .map_err(Error::io("create", &folder))?;
                    continue;
                }
                Err(error) => return Err(Error::io("create", path)(error)),
            };
            file.lock().map_err(Error::io("lock", &path))?;
            let temporary = Self {
                path,
                file,
                renamed: false,
            };
            let metadata = temporary
                .file
                .metadata()
                .map_err(Error::io("examine", &temporary.path))?;
            // Between creation and lock it may have been taken for abandoned and removed.
            if metadata.nlink() > 0 {
                return Ok(temporary);
            }
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.renamed {
            // Nothing depends on it; the next writer clears what is left.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn existing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::AlreadyExists {
        Ok(())
    } else {
        Err(error)
    }
}

/// Removes temporary files whose writers are dead: nobody holds their lock.
fn clear_abandoned(root: &Path) -> Result<(), Error> {
    let folder = root.join(TEMPORARY);
    let entries = match folder.read_dir() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(Error::io("list", &folder))?,
    };
    for entry in entries {
        let path = entry.map_err(Error::io("list", &folder))?.path();
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let opened = OpenOptions::new().write(true).custom_flags(flags).open(&path);
        // A file that is gone or cannot be opened is somebody else's business.
        if let Ok(file) = opened
            && file.try_lock().is_ok()
        {
            let _ = std::fs::remove_file(&path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dead_writers_left_is_cleared_and_what_living_ones_write_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let living = Temporary::create(folder.path()).unwrap();
        let dead = folder.path().join(TEMPORARY).join("1-1-dead");
        std::fs::write(&dead, b"half").unwrap();
        drop(Writer::lock(folder.path()).unwrap());
        assert!(!dead.exists());
        assert!(living.path.exists());
        let path = living.path.clone();
        drop(living);
        assert!(!path.exists());
    }
}
