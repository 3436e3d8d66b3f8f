//! What is known of an enforcement point, from its admin listener or from its newest receipt.

use aecp_trust::Digest;
use aecp_trust::bundle::{PackageEntry, Profile};
use aecp_trust::receipt::{Outcome, Receipt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where it is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// Its admin listener, asked now. Nobody has signed it.
    Admin,
    /// Its newest receipt, which holds by its enrolment. It says what was when it was given.
    Receipt,
}

/// What is known of an enforcement point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Observed {
    /// Who it says it is.
    pub(crate) name: String,
    /// The bundle in force.
    pub(crate) running: Option<Running>,
    /// What it refused last, if it has taken nothing since.
    pub(crate) refused: Option<Refused>,
    /// Why it denies everything.
    pub(crate) not_ready: Option<NotReady>,
    /// The version of the trust root that counts there.
    pub(crate) trust_root: u64,
    pub(crate) source: Source,
}

/// A bundle in force.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Running {
    pub(crate) digest: Digest,
    pub(crate) epoch: u64,
    /// Since when; for a receipt, when it was given.
    pub(crate) since: Timestamp,
    /// A moment, or `off`.
    #[serde(default)]
    pub(crate) fresh_until: Option<String>,
    #[serde(default)]
    pub(crate) profile: Profile,
    #[serde(default)]
    pub(crate) packages: Option<Vec<PackageEntry>>,
}

/// A refused bundle.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Refused {
    pub(crate) offered: Digest,
    pub(crate) code: String,
    pub(crate) reason: String,
}

/// Why everything is denied.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct NotReady {
    pub(crate) denial: String,
    pub(crate) reason: String,
}

/// `/status`, as far as it is of use here.
#[derive(Deserialize)]
struct Status {
    enforcement_point: String,
    bundle: Option<Running>,
    #[serde(default)]
    refused: Option<Refused>,
    #[serde(default)]
    not_ready: Option<NotReady>,
    trust_root: TrustRootStatus,
}

#[derive(Deserialize)]
struct TrustRootStatus {
    version: u64,
}

/// What `/status` says.
pub(crate) fn of_status(json: &[u8]) -> Result<Observed, String> {
    let status: Status =
        serde_json::from_slice(json).map_err(|error| format!("its `/status` cannot be read: {error}"))?;
    Ok(Observed {
        name: status.enforcement_point,
        running: status.bundle,
        refused: status.refused,
        not_ready: status.not_ready,
        trust_root: status.trust_root.version,
        source: Source::Admin,
    })
}

/// What a receipt says.
pub(crate) fn of_receipt(receipt: Receipt) -> Observed {
    let (mut running, mut refused) = (None, None);
    match receipt.outcome {
        Outcome::Activated { epoch } | Outcome::Unchanged { epoch } => {
            running = Some(Running {
                digest: receipt.bundle,
                epoch,
                since: receipt.time,
                fresh_until: None,
                profile: Profile::Standard,
                packages: None,
            });
        }
        Outcome::Refused { code, reason } => {
            refused = Some(Refused {
                offered: receipt.bundle,
                code,
                reason,
            });
        }
    }
    Observed {
        name: receipt.enforcement_point,
        running,
        refused,
        not_ready: None,
        trust_root: receipt.trust_root_version,
        source: Source::Receipt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_and_anything_else_is_told() {
        let json = format!(
            r#"{{"enforcement_point":"a","ready":true,"labels":{{}},"listeners":[],"trust_root":{{"version":2}},
            "bundle":{{"name":"edge","digest":"{}","epoch":3,"since":"2030-01-01T00:00:00Z","fresh_until":"off",
            "profile":"strict","observe_only":false,"not_after":"2030-02-01T00:00:00Z",
            "packages":[{{"name":"p","version":"1.0.0","ceiling":"BLOCKING"}}]}}}}"#,
            Digest::of(b"x")
        );
        let observed = of_status(json.as_bytes()).unwrap();
        let running = observed.running.unwrap();
        assert_eq!((running.epoch, running.profile), (3, Profile::Strict));
        assert_eq!(running.packages.unwrap().len(), 1);
        assert_eq!(observed.trust_root, 2);
        assert!(of_status(b"<html>").unwrap_err().contains("cannot be read"));
    }
}
