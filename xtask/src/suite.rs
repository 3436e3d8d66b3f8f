//! `cargo xtask test`: the whole test suite, step by step.
//!
//! Every step runs, whatever happened before; those that failed are named at the end.
//!
//! - [`steps`]: the steps. [`deny`]: licences, sources and advisories of dependencies. [`counts`]: how many tests.

mod counts;
mod deny;
mod steps;

use std::time::{Duration, Instant};

use crate::error::Error;
use crate::project::Project;
use counts::Counts;
use steps::Step;

/// Run the whole test suite.
///
/// Tests find the guest components in the folder that AECP_GUESTS names, which this sets. With --long it also sets
/// AECP_LONG=1, and tests that are too slow for every change run as well.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Add what is too slow for every change.
    #[arg(long)]
    long: bool,
    /// Run only this step; may be given several times.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
}

/// What steps share.
struct Suite<'a> {
    project: &'a Project,
    long: bool,
    counts: Counts,
}

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<(), Error> {
    let steps = chosen(&arguments.only)?;
    let mut suite = Suite {
        project,
        long: arguments.long,
        counts: Counts::default(),
    };
    let began = Instant::now();
    let mut results = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        heading(&format!(
            "{}/{} {}: {}",
            index.saturating_add(1),
            steps.len(),
            step.name,
            step.about
        ));
        let started = Instant::now();
        let result = (step.run)(&mut suite);
        match &result {
            Ok(()) => eprintln!("{}: ok, {}", step.name, seconds(started.elapsed())),
            Err(error) => eprintln!("{}: FAILED, {}: {error}", step.name, seconds(started.elapsed())),
        }
        results.push((step.name, started.elapsed(), result));
    }
    heading(&format!("summary, {}", seconds(began.elapsed())));
    for (name, elapsed, result) in &results {
        let state = if result.is_ok() { "ok" } else { "FAILED" };
        eprintln!("{name:>14}  {state:<6}  {:>8}", seconds(*elapsed));
    }
    println!("{}", suite.counts);
    let failed: Vec<_> = results
        .into_iter()
        .filter(|(.., result)| result.is_err())
        .map(|(name, ..)| name)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Error::Steps(failed))
    }
}

fn chosen(only: &[String]) -> Result<Vec<Step>, Error> {
    let mut steps = steps::all();
    if let Some(unknown) = only
        .iter()
        .find(|name| steps.iter().all(|step| step.name != **name))
    {
        let known = steps.iter().map(|step| step.name).collect();
        return Err(Error::UnknownStep {
            given: unknown.clone(),
            known,
        });
    }
    steps.retain(|step| only.is_empty() || only.iter().any(|name| name == step.name));
    Ok(steps)
}

fn heading(text: &str) {
    eprintln!("\n== {text}");
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_chosen_by_name_and_run_in_order() {
        let names = |only: &[&str]| -> Vec<_> {
            let only: Vec<_> = only.iter().map(|&name| name.to_owned()).collect();
            chosen(&only).unwrap().into_iter().map(|step| step.name).collect()
        };
        assert_eq!(names(&["tests", "format"]), ["format", "tests"]);
        assert_eq!(names(&[]).len(), steps::all().len());
    }

    #[test]
    fn a_step_that_is_not_there_is_named_with_those_that_are() {
        let error = chosen(&["lint".to_owned()]).err().unwrap().to_string();
        assert!(error.contains("`lint`") && error.contains("clippy"), "{error}");
    }
}
