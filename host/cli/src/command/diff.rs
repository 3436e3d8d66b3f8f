//! `aecp diff`: what does a new version decide otherwise?

use std::path::{Path, PathBuf};

use aecp_compiler::core::{InputKind, Package};
use aecp_compiler::diff::{Budget, Change, Decided, Denying, Difference, Requests, diff};
use aecp_engine::Instances;
use aecp_vocabulary::{Value, Verdict};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::eval::Subject;
use super::settings::Settings;
use super::{Format, analyse, print_json};
use crate::error::{Error, Outcome, While};
use crate::package::PackageFolder;
use crate::report::{self, BAD, FAINT, GOOD, NOTABLE};
use crate::traffic::{self, Read, Reading, percent};

/// Say which requests a new version of a package decides otherwise
///
/// Compares what two versions *decide*, not how they are written: each condition below ALLOW → DENY or DENY → ALLOW holds
/// only of requests whose decision changed, is shown by the smallest such request, and names who decides on each side.
/// Every request is asked about, with attributes that are absent or could not be determined too. If nothing is said to be
/// not decided, every request that changed is in one of the conditions.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// The package as it is: a folder
    old: PathBuf,
    /// The package as it is to be: a folder
    new: PathBuf,
    /// Weigh each change by the requests of these logs: files, or an evidence folder; `-` for standard input
    #[arg(long, value_name = "FILE", num_args = 1..)]
    traffic: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    /// Exit with 1 if a decision changed or may have changed
    #[arg(long)]
    exit_code: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const HELP: &str = "\
In conditions, `a IS UNKNOWN` means that a is absent or could not be determined, `a IS FAILED` the latter alone.

Examples:
  aecp diff policies/eu_residency@1 policies/eu_residency
  git worktree add /tmp/main main && aecp diff /tmp/main/policies/pci policies/pci --exit-code
  aecp diff old new --traffic requests.ndjson
  aecp diff old new --traffic access.json --map customer.region=/region";

/// What changed.
#[derive(Serialize)]
struct Report {
    old: Version,
    new: Version,
    allow_to_deny: Side,
    deny_to_allow: Side,
    changes: Vec<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traffic: Option<Weighed>,
}

#[derive(Serialize)]
struct Version {
    path: String,
    package: String,
    version: String,
}

#[derive(Serialize)]
struct Side {
    conditions: Vec<Condition>,
    /// Conditions that are not listed.
    more: usize,
    not_decided: Vec<String>,
    /// Requests of the traffic that changed this way.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
}

#[derive(Serialize)]
struct Condition {
    condition: String,
    /// As `aecp eval` reads it.
    example: Json,
    /// Attributes of the example that could not be determined, which JSON cannot say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<String>,
    allowed_by: Vec<String>,
    denied_by: Vec<Denying>,
    /// Requests of the traffic that are in this condition, and in none above.
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<u64>,
}

#[derive(Serialize)]
struct Weighed {
    #[serde(flatten)]
    read: Read,
    /// Requests whose decision changed.
    changed: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let (Some(old), Some(new)) = (load(&arguments.old)?, load(&arguments.new)?) else {
        return Ok(Outcome::Bad);
    };
    let (difference, mut report) = examine((&arguments.old, &old), (&arguments.new, &new))?;
    if !arguments.traffic.is_empty() {
        weigh(arguments, [&old, &new], &difference, &mut report)?;
    }
    match arguments.format {
        Format::Json => print_json(&report)?,
        Format::Human => show(&report),
    }
    let same = |side: &Side| side.conditions.is_empty() && side.not_decided.is_empty();
    let unchanged = same(&report.allow_to_deny) && same(&report.deny_to_allow);
    Ok(if arguments.exit_code && !unchanged {
        Outcome::Bad
    } else {
        Outcome::Good
    })
}

/// Shows to people which requests `new` decides otherwise than `old`, each with the name that it has in messages.
pub(crate) fn compare(old: (&Path, &Package), new: (&Path, &Package)) -> Result<(), Error> {
    let (_, report) = examine(old, new)?;
    show(&report);
    Ok(())
}

fn examine(
    (old_path, old): (&Path, &Package),
    (new_path, new): (&Path, &Package),
) -> Result<(Difference, Report), Error> {
    let difference = diff(old, new, Budget::default());
    if let Some(condition) = difference.inconsistencies.first() {
        let what = format!("comparing with `{}`", new_path.display());
        return Err(Error::part(what)(format!(
            "a claim did not hold when it was tried (`{condition}`); please report these packages"
        )));
    }
    let report = Report {
        old: version(old_path, old),
        new: version(new_path, new),
        allow_to_deny: side(&difference.denied),
        deny_to_allow: side(&difference.allowed),
        changes: difference.changes.clone(),
        traffic: None,
    };
    Ok((difference, report))
}

/// Reads and checks a package; none if it has errors, which have been shown.
fn load(path: &Path) -> Result<Option<Package>, Error> {
    let folder = PackageFolder::read(path)?;
    let checked = folder.check();
    report::diagnostics(&folder, &checked.diagnostics);
    Ok(checked.package)
}

fn version(path: &Path, package: &Package) -> Version {
    Version {
        path: path.display().to_string(),
        package: package.name.clone(),
        version: package.version.clone(),
    }
}

fn side(decided: &Decided) -> Side {
    let condition = |requests: &Requests| {
        let mut example = Map::new();
        let mut failed = Vec::new();
        for (input, value) in &requests.example {
            match value {
                Value::Failed(_) => failed.push(input.name.to_string()),
                value => drop(example.insert(input.name.to_string(), analyse::json(value))),
            }
        }
        Condition {
            condition: requests.condition.clone(),
            example: Json::Object(example),
            failed,
            allowed_by: requests.allowed_by.clone(),
            denied_by: requests.denied_by.clone(),
            requests: None,
        }
    };
    Side {
        conditions: decided.conditions.iter().map(condition).collect(),
        more: decided.more,
        not_decided: decided.not_decided.clone(),
        requests: None,
    }
}

