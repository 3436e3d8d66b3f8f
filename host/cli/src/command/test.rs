//! `aecp test`: do policies decide as their authors meant?

use std::path::PathBuf;

use aecp_compiler::core::Package;
use aecp_compiler::diagnostic::LineIndex;
use aecp_compiler::suite::coverage::{Coverage, Gap, Tally};
use aecp_compiler::suite::equivalence::BruteForce;
use aecp_compiler::suite::mutation::{Budget, Mutation};
use aecp_compiler::suite::run::{CaseResult, Report};
use aecp_compiler::suite::{self, Test};
use clap::ValueEnum;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::print_json;
use crate::error::{Error, Outcome, While};
use crate::files::{self, Privacy};
use crate::package::PackageFolder;
use crate::report::{self, BAD, FAINT, GOOD, NOTABLE};

/// Run the TEST blocks of packages
///
/// Each case is decided as an enforcement point with only this package would. Exits with 1 if a case fails, if a package
/// has errors, or if it has no test.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Package folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Show which conditions the tests have not made true, false and unknown
    #[arg(long)]
    coverage: bool,
    /// Change the policies a little, again and again, and show which changes no test notices
    #[arg(long)]
    mutate: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Style,
    /// Where to write JSON or JUnit; standard output if not given
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

/// What the tests of one package came to.
#[derive(Serialize)]
struct Tested {
    path: String,
    package: String,
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Coverage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mutation: Option<Mutation>,
    /// Where each test stands: file and line.
    places: Vec<String>,
}

