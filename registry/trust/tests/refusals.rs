//! Everything that must not run, refused by name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use aecp_trust::attestation::{Compiler, ComponentKind};
use aecp_trust::freshness;
use aecp_trust::statement::{Statement, Subject};
use aecp_trust::verify::{HighWater, Platform};
use aecp_trust::{Digest, Role, Signer, verify};
use common::*;

#[test]
fn a_right_delivery_is_verified() {
    let scene = Scene::new();
    let verified = scene.verify().unwrap();
    assert_eq!(*verified.bundle(), scene.bundle);
    assert_eq!(verified.digest(), scene.bundle_digest());
    assert_eq!(
        verified.high_water(),
        HighWater {
            epoch: EPOCH,
            digest: scene.bundle_digest()
        }
    );
    assert_eq!(verified.fresh_until(), Some(time("2030-01-10T12:30:00Z")));
    assert_eq!(verified.native(&policy()), Some(b"policy native".as_slice()));
    assert_eq!(
        verified.wasm(&extractor()),
        Some(b"extractor component".as_slice())
    );
    assert!(verified.attestation(&policy()).unwrap().is_ours());
    assert_eq!(verified.native(&policy_native()), None);
}

#[test]
fn the_bundle_that_runs_already_is_verified_again() {
    let mut scene = Scene::new();
    scene.expectations.high_water = Some(HighWater {
        epoch: EPOCH,
        digest: scene.bundle_digest(),
    });
    scene.verify().unwrap();
    scene.expectations.high_water = None;
    scene.verify().unwrap();
}

#[test]
fn a_threshold_needs_distinct_keys_of_the_role() {
    let mut scene = Scene::new();
    scene.root = root(2);
    let right = |role| seeds(role).to_vec();
    (scene.bundle_keys, scene.freshness_keys, scene.attestation_keys) = (
        right(Role::Releases),
        right(Role::Freshness),
        right(Role::Packages),
    );
    scene.verify().unwrap();
    for wrong in [vec![], vec![20], vec![20, 20], vec![20, STRANGER]] {
        let mut scene = Scene {
            bundle_keys: wrong,
            root: root(2),
            ..Scene::new()
        };
        (scene.freshness_keys, scene.attestation_keys) = (right(Role::Freshness), right(Role::Packages));
        scene.refused("bundle_untrusted", "2 needed");
    }
}

#[test]
fn a_role_signs_for_itself_alone() {
    for role in Role::ALL.into_iter().chain([Role::Root]) {
        let keys = seeds(role).to_vec();
        if role != Role::Releases {
            let scene = Scene {
                bundle_keys: keys.clone(),
                ..Scene::new()
            };
            scene.refused("bundle_untrusted", "0 valid signatures");
        }
        if role != Role::Freshness {
            let scene = Scene {
                freshness_keys: keys.clone(),
                ..Scene::new()
            };
            scene.refused("freshness", "0 valid signatures");
        }
        if role != Role::Packages {
            let scene = Scene {
                attestation_keys: keys,
                ..Scene::new()
            };
            scene.refused("component_untrusted", "policy component `eu_residency` (sha256:");
        }
    }
}

#[test]
fn a_statement_cannot_stand_for_another() {
    let scene = Scene::new();
    let delivery = scene.delivery();
    // One key with every role, so that only the type of the statement tells them apart.
    let mut all = Scene::new();
    let mut builder = aecp_trust::root::RootBuilder::new(1, time("2031-01-01T00:00:00Z"));
    for role in Role::ALL {
        let key = key(20).public_key().clone();
        builder = builder.role(role, aecp_trust::key::Quorum::new([key], 1).unwrap());
    }
    let mut document = builder.build().unwrap();
    document.sign(&key(20)).unwrap();
    all.root = aecp_trust::TrustRoot::parse(&document.to_json().unwrap(), scene.expectations.now).unwrap();
    (all.bundle_keys, all.freshness_keys, all.attestation_keys) = (vec![20], vec![20], vec![20]);
    all.verify().unwrap();
    let mut swapped = all.delivery();
    swapped.freshness.clone_from(&delivery.bundle);
    refused(
        verify(&swapped, &all.root, &all.expectations),
        "freshness",
        "expected `https://in-toto.io/Statement/v1`",
    );
    let mut swapped = all.delivery();
    swapped.bundle.clone_from(&swapped.freshness);
    refused(
        verify(&swapped, &all.root, &all.expectations),
        "bundle_untrusted",
        "urn:aecp:freshness:v1",
    );
}

