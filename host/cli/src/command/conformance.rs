//! `aecp conformance`: does a component keep its contract?

use std::path::PathBuf;

use aecp_conformance::{CheckResult, Options, Report};
use clap::ValueEnum;

use super::print_json;
use crate::error::{Error, Outcome};
use crate::files::{self, Privacy};
use crate::report::{BAD, FAINT, GOOD};

/// Check whether a component keeps its contract (policy, context extractor or audit sink)
///
/// Recognises the contract, checks imports and exports, calls the component with valid, boundary and hostile inputs,
/// and checks that equal input gives equal output and that limits hold. Exits with 1 if a check fails.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    component: PathBuf,
    /// The configuration to give to an extractor or sink
    #[arg(long, value_name = "FILE.json")]
    configuration: Option<PathBuf>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Style,
    /// Where to write it; standard output if not given
    #[arg(short, long)]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Style {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
    /// For continuous integration.
    Junit,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let wasm = files::read(&arguments.component)?;
    let mut options = Options::default();
    if let Some(path) = &arguments.configuration {
        options.configuration = Some(files::read(path)?);
    }
    let report = aecp_conformance::run(&wasm, &options);
    let text = match arguments.format {
        Style::Human => None,
        Style::Junit => Some(report.to_junit()),
        Style::Json if arguments.output.is_none() => {
            print_json(&report)?;
            None
        }
        Style::Json => Some(serde_json::to_string_pretty(&report).unwrap_or_default()),
    };
    match (text, &arguments.output) {
        (Some(text), Some(path)) => files::write(path, text.as_bytes(), Privacy::Public)?,
        (Some(text), None) => anstream::println!("{text}"),
        (None, _) => {}
    }
    if arguments.format == Style::Human {
        show(&report);
    }
    Ok(if report.passed() {
        Outcome::Good
    } else {
        Outcome::Bad
    })
}

fn show(report: &Report) {
    for check in &report.checks {
        match &check.result {
            CheckResult::Passed => anstream::println!("{GOOD}ok{GOOD:#}      {}", check.title),
            CheckResult::Failed(detail) => {
                anstream::println!(
                    "{BAD}failed{BAD:#}  {} {FAINT}({}){FAINT:#}\n        {detail}",
                    check.title,
                    check.id
                );
            }
            CheckResult::Skipped(reason) => {
                anstream::println!(
                    "{FAINT}skipped{FAINT:#} {} {FAINT}({reason}){FAINT:#}",
                    check.title
                );
            }
        }
    }
}
