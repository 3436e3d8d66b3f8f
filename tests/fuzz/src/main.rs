//! Generated inputs against the parts that read what others wrote, for as long as somebody has time.
//!
//! It refuses to know what is right: each target holds two readings against each other, or demands that nothing panics.
//! A finding ends the run with the seed that brings it back.
//!
//! - [`pairs`]: emitted components against the reference interpreter, on generated packages and requests.
//! - [`sources`]: parser and checker, on sources that were mangled.
//! - [`requests`]: JSON requests into values.

#![forbid(unsafe_code)]

mod pairs;
mod requests;
mod sources;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Parser, ValueEnum};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Generate inputs until the time is over.
#[derive(Debug, Parser)]
#[command(name = "fuzz", max_term_width = 110)]
struct Arguments {
    /// How long, over all targets
    #[arg(long, default_value_t = 5.0)]
    minutes: f64,
    /// Where the generated inputs begin; the same seed gives the same inputs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only this target
    #[arg(long)]
    target: Option<Target>,
}

/// What is given generated inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Emitted components against the reference interpreter
    Pairs,
    /// Parser and checker
    Sources,
    /// JSON requests into values
    Requests,
}

/// What one round of a target came to.
enum Round {
    /// So many inputs, and nothing to say.
    Passed(u64),
    /// What went wrong.
    Failed(String),
}

/// The targets, and their shares of the time in percent.
const SHARES: [(Target, u32); 3] = [(Target::Pairs, 80), (Target::Sources, 15), (Target::Requests, 5)];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let whole = Duration::try_from_secs_f64(arguments.minutes * 60.0).unwrap_or_default();
    let mut passed = true;
    for (target, share) in SHARES {
        let time = match arguments.target {
            Some(only) if only == target => whole,
            Some(_) => continue,
            None => whole.mul_f64(f64::from(share) / 100.0),
        };
        passed &= work(target, time, arguments.seed);
    }
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs one target on all processors; false if it found something.
fn work(target: Target, time: Duration, seed: u64) -> bool {
    let began = Instant::now();
    let found = AtomicBool::new(false);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let counts: Vec<u64> = std::thread::scope(|scope| {
        let run = |thread: u64| {
            let found = &found;
            scope.spawn(move || {
                let mut count = 0_u64;
                // Threads take every so many-th round, so that a seed means the same on every machine.
                let rounds = (thread..).step_by(threads);
                for round in rounds.take_while(|_| began.elapsed() < time && !found.load(Ordering::Relaxed)) {
                    match one(target, seed, round) {
                        Round::Passed(inputs) => count = count.saturating_add(inputs),
                        Round::Failed(what) => {
                            found.store(true, Ordering::Relaxed);
                            eprintln!("{target:?}, seed {seed}, round {round}: {what}");
                        }
                    }
                }
                count
            })
        };
        let handles: Vec<_> = (0_u64..).take(threads).map(run).collect();
        let joined = handles.into_iter().map(|handle| {
            handle.join().unwrap_or_else(|_| {
                found.store(true, Ordering::Relaxed);
                eprintln!("{target:?}, seed {seed}: a panic, see above");
                0
            })
        });
        joined.collect()
    });
    let inputs = counts.iter().fold(0_u64, |all, count| all.saturating_add(*count));
    println!(
        "{target:?}: {inputs} inputs in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    !found.load(Ordering::Relaxed)
}

fn one(target: Target, seed: u64, round: u64) -> Round {
    let mut bytes = [0; 32];
    let numbers = [seed, round];
    for (place, byte) in bytes
        .iter_mut()
        .zip(numbers.iter().flat_map(|number| number.to_le_bytes()))
    {
        *place = byte;
    }
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let done = match target {
        Target::Pairs => pairs::round(&mut runner),
        Target::Sources => sources::round(&mut runner),
        Target::Requests => requests::round(&mut runner),
    };
    done.map_or_else(Round::Failed, Round::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_set_of_inputs_passes() {
        for (target, rounds) in [(Target::Pairs, 12), (Target::Sources, 20), (Target::Requests, 10)] {
            for round in 0..rounds {
                if let Round::Failed(what) = one(target, 20_261_121, round) {
                    panic!("{target:?}, round {round}: {what}");
                }
            }
        }
    }
}
