//! What enforcement costs at a gateway: requests a second with it, without it, and through a plain proxy.
//!
//! All contenders stand in front of one upstream at the same time, and take turns: a round is one run of load for each
//! of them, in rotated order, so that whatever else the machine does hits all alike. One idle contender costs nothing;
//! a run begins only once the one before has left nothing to do.
//!
//! - [`bundle`]: what the enforcement point runs.
//! - [`contenders`]: the programs between load and upstream, and the upstream.
//! - [`load`]: one run of load.
//! - [`processes`]: what other processes use of the processors.
//! - [`upstream`]: the server behind them all.

mod bundle;
mod contenders;
mod load;
mod processes;
pub(crate) mod upstream;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aecp_end_to_end::client::{Call, Client};
use aecp_end_to_end::site::Site;
use aecp_end_to_end::tokens::IdentityProvider;
use aecp_end_to_end::tools::Tools;
use hyper::{Method, StatusCode};
use serde_json::json;

use crate::error::Error;
use crate::report::{Spread, Table, figure, number, rounded};
use contenders::{Contender, Server};
use load::{Load, Measured};

/// Longest wait until the evidence of a run is in the log.
const PATIENCE: Duration = Duration::from_secs(120);

/// Longest load before the first round, which is not counted.
const WARM_UP: Duration = Duration::from_secs(2);

/// Measure requests a second at a gateway, with enforcement and evidence, without both, and at haproxy
///
/// Needs AECP, AECPD and AECP_GUESTS in the environment, and wrk in the search path. `cargo xtask bench gateway` sees to
/// all of it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The gateway that lets everything pass, built like aecpd
    #[arg(long)]
    gateway_off: PathBuf,
    /// haproxy
    #[arg(long, default_value = "haproxy")]
    haproxy: PathBuf,
    /// A folder to work in, on the disk that evidence is to be written to; it must not exist, and is removed unless the measurement fails
    #[arg(long)]
    folder: PathBuf,
    /// How often each contender has its turn
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each run
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// Connections of the load
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// Leave out the figures with a token extractor
    #[arg(long)]
    no_jwt: bool,
}

/// Measures everything, and leaves nothing behind unless it fails.
pub(crate) async fn run(arguments: &Arguments) -> Result<(), Error> {
    if arguments.folder.exists() {
        return Err(Error::Worthless(format!(
            "`{}` exists; name a folder that does not",
            arguments.folder.display()
        )));
    }
    fs::create_dir_all(&arguments.folder).map_err(Error::file("make", &arguments.folder))?;
    // After a failure the folder stays, for whoever wants to know what happened.
    measure(arguments).await?;
    fs::remove_dir_all(&arguments.folder).map_err(Error::file("remove", &arguments.folder))
}

async fn measure(arguments: &Arguments) -> Result<(), Error> {
    let folder = &arguments.folder;
    let upstream = Server::upstream()?;
    let off = Server::gateway_off(&arguments.gateway_off, upstream.address)?;
    let haproxy = Server::haproxy(&arguments.haproxy, folder, upstream.address)?;
    let mut site = Site::create(Tools::from_environment()?, folder.join("site"))?;
    bundle::publish(&site)?;
    site.sign_at_the_usual_pace();
    site.start(upstream.address)?;
    let address = site.wait_for_epoch(1).await?;
    bundle::check_that_it_decides(address).await?;

    let load = Load {
        connections: arguments.connections,
        time: Duration::from_secs(arguments.seconds),
        script: load::write_script(folder)?,
        path: bundle::PATH.to_owned(),
        headers: vec![bundle::HEADER.to_owned()],
    };
    let on = Contender::site("on", "REQUIRED", address, &site)?;
    let contenders = [
        on,
        Contender::server("off", &off),
        Contender::server("haproxy", &haproxy),
    ];
    let rounds = rounds(&load, &contenders, arguments.rounds)?;
    report("main", &load, &contenders, &rounds);

    if !arguments.no_jwt {
        let identity = IdentityProvider::new(7)?;
        site.publish_samples()?;
        site.release(&identity, "eu_residency")?;
        site.wait_for_epoch(2).await?;
        let load = with_token(&load, &identity)?;
        check_token(&load, address).await?;
        let on = Contender::site("on+jwt", "REQUIRED", address, &site)?;
        let contenders = [on, Contender::server("off, same requests", &off)];
        let rounds = self::rounds(&load, &contenders, arguments.rounds.min(3))?;
        report(
            "with a token extractor and a file sink, as information",
            &load,
            &contenders,
            &rounds,
        );
    }
    site.stop()?;
    haproxy.finish()?;
    off.finish()?;
    upstream.finish()
}

