//! `aecp release`: components become a bundle that enforcement points run.

use std::path::PathBuf;

use aecp_engine::{Limits, Runtime};
use aecp_oci::{NamedBlob, Store, Tag};
use aecp_trust::bundle::Bundle;
use aecp_trust::freshness::{self, Freshness};
use aecp_trust::root::RootChain;
use aecp_trust::{Role, TrustRoot, statement};
use jiff::Timestamp;
use serde::Serialize;

use super::{Format, print_json};
use crate::error::{Error, Outcome, While};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::release::{Composed, ReleaseFile, compose, root_files};
use crate::report::{FAINT, GOOD};

/// Make a bundle of components, and publish it for enforcement points
///
/// Takes the components from the layout folder or registry, verifies their signatures, compiles them ahead of time, tries them out
/// together, signs the bundle and a freshness statement, and puts everything under one tag. What an enforcement point
/// would refuse is refused here, and so are packages whose tests failed, or that have findings which cannot be meant and
/// which nobody has acknowledged. The epoch is one more than that of the bundle under the tag.
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
    #[arg(long, required = true, value_name = "FILE.key")]
    key: Vec<PathBuf>,
    /// A private key of the freshness role; repeat where several must sign. None where the trust root has freshness off
    #[arg(long, value_name = "FILE.key")]
    freshness_key: Vec<PathBuf>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    bundle: String,
    name: String,
    epoch: u64,
    manifest: String,
    not_after: Timestamp,
    /// None where freshness is off.
    fresh_until: Option<Timestamp>,
    components: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let now = Timestamp::now();
    let tag: Tag = arguments.tag.parse().when("reading --tag")?;
    let chain = keyfiles::root_chain(&arguments.root)?;
    let root = keyfiles::trust_root(&arguments.root)?;
    let file = ReleaseFile::read(&arguments.release)?;
    let place = arguments.place.open()?;
    let epoch = next_epoch(place.store(), &tag, &chain)?;
    let runtime = Runtime::new(Limits::default()).when("setting up the engine")?;
    let Composed { bundle, mut files } = compose(&file, epoch, place.store(), &root, &runtime, now)?;

    let signing = keyfiles::signing_keys(&arguments.key)?;
    let signers: Vec<&dyn aecp_trust::Signer> =
        signing.iter().map(|key| key as &dyn aecp_trust::Signer).collect();
    let sealed = bundle.seal(&signers).when("signing the bundle")?;
    // A signature that the trust root does not accept must not be published as if it were one.
    statement::open::<Bundle>(&sealed.envelope, root.quorum(Role::Releases))
        .when("checking the bundle's signature")?;
    let freshness = match Freshness::new(sealed.digest, epoch, now, &root) {
        Some(freshness) => {
            let until = freshness.expires;
            let envelope = keyfiles::seal(&arguments.freshness_key, |signers| freshness.seal(signers))?;
            freshness::check(&envelope, &root, sealed.digest, epoch, now)
                .when("checking the freshness statement")?;
            Some((envelope, until))
        }
        None => None,
    };
    let fresh_until = freshness.as_ref().map(|(_, until)| *until);

    files.extend(root_files(&chain)?);
    files.insert(0, NamedBlob::bundle(sealed.envelope));
    let freshness = freshness.as_ref().map(|(envelope, _)| envelope.as_slice());
    let push = |store: &dyn Store| {
        store
            .push_bundle(&tag, &files, freshness)
            .when("storing the bundle")
    };
    let pushed = place.publish(&tag, push)?;
    let report = Report {
        bundle: sealed.digest.to_string(),
        name: bundle.name.clone(),
        epoch,
        manifest: pushed.bundle.digest.to_string(),
        not_after: bundle.not_after,
        fresh_until,
        components: bundle.components().count(),
    };
    match arguments.format {
        Format::Json => print_json(&report)?,
        Format::Human => {
            let Report {
                bundle,
                name,
                components,
                not_after,
                ..
            } = &report;
            anstream::println!(
                "{GOOD}released{GOOD:#} {name} epoch {epoch}, {components} components {FAINT}{bundle}{FAINT:#}"
            );
            anstream::println!("valid until {not_after}, {}", keyfiles::fresh_until(fresh_until));
        }
    }
    Ok(Outcome::Good)
}

/// One more than the epoch of the bundle that the tag has now, which must be signed itself: by the newest trust root, or
/// by an earlier one, whose key was revoked since.
fn next_epoch(store: &dyn Store, tag: &Tag, chain: &RootChain) -> Result<u64, Error> {
    if store
        .revision(tag)
        .when("reading the bundle under the tag")?
        .is_none()
    {
        return Ok(1);
    }
    let context = || format!("reading the bundle that `{tag}` has now");
    let pulled = store
        .pull_bundle(tag, &aecp_oci::Limits::default())
        .when(context())?;
    let envelope = pulled
        .file(aecp_oci::bundle::BUNDLE_FILE)
        .ok_or("it has no bundle document")
        .when(context())?;
    let newest = statement::open::<Bundle>(envelope, chain.newest().quorum(Role::Releases));
    let opened = newest.or_else(|error| {
        let earlier =
            |root: &TrustRoot| statement::open::<Bundle>(envelope, root.quorum(Role::Releases)).ok();
        chain.all().find_map(earlier).ok_or(error)
    });
    let opened = opened.when(context())?;
    opened
        .statement
        .predicate
        .epoch
        .checked_add(1)
        .ok_or("its epoch is the last one")
        .when(context())
}
