//! `aecpd`, the enforcement point: it wires the roles into processes, and does nothing else.
//!
//! `aecpd --config FILE` is the supervisor. It starts itself three times, once for each role, and keeps the three
//! running: the gateway decides, the agent brings bundles, the recorder keeps the evidence. Nothing here knows what a
//! request, a policy or a bundle means.
//!
//! - [`cli`]: the command line.
//! - [`config`]: the one configuration file, and errors that name key and line.
//! - [`logging`]: log lines for people and for machines.
//! - [`role`]: what a process is for, and how it begins and ends.
//! - [`supervisor`]: starts the roles, starts them again when they die, ends them.
//! - [`receipts`]: the key by which the agent signs what the gateway answered.
//! - [`recorder`]: the evidence role: merges, signs, and feeds sinks.
//! - [`signals`]: when to end.

#![forbid(unsafe_code)]

mod cli;
mod config;
mod logging;
mod receipts;
mod recorder;
mod role;
mod signals;
mod supervisor;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};
use config::Config;
use role::Role;

/// The command line or the configuration is wrong. Starting again cannot help.
const EXIT_USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let role = match &cli.command {
        Some(Command::CheckConfig { file }) => return check(file),
        Some(Command::Agent) => Some(Role::Agent),
        Some(Command::Gateway) => Some(Role::Gateway),
        Some(Command::Recorder) => Some(Role::Recorder),
        None => None,
    };
    logging::start(role.map_or("supervisor", Role::name), &cli.logging);
    let Some(file) = &cli.config else {
        eprintln!("aecpd: no configuration: give `--config FILE`; `aecpd --help` shows what is in it");
        return ExitCode::from(EXIT_USAGE);
    };
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(EXIT_USAGE);
        }
    };
    let ended = match role {
        Some(role) => role::run(role, config, cli.supervised_by).map_err(|error| error.to_string()),
        None => supervisor::run(config, &cli.logging).map_err(|error| error.to_string()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "ended");
            ExitCode::FAILURE
        }
    }
}

fn check(file: &std::path::Path) -> ExitCode {
    match Config::load(file) {
        Ok(_) => {
            println!("{}: no errors", file.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
