//! `aecp analyse`: what do policies do that nobody sees?

use std::path::{Path, PathBuf};

use aecp_compiler::analysis::{
    Acknowledged, Acknowledgement, Analysis, Budget, Finding, Severity, acknowledge, analyse,
};
use aecp_compiler::core::{InputKind, Package};
use aecp_compiler::diagnostic::{LineIndex, Place};
use aecp_compiler::package::Checked;
use aecp_compiler::suite::saved::{self, Saved};
use aecp_vocabulary::Value;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::{Format, print_json};
use crate::error::{Error, Outcome};
use crate::files::{self, Privacy};
use crate::package::PackageFolder;
use crate::report::{self, BAD, FAINT, GOOD, NOTABLE};

/// Prove what policies of a package can never do, and what they do to each other
///
/// Finds scopes that no request is in, constraints that none satisfies, policies that another one makes needless, policies
/// that no request satisfies together, requests that nobody covers, and attributes whose absence lets a request pass. What
/// is said is proven, and shown by a request where one shows it. Exits with 1 if something cannot be meant and nobody has
/// acknowledged it: `ACKNOWLEDGE: kind BECAUSE "why it stays"` in the POLICY, or in the PACKAGE header.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Package folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where to write the requests that show what was found, as TEST blocks that pass today; of one package
    #[arg(long, value_name = "FILE.aecp")]
    save_tests: Option<PathBuf>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What was found in one package.
#[derive(Serialize)]
struct Report {
    path: String,
    package: String,
    findings: Vec<Found>,
    /// Acknowledgements that no finding needs.
    stale: Vec<Stale>,
    /// What was asked and not settled inside the budget.
    not_decided: Vec<String>,
}

#[derive(Serialize)]
struct Found {
    kind: &'static str,
    severity: &'static str,
    sentence: String,
    /// Why it stays, if somebody has said so in the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<String>,
    policies: Vec<Named>,
    /// A request that shows it, as `aecp eval` reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<Json>,
    /// Attributes of that request whose value could not be determined, which JSON cannot say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<String>,
    /// What `aecp eval` has to be told beside the request: the time, and parameters without their defaults.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    settings: Vec<String>,
}

#[derive(Serialize)]
struct Stale {
    /// As the source says it.
    acknowledges: String,
    reason: String,
    /// File and line.
    place: String,
}

#[derive(Serialize)]
struct Named {
    policy: String,
    /// File and line.
    place: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    if let Some(file) = &arguments.save_tests {
        can_save(arguments, file)?;
    }
    let mut reports = Vec::new();
    let mut sound = true;
    for path in &arguments.paths {
        let folder = PackageFolder::read(path)?;
        let checked = folder.check();
        report::diagnostics(&folder, &checked.diagnostics);
        let Some(package) = &checked.package else {
            sound = false;
            continue;
        };
        let analysis = analyse(package, Budget::scaled(package.policies.len()));
        if !analysis.inconsistencies.is_empty() {
            let what = format!("analysing `{}`", path.display());
            return Err(Error::part(what)(
                "a claim did not hold when it was tried; please report this package".to_owned(),
            ));
        }
        let acknowledged = acknowledge(package, &analysis, &checked.acknowledgements);
        sound &= acknowledged
            .open(&analysis)
            .all(|finding| finding.severity < Severity::Critical);
        if let Some(file) = &arguments.save_tests {
            save(&saved::save(package, &checked.tests, &analysis), file)?;
        }
        reports.push(told(&folder, package, &checked, &analysis, &acknowledged));
    }
    match arguments.format {
        Format::Json => print_json(&reports)?,
        Format::Human => reports.iter().for_each(show),
    }
    Ok(if sound { Outcome::Good } else { Outcome::Bad })
}

/// Whether tests can be kept in this file: it is nobody else's, and they are of one package.
fn can_save(arguments: &Arguments, file: &Path) -> Result<(), Error> {
    let refused = Error::part(format!("saving tests in `{}`", file.display()));
    if arguments.paths.len() > 1 {
        return Err(refused("tests belong to one package; name one".to_owned()));
    }
    if file.exists() {
        return Err(refused(
            "the file exists; name another one, or remove it first".to_owned(),
        ));
    }
    Ok(())
}

fn save(tests: &Saved, file: &Path) -> Result<(), Error> {
    let Saved {
        text,
        tests,
        already,
        without_request,
    } = tests;
    if *tests > 0 {
        files::write(file, text.as_bytes(), Privacy::Public)?;
    }
    anstream::eprintln!(
        "saved {tests} tests {FAINT}({already} findings have one, {without_request} are shown by no request){FAINT:#}"
    );
    Ok(())
}

