//! What a place for artifacts must be able to do, and what can be done with every such place.
//!
//! An implementation (a folder, a registry) only moves bytes. That they are the right ones is checked here, in
//! [`Store::fetch`], once for all of them.

use std::collections::BTreeMap;
use std::io::Read;

use crate::bundle::{self, NamedBlob, PulledBundle, PushedBundle, Revision};
use crate::component::{self, ComponentInfo, PulledComponent};
use crate::content::{Checked, Content, read_error};
use crate::document::{Descriptor, Manifest};
use crate::error::Error;
use crate::limit::Limits;
use crate::name::{Reference, Tag};
use crate::parallel::in_parallel;
use crate::referrer::{self, Envelope, Referrers};
use crate::sources;
use aecp_vocabulary::digest::Digest;

/// Most bytes of a manifest or index that is read where the caller gives no limit of its own: what registries take.
pub const DOCUMENT_LIMIT: u64 = 4 * 1024 * 1024;

/// How often the transfer of a blob is begun.
const ATTEMPTS: u32 = 3;

/// What becomes of the artifact that had a tag when the tag moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Superseded {
    /// It stays listed without a tag, and can be asked for by its digest.
    Keep,
    /// It need not be listed any more.
    Forget,
}

/// An artifact to be listed: a manifest whose configuration and layers are in the store already.
#[derive(Clone, Debug)]
pub struct Publication {
    pub(crate) manifest: Manifest,
    pub(crate) bytes: Vec<u8>,
    pub(crate) tag: Option<Tag>,
    pub(crate) superseded: Superseded,
}

impl Publication {
    /// An artifact made here, without a tag.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it cannot be written as JSON.
    pub fn of(manifest: Manifest) -> Result<Self, Error> {
        let bytes = manifest.to_bytes()?;
        Ok(Self::as_written(manifest, bytes))
    }

    /// An artifact that somebody else may have written: its bytes stay as they are, and so does its digest.
    pub(crate) fn as_written(manifest: Manifest, bytes: Vec<u8>) -> Self {
        Self {
            manifest,
            bytes,
            tag: None,
            superseded: Superseded::Keep,
        }
    }

    /// The same with a tag that is to point at it, and what becomes of what the tag pointed at.
    #[must_use]
    pub fn tagged(mut self, tag: Tag, superseded: Superseded) -> Self {
        self.tag = Some(tag);
        self.superseded = superseded;
        self
    }

    /// What the artifact will be listed as.
    pub fn descriptor(&self) -> Descriptor {
        self.manifest.described(&self.bytes)
    }

    /// Refuses a tag that [`Tag::of_referrers`] gives.
    pub(crate) fn check_tag(&self) -> Result<(), Error> {
        self.tag.as_ref().map_or(Ok(()), Tag::refuse_reserved)
    }
}

/// A place for artifacts. The methods without a body are what an implementation brings; the others are what it can
/// then be used for.
pub trait Store: Sync {
    /// The store's name in messages.
    fn location(&self) -> String;

    /// Opens the content that `descriptor` names, unchecked.
    ///
    /// # Errors
    /// [`Error::Missing`], and what the store itself can fail with.
    fn open(&self, descriptor: &Descriptor) -> Result<Content<'_>, Error>;

    /// What each reference points at, all at the same moment if the store can say so (a folder can, a registry
    /// answers one by one). Nothing where it does not know a reference.
    ///
    /// # Errors
    /// What the store can fail with, and [`Error::AmbiguousTag`].
    fn resolve_all(&self, references: &[Reference]) -> Result<Vec<Option<Descriptor>>, Error>;

    /// Whether the store has the blob that `descriptor` names, so that it need not be stored again. A folder reads it,
    /// and does not count one that is damaged; a registry is believed.
    ///
    /// # Errors
    /// What the store can fail with.
    fn has_blob(&self, descriptor: &Descriptor) -> Result<bool, Error>;

    /// Stores the blob that `descriptor` names, from `bytes`, which are checked to be it before anybody can see it.
    ///
    /// # Errors
    /// [`Error::WrongSize`], [`Error::WrongDigest`], an error of `bytes`, and what the store can fail with. The blob is
    /// then not there, or there whole.
    fn put_from(&self, descriptor: &Descriptor, bytes: &mut dyn Read) -> Result<(), Error>;

