//! Everything that can be wrong with a store and what it holds.

use std::io;
use std::path::PathBuf;

use aecp_vocabulary::digest::{Digest, InvalidDigest};

/// Most characters of foreign text in a message.
const SHOWN_LIMIT: usize = 160;

/// Why a store did not do what it was asked for. Whoever gets one of these has got no bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operating system refused.
    #[error("cannot {action} `{path}`: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A store other than a folder could not be reached, or refused.
    #[error("cannot {action} at `{location}`: {reason}")]
    Unreachable {
        /// What was tried.
        action: &'static str,
        /// Where.
        location: String,
        /// What came back.
        reason: String,
    },
    /// A registry did not do what it was asked for, or is not to be asked.
    #[cfg(feature = "registry")]
    #[error(transparent)]
    Registry(Box<crate::registry::RegistryError>),
    /// The folder is no OCI image layout of a version that is known.
    #[error("`{path}` is no OCI image layout: {reason}")]
    NotALayout {
        /// The folder.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A document is not what its place demands.
    #[error("`{location}` is malformed: {reason}")]
    Malformed {
        /// The file or address; it ends in the digest where the document has one.
        location: String,
        /// What is wrong.
        reason: String,
    },
    /// A text is not a digest that is supported.
    #[error(transparent)]
    InvalidDigest(#[from] InvalidDigest),
    /// A text is no tag.
    #[error("`{text}` is no tag: {reason}")]
    InvalidTag {
        /// The text, cut.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A text cannot be the name of a file in a bundle.
    #[error("`{text}` is no file name for a bundle: {reason}")]
    InvalidFileName {
        /// The text, cut.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More bytes are announced than the caller takes.
    #[error("`{location}` announces {size} bytes for {digest}, at most {limit} are taken")]
    TooLarge {
        /// Where the content would be.
        location: String,
        /// Its digest.
        digest: Digest,
        /// Its announced size in bytes.
        size: u64,
        /// The caller's limit in bytes.
        limit: u64,
    },
    /// More of something than the caller takes.
    #[error("{what} in `{location}`: {found}, at most {limit} are taken")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// Where.
        location: String,
        /// How many there are.
        found: u64,
        /// How many the caller takes.
        limit: u64,
    },
    /// Another number of bytes than announced.
    #[error("`{location}` does not have the {expected} bytes that are announced for {digest}: {found}")]
    WrongSize {
        /// Where the content is.
        location: String,
        /// The digest it should have.
        digest: Digest,
        /// The announced size in bytes.
        expected: u64,
        /// How many bytes there are: a number, or `more`.
        found: String,
    },
    /// Other bytes than the digest names.
    #[error("`{location}` should be {expected}, but its bytes are {found}: it was altered or damaged")]
    WrongDigest {
        /// Where the content is.
        location: String,
        /// The digest asked for.
        expected: Digest,
        /// The digest of the bytes that are there.
        found: Digest,
    },
    /// A link, folder or device in the place of a file.
    #[error("`{path}` is not a regular file; links and devices are not followed")]
    NotARegularFile {
        /// The path.
        path: PathBuf,
    },
    /// Content that is named but not there.
    #[error("`{location}` has no content {digest}")]
    Missing {
        /// The store.
        location: String,
        /// What was asked for.
        digest: Digest,
    },
    /// A tag or digest that the store does not list.
    #[error("`{location}` has nothing under `{reference}`; what it lists is in its index.json or tag list")]
    Unknown {
        /// The store.
        location: String,
        /// The tag or digest.
        reference: String,
    },
    /// Several artifacts under one tag.
    #[error("`{location}` lists tag `{tag}` {count} times; remove all but one")]
    AmbiguousTag {
        /// The store.
        location: String,
        /// The tag.
        tag: String,
        /// How often.
        count: usize,
    },
    /// An artifact of another kind than asked for.
    #[error("`{location}` is `{found}`, expected `{expected}`")]
    WrongKind {
        /// The document; it ends in the digest.
        location: String,
        /// The kind asked for.
        expected: String,
        /// The kind found.
        found: String,
    },
    /// Nothing of this type refers to the subject. A caller that needs a signature must refuse here: an empty list
    /// is also what a store shows from which signatures were stripped.
    #[error("`{location}` has no `{artifact_type}` that refers to {subject}; without one it is not accepted")]
    NoReferrer {
        /// The store.
        location: String,
        /// What should be referred to.
        subject: Digest,
        /// The type of what should refer to it.
        artifact_type: String,
    },
    /// The same file name twice in one bundle.
    #[error("bundle `{location}` has the file `{name}` twice")]
    DuplicateFile {
        /// The bundle.
        location: String,
        /// The name.
        name: String,
    },
    /// A bundle without a file that every bundle has.
    #[error("bundle `{location}` has no file `{name}`")]
    MissingFile {
        /// The bundle.
        location: String,
        /// The name.
        name: &'static str,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    /// Whether the same may succeed if it is tried again: nothing is wrong but the way to the store.
    pub fn may_pass(&self) -> bool {
        match self {
            #[cfg(feature = "registry")]
            Self::Registry(error) => error.may_pass(),
            _ => false,
        }
    }

    /// Whether the store simply does not have what was asked for, in contrast to having something wrong.
    pub fn is_absence(&self) -> bool {
        matches!(
            self,
            Self::Missing { .. } | Self::Unknown { .. } | Self::NoReferrer { .. }
        )
    }
}

/// Foreign text as messages show it: cut, and without control characters.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(SHOWN_LIMIT)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(SHOWN_LIMIT).is_some() {
        shown.push('…');
    }
    shown
}
