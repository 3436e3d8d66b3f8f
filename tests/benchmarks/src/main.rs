//! What it costs: decisions, compiling, and a gateway with and without enforcement.
//!
//! `cargo xtask bench` builds this with optimisation and runs it. Figures are JSON lines on standard output, tables for
//! people go to standard error. Nothing here is a test.
//!
//! - [`decide`]: one decision. [`compile`]: the compiler, phase by phase. [`gateway`]: requests a second.
//! - [`edit`]: checking again after one policy has changed. [`difference`]: comparing two versions of a package.
//! - [`distribute`]: from a changed policy to its enforcement.
//! - `peers`, a feature: the same rules in Cedar and Rego, decided by the crates of others in the same run.
//! - [`corpus`]: policies and requests to measure with, the same every time. [`generate`]: writes them to files.
//! - [`random`]: a small generator that needs no seed from outside. [`report`]: figures and tables. [`error`]: what can
//!   go wrong.

#![forbid(unsafe_code)]

mod compile;
mod corpus;
mod decide;
mod difference;
mod distribute;
mod edit;
mod error;
mod gateway;
mod generate;
#[cfg(feature = "peers")]
mod peers;
mod random;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Error;

/// Measure what it costs.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// One decision, with 10 to 100,000 policies
    Decide,
    /// The same rules, decided here, by Cedar and by a Rego interpreter
    #[cfg(feature = "peers")]
    Peers,
    /// Analysing and compiling 1,000 and 100,000 policies in 50 packages, phase by phase
    Compile,
    /// Checking and analysing again after one policy of 1,000 has changed
    Edit,
    /// Comparing two versions of a package of 1,000 policies
    Difference,
    /// From a changed policy to its enforcement, stage by stage
    Distribute(distribute::Arguments),
    /// One run of the compiler over a folder, for `compile`
    #[command(hide = true)]
    CompileOnce {
        /// The folder
        folder: PathBuf,
    },
    /// A gateway with enforcement and evidence, without both, and haproxy
    Gateway(gateway::Arguments),
    /// Write the policies and requests of the benchmarks to files
    Generate(generate::Arguments),
    /// The server behind all gateways
    #[command(hide = true)]
    Upstream,
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Decide => decide::run(),
        #[cfg(feature = "peers")]
        Command::Peers => peers::run(),
        Command::Compile => compile::run(),
        Command::Edit => edit::run(),
        Command::Difference => difference::run(),
        Command::Distribute(arguments) => runtime()?.block_on(distribute::run(&arguments)),
        Command::CompileOnce { folder } => compile::once(&folder),
        Command::Gateway(arguments) => runtime()?.block_on(gateway::run(&arguments)),
        Command::Generate(arguments) => generate::run(&arguments),
        Command::Upstream => runtime()?.block_on(gateway::upstream::run()),
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Runtime::new().map_err(Error::program("tokio"))
}
