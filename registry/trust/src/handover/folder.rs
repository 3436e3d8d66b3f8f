//! The folder: read once, written as a whole.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Dir, FileType, Mode, OFlags};

use super::{
    ATTESTATIONS, BLOBS, BUNDLE_FILE, Delivery, ENVELOPE_SUFFIX, FRESHNESS_FILE, Limits, REVIEWS,
    ROOT_SUFFIX, ROOTS, digest_of, review_of, version_of,
};

/// A folder that was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandoverError {
    /// Something could not be read or written.
    #[error("`{path}`: {error}")]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A link, a device, a pipe or a folder where a file should be.
    #[error("`{path}` is not a regular file; links are not followed")]
    NotAFile {
        /// What.
        path: PathBuf,
    },
    /// A file of more bytes than are read.
    #[error("`{path}` has more than {limit} bytes")]
    TooLarge {
        /// What.
        path: PathBuf,
        /// The limit that it is over.
        limit: u64,
    },
    /// More files than are read.
    #[error("`{path}` has more than {limit} files")]
    TooMany {
        /// The folder.
        path: PathBuf,
        /// The limit that it is over.
        limit: usize,
    },
    /// Something is there already.
    #[error("`{path}` is there already; a folder is never written over")]
    Exists {
        /// What.
        path: PathBuf,
    },
}

type Result<T> = std::result::Result<T, HandoverError>;

fn at<T, E: Into<io::Error>>(path: &Path, result: std::result::Result<T, E>) -> Result<T> {
    result.map_err(|error| HandoverError::Io {
        path: path.to_owned(),
        error: error.into(),
    })
}

pub(super) fn read(path: &Path, limits: &Limits) -> Result<Delivery> {
    let folder = open_folder(rustix::fs::CWD, path, path)?;
    let mut reader = Reader {
        left: limits.total,
        limits,
    };
    let bundle = reader.file(&folder, path, BUNDLE_FILE, limits.envelope)?;
    let freshness = reader.file(&folder, path, FRESHNESS_FILE, limits.envelope)?;
    let attestations = Kind {
        folder: ATTESTATIONS,
        suffix: ENVELOPE_SUFFIX,
        limit: limits.envelope,
        key: digest_of,
    };
    let blobs = Kind {
        folder: BLOBS,
        suffix: "",
        limit: limits.blob,
        key: digest_of,
    };
    let roots = Kind {
        folder: ROOTS,
        suffix: ROOT_SUFFIX,
        limit: limits.envelope,
        key: version_of,
    };
    let reviews = Kind {
        folder: REVIEWS,
        suffix: ENVELOPE_SUFFIX,
        limit: limits.envelope,
        key: review_of,
    };
    let attestations = reader.folder(&folder, path, &attestations)?;
    let reviews = match reader.folder(&folder, path, &reviews) {
        // Whoever wrote it knows of none.
        Err(HandoverError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        read => read?,
    };
    let blobs = reader.folder(&folder, path, &blobs)?;
    let roots = reader.folder(&folder, path, &roots)?;
    let blobs = blobs
        .into_iter()
        .map(|(digest, bytes)| (digest, bytes.into()))
        .collect();
    Ok(Delivery {
        bundle,
        freshness,
        roots,
        attestations,
        reviews,
        blobs,
    })
}

/// A folder of files that are known by what their names begin with.
struct Kind<K> {
    folder: &'static str,
    suffix: &'static str,
    /// Most bytes of one file.
    limit: u64,
    key: fn(&str) -> Option<K>,
}

/// Reads through open folders, so that what a name means cannot change in between.
struct Reader<'a> {
    left: u64,
    limits: &'a Limits,
}

