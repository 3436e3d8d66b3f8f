//! Peer review: whose approval counts, and what does not run without.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use aecp_trust::review::Verdict::{Approve, Reject};
use aecp_trust::root::RootBuilder;
use aecp_trust::{Digest, Role};
use common::*;

const ALICE: u8 = 70;
const BOB: u8 = 71;
const CAROL: u8 = 72;
const CODE: &str = "reviews_missing";

/// Two of three must approve.
fn scene(reviews: &[Vec<u8>]) -> Scene {
    Scene {
        root: root_with_reviewers(2, &[ALICE, BOB, CAROL]),
        reviews: (0..)
            .map(|number| (policy(), number))
            .zip(reviews.iter().cloned())
            .collect(),
        ..Scene::new()
    }
}

#[test]
fn enough_approvals_of_distinct_reviewers_are_enough() {
    scene(&[review(ALICE, "alice", Approve, 1), review(BOB, "bob", Approve, 2)])
        .verify()
        .unwrap();
    // A root that asks for none takes none, and one that asks is asked for policies alone.
    Scene::new().verify().unwrap();
}

#[test]
fn too_few_are_refused_with_how_many_and_of_whom() {
    scene(&[]).refused(CODE, "policy component `eu_residency` (sha256:");
    scene(&[]).refused(CODE, "0 of 2 approvals");
    scene(&[review(ALICE, "alice", Approve, 1)])
        .refused(CODE, "1 of 2 approvals that the trust root asks for, by `alice`");
}

#[test]
fn one_reviewer_is_one_whatever_is_signed() {
    let alice = review(ALICE, "alice", Approve, 1);
    scene(&[alice.clone(), alice.clone()]).refused(CODE, "1 of 2");
    scene(&[alice.clone(), review(ALICE, "bob", Approve, 2)]).refused(CODE, "1 of 2");
    // Another key under the same name, however it is written.
    scene(&[alice, review(BOB, " Alice ", Approve, 2)]).refused(CODE, "the same reviewer spoke later");
}

#[test]
fn the_author_does_not_count() {
    let by_two = [review(ALICE, "alice", Approve, 1), review(BOB, "bob", Approve, 2)];
    let mut named = scene(&by_two);
    named.attestations.get_mut(&policy()).unwrap().author = Some("ALICE".into());
    named.refused(CODE, "not counted: `alice` (the author cannot approve)");
    // Alice's key has the packages role too, and signed the component.
    let mut signed = scene(&by_two);
    signed.attestation_keys.push(ALICE);
    signed.refused(CODE, "`alice` (this key signed the component)");
    let mut others = scene(&[
        by_two[0].clone(),
        by_two[1].clone(),
        review(CAROL, "carol", Approve, 3),
    ]);
    others.attestation_keys.push(ALICE);
    others.verify().unwrap();
}

#[test]
fn a_rejection_stands_until_its_reviewer_approves() {
    let approved = [review(ALICE, "alice", Approve, 1), review(BOB, "bob", Approve, 2)];
    let with = |more: Vec<u8>| scene(&[approved[0].clone(), approved[1].clone(), more]);
    with(review(CAROL, "carol", Reject, 3)).refused(CODE, "`carol` rejects it: “because”");
    with(review(BOB, "bob", Reject, 3)).refused(CODE, "`bob` rejects it");
    with(review(BOB, "bob", Reject, 1)).verify().unwrap();
    // Nobody takes back what another said by writing that name.
    let forged = [
        review(ALICE, "alice", Approve, 1),
        review(CAROL, "carol", Reject, 2),
        review(BOB, "carol", Approve, 3),
    ];
    scene(&forged).refused(CODE, "`carol` rejects it");
}

#[test]
fn what_is_no_review_of_this_component_counts_for_nothing() {
    let alice = review(ALICE, "alice", Approve, 1);
    let of_other = review_of(Digest::of(b"other"), BOB, "bob", Approve, 2);
    scene(&[alice.clone(), of_other]).refused(CODE, "a review is about another component");
    scene(&[alice.clone(), review(STRANGER, "bob", Approve, 2)]).refused(CODE, "0 valid signatures");
    scene(&[alice.clone(), b"{}".to_vec()]).refused(CODE, "not a DSSE envelope");
    let mut tampered = review(BOB, "bob", Approve, 2);
    let middle = tampered.len() / 2;
    tampered[middle] ^= 1;
    scene(&[alice.clone(), tampered]).refused(CODE, "1 of 2");
    // An attestation by a reviewer's key is no review.
    let mut scene = scene(&[alice]);
    let delivery = scene.delivery();
    scene
        .reviews
        .insert((policy(), 9), delivery.attestations[&policy()].clone());
    scene.refused(CODE, "1 of 2");
    // What lies under another component is not looked at.
    let mut elsewhere = self::scene(&[]);
    elsewhere.reviews = [
        ((extractor(), 0), review(ALICE, "alice", Approve, 1)),
        ((extractor(), 1), review(BOB, "bob", Approve, 1)),
    ]
    .into();
    elsewhere.refused(CODE, "0 of 2");
}

#[test]
fn a_root_keeps_its_reviewers_until_they_are_taken_away() {
    let root = root_with_reviewers(2, &[ALICE, BOB, CAROL]);
    let later = time("2031-06-01T00:00:00Z");
    let next = |builder: RootBuilder| {
        let mut document = builder.build().unwrap();
        document.sign(&key(1)).unwrap();
        root.advance(&document.to_json().unwrap(), time("2030-01-01T00:00:00Z"))
            .unwrap()
    };
    let after = || RootBuilder::after(&root, later).unwrap();
    assert_eq!(next(after()).reviewers(), root.reviewers());
    assert_eq!(next(after().without_reviewers()).reviewers(), None);
    assert!(
        next(after().without_reviewers())
            .quorum(Role::Reviewers)
            .keys()
            .next()
            .is_none()
    );
    let mut revoked = after();
    assert_eq!(
        revoked.revoke(key(CAROL).public_key().id()).unwrap(),
        [Role::Reviewers]
    );
    let error = revoked
        .revoke(key(BOB).public_key().id())
        .unwrap_err()
        .to_string();
    assert!(error.contains("role `reviewers`"), "{error}");
    assert_eq!(next(revoked).reviewers().unwrap().keys().count(), 2);
    assert!(!String::from_utf8_lossy(root_with_none().as_bytes()).contains("reviewers"));
}

fn root_with_none() -> aecp_trust::TrustRoot {
    root(1)
}
