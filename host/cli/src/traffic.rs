//! Logs of requests, replayed with a sign of life.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use aecp_traffic::mapping::Mapped;
use aecp_traffic::{Entry, Mapping, Options, Request, Traffic};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::error::{Error, While};
use crate::report::{FAINT, NOTABLE};

/// How many places that could not be read are shown.
const SHOWN: usize = 5;

/// How many entries are read between two signs of life.
const STRIDE: u64 = 1_024;

/// How logs are read.
#[derive(Debug, clap::Args)]
pub(crate) struct Reading {
    /// How the logs are written; recognised by their first line if not given
    #[arg(long, value_enum, value_name = "FORMAT")]
    traffic_format: Option<Format>,
    /// An attribute that the logs name otherwise, and where it stands in a line (RFC 6901); can be repeated
    #[arg(long = "map", value_name = "ATTRIBUTE=/json/pointer")]
    map: Vec<Mapped>,
    /// Where a line says what was decided: ALLOW or DENY, or a boolean
    #[arg(long, value_name = "/json/pointer")]
    decision_at: Option<String>,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// One request a line, as `aecp eval` reads it.
    Requests,
    /// The evidence folder of an enforcement point.
    Evidence,
    /// Decision logs of Open Policy Agent.
    Opa,
    /// JSON access logs of Envoy.
    Envoy,
    /// JSON access logs of nginx.
    Nginx,
}

/// What was read.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Read {
    /// Requests.
    pub(crate) requests: u64,
    /// Lines that say no request.
    pub(crate) unreadable: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) first_unreadable: Vec<Place>,
    /// The logs.
    pub(crate) logs: Vec<Log>,
}

/// A line that says no request.
#[derive(Debug, Serialize)]
pub(crate) struct Place {
    file: String,
    line: u64,
    reason: String,
}

/// One log.
#[derive(Debug, Serialize)]
pub(crate) struct Log {
    file: String,
    format: &'static str,
    requests: u64,
}

impl std::fmt::Display for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}): {} requests", self.file, self.format, self.requests)
    }
}

impl Reading {
    fn options(&self) -> Options {
        let format = self.traffic_format.map(|format| match format {
            Format::Requests => aecp_traffic::Format::Requests,
            Format::Evidence => aecp_traffic::Format::Evidence,
            Format::Opa => aecp_traffic::Format::Opa,
            Format::Envoy => aecp_traffic::Format::Envoy,
            Format::Nginx => aecp_traffic::Format::Nginx,
        });
        Options {
            format,
            mapping: self.map.iter().cloned().collect::<Mapping>(),
            decision: self.decision_at.clone(),
        }
    }
}

/// Reads logs from end to end, and hands each request on.
///
/// A log that cannot be read any further is an error, and so is traffic without one request: nothing can be said of it.
pub(crate) fn replay(
    files: &[PathBuf],
    reading: &Reading,
    mut each: impl FnMut(&Request),
) -> Result<Read, Error> {
    let mut read = Read::default();
    let bar = progress(files);
    let mut done = 0_u64;
    for file in files {
        let mut log = Traffic::open(file, reading.options()).when("opening traffic")?;
        let before = read.requests;
        let mut entries = 0_u64;
        while let Some(entry) = log.next_entry().when("replaying traffic")? {
            match entry {
                Entry::Request(request) => {
                    read.requests = read.requests.saturating_add(1);
                    each(&request);
                }
                Entry::Unreadable(place) => {
                    read.unreadable = read.unreadable.saturating_add(1);
                    if read.first_unreadable.len() < SHOWN {
                        read.first_unreadable.push(Place {
                            file: file.display().to_string(),
                            line: place.line,
                            reason: place.reason,
                        });
                    }
                }
            }
            entries = entries.saturating_add(1);
            if entries.checked_rem(STRIDE) == Some(0) {
                bar.set_position(done.saturating_add(log.bytes()));
                bar.set_message(format!("{} requests", read.requests));
            }
        }
        done = done.saturating_add(log.bytes());
        read.logs.push(Log {
            file: file.display().to_string(),
            format: log.format().map_or("unknown", aecp_traffic::Format::name),
            requests: read.requests.saturating_sub(before),
        });
    }
    bar.finish_and_clear();
    if read.requests == 0 {
        let reason = match read.first_unreadable.first() {
            Some(Place { file, line, reason }) => {
                format!(
                    "no line of it says a request; {file}:{line}: {reason}; see --traffic-format and --map"
                )
            }
            None => "it has no request".to_owned(),
        };
        return Err(Error::part("replaying traffic")(reason));
    }
    Ok(read)
}

/// A bar on a terminal, as long as what is to be read; nothing elsewhere.
fn progress(files: &[PathBuf]) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let size = |file: &PathBuf| std::fs::metadata(file).ok().filter(|data| data.is_file());
    let sizes: Option<Vec<u64>> = files.iter().map(|file| Some(size(file)?.len())).collect();
    let target = ProgressDrawTarget::stderr_with_hz(10);
    let (bar, template) = match sizes {
        Some(sizes) => {
            let all = sizes.into_iter().fold(0_u64, u64::saturating_add);
            let template = "{bar:30} {percent:>3} %  {bytes_per_sec}  {msg}  {eta} left";
            (ProgressBar::with_draw_target(Some(all), target), template)
        }
        None => {
            let bar = ProgressBar::with_draw_target(None, target);
            bar.enable_steady_tick(Duration::from_millis(100));
            (bar, "{spinner} {elapsed}  {msg}")
        }
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

impl Read {
    /// Says what could not be read; nothing if there is nothing.
    pub(crate) fn show_unreadable(&self) {
        let Self {
            unreadable,
            first_unreadable,
            ..
        } = self;
        if *unreadable == 0 {
            return;
        }
        anstream::println!("{NOTABLE}not read{NOTABLE:#} {unreadable} lines that say no request:");
        for Place { file, line, reason } in first_unreadable {
            anstream::println!("  {FAINT}{file}:{line}{FAINT:#} {reason}");
        }
        let shown = u64::try_from(first_unreadable.len()).unwrap_or(u64::MAX);
        if *unreadable > shown {
            anstream::println!("  {FAINT}and {} more{FAINT:#}", unreadable.saturating_sub(shown));
        }
    }
}

/// A part of a whole in percent.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    #[allow(
        clippy::cast_precision_loss,
        reason = "nobody reads the sixteenth digit of a share"
    )]
    let (part, whole) = (part as f64, whole as f64);
    if whole > 0.0 { part / whole * 100.0 } else { 0.0 }
}
