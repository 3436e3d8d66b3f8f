//! Generated policies and requests as files, for `aecp bench` and for whoever wants to look.

use std::fs;
use std::path::PathBuf;

use crate::compile::write_sources;
use crate::corpus::{Corpus, Shape};
use crate::error::Error;

/// Write generated policies and requests as files
///
/// OUTPUT becomes a package folder that has a file requests.ndjson as well, so that this works:
/// aecp bench OUTPUT --input OUTPUT/requests.ndjson
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How many policies
    #[arg(long, default_value_t = 1_000)]
    policies: usize,
    /// How many requests
    #[arg(long, default_value_t = 1_024)]
    requests: usize,
    /// Let a twentieth of all policies apply to each request, not just one
    #[arg(long)]
    overlapping: bool,
    /// The folder to write to; it is made
    #[arg(short, long)]
    output: PathBuf,
}

/// Writes the files.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let shape = if arguments.overlapping {
        Shape::Overlapping
    } else {
        Shape::Distinct
    };
    let corpus = Corpus::new(arguments.policies, shape);
    write_sources(&arguments.output, &corpus.sources("bench"))?;
    let lines: String = corpus
        .requests(arguments.requests)
        .into_iter()
        .map(|request| request.json + "\n")
        .collect();
    let path = arguments.output.join("requests.ndjson");
    fs::write(&path, lines).map_err(Error::file("write", &path))?;
    eprintln!(
        "{} policies and {} requests in {}",
        corpus.policies(),
        arguments.requests,
        arguments.output.display()
    );
    Ok(())
}
