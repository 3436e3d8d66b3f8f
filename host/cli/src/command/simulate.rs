//! `aecp simulate`: what would a package have decided over requests that were made?

mod tally;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aecp_vocabulary::{AttributeName, Type};
use serde::Serialize;

use super::eval::Subject;
use super::settings::Settings;
use super::{Format, print_json};
use crate::error::{Error, Outcome, While};
use crate::report::{BAD, FAINT, GOOD, NOTABLE};
use crate::traffic::{self, Read, Reading, percent};
use tally::{Affected, ByPolicy, Recorded, Tally};

/// Replay requests that were made against a package
///
/// Decides every request of the logs exactly as an enforcement point with only this package would, with the compiled
/// component, at the time that the log says, or else at that of --now. Says how many would be denied, by which policy,
/// whom it affects, what the log says was decided otherwise, and how long decisions take. Lines that say no request are
/// counted and shown, never skipped in silence. Memory does not grow with the logs.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// A package folder, or a component that `aecp build` made
    #[arg(value_name = "PACKAGE|FILE.wasm")]
    subject: PathBuf,
    /// The logs: files, or an evidence folder; `-` for standard input
    #[arg(long, required = true, value_name = "FILE", num_args = 1..)]
    traffic: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    settings: Settings,
    /// Whom it affects: count denied requests by this attribute; can be repeated
    #[arg(long, value_name = "ATTRIBUTE")]
    by: Vec<AttributeName>,
    /// How many values of such an attribute are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    top: usize,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const HELP: &str = "\
Formats, recognised by the first line, or given with --traffic-format:
  requests  one JSON object of attributes a line, as `aecp eval` reads it
  evidence  the evidence folder of an enforcement point
  opa       decision logs: `input` gives the attributes, `result` the decision
  envoy     JSON access logs: method, path, authority, scheme, downstream_remote_address; denied if the details say so,
            or the status is 401 or 403
  nginx     JSON access logs: request_method, request_uri, request, host, scheme, remote_addr, remote_user; denied if the
            status is 401 or 403
What they name otherwise is given with --map; a value that was mapped is read as the type that the schema declares.

Examples:
  aecp simulate policies/pci --traffic requests.ndjson --by identity.subject
  aecp simulate policies/pci --traffic /var/lib/aecp/evidence
  aecp simulate policies/pci --traffic access.json --map customer.region=/geo/region --map identity.subject=/user";

/// What came of it.
#[derive(Serialize)]
struct Report {
    subject: String,
    policies: usize,
    #[serde(flatten)]
    read: Read,
    allowed: u64,
    denied: u64,
    /// Percent of the requests.
    denied_percent: f64,
    /// Policies that would have denied, or would have been violated without denying; the most frequent first.
    by_policy: Vec<ByPolicy>,
    /// Values of the attributes that were asked for, among denied requests.
    affected: Vec<Affected>,
    /// What the logs say was decided; none if they do not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    recorded: Option<Recorded>,
    /// Requests of which the log hides a value that policies read, because it is personal.
    hidden: u64,
    /// Attributes that policies read, and no request had: the log may name them otherwise.
    never_given: Vec<String>,
    decision_us: Times,
    requests_per_second: f64,
}

/// How long a decision takes, in microseconds.
#[derive(Serialize)]
struct Times {
    p50: f64,
    p99: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let Some(subject) = Subject::load(&arguments.subject, &arguments.settings)? else {
        return Ok(Outcome::Bad);
    };
    let started = Instant::now();
    let now = arguments.settings.now();
    let mut tally = Tally::new(subject.set().attributes(), &arguments.by).when("preparing the figures")?;
    let read = traffic::replay(&arguments.traffic, &arguments.reading, |request| {
        let table = subject.values(|name, declared| request.value(name, declared));
        let deciding = Instant::now();
        let decision = subject.set().decide(&table, request.time.unwrap_or(now)).decision;
        tally.take(request, &table, &decision, deciding.elapsed());
    })?;
    let report = report(arguments, &subject, &tally, read, started.elapsed());
    match arguments.format {
        Format::Json => print_json(&report)?,
        Format::Human => show(&report),
    }
    Ok(Outcome::Good)
}

fn report(arguments: &Arguments, subject: &Subject, tally: &Tally, read: Read, elapsed: Duration) -> Report {
    #[allow(
        clippy::cast_precision_loss,
        reason = "nobody reads the sixteenth digit of a rate"
    )]
    let rate = read.requests as f64 / elapsed.as_secs_f64().max(1e-9);
    Report {
        subject: arguments.subject.display().to_string(),
        policies: subject.policies,
        allowed: read.requests.saturating_sub(tally.denied),
        denied: tally.denied,
        denied_percent: percent(tally.denied, read.requests),
        by_policy: tally.by_policy(read.requests),
        affected: tally.affected(arguments.top),
        recorded: tally.recorded(),
        hidden: tally.hidden,
        never_given: tally.never_given(),
        decision_us: Times {
            p50: tally.microseconds(0.5),
            p99: tally.microseconds(0.99),
        },
        requests_per_second: rate,
        read,
    }
}

fn show(report: &Report) {
    let Report { read, .. } = report;
    let style = if report.denied == 0 { GOOD } else { BAD };
    anstream::println!(
        "{} would deny {style}{}{style:#} of {} requests ({:.2} %)",
        report.subject,
        report.denied,
        read.requests,
        report.denied_percent
    );
    for policy in &report.by_policy {
        let style = if policy.denies { BAD } else { NOTABLE };
        let what = if policy.denies { "denies" } else { "reports" };
        anstream::println!(
            "  {style}{what}{style:#} {:>9} {:>6.2} %  {} {FAINT}{}{FAINT:#}",
            policy.requests,
            policy.percent,
            policy.policy,
            policy.example
        );
    }
    for affected in &report.affected {
        anstream::println!("\ndenied by {}", affected.attribute);
        for value in &affected.top {
            anstream::println!("  {:>9} {}", value.requests, value.value);
        }
        if affected.others > 0 {
            anstream::println!("  {:>9} {FAINT}of others{FAINT:#}", affected.others);
        }
    }
    if let Some(recorded) = &report.recorded {
        anstream::println!(
            "\nof {} requests the log says what was decided: {} alike, {BAD}{} would be denied now{BAD:#}, {GOOD}{} would be \
             allowed now{GOOD:#}",
            recorded.known,
            recorded.same,
            recorded.newly_denied,
            recorded.newly_allowed
        );
    }
    anstream::println!();
    if !report.never_given.is_empty() {
        anstream::println!(
            "{NOTABLE}never given{NOTABLE:#} {}: policies read it, and no request has it; see --map",
            report.never_given.join(", ")
        );
    }
    if report.hidden > 0 {
        anstream::println!(
            "{NOTABLE}hidden{NOTABLE:#} {} requests have values that policies read, and of which the log has commitments alone",
            report.hidden
        );
    }
    read.show_unreadable();
    for log in &read.logs {
        anstream::println!("{FAINT}{log}{FAINT:#}");
    }
    anstream::println!(
        "{FAINT}a decision takes p50 {:.2} µs, p99 {:.2} µs; {:.0} requests/s with reading{FAINT:#}",
        report.decision_us.p50,
        report.decision_us.p99,
        report.requests_per_second
    );
}

/// The attributes of a table, by name and type.
type Attributes = [(AttributeName, Type)];
