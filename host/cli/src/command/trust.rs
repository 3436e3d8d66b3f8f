//! `aecp trust`: who may do what, and who an enforcement point is.

use std::path::{Path, PathBuf};

use aecp_trust::Role;
use aecp_trust::key::Quorum;
use aecp_trust::root::RootBuilder;
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Outcome, While};
use crate::keyfiles;

mod enrol;
mod publish;
mod rotate;
mod show;

/// Say who may do what: make, rotate, revoke and show the trust root, and enrol enforcement points
///
/// The trust root is a TUF `root.json`, from which an enforcement point starts. Each rotation makes the next version,
/// `2.root.json` and so on, in the same folder; commands that take `--root root.json` follow them, releases carry them
/// along, and `aecp trust publish` sends them to enforcement points without a release.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(rotate::Init),
    Rotate(rotate::Rotate),
    Revoke(rotate::Revoke),
    Sign(rotate::Sign),
    Publish(publish::Publish),
    Show(show::Show),
    Enrol(enrol::Enrol),
}

/// What a root is to say.
#[derive(Debug, clap::Args)]
struct Terms {
    /// A role and the public key files that have it, as in `--role releases=a.pub,b.pub`; repeat for each role
    #[arg(long = "role", value_name = "ROLE=FILE.pub[,…]", value_parser = role)]
    roles: Vec<(Role, Vec<PathBuf>)>,
    /// How many keys of a role must sign, as in `--threshold releases=2`; 1 if not given
    #[arg(long = "threshold", value_name = "ROLE=N", value_parser = threshold)]
    thresholds: Vec<(Role, u32)>,
    /// How many of the reviewers must approve a package before it is released; 0 asks for no reviews any more
    #[arg(long, value_name = "N")]
    reviews: Option<u32>,
    /// Days until the root expires
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// Longest life of a freshness statement, in seconds (at most 86400), or `off` for a site where nobody renews one
    #[arg(long, value_name = "SECONDS|off", value_parser = period)]
    freshness_period: Option<Period>,
}

#[derive(Clone, Copy, Debug)]
struct Period(Option<u32>);

impl Terms {
    fn expires(&self) -> Result<Timestamp, Error> {
        let days = SignedDuration::from_hours(i64::from(self.days).saturating_mul(24));
        Timestamp::now().checked_add(days).when("reading --days")
    }

    /// Changes what is said here, and leaves the rest.
    fn apply(&self, mut builder: RootBuilder) -> Result<RootBuilder, Error> {
        let optional = [Role::Reviewers];
        for role in Role::ALL.into_iter().chain(optional) {
            let keys = self.roles.iter().find(|(of, _)| *of == role);
            let threshold = self.thresholds.iter().find(|(of, _)| *of == role);
            let reviews = self.reviews.filter(|_| role == Role::Reviewers);
            let threshold = threshold.map(|(_, number)| *number).or(reviews);
            if reviews == Some(0) && keys.is_none() {
                builder = builder.without_reviewers();
                continue;
            }
            if keys.is_none() && threshold.is_none() {
                continue;
            }
            let known = builder.quorum(role);
            let keys = match keys {
                Some((_, paths)) => paths
                    .iter()
                    .map(|path| keyfiles::public_key(path))
                    .collect::<Result<Vec<_>, _>>()?,
                None => known.map_or_else(Vec::new, |quorum| quorum.keys().cloned().collect()),
            };
            let threshold = threshold.unwrap_or_else(|| known.map_or(1, Quorum::threshold));
            let quorum = Quorum::new(keys, threshold).when(format!("giving role `{role}` its keys"))?;
            builder = builder.role(role, quorum);
        }
        Ok(match self.freshness_period {
            Some(Period(period)) => builder.freshness_period(period),
            None => builder,
        })
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    match &arguments.command {
        Command::Init(arguments) => rotate::init(arguments),
        Command::Rotate(arguments) => rotate::rotate(arguments),
        Command::Revoke(arguments) => rotate::revoke(arguments),
        Command::Sign(arguments) => rotate::sign(arguments),
        Command::Publish(arguments) => publish::publish(arguments),
        Command::Show(arguments) => show::show(arguments),
        Command::Enrol(arguments) => enrol::enrol(arguments),
    }
}

fn role_name(text: &str) -> Result<Role, String> {
    let all = || Role::ALL.into_iter().chain([Role::Reviewers]);
    let names = || all().map(Role::name).collect::<Vec<_>>().join(", ");
    all()
        .find(|role| role.name() == text)
        .ok_or_else(|| format!("no role `{text}`; there are {}", names()))
}

fn role(text: &str) -> Result<(Role, Vec<PathBuf>), String> {
    let (name, paths) = text
        .split_once('=')
        .ok_or("write ROLE=FILE.pub, as in releases=a.pub,b.pub")?;
    Ok((role_name(name)?, paths.split(',').map(PathBuf::from).collect()))
}

fn threshold(text: &str) -> Result<(Role, u32), String> {
    let (name, number) = text.split_once('=').ok_or("write ROLE=N, as in releases=2")?;
    let number = number
        .parse()
        .map_err(|_| format!("`{number}` is not a number of keys"))?;
    Ok((role_name(name)?, number))
}

fn period(text: &str) -> Result<Period, String> {
    match text {
        "off" => Ok(Period(None)),
        text => text
            .parse()
            .map(|seconds| Period(Some(seconds)))
            .map_err(|_| format!("`{text}` is neither a number of seconds nor `off`")),
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
