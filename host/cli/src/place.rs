//! Where artifacts are: a layout folder, or a repository in a registry.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use aecp_oci::copy::{Copied, Event, Options as CopyOptions, Wanted, copy};
use aecp_oci::registry::{Credential, Options, RemoteReference, Transport};
use aecp_oci::{Layout, Reference, Registry, Repository, Store, Tag};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::{Error, While};

/// Which folder or registry is meant.
#[derive(Debug, clap::Args)]
pub(crate) struct PlaceArguments {
    /// The layout folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "registry")]
    layout: Option<PathBuf>,
    /// Instead of a folder, a repository in an OCI registry, as in `registry.example/aecp/policies`
    #[arg(long, value_name = "HOST/REPOSITORY")]
    registry: Option<Repository>,
    #[command(flatten)]
    connection: ConnectionArguments,
}

/// How a registry is spoken to. Who one is comes from `docker login`, `oras login` and the like, or from the environment.
#[derive(Debug, clap::Args)]
pub(crate) struct ConnectionArguments {
    /// PEM file with the certificate authorities that are trusted for the registry, instead of those of this machine
    #[arg(long, value_name = "FILE.pem")]
    registry_ca: Option<PathBuf>,
    /// Speak plain HTTP to a registry that is not on this machine: whoever is on the way reads and withholds
    #[arg(long)]
    plain_http: bool,
}

impl ConnectionArguments {
    /// Prepares to use a repository.
    pub(crate) fn open(&self, repository: &Repository) -> Result<Registry, Error> {
        let context = || format!("preparing to use `{repository}`");
        let transport = if self.plain_http {
            Transport::Plain
        } else {
            Transport::Usual
        };
        let options = Options {
            transport,
            authorities: self.registry_ca.clone(),
            credential: Credential::of_user(repository.host()).when(context())?,
            ..Options::default()
        };
        Registry::new(repository.clone(), options).when(context())
    }
}

impl PlaceArguments {
    /// Whether a place was given at all, before anything else is done.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.chosen().map(drop)
    }

    /// The place, which must be there.
    pub(crate) fn open(&self) -> Result<Place, Error> {
        match self.chosen()? {
            Chosen::Layout(folder) => Layout::open(folder).when("opening the layout").map(Place::Layout),
            Chosen::Registry(repository) => self.connection.open(repository).map(Place::Registry),
        }
    }

    /// The place; a folder is made if it is not there.
    pub(crate) fn create(&self) -> Result<Place, Error> {
        match self.chosen()? {
            Chosen::Layout(folder) => Layout::create(folder)
                .when("opening the layout")
                .map(Place::Layout),
            Chosen::Registry(repository) => self.connection.open(repository).map(Place::Registry),
        }
    }

    /// The place, and what is meant in it: a tag or digest in the place that is given, or `HOST/REPOSITORY:TAG` and
    /// `HOST/REPOSITORY@DIGEST` without one.
    pub(crate) fn open_for(&self, text: &str) -> Result<(Place, Reference), Error> {
        if self.layout.is_some() || self.registry.is_some() {
            return Ok((self.open()?, text.parse().when("reading the reference")?));
        }
        let RemoteReference {
            repository,
            reference,
        } = text.parse().when(
            "reading the reference (give --layout or --registry, or name the registry in the reference)",
        )?;
        Ok((Place::Registry(self.connection.open(&repository)?), reference))
    }

    fn chosen(&self) -> Result<Chosen<'_>, Error> {
        match (&self.layout, &self.registry) {
            (Some(folder), _) => Ok(Chosen::Layout(folder)),
            (None, Some(repository)) => Ok(Chosen::Registry(repository)),
            (None, None) => {
                Err("give --layout FOLDER or --registry HOST/REPOSITORY").when("finding the place")
            }
        }
    }
}

enum Chosen<'a> {
    Layout(&'a PathBuf),
    Registry(&'a Repository),
}

/// A folder or a registry that can be used.
pub(crate) enum Place {
    /// A layout folder.
    Layout(Layout),
    /// A repository in a registry.
    Registry(Registry),
}

impl Place {
    /// The same as a store.
    pub(crate) fn store(&self) -> &dyn Store {
        match self {
            Self::Layout(layout) => layout,
            Self::Registry(registry) => registry,
        }
    }

    /// Has `make` make something under `tag`. What is for a registry is made in a folder and sent when it is whole, with
    /// a sign of life; the tag moves at the end.
    pub(crate) fn publish<T>(
        &self,
        tag: &Tag,
        make: impl FnOnce(&dyn Store) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match self {
            Self::Layout(layout) => make(layout),
            Self::Registry(registry) => {
                let folder = tempfile::tempdir().when("making a folder for what is to be sent")?;
                let staging = Layout::create(folder.path()).when("making a folder for what is to be sent")?;
                let made = make(&staging)?;
                transfer(&staging, registry, &[Reference::from(tag.clone())])?;
                Ok(made)
            }
        }
    }
}

/// Copies artifacts with everything that refers to them, and shows on a terminal how far it is.
pub(crate) fn transfer(from: &dyn Store, to: &dyn Store, references: &[Reference]) -> Result<Copied, Error> {
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {bytes_per_sec}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let progress = |event: Event<'_>| match event {
        Event::Planned { bytes, .. } => bar.set_length(bytes),
        Event::Present(blob) => bar.inc(blob.size),
        Event::Passed(bytes) => bar.inc(bytes),
        _ => {}
    };
    let wanted: Vec<_> = references.iter().cloned().map(Wanted::from).collect();
    let options = CopyOptions {
        progress: &progress,
        ..CopyOptions::default()
    };
    let copied = copy(from, to, &wanted, &options);
    bar.finish_and_clear();
    copied.when(format!(
        "copying from `{}` to `{}`",
        from.location(),
        to.location()
    ))
}
