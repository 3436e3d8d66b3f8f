//! `aecp review`: what there is to review of a component.

use std::path::{Path, PathBuf};

use aecp_compiler::core::Package;
use aecp_oci::{Limits, Reference, Store};
use aecp_trust::attestation::{Attestation, PackageResults};
use aecp_trust::{Digest, TrustRoot};

use super::diff;
use super::log::{Entry, show};
use crate::attested::{self, Known};
use crate::error::{Error, Outcome, While};
use crate::files::{self, Privacy};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::rebuild;
use crate::report::{BAD, FAINT, GOOD, NOTABLE};

/// Show what there is to review of a component
///
/// Who wrote it and why, what tests and analysis gave, who has approved it, and with --against, which requests it decides
/// otherwise than another version. Exits with 1 while the trust root asks for more approvals.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component: its tag, or the digest of its manifest
    #[arg(value_name = "TAG|DIGEST")]
    reference: Reference,
    /// Another version, whose sources are stored too
    #[arg(long, value_name = "TAG|DIGEST")]
    against: Option<Reference>,
    /// Write the archive of the sources that were signed
    #[arg(long, value_name = "FILE.tar")]
    save_sources: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceArguments,
    /// The trust root
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let root = keyfiles::trust_root(&arguments.root)?;
    let place = arguments.place.open()?;
    let store = place.store();
    let known = attested::take(store, &arguments.reference, &root)?;
    let said = &known.attested.attestation;
    let digest = Digest::of(&known.pulled.bytes);
    anstream::println!("{} component {FAINT}{digest}{FAINT:#}", said.kind.name());
    anstream::println!("built by {} {}", said.compiler.name, said.compiler.version);
    match (said.source, said.source_archive) {
        (Some(source), Some(archive)) => {
            anstream::println!("sources {source} {FAINT}archive {archive}{FAINT:#}");
        }
        (Some(source), None) => anstream::println!("sources {source}, not stored"),
        _ => anstream::println!("{NOTABLE}sources not known{NOTABLE:#}"),
    }
    show(&Entry::of_attestation(said));
    said.results.iter().for_each(show_results);
    if let Some(path) = &arguments.save_sources {
        files::write(
            path,
            &archive(store, &known, &arguments.reference)?,
            Privacy::Public,
        )?;
    }
    if let Some(against) = &arguments.against {
        compare(store, &root, (against, &arguments.reference), &known)?;
    }
    known
        .reviews
        .all
        .iter()
        .map(Entry::of_review)
        .for_each(|entry| show(&entry));
    if known.reviews.needed == 0 {
        anstream::println!("the trust root asks for no approvals");
        return Ok(Outcome::Good);
    }
    Ok(match known.reviews.enough() {
        Ok(()) => {
            let count = known.reviews.approvals().count();
            anstream::println!(
                "{GOOD}approved{GOOD:#} {count} of {} approvals",
                known.reviews.needed
            );
            Outcome::Good
        }
        Err(missing) => {
            anstream::println!("{BAD}not approved{BAD:#} {missing}");
            Outcome::Bad
        }
    })
}

fn show_results(results: &PackageResults) {
    let PackageResults {
        package,
        tests_passed,
        tests_failed,
        critical,
        acknowledged,
        other_findings,
        not_decided,
    } = results;
    anstream::println!(
        "package {package}: {tests_passed} tests passed, {} failed; {} critical findings, {} acknowledged, \
         {other_findings} others, {not_decided} questions not decided",
        tests_failed.len(),
        critical.len(),
        acknowledged.len()
    );
    for title in tests_failed {
        anstream::println!("  {BAD}failed{BAD:#} {title}");
    }
    for sentence in critical {
        anstream::println!("  {BAD}critical{BAD:#} {sentence}");
    }
    for finding in acknowledged {
        anstream::println!(
            "  {NOTABLE}acknowledged{NOTABLE:#} {} {FAINT}because {}{FAINT:#}",
            finding.sentence,
            finding.reason
        );
    }
}

/// The archive of the sources of a component that was signed.
fn archive(store: &dyn Store, known: &Known, reference: &Reference) -> Result<Vec<u8>, Error> {
    let context = || format!("reading the sources of `{reference}`");
    let Attestation { source_archive, .. } = known.attested.attestation;
    let wanted = source_archive
        .ok_or("its attestation names none; sign it with `aecp sign --source`")
        .when(context())?;
    let limit = Limits::default().file_bytes;
    store
        .sources(&known.pulled.manifest, &wanted, limit)
        .when(context())
}

fn packages(store: &dyn Store, known: &Known, reference: &Reference) -> Result<Vec<Package>, Error> {
    let archive = archive(store, known, reference)?;
    let sources = rebuild::packages(&archive).when(format!("reading the sources of `{reference}`"))?;
    let package = |(_, checked): (_, aecp_compiler::package::Checked)| checked.package;
    Ok(sources.into_iter().filter_map(package).collect())
}

/// Says of each package which requests it decides otherwise.
fn compare(
    store: &dyn Store,
    root: &TrustRoot,
    (before, after): (&Reference, &Reference),
    known: &Known,
) -> Result<(), Error> {
    let old = packages(store, &attested::take(store, before, root)?, before)?;
    let new = packages(store, known, after)?;
    let (before, after) = (before.to_string(), after.to_string());
    for package in &new {
        match old.iter().find(|old| old.name == package.name) {
            Some(old) => diff::compare((Path::new(&before), old), (Path::new(&after), package))?,
            None => anstream::println!("package {} is new", package.name),
        }
    }
    for gone in old
        .iter()
        .filter(|old| new.iter().all(|new| new.name != old.name))
    {
        anstream::println!("package {} is no more", gone.name);
    }
    Ok(())
}
