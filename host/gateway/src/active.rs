//! A bundle that is in force, with everything that it runs.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use aecp_engine::policy_set::PolicySetError;
use aecp_engine::{Extractor, Instances, LoadError, Member, PolicyComponent, PolicySet, Runtime};
use aecp_evidence::BundleReference;
use aecp_trust::bundle::{ExtractorEntry, PackageEntry, PolicyEntry, Profile};
use aecp_trust::route::InvalidTemplate;
use aecp_trust::{Digest, VerifiedBundle};
use aecp_vocabulary::{Denial, parameter};
use jiff::Timestamp;

use crate::clock;
use crate::context::{Environment, ExtractorSource, Plan, PlanError};
use crate::routes::Routes;

/// Why a verified bundle cannot run here.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A component that does not load.
    #[error("{kind} component `{name}` ({digest}): {error}")]
    Component {
        /// `policy` or `context`.
        kind: &'static str,
        /// The package or extractor.
        name: String,
        /// Its digest.
        digest: Digest,
        /// Why.
        error: LoadError,
    },
    /// No native code was verified for a component.
    #[error("component {0} has no native code for this enforcement point")]
    NoNative(Digest),
    /// A component holds other packages than the bundle says.
    #[error("policy component {digest} holds package `{name}` {version}, the bundle says version {expected}")]
    PackageVersion {
        /// The component.
        digest: Digest,
        /// The package.
        name: String,
        /// Its version.
        version: String,
        /// The bundle's version.
        expected: String,
    },
    /// The components do not make one bundle.
    #[error(transparent)]
    Policies(#[from] PolicySetError),
    /// An attribute without its one source.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A route's path is no template.
    #[error(transparent)]
    Route(#[from] InvalidTemplate),
}

impl BuildError {
    /// A short name for metrics, evidence and answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Component { .. } => "component_load",
            Self::NoNative(_) => "native_missing",
            Self::PackageVersion { .. } | Self::Policies(_) => "policies",
            Self::Plan(_) => "attributes",
            Self::Route(_) => "bundle_invalid",
        }
    }
}

/// A bundle in force.
pub struct Active {
    pub(crate) name: String,
    pub(crate) reference: BundleReference,
    pub(crate) since: Timestamp,
    pub(crate) policies: PolicySet,
    pub(crate) plan: Plan,
    pub(crate) routes: Routes,
    /// What `/status` says of the bundle.
    pub(crate) summary: Summary,
    extractors: Vec<Extractor>,
    component_digests: Vec<Digest>,
    not_before: i64,
    not_after: i64,
    /// [`ALWAYS`] where the trust root asks for no freshness.
    fresh_until: AtomicI64,
    /// The version of the trust root by which freshness was verified.
    root_version: AtomicU64,
    revoked: AtomicBool,
}

/// What operators want to know of a bundle in force.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Summary {
    pub(crate) profile: Profile,
    pub(crate) observe_only: bool,
    pub(crate) not_after: Timestamp,
    pub(crate) packages: Vec<PackageEntry>,
}

/// A moment that never comes.
const ALWAYS: i64 = i64::MAX;

impl Active {
    /// Loads everything that a bundle runs. Nothing of it is in force yet.
    ///
    /// # Errors
    /// Anything that does not load or fit together; see [`BuildError`].
    pub fn build(
        verified: &VerifiedBundle,
        runtime: &Runtime,
        environment: &Environment,
        body_limit: u32,
    ) -> Result<Self, BuildError> {
        let bundle = verified.bundle();
        let members = bundle
            .policies
            .iter()
            .map(|entry| member(verified, runtime, entry));
        let policies = PolicySet::new(members.collect::<Result<_, _>>()?, bundle.observe_only)?;
        let extractors = bundle
            .extractors
            .iter()
            .map(|entry| extractor(verified, runtime, entry));
        let extractors = extractors.collect::<Result<Vec<_>, _>>()?;
        let sources: Vec<_> = bundle
            .extractors
            .iter()
            .zip(&extractors)
            .map(|(entry, extractor)| ExtractorSource {
                name: &entry.name,
                authenticating: entry.authenticating,
                description: extractor.description(),
            })
            .collect();
        let plan = Plan::new(bundle, policies.attributes(), &sources, environment, body_limit)?;
        Ok(Self {
            name: bundle.name.clone(),
            reference: BundleReference {
                digest: verified.digest(),
                epoch: bundle.epoch,
            },
            since: Timestamp::now(),
            policies,
            plan,
            routes: Routes::new(&bundle.routes)?,
            summary: Summary {
                profile: bundle.profile,
                observe_only: bundle.observe_only,
                not_after: bundle.not_after,
                packages: bundle
                    .policies
                    .iter()
                    .flat_map(|entry| entry.packages.clone())
                    .collect(),
            },
            extractors,
            component_digests: bundle
                .policies
                .iter()
                .map(|entry| entry.component.digest)
                .collect(),
            not_before: clock::nanoseconds(bundle.not_before),
            not_after: clock::nanoseconds(bundle.not_after),
            fresh_until: AtomicI64::new(moment(verified.fresh_until())),
            root_version: AtomicU64::new(verified.root_version()),
            revoked: AtomicBool::new(false),
        })
    }

