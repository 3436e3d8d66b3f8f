//! One module for each subcommand.

mod analyse;
mod approve;
mod bench;
pub(crate) mod build;
mod check;
mod conformance;
pub(crate) mod diff;
mod eval;
mod evidence;
mod explain;
mod fleet;
mod fmt;
mod freshness;
mod keys;
mod log;
mod profile;
mod pull;
mod push;
mod release;
mod releases;
mod review;
mod rollback;
mod settings;
mod sign;
mod simulate;
mod test;
mod trust;
mod verify;

use clap::{Parser, Subcommand, ValueEnum};

use crate::error::{Error, Outcome};

/// Write, check, compile, sign and release policies, and verify what was decided.
///
/// A policy package is a folder of `.aecp` files. `check` it, `test` it, try requests on it with `eval`, `build` it into a
/// WebAssembly component, `sign` and `push` that, and `release` a bundle of components for enforcement points.
#[derive(Debug, Parser)]
#[command(name = "aecp", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Exit codes: 0 it came out well, 1 what was asked about is wrong, 2 the question could not be answered.

Examples:
  aecp check policies/eu_residency
  aecp test policies/eu_residency --coverage
  aecp eval policies/eu_residency --input request.json
  aecp diff policies/eu_residency ../proposal/eu_residency
  aecp simulate policies/eu_residency --traffic requests.ndjson
  aecp build policies/eu_residency -o eu_residency.wasm";

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Arguments),
    Analyse(analyse::Arguments),
    Fmt(fmt::Arguments),
    Test(test::Arguments),
    Build(build::Arguments),
    Eval(eval::Arguments),
    Explain(explain::Arguments),
    Diff(diff::Arguments),
    Simulate(simulate::Arguments),
    Profile(profile::Arguments),
    Bench(bench::Arguments),
    Keys(keys::Arguments),
    Trust(trust::Arguments),
    Sign(sign::Arguments),
    Push(push::Arguments),
    Pull(pull::Pull),
    Publish(pull::Publish),
    Review(review::Arguments),
    Approve(approve::Arguments),
    Log(log::Arguments),
    Release(release::Arguments),
    Releases(releases::Arguments),
    Rollback(rollback::Arguments),
    Fleet(fleet::Arguments),
    Freshness(freshness::Arguments),
    Verify(verify::Arguments),
    Evidence(evidence::Arguments),
    Conformance(conformance::Arguments),
}

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        match self.command {
            Command::Check(arguments) => check::run(&arguments),
            Command::Analyse(arguments) => analyse::run(&arguments),
            Command::Fmt(arguments) => fmt::run(&arguments),
            Command::Test(arguments) => test::run(&arguments),
            Command::Build(arguments) => build::run(&arguments),
            Command::Eval(arguments) => eval::run(&arguments),
            Command::Explain(arguments) => explain::run(&arguments),
            Command::Diff(arguments) => diff::run(&arguments),
            Command::Simulate(arguments) => simulate::run(&arguments),
            Command::Profile(arguments) => profile::run(&arguments),
            Command::Bench(arguments) => bench::run(&arguments),
            Command::Keys(arguments) => keys::run(&arguments),
            Command::Trust(arguments) => trust::run(&arguments),
            Command::Sign(arguments) => sign::run(&arguments),
            Command::Push(arguments) => push::run(&arguments),
            Command::Pull(arguments) => pull::pull(&arguments),
            Command::Publish(arguments) => pull::publish(&arguments),
            Command::Review(arguments) => review::run(&arguments),
            Command::Approve(arguments) => approve::run(&arguments),
            Command::Log(arguments) => log::run(&arguments),
            Command::Release(arguments) => release::run(&arguments),
            Command::Releases(arguments) => releases::run(&arguments),
            Command::Rollback(arguments) => rollback::run(&arguments),
            Command::Fleet(arguments) => fleet::run(&arguments),
            Command::Freshness(arguments) => freshness::run(&arguments),
            Command::Verify(arguments) => verify::run(&arguments),
            Command::Evidence(arguments) => evidence::run(&arguments),
            Command::Conformance(arguments) => conformance::run(&arguments),
        }
    }
}

/// How results are written to standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs.
    Json,
}

/// Writes JSON to standard output.
pub(crate) fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Error> {
    use crate::error::While;
    let text = serde_json::to_string_pretty(value).when("writing the result as JSON")?;
    anstream::println!("{text}");
    Ok(())
}
