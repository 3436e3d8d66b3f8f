//! What one record of the log says: INTENT before the upstream is called, OUTCOME after, LIFECYCLE between.
//!
//! The bytes are deterministic CBOR; `leaf.cddl` in this crate is their grammar. A leaf is at most [`LEAF_LIMIT`] bytes,
//! because tlog-tiles counts an entry's length in 16 bits.

mod error;
mod fact;
mod fields;
mod json;
mod position;
mod read;
mod shorten;
mod value;
mod write;

use aecp_vocabulary::decision::{DEFAULT_POLICY, PolicyName, RaisedObligation};
use aecp_vocabulary::policy::Outcomes;
use aecp_vocabulary::{AuditClass, Decision, Digest, Finding, Verdict};

pub use error::LeafError;
pub use fact::{Fact, Question, Recorded};
pub(crate) use json::time_text;
pub use position::{InvalidWriterId, Position, WriterId};
pub(crate) use value::{read_value_at, write_value};
pub use write::Draft;

/// Most bytes of a leaf.
pub const LEAF_LIMIT: usize = 65_535;

/// The version of the format that this crate writes, and the only one that it reads.
pub const SCHEMA_VERSION: u64 = 1;

/// How many keys the map of an intent has.
const INTENT_KEYS: usize = 22;
/// Of an outcome.
const OUTCOME_KEYS: usize = 14;
/// Of a lifecycle leaf.
const LIFECYCLE_KEYS: usize = 11;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its place among the leaves of its writer.
    pub position: Position,
    /// Nanoseconds since 1970-01-01T00:00:00Z. For an INTENT, the very `now` that the policies were given.
    pub time: i64,
    /// The enforcement point's name.
    pub enforcement_point: String,
    /// What happened.
    pub event: Event,
}

/// What a leaf records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A decision, before it is carried out.
    Intent(Box<Intent>),
    /// What became of a request that was allowed.
    Outcome(RequestOutcome),
    /// Something that happened to the enforcement point.
    Lifecycle(Lifecycle),
}

/// The bundle that a decision was made under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleReference {
    /// The bundle's.
    pub digest: Digest,
    /// The bundle's epoch.
    pub epoch: u64,
}

/// What one policy component said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentRecord {
    /// Of the component.
    pub digest: Digest,
    /// What it reported.
    pub result: ComponentResult,
}

/// What one call to a policy component gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComponentResult {
    /// Outcomes by index, enough to compare a replay bit for bit. `applied` is ascending, without repetition.
    Outcomes(Outcomes),
    /// The name of a failure: `component_trapped`, `component_deadline`, …
    Failed(String),
}

/// How much a leaf leaves out because it would have been too large. Both zero in almost every leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shortened {
    /// Texts that were cut (their end says by how much) and values that were omitted.
    pub texts: u64,
    /// Members that were left out of lists.
    pub entries: u64,
}

/// A decision, before it is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The enforcement point's name for the request.
    pub request_id: String,
    /// ALLOW or DENY.
    pub verdict: Verdict,
    /// The first denying policy as `package.policy`, `default`, or the name of the denial; empty when allowed.
    pub policy_id: String,
    /// Why it was denied, by name; none when allowed.
    pub denial: Option<String>,
    /// Why it was denied, as a sentence; empty when allowed.
    pub reason: String,
    /// What was known about the request, each attribute once. `now` is the leaf's time.
    pub facts: Vec<Fact>,
    /// The bundle in force; none if there was none.
    pub bundle: Option<BundleReference>,
    /// What each component said, in the order of the bundle.
    pub components: Vec<ComponentRecord>,
    /// Every policy that is violated or cannot be told.
    pub findings: Vec<Finding>,
    /// The policies that cover the request.
    pub covered_by: Vec<PolicyName>,
    /// What must be discharged.
    pub obligations: Vec<RaisedObligation>,
    /// SHA-256 over the canonical request head.
    pub request_hash: [u8; 32],
    /// The chain of parent authorizations, first to last; empty if there is none.
    pub lineage: Vec<String>,
    /// How far this evidence had to come before execution.
    pub audit: AuditClass,
    /// The route that took the request.
    pub route: Option<String>,
    /// What is missing here for want of room.
    pub shortened: Shortened,
}

impl Intent {
    /// The intent that `decision` is, without what only the enforcement point knows: facts, bundle, components,
    /// lineage and route are empty.
    pub fn of(request_id: impl Into<String>, request_hash: [u8; 32], decision: &Decision) -> Self {
        let denied_by = decision.denied_by();
        Self {
            request_id: request_id.into(),
            verdict: decision.verdict,
            policy_id: denied_by.map(policy_id).unwrap_or_default(),
            denial: decision.denial.map(|denial| denial.name().to_owned()),
            reason: denied_by
                .map(|finding| finding.reason.clone())
                .unwrap_or_default(),
            facts: Vec::new(),
            bundle: None,
            components: Vec::new(),
            findings: decision.findings.clone(),
            covered_by: decision.covered_by.clone(),
            obligations: decision.obligations.clone(),
            request_hash,
            lineage: Vec::new(),
            audit: decision.audit,
            route: None,
            shortened: Shortened::default(),
        }
    }

