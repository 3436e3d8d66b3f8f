//! A bundle as an artifact, and its freshness statement beside it.
//!
//! The bundle is one manifest of type [`media::BUNDLE`] whose layers are everything that an enforcement point needs to
//! verify and run it: the envelope of the bundle document, the attestations, the components, their native code. Each
//! layer has its file name in the annotation `org.opencontainers.image.title`, so that `oras pull` and
//! [`Store::pull_bundle`] give the same files:
//!
//! - `bundle.dsse.json`: the bundle document in its envelope; every bundle has it
//! - `attestations/<name>.dsse.json`: what was signed about the components
//! - `reviews/<name>.<number>.dsse.json`: what reviewers say of the components, where the trust root asks for reviews
//! - `roots/<version>.root.json`: trust roots, by which enforcement points follow the rotation of keys
//! - `blobs/<hex>`: components and native code, named by the SHA-256 of their bytes
//!
//! The freshness statement is an artifact of its own under the tag `<tag>.freshness`. It is renewed many times in the
//! life of a bundle. A tag gives the newest one with a single question and lets the old one go; as a referrer it would
//! pile up, and a reader would have to fetch all of them to find the newest.

use std::collections::BTreeSet;
use std::fmt;

use crate::component::{publish_one, wrong_kind};
use crate::document::{Descriptor, Manifest};
use crate::error::{Error, shown};
use crate::limit::Limits;
use crate::media;
use crate::name::{Reference, Tag, check_file_name};
use crate::parallel::in_parallel;
use crate::store::{Publication, Store, Superseded};
use aecp_vocabulary::digest::Digest;

/// The file that every bundle has.
pub const BUNDLE_FILE: &str = "bundle.dsse.json";

/// The file name of a freshness statement.
pub const FRESHNESS_FILE: &str = "freshness.dsse.json";

/// How often a bundle is pulled, if its tags move meanwhile.
const LOOKS: u32 = 3;

/// A file of a bundle.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedBlob {
    name: String,
    media_type: String,
    bytes: Vec<u8>,
}

impl NamedBlob {
    /// A file of any kind. Names have at most 3 parts between slashes, each of `a-z 0-9 . _ -` and not beginning with
    /// a dot, and at most 200 bytes; one in `blobs/` is the SHA-256 of the bytes.
    ///
    /// # Errors
    /// [`Error::InvalidFileName`].
    pub fn new(name: &str, media_type: &str, bytes: Vec<u8>) -> Result<Self, Error> {
        check_file_name(name, &Digest::of(&bytes))?;
        Ok(Self {
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            bytes,
        })
    }

    /// The bundle document in its envelope.
    pub fn bundle(envelope: Vec<u8>) -> Self {
        Self {
            name: BUNDLE_FILE.to_owned(),
            media_type: media::DSSE.to_owned(),
            bytes: envelope,
        }
    }

    /// What was signed about the component `subject`: `attestations/<hex of subject>.dsse.json`. For several
    /// attestations of one component, or others, see [`NamedBlob::new`].
    pub fn attestation(subject: &Digest, envelope: Vec<u8>) -> Self {
        let name = format!("attestations/{}.dsse.json", subject.hex());
        Self {
            name,
            media_type: media::DSSE.to_owned(),
            bytes: envelope,
        }
    }

    /// Review number `number` of the component `subject`: `reviews/<hex of subject>.<number>.dsse.json`.
    pub fn review(subject: &Digest, number: u32, envelope: Vec<u8>) -> Self {
        let name = format!("reviews/{}.{number}.dsse.json", subject.hex());
        Self {
            name,
            media_type: media::DSSE.to_owned(),
            bytes: envelope,
        }
    }

    /// A trust root of this version: `roots/<version>.root.json`.
    ///
    /// # Errors
    /// None that is known; the name is checked as any other.
    pub fn root(version: u64, bytes: Vec<u8>) -> Result<Self, Error> {
        Self::new(&format!("roots/{version}.root.json"), media::TUF, bytes)
    }

    /// A component: `blobs/<hex>`.
    pub fn component(bytes: Vec<u8>) -> Self {
        Self {
            name: blob_name(&bytes),
            media_type: media::WASM.to_owned(),
            bytes,
        }
    }

    /// Native code: `blobs/<hex>`.
    pub fn native(bytes: Vec<u8>) -> Self {
        Self {
            name: blob_name(&bytes),
            media_type: media::NATIVE.to_owned(),
            bytes,
        }
    }

