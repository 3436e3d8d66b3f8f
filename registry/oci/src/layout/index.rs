//! How `index.json` lists artifacts.

use std::path::Path;

use super::Layout;
use crate::document::{Descriptor, Index};
use crate::error::Error;
use crate::media;
use crate::name::Tag;
use crate::store::{DOCUMENT_LIMIT, Store, Superseded, fetch_at};
use aecp_vocabulary::digest::Digest;

impl Index {
    /// What `tag` points at.
    pub(super) fn tagged(&self, tag: &Tag, root: &Path) -> Result<Option<Descriptor>, Error> {
        let mut found = self.manifests.iter().filter(|entry| has_tag(entry, tag));
        let first = found.next();
        match found.count() {
            0 => Ok(first.cloned()),
            others => Err(Error::AmbiguousTag {
                location: root.display().to_string(),
                tag: tag.to_string(),
                count: others.saturating_add(1),
            }),
        }
    }

    /// The entry of `digest`, without its tag.
    pub(super) fn listed(&self, digest: &Digest) -> Option<Descriptor> {
        let mut entry = self
            .manifests
            .iter()
            .find(|entry| entry.digest == *digest)?
            .clone();
        entry.annotations.remove(media::REF_NAME);
        Some(entry)
    }

    /// Lists `descriptor`, under `tag` if there is one. An artifact is listed once for each of its tags, or once
    /// without.
    pub(super) fn list(
        &mut self,
        descriptor: Descriptor,
        tag: Option<&Tag>,
        superseded: Superseded,
        root: &Path,
    ) -> Result<(), Error> {
        let Some(tag) = tag else {
            if !self
                .manifests
                .iter()
                .any(|entry| entry.digest == descriptor.digest)
            {
                self.manifests.push(descriptor);
            }
            return Ok(());
        };
        let previous = self.tagged(tag, root)?;
        self.manifests.retain(|entry| {
            let bare_twin =
                entry.digest == descriptor.digest && !entry.annotations.contains_key(media::REF_NAME);
            !bare_twin && !has_tag(entry, tag)
        });
        if let Some(mut previous) = previous.filter(|_| superseded == Superseded::Keep) {
            previous.annotations.remove(media::REF_NAME);
            let elsewhere = self.manifests.iter().any(|entry| entry.digest == previous.digest);
            if !elsewhere && previous.digest != descriptor.digest {
                self.manifests.push(previous);
            }
        }
        self.manifests
            .push(descriptor.annotated(media::REF_NAME, tag.as_str()));
        Ok(())
    }
}

impl Layout {
    /// The list of what refers to `subject`; an empty one if there is none.
    pub(super) fn read_referrers(&self, index: &Index, subject: &Digest) -> Result<Index, Error> {
        let Some(descriptor) = index.tagged(&Tag::of_referrers(subject), &self.root)? else {
            return Ok(Index::default());
        };
        if descriptor.media_type != media::INDEX {
            let reason = format!(
                "tag `{}` does not point at an image index",
                Tag::of_referrers(subject)
            );
            return Err(Error::Malformed {
                location: self.location(),
                reason,
            });
        }
        let (bytes, location) = fetch_at(self, &descriptor, DOCUMENT_LIMIT)?;
        Index::read(&bytes, &location)
    }

    /// Adds `referrer` to the list of what refers to `subject`. The caller holds the lock and writes `index`.
    pub(super) fn list_referrer(
        &self,
        index: &mut Index,
        subject: &Digest,
        referrer: &Descriptor,
    ) -> Result<(), Error> {
        let mut referrers = self.read_referrers(index, subject)?;
        if referrers
            .manifests
            .iter()
            .any(|known| known.digest == referrer.digest)
        {
            return Ok(());
        }
        referrers.manifests.push(referrer.clone());
        let descriptor = self.put_blob(media::INDEX, &referrers.to_bytes()?)?;
        index.list(
            descriptor,
            Some(&Tag::of_referrers(subject)),
            Superseded::Forget,
            &self.root,
        )
    }
}

fn has_tag(entry: &Descriptor, tag: &Tag) -> bool {
    entry
        .annotations
        .get(media::REF_NAME)
        .is_some_and(|name| name == tag.as_str())
}
