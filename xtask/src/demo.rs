//! `cargo xtask demo`: the whole way once.

use std::process::Command;
use std::time::Instant;

use crate::error::Error;
use crate::process::run;
use crate::project::Project;
use crate::{guests, host};

/// Walk the whole way once: policies as text, components, signatures, a bundle, decisions, evidence, and attacks
///
/// Builds everything first; that takes a while on a fresh machine. Exits with 0 only if every step came out as it
/// should. Leaves target/demo/registry and target/demo/evidence in the checkout.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Stay up afterwards, and print commands to try.
    #[arg(long)]
    keep: bool,
}

pub(crate) fn run_demo(project: &Project, arguments: &Arguments) -> Result<(), Error> {
    let began = Instant::now();
    let say = |what: &str| eprintln!("\n== {what} ({:.0} s)", began.elapsed().as_secs_f32());
    say("building the guest components: extractors and sinks");
    guests::run(project, &guests::Arguments::default())?;
    say("building aecp; the first build compiles a WebAssembly engine, about ten minutes on two cores");
    host::build(project)?;
    say("building aecpd, static and without a compiler; some minutes the first time");
    host::build_appliance()?;
    say("the demo");
    let mut demo = Command::new(host::demo(project));
    demo.arg("--folder").arg(project.root.join("target/demo"));
    if arguments.keep {
        demo.arg("--keep");
    }
    run(host::tell(project, &mut demo))
}
