//! `cargo xtask bench`: what it costs.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, file};
use crate::host;
use crate::process::{self, cargo, output};
use crate::project::Project;

/// Measure what it costs: decisions, also those of others, compiling, and a gateway with and without enforcement
///
/// Figures are one JSON object a line on standard output; tables for people go to standard error. Nothing here is a
/// test: a figure is a figure. Builds with optimisation first, which takes a while. The gateway bench needs the Debian
/// packages wrk and haproxy, and installs them if it may.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What to measure; everything if nothing is named.
    #[arg(value_enum)]
    benches: Vec<Bench>,
    /// How often each contender of the gateway bench has its turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each turn.
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Connections of the gateway bench's load.
    #[arg(long, default_value_t = 32)]
    connections: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Bench {
    /// One decision, with 10 to 100,000 policies.
    Decide,
    /// The same rules, decided here, by Cedar and by a Rego interpreter.
    Peers,
    /// Analysing and compiling 1,000 and 100,000 policies in 50 packages, phase by phase.
    Compile,
    /// Checking and analysing again after one policy of 1,000 has changed.
    Edit,
    /// Comparing two versions of a package of 1,000 policies.
    Difference,
    /// From a changed policy to its enforcement, stage by stage, on one machine.
    Distribute,
    /// Requests a second with enforcement and evidence, without both, and at haproxy.
    Gateway,
}

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<(), Error> {
    let wanted = |bench| arguments.benches.is_empty() || arguments.benches.contains(&bench);
    let tools = wanted(Bench::Gateway).then(Tools::find_or_install).transpose()?;
    eprintln!(
        "\n== building the benchmarks, with optimisation; the first time takes about fifteen minutes on two cores"
    );
    // Both in one call: alone, each would choose other features for what they share, and build it again.
    let packages = [
        "--package",
        "aecp-benchmarks",
        "--package",
        "aecp",
        "--features",
        "aecp-benchmarks/peers",
    ];
    process::run(cargo(["build", "--locked", "--release"]).args(packages))?;
    let programs = [
        (Bench::Decide, "decide"),
        (Bench::Peers, "peers"),
        (Bench::Compile, "compile"),
        (Bench::Edit, "edit"),
        (Bench::Difference, "difference"),
    ];
    for (bench, name) in programs {
        if wanted(bench) {
            process::run(Command::new(release(project, "benchmarks")).arg(name))?;
        }
    }
    if !wanted(Bench::Distribute) && tools.is_none() {
        return Ok(());
    }
    eprintln!("\n== building the guest components and aecpd");
    let this = std::env::current_exe().map_err(file("find", Path::new("xtask")))?;
    // What it prints is no figure.
    process::run(Command::new(this).arg("guests").stdout(std::io::stderr()))?;
    host::build_appliance()?;
    if wanted(Bench::Distribute) {
        distribute(project)?;
    }
    match tools {
        Some(tools) => gateway(project, arguments, &tools),
        None => Ok(()),
    }
}

/// The folder in which a bench works, empty.
fn work_folder(project: &Project) -> Result<PathBuf, Error> {
    let folder = project.target.join("bench");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(file("remove", &folder))?;
    }
    Ok(folder)
}

fn distribute(project: &Project) -> Result<(), Error> {
    let folder = work_folder(project)?;
    let mut command = Command::new(release(project, "benchmarks"));
    command.arg("distribute").arg("--folder").arg(&folder);
    process::run(host::tell(project, &mut command).env("AECP", release(project, "aecp")))
}

fn gateway(project: &Project, arguments: &Arguments, tools: &Tools) -> Result<(), Error> {
    eprintln!("\n== building the gateway with nothing on");
    build_gateway_off()?;
    let folder = work_folder(project)?;
    let off = project
        .target
        .join(host::APPLIANCE_TARGET)
        .join("appliance/aecp-gateway-off");
    let mut command = Command::new(release(project, "benchmarks"));
    command.arg("gateway");
    command.arg("--gateway-off").arg(off);
    command.arg("--haproxy").arg(&tools.haproxy);
    command.arg("--folder").arg(&folder);
    command.arg(format!("--rounds={}", arguments.rounds));
    command.arg(format!("--seconds={}", arguments.seconds));
    command.arg(format!("--connections={}", arguments.connections));
    process::run(host::tell(project, &mut command).env("AECP", release(project, "aecp")))
}

/// As `aecpd` is built, and in a cargo call of its own for the same reason.
fn build_gateway_off() -> Result<(), Error> {
    let mut command = cargo([
        "build",
        "--locked",
        "--package",
        "aecp-gateway-off",
        "--profile",
        "appliance",
    ]);
    command
        .args(["--target", host::APPLIANCE_TARGET])
        .env("RUSTFLAGS", host::APPLIANCE_FLAGS);
    process::run(&mut command)
}

fn release(project: &Project, program: &str) -> PathBuf {
    project.target.join("release").join(program)
}

/// The Debian programs that the gateway bench needs.
struct Tools {
    haproxy: PathBuf,
}

impl Tools {
    fn find_or_install() -> Result<Self, Error> {
        let missing: Vec<&str> = ["wrk", "haproxy"]
            .into_iter()
            .filter(|name| find(name).is_none())
            .collect();
        if !missing.is_empty() {
            install(&missing)?;
        }
        let haproxy = find("haproxy").ok_or_else(|| lacking(&["haproxy"]))?;
        find("wrk").ok_or_else(|| lacking(&["wrk"]))?;
        Ok(Self { haproxy })
    }
}

fn install(packages: &[&str]) -> Result<(), Error> {
    let is_root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !is_root || find("apt-get").is_none() {
        return Err(lacking(packages));
    }
    eprintln!("\n== installing the Debian packages {}", packages.join(", "));
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["--quiet", "--yes"]).args(arguments);
        command.env("DEBIAN_FRONTEND", "noninteractive");
        process::run(command.stdout(std::io::stderr()))
    };
    apt(&["update"])?;
    let wanted = ["install", "--no-install-recommends"];
    apt(&[&wanted, packages].concat())
}

fn lacking(packages: &[&str]) -> Error {
    let packages = packages.join(" ");
    Error::Unsuitable(format!(
        "the gateway bench needs {packages}, which only root can install: run `sudo apt-get install {packages}`, or name \
         the benches that do without: `cargo xtask bench decide compile`"
    ))
}

/// The program of this name; Debian has some where only root looks.
fn find(name: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&paths).chain([PathBuf::from("/usr/sbin")]);
    folders
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}
