//! A delivery becomes a bundle that may run, or a refusal that names what is wrong.
//!
//! The order of the checks is the order in which trust grows: signatures before content, the bundle before what it
//! names. Nothing in the delivery can be used before all of it has been verified, and what can then be used are the
//! very bytes that were.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attestation::{self, Attestation, AttestedPackage, ComponentKind};
use crate::bundle::{Bundle, ComponentUse};
use crate::freshness;
use crate::handover::{Blob, Delivery};
use crate::review;
use crate::root::{Role, RootError, TrustRoot};
use crate::statement;
use aecp_vocabulary::digest::Digest;

mod refusal;

pub use refusal::{BlobProblem, Component, Refusal};

/// What an enforcement point knows when it verifies a delivery.
#[derive(Clone, Debug)]
pub struct Expectations {
    /// The time.
    pub now: Timestamp,
    /// The newest bundle that it has run; none on its first.
    pub high_water: Option<HighWater>,
    /// Its labels, from its enrolment.
    pub labels: BTreeMap<String, String>,
    /// Where the native code is to run. None for tools that run nothing: they verify all native code that there is.
    pub platform: Option<Platform>,
}

/// The newest bundle that an enforcement point has run. It keeps this where a restart finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HighWater {
    /// The bundle's epoch.
    pub epoch: u64,
    /// The bundle's digest.
    pub digest: Digest,
}

/// What native code must be made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Target triple.
    pub target: String,
    /// Identity of the engine, as the engine itself states it.
    pub engine: String,
}

/// A bundle of which everything has been verified, with the bytes that it runs.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedBundle {
    bundle: Bundle,
    digest: Digest,
    fresh_until: Option<Timestamp>,
    root_version: u64,
    components: BTreeMap<Digest, VerifiedComponent>,
}

/// One component of a verified bundle.
#[derive(Clone, Debug, PartialEq)]
struct VerifiedComponent {
    attestation: Attestation,
    wasm: Blob,
    native: Option<Blob>,
}

/// Verifies everything in a delivery.
///
/// # Errors
/// The first thing that is wrong, by name.
pub fn verify(
    delivery: &Delivery,
    root: &TrustRoot,
    expectations: &Expectations,
) -> Result<VerifiedBundle, Refusal> {
    let now = expectations.now;
    if root.is_expired(now) {
        return Err(Refusal::Root(RootError::Expired {
            version: root.version(),
            expires: root.expires(),
        }));
    }
    let (bundle, digest) = released_bundle(&delivery.bundle, root)?;
    in_force(&bundle, digest, root, expectations)?;
    let fresh_until = freshness::check(&delivery.freshness, root, digest, bundle.epoch, now);
    let fresh_until = fresh_until.map_err(Refusal::Freshness)?;
    let mut components: BTreeMap<Digest, VerifiedComponent> = BTreeMap::new();
    for used in bundle.components() {
        let verified = component(delivery, root, expectations, used)?;
        components.insert(used.component.digest, verified);
    }
    Ok(VerifiedBundle {
        digest,
        fresh_until,
        root_version: root.version(),
        components,
        bundle,
    })
}

/// The bundle, signed by the releases role, about exactly what it names, and right in itself.
fn released_bundle(envelope: &[u8], root: &TrustRoot) -> Result<(Bundle, Digest), Refusal> {
    let opened = statement::open::<Bundle>(envelope, root.quorum(Role::Releases)).map_err(Refusal::Bundle)?;
    let bundle = &opened.statement.predicate;
    bundle.validate().map_err(Refusal::Invalid)?;
    if !opened
        .statement
        .is_about(bundle.subjects().iter().map(statement::Subject::digest))
    {
        return Err(Refusal::Subjects);
    }
    Ok((opened.statement.predicate, opened.digest))
}

/// Whether the bundle is for this root, this time, this enforcement point and this point in its history.
fn in_force(
    bundle: &Bundle,
    digest: Digest,
    root: &TrustRoot,
    expectations: &Expectations,
) -> Result<(), Refusal> {
    let now = expectations.now;
    if root.version() < bundle.trust_root_version {
        return Err(Refusal::RootTooOld {
            have: root.version(),
            need: bundle.trust_root_version,
        });
    }
    if now < bundle.not_before {
        return Err(Refusal::NotYetValid {
            not_before: bundle.not_before,
        });
    }
    if now >= bundle.not_after {
        return Err(Refusal::Expired {
            not_after: bundle.not_after,
        });
    }
    let missed = bundle
        .selectors
        .iter()
        .find(|(label, value)| expectations.labels.get(*label) != Some(*value));
    if let Some((label, value)) = missed {
        let have = expectations.labels.get(label).cloned();
        return Err(Refusal::NotSelected {
            label: label.clone(),
            value: value.clone(),
            have,
        });
    }
    match expectations.high_water {
        Some(high) if bundle.epoch < high.epoch => Err(Refusal::Rollback {
            given: bundle.epoch,
            high,
        }),
        Some(high) if bundle.epoch == high.epoch && digest != high.digest => {
            Err(Refusal::Fork { given: digest, high })
        }
        _ => Ok(()),
    }
}

