//! How much is taken out of a store, which may announce anything.

use crate::document::Descriptor;
use crate::error::Error;

/// How much is taken out of a store at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of a manifest.
    pub manifest_bytes: u64,
    /// Most bytes of one file.
    pub file_bytes: u64,
    /// Most bytes of all files together.
    pub total_bytes: u64,
    /// Most files.
    pub files: usize,
}

impl Default for Limits {
    /// 4 MiB of manifest, 64 MiB for a file, 256 MiB together, 4,096 files.
    fn default() -> Self {
        let mebi = 1024 * 1024;
        Self {
            manifest_bytes: 4 * mebi,
            file_bytes: 64 * mebi,
            total_bytes: 256 * mebi,
            files: 4_096,
        }
    }
}

impl Limits {
    /// Checks what `descriptors` announce, before any of it is read.
    pub(crate) fn check<'a>(
        &self,
        location: &str,
        descriptors: impl Iterator<Item = &'a Descriptor>,
    ) -> Result<(), Error> {
        let (mut files, mut total) = (0_usize, 0_u64);
        for descriptor in descriptors {
            let Descriptor { digest, size, .. } = *descriptor;
            if size > self.file_bytes {
                return Err(Error::TooLarge {
                    location: location.to_owned(),
                    digest,
                    size,
                    limit: self.file_bytes,
                });
            }
            files = files.saturating_add(1);
            total = total.saturating_add(size);
        }
        let too_many = |what, found, limit| {
            Err(Error::TooMany {
                what,
                location: location.to_owned(),
                found,
                limit,
            })
        };
        if files > self.files {
            let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
            return too_many("files", wide(files), wide(self.files));
        }
        if total > self.total_bytes {
            return too_many("bytes in all files", total, self.total_bytes);
        }
        Ok(())
    }
}
