//! From a changed policy to its enforcement, stage by stage, with everything on this machine.
//!
//! A package of a thousand policies is built, signed, pushed and released again and again by the programs that people
//! use, while one enforcement point watches the tag.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use aecp_end_to_end::site::Site;
use aecp_end_to_end::tools::Tools;
use serde_json::json;

use crate::compile::write_sources;
use crate::corpus::{Corpus, Shape};
use crate::edit::{PACKAGE, POLICIES, change};
use crate::error::Error;
use crate::report::{Spread, Table, figure, milliseconds, rounded};

/// Measure how long it takes from a changed policy until it is enforced
///
/// Needs AECP, AECPD and AECP_GUESTS in the environment; `cargo xtask bench distribute` sees to it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A folder to work in; it must not exist, and is removed unless the measurement fails
    #[arg(long)]
    folder: PathBuf,
    /// How many changes
    #[arg(long, default_value_t = 10)]
    rounds: usize,
}

/// What a round consists of. The last one is what the enforcement point does: look, fetch, verify, load, swap.
const STAGES: [&str; 5] = ["build", "sign", "push", "release", "enforce"];

/// The longest wait for a bundle.
const PATIENCE: Duration = Duration::from_secs(60);

const ATTRIBUTES: [(&str, &str, &str); 8] = [
    ("resource.type", "TEXT", "\"type_0\""),
    ("customer.region", "TEXT", "\"region_0\""),
    ("storage.location", "TEXT", "\"nowhere\""),
    ("compute.location", "TEXT", "\"nowhere\""),
    ("request.method", "TEXT", ""),
    ("purpose", "TEXT", "\"contract\""),
    ("caller.roles", "SET OF TEXT", "[]"),
    ("export.records", "INTEGER", "0"),
];

pub(crate) async fn run(arguments: &Arguments) -> Result<(), Error> {
    if arguments.folder.exists() {
        let folder = arguments.folder.display();
        return Err(Error::Worthless(format!("`{folder}` is there already")));
    }
    measure(arguments).await?;
    std::fs::remove_dir_all(&arguments.folder).map_err(Error::file("remove", &arguments.folder))
}

async fn measure(arguments: &Arguments) -> Result<(), Error> {
    let mut site = Site::create(Tools::from_environment()?, arguments.folder.join("site"))?;
    let mut sources = Corpus::new(POLICIES, Shape::Distinct).sources(PACKAGE);
    for source in &mut sources {
        // Without a token: who asks would have to come from an extractor.
        source.text = source.text.replace("identity.", "caller.");
    }
    let package = site.path(PACKAGE);
    write_sources(&package, &sources)?;
    site.publish_package(&package, PACKAGE)?;
    site.release_into("registry", &release_file())?;
    site.start(([127, 0, 0, 1], 9).into())?;
    site.wait_for_epoch(1).await?;
    let before = activation(&site).await?;

    let mut rounds: Vec<[Duration; STAGES.len()]> = Vec::with_capacity(arguments.rounds);
    for (round, epoch) in (0..arguments.rounds).zip(2..) {
        change(&mut sources, round.saturating_mul(31))?;
        write_sources(&package, &sources)?;
        rounds.push(one(&site, epoch).await?);
    }
    let after = activation(&site).await?;
    let component = std::fs::metadata(site.path(&format!("{PACKAGE}.wasm")));
    let bytes = component.map_err(Error::file("read", &site.path(PACKAGE)))?.len();
    site.stop()?;
    report(&rounds, mean(before, after), bytes);
    Ok(())
}

/// One change, stage by stage.
async fn one(site: &Site, epoch: u64) -> Result<[Duration; STAGES.len()], Error> {
    let at = |name: &str| site.path(name).display().to_string();
    let (package, component, key) = (
        at(PACKAGE),
        at(&format!("{PACKAGE}.wasm")),
        at("keys/packages.key"),
    );
    let started = Instant::now();
    site.tools.aecp(["build", &package, "-o", &component])?;
    let built = started.elapsed();
    site.tools
        .aecp(["sign", &component, "--key", &key, "--source", &package])?;
    let signed = started.elapsed();
    site.tools
        .aecp(["push", &component, "--layout", &at("registry"), "--tag", PACKAGE])?;
    let pushed = started.elapsed();
    site.release_into("registry", &release_file())?;
    let released = started.elapsed();
    wait_for(site, epoch).await?;
    let enforced = started.elapsed();
    Ok([
        built,
        signed.saturating_sub(built),
        pushed.saturating_sub(signed),
        released.saturating_sub(pushed),
        enforced.saturating_sub(released),
    ])
}

