//! A delivery in which everything is right, to break one thing at a time.

#![allow(dead_code, reason = "each test uses a part")]

use std::collections::BTreeMap;

use aecp_trust::attestation::{Attestation, AttestedPackage, COMPILER_ID, Compiler, ComponentKind};
use aecp_trust::freshness::Freshness;
use aecp_trust::key::Quorum;
use aecp_trust::review::{Review, Verdict};
use aecp_trust::root::RootBuilder;
use aecp_trust::statement::Statement;
use aecp_trust::verify::{HighWater, Platform};
use aecp_trust::{
    Bundle, Delivery, Digest, Expectations, Refusal, Role, Signer, SigningKey, TrustRoot, VerifiedBundle,
    verify,
};
use jiff::Timestamp;
use serde_json::json;

pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";
pub(crate) const ENGINE: &str = "wasmtime 48.0.0, settings 1";
pub(crate) const EPOCH: u64 = 7;

/// Keys that belong to no role.
pub(crate) const STRANGER: u8 = 99;

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Two keys for each role but the root, which has one.
pub(crate) fn seeds(role: Role) -> [u8; 2] {
    match role {
        Role::Packages => [10, 11],
        Role::Releases => [20, 21],
        Role::Freshness => [30, 31],
        Role::Enrolment => [40, 41],
        Role::Authorizations => [50, 51],
        Role::BreakGlass => [60, 61],
        _ => [1, 1],
    }
}

pub(crate) fn root(threshold: u32) -> TrustRoot {
    signed(roles(threshold))
}

/// A root that asks for reviews by `needed` of these keys.
pub(crate) fn root_with_reviewers(needed: u32, seeds: &[u8]) -> TrustRoot {
    let keys = seeds.iter().map(|seed| key(*seed).public_key().clone());
    signed(roles(1).role(Role::Reviewers, Quorum::new(keys, needed).unwrap()))
}

fn signed(builder: RootBuilder) -> TrustRoot {
    let mut document = builder.build().unwrap();
    document.sign(&key(1)).unwrap();
    TrustRoot::parse(&document.to_json().unwrap(), time("2030-01-01T00:00:00Z")).unwrap()
}

fn roles(threshold: u32) -> RootBuilder {
    let mut builder = RootBuilder::new(1, time("2031-01-01T00:00:00Z")).freshness_period(Some(3_600));
    for role in Role::ALL {
        let keys = seeds(role).map(|seed| key(seed).public_key().clone());
        let threshold = if role == Role::Root { 1 } else { threshold };
        builder = builder.role(role, Quorum::new(keys, threshold).unwrap());
    }
    builder
}

/// Everything that goes into a delivery, before it is signed.
pub(crate) struct Scene {
    pub(crate) root: TrustRoot,
    pub(crate) bundle: Bundle,
    pub(crate) attestations: BTreeMap<Digest, Attestation>,
    pub(crate) blobs: BTreeMap<Digest, Vec<u8>>,
    pub(crate) freshness_epoch: u64,
    pub(crate) freshness_issued: Timestamp,
    pub(crate) freshness_lives: i64,
    pub(crate) bundle_keys: Vec<u8>,
    pub(crate) freshness_keys: Vec<u8>,
    pub(crate) attestation_keys: Vec<u8>,
    pub(crate) reviews: BTreeMap<(Digest, u32), Vec<u8>>,
    pub(crate) expectations: Expectations,
}

pub(crate) fn policy() -> Digest {
    Digest::of(b"policy component")
}

pub(crate) fn policy_native() -> Digest {
    Digest::of(b"policy native")
}

pub(crate) fn extractor() -> Digest {
    Digest::of(b"extractor component")
}