    /// What policies read: what a replay needs.
    pub fn inputs(&self) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(|fact| fact.read)
    }
}

/// How evidence names the policy of a finding: `package.policy`, `default`, or the name of a denial that no policy made.
pub fn policy_id(finding: &Finding) -> String {
    if finding.package.is_empty() || finding.policy == DEFAULT_POLICY {
        finding.policy.clone()
    } else {
        format!("{}.{}", finding.package, finding.policy)
    }
}

/// How an allowed request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestResult {
    /// The client has the whole answer.
    Completed,
    /// The upstream could not be reached or broke off.
    UpstreamFailed,
    /// The client went away.
    ClientGone,
    /// The enforcement point broke it off.
    Interrupted,
}

impl RequestResult {
    /// The word for it in JSON and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::UpstreamFailed => "upstream_failed",
            Self::ClientGone => "client_gone",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What became of a request that was allowed. Each ALLOW has at most one; a DENY has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestOutcome {
    /// Where the INTENT is: `Receipt::position` of it. Of the same writer, and before this leaf.
    pub intent: Position,
    /// How it ended.
    pub result: RequestResult,
    /// Status code that the client was sent; none if it was sent none.
    pub status: Option<u16>,
    /// Bytes of the request's body that went upstream.
    pub bytes_to_upstream: u64,
    /// Bytes of the response's body that went to the client.
    pub bytes_to_client: u64,
    /// From the INTENT to the end, in nanoseconds.
    pub duration: u64,
    /// More for people; empty if there is nothing to say.
    pub detail: String,
}

/// What happened to an enforcement point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LifecycleKind {
    /// A process began.
    ProcessStarted,
    /// A process ended in an orderly way.
    ProcessStopped,
    /// A bundle is in force.
    BundleActivated,
    /// A bundle was refused; the one before stays in force.
    BundleRefused,
    /// The bundle in force does not hold by a newer trust root; everything is denied.
    BundleRevoked,
    /// A newer trust root counts.
    TrustRootRotated,
    /// A segment of a dead writer ended inside a frame; what came before is in the log.
    SegmentRecovered,
    /// A segment cannot be read at all, or is gone.
    SegmentLost,
    /// Leaves of a writer are missing. See [`Lifecycle::gap`].
    SequenceGap,
    /// A frame holds no leaf, or one that its writer may not write. See [`Lifecycle::gap`].
    LeafRefused,
    /// A sink took no delivery.
    SinkFailed,
    /// Something else, by a name in `snake_case`.
    Other(String),
}

impl LifecycleKind {
    /// The word for it in leaves, JSON and logs.
    pub fn name(&self) -> &str {
        match self {
            Self::ProcessStarted => "process_started",
            Self::ProcessStopped => "process_stopped",
            Self::BundleActivated => "bundle_activated",
            Self::BundleRefused => "bundle_refused",
            Self::BundleRevoked => "bundle_revoked",
            Self::TrustRootRotated => "trust_root_rotated",
            Self::SegmentRecovered => "segment_recovered",
            Self::SegmentLost => "segment_lost",
            Self::SequenceGap => "sequence_gap",
            Self::LeafRefused => "leaf_refused",
            Self::SinkFailed => "sink_failed",
            Self::Other(name) => name,
        }
    }

    /// The kind of this name.
    pub fn of_name(name: &str) -> Self {
        match name {
            "process_started" => Self::ProcessStarted,
            "process_stopped" => Self::ProcessStopped,
            "bundle_activated" => Self::BundleActivated,
            "bundle_refused" => Self::BundleRefused,
            "bundle_revoked" => Self::BundleRevoked,
            "trust_root_rotated" => Self::TrustRootRotated,
            "segment_recovered" => Self::SegmentRecovered,
            "segment_lost" => Self::SegmentLost,
            "sequence_gap" => Self::SequenceGap,
            "leaf_refused" => Self::LeafRefused,
            "sink_failed" => Self::SinkFailed,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// Sequences of a writer that the log will never hold. Only the recorder announces one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Whose leaves are missing.
    pub writer: WriterId,
    /// The first missing sequence.
    pub first: u64,
    /// The sequence behind the last missing one.
    pub next: u64,
}

/// Something that happened to the enforcement point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// What it was.
    pub kind: LifecycleKind,
    /// What it happened to: a process, a segment, a bundle's name, …
    pub subject: String,
    /// More for people.
    pub detail: String,
    /// The bundle that it is about, or that was in force.
    pub bundle: Option<BundleReference>,
    /// Leaves that are missing.
    pub gap: Option<Gap>,
}

#[cfg(test)]
mod tests;
