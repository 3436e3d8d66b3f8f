//! The place where bundles are published, as something that can be asked.

use std::sync::Arc;

use aecp_oci::registry::{Credential, Options, Patience, Transport};
use aecp_oci::{Error, Layout, Registry, Store};

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

    /// Asks. The network is waited for in a thread of its own, which nobody waits for: an agent that is told to end
    /// does so at once.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Store) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let registry = match self {
            Self::Layout(layout) => return question(layout),
            Self::Registry(registry) => registry.clone(),
        };
        let unasked = |reason: String| Error::Unreachable {
            action: "ask",
            location: registry.repository().to_string(),
            reason,
        };
        let (answer, wait) = tokio::sync::oneshot::channel();
        let asked = registry.clone();
        let work = move || {
            // Whoever no longer waits wants no answer.
            let _ = answer.send(question(asked.as_ref()));
        };
        std::thread::Builder::new()
            .name("aecp-agent-ask".to_owned())
            .spawn(work)
            .map_err(|error| unasked(error.to_string()))?;
        wait.await
            .unwrap_or_else(|_| Err(unasked("the thread that asked has ended".to_owned())))
    }
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
