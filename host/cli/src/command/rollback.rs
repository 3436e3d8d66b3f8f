//! `aecp rollback`: what an earlier epoch had, as the next epoch.

use std::path::PathBuf;

use aecp_engine::{Limits as EngineLimits, Runtime};
use aecp_oci::bundle::BUNDLE_FILE;
use aecp_oci::{Layout, Limits, Tag};
use aecp_trust::bundle::Bundle;
use aecp_trust::{Role, statement};
use jiff::Timestamp;

use super::Format;
use crate::error::{Error, Outcome, While};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::release::{Publisher, again, compose, past};

/// Release again what an earlier epoch had
///
/// An epoch only grows: the way back is a new epoch with the old content. Takes the components, ceilings, parameters,
/// routes and everything else out of the bundle of that epoch, and checks, compiles, tries out and signs them as
/// `aecp release` does. What the newest trust root does not accept any more is refused by name. `aecp releases` lists the
/// epochs.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// The tag that enforcement points follow
    #[arg(long)]
    tag: String,
    /// The epoch whose content is wanted
    #[arg(long, value_name = "EPOCH")]
    to: u64,
    /// Days that the bundle is valid; as many as that of the epoch was, if not given
    #[arg(long, value_name = "DAYS")]
    valid_days: Option<u32>,
    /// The trust root
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
    /// A private key of the releases role; repeat where several must sign
    #[arg(long, required = true, value_name = "FILE.key")]
    key: Vec<PathBuf>,
    /// A private key of the freshness role; repeat where several must sign. None where the trust root has freshness off
    #[arg(long, value_name = "FILE.key")]
    freshness_key: Vec<PathBuf>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let now = Timestamp::now();
    let tag: Tag = arguments.tag.parse().when("reading --tag")?;
    let chain = keyfiles::root_chain(&arguments.root)?;
    let root = keyfiles::trust_root(&arguments.root)?;
    let place = arguments.place.open()?;
    let wanted = arguments.to;
    let before = past::current(place.store(), &tag, &chain)?
        .ok_or("nothing was released under it")
        .when(format!("reading the bundle that `{tag}` has now"))?;
    if wanted >= before.bundle.epoch {
        let problem = format!(
            "`{tag}` is at epoch {} now; name an earlier one",
            before.bundle.epoch
        );
        return Err(problem).when("reading --to");
    }

    let context = || format!("reading epoch {wanted} of `{tag}`");
    let earlier = tag.epoch(wanted).when(context())?;
    let pulled = place
        .store()
        .pull_bundle(&earlier, &Limits::default())
        .when(format!("{} (`aecp releases` lists what there is)", context()))?;
    let envelope = pulled
        .file(BUNDLE_FILE)
        .ok_or("it has no bundle document")
        .when(context())?;
    // Here only the newest root counts: what a revoked key signed does not come back.
    let opened = statement::open::<Bundle>(envelope, root.quorum(Role::Releases)).when(format!(
        "checking the signature of epoch {wanted} by trust root version {}",
        root.version()
    ))?;
    let old = opened.statement.predicate;
    if old.epoch != wanted {
        return Err(format!("its bundle says that it is epoch {}", old.epoch)).when(context());
    }

    let folder = tempfile::tempdir().when("making a folder for the components")?;
    let staging = Layout::create(folder.path()).when("making a folder for the components")?;
    again::stage(&staging, &pulled, &old)?;
    let file = again::release_file(&old, arguments.valid_days.unwrap_or_else(|| days(&old)))?;
    let runtime = Runtime::new(EngineLimits::default()).when("setting up the engine")?;
    let composed = compose(&file, before.next_epoch()?, &staging, &root, &runtime, now)?;
    let publisher = Publisher {
        place: &place,
        tag: &tag,
        chain: &chain,
        root: &root,
        keys: &arguments.key,
        freshness_keys: &arguments.freshness_key,
        now,
    };
    publisher.publish(composed, Some(&before))?.show(
        &format!("rolled back to epoch {wanted}, released"),
        arguments.format,
    )?;
    Ok(Outcome::Good)
}

/// How many whole days a bundle was made for, at least one.
fn days(bundle: &Bundle) -> u32 {
    // The begin lies a little before the making, which a division by days does not notice.
    let hours = bundle.not_before.duration_until(bundle.not_after).as_hours();
    u32::try_from(hours.checked_div(24).unwrap_or(1)).map_or(1, |days| days.max(1))
}
