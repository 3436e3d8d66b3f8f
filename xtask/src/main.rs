//! The chores of the AECP project: `cargo xtask …`.
//!
//! It refuses to hold anything that the product needs at run time. Each subcommand is a module of its own.
//!
//! - [`guests`]: builds the guest components, and sets up the compiler for them where there is none.
//! - [`mod@bench`]: what it costs.
//! - [`demo`]: `cargo xtask demo`, the whole way once. [`mod@fuzz`]: generated inputs. [`image`]: the appliance as an OCI image.
//! - [`tools`]: programs of others that tests need. [`debian`]: where such programs come from.
//! - [`host`]: builds of the programs that users run.
//! - [`suite`]: `cargo xtask test`, the whole test suite.
//! - [`project`]: where things are. [`process`]: running other programs. [`error`]: what can go wrong.

#![forbid(unsafe_code)]

mod bench;
mod debian;
mod demo;
mod error;
mod fuzz;
mod guests;
mod host;
mod image;
mod process;
mod project;
mod suite;
mod tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The chores of the AECP project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 110)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    Bench(bench::Arguments),
    Demo(demo::Arguments),
    Fuzz(fuzz::Arguments),
    Guests(guests::Arguments),
    Image(image::Arguments),
    Test(suite::Arguments),
    Tools(tools::Arguments),
}

fn main() -> ExitCode {
    let done = project::Project::find().and_then(|project| match Arguments::parse().chore {
        Chore::Bench(arguments) => bench::run(&project, &arguments),
        Chore::Demo(arguments) => demo::run_demo(&project, &arguments),
        Chore::Fuzz(arguments) => fuzz::run_fuzz(&project, &arguments),
        Chore::Image(arguments) => image::run(&project, &arguments),
        Chore::Guests(arguments) => guests::run(&project, &arguments),
        Chore::Test(arguments) => suite::run(&project, &arguments),
        Chore::Tools(arguments) => tools::run(&project, &arguments),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