fn with_token(load: &Load, identity: &IdentityProvider) -> Result<Load, Error> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.unwrap_or_default().as_secs()).unwrap_or(i64::MAX);
    let token = identity.token("alice@example.org", &["support"], now, 3_600)?;
    let mut load = load.clone();
    load.headers.push(format!("authorization: Bearer {token}"));
    Ok(load)
}

async fn check_token(load: &Load, address: std::net::SocketAddr) -> Result<(), Error> {
    let mut call = Call::new(Method::GET, load.path.clone());
    for (name, value) in load.headers.iter().filter_map(|header| header.split_once(": ")) {
        call = call.header(name, value);
    }
    let answer = Client::new(address).send(&call).await?;
    bundle::expect(&answer, StatusCode::OK, "a request with a good token")
}

/// The runs of all rounds: for each round, one run of each contender, in their own order.
fn rounds(load: &Load, contenders: &[Contender], rounds: usize) -> Result<Vec<Vec<Measured>>, Error> {
    let warm_up = Load {
        time: load.time.min(WARM_UP),
        ..load.clone()
    };
    for contender in contenders {
        turn(&warm_up, contender)?;
    }
    let mut all = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        order.rotate_left(round.checked_rem(contenders.len()).unwrap_or(0));
        let mut measured = Vec::with_capacity(order.len());
        for index in order {
            if let Some(contender) = contenders.get(index) {
                measured.push((index, turn(load, contender)?));
            }
        }
        measured.sort_by_key(|(index, _)| *index);
        let measured: Vec<Measured> = measured.into_iter().map(|(_, run)| run).collect();
        let line = contenders.iter().zip(&measured);
        let line: Vec<String> = line
            .map(|(contender, run)| format!("{} {:.0}/s", contender.name, run.requests_per_second()))
            .collect();
        eprintln!(
            "round {} of {rounds}: {}",
            round.saturating_add(1),
            line.join(", ")
        );
        all.push(measured);
    }
    Ok(all)
}

