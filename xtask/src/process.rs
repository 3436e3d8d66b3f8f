//! Running other programs.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::error::Error;

/// How often a program with a time limit is asked whether it has ended.
const POLL: Duration = Duration::from_millis(50);

/// A cargo call as a person would make it: without what `cargo run` tells the program that it runs. Build scripts
/// watch some of those variables, and would run again at every change between `cargo xtask` and `cargo`.
pub(crate) fn cargo<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let of_this_program = name.to_str().is_some_and(|name| {
            ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_", "CARGO_BIN_"]
                .iter()
                .any(|start| name.starts_with(start))
        });
        if of_this_program {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a program that shows its own output.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let status = command.status().map_err(|source| start(command, source))?;
    ended(command, status, "")
}

/// Runs a program, and returns what it printed. What it says on its standard error is in the error if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String, Error> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| start(command, source))?;
    ended(command, output.status, &String::from_utf8_lossy(&output.stderr))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program that shows its own output, and ends it when `limit` is over.
pub(crate) fn run_within(limit: Duration, command: &mut Command) -> Result<(), Error> {
    let mut child = command
        .stdin(Stdio::null())
        .spawn()
        .map_err(|source| start(command, source))?;
    let began = Instant::now();
    loop {
        match child.try_wait().map_err(|source| start(command, source))? {
            Some(status) => return ended(command, status, ""),
            None if began.elapsed() < limit => std::thread::sleep(POLL),
            None => {
                // Either succeeds or the program has just ended by itself.
                let _ = child.kill();
                let _ = child.wait();
                return Err(Error::TooSlow {
                    command: line(command),
                    limit,
                });
            }
        }
    }
}

/// Runs a program, shows what it prints and gives `each` line of that to see.
pub(crate) fn run_watched(command: &mut Command, mut each: impl FnMut(&str)) -> Result<(), Error> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|source| start(command, source))?;
    if let Some(printed) = child.stdout.take() {
        for text in BufReader::new(printed).split(b'\n') {
            let text = text.map_err(|source| start(command, source))?;
            let text = String::from_utf8_lossy(&text);
            println!("{text}");
            each(&text);
        }
    }
    let status = child.wait().map_err(|source| start(command, source))?;
    ended(command, status, "")
}

fn start(command: &Command, source: std::io::Error) -> Error {
    Error::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    }
}

fn ended(command: &Command, status: ExitStatus, output: &str) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    let output = if output.trim().is_empty() {
        String::new()
    } else {
        format!("\n{}", output.trim())
    };
    Err(Error::Failed {
        command: line(command),
        status,
        output,
    })
}

/// A command line for people to read.
fn line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        let _ = write!(line, " {}", argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_is_named_with_what_it_said() {
        let error = output(Command::new("sh").args(["-c", "echo no such thing >&2; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("sh -c") && text.contains("no such thing") && text.contains('3'),
            "{text}"
        );
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let error = run_within(Duration::from_millis(10), Command::new("sleep").arg("600")).unwrap_err();
        assert!(matches!(error, Error::TooSlow { .. }), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("no-such-program")).unwrap_err();
        assert!(error.to_string().contains("`no-such-program`"), "{error}");
    }
}
