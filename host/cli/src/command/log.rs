//! `aecp log`: the history of a component.

use std::path::PathBuf;

use aecp_oci::Reference;
use aecp_trust::attestation::Attestation;
use aecp_trust::review::Reviewed;
use jiff::Timestamp;
use serde::Serialize;

use super::{Format, print_json};
use crate::attested;
use crate::error::{Error, Outcome};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::report::FAINT;

/// Show the history of a component: who wrote it, when and why, and who approved it
///
/// Only what is signed by keys that the trust root names, oldest first.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component: its tag, or the digest of its manifest
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
    /// None where nobody said when.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Timestamp>,
    /// `signed`, `approved`, `rejected`.
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    /// Packages with their versions, of an attestation.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packages: Vec<String>,
    /// Why an approval does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_counted: Option<String>,
}

impl Entry {
    pub(crate) fn of_attestation(said: &Attestation) -> Self {
        let named = |package: &aecp_trust::attestation::AttestedPackage| {
            format!("{} {}", package.name, package.version)
        };
        Self {
            time: said.time,
            what: "signed",
            who: said.author.clone(),
            why: said.justification.clone(),
            packages: said.packages.iter().map(named).collect(),
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
    let known = attested::take(store, &arguments.reference, &root)?;
    let signed = known
        .history
        .iter()
        .map(|attested| Entry::of_attestation(&attested.attestation));
    let reviews = known.reviews.all.iter().map(Entry::of_review);
    let mut entries: Vec<Entry> = signed.chain(reviews).collect();
    entries.sort_by_key(|entry| entry.time);
    match arguments.format {
        Format::Json => print_json(&entries)?,
        Format::Human => entries.iter().for_each(show),
    }
    Ok(Outcome::Good)
}

/// Writes an entry for people.
pub(crate) fn show(entry: &Entry) {
    let time = entry.time.map_or_else(
        || "at an unknown time".to_owned(),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    );
    let who = entry.who.as_deref().unwrap_or("somebody");
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
