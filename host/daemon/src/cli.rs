//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::filter::Targets;

const ABOUT: &str = "\
Runs an AECP enforcement point: a gateway that lets a request through only if signed policies allow it.

Without a command, aecpd is the supervisor of three processes, each of which is aecpd again:

  gateway   takes requests, decides, enforces; verifies every bundle itself
  agent     brings bundles from the OCI layout to the gateway; decides nothing
  recorder  merges the evidence into a signed log and feeds the audit sinks

A process that dies is started again. Killing the agent changes no decision, killing the recorder loses no record, and
without a bundle the gateway denies everything. SIGTERM or SIGINT ends all three, after the requests in flight; a second
one ends them at once.";

const EXAMPLES: &str = "\
Configuration, as short as it can be (appliance/aecpd.example.toml shows all of it):

  [enforcement_point]
  state = \"/var/lib/aecp\"
  root = \"/etc/aecp/root.json\"
  enrolment = \"/etc/aecp/enrolment.dsse.json\"

  [gateway]
  listeners = [{ address = \"0.0.0.0:8080\" }]
  upstreams = { customers = \"http://10.0.0.7:9000\" }

  [agent]
  layout = \"/srv/aecp/registry\"
  tag = \"production\"

  [recorder]
  key = \"/etc/aecp/log.key\"

What is decided does not depend on this file: policies, routes and attributes come from the signed bundle alone.

Examples:
  aecpd check-config /etc/aecp/aecpd.toml
  aecpd --config /etc/aecp/aecpd.toml
  aecpd gateway --config /etc/aecp/aecpd.toml --log debug    one role alone, to look for a fault";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "aecpd", version, about = "Runs an AECP enforcement point", long_about = ABOUT, after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    /// The configuration file
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) logging: Logging,
    /// The process that must be the parent; without it this one ends
    #[arg(long, value_name = "PID", global = true, hide = true)]
    pub(crate) supervised_by: Option<i32>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What is logged, and how. Logs go to the standard error stream.
#[derive(Args, Clone, Debug)]
pub(crate) struct Logging {
    /// How log lines look: human on a terminal and JSON otherwise, unless said here
    #[arg(long, value_enum, value_name = "FORMAT", global = true)]
    pub(crate) log_format: Option<LogFormat>,
    /// Least level that is logged (error, warn, info, debug), also per crate: `info,aecp_gateway=debug`
    #[arg(long, value_name = "LEVELS", global = true, default_value = "info")]
    pub(crate) log: Targets,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Human,
    /// One JSON object on each line
    Json,
}

impl LogFormat {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
        }
    }
}

/// What to do instead of supervising.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the gateway alone: take requests, decide, enforce
    Gateway,
    /// Run the agent alone: bring bundles to the gateway
    Agent,
    /// Run the recorder alone: merge and sign the evidence, feed sinks
    Recorder,
    /// Check a configuration file and name every error with its key and line
    CheckConfig {
        /// The configuration file
        file: PathBuf,
    },
}