    /// Stores and lists artifacts, in one step if the store can do so (a folder can), else in the given order. An
    /// artifact with a subject can be found with [`Store::referrers`] from then on.
    ///
    /// # Errors
    /// [`Error::Missing`] if a part of an artifact is not in the store (a registry says so in its own way),
    /// [`Error::InvalidTag`] for a tag of [`Tag::of_referrers`], and what the store can fail with.
    fn publish(&self, publications: &[Publication]) -> Result<Vec<Descriptor>, Error>;

    /// Points `tag` at a manifest that is in the store.
    ///
    /// # Errors
    /// [`Error::Unknown`] if it is not there, [`Error::InvalidTag`] for a tag of [`Tag::of_referrers`], and what the
    /// store can fail with.
    fn tag(&self, tag: &Tag, digest: &Digest) -> Result<Descriptor, Error>;

    /// Manifests that may refer to `subject` with `artifact_type`, or with any: all that do, and possibly others.
    ///
    /// # Errors
    /// What the store can fail with. A store that cannot tell must fail here, never answer with nothing.
    fn referrer_candidates(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error>;

    /// Whether [`Store::resolve_all`] answers for one moment, so that a bundle and its freshness statement match.
    fn is_atomic(&self) -> bool {
        false
    }

    /// How many things may be asked of the store at the same time.
    fn parallel(&self) -> usize {
        1
    }

    /// Stores a blob. Storing what is there already is not an error, and mends it if it was damaged.
    ///
    /// # Errors
    /// As [`Store::put_from`].
    fn put_blob(&self, media_type: &str, bytes: &[u8]) -> Result<Descriptor, Error> {
        let descriptor = Descriptor::of(media_type, bytes);
        if !self.has_blob(&descriptor)? {
            again(|| self.put_from(&descriptor, &mut &*bytes))?;
        }
        Ok(descriptor)
    }

    /// The content that `descriptor` names, once its size and digest are checked; at most `limit` bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::WrongSize`], [`Error::WrongDigest`], [`Error::Missing`], and what the store can
    /// fail with.
    fn fetch(&self, descriptor: &Descriptor, limit: u64) -> Result<Vec<u8>, Error> {
        fetch_at(self, descriptor, limit).map(|(bytes, _)| bytes)
    }

    /// The contents that `descriptors` name, in this order; at most `limit` bytes each.
    ///
    /// # Errors
    /// As [`Store::fetch`], for the first that cannot be had.
    fn fetch_all(&self, descriptors: &[&Descriptor], limit: u64) -> Result<Vec<Vec<u8>>, Error> {
        in_parallel(self.parallel(), descriptors, |descriptor| {
            self.fetch(descriptor, limit)
        })
    }

    /// The manifest that `descriptor` names; at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Store::fetch`], and [`Error::Malformed`].
    fn manifest(&self, descriptor: &Descriptor, limit: u64) -> Result<Manifest, Error> {
        let (bytes, location) = fetch_at(self, descriptor, limit)?;
        Manifest::read(&bytes, descriptor, &location)
    }

    /// What `reference` points at.
    ///
    /// # Errors
    /// [`Error::Unknown`] if the store does not list it, and as [`Store::resolve_all`].
    fn resolve(&self, reference: &Reference) -> Result<Descriptor, Error> {
        let found = self.resolve_all(std::slice::from_ref(reference))?;
        let unknown = || Error::Unknown {
            location: self.location(),
            reference: reference.to_string(),
        };
        found.into_iter().next().flatten().ok_or_else(unknown)
    }

    /// Stores a component as a CNCF Wasm OCI artifact. Equal arguments give equal digests. It has no tag yet.
    ///
    /// # Errors
    /// As [`Store::publish`].
    fn push_component(
        &self,
        bytes: &[u8],
        info: &ComponentInfo,
        annotations: BTreeMap<String, String>,
    ) -> Result<Descriptor, Error> {
        component::push(self, bytes, info, annotations)
    }

    /// The component under `reference`; at most `limit` bytes.
    ///
    /// # Errors
    /// [`Error::WrongKind`] if it is not one WebAssembly component, and as [`Store::fetch`].
    fn pull_component(&self, reference: &Reference, limit: u64) -> Result<PulledComponent, Error> {
        component::pull(self, reference, limit)
    }

    /// Attaches a DSSE envelope to the manifest `subject`, with artifact type `artifact_type` (for an in-toto
    /// statement: [`crate::media::IN_TOTO`]).
    ///
    /// # Errors
    /// [`Error::Unknown`] if the subject is not in the store, and as [`Store::publish`].
    fn attach(&self, subject: &Digest, artifact_type: &str, envelope: &[u8]) -> Result<Descriptor, Error> {
        referrer::attach(self, subject, artifact_type, envelope)
    }

    /// Stores the archive of the sources that the component under the manifest `subject` was built from. Equal arguments
    /// give equal digests.
    ///
    /// # Errors
    /// [`Error::Unknown`] if the subject is not in the store, and as [`Store::publish`].
    fn attach_sources(&self, subject: &Digest, archive: &[u8]) -> Result<Descriptor, Error> {
        sources::attach(self, subject, archive)
    }

    /// The archive of sources with this digest that is attached to the manifest `subject`; at most `limit` bytes. Other
    /// archives, whoever attached them, are not looked at.
    ///
    /// # Errors
    /// [`Error::NoReferrer`] if it is not there, and as [`Store::referrers`] and [`Store::fetch`].
    fn sources(&self, subject: &Digest, archive: &Digest, limit: u64) -> Result<Vec<u8>, Error> {
        sources::pull(self, subject, archive, limit)
    }

    /// The manifests that refer to `subject` with `artifact_type`, each read and checked to do so.
    ///
    /// # Errors
    /// As [`Store::manifest`]: a candidate that cannot be read is an error, for it may be the one that counts.
    fn referrers(&self, subject: &Digest, artifact_type: &str) -> Result<Referrers, Error> {
        referrer::list(self, subject, artifact_type)
    }

    /// The DSSE envelopes attached to `subject` with `artifact_type`. At least one.
    ///
    /// # Errors
    /// [`Error::NoReferrer`] if there is none, [`Error::TooMany`] and [`Error::TooLarge`] past the limits, and as
    /// [`Store::referrers`].
    fn envelopes(
        &self,
        subject: &Digest,
        artifact_type: &str,
        limits: &Limits,
    ) -> Result<Vec<Envelope>, Error> {
        referrer::envelopes(self, subject, artifact_type, limits)
    }

    /// Stores a bundle under `tag`, and its freshness statement (a DSSE envelope) beside it if one is given, both in
    /// one step if the store can do so. Equal files in equal order give equal digests.
    ///
    /// # Errors
    /// [`Error::InvalidFileName`], [`Error::DuplicateFile`], [`Error::MissingFile`] for files that no enforcement
    /// point would take, and as [`Store::publish`].
    fn push_bundle(
        &self,
        tag: &Tag,
        files: &[NamedBlob],
        freshness: Option<&[u8]>,
    ) -> Result<PushedBundle, Error> {
        bundle::push(self, tag, files, freshness)
    }

    /// Replaces the freshness statement of the bundle under `tag`; the bundle stays as it is.
    ///
    /// # Errors
    /// As [`Store::publish`].
    fn renew_freshness(&self, tag: &Tag, envelope: &[u8]) -> Result<Descriptor, Error> {
        bundle::renew_freshness(self, tag, envelope)
    }

    /// The bundle under `tag` with all its files and its freshness statement, all of one moment if the store can say
    /// so. Sizes are checked against `limits` before the first file is read.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::WrongKind`], the errors of [`Store::push_bundle`] about files, and as
    /// [`Store::fetch`].
    fn pull_bundle(&self, tag: &Tag, limits: &Limits) -> Result<PulledBundle, Error> {
        bundle::pull(self, tag, limits)
    }

    /// The freshness statement of the bundle under `tag`, if there is one.
    ///
    /// # Errors
    /// [`Error::WrongKind`], and as [`Store::fetch`].
    fn pull_freshness(&self, tag: &Tag, limits: &Limits) -> Result<Option<Vec<u8>>, Error> {
        bundle::pull_freshness(self, tag, limits)
    }

    /// What `tag` points at now, without reading it: the cheap question of a poll. Nothing if there is no bundle.
    ///
    /// # Errors
    /// As [`Store::resolve_all`].
    fn revision(&self, tag: &Tag) -> Result<Option<Revision>, Error> {
        bundle::revision(self, tag)
    }
}

/// Begins a transfer, and begins it anew if it fails in a way that may pass. What can go on where it was has done so
/// before.
pub(crate) fn again(mut transfer: impl FnMut() -> Result<(), Error>) -> Result<(), Error> {
    for _ in 1..ATTEMPTS {
        match transfer() {
            Err(error) if error.may_pass() => {}
            ended => return ended,
        }
    }
    transfer()
}

/// Content with the place it was found at.
pub(crate) fn fetch_at<S: Store + ?Sized>(
    store: &S,
    descriptor: &Descriptor,
    limit: u64,
) -> Result<(Vec<u8>, String), Error> {
    let Descriptor { digest, size, .. } = *descriptor;
    if size > limit {
        let location = format!("{} ({})", store.location(), descriptor.media_type.escape_debug());
        return Err(Error::TooLarge {
            location,
            digest,
            size,
            limit,
        });
    }
    let mut content = store.open(descriptor)?;
    content.check_length(descriptor)?;
    let location = content.location;
    let mut bytes = Vec::new();
    Checked::new(&mut content.reader, descriptor, &location)
        .read_to_end(&mut bytes)
        .map_err(|error| read_error(error, &location))?;
    Ok((bytes, location))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media;

    /// A store that answers everything with the same bytes, as a lying registry would.
    struct Liar {
        bytes: Vec<u8>,
        length: Option<u64>,
    }

    impl Store for Liar {
        fn location(&self) -> String {
            "liar".to_owned()
        }

        fn open(&self, descriptor: &Descriptor) -> Result<Content<'_>, Error> {
            let location = format!("liar/{}", descriptor.digest);
            Ok(Content {
                reader: Box::new(self.bytes.as_slice()),
                location,
                length: self.length,
            })
        }

        fn resolve_all(&self, references: &[Reference]) -> Result<Vec<Option<Descriptor>>, Error> {
            Ok(references.iter().map(|_| None).collect())
        }

        fn has_blob(&self, _: &Descriptor) -> Result<bool, Error> {
            Ok(false)
        }

        fn put_from(&self, _: &Descriptor, _: &mut dyn Read) -> Result<(), Error> {
            Ok(())
        }

        fn publish(&self, _: &[Publication]) -> Result<Vec<Descriptor>, Error> {
            Ok(Vec::new())
        }

        fn tag(&self, _: &Tag, digest: &Digest) -> Result<Descriptor, Error> {
            Err(Error::Unknown {
                location: self.location(),
                reference: digest.to_string(),
            })
        }

        fn referrer_candidates(&self, _: &Digest, _: Option<&str>) -> Result<Vec<Descriptor>, Error> {
            Ok(vec![Descriptor::of(media::MANIFEST, b"{}")])
        }
    }

