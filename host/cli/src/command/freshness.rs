//! `aecp freshness`: say again that a bundle is the current one.

use std::path::PathBuf;

use aecp_oci::{Limits, Tag};
use aecp_trust::bundle::Bundle;
use aecp_trust::freshness::{self, Freshness};
use aecp_trust::{Role, statement};
use clap::Subcommand;
use jiff::Timestamp;

use crate::error::{Error, Outcome, While};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::report::{FAINT, GOOD, NOTABLE};

/// Keep the bundle under a tag alive
///
/// A freshness statement says for at most 24 hours that a bundle is the current one, so that nobody can hold back a newer
/// one for long. Run `aecp freshness renew` well before the statement ends, from a timer.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Renew(Renew),
}

/// Say from now on that the bundle under a tag is the current one
#[derive(Debug, clap::Args)]
struct Renew {
    #[command(flatten)]
    place: PlaceArguments,
    /// The tag that enforcement points follow
    #[arg(long)]
    tag: String,
    /// The trust root
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
    /// A private key of the freshness role; repeat where several must sign
    #[arg(long, required = true, value_name = "FILE.key")]
    key: Vec<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    match &arguments.command {
        Command::Renew(arguments) => renew(arguments),
    }
}

fn renew(arguments: &Renew) -> Result<Outcome, Error> {
    let now = Timestamp::now();
    let tag: Tag = arguments.tag.parse().when("reading --tag")?;
    let root = keyfiles::trust_root(&arguments.root)?;
    let place = arguments.place.open()?;
    let store = place.store();
    let context = || format!("reading the bundle under `{tag}`");
    let pulled = store.pull_bundle(&tag, &Limits::default()).when(context())?;
    let envelope = pulled
        .file(aecp_oci::bundle::BUNDLE_FILE)
        .ok_or("it has no bundle document")
        .when(context())?;
    // What is said here keeps the bundle in force, so it must be one that may be.
    let opened = statement::open::<Bundle>(envelope, root.quorum(Role::Releases)).when(context())?;
    let bundle = &opened.statement.predicate;
    if now >= bundle.not_after {
        let problem = format!("its validity ended at {}; release a new one", bundle.not_after);
        return Err(Error::part(context())(problem));
    }
    let Some(statement) = Freshness::new(opened.digest, bundle.epoch, now, &root) else {
        anstream::println!(
            "{NOTABLE}freshness is off{NOTABLE:#} in trust root version {}: there is nothing to renew",
            root.version()
        );
        return Ok(Outcome::Good);
    };
    let until = statement.expires;
    let sealed = keyfiles::seal(&arguments.key, |signers| statement.seal(signers))?;
    freshness::check(&sealed, &root, opened.digest, bundle.epoch, now)
        .when("checking the freshness statement")?;
    store
        .renew_freshness(&tag, &sealed)
        .when("storing the freshness statement")?;
    anstream::println!(
        "{GOOD}renewed{GOOD:#} {} epoch {}, fresh until {until} {FAINT}{}{FAINT:#}",
        bundle.name,
        bundle.epoch,
        opened.digest
    );
    Ok(Outcome::Good)
}
