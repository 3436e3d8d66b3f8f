//! `aecp release`: components become a bundle that enforcement points run.

use std::path::PathBuf;

use aecp_engine::{Limits, Runtime};
use aecp_oci::Tag;
use jiff::Timestamp;

use super::Format;
use crate::error::{Error, Outcome, While};
use crate::fleet::Inventory;
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::release::past::{self, Release};
use crate::release::{Publisher, ReleaseFile, changes, compose, meaning};

/// Make a bundle of components, and publish it for enforcement points
///
/// Takes the components from the layout folder or registry, verifies their signatures, compiles them ahead of time, tries them out
/// together, signs the bundle and a freshness statement, and puts everything under one tag. What an enforcement point
/// would refuse is refused here, and so are packages whose tests failed, or that have findings which cannot be meant and
/// which nobody has acknowledged. The epoch is one more than that of the bundle under the tag.
///
/// With --plan, everything is checked as for a release, and what would change is shown; nothing is signed or published.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What to release; see `docs/release-file.md`
    #[arg(value_name = "RELEASE.toml")]
    release: PathBuf,
    #[command(flatten)]
    place: PlaceArguments,
    /// The tag that enforcement points follow
    #[arg(long)]
    tag: String,
    /// The trust root
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
    /// A private key of the releases role; repeat where several must sign
    #[arg(long, required_unless_present = "plan", value_name = "FILE.key")]
    key: Vec<PathBuf>,
    /// A private key of the freshness role; repeat where several must sign. None where the trust root has freshness off
    #[arg(long, value_name = "FILE.key")]
    freshness_key: Vec<PathBuf>,
    /// Only show what would change
    #[arg(long, conflicts_with_all = ["key", "freshness_key"])]
    plan: bool,
    /// With --plan, exit with 1 if something would change
    #[arg(long, requires = "plan")]
    exit_code: bool,
    /// With --plan, show which enforcement points of this inventory the bundle selects; see `docs/fleet.md`
    #[arg(long, requires = "plan", value_name = "INVENTORY.toml")]
    inventory: Option<PathBuf>,
    /// With --plan, the package folders of components that the tag has now, to show which requests are decided otherwise
    #[arg(long, requires = "new_source", value_name = "PACKAGE", num_args = 1..)]
    old_source: Vec<PathBuf>,
    /// With --plan, the package folders of components of the new bundle
    #[arg(long, requires_all = ["plan", "old_source"], value_name = "PACKAGE", num_args = 1..)]
    new_source: Vec<PathBuf>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let now = Timestamp::now();
    let tag: Tag = arguments.tag.parse().when("reading --tag")?;
    let chain = keyfiles::root_chain(&arguments.root)?;
    let root = keyfiles::trust_root(&arguments.root)?;
    let file = ReleaseFile::read(&arguments.release)?;
    let place = arguments.place.open()?;
    let before = past::current(place.store(), &tag, &chain)?;
    let epoch = before.as_ref().map_or(Ok(1), Release::next_epoch)?;
    let runtime = Runtime::new(Limits::default()).when("setting up the engine")?;
    let composed = compose(&file, epoch, place.store(), &root, &runtime, now)?;
    if arguments.plan {
        let inventory = arguments.inventory.as_deref().map(Inventory::read).transpose()?;
        let points = inventory.map(|inventory| inventory.labels(&root)).transpose()?;
        let old = before.as_ref().map(|release| &release.bundle);
        let plan = changes::Plan::new(old, &composed.bundle, points.as_ref());
        let explained = old.filter(|_| !arguments.new_source.is_empty());
        plan.show(arguments.format, explained.is_some())?;
        if let Some(old) = explained {
            if arguments.format == Format::Json {
                let problem = "it is written for people; use `aecp diff OLD NEW --format json`";
                return Err(problem).when("comparing the sources");
            }
            meaning::show(
                (old, &arguments.old_source),
                (&composed.bundle, &arguments.new_source),
            )?;
        }
        return Ok(if arguments.exit_code && plan.changes_something() {
            Outcome::Bad
        } else {
            Outcome::Good
        });
    }
    let publisher = Publisher {
        place: &place,
        tag: &tag,
        chain: &chain,
        root: &root,
        keys: &arguments.key,
        freshness_keys: &arguments.freshness_key,
        now,
    };
    publisher
        .publish(composed, before.as_ref())?
        .show("released", arguments.format)?;
    Ok(Outcome::Good)
}