#[test]
fn a_bundle_holds_in_its_time_for_its_points_under_its_root() {
    let mut scene = Scene::new();
    scene.expectations.now = time("2029-12-31T23:59:59Z");
    scene.refused("bundle_not_yet_valid", "valid from 2030-01-01T00:00:00Z on");
    scene.expectations.now = time("2030-02-01T00:00:00Z");
    scene.refused("bundle_expired", "expired at 2030-02-01T00:00:00Z");
    scene.expectations.now = time("2031-01-01T00:00:00Z");
    scene.refused("root_expired", "trust root version 1 expired");
    let mut scene = Scene::new();
    scene.expectations.labels.insert("region".into(), "us".into());
    scene.refused("not_selected", "it is for label `region` = `eu`, here it is `us`");
    scene.expectations.labels.clear();
    scene.refused("not_selected", "here it is not set");
    let mut scene = Scene::new();
    scene.bundle.trust_root_version = 2;
    scene.refused("root_too_old", "needs trust root version 2");
}

#[test]
fn an_invalid_bundle_is_refused_though_it_is_signed() {
    let mut scene = Scene::new();
    scene.bundle.observe_only = true;
    scene.refused("bundle_invalid", "observe_only");
}

#[test]
fn the_signature_covers_every_byte_that_runs() {
    let scene = Scene::new();
    for subjects in [
        Vec::new(),
        scene.bundle.subjects()[1..].to_vec(),
        [
            scene.bundle.subjects(),
            vec![Subject::new("more", Digest::of(b"more"))],
        ]
        .concat(),
    ] {
        let mut delivery = scene.delivery();
        let key = key(20);
        let signers: [&dyn Signer; 1] = [&key];
        delivery.bundle = Statement::new(subjects, scene.bundle.clone())
            .seal(&signers)
            .unwrap()
            .to_json()
            .unwrap();
        refused(
            verify(&delivery, &scene.root, &scene.expectations),
            "bundle_invalid",
            "subjects",
        );
    }
}

#[test]
fn history_goes_forward_and_does_not_fork() {
    let mut scene = Scene::new();
    scene.expectations.high_water = Some(HighWater {
        epoch: EPOCH + 1,
        digest: Digest::of(b"newer"),
    });
    scene.refused("rollback", "epoch 7 is older than epoch 8");
    scene.expectations.high_water = Some(HighWater {
        epoch: EPOCH,
        digest: Digest::of(b"other"),
    });
    scene.refused("fork", "has epoch 7, and so has");
}

#[test]
fn freshness_is_of_this_bundle_and_of_now() {
    let mut scene = Scene::new();
    scene.expectations.now = time("2030-01-10T12:30:00Z");
    scene.refused("freshness", "expired at 2030-01-10T12:30:00Z");
    scene.expectations.now = time("2030-01-10T11:24:59Z");
    scene.refused("freshness", "has not come yet");
    scene.expectations.now = time("2030-01-10T11:25:00Z");
    scene.verify().unwrap();
    let mut scene = Scene::new();
    scene.freshness_lives = 3_601;
    scene.refused("freshness", "allows 3600 seconds at most");
    scene.freshness_lives = 0;
    scene.refused("freshness", "seconds at most");
    let mut scene = Scene::new();
    scene.freshness_epoch = EPOCH + 1;
    scene.refused("freshness", "of epoch 8, not about");
    let mut delivery = Scene::new().delivery();
    delivery.freshness.clear();
    let scene = Scene::new();
    refused(
        verify(&delivery, &scene.root, &scene.expectations),
        "freshness",
        "`aecp freshness renew` makes it",
    );
    // Replayed for another bundle of the same epoch.
    let old = Scene::new().delivery().freshness;
    let mut scene = Scene::new();
    scene.bundle.name = "edge-2".into();
    let mut delivery = scene.delivery();
    delivery.freshness = old;
    refused(
        verify(&delivery, &scene.root, &scene.expectations),
        "freshness",
        "it is about bundle sha256:",
    );
}

#[test]
fn a_running_bundle_is_renewed_by_freshness_alone() {
    let scene = Scene::new();
    let delivery = scene.delivery();
    let digest = scene.bundle_digest();
    let check =
        |digest, epoch, now| freshness::check(&delivery.freshness, &scene.root, digest, epoch, time(now));
    assert_eq!(
        check(digest, EPOCH, "2030-01-10T12:00:00Z").unwrap(),
        Some(time("2030-01-10T12:30:00Z"))
    );
    assert!(check(digest, EPOCH + 1, "2030-01-10T12:00:00Z").is_err());
    assert!(check(Digest::of(b"x"), EPOCH, "2030-01-10T12:00:00Z").is_err());
    let error = check(digest, EPOCH, "2032-01-10T12:00:00Z")
        .unwrap_err()
        .to_string();
    assert!(error.contains("trust root version 1 expired"), "{error}");
}