impl Tested {
    fn passed(&self) -> bool {
        self.report.passed() && !self.report.tests.is_empty()
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let mut all = Vec::new();
    let mut sound = true;
    for path in &arguments.paths {
        let folder = PackageFolder::read(path)?;
        let checked = folder.check();
        report::diagnostics(&folder, &checked.diagnostics);
        match &checked.package {
            Some(package) => all.push(test(arguments, &folder, package, &checked.tests)),
            None => sound = false,
        }
    }
    let text = match arguments.format {
        Style::Human => {
            all.iter().for_each(show);
            None
        }
        Style::Json if arguments.output.is_none() => {
            print_json(&all)?;
            None
        }
        Style::Json => Some(serde_json::to_string_pretty(&all).when("writing the result as JSON")?),
        Style::Junit => Some(junit(&all).to_string().when("writing the result as JUnit")?),
    };
    match (text, &arguments.output) {
        (Some(text), Some(path)) => files::write(path, text.as_bytes(), Privacy::Public)?,
        (Some(text), None) => anstream::println!("{text}"),
        (None, _) => {}
    }
    Ok(if sound && all.iter().all(Tested::passed) {
        Outcome::Good
    } else {
        Outcome::Bad
    })
}

fn test(arguments: &Arguments, folder: &PackageFolder, package: &Package, tests: &[Test]) -> Tested {
    let place = |test: &Test| {
        let file = usize::try_from(test.place.file)
            .ok()
            .and_then(|file| folder.files.get(file));
        file.map_or_else(String::new, |file| {
            let line = LineIndex::new(&file.text).position(test.place.span.start).line;
            format!("{}:{line}", file.name)
        })
    };
    let mutate = || suite::mutate(package, tests, &BruteForce::default(), Budget::default());
    Tested {
        path: folder.path.display().to_string(),
        package: package.name.clone(),
        report: suite::run(package, tests),
        coverage: arguments.coverage.then(|| suite::coverage(package, tests)),
        mutation: arguments.mutate.then(mutate),
        places: tests.iter().map(place).collect(),
    }
}

fn show(tested: &Tested) {
    let Tested { path, report, .. } = tested;
    for (test, place) in report.tests.iter().zip(&tested.places) {
        if test.passed() {
            anstream::println!("{GOOD}ok{GOOD:#}      {} {FAINT}({place}){FAINT:#}", test.title);
            continue;
        }
        anstream::println!("{BAD}failed{BAD:#}  {} {FAINT}({place}){FAINT:#}", test.title);
        for case in &test.cases {
            if let Some(failure) = &case.failure {
                anstream::println!("        {}expected {}", named(case), failure.expected);
                anstream::println!("        {}found    {}", named(case), failure.found);
            }
        }
    }
    let (count, failures) = (report.tests.len(), report.failures());
    match (count, failures) {
        (0, _) => anstream::println!("{BAD}failed{BAD:#}  {path}: no tests; write a TEST block"),
        (_, 0) => anstream::println!("{GOOD}ok{GOOD:#}      {path}: {count} tests"),
        _ => anstream::println!("{BAD}failed{BAD:#}  {path}: {failures} of {count} tests"),
    }
    if let Some(coverage) = &tested.coverage {
        show_coverage(coverage);
    }
    if let Some(mutation) = &tested.mutation {
        show_mutation(mutation);
    }
}

fn named(case: &CaseResult) -> String {
    case.title
        .as_ref()
        .map_or_else(String::new, |title| format!("{title}: "))
}

fn show_coverage(coverage: &Coverage) {
    let share = |tally: &Tally| format!("{} of {}", tally.seen(), tally.possible());
    anstream::println!(
        "coverage: {} truths of conditions were seen",
        share(&coverage.total)
    );
    for policy in &coverage.policies {
        anstream::println!("  {:>12}  {}", share(&policy.tally), policy.policy);
    }
    for Gap {
        policy,
        part,
        atom,
        never_true,
        never_false,
        never_unknown,
    } in &coverage.gaps
    {
        let missing: Vec<&str> = [
            (never_true, "true"),
            (never_false, "false"),
            (never_unknown, "unknown"),
        ]
        .into_iter()
        .filter(|(never, _)| **never)
        .map(|(_, truth)| truth)
        .collect();
        anstream::println!(
            "  {NOTABLE}never {}{NOTABLE:#}: `{atom}` {FAINT}({}, {policy}){FAINT:#}",
            missing.join(", "),
            part.name()
        );
    }
}

fn show_mutation(mutation: &Mutation) {
    let survivors = mutation.survivors.len();
    anstream::println!(
        "mutation: {} changes noticed, {survivors} not noticed, {} without effect",
        mutation.killed,
        mutation.equivalent
    );
    for survivor in &mutation.survivors {
        anstream::println!("  {NOTABLE}not noticed{NOTABLE:#}: {}", survivor.sentence);
        if let Some(request) = &survivor.request {
            let values: Vec<String> = request
                .iter()
                .map(|(name, value)| format!("{name} is {value}"))
                .collect();
            anstream::println!(
                "    {FAINT}a request that shows it: {}{FAINT:#}",
                values.join(", ")
            );
        }
    }
    if mutation.not_tried > 0 {
        anstream::println!(
            "  {} changes were not tried: there was no time left",
            mutation.not_tried
        );
    }
}

fn junit(all: &[Tested]) -> quick_junit::Report {
    let mut report = quick_junit::Report::new("aecp test");
    for tested in all {
        let mut suite = TestSuite::new(tested.package.as_str());
        for test in &tested.report.tests {
            for (number, case) in (1..).zip(&test.cases) {
                let status = case
                    .failure
                    .as_ref()
                    .map_or_else(TestCaseStatus::success, |failure| {
                        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                        status.set_message(format!("expected {}, found {}", failure.expected, failure.found));
                        status
                    });
                let name = match (&case.title, test.cases.len()) {
                    (Some(title), _) => format!("{}: {title}", test.title),
                    (None, 1) => test.title.clone(),
                    (None, _) => format!("{}: case {number}", test.title),
                };
                let mut one = TestCase::new(name, status);
                one.set_classname(tested.package.as_str());
                suite.add_test_case(one);
            }
        }
        report.add_test_suite(suite);
    }
    report
}
