//! Artifacts from one store to another, with everything that refers to them: how artifacts are pushed (a folder to a
//! registry), pulled (a registry to a folder) and mirrored.
//!
//! What a tag points at is asked once. From then on everything goes by digest, so that a tag which moves meanwhile does
//! no harm. Blobs go first, several at a time; those that are there already are not sent, so that a copy which was cut
//! off goes on where it was. Manifests follow, byte for byte as they were written; what refers to an artifact goes
//! before it, and its tag comes last: whoever sees the tag finds the signatures.

use std::collections::BTreeMap;
use std::io::{self, Read};

use crate::content::Checked;
use crate::document::{Descriptor, Manifest};
use crate::error::Error;
use crate::limit::Limits;
use crate::media;
use crate::name::{Reference, Tag};
use crate::parallel::in_parallel;
use crate::store::{Publication, Store, Superseded, again, fetch_at};
use aecp_vocabulary::digest::Digest;

/// What is copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it is called where it comes from.
    pub reference: Reference,
    /// The tag that it gets.
    pub tag: Option<Tag>,
}

impl From<Reference> for Wanted {
    /// An artifact that keeps its tag, if it is asked for by one.
    fn from(reference: Reference) -> Self {
        let tag = match &reference {
            Reference::Tag(tag) => Some(tag.clone()),
            Reference::Digest(_) => None,
        };
        Self { reference, tag }
    }
}

/// How a copy comes along.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// What is to be looked at, of which some may be there already.
    Planned {
        /// How many blobs.
        blobs: usize,
        /// How many bytes they have.
        bytes: u64,
    },
    /// This blob was there already.
    Present(&'a Descriptor),
    /// So many bytes more have been read from where they come from.
    Passed(u64),
    /// This blob is stored.
    Stored(&'a Descriptor),
}

/// Is told how a copy comes along, from several threads.
pub type Progress<'a> = &'a (dyn Fn(Event<'_>) + Sync);

/// How to copy.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// How much is taken.
    pub limits: Limits,
    /// Whether what refers to an artifact goes along.
    pub referrers: bool,
    /// Who is told.
    pub progress: Progress<'a>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            referrers: true,
            progress: &|_| (),
        }
    }
}

/// What a copy came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// The artifacts that were asked for, in this order.
    pub artifacts: Vec<Descriptor>,
    /// How many others went along: what refers to them, and the freshness statements of bundles.
    pub companions: usize,
    /// How many bytes of blobs were stored; the others were there already.
    pub stored_bytes: u64,
}

/// Copies artifacts. A bundle that is asked for by its tag takes its freshness statement along.
///
/// # Errors
/// [`Error::Unknown`] if an artifact is not there, [`Error::TooMany`] and [`Error::TooLarge`] past the limits,
/// [`Error::WrongDigest`] and [`Error::WrongSize`] if the source gives other bytes, and what either store can fail with.
/// No tag of the destination has changed then; blobs that were stored stay, and need not be sent again.
pub fn copy(
    from: &dyn Store,
    to: &dyn Store,
    wanted: &[Wanted],
    options: &Options<'_>,
) -> Result<Copied, Error> {
    let Plan {
        roots,
        companions,
        publications,
    } = Plan::of(from, wanted, options)?;
    let mut blobs = BTreeMap::new();
    for publication in &publications {
        blobs.extend(publication.manifest.parts().map(|part| (part.digest, part)));
    }
    let blobs: Vec<_> = blobs.into_values().collect();
    options.limits.check(&from.location(), blobs.iter().copied())?;
    (options.progress)(Event::Planned {
        blobs: blobs.len(),
        bytes: total(blobs.iter().map(|blob| blob.size)),
    });
    let workers = from.parallel().max(to.parallel());
    let stored = in_parallel(workers, &blobs, |blob| {
        copy_blob(from, to, blob, options.progress)
    })?;
    if !publications.is_empty() {
        to.publish(&publications)?;
    }
    Ok(Copied {
        artifacts: roots,
        companions,
        stored_bytes: total(stored.into_iter()),
    })
}

