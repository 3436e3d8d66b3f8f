//! DSSE envelopes attached to an artifact: how a signature is found from what it signs.
//!
//! An envelope is the only layer of a manifest whose `subject` is the artifact. OCI 1.1 lists such manifests in a
//! referrers API, or, where there is none, in an index under the tag `sha256-<hex>`. Whoever controls a store can
//! leave entries out of both. So an empty list never means that no signature is needed.

use crate::component::{publish_one, wrong_kind};
use crate::document::{Descriptor, Manifest};
use crate::error::{Error, shown};
use crate::limit::Limits;
use crate::media;
use crate::store::{DOCUMENT_LIMIT, Publication, Store};
use aecp_vocabulary::digest::Digest;

/// The manifests that refer to one subject with one artifact type. There may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing found is a refusal where a signature is needed: call `required`"]
pub struct Referrers {
    location: String,
    subject: Digest,
    artifact_type: String,
    found: Vec<(Descriptor, Manifest)>,
}

impl Referrers {
    /// At least one, or the error that there is none.
    ///
    /// # Errors
    /// [`Error::NoReferrer`].
    pub fn required(self) -> Result<Vec<(Descriptor, Manifest)>, Error> {
        let Self {
            location,
            subject,
            artifact_type,
            found,
        } = self;
        if found.is_empty() {
            return Err(Error::NoReferrer {
                location,
                subject,
                artifact_type,
            });
        }
        Ok(found)
    }

    /// All of them, for callers to whom none is as good as some: a listing, say.
    pub fn possibly_none(self) -> Vec<(Descriptor, Manifest)> {
        self.found
    }
}

/// An envelope as it came out of a store. Who signed it, and what, is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The digest of the manifest that attaches it.
    pub manifest: Digest,
    /// The envelope.
    pub bytes: Vec<u8>,
}

pub(crate) fn attach<S: Store + ?Sized>(
    store: &S,
    subject: &Digest,
    artifact_type: &str,
    envelope: &[u8],
) -> Result<Descriptor, Error> {
    attach_layer(store, subject, artifact_type, |store| {
        store.put_blob(media::DSSE, envelope)
    })
}

/// Lists an artifact of one layer that refers to `subject`.
pub(crate) fn attach_layer<S: Store + ?Sized>(
    store: &S,
    subject: &Digest,
    artifact_type: &str,
    put: impl FnOnce(&S) -> Result<Descriptor, Error>,
) -> Result<Descriptor, Error> {
    let subject = store.resolve(&(*subject).into())?;
    store.put_blob(media::EMPTY, media::EMPTY_BYTES)?;
    let layer = put(store)?;
    let mut manifest = Manifest::of_artifact(artifact_type, vec![layer]);
    manifest.subject = Some(Descriptor {
        media_type: subject.media_type,
        digest: subject.digest,
        size: subject.size,
        artifact_type: None,
        annotations: Default::default(),
        others: Default::default(),
    });
    publish_one(store, Publication::of(manifest)?)
}

pub(crate) fn list<S: Store + ?Sized>(
    store: &S,
    subject: &Digest,
    artifact_type: &str,
) -> Result<Referrers, Error> {
    let mut found: Vec<(Descriptor, Manifest)> = Vec::new();
    for candidate in store.referrer_candidates(subject, Some(artifact_type))? {
        if found.iter().any(|(known, _)| known.digest == candidate.digest) {
            continue;
        }
        let manifest = store.manifest(&candidate, DOCUMENT_LIMIT)?;
        let refers = manifest
            .subject
            .as_ref()
            .is_some_and(|named| named.digest == *subject);
        if refers && manifest.kind() == artifact_type {
            found.push((candidate, manifest));
        }
    }
    // Stores list in an order of their own; what is built on this must not depend on it.
    found.sort_by_key(|(descriptor, _)| descriptor.digest);
    Ok(Referrers {
        location: store.location(),
        subject: *subject,
        artifact_type: artifact_type.to_owned(),
        found,
    })
}

pub(crate) fn envelopes<S: Store + ?Sized>(
    store: &S,
    subject: &Digest,
    artifact_type: &str,
    limits: &Limits,
) -> Result<Vec<Envelope>, Error> {
    let referrers = list(store, subject, artifact_type)?.required()?;
    let layers = referrers
        .iter()
        .map(|(descriptor, manifest)| match manifest.layers.as_slice() {
            [layer] if layer.media_type == media::DSSE => Ok((descriptor.digest, layer)),
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
        });
    let layers = layers.collect::<Result<Vec<_>, _>>()?;
    limits.check(&store.location(), layers.iter().map(|(_, layer)| *layer))?;
    let wanted: Vec<_> = layers.iter().map(|(_, layer)| *layer).collect();
    let fetched = store.fetch_all(&wanted, limits.file_bytes)?;
    let envelope = |((manifest, _), bytes): (&(Digest, &Descriptor), Vec<u8>)| Envelope {
        manifest: *manifest,
        bytes,
    };
    Ok(layers.iter().zip(fetched).map(envelope).collect())
}
