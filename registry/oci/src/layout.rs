//! An OCI image layout folder (OCI image specification 1.1, image-layout.md).
//!
//! ```text
//! oci-layout            says that the folder is one; written last when a layout is made
//! index.json            what is listed, and under which tags
//! blobs/sha256/<hex>    content
//! index.lock            held by whoever changes index.json (flock)
//! .tmp/                 files on their way to their names
//! ```
//!
//! Every file gets its name by a rename, after its bytes are on disk. Readers take no lock: they see the index before
//! or after a change, never between. Writers of this crate take turns. Other tools know nothing of the lock: do not
//! let one write while this crate does.
//!
//! Blobs that nothing lists any more (of superseded freshness statements, or of a push that was cut off) stay. They
//! are harmless, and `umoci gc` removes them.

mod index;
mod write;

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::content::{Checked, Content};
use crate::document::{Descriptor, Index, Manifest};
use crate::error::{Error, shown};
use crate::name::{Reference, Tag};
use crate::store::{DOCUMENT_LIMIT, Publication, Store, Superseded, fetch_at};
use crate::{json, media};
use aecp_vocabulary::digest::Digest;
use write::Writer;

/// Most bytes of `index.json`. An entry has about 300.
const INDEX_LIMIT: u64 = 16 * 1024 * 1024;

/// Most bytes of `oci-layout`.
const MARKER_LIMIT: u64 = 4_096;

/// The version of image layouts that is known.
const LAYOUT_VERSION: &str = "1.0.0";

const MARKER: &str = "oci-layout";
const INDEX: &str = "index.json";
const LOCK: &str = "index.lock";
const TEMPORARY: &str = ".tmp";
const BLOBS: &str = "blobs";

/// A layout folder. Holds no open file, so it costs nothing to keep or to open again.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
}

/// What the file `oci-layout` says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: String,
}

impl Layout {
    /// Opens a layout. Reading needs no write permission.
    ///
    /// # Errors
    /// [`Error::NotALayout`] if the folder is not one, or not of version 1.0.0.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let layout = Self { root: path.into() };
        layout.check_marker()?;
        layout.read_index()?;
        Ok(layout)
    }

    /// Makes a layout, or opens the one that is there. A layout whose making was cut off is completed.
    ///
    /// # Errors
    /// [`Error::NotALayout`] if the folder holds something else, [`Error::Io`].
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let layout = Self { root: path.into() };
        if layout.root.join(MARKER).symlink_metadata().is_ok() {
            return Self::open(layout.root);
        }
        let blobs = layout.blobs();
        if let Ok(entries) = layout.root.read_dir() {
            for entry in entries {
                let entry = entry.map_err(Error::io("list", &layout.root))?;
                let ours = [MARKER, INDEX, LOCK, TEMPORARY, BLOBS];
                if !ours.iter().any(|name| entry.file_name() == *name) {
                    let name = shown(&entry.file_name().to_string_lossy());
                    let reason = format!("it holds `{name}`; give an empty folder to make one");
                    return Err(Error::NotALayout {
                        path: layout.root,
                        reason,
                    });
                }
            }
        }
        std::fs::create_dir_all(&blobs).map_err(Error::io("create", &blobs))?;
        let writer = Writer::lock(&layout.root)?;
        if layout.root.join(INDEX).symlink_metadata().is_err() {
            writer.replace(INDEX, &Index::default().to_bytes()?)?;
        }
        let marker = Marker {
            image_layout_version: LAYOUT_VERSION.to_owned(),
        };
        let malformed = |error: serde_json::Error| Error::Malformed {
            location: MARKER.to_owned(),
            reason: error.to_string(),
        };
        writer.replace(MARKER, &serde_json::to_vec(&marker).map_err(malformed)?)?;
        drop(writer);
        Self::open(layout.root)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Everything that is listed: each manifest with its tag, if it has one.
    ///
    /// # Errors
    /// [`Error::Malformed`], [`Error::Io`].
    pub fn entries(&self) -> Result<Vec<(Descriptor, Option<Tag>)>, Error> {
        let tagged = |descriptor: Descriptor| {
            let tag = descriptor
                .annotations
                .get(media::REF_NAME)
                .and_then(|name| name.parse().ok());
            (descriptor, tag)
        };
        Ok(self.read_index()?.manifests.into_iter().map(tagged).collect())
    }

    fn blobs(&self) -> PathBuf {
        self.root.join(BLOBS).join("sha256")
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    fn check_marker(&self) -> Result<(), Error> {
        let path = self.root.join(MARKER);
        let not = |reason: String| Error::NotALayout {
            path: self.root.clone(),
            reason,
        };
        let bytes = match read_limited(&path, MARKER_LIMIT) {
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Err(not(format!("there is no file `{MARKER}` in it")));
            }
            other => other?,
        };
        let marker: Marker = json::read(&bytes).map_err(|reason| not(format!("`{MARKER}`: {reason}")))?;
        if marker.image_layout_version != LAYOUT_VERSION {
            let version = shown(&marker.image_layout_version);
            return Err(not(format!(
                "its version is `{version}`, only `{LAYOUT_VERSION}` is known"
            )));
        }
        Ok(())
    }

    fn read_index(&self) -> Result<Index, Error> {
        let path = self.root.join(INDEX);
        let bytes = read_limited(&path, INDEX_LIMIT)?;
        Index::read(&bytes, &path.display().to_string())
    }

    /// The descriptor of a manifest that is in the folder but not listed.
    fn describe(&self, digest: &Digest) -> Result<Option<Descriptor>, Error> {
        let path = self.blob_path(digest);
        let size = match open_regular(&path) {
            Ok((_, size)) => size,
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let described = Descriptor {
            digest: *digest,
            size,
            ..Descriptor::of(media::MANIFEST, &[])
        };
        let (bytes, location) = fetch_at(self, &described, DOCUMENT_LIMIT)?;
        Manifest::read(&bytes, &described, &location)?;
        Ok(Some(described))
    }

    /// Every part of an artifact must be there before the artifact is listed.
    fn check_parts(&self, manifest: &Manifest) -> Result<(), Error> {
        for part in manifest.parts() {
            let Content { location, length, .. } = self.open(part)?;
            if length != Some(part.size) {
                let found = length.map_or_else(|| "unknown".to_owned(), |length| length.to_string());
                return Err(Error::WrongSize {
                    location,
                    digest: part.digest,
                    expected: part.size,
                    found,
                });
            }
        }
        Ok(())
    }
}

