//! `aecp bench`: how long does a decision take here?

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use aecp_engine::Instances;
use aecp_vocabulary::input::Attributes;
use jiff::Timestamp;
use serde::Serialize;

use super::{Format, print_json};
use crate::command::eval::Subject;
use crate::command::settings::{Settings, nanoseconds};
use crate::error::{Error, Outcome, While};
use crate::{command, files, package};

/// Measure decisions on this machine
///
/// Decides the given requests again and again, in turn, for about two seconds, and prints how long one decision takes:
/// from typed attributes to ALLOW or DENY, lowering of the attributes into the component included, JSON parsing not.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A package folder, or a component
    #[arg(value_name = "PACKAGE|FILE.wasm")]
    subject: PathBuf,
    /// Requests, one JSON object a line
    #[arg(short, long, value_name = "REQUESTS.ndjson")]
    input: PathBuf,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How long decisions are measured.
const MEASURED: Duration = Duration::from_secs(2);

/// Decisions before the measurement.
const WARM_UP: usize = 1_000;

#[derive(Serialize)]
struct Report {
    policies: usize,
    requests: usize,
    decisions: usize,
    compile_ms: f64,
    p50_us: f64,
    p99_us: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let started = Instant::now();
    let subject = if package::is_component(&arguments.subject) {
        Subject::of_component(
            &files::read(&arguments.subject)?,
            Instances::Fresh,
            &Settings::default(),
        )?
    } else {
        let Some(built) = command::build::build(std::slice::from_ref(&arguments.subject))? else {
            return Ok(Outcome::Bad);
        };
        Subject::of_component(&built.component, Instances::Warm, &Settings::default())?
    };
    let compile = started.elapsed();

    let text = files::read_text(&arguments.input)?;
    let mut tables = Vec::new();
    for (number, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let place = format!(
            "line {} of `{}`",
            number.saturating_add(1),
            arguments.input.display()
        );
        tables.push(subject.table(&Attributes::from_json(line).when(place)?));
    }
    if tables.is_empty() {
        return Err(Error::part("reading requests")(
            "there is none; write one JSON object a line".to_owned(),
        ));
    }

    let now = nanoseconds(Timestamp::now());
    let mut times = Vec::with_capacity(1 << 20);
    let mut turns = tables.iter().cycle();
    for table in turns.by_ref().take(WARM_UP) {
        black_box(subject.set().decide(table, now));
    }
    let measuring = Instant::now();
    while measuring.elapsed() < MEASURED && times.len() < times.capacity() {
        let Some(table) = turns.next() else { break };
        let started = Instant::now();
        black_box(subject.set().decide(table, now));
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let report = Report {
        policies: subject.policies,
        requests: tables.len(),
        decisions: times.len(),
        compile_ms: milliseconds(compile),
        p50_us: microseconds(quantile(&times, 50)),
        p99_us: microseconds(quantile(&times, 99)),
    };
    match arguments.format {
        Format::Json => print_json(&report)?,
        Format::Human => {
            let Report {
                policies,
                decisions,
                compile_ms,
                p50_us,
                p99_us,
                ..
            } = &report;
            anstream::println!("{policies} policies, compiled in {compile_ms:.1} ms");
            anstream::println!("{decisions} decisions: p50 {p50_us:.2} µs, p99 {p99_us:.2} µs");
        }
    }
    Ok(Outcome::Good)
}

/// The time that `percent` of 100 measurements do not exceed; `sorted` is ascending.
fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = sorted
        .len()
        .saturating_mul(percent)
        .div_ceil(100)
        .saturating_sub(1);
    sorted.get(rank).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_micros).collect();
        assert_eq!(quantile(&times, 50), Duration::from_micros(100));
        assert_eq!(quantile(&times, 99), Duration::from_micros(198));
        assert_eq!(quantile(&times[..1], 99), Duration::from_micros(1));
        assert_eq!(quantile(&[], 50), Duration::ZERO);
    }
}
