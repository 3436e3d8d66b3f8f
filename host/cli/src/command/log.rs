//! `aecp log`: the history of a component.

use std::path::PathBuf;

use aecp_oci::{Limits, Reference, Store, Tag};
use aecp_trust::attestation::{self, Attestation};
use aecp_trust::review::{self, Reviewed};
use aecp_trust::{Bundle, Role, TrustRoot, statement};
use jiff::Timestamp;
use serde::Serialize;

use super::{Format, print_json, verify};
use crate::attested;
use crate::error::{Error, Outcome, While};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::report::FAINT;

/// Show the history of a component or bundle: who wrote it, when and why, and who approved it
///
/// Only what is signed by keys that the trust root names, oldest first. Of a bundle, what came into it, and its epoch.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The tag of a component or bundle, or the digest of a component's manifest
    #[arg(value_name = "TAG|DIGEST")]
    reference: Reference,
    #[command(flatten)]
    place: PlaceArguments,
    /// The trust root
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Something that was said of a component.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    /// None where nobody said when: a release says only from when until when it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Timestamp>,
    /// `signed`, `approved`, `rejected`, `released`.
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Packages with their versions, of an attestation; the bundle with its epoch, of a release.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packages: Vec<String>,
    /// Why an approval does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_counted: Option<String>,
}

impl Entry {
    pub(crate) fn of_attestation(said: &Attestation) -> Self {
        let named = |package: &attestation::AttestedPackage| format!("{} {}", package.name, package.version);
        Self {
            time: said.time,
            what: "signed",
            who: said.author.clone(),
            why: said.justification.clone(),
            packages: said.packages.iter().map(named).collect(),
            not_counted: None,
        }
    }

    fn of_release(bundle: &Bundle) -> Self {
        Self {
            time: None,
            what: "released",
            who: None,
            why: Some(format!(
                "valid from {} until {}",
                bundle.not_before, bundle.not_after
            )),
            packages: vec![format!("{} epoch {}", bundle.name, bundle.epoch)],
            not_counted: None,
        }
    }

    pub(crate) fn of_review(reviewed: &Reviewed) -> Self {
        let review = &reviewed.review;
        let not_counted = reviewed.not_counted.map(|why| why.to_string());
        Self {
            time: Some(review.time),
            what: review.verdict.name(),
            who: Some(review.reviewer.clone()),
            why: review.comment.clone(),
            packages: Vec::new(),
            not_counted,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let root = keyfiles::trust_root(&arguments.root)?;
    let place = arguments.place.open()?;
    let store = place.store();
    let entries = match verify::is_bundle(store, &arguments.reference)? {
        Some(tag) => of_bundle(store, &tag, &root)?,
        None => of_component(store, &arguments.reference, &root)?,
    };
    match arguments.format {
        Format::Json => print_json(&entries)?,
        Format::Human => entries.iter().for_each(show),
    }
    Ok(Outcome::Good)
}

fn of_component(store: &dyn Store, reference: &Reference, root: &TrustRoot) -> Result<Vec<Entry>, Error> {
    let known = attested::take(store, reference, root)?;
    let signed = known
        .history
        .iter()
        .map(|attested| Entry::of_attestation(&attested.attestation));
    let reviews = known.reviews.all.iter().map(Entry::of_review);
    Ok(by_time(signed.chain(reviews).collect()))
}

fn by_time(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| entry.time);
    entries
}

/// What came into the bundle that is under the tag now, and its release.
fn of_bundle(store: &dyn Store, tag: &Tag, root: &TrustRoot) -> Result<Vec<Entry>, Error> {
    let context = || format!("reading bundle `{tag}`");
    let pulled = store.pull_bundle(tag, &Limits::default()).when(context())?;
    let delivery = verify::delivery(pulled);
    let opened = statement::open::<Bundle>(&delivery.bundle, root.quorum(Role::Releases)).when(context())?;
    let bundle = opened.statement.predicate;
    let mut entries = Vec::new();
    for used in bundle.components() {
        let component = used.component.digest;
        let context = || {
            format!(
                "reading the {} component `{}` of bundle `{tag}`",
                used.kind.name(),
                used.name
            )
        };
        let envelope = delivery.attestations.get(&component);
        let envelope = envelope.ok_or("it has no attestation").when(context())?;
        let said = attestation::open(envelope, root).when(context())?.statement;
        if !said.is_about([component]) {
            return Err(Error::part(context())(
                "its attestation is about another".to_owned(),
            ));
        }
        let said = said.predicate;
        let reviews = review::of(
            delivery.reviews_of(component),
            component,
            [(envelope.as_slice(), &said)],
            root,
        );
        entries.push(Entry::of_attestation(&said));
        entries.extend(reviews.all.iter().map(Entry::of_review));
    }
    let mut entries = by_time(entries);
    entries.push(Entry::of_release(&bundle));
    Ok(entries)
}

/// Writes an entry for people.
pub(crate) fn show(entry: &Entry) {
    let time = match entry.time {
        Some(time) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        None => "without a time".to_owned(),
    };
    let who = entry.who.as_deref().unwrap_or(match entry.what {
        "released" => "the releases role",
        _ => "somebody",
    });
    let verb = entry.what;
    let packages = match entry.packages.as_slice() {
        [] => String::new(),
        packages => format!(" {}", packages.join(", ")),
    };
    let why = entry
        .why
        .as_ref()
        .map_or_else(String::new, |why| format!(": {why}"));
    let not_counted = match &entry.not_counted {
        Some(reason) if verb == "approved" => format!(" (does not count: {reason})"),
        _ => String::new(),
    };
    anstream::println!("{FAINT}{time}{FAINT:#} {who} {verb}{packages}{why}{not_counted}");
}
