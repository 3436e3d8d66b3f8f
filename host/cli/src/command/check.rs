//! `aecp check`: is it right?

use std::path::PathBuf;

use aecp_compiler::diagnostic::{LocatedDiagnostic, Severity};
use serde::Serialize;

use super::{Format, print_json};
use crate::cost::{CostReport, Limit};
use crate::error::{Error, Outcome, While};
use crate::package::PackageFolder;
use crate::report::{self, BAD, GOOD};

/// Check packages for errors, without building anything
///
/// Shows every error and warning with its place in the source and what to do. Exits with 1 if there is an error.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Package folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    limit: Limit,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<String>,
    policies: usize,
    errors: usize,
    warnings: usize,
    /// What a decision of the package alone costs at most; left out if there are errors.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<CostReport>,
    diagnostics: Vec<LocatedDiagnostic>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let mut reports = Vec::new();
    let mut allowed = true;
    for path in &arguments.paths {
        let folder = PackageFolder::read(path)?;
        let checked = folder.check();
        if arguments.format == Format::Human {
            report::diagnostics(&folder, &checked.diagnostics);
        }
        let cost = match &checked.package {
            Some(package) => Some(
                aecp_compiler::emit::cost(std::slice::from_ref(package))
                    .when(format!("compiling `{}`", package.name))?,
            ),
            None => None,
        };
        allowed &= cost.as_ref().is_none_or(|cost| arguments.limit.allows(cost));
        let count = |severity| {
            checked
                .diagnostics
                .iter()
                .filter(|found| found.severity == severity)
                .count()
        };
        reports.push(Report {
            path: path.display().to_string(),
            package: checked.package.as_ref().map(|package| package.name.clone()),
            policies: checked
                .package
                .as_ref()
                .map_or(0, |package| package.policies.len()),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            cost: cost.map(|cost| arguments.limit.report(&cost)),
            diagnostics: checked
                .diagnostics
                .iter()
                .map(|found| found.located(&folder.files))
                .collect(),
        });
    }
    match arguments.format {
        Format::Json => print_json(&reports)?,
        Format::Human => reports.iter().for_each(summarise),
    }
    Ok(if allowed && reports.iter().all(|report| report.errors == 0) {
        Outcome::Good
    } else {
        Outcome::Bad
    })
}

fn summarise(report: &Report) {
    let Report {
        path,
        policies,
        errors,
        warnings,
        ..
    } = report;
    if *errors == 0 {
        let name = report.package.as_deref().unwrap_or_default();
        anstream::println!(
            "{GOOD}ok{GOOD:#}     {path}: package `{name}`, {policies} policies, {warnings} warnings"
        );
        if let Some(cost) = &report.cost {
            anstream::println!("       {cost}");
        }
    } else {
        anstream::println!("{BAD}failed{BAD:#} {path}: {errors} errors, {warnings} warnings");
    }
}
