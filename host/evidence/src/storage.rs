//! The few file operations that evidence needs, behind traits so that tests can make each one fail.
//!
//! Everything that must survive a crash goes through here: whoever replaces [`Disk`] sees every step that could be the
//! last one.

mod mapped;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use mapped::MappedLog;

/// Operations on files by path.
pub trait Storage: Send + Sync + 'static {
    /// Makes a folder, and those above it, if they are not there.
    ///
    /// # Errors
    /// As the operating system says.
    fn create_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes a file that must not be there yet, for appending, locked for as long as it is open. Zeros may stand behind
    /// what was appended until it is closed.
    ///
    /// # Errors
    /// As the operating system says.
    fn create_log(&self, path: &Path) -> io::Result<Box<dyn LogFile>>;

    /// Makes or replaces a file and fills it. Neither atomic nor durable: sync it, then rename it into place.
    ///
    /// # Errors
    /// As the operating system says.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Brings a file's bytes to stable storage.
    ///
    /// # Errors
    /// As the operating system says. What was written before must then be taken as lost.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Brings a folder's list of names to stable storage.
    ///
    /// # Errors
    /// As the operating system says.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;

    /// Gives a file another name, replacing what has that name.
    ///
    /// # Errors
    /// As the operating system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// As the operating system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder that is empty.
    ///
    /// # Errors
    /// As the operating system says, also where it is not empty.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// A file that grows at its end.
pub trait LogFile: Send + Sync {
    /// Hands bytes to the kernel. After an error, any part of them may be in the file.
    ///
    /// # Errors
    /// As the operating system says.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;

    /// Brings everything appended to stable storage.
    ///
    /// # Errors
    /// As the operating system says. It must not be tried again: the kernel may have dropped the pages.
    fn sync(&self) -> io::Result<()>;
}

/// The file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Storage for Disk {
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn create_log(&self, path: &Path) -> io::Result<Box<dyn LogFile>> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create_new(true).mode(0o640);
        let file = options.open(path)?;
        file.lock()?;
        Ok(match MappedLog::over(file)? {
            Ok(mapped) => Box::new(mapped),
            Err(file) => Box::new(file),
        })
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        File::create(path)?.write_all(bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }
}

impl LogFile for File {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.write_all(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// Replaces a file so that after a crash it is either the old one or the new one, and durable once this returns.
///
/// # Errors
/// As the operating system says; the old file stands, or the new one does.
pub fn replace(storage: &dyn Storage, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .ok_or_else(|| io::Error::other("a path without a folder"))?;
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("a path without a name"))?;
    // A leading point: readers of the log pass over such names.
    let mut temporary = std::ffi::OsString::from(".new-");
    temporary.push(name);
    let temporary = folder.join(temporary);
    storage.write(&temporary, bytes)?;
    storage.sync(&temporary)?;
    storage.rename(&temporary, path)?;
    storage.sync_folder(folder)
}