/// One run: load, then the wait until all of its evidence is in the log.
fn turn(load: &Load, contender: &Contender) -> Result<Measured, Error> {
    let logged = contender.leaves()?;
    let used = processes::times(&contender.processes)?;
    let mut measured = load.run(contender.address, contender.name)?;
    if let Some(logged) = logged {
        // An intent and an outcome for each answer.
        let wanted = logged.saturating_add(measured.requests.saturating_mul(2));
        let ended = Instant::now();
        while contender.leaves()?.unwrap_or_default() < wanted {
            if ended.elapsed() > PATIENCE {
                return Err(Error::Worthless(format!(
                    "{} answered {} requests, but their evidence is not in the log after {} s",
                    contender.name,
                    measured.requests,
                    PATIENCE.as_secs()
                )));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        measured.evidence_behind = ended.elapsed();
    }
    // What evidence still cost after the last answer counts too.
    measured.processor = processes::times(&contender.processes)?
        .iter()
        .zip(&used)
        .map(|(after, before)| after.saturating_sub(*before))
        .collect();
    Ok(measured)
}

fn report(title: &str, load: &Load, contenders: &[Contender], rounds: &[Vec<Measured>]) {
    let mut table = Table::new(&[
        "contender",
        "requests/s",
        "least",
        "most",
        "p50 µs",
        "p99 µs",
        "CPU µs/request",
        "evidence behind ms",
    ]);
    for (index, contender) in contenders.iter().enumerate() {
        let runs: Vec<&Measured> = rounds.iter().filter_map(|round| round.get(index)).collect();
        let spread = |value: fn(&Measured) -> f64| Spread::of(runs.iter().map(|run| value(run)));
        let rate = spread(Measured::requests_per_second);
        let (p50, p99) = (spread(|run| run.p50_us), spread(|run| run.p99_us));
        let processor = spread(Measured::processor_us);
        let behind = spread(|run| run.evidence_behind.as_secs_f64() * 1e3);
        figure(
            "gateway",
            contender.name,
            json!({
                "requests_per_second": rounded(rate.median),
                "requests_per_second_min": rounded(rate.least),
                "requests_per_second_max": rounded(rate.most),
                "p50_us": rounded(p50.median),
                "p50_us_min": rounded(p50.least),
                "p50_us_max": rounded(p50.most),
                "p99_us": rounded(p99.median),
                "cpu_us_per_request": rounded(processor.median),
                "cpu_us_per_request_by_process": by_process(contender, &runs),
                "evidence_behind_ms": rounded(behind.median),
                "requests": runs.iter().map(|run| run.requests).sum::<u64>(),
                "audit_class": contender.audit_class,
                "concurrency": load.connections,
                "load_threads": load::THREADS,
                "response_bytes": upstream::BODY_BYTES,
                "rounds": rounds.len(),
                "seconds": load.time.as_secs(),
            }),
        );
        let numbers = [rate.median, rate.least, rate.most, p50.median, p99.median];
        let numbers = numbers.map(|number| format!("{number:.0}"));
        let rest = [
            format!("{:.1}", processor.median),
            format!("{:.0}", behind.median),
        ];
        table.row([contender.name.to_owned()].into_iter().chain(numbers).chain(rest));
    }
    table.print(&format!(
        "gateway, {title}: {} connections, wrk with {} thread, {} rounds of {} s, AUDIT: REQUIRED where on",
        load.connections,
        load::THREADS,
        rounds.len(),
        load.time.as_secs()
    ));
    ratios(load, contenders, rounds);
}

/// The processor time of each process of a contender for one request, as medians.
fn by_process(contender: &Contender, runs: &[&Measured]) -> serde_json::Value {
    let each = contender.processes.iter().enumerate().map(|(index, process)| {
        let used = runs.iter().map(|run| {
            let used = run.processor.get(index).copied().unwrap_or_default();
            used.as_secs_f64() * 1e6 / number(run.requests.max(1))
        });
        (process.name.to_owned(), rounded(Spread::of(used).median).into())
    });
    serde_json::Value::Object(each.collect())
}

/// Every contender against every later one, round by round.
fn ratios(load: &Load, contenders: &[Contender], rounds: &[Vec<Measured>]) {
    let mut table = Table::new(&["ratio of requests/s", "median", "least", "most"]);
    for (upper, above) in contenders.iter().enumerate() {
        for (lower, below) in contenders.iter().enumerate().skip(upper.saturating_add(1)) {
            let ratio = |round: &Vec<Measured>| {
                let (above, below) = (round.get(upper)?, round.get(lower)?);
                Some(above.requests_per_second() / below.requests_per_second())
            };
            let ratios: Vec<f64> = rounds.iter().filter_map(ratio).collect();
            let spread = Spread::of(ratios.iter().copied());
            let name = format!("{} / {}", above.name, below.name);
            figure(
                "gateway",
                &name,
                json!({
                    "ratio": rounded(spread.median),
                    "ratio_min": rounded(spread.least),
                    "ratio_max": rounded(spread.most),
                    "ratios": ratios.iter().copied().map(rounded).collect::<Vec<_>>(),
                    "audit_class": format!("{} / {}", above.audit_class, below.audit_class),
                    "concurrency": load.connections,
                }),
            );
            let numbers = [spread.median, spread.least, spread.most].map(|ratio| format!("{ratio:.3}"));
            table.row([name].into_iter().chain(numbers));
        }
    }
    table.print("beside each other, in the same round");
}