impl Reader<'_> {
    fn file(&mut self, folder: &OwnedFd, folder_path: &Path, name: &str, limit: u64) -> Result<Vec<u8>> {
        let path = folder_path.join(name);
        // Without waiting: opening a pipe would wait for a writer that never comes.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = match rustix::fs::openat(folder, name, flags, Mode::empty()) {
            Err(rustix::io::Errno::LOOP) => return Err(HandoverError::NotAFile { path }),
            opened => at(&path, opened)?,
        };
        let status = at(&path, rustix::fs::fstat(&file))?;
        if !FileType::from_raw_mode(status.st_mode).is_file() {
            return Err(HandoverError::NotAFile { path });
        }
        let limit = limit.min(self.left);
        let too_large = || HandoverError::TooLarge {
            path: path.clone(),
            limit,
        };
        // The size is a hint alone: the file may grow while it is read.
        let size = u64::try_from(status.st_size).unwrap_or(u64::MAX);
        if size > limit {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(|_| too_large())?);
        at(
            &path,
            File::from(file)
                .take(limit.saturating_add(1))
                .read_to_end(&mut bytes),
        )?;
        let read = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.left = self
            .left
            .checked_sub(read)
            .filter(|_| read <= limit)
            .ok_or_else(too_large)?;
        Ok(bytes)
    }

    /// All files whose names are a key and the suffix. Other names mean nothing here.
    fn folder<K: Ord>(
        &mut self,
        parent: &OwnedFd,
        parent_path: &Path,
        kind: &Kind<K>,
    ) -> Result<BTreeMap<K, Vec<u8>>> {
        let path = parent_path.join(kind.folder);
        let folder = open_folder(parent, Path::new(kind.folder), &path)?;
        let mut found = Vec::new();
        for entry in at(&path, Dir::read_from(&folder))? {
            let entry = at(&path, entry)?;
            let file_name = entry.file_name().to_str().ok();
            let key = file_name.and_then(|name| Some((name, (kind.key)(name.strip_suffix(kind.suffix)?)?)));
            found.extend(key.map(|(name, key)| (key, name.to_owned())));
            if found.len() > self.limits.files {
                return Err(HandoverError::TooMany {
                    path,
                    limit: self.limits.files,
                });
            }
        }
        let read = |(key, name): (K, String)| Ok((key, self.file(&folder, &path, &name, kind.limit)?));
        found.into_iter().map(read).collect()
    }
}

fn open_folder(parent: impl std::os::fd::AsFd, name: &Path, path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::DIRECTORY;
    at(path, rustix::fs::openat(parent, name, flags, Mode::empty()))
}

pub(super) fn write(delivery: &Delivery, path: &Path) -> Result<()> {
    let invalid = || HandoverError::Io {
        path: path.to_owned(),
        error: io::ErrorKind::InvalidInput.into(),
    };
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(invalid)?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if at(path, path.try_exists())? {
        return Err(HandoverError::Exists {
            path: path.to_owned(),
        });
    }
    // The process id keeps two writers apart; what an earlier process of the same id left behind is of no use.
    let temporary = parent.join(format!(".{name}.{}.part", std::process::id()));
    if at(&temporary, temporary.try_exists())? {
        at(&temporary, std::fs::remove_dir_all(&temporary))?;
    }
    let written = write_all(delivery, &temporary).and_then(|()| publish(&temporary, path, parent));
    if written.is_err() {
        // The first error is the one to tell; a folder that cannot be removed is tried again by the next writer.
        let _ = std::fs::remove_dir_all(&temporary);
    }
    written
}

fn write_all(delivery: &Delivery, folder: &Path) -> Result<()> {
    let attestations = folder.join(ATTESTATIONS);
    let blobs = folder.join(BLOBS);
    let roots = folder.join(ROOTS);
    let reviews = folder.join(REVIEWS);
    for new in [folder, &attestations, &reviews, &blobs, &roots] {
        at(new, std::fs::create_dir(new))?;
    }
    write_file(&folder.join(BUNDLE_FILE), &delivery.bundle)?;
    write_file(&folder.join(FRESHNESS_FILE), &delivery.freshness)?;
    for (component, envelope) in &delivery.attestations {
        write_file(
            &attestations.join(format!("{}{ENVELOPE_SUFFIX}", component.hex())),
            envelope,
        )?;
    }
    for ((component, number), envelope) in &delivery.reviews {
        let name = format!("{}.{number}{ENVELOPE_SUFFIX}", component.hex());
        write_file(&reviews.join(name), envelope)?;
    }
    for (digest, blob) in &delivery.blobs {
        write_file(&blobs.join(digest.hex()), blob)?;
    }
    for (version, root) in &delivery.roots {
        write_file(&roots.join(format!("{version}{ROOT_SUFFIX}")), root)?;
    }
    for written in [&attestations, &reviews, &blobs, &roots, folder] {
        sync_folder(written)?;
    }
    Ok(())
}

/// The rename that does not replace: even an empty folder that came in between stays.
fn publish(temporary: &Path, path: &Path, parent: &Path) -> Result<()> {
    let flags = rustix::fs::RenameFlags::NOREPLACE;
    match rustix::fs::renameat_with(rustix::fs::CWD, temporary, rustix::fs::CWD, path, flags) {
        Err(rustix::io::Errno::EXIST) => {
            return Err(HandoverError::Exists {
                path: path.to_owned(),
            });
        }
        // A file system that does not know the flag; then `rename` alone, which replaces at most an empty folder.
        Err(rustix::io::Errno::INVAL) => at(path, std::fs::rename(temporary, path))?,
        renamed => at(path, renamed)?,
    }
    sync_folder(parent)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = at(path, File::create_new(path))?;
    at(path, file.write_all(bytes))?;
    at(path, file.sync_all())
}

fn sync_folder(path: &Path) -> Result<()> {
    at(path, File::open(path).and_then(|folder| folder.sync_all()))
}

#[cfg(test)]
mod tests;