#[test]
fn bytes_that_are_missing_or_others_are_named() {
    let mut scene = Scene::new();
    scene.blobs.remove(&policy());
    scene.refused("component_bytes", "policy component `eu_residency` (sha256:");
    scene.blobs.insert(policy(), b"policy cOmponent".to_vec());
    scene.refused("component_bytes", "its bytes are sha256:");
    scene
        .blobs
        .insert(policy(), b"policy component and more".to_vec());
    scene.refused("component_bytes", "it has 25 bytes, the bundle says 16");
    let mut scene = Scene::new();
    scene.blobs.remove(&policy_native());
    scene.refused(
        "native_bytes",
        "native code for `x86_64-unknown-linux-gnu`: its bytes are missing",
    );
    scene.blobs.insert(policy_native(), b"policy nativE".to_vec());
    scene.refused("native_bytes", "policy component `eu_residency`");
    assert_eq!(
        scene
            .verify()
            .unwrap_err()
            .component()
            .map(|component| component.digest),
        Some(policy())
    );
}

#[test]
fn native_code_is_for_this_target_and_this_engine() {
    for (target, engine) in [
        ("aarch64-unknown-linux-gnu", ENGINE),
        (TARGET, "wasmtime 49.0.0, settings 1"),
    ] {
        let mut scene = Scene::new();
        scene.expectations.platform = Some(Platform {
            target: target.into(),
            engine: engine.into(),
        });
        scene.refused(
            "native_missing",
            &format!("no native code for `{target}` and engine `{engine}`"),
        );
    }
}

#[test]
fn a_tool_that_runs_nothing_verifies_all_native_code() {
    let mut scene = Scene::new();
    scene.expectations.platform = None;
    assert_eq!(scene.verify().unwrap().native(&policy()), None);
    scene.blobs.remove(&policy_native());
    scene.refused("native_bytes", "its bytes are missing");
}

#[test]
fn an_attestation_is_of_this_component_and_this_use() {
    let mut scene = Scene::new();
    let of_extractor = scene.attestations.remove(&extractor()).unwrap();
    scene.refused("component_untrusted", "context component `jwt` (sha256:");
    scene.attestations.insert(extractor(), of_extractor);
    // The right statement about another component.
    let mut delivery = scene.delivery();
    let of_policy = delivery.attestations[&policy()].clone();
    delivery.attestations.insert(extractor(), of_policy);
    refused(
        verify(&delivery, &scene.root, &scene.expectations),
        "component_untrusted",
        "about another component",
    );
    let edit = |edit: &dyn Fn(&mut aecp_trust::attestation::Attestation), expected: &str| {
        let mut scene = Scene::new();
        edit(scene.attestations.get_mut(&policy()).unwrap());
        scene.refused("component_untrusted", expected);
    };
    edit(
        &|said| said.kind = ComponentKind::Audit,
        "it attests a component of kind audit",
    );
    edit(
        &|said| said.packages[0].version = "1.1.0".into(),
        "it attests packages `eu_residency` 1.1.0",
    );
    edit(
        &|said| said.packages.push(said.packages[0].clone()),
        "it attests packages",
    );
    edit(&|said| said.packages.clear(), "it attests packages none");
    let stranger = || Compiler {
        id: "urn:example:other".into(),
        name: "x".into(),
        version: "1".into(),
    };
    edit(
        &|said| said.compiler = stranger(),
        "it is warm, but was built by `urn:example:other`",
    );
    let mut cold = Scene::new();
    cold.attestations.get_mut(&policy()).unwrap().compiler = stranger();
    cold.bundle.policies[0].component.warm = false;
    cold.verify().unwrap();
}

#[test]
fn duplicate_keys_in_what_is_signed_are_refused() {
    let scene = Scene::new();
    let statement = Statement::new(scene.bundle.subjects(), scene.bundle.clone());
    let good = serde_json::to_string(&statement).unwrap();
    for (from, to) in [
        ("\"epoch\":7", "\"epoch\":7,\"epoch\":8"),
        ("\"ratio\":0.5", "\"ratio\":0.5,\"ratio\":0.6"),
        ("\"region\":\"eu\"", "\"region\":\"eu\",\"region\":\"us\""),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        let mut envelope = aecp_trust::Envelope::new(bad.into_bytes());
        envelope.sign(&key(20)).unwrap();
        let mut delivery = scene.delivery();
        delivery.bundle = envelope.to_json().unwrap();
        refused(
            verify(&delivery, &scene.root, &scene.expectations),
            "bundle_untrusted",
            "given twice",
        );
    }
}