/// Counts the requests of the traffic that are in each condition. Both versions decide over every one of them, as
/// components.
fn weigh(
    arguments: &Arguments,
    packages: [&Package; 2],
    difference: &Difference,
    report: &mut Report,
) -> Result<(), Error> {
    let component = |package: &Package| {
        let wasm = aecp_compiler::emit::component(std::slice::from_ref(package)).when("compiling")?;
        Subject::of_component(&wasm, Instances::Warm, &Settings::default())
    };
    let [old, new] = packages.map(component);
    let (old, new) = (old?, new?);
    let started = Settings::default().now();
    for side in [&mut report.allow_to_deny, &mut report.deny_to_allow] {
        side.requests = Some(0);
        for condition in &mut side.conditions {
            condition.requests = Some(0);
        }
    }
    let mut changed = 0_u64;
    let read = traffic::replay(&arguments.traffic, &arguments.reading, |request| {
        let now = request.time.unwrap_or(started);
        let verdict = |subject: &Subject| {
            let table = subject.values(|name, declared| request.value(name, declared));
            subject.set().decide(&table, now).decision.verdict
        };
        let (decided, side) = match (verdict(&old), verdict(&new)) {
            (Verdict::Allow, Verdict::Deny) => (&difference.denied, &mut report.allow_to_deny),
            (Verdict::Deny, Verdict::Allow) => (&difference.allowed, &mut report.deny_to_allow),
            _ => return,
        };
        changed = changed.saturating_add(1);
        count(&mut side.requests);
        let inputs = difference.inputs().iter();
        let values: Vec<Value> = inputs
            .map(|input| match &input.kind {
                InputKind::Attribute { .. } => request.value(&input.name, input.value_type),
                InputKind::Parameter(parameter) => parameter.default.clone(),
                InputKind::Now => Value::Instant(now),
            })
            .collect();
        let place = difference.place(decided, &values);
        if let Some(condition) = place.and_then(|place| side.conditions.get_mut(place)) {
            count(&mut condition.requests);
        }
    })?;
    for side in [&mut report.allow_to_deny, &mut report.deny_to_allow] {
        // What touches most comes first; else the order stays.
        side.conditions
            .sort_by_key(|condition| std::cmp::Reverse(condition.requests));
    }
    report.traffic = Some(Weighed { read, changed });
    Ok(())
}

fn count(requests: &mut Option<u64>) {
    *requests = requests.map(|count| count.saturating_add(1));
}

fn show(report: &Report) {
    let Report { old, new, .. } = report;
    anstream::println!(
        "{} {} → {} {}",
        old.package,
        old.version,
        new.package,
        new.version
    );
    let whole = report.traffic.as_ref().map(|traffic| traffic.read.requests);
    show_side(&format!("{BAD}ALLOW → DENY{BAD:#}"), &report.allow_to_deny, whole);
    show_side(
        &format!("{GOOD}DENY → ALLOW{GOOD:#}"),
        &report.deny_to_allow,
        whole,
    );
    if !report.changes.is_empty() {
        anstream::println!("\nwhat is written otherwise");
        report.changes.iter().for_each(show_change);
    }
    if let Some(Weighed { read, changed }) = &report.traffic {
        anstream::println!(
            "\n{changed} of {} requests are decided otherwise ({:.2} %)",
            read.requests,
            percent(*changed, read.requests)
        );
        read.show_unreadable();
    }
}

fn show_side(title: &str, side: &Side, whole: Option<u64>) {
    if side.conditions.is_empty() && side.not_decided.is_empty() {
        anstream::println!("\n{title}: no request");
        return;
    }
    let weight = |requests: Option<u64>| match (requests, whole) {
        (Some(requests), Some(whole)) => {
            format!(
                "  {NOTABLE}{requests} requests, {:.2} %{NOTABLE:#}",
                percent(requests, whole)
            )
        }
        _ => String::new(),
    };
    anstream::println!("\n{title}{}", weight(side.requests));
    for condition in &side.conditions {
        anstream::println!("  {}{}", condition.condition, weight(condition.requests));
        for Denying { policy, reason } in &condition.denied_by {
            anstream::println!("    denied by {policy}: {FAINT}{reason}{FAINT:#}");
        }
        anstream::println!("    allowed by {}", condition.allowed_by.join(", "));
        let failed = match condition.failed.as_slice() {
            [] => String::new(),
            names => format!(", with {} failed", names.join(", ")),
        };
        anstream::println!("    {FAINT}for example{FAINT:#} {}{failed}", condition.example);
    }
    if side.more > 0 {
        anstream::println!("  {FAINT}and {} more conditions{FAINT:#}", side.more);
    }
    for asked in &side.not_decided {
        anstream::println!("  {NOTABLE}not decided{NOTABLE:#}: {asked}");
    }
}

fn show_change(change: &Change) {
    let about = change
        .policy
        .as_deref()
        .map_or_else(String::new, |policy| format!("{policy}: "));
    let words = change.fact.words();
    let text = match (&change.old, &change.new) {
        (Some(old), Some(new)) => format!("{BAD}{old}{BAD:#} → {GOOD}{new}{GOOD:#}"),
        (Some(old), None) => format!("no more ({old})"),
        (None, Some(new)) => format!("new ({new})"),
        (None, None) => String::new(),
    };
    anstream::println!("  {about}{words} {text}");
}