    /// Why nothing may execute under this bundle at `now`; none if it may.
    pub fn lapsed(&self, now: i64) -> Option<(Denial, &'static str)> {
        if self.revoked.load(Ordering::Relaxed) {
            Some((
                Denial::BundleRevoked,
                "the bundle does not hold by the newest trust root; it must be signed anew, or another one released",
            ))
        } else if now < self.not_before {
            Some((
                Denial::BundleExpired,
                "the bundle's validity has not begun; check the clock",
            ))
        } else if now >= self.not_after {
            Some((
                Denial::BundleExpired,
                "the bundle's validity has ended; a new one must be released",
            ))
        } else if now >= self.fresh_until.load(Ordering::Relaxed) {
            let reason = "the freshness statement has ended; the agent must bring a new one";
            Some((Denial::FreshnessExpired, reason))
        } else {
            None
        }
    }

    /// Keeps the bundle alive for longer, once everything about it was verified again. An earlier moment changes nothing,
    /// unless a newer trust root says it: what an older one allowed does not count any more.
    pub fn renew(&self, verified: &VerifiedBundle) {
        let new = moment(verified.fresh_until());
        let version = verified.root_version();
        if self.root_version.fetch_max(version, Ordering::Relaxed) < version {
            self.fresh_until.store(new, Ordering::Relaxed);
        } else {
            self.fresh_until.fetch_max(new, Ordering::Relaxed);
        }
        self.revoked.store(false, Ordering::Relaxed);
    }

    /// Denies everything from now on, until the bundle is renewed.
    pub fn revoke(&self) {
        self.revoked.store(true, Ordering::Relaxed);
    }

    /// Until when it is fresh; none where that is not asked for.
    pub(crate) fn fresh_until(&self) -> Option<Timestamp> {
        let until = self.fresh_until.load(Ordering::Relaxed);
        (until != ALWAYS)
            .then(|| Timestamp::from_nanosecond(until.into()).ok())
            .flatten()
    }

    /// Its epoch.
    pub fn epoch(&self) -> u64 {
        self.reference.epoch
    }

    pub(crate) fn extractor(&self, index: usize) -> Option<&Extractor> {
        self.extractors.get(index)
    }

    pub(crate) fn component_digests(&self) -> &[Digest] {
        &self.component_digests
    }
}

fn moment(fresh_until: Option<Timestamp>) -> i64 {
    fresh_until.map_or(ALWAYS, clock::nanoseconds)
}

fn native<'a>(verified: &'a VerifiedBundle, digest: &Digest) -> Result<&'a [u8], BuildError> {
    verified.native(digest).ok_or(BuildError::NoNative(*digest))
}

fn member(verified: &VerifiedBundle, runtime: &Runtime, entry: &PolicyEntry) -> Result<Member, BuildError> {
    let digest = entry.component.digest;
    let instances = if entry.component.warm {
        Instances::Warm
    } else {
        Instances::Fresh
    };
    let component = PolicyComponent::load(runtime, native(verified, &digest)?, instances);
    let name = || {
        entry
            .packages
            .first()
            .map_or_else(String::new, |package| package.name.clone())
    };
    let component = component.map_err(|error| BuildError::Component {
        kind: "policy",
        name: name(),
        digest,
        error,
    })?;
    let description = component.description();
    for held in &description.packages {
        if let Some(said) = entry.packages.iter().find(|said| said.name == held.name)
            && said.version != held.version
        {
            let (name, version, expected) = (held.name.clone(), held.version.clone(), said.version.clone());
            return Err(BuildError::PackageVersion {
                digest,
                name,
                version,
                expected,
            });
        }
    }
    let parameters =
        parameter::from_json(&description.inputs, &entry.parameters).map_err(PolicySetError::from)?;
    let ceilings = entry
        .packages
        .iter()
        .map(|package| (package.name.clone(), package.ceiling))
        .collect();
    Ok(Member {
        component,
        ceilings,
        parameters,
    })
}

fn extractor(
    verified: &VerifiedBundle,
    runtime: &Runtime,
    entry: &ExtractorEntry,
) -> Result<Extractor, BuildError> {
    let digest = entry.component.digest;
    let configuration = entry.configuration.to_string();
    let loaded = Extractor::load(runtime, native(verified, &digest)?, configuration.as_bytes());
    loaded.map_err(|error| BuildError::Component {
        kind: "context",
        name: entry.name.clone(),
        digest,
        error,
    })
}
