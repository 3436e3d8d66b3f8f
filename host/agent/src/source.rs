//! The place where bundles are published, as something that can be asked.
//!
//! Folder and registry are kept apart here, not behind `dyn Store`: what only publishers need stays out of the program.

use std::sync::Arc;

use aecp_oci::registry::{Credential, Options, Patience, Transport};
use aecp_oci::{Error, Layout, Limits, PulledBundle, Registry, Revision, Store as _, Tag};

use crate::config::{RegistrySource, Source};

/// How often a registry is asked before a look has failed. The agent looks again anyway.
const ATTEMPTS: u32 = 2;

/// An opened source.
#[derive(Clone)]
pub(crate) enum Opened {
    /// Reading it is a matter of the disk.
    Layout(Layout),
    /// Reading it waits for the network.
    Registry(Arc<Registry>),
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Layout(layout) => layout.fmt(f),
            Self::Registry(registry) => registry.fmt(f),
        }
    }
}

impl Opened {
    /// Takes a source into use: a layout is checked to be one, a registry is not asked yet.
    pub(crate) fn open(source: &Source) -> Result<Self, Error> {
        match source {
            Source::Layout(path) => Layout::open(path).map(Self::Layout),
            Source::Registry(source) => open_registry(source).map(Arc::new).map(Self::Registry),
        }
    }

    /// What `tag` points at now.
    pub(crate) async fn revision(&self, tag: &Tag) -> Result<Option<Revision>, Error> {
        let tag = tag.clone();
        match self {
            Self::Layout(layout) => layout.revision(&tag),
            Self::Registry(registry) => aside(registry, move |registry| registry.revision(&tag)).await,
        }
    }

    /// The bundle under `tag`.
    pub(crate) async fn pull(&self, tag: &Tag) -> Result<PulledBundle, Error> {
        let (tag, limits) = (tag.clone(), Limits::default());
        match self {
            Self::Layout(layout) => layout.pull_bundle(&tag, &limits),
            Self::Registry(registry) => {
                aside(registry, move |registry| registry.pull_bundle(&tag, &limits)).await
            }
        }
    }
}

/// Asks a registry in a thread of its own, which nobody waits for: an agent that is told to end does so at once.
async fn aside<T: Send + 'static>(
    registry: &Arc<Registry>,
    question: impl FnOnce(&Registry) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let unasked = |reason: String| Error::Unreachable {
        action: "ask",
        location: registry.repository().to_string(),
        reason,
    };
    let (answer, wait) = tokio::sync::oneshot::channel();
    let asked = registry.clone();
    let work = move || {
        // Whoever no longer waits wants no answer.
        let _ = answer.send(question(&asked));
    };
    std::thread::Builder::new()
        .name("aecp-agent-ask".to_owned())
        .spawn(work)
        .map_err(|error| unasked(error.to_string()))?;
    wait.await
        .unwrap_or_else(|_| Err(unasked("the thread that asked has ended".to_owned())))
}

fn open_registry(source: &RegistrySource) -> Result<Registry, Error> {
    let credential = match &source.login {
        Some(file) => Credential::in_file(file, source.repository.host())?,
        None => None,
    };
    let options = Options {
        transport: if source.plain_http {
            Transport::Plain
        } else {
            Transport::Usual
        },
        authorities: source.authorities.clone(),
        credential,
        patience: Patience {
            attempts: ATTEMPTS,
            ..Patience::default()
        },
    };
    Registry::new(source.repository.clone(), options)
}
