//! `cargo xtask fuzz`: generated inputs, for as long as somebody has time.

use std::process::Command;

use crate::error::Error;
use crate::host;
use crate::process::run;
use crate::project::Project;

/// Generate inputs for parser, checker, emitted code and requests until the time is over
///
/// Compares emitted components with the reference interpreter on generated packages and requests, and gives mangled
/// sources to parser and checker. Ends with 1 and the seed at the first difference.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How long.
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Where the generated inputs begin; the same seed gives the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run_fuzz(project: &Project, arguments: &Arguments) -> Result<(), Error> {
    host::build(project)?;
    let mut fuzz = Command::new(project.target.join("debug/fuzz"));
    fuzz.args(["--minutes", &arguments.minutes.to_string()]);
    fuzz.args(["--seed", &arguments.seed.to_string()]);
    run(&mut fuzz)
}