    /// The file's name in the bundle.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for NamedBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "NamedBlob({}, {}, {} bytes)",
            self.name,
            self.media_type,
            self.bytes.len()
        )
    }
}

/// What a tag points at: the bundle and the freshness statement beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// The digest of the bundle's manifest.
    pub bundle: Digest,
    /// The digest of the freshness statement's manifest, if there is one.
    pub freshness: Option<Digest>,
}

/// What a push came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedBundle {
    /// The bundle's manifest.
    pub bundle: Descriptor,
    /// The freshness statement's manifest, if one was given.
    pub freshness: Option<Descriptor>,
}

/// A bundle as it came out of a store: the bytes are those that the manifest names. Nothing is said about who signed
/// them.
#[derive(Clone, PartialEq, Eq)]
pub struct PulledBundle {
    /// The digest of the bundle's manifest.
    pub manifest: Digest,
    /// Names and bytes, in the order of the manifest. The names are safe to write to disk under a folder.
    pub files: Vec<(String, Vec<u8>)>,
    /// The freshness statement, if there is one.
    pub freshness: Option<Vec<u8>>,
    /// What the tag pointed at, to compare with [`Store::revision`].
    pub revision: Revision,
}

impl PulledBundle {
    /// The bytes of the file `name`.
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.files
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, bytes)| bytes.as_slice())
    }
}

impl fmt::Debug for PulledBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<_> = self
            .files
            .iter()
            .map(|(name, bytes)| (name, bytes.len()))
            .collect();
        f.debug_struct("PulledBundle")
            .field("revision", &self.revision)
            .field("files", &files)
            .finish()
    }
}

fn blob_name(bytes: &[u8]) -> String {
    format!("blobs/{}", Digest::of(bytes).hex())
}

fn check_names<'a>(location: &str, names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut known = BTreeSet::new();
    for name in names {
        if !known.insert(name) {
            return Err(Error::DuplicateFile {
                location: location.to_owned(),
                name: name.to_owned(),
            });
        }
    }
    if !known.contains(BUNDLE_FILE) {
        return Err(Error::MissingFile {
            location: location.to_owned(),
            name: BUNDLE_FILE,
        });
    }
    Ok(())
}

pub(crate) fn push<S: Store + ?Sized>(
    store: &S,
    tag: &Tag,
    files: &[NamedBlob],
    freshness: Option<&[u8]>,
) -> Result<PushedBundle, Error> {
    let freshness_tag = tag.freshness()?;
    tag.refuse_epoch()?;
    check_names(tag.as_str(), files.iter().map(NamedBlob::name))?;
    store.put_blob(media::EMPTY, media::EMPTY_BYTES)?;
    let put = |file: &NamedBlob| {
        Ok(store
            .put_blob(&file.media_type, &file.bytes)?
            .annotated(media::TITLE, &file.name))
    };
    let layers = in_parallel(store.parallel(), files, put)?;
    let manifest = Manifest::of_artifact(media::BUNDLE, layers);
    let mut publications = vec![Publication::of(manifest)?.tagged(tag.clone(), Superseded::Keep)];
    if let Some(envelope) = freshness {
        publications.push(freshness_publication(store, freshness_tag, envelope)?);
    }
    let mut published = store.publish(&publications)?.into_iter();
    let nothing = || Error::Unknown {
        location: store.location(),
        reference: tag.to_string(),
    };
    Ok(PushedBundle {
        bundle: published.next().ok_or_else(nothing)?,
        freshness: published.next(),
    })
}

pub(crate) fn renew_freshness<S: Store + ?Sized>(
    store: &S,
    tag: &Tag,
    envelope: &[u8],
) -> Result<Descriptor, Error> {
    let freshness_tag = tag.freshness()?;
    store.put_blob(media::EMPTY, media::EMPTY_BYTES)?;
    publish_one(store, freshness_publication(store, freshness_tag, envelope)?)
}

fn freshness_publication<S: Store + ?Sized>(
    store: &S,
    tag: Tag,
    envelope: &[u8],
) -> Result<Publication, Error> {
    let layer = store
        .put_blob(media::DSSE, envelope)?
        .annotated(media::TITLE, FRESHNESS_FILE);
    let manifest = Manifest::of_artifact(media::FRESHNESS, vec![layer]);
    Ok(Publication::of(manifest)?.tagged(tag, Superseded::Forget))
}

/// The bundle and the freshness statement under a tag.
type Found = (Option<Descriptor>, Option<Descriptor>);

