//! One run of load, by wrk.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::error::Error;
use crate::report::number;

/// Threads of wrk.
pub(super) const THREADS: usize = 1;

/// Begins the line that [`SCRIPT`] writes.
const MARK: &str = "figures ";

/// Makes wrk write what it measured for machines. It has no part in the requests themselves.
const SCRIPT: &str = r#"done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'figures {"requests":%.0f,"duration_us":%.0f,"p50_us":%.0f,"p99_us":%.0f,' ..
    '"connect":%.0f,"read":%.0f,"write":%.0f,"status":%.0f,"timeout":%.0f}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
"#;

/// What is sent how.
#[derive(Clone, Debug)]
pub(super) struct Load {
    /// Connections, each with one request at a time.
    pub(super) connections: u32,
    /// How long.
    pub(super) time: Duration,
    /// See [`write_script`].
    pub(super) script: PathBuf,
    /// Path and query.
    pub(super) path: String,
    /// `name: value`.
    pub(super) headers: Vec<String>,
}

/// What one run came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    /// Answers.
    pub(super) requests: u64,
    /// How long it took.
    pub(super) time: Duration,
    /// Half of the answers came within this many microseconds.
    pub(super) p50_us: f64,
    /// 99 of 100.
    pub(super) p99_us: f64,
    /// The processor time of each of the contender's processes.
    pub(super) processor: Vec<Duration>,
    /// How long after the run its evidence was in the signed log.
    pub(super) evidence_behind: Duration,
}

impl Measured {
    /// Answers in a second.
    pub(super) fn requests_per_second(&self) -> f64 {
        number(self.requests) / self.time.as_secs_f64()
    }

    /// Microseconds of processor time for each answer, over all processes of the contender.
    pub(super) fn processor_us(&self) -> f64 {
        self.processor.iter().sum::<Duration>().as_secs_f64() * 1e6 / number(self.requests.max(1))
    }
}

/// What [`SCRIPT`] writes.
#[derive(Deserialize)]
struct Figures {
    requests: u64,
    duration_us: u64,
    p50_us: f64,
    p99_us: f64,
    connect: u64,
    read: u64,
    write: u64,
    status: u64,
    timeout: u64,
}

/// Writes the script that [`Load`] needs into a folder.
pub(super) fn write_script(folder: &Path) -> Result<PathBuf, Error> {
    let path = folder.join("figures.lua");
    fs::write(&path, SCRIPT).map_err(Error::file("write", &path))?;
    Ok(path)
}

impl Load {
    /// Runs it once. One answer that is not as it should be makes the run worthless.
    pub(super) fn run(&self, address: SocketAddr, contender: &str) -> Result<Measured, Error> {
        let mut command = Command::new("wrk");
        command
            .arg(format!("--threads={THREADS}"))
            .arg(format!("--connections={}", self.connections))
            .arg(format!("--duration={}s", self.time.as_secs()))
            .arg("--script")
            .arg(&self.script);
        for header in &self.headers {
            command.args(["--header", header]);
        }
        command.arg(format!("http://{address}{}", self.path));
        let output = command.output().map_err(Error::program("wrk"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let figures = text.lines().find_map(|line| line.strip_prefix(MARK));
        let figures = figures.and_then(|figures| serde_json::from_str::<Figures>(figures).ok());
        let Some(figures) = figures.filter(|_| output.status.success()) else {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Worthless(format!(
                "wrk ended with {} on {contender}: {text}{errors}",
                output.status
            )));
        };
        let Figures {
            connect,
            read,
            write,
            status,
            timeout,
            ..
        } = figures;
        if [connect, read, write, status, timeout]
            .iter()
            .any(|count| *count > 0)
            || figures.requests == 0
        {
            return Err(Error::Worthless(format!(
                "{contender} did not answer as it should: {} answers, {status} of them with an error; connections that \
                 failed to connect {connect}, read {read}, write {write}, answer in time {timeout}",
                figures.requests
            )));
        }
        Ok(Measured {
            requests: figures.requests,
            time: Duration::from_micros(figures.duration_us),
            p50_us: figures.p50_us,
            p99_us: figures.p99_us,
            ..Measured::default()
        })
    }
}
