//! The sources of a component beside it: an artifact of type [`media::SOURCES`] that refers to the component.
//!
//! Its one layer is an archive. Which archive is the right one is not known here: what was signed says so, by the
//! digest of the archive, and only that one is ever fetched.

use crate::document::Descriptor;
use crate::error::Error;
use crate::media;
use crate::referrer;
use crate::store::Store;
use aecp_vocabulary::digest::Digest;

/// The name that other tools give the archive when they pull it.
const FILE_NAME: &str = "sources.tar";

pub(crate) fn attach<S: Store + ?Sized>(
    store: &S,
    subject: &Digest,
    archive: &[u8],
) -> Result<Descriptor, Error> {
    referrer::attach_layer(store, subject, media::SOURCES, |store| {
        let layer = store.put_blob(media::SOURCES_TAR, archive)?;
        Ok(layer.annotated(media::TITLE, FILE_NAME))
    })
}

pub(crate) fn pull<S: Store + ?Sized>(
    store: &S,
    subject: &Digest,
    archive: &Digest,
    limit: u64,
) -> Result<Vec<u8>, Error> {
    let found = referrer::list(store, subject, media::SOURCES)?.required()?;
    let layers = found.iter().flat_map(|(_, manifest)| &manifest.layers);
    match layers.into_iter().find(|layer| layer.digest == *archive) {
        Some(layer) => store.fetch(layer, limit),
        None => Err(Error::NoReferrer {
            location: store.location(),
            subject: *subject,
            artifact_type: format!("{} ({archive})", media::SOURCES),
        }),
    }
}