fn total(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

/// Everything that a copy has to list, in the order in which it does so.
struct Plan {
    roots: Vec<Descriptor>,
    companions: usize,
    publications: Vec<Publication>,
}

impl Plan {
    fn of(from: &dyn Store, wanted: &[Wanted], options: &Options<'_>) -> Result<Self, Error> {
        // A bundle and its freshness statement should be those of one moment.
        let mut references: Vec<_> = wanted.iter().map(|one| one.reference.clone()).collect();
        references.extend(
            wanted
                .iter()
                .filter_map(freshness_of)
                .map(|(from, _)| from.into()),
        );
        let found = from.resolve_all(&references)?;
        let (asked, fresh) = found.split_at_checked(wanted.len()).unwrap_or((&found, &[]));
        let mut fresh = fresh.iter();
        let mut reading = Reading {
            from,
            options,
            known: BTreeMap::new(),
            publications: Vec::new(),
        };
        let mut roots = Vec::new();
        for (one, descriptor) in wanted.iter().zip(asked) {
            let descriptor = descriptor.as_ref().ok_or_else(|| Error::Unknown {
                location: from.location(),
                reference: one.reference.to_string(),
            })?;
            let kind = reading.artifact(descriptor, one.tag.clone(), Superseded::Keep)?;
            roots.push(descriptor.clone());
            if let Some((_, tag)) = freshness_of(one)
                && let Some(Some(statement)) = fresh.next()
                && kind == media::BUNDLE
            {
                reading.artifact(statement, Some(tag), Superseded::Forget)?;
            }
        }
        let companions = reading.known.len().saturating_sub(roots.len());
        Ok(Self {
            roots,
            companions,
            publications: reading.publications,
        })
    }
}

/// The tags of a freshness statement where it comes from and where it goes to, if what is wanted can have one.
fn freshness_of(wanted: &Wanted) -> Option<(Tag, Tag)> {
    match (&wanted.reference, &wanted.tag) {
        (Reference::Tag(from), Some(to)) => Some((from.freshness().ok()?, to.freshness().ok()?)),
        _ => None,
    }
}

/// Manifests as they are read, each once.
struct Reading<'a> {
    from: &'a dyn Store,
    options: &'a Options<'a>,
    known: BTreeMap<Digest, (Manifest, Vec<u8>)>,
    publications: Vec<Publication>,
}

impl Reading<'_> {
    /// Reads an artifact, and what refers to it, and gives its type.
    fn artifact(
        &mut self,
        descriptor: &Descriptor,
        tag: Option<Tag>,
        superseded: Superseded,
    ) -> Result<String, Error> {
        if !self.known.contains_key(&descriptor.digest) {
            let read = self.read(descriptor)?;
            self.know(descriptor, read)?;
            if self.options.referrers {
                self.referrers(descriptor.digest)?;
            }
        }
        let (manifest, bytes) = self.known.get(&descriptor.digest).ok_or_else(|| Error::Missing {
            location: self.from.location(),
            digest: descriptor.digest,
        })?;
        let kind = manifest.kind().to_owned();
        let mut publication = Publication::as_written(manifest.clone(), bytes.clone());
        if let Some(tag) = tag {
            publication = publication.tagged(tag, superseded);
        }
        self.publications.push(publication);
        Ok(kind)
    }

    /// Reads what refers to `subject`, and what refers to that.
    fn referrers(&mut self, subject: Digest) -> Result<(), Error> {
        let mut subjects = vec![subject];
        let mut found = Vec::new();
        while let Some(subject) = subjects.pop() {
            for candidate in self.from.referrer_candidates(&subject, None)? {
                if self.known.contains_key(&candidate.digest) {
                    continue;
                }
                let (manifest, bytes) = self.read(&candidate)?;
                let refers = manifest
                    .subject
                    .as_ref()
                    .is_some_and(|named| named.digest == subject);
                if refers {
                    found.push(Publication::as_written(manifest.clone(), bytes.clone()));
                    subjects.push(candidate.digest);
                    self.know(&candidate, (manifest, bytes))?;
                }
            }
        }
        // What refers to a signature goes before the signature.
        self.publications.extend(found.into_iter().rev());
        Ok(())
    }

    fn read(&self, descriptor: &Descriptor) -> Result<(Manifest, Vec<u8>), Error> {
        let (bytes, location) = fetch_at(self.from, descriptor, self.options.limits.manifest_bytes)?;
        let manifest = Manifest::read(&bytes, descriptor, &location)?;
        Ok((manifest, bytes))
    }

    fn know(&mut self, descriptor: &Descriptor, read: (Manifest, Vec<u8>)) -> Result<(), Error> {
        if self.known.len() >= self.options.limits.files {
            let wide = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
            return Err(Error::TooMany {
                what: "artifacts",
                location: self.from.location(),
                found: wide(self.known.len().saturating_add(1)),
                limit: wide(self.options.limits.files),
            });
        }
        self.known.insert(descriptor.digest, read);
        Ok(())
    }
}

/// Copies a blob, and says how many bytes were stored.
fn copy_blob(
    from: &dyn Store,
    to: &dyn Store,
    blob: &Descriptor,
    progress: Progress<'_>,
) -> Result<u64, Error> {
    if to.has_blob(blob)? {
        progress(Event::Present(blob));
        return Ok(0);
    }
    again(|| {
        let mut content = from.open(blob)?;
        content.check_length(blob)?;
        let mut told = Told {
            reader: &mut content.reader,
            progress,
        };
        // Whoever stores it checks it too, but would name itself as the place where it is wrong.
        to.put_from(blob, &mut Checked::new(&mut told, blob, &content.location))
    })?;
    progress(Event::Stored(blob));
    Ok(blob.size)
}

/// Content whose reading is told.
struct Told<'a> {
    reader: &'a mut dyn Read,
    progress: Progress<'a>,
}

impl Read for Told<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        if count > 0 {
            (self.progress)(Event::Passed(u64::try_from(count).unwrap_or(u64::MAX)));
        }
        Ok(count)
    }
}