    fn liar(bytes: &[u8], length: Option<u64>) -> Liar {
        Liar {
            bytes: bytes.to_vec(),
            length,
        }
    }

    #[test]
    fn other_bytes_than_asked_for_are_refused() {
        let wanted = Descriptor::of(media::WASM, b"wanted");
        assert_eq!(liar(b"wanted", None).fetch(&wanted, 6).unwrap(), b"wanted");
        let error = liar(b"other!", None).fetch(&wanted, 6).unwrap_err();
        assert!(matches!(error, Error::WrongDigest { .. }), "{error}");
        assert!(error.to_string().contains(&wanted.digest.to_string()), "{error}");
    }

    #[test]
    fn sizes_are_checked_before_and_after_reading() {
        let wanted = Descriptor::of(media::WASM, b"wanted");
        for (store, part) in [
            (liar(b"wante", None), ": 5"),
            (liar(b"wanted and more", None), ": more"),
            (liar(b"wanted", Some(7)), ": 7"),
        ] {
            let error = store.fetch(&wanted, 100).unwrap_err();
            assert!(matches!(error, Error::WrongSize { .. }), "{error}");
            assert!(error.to_string().ends_with(part), "{error}");
        }
        assert!(matches!(
            liar(b"wanted", None).fetch(&wanted, 5),
            Err(Error::TooLarge { .. })
        ));
        let huge = Descriptor {
            size: 10 << 30,
            ..wanted
        };
        assert!(matches!(
            liar(b"wanted", None).fetch(&huge, 100),
            Err(Error::TooLarge { .. })
        ));
        assert!(matches!(
            liar(b"wanted", None).fetch(&huge, u64::MAX),
            Err(Error::WrongSize { .. })
        ));
    }

    #[test]
    fn a_referrer_that_cannot_be_read_is_not_passed_over() {
        let error = liar(b"[]", None)
            .referrers(&Digest::of(b"x"), media::IN_TOTO)
            .unwrap_err();
        assert!(matches!(error, Error::WrongDigest { .. }), "{error}");
    }
}
