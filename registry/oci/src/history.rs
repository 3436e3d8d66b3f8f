//! Every bundle that a tag has had: beside the tag there is one for each epoch, `<tag>.epoch-<n>`.
//!
//! Which epoch a bundle has is in the bundle, which is not read here: the caller says it. Tags of epochs are never moved
//! by a push under such a tag, and never forgotten by one under the tag itself.

use crate::bundle::BUNDLE_FILE;
use crate::document::Descriptor;
use crate::error::{Error, shown};
use crate::limit::Limits;
use crate::media;
use crate::name::{Reference, Tag};
use crate::store::Store;
use aecp_vocabulary::digest::Digest;

/// The document of a bundle, as it came out of a store, without the other files of the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The digest of the bundle's manifest.
    pub manifest: Digest,
    /// The bundle document in its envelope. Nobody has verified it.
    pub envelope: Vec<u8>,
}

/// The document of the bundle under `tag`, if there is one.
///
/// # Errors
/// [`Error::WrongKind`] if the tag has something else, [`Error::MissingFile`], and as [`Store::fetch`].
pub fn document(store: &dyn Store, tag: &Tag, limits: &Limits) -> Result<Option<Document>, Error> {
    match store
        .resolve_all(&[tag.clone().into()])?
        .into_iter()
        .next()
        .flatten()
    {
        Some(found) => read(store, &found, limits).map(Some),
        None => Ok(None),
    }
}

/// The documents of these epochs of `tag`, in their order; none where the store has no bundle of an epoch.
///
/// # Errors
/// As [`document`], and [`Error::InvalidTag`].
pub fn epochs(
    store: &dyn Store,
    tag: &Tag,
    epochs: &[u64],
    limits: &Limits,
) -> Result<Vec<Option<Document>>, Error> {
    let tags = epochs.iter().map(|epoch| tag.epoch(*epoch).map(Reference::from));
    let found = store.resolve_all(&tags.collect::<Result<Vec<_>, _>>()?)?;
    found
        .iter()
        .map(|found| found.as_ref().map(|found| read(store, found, limits)).transpose())
        .collect()
}

/// Remembers that the bundle `manifest` is epoch `epoch` of `tag`. What is remembered already stays.
///
/// # Errors
/// [`Error::InvalidTag`] if the tag of the epoch would be too long, and as [`Store::tag`].
pub fn remember(store: &dyn Store, tag: &Tag, epoch: u64, manifest: &Digest) -> Result<(), Error> {
    let tag = tag.epoch(epoch)?;
    let known = store.resolve_all(&[tag.clone().into()])?;
    if known.into_iter().flatten().next().is_none() {
        store.tag(&tag, manifest)?;
    }
    Ok(())
}

fn read(store: &dyn Store, descriptor: &Descriptor, limits: &Limits) -> Result<Document, Error> {
    let location = || format!("{} {}", store.location(), descriptor.digest);
    let manifest = store.manifest(descriptor, limits.manifest_bytes)?;
    if manifest.kind() != media::BUNDLE {
        return Err(crate::component::wrong_kind(
            store,
            descriptor,
            media::BUNDLE,
            shown(manifest.kind()),
        ));
    }
    let is_document =
        |layer: &&Descriptor| layer.annotations.get(media::TITLE).map(String::as_str) == Some(BUNDLE_FILE);
    let Some(layer) = manifest.layers.iter().find(is_document) else {
        return Err(Error::MissingFile {
            location: location(),
            name: BUNDLE_FILE,
        });
    };
    Ok(Document {
        manifest: descriptor.digest,
        envelope: store.fetch(layer, limits.file_bytes)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::NamedBlob;
    use crate::layout::Layout;

    fn publish(layout: &Layout, tag: &Tag, epoch: u64) -> Digest {
        let files = [NamedBlob::bundle(format!("bundle {epoch}").into_bytes())];
        let pushed = layout.push_bundle(tag, &files, Some(b"freshness")).unwrap();
        remember(layout, tag, epoch, &pushed.bundle.digest).unwrap();
        pushed.bundle.digest
    }

    #[test]
    fn every_epoch_can_be_found_and_pulled_when_the_tag_has_moved_on() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        let tag: Tag = "edge".parse().unwrap();
        let limits = Limits::default();
        assert_eq!(document(&layout, &tag, &limits).unwrap(), None);
        let first = publish(&layout, &tag, 1);
        let third = publish(&layout, &tag, 3);
        let found = epochs(&layout, &tag, &[3, 2, 1], &limits).unwrap();
        assert_eq!(found[0].as_ref().unwrap().manifest, third);
        assert_eq!(found[1], None);
        assert_eq!(found[2].as_ref().unwrap().envelope, b"bundle 1");
        let now = document(&layout, &tag, &limits).unwrap().unwrap();
        assert_eq!(now.manifest, third);

        let pulled = layout.pull_bundle(&tag.epoch(1).unwrap(), &limits).unwrap();
        assert_eq!((pulled.manifest, pulled.freshness), (first, None));
        // What an epoch was is not rewritten.
        remember(&layout, &tag, 1, &third).unwrap();
        let found = epochs(&layout, &tag, &[1], &limits).unwrap();
        assert_eq!(found[0].as_ref().unwrap().manifest, first);
    }

    #[test]
    fn nothing_is_pushed_over_an_epoch() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::create(folder.path()).unwrap();
        let tag: Tag = "edge".parse().unwrap();
        let files = [NamedBlob::bundle(b"bundle".to_vec())];
        let error = layout
            .push_bundle(&tag.epoch(1).unwrap(), &files, None)
            .unwrap_err();
        assert!(error.to_string().contains("epoch"), "{error}");
    }
}
