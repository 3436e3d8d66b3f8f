//! `aecp fleet`: what enforcement points run, and what they should.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use aecp_oci::{Store, Tag};
use aecp_trust::receipt::Receipt;
use aecp_trust::root::RootChain;
use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;

use super::{Format, print_json};
use crate::error::{Error, Outcome, While};
use crate::files;
use crate::fleet::{Inventory, Judged, Observed, Point, Target, ask, judge, of_receipt, table};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::release::past::{self, Release};

/// See what enforcement points run, and what they should run
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Status(Status),
}

/// Show which enforcement point runs what, since when, and which of them drift from what was released
///
/// Asks the admin listeners of all enforcement points of an inventory, at once; of one that does not answer, the newest
/// receipt is taken. Exits with 1 if any of them does not run what was released, or denies everything.
#[derive(Debug, clap::Args)]
struct Status {
    /// The enforcement points; see `docs/fleet.md`
    #[arg(value_name = "INVENTORY.toml")]
    inventory: PathBuf,
    #[command(flatten)]
    place: PlaceArguments,
    /// The tag that enforcement points follow for which the inventory names none
    #[arg(long)]
    tag: Option<String>,
    /// The trust root
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
    /// Seconds that an enforcement point has to answer
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=300))]
    patience: u64,
    /// Look again and again, until interrupted
    #[arg(long)]
    watch: bool,
    /// With --watch, seconds between two looks
    #[arg(long, requires = "watch", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
    /// With --watch, how many looks; without end if not given
    #[arg(long, requires = "watch", value_name = "LOOKS")]
    looks: Option<u64>,
    /// How to write the result; with --watch, JSON is one line for each look
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    time: Timestamp,
    drifting: usize,
    points: Vec<Judged>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    match &arguments.command {
        Command::Status(arguments) => status(arguments),
    }
}

fn status(arguments: &Status) -> Result<Outcome, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .when("preparing to ask")?;
    let mut looks: u64 = 0;
    loop {
        let report = look(arguments, &runtime)?;
        show(arguments, &report)?;
        looks = looks.saturating_add(1);
        if !arguments.watch || arguments.looks.is_some_and(|most| looks >= most) {
            return Ok(if report.drifting == 0 {
                Outcome::Good
            } else {
                Outcome::Bad
            });
        }
        std::thread::sleep(Duration::from_secs(arguments.interval));
    }
}

/// One look at everything: the inventory and the store may have changed since the last one.
fn look(arguments: &Status, runtime: &tokio::runtime::Runtime) -> Result<Report, Error> {
    let chain = keyfiles::root_chain(&arguments.root)?;
    let inventory = Inventory::read(&arguments.inventory)?;
    let place = arguments.place.open()?;
    let mut releases: BTreeMap<&str, Release> = BTreeMap::new();
    let mut tags = Vec::with_capacity(inventory.points.len());
    for point in &inventory.points {
        let named = [&point.tag, &arguments.tag, &inventory.tag];
        let Some(tag) = named.into_iter().find_map(Option::as_deref) else {
            return Err(format!(
                "nothing says which tag `{}` follows; give --tag",
                point.name
            ))
            .when("reading the inventory");
        };
        if !releases.contains_key(tag) {
            releases.insert(tag, released(place.store(), tag, &chain)?);
        }
        tags.push(tag);
    }
    let patience = Duration::from_secs(arguments.patience);
    let addresses = inventory.points.iter().filter_map(|point| point.admin.clone());
    let mut answers = runtime.block_on(ask::all(addresses, patience)).into_iter();
    let now = Timestamp::now();
    let mut points = Vec::with_capacity(inventory.points.len());
    for (point, tag) in inventory.points.iter().zip(tags) {
        let answer = point.admin.as_ref().and_then(|_| answers.next());
        let observed = match answer {
            Some(Ok(observed)) => Ok(observed),
            Some(Err(problem)) => receipt(point, &chain).map_err(|_| problem),
            None => receipt(point, &chain),
        };
        if let Some(release) = releases.get(tag) {
            points.push(judge(&point.name, observed, &Target { tag, release }, now));
        }
    }
    Ok(Report {
        time: now,
        drifting: points.iter().filter(|point| point.drift).count(),
        points,
    })
}

fn released(store: &dyn Store, tag: &str, chain: &RootChain) -> Result<Release, Error> {
    let parsed: Tag = tag.parse().when(format!("reading the tag `{tag}`"))?;
    past::current(store, &parsed, chain)?
        .ok_or("nothing was released under it")
        .when(format!("reading the bundle that `{tag}` has now"))
}

/// What the newest receipt of a point says, if it holds.
fn receipt(point: &Point, chain: &RootChain) -> Result<Observed, String> {
    let Some(path) = &point.receipt else {
        return Err("it has no address, and no receipt is named".to_owned());
    };
    let enrolment = point
        .enrolled(chain.newest())
        .map_err(|error| error.to_string())?
        .ok_or("a receipt holds by the enrolment alone, and the inventory names none")?;
    let envelope = files::read(path).map_err(|error| error.to_string())?;
    let receipt = Receipt::open(&envelope, &enrolment).map_err(|error| error.to_string())?;
    Ok(of_receipt(receipt))
}

fn show(arguments: &Status, report: &Report) -> Result<(), Error> {
    if arguments.format == Format::Json {
        if !arguments.watch {
            return print_json(report);
        }
        let line = serde_json::to_string(report).when("writing the result as JSON")?;
        anstream::println!("{line}");
        return Ok(());
    }
    let text = table::write(&report.points, report.time);
    if arguments.watch && std::io::stdout().is_terminal() {
        // To the beginning of the screen, and what is there goes.
        anstream::print!("\u{1b}[H\u{1b}[J");
    }
    anstream::print!("{text}");
    let (drifting, all) = (report.drifting, report.points.len());
    anstream::println!("{drifting} of {all} drift, {}", report.time);
    Ok(())
}
