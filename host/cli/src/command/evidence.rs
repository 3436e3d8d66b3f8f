//! `aecp evidence`: what was decided, and whether the record of it holds.

use std::path::PathBuf;

use aecp_evidence::checkpoint::VerifierKey;
use aecp_evidence::show::{Filter, leaves};
use aecp_evidence::verify::{Report, verify};
use aecp_vocabulary::Verdict;
use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;

use super::{Format, print_json};
use crate::command::settings::nanoseconds;
use crate::error::{Error, Outcome, While};
use crate::files;
use crate::report::{self, BAD, GOOD, NOTABLE};

/// Show and verify the record of decisions
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Show(Show),
    Verify(Verify),
}

/// Show the leaves of a log: one line each, or JSON lines
///
/// Nothing is verified here; see `aecp evidence verify`.
#[derive(Debug, clap::Args)]
struct Show {
    /// The evidence folder of an enforcement point
    folder: PathBuf,
    /// Only requests decided so
    #[arg(long, value_enum)]
    decision: Option<Decided>,
    /// Only requests that this policy denied or found something in: NAME or PACKAGE.NAME, or `default`
    #[arg(long)]
    policy: Option<String>,
    /// Only from this time on (RFC 3339)
    #[arg(long, value_name = "TIME")]
    since: Option<Timestamp>,
    /// Only this request
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Leave out what no checkpoint covers yet
    #[arg(long)]
    signed_only: bool,
    /// How to write them
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Decided {
    Allow,
    Deny,
}

/// Verify a log with a key from outside
///
/// Computes everything under the signed checkpoint anew, and reports what is not under it yet. Exits with 1 if one
/// byte of the signed part is not as it was signed, and names the place.
#[derive(Debug, clap::Args)]
struct Verify {
    /// The evidence folder of an enforcement point
    folder: PathBuf,
    /// The log's verifier key, as `aecp keys log-verifier` prints it and the enrolment states it
    #[arg(long, value_name = "VKEY")]
    key: VerifierKey,
    /// An earlier checkpoint of the log, which it must still contain
    #[arg(long, value_name = "CHECKPOINT")]
    at_least: Option<PathBuf>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    match &arguments.command {
        Command::Show(arguments) => show(arguments),
        Command::Verify(arguments) => run_verify(arguments),
    }
}

fn show(arguments: &Show) -> Result<Outcome, Error> {
    let filter = Filter {
        verdict: arguments.decision.map(|decided| match decided {
            Decided::Allow => Verdict::Allow,
            Decided::Deny => Verdict::Deny,
        }),
        policy: arguments.policy.clone(),
        since: arguments.since.map(nanoseconds),
        request_id: arguments.request.clone(),
    };
    let context = || format!("reading the evidence in `{}`", arguments.folder.display());
    for shown in leaves(&arguments.folder, filter, !arguments.signed_only).when(context())? {
        let shown = shown.when(context())?;
        match arguments.format {
            Format::Human => anstream::println!("{}", shown.line()),
            Format::Json => anstream::println!("{}", shown.to_json()),
        }
    }
    Ok(Outcome::Good)
}

fn run_verify(arguments: &Verify) -> Result<Outcome, Error> {
    let at_least = arguments.at_least.as_deref().map(files::read_text).transpose()?;
    match verify(&arguments.folder, &arguments.key, at_least.as_deref()) {
        Ok(report) => {
            match arguments.format {
                Format::Human => show_report(&report),
                Format::Json => print_json(&to_json(&report))?,
            }
            Ok(Outcome::Good)
        }
        Err(error) => {
            match arguments.format {
                Format::Human => {
                    report::failure(&Error::part("the evidence does not hold")(error.to_string()));
                    anstream::println!("{BAD}not verified{BAD:#} {}", arguments.folder.display());
                }
                Format::Json => print_json(&json!({ "verified": false, "error": error.to_string() }))?,
            }
            Ok(Outcome::Bad)
        }
    }
}

fn show_report(report: &Report) {
    let Report {
        origin,
        size,
        allowed,
        denied,
        outcomes,
        interrupted,
        lifecycles,
        writers,
        unsigned_frames,
        ..
    } = report;
    anstream::println!("{GOOD}verified{GOOD:#} {size} leaves of {origin}, by {writers} writers");
    anstream::println!(
        "{allowed} allowed, {denied} denied, {outcomes} outcomes ({interrupted} interrupted), {lifecycles} lifecycle events"
    );
    let open = report.open.len();
    anstream::println!("{open} allowed requests without outcome: still at work, or cut off by a crash");
    anstream::println!("{unsigned_frames} leaves are not signed yet");
    for gap in &report.gaps {
        anstream::println!("{NOTABLE}gap{NOTABLE:#} {gap:?}");
    }
    for (path, bytes) in &report.incomplete {
        anstream::println!(
            "{NOTABLE}incomplete{NOTABLE:#} {path} ends in {bytes} bytes that are no whole leaf"
        );
    }
}

fn to_json(report: &Report) -> serde_json::Value {
    json!({
        "verified": true,
        "origin": report.origin,
        "size": report.size,
        "allowed": report.allowed,
        "denied": report.denied,
        "outcomes": report.outcomes,
        "interrupted": report.interrupted,
        "lifecycles": report.lifecycles,
        "writers": report.writers,
        "without_outcome": report.open.len(),
        "gaps": report.gaps.len(),
        "unsigned": report.unsigned_frames,
        "incomplete": report.incomplete.iter().map(|(path, bytes)| json!({ "segment": path, "bytes": bytes })).collect::<Vec<_>>(),
    })
}
