//! Showing what a root says.

use std::path::PathBuf;

use aecp_trust::key::Quorum;
use aecp_trust::{PublicKey, Role, TrustRoot};
use jiff::Timestamp;
use serde::Serialize;

use crate::command::{Format, print_json};
use crate::error::{Error, Outcome};
use crate::keyfiles;
use crate::report::{BAD, FAINT};

/// Show what the trust root says, and how it came to it
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The trust root; versions that follow it in its folder are followed
    #[arg(default_value = "root.json")]
    root: PathBuf,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    version: u64,
    digest: String,
    expires: Timestamp,
    expired: bool,
    /// Seconds; none if it is off.
    freshness_period: Option<u32>,
    /// How many reviewers must approve a package; none if no review is asked for.
    reviews: Option<u32>,
    roles: Vec<RoleReport>,
    history: Vec<Version>,
}

#[derive(Serialize)]
struct RoleReport {
    role: &'static str,
    threshold: u32,
    keys: Vec<String>,
}

#[derive(Serialize)]
struct Version {
    version: u64,
    digest: String,
    expires: Timestamp,
}

pub(super) fn show(arguments: &Show) -> Result<Outcome, Error> {
    let chain = keyfiles::root_chain(&arguments.root)?;
    let root = chain.newest();
    let role = |role: Role| RoleReport {
        role: role.name(),
        threshold: root.quorum(role).threshold(),
        keys: root
            .quorum(role)
            .keys()
            .map(PublicKey::id)
            .map(|id| id.to_string())
            .collect(),
    };
    let version = |root: &TrustRoot| Version {
        version: root.version(),
        digest: root.digest().to_string(),
        expires: root.expires(),
    };
    let report = Report {
        version: root.version(),
        digest: root.digest().to_string(),
        expires: root.expires(),
        expired: root.is_expired(Timestamp::now()),
        freshness_period: root.freshness_period(),
        reviews: root.reviewers().map(Quorum::threshold),
        roles: Role::ALL
            .into_iter()
            .chain(root.reviewers().map(|_| Role::Reviewers))
            .map(role)
            .collect(),
        history: chain.all().map(version).collect(),
    };
    match arguments.format {
        Format::Json => print_json(&report)?,
        Format::Human => human(&report),
    }
    Ok(if report.expired {
        Outcome::Bad
    } else {
        Outcome::Good
    })
}

fn human(report: &Report) {
    anstream::println!("trust root version {}, {}", report.version, report.digest);
    if report.expired {
        anstream::println!("{BAD}expired{BAD:#} {}", report.expires);
    } else {
        anstream::println!("expires {}", report.expires);
    }
    match report.freshness_period {
        Some(seconds) => anstream::println!("freshness statements live {seconds} s"),
        None => anstream::println!("freshness is off: bundles live until their own validity ends"),
    }
    match report.reviews {
        Some(needed) => anstream::println!("a package needs {needed} approvals"),
        None => anstream::println!("packages need no approvals"),
    }
    for RoleReport {
        role,
        threshold,
        keys,
    } in &report.roles
    {
        let (count, keys) = (keys.len(), keys.join(" "));
        anstream::println!("{role}: {threshold} of {count}  {FAINT}{keys}{FAINT:#}");
    }
    if report.history.len() > 1 {
        for Version {
            version,
            digest,
            expires,
        } in &report.history
        {
            anstream::println!("version {version} {FAINT}{digest}, until {expires}{FAINT:#}");
        }
    }
}
