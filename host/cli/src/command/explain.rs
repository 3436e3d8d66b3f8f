//! `aecp explain`: why would it be decided so?

use std::path::PathBuf;

use aecp_compiler::explain::{Explanation, Part, explain};
use aecp_compiler::interpreter::Truth;
use aecp_vocabulary::Outcome as Judgement;
use aecp_vocabulary::input::Attributes;
use aecp_vocabulary::policy::Input;

use super::settings::Settings;
use super::{Format, print_json};
use crate::error::{Error, Outcome, While};
use crate::files;
use crate::package::PackageFolder;
use crate::report::{self, BAD, FAINT, GOOD, NOTABLE};

/// Show for one request what each condition of a package is, and which values made it so
///
/// Every policy is shown with its scope and constraint as trees: each part is true, false or unknown. The decision itself
/// is what `aecp eval` says. Exits with 0 whatever would be decided.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A package folder
    #[arg(value_name = "PACKAGE")]
    package: PathBuf,
    /// The request, `-` for standard input
    #[arg(short, long, value_name = "REQUEST.json")]
    input: PathBuf,
    #[command(flatten)]
    settings: Settings,
    /// Only this policy
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Leave out policies that do not apply
    #[arg(long)]
    applied: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let folder = PackageFolder::read(&arguments.package)?;
    let checked = folder.check();
    report::diagnostics(&folder, &checked.diagnostics);
    let Some(package) = checked.package else {
        return Ok(Outcome::Bad);
    };
    if let Some(name) = &arguments.policy
        && !package.policies.iter().any(|policy| policy.name == *name)
    {
        let what = format!("explaining policy `{name}`");
        let names: Vec<&str> = package
            .policies
            .iter()
            .map(|policy| policy.name.as_str())
            .collect();
        return Err(Error::part(what)(format!(
            "the package has only {}",
            names.join(", ")
        )));
    }
    let text = files::read_request(&arguments.input)?;
    let attributes = Attributes::from_json(&text).when("reading the request")?;
    let inputs: Vec<Input> = package.inputs.iter().map(Input::from).collect();
    let parameters = arguments.settings.parameters(&inputs)?;
    let mut values = attributes.positions(&inputs, arguments.settings.now());
    for (input, value) in inputs.iter().zip(&mut values) {
        if let Input::Parameter { name, .. } = input
            && let Some(set) = parameters.get(name)
        {
            *value = set.clone();
        }
    }
    let wanted = |explanation: &Explanation| {
        let named = arguments
            .policy
            .as_ref()
            .is_none_or(|name| explanation.policy == *name);
        named && (!arguments.applied || explanation.outcome.is_some())
    };
    let explanations: Vec<Explanation> = explain(&package, &values).into_iter().filter(wanted).collect();
    match arguments.format {
        Format::Json => print_json(&explanations)?,
        Format::Human => explanations.iter().for_each(show),
    }
    Ok(Outcome::Good)
}

fn show(explanation: &Explanation) {
    let (style, outcome) = match explanation.outcome {
        None => (FAINT, "does not apply"),
        Some(Judgement::Satisfied) => (GOOD, "satisfied"),
        Some(Judgement::Violated) => (BAD, "violated"),
        Some(Judgement::Indeterminate) => (NOTABLE, "indeterminate"),
    };
    anstream::println!("{}: {style}{outcome}{style:#}", explanation.policy);
    tree("SCOPE", &explanation.scope, 1);
    if let Some(constraint) = &explanation.constraint {
        tree("CONSTRAINT", constraint, 1);
    }
    for obligation in &explanation.obligations {
        anstream::println!("  raises  OBLIGATION: {obligation}");
    }
}

/// One line for each part, indented by its depth.
fn tree(title: &str, part: &Part, depth: usize) {
    let (style, truth) = match part.truth {
        Truth::True => (GOOD, "true"),
        Truth::Unknown => (NOTABLE, "unknown"),
        Truth::False => (BAD, "false"),
    };
    let indent = "  ".repeat(depth);
    let title = if title.is_empty() {
        String::new()
    } else {
        format!("{title}: ")
    };
    let reads: Vec<String> = part
        .reads
        .iter()
        .map(|(name, value)| format!("{name} is {value}"))
        .collect();
    let reads = if reads.is_empty() {
        String::new()
    } else {
        format!("  ({})", reads.join(", "))
    };
    anstream::println!(
        "{indent}{style}{truth:7}{style:#} {title}{}{FAINT}{reads}{FAINT:#}",
        part.text
    );
    for part in &part.parts {
        tree("", part, depth.saturating_add(1));
    }
}