/// What is under `tag` now.
fn resolve<S: Store + ?Sized>(store: &S, tag: &Tag) -> Result<Found, Error> {
    let references = [Reference::from(tag.clone()), tag.freshness()?.into()];
    let mut found = store.resolve_all(&references)?.into_iter();
    Ok((found.next().flatten(), found.next().flatten()))
}

pub(crate) fn revision<S: Store + ?Sized>(store: &S, tag: &Tag) -> Result<Option<Revision>, Error> {
    Ok(revision_of(&resolve(store, tag)?))
}

fn revision_of((bundle, freshness): &Found) -> Option<Revision> {
    Some(Revision {
        bundle: bundle.as_ref()?.digest,
        freshness: freshness.as_ref().map(|found| found.digest),
    })
}

pub(crate) fn pull<S: Store + ?Sized>(store: &S, tag: &Tag, limits: &Limits) -> Result<PulledBundle, Error> {
    let mut found = resolve(store, tag)?;
    for _ in 1..LOOKS {
        let pulled = pull_found(store, tag, limits, found)?;
        if store.is_atomic() {
            return Ok(pulled);
        }
        // Two tags moved one after the other: what was found may be one before and one behind.
        found = resolve(store, tag)?;
        if revision_of(&found) == Some(pulled.revision) {
            return Ok(pulled);
        }
    }
    pull_found(store, tag, limits, found)
}

fn pull_found<S: Store + ?Sized>(
    store: &S,
    tag: &Tag,
    limits: &Limits,
    (bundle, freshness): Found,
) -> Result<PulledBundle, Error> {
    let unknown = || Error::Unknown {
        location: store.location(),
        reference: tag.to_string(),
    };
    let bundle = bundle.ok_or_else(unknown)?;
    let location = format!("{} {}", store.location(), bundle.digest);
    let manifest = store.manifest(&bundle, limits.manifest_bytes)?;
    if manifest.kind() != media::BUNDLE {
        return Err(wrong_kind(store, &bundle, media::BUNDLE, shown(manifest.kind())));
    }
    limits.check(&location, manifest.layers.iter())?;
    let mut named = Vec::with_capacity(manifest.layers.len());
    for layer in &manifest.layers {
        let Some(name) = layer.annotations.get(media::TITLE) else {
            let reason = format!("layer {} has no annotation `{}`", layer.digest, media::TITLE);
            return Err(Error::Malformed { location, reason });
        };
        check_file_name(name, &layer.digest)?;
        named.push((name, layer));
    }
    check_names(&location, named.iter().map(|(name, _)| name.as_str()))?;
    let revision = Revision {
        bundle: bundle.digest,
        freshness: freshness.as_ref().map(|found| found.digest),
    };
    let freshness = freshness
        .map(|found| fetch_freshness(store, &found, limits))
        .transpose()?;
    let layers: Vec<_> = named.iter().map(|(_, layer)| *layer).collect();
    let fetched = store.fetch_all(&layers, limits.file_bytes)?;
    let files = named.iter().map(|(name, _)| (*name).clone()).zip(fetched);
    let files = files.collect();
    Ok(PulledBundle {
        manifest: bundle.digest,
        files,
        freshness,
        revision,
    })
}

pub(crate) fn pull_freshness<S: Store + ?Sized>(
    store: &S,
    tag: &Tag,
    limits: &Limits,
) -> Result<Option<Vec<u8>>, Error> {
    let (_, freshness) = resolve(store, tag)?;
    freshness
        .map(|found| fetch_freshness(store, &found, limits))
        .transpose()
}

fn fetch_freshness<S: Store + ?Sized>(
    store: &S,
    descriptor: &Descriptor,
    limits: &Limits,
) -> Result<Vec<u8>, Error> {
    let manifest = store.manifest(descriptor, limits.manifest_bytes)?;
    if manifest.kind() != media::FRESHNESS {
        return Err(wrong_kind(
            store,
            descriptor,
            media::FRESHNESS,
            shown(manifest.kind()),
        ));
    }
    match manifest.layers.as_slice() {
        [layer] if layer.media_type == media::DSSE => store.fetch(layer, limits.file_bytes),
        [layer] => Err(wrong_kind(
            store,
            descriptor,
            media::DSSE,
            shown(&layer.media_type),
        )),
        layers => Err(wrong_kind(
            store,
            descriptor,
            "one layer",
            format!("{} layers", layers.len()),
        )),
    }
}
