//! `aecp pull` and `aecp publish`: artifacts from a registry into a folder, and back.

use std::path::PathBuf;

use aecp_oci::copy::Copied;
use aecp_oci::{Layout, Reference, Repository, Store};

use crate::error::{Error, Outcome, While};
use crate::place::{self, ConnectionArguments};
use crate::report::{FAINT, GOOD};

/// Copy bundles or components from a registry into an OCI image layout folder
///
/// What refers to them goes along: signatures, and the freshness statements of bundles. So the folder has everything
/// that `aecp verify` and enforcement points need, without a network. What is there already is not sent again: a copy
/// that was cut off goes on when it is started again. The folder is made if it is not there.
#[derive(Debug, clap::Args)]
pub(crate) struct Pull {
    #[command(flatten)]
    copy: CopyArguments,
}

/// Copy bundles or components from an OCI image layout folder into a registry
///
/// What refers to them goes along, as with `aecp pull`; a tag moves when everything behind it has arrived.
#[derive(Debug, clap::Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    copy: CopyArguments,
}

#[derive(Debug, clap::Args)]
struct CopyArguments {
    /// Tags, which stay the same, or digests of manifests
    #[arg(required = true, value_name = "TAG|DIGEST")]
    references: Vec<String>,
    /// The layout folder
    #[arg(long, value_name = "FOLDER")]
    layout: PathBuf,
    /// The repository in an OCI registry, as in `registry.example/aecp/policies`
    #[arg(long, value_name = "HOST/REPOSITORY")]
    registry: Repository,
    #[command(flatten)]
    connection: ConnectionArguments,
}

impl CopyArguments {
    fn references(&self) -> Result<Vec<Reference>, Error> {
        self.references
            .iter()
            .map(|text| text.parse().when(format!("reading the reference `{text}`")))
            .collect()
    }

    fn run(&self, from: &dyn Store, to: &dyn Store, done: &str) -> Result<Outcome, Error> {
        let Copied {
            artifacts,
            companions,
            stored_bytes,
            ..
        } = place::transfer(from, to, &self.references()?)?;
        for (name, artifact) in self.references.iter().zip(artifacts) {
            anstream::println!("{GOOD}{done}{GOOD:#} {name} {FAINT}{}{FAINT:#}", artifact.digest);
        }
        anstream::println!("{companions} more that belong to them, {stored_bytes} bytes that were not there");
        Ok(Outcome::Good)
    }
}

pub(crate) fn pull(Pull { copy }: &Pull) -> Result<Outcome, Error> {
    let from = copy.connection.open(&copy.registry)?;
    let to = Layout::create(&copy.layout).when("opening the layout")?;
    copy.run(&from, &to, "pulled")
}

pub(crate) fn publish(Publish { copy }: &Publish) -> Result<Outcome, Error> {
    let from = Layout::open(&copy.layout).when("opening the layout")?;
    let to = copy.connection.open(&copy.registry)?;
    copy.run(&from, &to, "published")
}
