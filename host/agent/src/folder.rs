//! The agent's own folder, which one agent uses at a time.
//!
//! ```text
//! agent.lock     locked while an agent runs
//! ack.json       the newest acknowledgement
//! receipt.dsse.json  the same, signed, if the agent has a receipt key
//! spool/<n>      a bundle on its way to the gateway
//! ```

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use aecp_trust::Delivery;

use crate::error::AgentError;

/// Name of the file that is locked while an agent runs.
pub const LOCK_FILE: &str = "agent.lock";
/// Name of the folder of bundles on their way.
pub const SPOOL: &str = "spool";

/// The folder, locked.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    spool: PathBuf,
    written: u64,
    _lock: File,
}

impl Folder {
    /// Makes the folder if it is not there, locks it, and empties its spool of what an earlier agent left.
    ///
    /// # Errors
    /// [`AgentError::InUse`] if another agent has locked it; [`AgentError::Io`].
    pub fn open(path: &Path) -> Result<Self, AgentError> {
        // The gateway is told this path, and may run in another folder.
        let path = std::path::absolute(path).map_err(AgentError::io("find", path))?;
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o750);
        builder.create(&path).map_err(AgentError::io("create", &path))?;
        let lock = path.join(LOCK_FILE);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock);
        let file = file.map_err(AgentError::io("open", &lock))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(AgentError::InUse { path }),
            Err(TryLockError::Error(error)) => return Err(AgentError::io("lock", &lock)(error)),
        }
        let spool = path.join(SPOOL);
        remove(&spool).map_err(AgentError::io("empty", &spool))?;
        builder.create(&spool).map_err(AgentError::io("create", &spool))?;
        Ok(Self {
            path,
            spool,
            written: 0,
            _lock: file,
        })
    }

    /// The folder, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a bundle into the spool and gives its folder, absolute.
    ///
    /// # Errors
    /// [`AgentError::Spool`]. Nothing is left behind.
    pub fn put(&mut self, delivery: &Delivery) -> Result<PathBuf, AgentError> {
        self.written = self.written.wrapping_add(1);
        let folder = self.spool.join(self.written.to_string());
        delivery.write(&folder)?;
        Ok(folder)
    }

    /// Removes a bundle that the gateway has answered for. What cannot be removed goes when the next agent starts.
    pub fn remove(&self, folder: &Path) {
        if let Err(error) = remove(folder) {
            tracing::warn!(folder = %folder.display(), %error, "a bundle stays in the spool until the next start");
        }
    }

    /// Puts a file of this name into the folder, replacing an older one; after a crash it is one or the other.
    ///
    /// # Errors
    /// [`AgentError::Io`].
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), AgentError> {
        let path = self.path.join(name);
        let temporary = self.path.join(format!(".{name}.new"));
        let write = || {
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(AgentError::io("write", &path))
    }
}

impl Folder {
    /// Takes a file of this name away, if it is there.
    ///
    /// # Errors
    /// [`AgentError::Io`].
    pub fn discard(&self, name: &str) -> Result<(), AgentError> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(AgentError::io("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now goes when the next agent starts.
        let _ = remove(&self.spool);
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