fn component(
    delivery: &Delivery,
    root: &TrustRoot,
    expectations: &Expectations,
    used: ComponentUse<'_>,
) -> Result<VerifiedComponent, Refusal> {
    let named = || Component::new(&used);
    let wasm =
        blob(delivery, used.component.digest, used.component.size).map_err(|problem| Refusal::Blob {
            component: named(),
            problem,
        })?;
    let attestation = attested(delivery, root, used)?;
    let code = |digest, size, target: &str| {
        let problem = |problem| Refusal::Native {
            component: named(),
            target: target.to_owned(),
            problem,
        };
        blob(delivery, digest, size).map_err(problem)
    };
    let native = match &expectations.platform {
        Some(platform) => match used.component.native_for(&platform.target, &platform.engine) {
            Some(native) => Some(code(native.digest, native.size, &native.target)?),
            None => {
                return Err(Refusal::NoNative {
                    component: named(),
                    platform: platform.clone(),
                });
            }
        },
        None => {
            for native in &used.component.native {
                code(native.digest, native.size, &native.target)?;
            }
            None
        }
    };
    Ok(VerifiedComponent {
        attestation,
        wasm,
        native,
    })
}

/// The component's attestation, signed by the packages role, and in accord with how the bundle uses it.
fn attested(delivery: &Delivery, root: &TrustRoot, used: ComponentUse<'_>) -> Result<Attestation, Refusal> {
    let named = || Component::new(&used);
    let Some(envelope) = delivery.attestations.get(&used.component.digest) else {
        return Err(Refusal::NoAttestation { component: named() });
    };
    let opened = attestation::open(envelope, root);
    let opened = opened.map_err(|error| Refusal::Attestation {
        component: named(),
        error,
    })?;
    let disagrees = |problem: String| {
        Err(Refusal::AttestationDisagrees {
            component: named(),
            problem,
        })
    };
    if !opened.statement.is_about([used.component.digest]) {
        return disagrees("it is about another component".to_owned());
    }
    let said = opened.statement.predicate;
    if said.kind != used.kind {
        return disagrees(format!("it attests a component of kind {}", said.kind.name()));
    }
    if used.kind == ComponentKind::Policy {
        let named = |name: &str, version: &str| format!("`{name}` {version}");
        let mut attested: Vec<_> = said
            .packages
            .iter()
            .map(|AttestedPackage { name, version }| named(name, version))
            .collect();
        let mut given: Vec<_> = used
            .packages
            .iter()
            .map(|entry| named(&entry.name, &entry.version))
            .collect();
        attested.sort_unstable();
        given.sort_unstable();
        if attested != given {
            return disagrees(format!("it attests packages {}", list(&attested)));
        }
    }
    if used.component.warm && !said.is_ours() {
        return disagrees(format!("it is warm, but was built by `{}`", said.compiler.id));
    }
    reviewed(delivery, root, used, envelope, &said)?;
    Ok(said)
}

/// Enough reviewers approve a policy component, if the trust root asks for any.
fn reviewed(
    delivery: &Delivery,
    root: &TrustRoot,
    used: ComponentUse<'_>,
    attestation: &[u8],
    said: &Attestation,
) -> Result<(), Refusal> {
    if used.kind != ComponentKind::Policy {
        return Ok(());
    }
    let component = used.component.digest;
    let reviews = review::of(delivery.reviews_of(component), component, attestation, said, root);
    reviews.enough().map_err(|error| Refusal::Reviews {
        component: Component::new(&used),
        error,
    })
}

fn list(items: &[String]) -> String {
    if items.is_empty() {
        "none".to_owned()
    } else {
        items.join(", ")
    }
}

/// The bytes under this digest, if they have it.
fn blob(delivery: &Delivery, digest: Digest, size: u64) -> Result<Blob, BlobProblem> {
    let blob = delivery.blobs.get(&digest).ok_or(BlobProblem::Missing)?;
    let given = u64::try_from(blob.len()).unwrap_or(u64::MAX);
    if given != size {
        return Err(BlobProblem::Size { given, wanted: size });
    }
    let actual = Digest::of(blob);
    if actual != digest {
        return Err(BlobProblem::Digest {
            given: actual,
            wanted: digest,
        });
    }
    Ok(Blob::clone(blob))
}

impl VerifiedBundle {
    /// The bundle.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Its digest, by which evidence names it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What to keep so that no older bundle is taken after this one.
    pub fn high_water(&self) -> HighWater {
        HighWater {
            epoch: self.bundle.epoch,
            digest: self.digest,
        }
    }

    /// From when on it may not be used, unless a newer freshness statement is checked ([`freshness::check`]). None if
    /// the trust root asks for no freshness.
    pub fn fresh_until(&self) -> Option<Timestamp> {
        self.fresh_until
    }

    /// The version of the trust root that it was verified by.
    pub fn root_version(&self) -> u64 {
        self.root_version
    }

    /// The native code of a component, for the platform that was expected. None for a component that is not in the
    /// bundle, or if no platform was expected.
    pub fn native(&self, component: &Digest) -> Option<&[u8]> {
        self.components.get(component)?.native.as_deref()
    }

    /// The WebAssembly bytes of a component. None for one that is not in the bundle.
    pub fn wasm(&self, component: &Digest) -> Option<&[u8]> {
        Some(&self.components.get(component)?.wasm)
    }

    /// What the packages role says of a component. None for one that is not in the bundle.
    pub fn attestation(&self, component: &Digest) -> Option<&Attestation> {
        Some(&self.components.get(component)?.attestation)
    }
}
