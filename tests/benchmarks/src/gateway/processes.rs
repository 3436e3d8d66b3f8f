//! What other processes use of the processors.

use std::path::PathBuf;
use std::time::Duration;

use crate::error::Error;

/// One tick of proc(5), which is the same on every Linux that this runs on.
const TICK: Duration = Duration::from_millis(10);

/// A process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process {
    /// Its name in figures.
    pub(super) name: &'static str,
    /// Its id.
    pub(super) id: u32,
}

/// The processor time that each process has used so far, of the kernel and its own.
pub(super) fn times(processes: &[Process]) -> Result<Vec<Duration>, Error> {
    processes.iter().map(time).collect()
}

fn time(process: &Process) -> Result<Duration, Error> {
    let path = PathBuf::from(format!("/proc/{}/stat", process.id));
    let stat = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
    ticks(&stat)
        .map(|ticks| TICK.saturating_mul(ticks))
        .ok_or_else(|| Error::Worthless(format!("`{}` is not as proc(5) says", path.display())))
}

/// `utime` and `stime`. The name of the program, which may hold anything, ends with the last bracket.
fn ticks(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_ascii_whitespace().skip(11);
    let own: u32 = times.next()?.parse().ok()?;
    own.checked_add(times.next()?.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 31 11 0 0 20 0 1 0 5 1 1";
        assert_eq!(ticks(stat), Some(42));
        assert_eq!(ticks("7 (a"), None);
    }
}