impl Store for Layout {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn open(&self, descriptor: &Descriptor) -> Result<Content<'_>, Error> {
        let path = self.blob_path(&descriptor.digest);
        match open_regular(&path) {
            Ok((file, size)) => {
                let location = path.display().to_string();
                Ok(Content {
                    reader: Box::new(file),
                    location,
                    length: Some(size),
                })
            }
            Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Err(Error::Missing {
                    location: self.location(),
                    digest: descriptor.digest,
                })
            }
            Err(error) => Err(error),
        }
    }

    fn resolve_all(&self, references: &[Reference]) -> Result<Vec<Option<Descriptor>>, Error> {
        let index = self.read_index()?;
        let find = |reference: &Reference| match reference {
            Reference::Tag(tag) => index.tagged(tag, &self.root),
            Reference::Digest(digest) => match index.listed(digest) {
                Some(descriptor) => Ok(Some(descriptor)),
                None => self.describe(digest),
            },
        };
        references.iter().map(find).collect()
    }

    fn is_atomic(&self) -> bool {
        true
    }

    fn has_blob(&self, descriptor: &Descriptor) -> Result<bool, Error> {
        Ok(write::whole(self, descriptor).is_ok())
    }

    fn put_from(&self, descriptor: &Descriptor, bytes: &mut dyn Read) -> Result<(), Error> {
        let path = self.blob_path(&descriptor.digest);
        let location = path.display().to_string();
        write::put(&self.root, &path, &mut Checked::new(bytes, descriptor, &location))
    }

    fn publish(&self, publications: &[Publication]) -> Result<Vec<Descriptor>, Error> {
        let mut published = Vec::with_capacity(publications.len());
        for publication in publications {
            publication.check_tag()?;
            self.check_parts(&publication.manifest)?;
            self.put_blob(media::MANIFEST, &publication.bytes)?;
            published.push(publication.descriptor());
        }
        let writer = Writer::lock(&self.root)?;
        let mut index = self.read_index()?;
        for (publication, descriptor) in publications.iter().zip(&published) {
            index.list(
                descriptor.clone(),
                publication.tag.as_ref(),
                publication.superseded,
                &self.root,
            )?;
            if let Some(subject) = &publication.manifest.subject {
                self.list_referrer(&mut index, &subject.digest, descriptor)?;
            }
        }
        writer.replace(INDEX, &index.to_bytes()?)?;
        Ok(published)
    }

    fn tag(&self, tag: &Tag, digest: &Digest) -> Result<Descriptor, Error> {
        tag.refuse_reserved()?;
        let mut descriptor = self.resolve(&Reference::Digest(*digest))?;
        descriptor.annotations.remove(media::REF_NAME);
        self.check_parts(&self.manifest(&descriptor, DOCUMENT_LIMIT)?)?;
        let writer = Writer::lock(&self.root)?;
        let mut index = self.read_index()?;
        index.list(descriptor.clone(), Some(tag), Superseded::Keep, &self.root)?;
        writer.replace(INDEX, &index.to_bytes()?)?;
        Ok(descriptor)
    }

    fn referrer_candidates(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        let index = self.read_index()?;
        let mut candidates = self.read_referrers(&index, subject)?.manifests;
        // Other tools list referrers in index.json alone, some of them without their type.
        candidates.extend(index.manifests);
        let possible = |candidate: &Descriptor| {
            candidate.media_type == media::MANIFEST && candidate.may_be(artifact_type)
        };
        candidates.retain(possible);
        Ok(candidates)
    }
}

/// Opens a regular file and tells its size. Links are not followed, and devices and pipes are not waited for.
fn open_regular(path: &Path) -> Result<(File, u64), Error> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let irregular = || Error::NotARegularFile {
        path: path.to_owned(),
    };
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Err(irregular()),
        other => other.map_err(Error::io("open", path))?,
    };
    let metadata = file.metadata().map_err(Error::io("examine", path))?;
    if !metadata.is_file() {
        return Err(irregular());
    }
    Ok((file, metadata.len()))
}

/// A file that has no digest to check it by.
fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let (file, _) = open_regular(path)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", path))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        let reason = format!("it has more than {limit} bytes");
        return Err(Error::Malformed {
            location: path.display().to_string(),
            reason,
        });
    }
    Ok(bytes)
}