/// Asks until the epoch is enforced, more often than a test would.
async fn wait_for(site: &Site, epoch: u64) -> Result<(), Error> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let status = site.status().await?;
        if status
            .json
            .pointer("/bundle/epoch")
            .and_then(serde_json::Value::as_u64)
            == Some(epoch)
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Err(Error::Worthless(format!(
        "epoch {epoch} is not enforced after {PATIENCE:?}"
    )))
}

/// How many activations there were, and how long they took together: seconds.
async fn activation(site: &Site) -> Result<(f64, f64), Error> {
    let metrics = aecp_end_to_end::client::ask(&site.admin(), "/metrics").await?;
    let text = metrics.json.as_str().unwrap_or_default();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.trim().parse().ok())
            .ok_or_else(|| Error::Worthless(format!("the metrics have no `{name}`")))
    };
    Ok((
        value("aecp_activation_duration_seconds_count ")?,
        value("aecp_activation_duration_seconds_sum ")?,
    ))
}

/// Milliseconds of one activation.
fn mean(before: (f64, f64), after: (f64, f64)) -> f64 {
    (after.1 - before.1) / (after.0 - before.0).max(1.0) * 1_000.0
}

fn report(rounds: &[[Duration; STAGES.len()]], activation_ms: f64, component_bytes: u64) {
    let of = |stage: usize| {
        let times = rounds.iter().filter_map(|round| round.get(stage));
        Spread::of(times.copied().map(milliseconds))
    };
    let total = |from: usize| {
        let sums = rounds
            .iter()
            .map(|round| round.iter().skip(from).sum::<Duration>());
        Spread::of(sums.map(milliseconds))
    };
    let mut table = Table::new(&["stage", "median ms", "least", "most"]);
    let mut fields = serde_json::Map::new();
    let named = STAGES
        .into_iter()
        .enumerate()
        .map(|(stage, name)| (name, of(stage)));
    let sums = [
        ("release to enforced", total(3)),
        ("change to enforced", total(0)),
    ];
    for (name, spread) in named.chain(sums) {
        let numbers = [spread.median, spread.least, spread.most].map(|number| format!("{number:.1}"));
        table.row([name.to_owned()].into_iter().chain(numbers));
        fields.insert(
            format!("{}_ms", name.replace(' ', "_")),
            json!(rounded(spread.median)),
        );
    }
    table.row([
        "verify, load, store and swap, mean".to_owned(),
        format!("{activation_ms:.1}"),
    ]);
    fields.insert("activation_ms_mean".to_owned(), json!(rounded(activation_ms)));
    fields.insert("component_bytes".to_owned(), json!(component_bytes));
    fields.insert("rounds".to_owned(), json!(rounds.len()));
    figure("distribute", "one enforcement point, all local", fields.into());
    table.print(&format!(
        "distribute: {POLICIES} policies, a component of {component_bytes} bytes, one enforcement point that looks every 100 ms, {} changes",
        rounds.len()
    ));
}

fn release_file() -> String {
    let mut text = format!("name = \"bench\"\nvalid_days = 1\n\n[[policies]]\ncomponent = \"{PACKAGE}\"\n");
    for (name, value_type, value) in ATTRIBUTES {
        let source = match value {
            "" => "\"host\"".to_owned(),
            value => format!("{{ constant = {{ value = {value} }} }}"),
        };
        let entry = format!(
            "\n[[attributes]]\nname = \"{name}\"\nvalue_type = \"{value_type}\"\nsource = {source}\n"
        );
        text.push_str(&entry);
    }
    text
}
