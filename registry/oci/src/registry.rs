//! A repository in an OCI registry, over HTTP (OCI distribution specification 1.1).
//!
//! A registry is believed nothing that can be checked. Content is counted and hashed while it comes, and nobody sees it
//! before all of it is right. No answer may be larger than what it is for, come slower than [`Patience`] allows, or be
//! compressed. Credentials go to the registry and to the token service that it names, and along no redirection; nothing
//! leads out of TLS. Where a registry cannot tell what refers to an artifact, that is an error, and never the answer
//! that nothing does.
//!
//! - `address`: where a repository is, as people write it. `place`: which addresses may be gone to from which
//! - `client`: questions, with limits of time and size. `connection`: kept from one to the next. `thread`: who does
//!   them. `tls`: whom to trust
//! - `credential`: who one is. `challenge`, `auth`: showing it
//! - `download`, `upload`: content, which goes on after a failure
//! - `documents`: manifests, tags, and what refers to an artifact
//! - `error`: everything that can go wrong, by name

mod address;
mod auth;
mod challenge;
mod client;
mod connection;
mod credential;
mod documents;
mod download;
mod error;
mod place;
mod thread;
mod tls;
mod upload;

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use http::{Method, StatusCode};

pub use address::{RemoteReference, Repository};
pub use client::{Options, Patience, Transport};
pub use credential::{Credential, PASSWORD, USERNAME};
pub use error::RegistryError;

use crate::content::{Checked, Content};
use crate::document::Descriptor;
use crate::error::Error;
use crate::name::{Reference, Tag};
use crate::parallel::in_parallel;
use crate::store::{Publication, Store};
use aecp_vocabulary::digest::Digest;
use client::Client;
use download::Download;
use thread::Thread;

/// How many things a registry is asked at the same time.
const PARALLEL: usize = 4;

/// A repository in a registry. It keeps connections, so one that is kept is quicker than one that is made anew.
///
/// Its methods wait for the network: in an asynchronous program, call them where waiting is allowed.
pub struct Registry {
    thread: Thread,
    client: Arc<Client>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({})", self.client.repository)
    }
}

impl Registry {
    /// Prepares to use a repository. Connects to nothing yet.
    ///
    /// # Errors
    /// [`RegistryError::Setup`].
    pub fn new(repository: Repository, options: Options) -> Result<Self, Error> {
        let setup = |error: std::io::Error| RegistryError::Setup {
            registry: repository.host().to_owned(),
            reason: error.to_string(),
        };
        let thread = Thread::start().map_err(setup)?;
        let client = Arc::new(Client::new(repository, options)?);
        Ok(Self { thread, client })
    }

    /// Where it is.
    pub fn repository(&self) -> &Repository {
        &self.client.repository
    }

    /// All tags of the repository.
    ///
    /// # Errors
    /// What a registry can fail with; a repository that is not there is one of it.
    pub fn tags(&self) -> Result<BTreeSet<Tag>, Error> {
        documents::tags(&self.thread, &self.client)
    }
}

impl Store for Registry {
    fn location(&self) -> String {
        self.client.repository.to_string()
    }

    fn open(&self, descriptor: &Descriptor) -> Result<Content<'_>, Error> {
        let kind = if descriptor.is_document() {
            "manifests"
        } else {
            "blobs"
        };
        let path = format!("{kind}/{}", descriptor.digest);
        let mut call = self.client.call("read", Method::GET, &path)?;
        call.accept = descriptor.is_document().then_some(documents::ACCEPTED);
        let expected = &[StatusCode::OK, StatusCode::NOT_FOUND];
        let answer = upload::ask(&self.thread, &self.client, &call, expected)?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(Error::Missing {
                location: self.location(),
                digest: descriptor.digest,
            });
        }
        let (location, length) = (call.url.to_string(), download::length(&answer));
        let client = self.client.clone();
        let reader = Download::new(&self.thread, client, call, descriptor.size, answer);
        Ok(Content {
            reader: Box::new(reader),
            location,
            length,
        })
    }

    fn resolve_all(&self, references: &[Reference]) -> Result<Vec<Option<Descriptor>>, Error> {
        in_parallel(PARALLEL, references, |reference| {
            documents::resolve(&self.thread, &self.client, reference)
        })
    }

    fn has_blob(&self, descriptor: &Descriptor) -> Result<bool, Error> {
        Ok(upload::exists(&self.thread, &self.client, descriptor)?)
    }

    fn put_from(&self, descriptor: &Descriptor, bytes: &mut dyn Read) -> Result<(), Error> {
        let location = self.location();
        let mut checked = Checked::new(bytes, descriptor, &location);
        upload::send(&self.thread, &self.client, descriptor, &mut checked)
    }

    fn publish(&self, publications: &[Publication]) -> Result<Vec<Descriptor>, Error> {
        publications.iter().try_for_each(Publication::check_tag)?;
        let publish = |publication| documents::publish(&self.thread, &self.client, publication);
        publications.iter().map(publish).collect()
    }

    fn tag(&self, tag: &Tag, digest: &Digest) -> Result<Descriptor, Error> {
        tag.refuse_reserved()?;
        let descriptor = self.resolve(&Reference::Digest(*digest))?;
        let bytes = self.fetch(&descriptor, crate::store::DOCUMENT_LIMIT)?;
        let name = tag.as_str();
        documents::put(&self.thread, &self.client, name, &descriptor.media_type, bytes)?;
        Ok(descriptor)
    }

    fn referrer_candidates(
        &self,
        subject: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, Error> {
        let mut candidates = documents::referrers(self, subject)?;
        candidates.retain(|candidate| {
            candidate.media_type == crate::media::MANIFEST && candidate.may_be(artifact_type)
        });
        Ok(candidates)
    }

    fn parallel(&self) -> usize {
        PARALLEL
    }
}