impl Scene {
    pub(crate) fn new() -> Self {
        let contents: [&[u8]; 4] = [
            b"policy component",
            b"policy native",
            b"extractor component",
            b"extractor native",
        ];
        let blobs = contents
            .map(|content| (Digest::of(content), content.to_vec()))
            .into_iter()
            .collect();
        let component = |wasm: &str, native: &str, warm: bool| {
            json!({
                "digest": Digest::of(wasm.as_bytes()),
                "size": wasm.len(),
                "warm": warm,
                "native": [
                    { "target": TARGET, "engine": ENGINE, "digest": Digest::of(native.as_bytes()), "size": native.len() },
                ],
            })
        };
        let bundle = json!({
            "name": "edge",
            "epoch": EPOCH,
            "not_before": "2030-01-01T00:00:00Z",
            "not_after": "2030-02-01T00:00:00Z",
            "trust_root_version": 1,
            "selectors": { "region": "eu" },
            "policies": [{
                "component": component("policy component", "policy native", true),
                "packages": [{ "name": "eu_residency", "version": "1.2.0", "ceiling": "BLOCKING" }],
            }],
            "extractors": [{
                "name": "jwt",
                "component": component("extractor component", "extractor native", false),
                "configuration": { "ratio": 0.5 },
                "authenticating": true,
            }],
            "attributes": [
                { "name": "customer.region", "value_type": "TEXT", "source": { "header": { "name": "x-region" } } },
            ],
        });
        let compiler = |id: &str| Compiler {
            id: id.into(),
            name: "compiler".into(),
            version: "1.0.0".into(),
        };
        let attestation = |kind, packages, id: &str| Attestation {
            kind,
            packages,
            source: Some(Digest::of(b"source")),
            source_archive: None,
            schema: None,
            results: Vec::new(),
            compiler: compiler(id),
            author: None,
            justification: None,
            time: None,
        };
        let packages = vec![AttestedPackage {
            name: "eu_residency".into(),
            version: "1.2.0".into(),
        }];
        let attestations = BTreeMap::from([
            (
                policy(),
                attestation(ComponentKind::Policy, packages, COMPILER_ID),
            ),
            (
                extractor(),
                attestation(ComponentKind::Context, Vec::new(), "urn:example:rustc"),
            ),
        ]);
        Self {
            root: root(1),
            bundle: serde_json::from_value(bundle).unwrap(),
            attestations,
            blobs,
            freshness_epoch: EPOCH,
            freshness_issued: time("2030-01-10T11:30:00Z"),
            freshness_lives: 3_600,
            bundle_keys: vec![seeds(Role::Releases)[0]],
            freshness_keys: vec![seeds(Role::Freshness)[0]],
            attestation_keys: vec![seeds(Role::Packages)[0]],
            reviews: BTreeMap::new(),
            expectations: Expectations {
                now: time("2030-01-10T12:00:00Z"),
                high_water: Some(HighWater {
                    epoch: EPOCH - 1,
                    digest: Digest::of(b"older"),
                }),
                labels: BTreeMap::from([("region".into(), "eu".into()), ("tier".into(), "1".into())]),
                platform: Some(Platform {
                    target: TARGET.into(),
                    engine: ENGINE.into(),
                }),
            },
        }
    }

    pub(crate) fn bundle_digest(&self) -> Digest {
        let statement = Statement::new(self.bundle.subjects(), self.bundle.clone());
        Digest::of(&serde_json::to_vec(&statement).unwrap())
    }

    pub(crate) fn delivery(&self) -> Delivery {
        let freshness = Freshness {
            bundle: self.bundle_digest(),
            epoch: self.freshness_epoch,
            issued: self.freshness_issued,
            expires: self.freshness_issued + jiff::SignedDuration::from_secs(self.freshness_lives),
        };
        let statement = Statement::new(self.bundle.subjects(), self.bundle.clone());
        let attestation = |(component, attestation): (&Digest, &Attestation)| {
            let signed = with_keys(&self.attestation_keys, |signers| {
                attestation.clone().seal(*component, signers)
            });
            (*component, signed.unwrap())
        };
        Delivery {
            bundle: with_keys(&self.bundle_keys, |signers| statement.seal(signers))
                .unwrap()
                .to_json()
                .unwrap(),
            freshness: with_keys(&self.freshness_keys, |signers| freshness.seal(signers)).unwrap(),
            attestations: self.attestations.iter().map(attestation).collect(),
            blobs: self
                .blobs
                .iter()
                .map(|(digest, bytes)| (*digest, bytes.clone().into()))
                .collect(),
            reviews: self.reviews.clone(),
            roots: BTreeMap::new(),
        }
    }

    pub(crate) fn verify(&self) -> Result<VerifiedBundle, Refusal> {
        verify(&self.delivery(), &self.root, &self.expectations)
    }

    #[track_caller]
    pub(crate) fn refused(&self, code: &str, expected: &str) {
        refused(self.verify(), code, expected);
    }
}

/// A review of the policy component by one key.
pub(crate) fn review(seed: u8, reviewer: &str, verdict: Verdict, minute: u8) -> Vec<u8> {
    review_of(policy(), seed, reviewer, verdict, minute)
}

pub(crate) fn review_of(
    component: Digest,
    seed: u8,
    reviewer: &str,
    verdict: Verdict,
    minute: u8,
) -> Vec<u8> {
    let review = Review {
        verdict,
        reviewer: reviewer.into(),
        comment: Some("because".into()),
        time: time(&format!("2030-01-09T12:{minute:02}:00Z")),
    };
    with_keys(&[seed], |signers| review.seal(component, signers)).unwrap()
}

#[track_caller]
pub(crate) fn refused(result: Result<VerifiedBundle, Refusal>, code: &str, expected: &str) {
    let refusal = result.map(|verified| verified.digest()).unwrap_err();
    assert_eq!(refusal.code(), code, "{refusal}");
    assert!(refusal.to_string().contains(expected), "{refusal}");
}

fn with_keys<T>(seeds: &[u8], sign: impl FnOnce(&[&dyn Signer]) -> T) -> T {
    let keys: Vec<_> = seeds.iter().map(|seed| key(*seed)).collect();
    let signers: Vec<&dyn Signer> = keys.iter().map(|key| -> &dyn Signer { key }).collect();
    sign(&signers)
}
