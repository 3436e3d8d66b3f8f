//! `aecp releases`: what a tag has and had.

use std::path::PathBuf;

use aecp_oci::Tag;
use jiff::Timestamp;
use serde::Serialize;

use super::{Format, print_json};
use crate::error::{Error, Outcome, While};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::release::past::{self, Release};
use crate::report::{BAD, FAINT, GOOD};

/// List what was released under a tag, the newest first
///
/// Each release stays in the store under the tag of its epoch, as in `production.epoch-7`. `aecp rollback` releases one
/// of them again.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: PlaceArguments,
    /// The tag that enforcement points follow
    #[arg(long)]
    tag: String,
    /// The trust root
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
    /// How many epochs are looked at, the newest first
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1000))]
    last: u64,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    epoch: u64,
    current: bool,
    name: String,
    bundle: String,
    manifest: String,
    released: Timestamp,
    not_after: Timestamp,
    packages: Vec<PackageReport>,
    /// The keys of the releases role that have signed it.
    signers: Vec<String>,
    /// The version of the newest trust root by which it holds.
    trust_root_version: u64,
    /// Whether it holds by the newest trust root there is, so that it can be rolled back to.
    holds: bool,
}

#[derive(Serialize)]
struct PackageReport {
    name: String,
    version: String,
    ceiling: &'static str,
    component: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let tag: Tag = arguments.tag.parse().when("reading --tag")?;
    let chain = keyfiles::root_chain(&arguments.root)?;
    let place = arguments.place.open()?;
    let current = past::current(place.store(), &tag, &chain)?
        .ok_or("nothing was released under it")
        .when(format!("reading the bundle that `{tag}` has now"))?;
    let newest = current.bundle.epoch;
    let oldest = newest.saturating_sub(arguments.last).saturating_add(1).max(1);
    let earlier: Vec<u64> = (oldest..newest).rev().collect();
    let earlier = past::of_epochs(place.store(), &tag, &chain, &earlier)?;
    let root = chain.newest().version();
    let reports: Vec<Report> = std::iter::once(Some(current))
        .chain(earlier)
        .flatten()
        .map(|release| report(&release, newest, root))
        .collect();
    match arguments.format {
        Format::Json => print_json(&reports)?,
        Format::Human => reports.iter().for_each(human),
    }
    Ok(Outcome::Good)
}

fn report(release: &Release, newest: u64, root: u64) -> Report {
    let bundle = &release.bundle;
    let packages = bundle.policies.iter().flat_map(|entry| {
        entry.packages.iter().map(|package| PackageReport {
            name: package.name.clone(),
            version: package.version.clone(),
            ceiling: package.ceiling.name(),
            component: entry.component.digest.to_string(),
        })
    });
    Report {
        epoch: bundle.epoch,
        current: bundle.epoch == newest,
        name: bundle.name.clone(),
        bundle: release.digest.to_string(),
        manifest: release.manifest.to_string(),
        released: release.made(),
        not_after: bundle.not_after,
        packages: packages.collect(),
        signers: release.signers.iter().map(ToString::to_string).collect(),
        trust_root_version: release.holds_by,
        holds: release.holds_by == root,
    }
}

fn human(report: &Report) {
    let current = if report.current { " (current)" } else { "" };
    let Report {
        epoch,
        name,
        bundle,
        released,
        not_after,
        ..
    } = report;
    anstream::println!(
        "epoch {epoch}{GOOD}{current}{GOOD:#} {name}, {released}, valid until {not_after} {FAINT}{bundle}{FAINT:#}"
    );
    for package in &report.packages {
        anstream::println!("  {} {} {}", package.name, package.version, package.ceiling);
    }
    anstream::println!("  {FAINT}signed by {}{FAINT:#}", report.signers.join(" "));
    if !report.holds {
        anstream::println!(
            "  {BAD}signed by keys that count no more{BAD:#}: it held until trust root version {}",
            report.trust_root_version
        );
    }
}
