//! What is observed of an enforcement point, held against what was released.

use aecp_trust::Digest;
use aecp_trust::bundle::{Bundle, PackageEntry, Profile};
use aecp_vocabulary::Mode;
use jiff::Timestamp;
use serde::Serialize;

use super::observed::{Observed, Running, Source};
use crate::release::past::Release;

/// What an enforcement point should run.
pub(crate) struct Target<'a> {
    pub(crate) tag: &'a str,
    pub(crate) release: &'a Release,
}

/// How an enforcement point stands to what was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It runs what was released, and decides by it.
    Current,
    /// It runs an earlier epoch.
    Lagging,
    /// It has refused a bundle, and does not run what was released.
    Refused,
    /// It runs what was released, and denies everything.
    NotReady,
    /// It runs nothing, and denies everything.
    Nothing,
    /// It runs a later epoch than this store knows of.
    Ahead,
    /// It runs another bundle of the same epoch.
    Forked,
    /// Another enforcement point answers in its place.
    OtherPoint,
    /// It does not answer, and has left no receipt that holds.
    Unreachable,
}

/// How far an enforcement point is behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Lag {
    /// Epochs; none if it runs nothing.
    pub(crate) epochs: Option<u64>,
    /// Seconds since the release that it does not run.
    pub(crate) seconds: i64,
}

/// How much a point enforces: the level of the maturity model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// Violations are evidence alone.
    AuditOnly,
    /// Violations raise alerts.
    Advisory,
    /// Violations are denied.
    Blocking,
    /// All violations of everything are denied, by the bundle's own profile.
    Strict,
}

/// One enforcement point, judged.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Judged {
    pub(crate) name: String,
    pub(crate) tag: String,
    pub(crate) state: State,
    /// Whether something other than the released bundle decides there.
    pub(crate) drift: bool,
    /// What more there is to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<Source>,
    pub(crate) bundle: Option<Digest>,
    pub(crate) epoch: Option<u64>,
    pub(crate) released_epoch: u64,
    /// Since when it runs that; when the receipt was given, for one.
    pub(crate) since: Option<Timestamp>,
    pub(crate) lag: Option<Lag>,
    pub(crate) fresh_until: Option<String>,
    pub(crate) trust_root: Option<u64>,
    /// That of its weakest package; strict by the bundle's profile.
    pub(crate) level: Option<Level>,
    pub(crate) packages: Vec<PackageLevel>,
}

/// One package at an enforcement point.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct PackageLevel {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) level: Level,
}

impl State {
    /// The state in words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Lagging => "lagging",
            Self::Refused => "refused",
            Self::NotReady => "not ready",
            Self::Nothing => "nothing",
            Self::Ahead => "ahead",
            Self::Forked => "forked",
            Self::OtherPoint => "other point",
            Self::Unreachable => "unreachable",
        }
    }
}

impl Level {
    /// The level in words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::AuditOnly => "audit-only",
            Self::Advisory => "advisory",
            Self::Blocking => "blocking",
            Self::Strict => "strict",
        }
    }

    fn of(profile: Profile, ceiling: Mode) -> Self {
        match (profile, ceiling) {
            (Profile::Strict, _) => Self::Strict,
            (Profile::Standard, Mode::Blocking) => Self::Blocking,
            (Profile::Standard, Mode::Advisory) => Self::Advisory,
            (Profile::Standard, Mode::AuditOnly) => Self::AuditOnly,
        }
    }
}

/// Judges what is observed of the point `name`, or why nothing is.
pub(crate) fn judge(
    name: &str,
    observed: Result<Observed, String>,
    target: &Target<'_>,
    now: Timestamp,
) -> Judged {
    let released = target.release;
    let mut judged = Judged {
        name: name.to_owned(),
        tag: target.tag.to_owned(),
        state: State::Unreachable,
        drift: true,
        detail: None,
        source: None,
        bundle: None,
        epoch: None,
        released_epoch: released.bundle.epoch,
        since: None,
        lag: None,
        fresh_until: None,
        trust_root: None,
        level: None,
        packages: Vec::new(),
    };
    let observed = match observed {
        Ok(observed) => observed,
        Err(problem) => {
            judged.detail = Some(problem);
            return judged;
        }
    };
    judged.source = Some(observed.source);
    if observed.name != name {
        judged.state = State::OtherPoint;
        judged.detail = Some(format!("`{}` answers", observed.name));
        return judged;
    }
    judged.trust_root = Some(observed.trust_root);
    (judged.state, judged.detail) = state(&observed, released);
    judged.drift = judged.state != State::Current;
    if !runs(&observed, released) {
        judged.lag = Some(Lag {
            epochs: observed
                .running
                .as_ref()
                .and_then(|running| released.bundle.epoch.checked_sub(running.epoch)),
            seconds: released.made().duration_until(now).as_secs().max(0),
        });
    }
    if let Some(running) = observed.running {
        fill(&mut judged, running, released);
    }
    judged
}

fn runs(observed: &Observed, released: &Release) -> bool {
    observed
        .running
        .as_ref()
        .is_some_and(|running| running.digest == released.digest)
}

fn state(observed: &Observed, released: &Release) -> (State, Option<String>) {
    let denies = observed
        .not_ready
        .as_ref()
        .map(|found| format!("{}: {}", found.denial, found.reason));
    if runs(observed, released) {
        return match denies {
            None => (State::Current, None),
            denies => (State::NotReady, denies),
        };
    }
    if let Some(refused) = &observed.refused {
        let which = if refused.offered == released.digest {
            "the released bundle"
        } else {
            "another bundle than the released one"
        };
        let detail = format!("{}: {} (it was {which})", refused.code, refused.reason);
        return (State::Refused, Some(detail));
    }
    match &observed.running {
        None => (State::Nothing, denies),
        Some(running) if running.epoch < released.bundle.epoch => (State::Lagging, denies),
        Some(running) if running.epoch > released.bundle.epoch => (State::Ahead, denies),
        Some(_) => (State::Forked, denies),
    }
}

fn fill(judged: &mut Judged, running: Running, released: &Release) {
    judged.bundle = Some(running.digest);
    judged.epoch = Some(running.epoch);
    judged.since = Some(running.since);
    judged.fresh_until = running.fresh_until;
    let same = running.digest == released.digest;
    let (profile, packages) = match running.packages {
        Some(packages) => (running.profile, packages),
        // A receipt names the bundle alone; what is in the released one is known.
        None if same => (released.bundle.profile, packages(&released.bundle)),
        None => (running.profile, Vec::new()),
    };
    judged.packages = packages
        .into_iter()
        .map(|package| PackageLevel {
            level: Level::of(profile, package.ceiling),
            name: package.name,
            version: package.version,
        })
        .collect();
    judged.level = judged.packages.iter().map(|package| package.level).min();
}

fn packages(bundle: &Bundle) -> Vec<PackageEntry> {
    bundle
        .policies
        .iter()
        .flat_map(|entry| entry.packages.clone())
        .collect()
}

#[cfg(test)]
mod tests;
