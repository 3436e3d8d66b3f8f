//! A log that is written through memory shared with the kernel.
//!
//! A store into a shared mapping of a file is in the kernel's page cache at once: it survives the death of the process
//! as a `write` does, at a hundredth of its cost and without waiting for a file's lock. The file's blocks are allocated
//! before they are mapped, so a full disk is an error of [`LogFile::append`] and never a signal. Behind what was appended
//! the file holds zeros, up to the end of the window; an orderly end cuts them off.

use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};

use memmap2::{MmapMut, MmapOptions};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::LogFile;

/// How much of the file is allocated and mapped at a time. A multiple of every page size.
const WINDOW: usize = 64 << 10;

/// A file that is written through memory. It must have no other writer.
pub(super) struct MappedLog {
    file: File,
    end: Mutex<End>,
}

/// The last window of the file.
struct End {
    window: MmapMut,
    /// Bytes of the window that are appended.
    filled: usize,
    /// Where the window begins in the file.
    begin: u64,
}

impl MappedLog {
    /// Takes an empty file over. Gives it back if its file system cannot allocate beforehand.
    ///
    /// # Errors
    /// No room, or no memory.
    pub(super) fn over(file: File) -> io::Result<Result<Self, File>> {
        match window(&file, 0) {
            Ok(window) => {
                let (filled, begin) = (0, 0);
                let end = Mutex::new(End {
                    window,
                    filled,
                    begin,
                });
                Ok(Ok(Self { file, end }))
            }
            Err(error) if error.raw_os_error() == Some(Errno::OPNOTSUPP.raw_os_error()) => Ok(Err(file)),
            Err(error) => Err(error),
        }
    }
}

impl LogFile for MappedLog {
    fn append(&self, mut bytes: &[u8]) -> io::Result<()> {
        // Who panics with the lock held has appended a part, as after an error.
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let filled = end.filled;
            let (now, later) = bytes.split_at(bytes.len().min(WINDOW.saturating_sub(filled)));
            let after = filled.saturating_add(now.len());
            let place = end.window.get_mut(filled..after);
            place
                .ok_or_else(|| io::Error::other("a window that ends early"))?
                .copy_from_slice(now);
            end.filled = after;
            if later.is_empty() {
                return Ok(());
            }
            bytes = later;
            let begin = end.begin.saturating_add(length(WINDOW));
            *end = End {
                window: window(&self.file, begin)?,
                filled: 0,
                begin,
            };
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

impl Drop for MappedLog {
    fn drop(&mut self) {
        let end = self.end.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Readers know what the zeros are, so nothing is lost where this fails.
        let _ = self.file.set_len(end.begin.saturating_add(length(end.filled)));
    }
}

/// Allocates a window and maps it.
#[allow(unsafe_code)]
fn window(file: &File, begin: u64) -> io::Result<MmapMut> {
    fallocate(file, FallocateFlags::empty(), begin, length(WINDOW))?;
    let mut options = MmapOptions::new();
    options.offset(begin).len(WINDOW);
    // SAFETY: memory that is a file changes under its owner when others write to the file or cut it off. Nobody else
    // does: the file was made by this process under a name of its own, and is locked for as long as it is open. Should
    // the operator do it all the same, nothing here reads the memory, and a cut ends the process by a signal.
    unsafe { options.map_mut(file) }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use std::fs::OpenOptions;
    use std::path::Path;

    use super::*;

    fn log(path: &Path) -> MappedLog {
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create_new(true).open(path);
        MappedLog::over(file.unwrap()).unwrap().unwrap()
    }

    #[test]
    fn what_is_appended_is_in_the_file_at_once_and_zeros_are_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = log(&path);
        log.append(b"one").unwrap();
        log.append(b"two").unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.starts_with(b"onetwo"));
        assert!(bytes.iter().skip(6).all(|byte| *byte == 0));
        drop(log);
        assert_eq!(std::fs::read(&path).unwrap(), b"onetwo");
    }

    #[test]
    fn windows_follow_each_other_without_a_seam() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let log = log(&path);
        let mut whole = Vec::new();
        for size in [1, WINDOW - 1, 0, WINDOW, 2 * WINDOW + 7, 3] {
            let part: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).unwrap() + 1).collect();
            log.append(&part).unwrap();
            whole.extend(part);
            assert!(std::fs::read(&path).unwrap().starts_with(&whole));
        }
        log.sync().unwrap();
        drop(log);
        assert!(std::fs::read(&path).unwrap() == whole);
    }
}