fn told(
    folder: &PackageFolder,
    package: &Package,
    checked: &Checked,
    analysis: &Analysis,
    acknowledged: &Acknowledged<'_>,
) -> Report {
    let named = |policy: &u32| {
        let index = usize::try_from(*policy).unwrap_or(usize::MAX);
        Named {
            policy: package
                .policies
                .get(index)
                .map_or_else(String::new, |policy| policy.name.clone()),
            place: checked
                .places
                .get(index)
                .map_or_else(String::new, |place| line(folder, *place)),
        }
    };
    let found = |(finding, why): (&Finding, &Option<&Acknowledgement>)| {
        let shown = finding.witness.as_ref().map(|values| request(package, values));
        let (request, failed, settings) = match shown {
            Some(Shown {
                request,
                failed,
                settings,
            }) => (Some(request), failed, settings),
            None => (None, Vec::new(), Vec::new()),
        };
        Found {
            kind: finding.kind.name(),
            severity: finding.severity.name(),
            sentence: finding.sentence.clone(),
            acknowledged: why.map(|why| why.reason.clone()),
            policies: finding.policies.iter().map(named).collect(),
            request,
            failed,
            settings,
        }
    };
    let stale = |one: &&Acknowledgement| Stale {
        acknowledges: one.subject(),
        reason: one.reason.clone(),
        place: line(folder, one.place),
    };
    Report {
        path: folder.path.display().to_string(),
        package: package.name.clone(),
        findings: analysis
            .findings
            .iter()
            .zip(&acknowledged.findings)
            .map(found)
            .collect(),
        stale: acknowledged.stale.iter().map(stale).collect(),
        not_decided: analysis
            .not_decided
            .iter()
            .map(|open| open.asked.clone())
            .collect(),
    }
}

fn line(folder: &PackageFolder, place: Place) -> String {
    let file = usize::try_from(place.file)
        .ok()
        .and_then(|file| folder.files.get(file));
    file.map_or_else(String::new, |file| {
        let line = LineIndex::new(&file.text).position(place.span.start).line;
        format!("{}:{line}", file.name)
    })
}

/// A request, as `aecp eval` would be asked for it.
#[derive(Default)]
struct Shown {
    request: Json,
    failed: Vec<String>,
    settings: Vec<String>,
}

/// The request that has these values.
fn request(package: &Package, values: &[Value]) -> Shown {
    let mut object = Map::new();
    let mut shown = Shown::default();
    for (input, value) in package.inputs.iter().zip(values) {
        let name = input.name.to_string();
        match (&input.kind, value) {
            (InputKind::Now, value) => shown.settings.push(format!("--now {value}")),
            (InputKind::Parameter(parameter), value) if parameter.default == *value => {}
            (InputKind::Parameter(_), value) => {
                let bare = match json(value) {
                    Json::String(text) => text,
                    other => other.to_string(),
                };
                shown.settings.push(format!("--parameter '{name}={bare}'"));
            }
            (InputKind::Attribute { .. }, Value::Absent) => {}
            (InputKind::Attribute { .. }, Value::Failed(_)) => shown.failed.push(name),
            (InputKind::Attribute { .. }, value) => drop(object.insert(name, json(value))),
        }
    }
    shown.request = Json::Object(object);
    shown
}

/// A value as `aecp eval` reads it.
pub(crate) fn json(value: &Value) -> Json {
    let texts = |members: Vec<String>| Json::from(members);
    match value {
        Value::Boolean(holds) => (*holds).into(),
        Value::Integer(number) => (*number).into(),
        Value::SetOfText(members) => texts(members.clone()),
        Value::SetOfInteger(members) => members.clone().into(),
        Value::SetOfDecimal(members) => members.iter().map(|one| json(&Value::Decimal(*one))).collect(),
        Value::SetOfInstant(members) => members.iter().map(|one| json(&Value::Instant(*one))).collect(),
        Value::SetOfDuration(members) => members.iter().map(|one| json(&Value::Duration(*one))).collect(),
        Value::SetOfAddress(members) => members.iter().map(|one| json(&Value::Address(*one))).collect(),
        Value::SetOfNetwork(members) => members.iter().map(|one| json(&Value::Network(*one))).collect(),
        other => other.to_string().into(),
    }
}

fn show(report: &Report) {
    let Report { path, findings, .. } = report;
    for found in findings {
        let style = match (found.severity, &found.acknowledged) {
            (_, Some(_)) => FAINT,
            ("critical", None) => BAD,
            ("warning", None) => NOTABLE,
            _ => FAINT,
        };
        anstream::println!(
            "{style}{}[{}]{style:#}: {}",
            found.severity,
            found.kind,
            found.sentence
        );
        for Named { policy, place } in &found.policies {
            anstream::println!("  {FAINT}{place}{FAINT:#} {policy}");
        }
        if let Some(reason) = &found.acknowledged {
            anstream::println!("  acknowledged: {reason}");
        }
        if let Some(request) = &found.request {
            let failed = match found.failed.as_slice() {
                [] => String::new(),
                names => format!(", with {} failed", names.join(", ")),
            };
            let settings: String = found.settings.iter().map(|set| format!(" {set}")).collect();
            anstream::println!("  shown by {request}{failed}{settings}");
        }
    }
    for Stale {
        acknowledges,
        reason,
        place,
    } in &report.stale
    {
        anstream::println!(
            "{NOTABLE}stale{NOTABLE:#}: nothing needs `ACKNOWLEDGE: {acknowledges}` ({reason}); remove it"
        );
        anstream::println!("  {FAINT}{place}{FAINT:#}");
    }
    let open = report.not_decided.len();
    for asked in report.not_decided.iter().take(20) {
        anstream::println!("{FAINT}not decided{FAINT:#}: {asked}");
    }
    if open > 20 {
        anstream::println!(
            "{FAINT}not decided{FAINT:#}: {} more; see --format json",
            open.saturating_sub(20)
        );
    }
    if findings.is_empty() && report.stale.is_empty() && open == 0 {
        anstream::println!("{GOOD}ok{GOOD:#}     {path}: nothing to say");
    } else {
        let acknowledged = findings
            .iter()
            .filter(|found| found.acknowledged.is_some())
            .count();
        anstream::println!(
            "       {path}: {} findings, of which {acknowledged} acknowledged; {open} questions not decided",
            findings.len()
        );
    }
}
