//! How a bundle reaches a gateway: a folder with everything in it, and one line each way over a socket.
//!
//! The agent writes the folder, the gateway reads it once into memory and verifies what it read. Nobody trusts the
//! folder: it is a way of transport, like a registry.
//!
//! ```text
//! bundle.dsse.json                           the bundle, in its envelope
//! freshness.dsse.json                        the freshness statement, in its envelope; empty if there is none
//! roots/<version>.root.json                  the trust roots after version 1, to follow rotation by
//! attestations/<component hex>.dsse.json     one for each component
//! reviews/<component hex>.<number>.dsse.json what reviewers say of it, where the trust root asks for reviews
//! blobs/<hex>                                components and native code, by SHA-256
//! ```

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use aecp_vocabulary::digest::Digest;

mod folder;
mod messages;

pub use folder::HandoverError;
pub use messages::{Answer, MESSAGE_LIMIT, MalformedMessage, Offer};

/// Bytes that do not change any more. Cheap to clone.
pub type Blob = Arc<[u8]>;

/// Name of the bundle's envelope in the folder.
pub const BUNDLE_FILE: &str = "bundle.dsse.json";
/// Name of the freshness statement's envelope in the folder.
pub const FRESHNESS_FILE: &str = "freshness.dsse.json";
/// Name of the folder of attestations.
pub const ATTESTATIONS: &str = "attestations";
/// Name of the folder of reviews. It may be missing.
pub const REVIEWS: &str = "reviews";
/// Name of the folder of blobs.
pub const BLOBS: &str = "blobs";
/// Name of the folder of trust roots.
pub const ROOTS: &str = "roots";
/// How the name of a trust root ends, after its version.
pub const ROOT_SUFFIX: &str = ".root.json";
/// How the name of an envelope ends, after the hexadecimal digest of the component.
pub const ENVELOPE_SUFFIX: &str = ".dsse.json";

/// A bundle and everything that belongs to it, as bytes that nobody has verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The bundle's envelope, JSON.
    pub bundle: Vec<u8>,
    /// The freshness statement's envelope, JSON. Empty if there is none.
    pub freshness: Vec<u8>,
    /// Trust roots by the versions that they are said to have.
    pub roots: BTreeMap<u64, Vec<u8>>,
    /// The envelope of each component's attestation, JSON, by the component's digest.
    pub attestations: BTreeMap<Digest, Vec<u8>>,
    /// The envelopes of reviews, JSON, by the component's digest, numbered.
    pub reviews: BTreeMap<(Digest, u32), Vec<u8>>,
    /// Components and native code, under the digests that they are said to have.
    pub blobs: BTreeMap<Digest, Blob>,
}

/// How much of a folder is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of one envelope.
    pub envelope: u64,
    /// Most bytes of one blob.
    pub blob: u64,
    /// Most bytes of everything.
    pub total: u64,
    /// Most attestations, most reviews, most blobs, and most trust roots.
    pub files: usize,
}

impl Default for Limits {
    /// 4 MiB, 64 MiB, 512 MiB, 4,096 files.
    fn default() -> Self {
        Self {
            envelope: 4 << 20,
            blob: 64 << 20,
            total: 512 << 20,
            files: 4_096,
        }
    }
}

impl Delivery {
    /// Reads a folder into memory. Files that are not of the format are left alone.
    ///
    /// # Errors
    /// A file that is missing, is not a regular file (links are not followed), is larger than `limits` allow, or
    /// cannot be read. The error names it.
    pub fn read(path: &Path, limits: &Limits) -> Result<Self, HandoverError> {
        folder::read(path, limits)
    }

    /// Writes a folder that is there as a whole or not at all, on stable storage.
    ///
    /// # Errors
    /// Something is at `path` already, or the folder cannot be written. Nothing is left behind.
    pub fn write(&self, path: &Path) -> Result<(), HandoverError> {
        folder::write(self, path)
    }

    /// Takes a file under the name that it has in a bundle's artifact, which is the one that it has in the folder.
    /// False if files of this name have no meaning here.
    pub fn add_file(&mut self, name: &str, bytes: Vec<u8>) -> bool {
        if name == BUNDLE_FILE {
            self.bundle = bytes;
        } else if name == FRESHNESS_FILE {
            self.freshness = bytes;
        } else if let Some(component) = in_folder(name, ATTESTATIONS, ENVELOPE_SUFFIX).and_then(digest_of) {
            self.attestations.insert(component, bytes);
        } else if let Some(review) = in_folder(name, REVIEWS, ENVELOPE_SUFFIX).and_then(review_of) {
            self.reviews.insert(review, bytes);
        } else if let Some(digest) = in_folder(name, BLOBS, "").and_then(digest_of) {
            self.blobs.insert(digest, bytes.into());
        } else if let Some(version) = in_folder(name, ROOTS, ROOT_SUFFIX).and_then(version_of) {
            self.roots.insert(version, bytes);
        } else {
            return false;
        }
        true
    }

    /// The envelopes of the reviews of a component.
    pub fn reviews_of(&self, component: Digest) -> impl Iterator<Item = &[u8]> {
        let numbered = (component, 0)..=(component, u32::MAX);
        self.reviews
            .range(numbered)
            .map(|(_, envelope)| envelope.as_slice())
    }

    /// SHA-256 over everything but the blobs, whose digests the bundle names: whether two deliveries say the same.
    pub fn fingerprint(&self) -> Digest {
        let singles = [&self.bundle, &self.freshness];
        let parts = singles
            .into_iter()
            .chain(self.attestations.values())
            .chain(self.reviews.values())
            .chain(self.roots.values());
        let digests: Vec<u8> = parts.flat_map(|part| *Digest::of(part).as_bytes()).collect();
        Digest::of(&digests)
    }

    /// Adds bytes under their own digest.
    pub fn add_blob(&mut self, bytes: impl Into<Blob>) -> Digest {
        let blob = bytes.into();
        let digest = Digest::of(&blob);
        self.blobs.insert(digest, blob);
        digest
    }
}

/// What stands between the folder and the suffix in a name like `blobs/<hex>`.
fn in_folder<'a>(name: &'a str, folder: &str, suffix: &str) -> Option<&'a str> {
    name.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(suffix)
}

fn digest_of(hex: &str) -> Option<Digest> {
    Digest::from_hex(hex).ok()
}

/// A component and a number, as in `<component hex>.<number>`.
fn review_of(text: &str) -> Option<(Digest, u32)> {
    let (component, written) = text.split_once('.')?;
    let number: u32 = written.parse().ok()?;
    Some((digest_of(component)?, number)).filter(|_| number.to_string() == written)
}

/// A version as it is written in one way only.
fn version_of(text: &str) -> Option<u64> {
    text.parse()
        .ok()
        .filter(|version: &u64| version.to_string() == text)
}
