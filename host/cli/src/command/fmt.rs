//! `aecp fmt`: one way to write it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Format, print_json};
use crate::error::{Error, Outcome};
use crate::files::{self, Privacy};
use crate::package::PackageFolder;
use crate::report::{self, BAD, FAINT, GOOD};

/// Write policy sources in their one form, keeping every comment
///
/// Meaning and bytes of the compiled component do not change. A file with syntax errors is left as it is. With --check
/// nothing is written, and the exit code is 1 if a file is not in its one form.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Package folders or `.aecp` files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Write nothing; say which files are not in their one form
    #[arg(long)]
    check: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It was in its one form.
    Unchanged,
    /// It was not, and is now; with --check, would be.
    Changed,
    /// It has syntax errors.
    Malformed,
}

#[derive(Serialize)]
struct Report {
    path: String,
    state: State,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let mut reports = Vec::new();
    for path in &arguments.paths {
        let folder = PackageFolder::read(path)?;
        let sources = (0_u32..).zip(&folder.files);
        for (file, source) in
            sources.filter(|(_, source)| source.has_policies() && source.imported_from().is_none())
        {
            let place = if folder.path.is_dir() {
                folder.path.join(&source.name)
            } else {
                folder.path.clone()
            };
            let state = match aecp_compiler::format::source(&source.text) {
                Err(mut diagnostics) => {
                    // The formatter sees one file, and counts from it.
                    let labels = diagnostics.iter_mut();
                    labels
                        .flat_map(|found| found.primary.iter_mut().chain(&mut found.secondary))
                        .for_each(|label| label.place.file = file);
                    report::diagnostics(&folder, &diagnostics);
                    State::Malformed
                }
                Ok(text) if text == source.text => State::Unchanged,
                Ok(text) => {
                    if !arguments.check {
                        rewrite(&place, &text)?;
                    }
                    State::Changed
                }
            };
            let path = place.display().to_string();
            reports.push(Report { path, state });
        }
    }
    match arguments.format {
        Format::Json => print_json(&reports)?,
        Format::Human => reports.iter().for_each(|report| tell(report, arguments.check)),
    }
    let bad = |report: &Report| match report.state {
        State::Unchanged => false,
        State::Changed => arguments.check,
        State::Malformed => true,
    };
    Ok(if reports.iter().any(bad) {
        Outcome::Bad
    } else {
        Outcome::Good
    })
}

fn rewrite(path: &Path, text: &str) -> Result<(), Error> {
    files::write(path, text.as_bytes(), Privacy::Public)
}

fn tell(report: &Report, check: bool) {
    let path = &report.path;
    match report.state {
        State::Unchanged => anstream::println!("{FAINT}ok{FAINT:#}        {path}"),
        State::Changed if check => anstream::println!("{BAD}differs{BAD:#}   {path}: run `aecp fmt {path}`"),
        State::Changed => anstream::println!("{GOOD}formatted{GOOD:#} {path}"),
        State::Malformed => anstream::println!("{BAD}malformed{BAD:#} {path}: left as it is"),
    }
}
