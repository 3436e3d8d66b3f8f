//! The trust root is rotated, and keys are revoked, while a gateway runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use aecp_trust::SigningKey;
use aecp_trust::handover::{Answer, Delivery};
use common::ask::{activated, admin, code, get};
use common::site::{Running, Site};
use common::{TestUpstream, problem, status};
use jiff::{SignedDuration, Timestamp};

/// What a covered request comes to, and the reason if it is denied.
async fn request(gateway: &Running) -> (u16, String) {
    let answer = get(gateway, "/customers/7", "\nX-Region: EU").await;
    let denial = (status(&answer) != 200).then(|| problem(&answer)["denial"].as_str().unwrap().to_owned());
    (status(&answer), denial.unwrap_or_default())
}

fn allowed() -> (u16, String) {
    (200, String::new())
}

fn denied(reason: &str) -> (u16, String) {
    (503, reason.to_owned())
}

async fn root_version(gateway: &Running) -> u64 {
    problem(&admin(gateway, "/status").await)["trust_root"]["version"]
        .as_u64()
        .unwrap()
}

fn with_roots(mut delivery: Delivery, roots: &[(u64, &[u8])]) -> Delivery {
    delivery.roots = roots
        .iter()
        .map(|(version, root)| (*version, root.to_vec()))
        .collect();
    delivery
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_comes_with_a_bundle_and_outlives_a_restart() {
    let upstream = TestUpstream::start().await;
    let mut site = Site::new(upstream.address);
    let gateway = site.start().await;
    assert!(activated(&gateway.activation.activate(site.delivery(1))));
    let second = site.rotate(8);
    let third = site.rotate(9);
    // The roots do not come with it: nobody here knows the new key.
    assert_eq!(
        code(gateway.activation.activate(site.delivery(2))),
        "bundle_untrusted"
    );
    let roots: [(u64, &[u8]); 2] = [(2, &second), (3, &third)];
    assert!(activated(
        &gateway.activation.activate(with_roots(site.delivery(2), &roots))
    ));
    assert_eq!(request(&gateway).await, allowed());
    assert_eq!(root_version(&gateway).await, 3);
    assert!(site.lifecycle().contains(&"trust_root_rotated".to_owned()));
    // From now on the roots need not come again.
    assert!(activated(&gateway.activation.activate(site.delivery(3))));
    gateway.stop().await;

    let gateway = site.start().await;
    assert_eq!(
        (request(&gateway).await, root_version(&gateway).await),
        (allowed(), 3)
    );
    let mut revoked = Site::new(upstream.address);
    std::mem::swap(&mut revoked.folder, &mut site.folder);
    assert_eq!(
        code(gateway.activation.activate(revoked.delivery(4))),
        "bundle_untrusted"
    );
    assert_eq!(request(&gateway).await, allowed());
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_signed_by_a_revoked_key_denies_until_it_is_signed_anew() {
    let upstream = TestUpstream::start().await;
    let mut site = Site::new(upstream.address);
    let gateway = site.start().await;
    let delivery = site.delivery(1);
    assert!(activated(&gateway.activation.activate(delivery.clone())));
    let root = site.rotate(8);
    let roots: [(u64, &[u8]); 1] = [(2, &root)];
    let revoked = with_roots(delivery, &roots);
    assert_eq!(
        code(gateway.activation.activate(revoked.clone())),
        "bundle_untrusted"
    );
    assert_eq!(request(&gateway).await, denied("bundle_revoked"));
    assert!(site.lifecycle().contains(&"bundle_revoked".to_owned()));
    gateway.stop().await;

    // What was revoked does not come back with a restart, nor with the roots left out.
    let gateway = site.start().await;
    assert_eq!(request(&gateway).await, denied("no_bundle"));
    assert_eq!(
        code(gateway.activation.activate(with_roots(revoked.clone(), &[]))),
        "bundle_untrusted"
    );
    let anew = site.signed_anew(revoked);
    assert!(activated(&gateway.activation.activate(anew.clone())));
    assert_eq!(request(&gateway).await, allowed());

    // While the gateway runs it is enough that the same bundle comes with another signature.
    let root = site.rotate(9);
    let roots: [(u64, &[u8]); 1] = [(3, &root)];
    assert_eq!(
        code(gateway.activation.activate(with_roots(anew.clone(), &roots))),
        "bundle_untrusted"
    );
    assert_eq!(request(&gateway).await, denied("bundle_revoked"));
    assert!(matches!(
        gateway.activation.activate(site.signed_anew(anew)),
        Answer::Unchanged { epoch: 1, .. }
    ));
    assert_eq!(request(&gateway).await, allowed());
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_that_does_not_follow_changes_nothing() {
    let upstream = TestUpstream::start().await;
    let mut site = Site::new(upstream.address);
    let gateway = site.start().await;
    assert!(activated(&gateway.activation.activate(site.delivery(1))));
    // Everything is right in it, but it is the root of somebody else.
    let mut stranger = Site::with_key(upstream.address, SigningKey::from_seed(&[66; 32]).unwrap());
    let foreign = stranger.rotate(8);
    let next = with_roots(stranger.delivery(2), &[(2, &foreign)]);
    assert_eq!(code(gateway.activation.activate(next)), "root_under_threshold");
    site.rotate(8);
    let skipping = site.rotate(9);
    let next = with_roots(site.delivery(2), &[(3, &skipping)]);
    assert_eq!(code(gateway.activation.activate(next)), "root_version");
    assert_eq!(
        (request(&gateway).await, root_version(&gateway).await),
        (allowed(), 1)
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_freshness_is_off_none_is_asked_for_and_the_status_says_so() {
    let upstream = TestUpstream::start().await;
    let mut site = Site::new(upstream.address);
    let gateway = site.start().await;
    let mut first = site.delivery(1);
    assert!(activated(&gateway.activation.activate(first.clone())));
    let off = site.next_root(|builder| builder.freshness_period(None));
    first.freshness.clear();
    assert!(matches!(
        gateway
            .activation
            .activate(with_roots(first.clone(), &[(2, &off)])),
        Answer::Unchanged { epoch: 1, .. }
    ));
    let shown = problem(&admin(&gateway, "/status").await);
    assert_eq!(shown["bundle"]["fresh_until"], "off");
    assert_eq!(shown["trust_root"]["freshness_period"], "off");
    gateway.stop().await;

    let gateway = site.start().await;
    assert_eq!(request(&gateway).await, allowed());
    // Where it is asked for again, a bundle without it is no longer proven.
    let on = site.next_root(|builder| builder.freshness_period(Some(60)));
    assert_eq!(
        code(gateway.activation.activate(with_roots(first, &[(3, &on)]))),
        "freshness"
    );
    assert_eq!(request(&gateway).await, denied("bundle_revoked"));
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_older_root_allowed_does_not_keep_a_bundle_fresh() {
    let upstream = TestUpstream::start().await;
    let mut site = Site::new(upstream.address);
    let gateway = site.start().await;
    let delivery = site.delivery(1);
    assert!(activated(&gateway.activation.activate(delivery.clone())));
    let short = site.next_root(|builder| builder.freshness_period(Some(60)));
    let renewed = site.renewed(delivery);
    assert!(matches!(
        gateway.activation.activate(with_roots(renewed, &[(2, &short)])),
        Answer::Unchanged { epoch: 1, .. }
    ));
    let shown = problem(&admin(&gateway, "/status").await);
    let until: Timestamp = shown["bundle"]["fresh_until"].as_str().unwrap().parse().unwrap();
    assert!(
        until <= Timestamp::now() + SignedDuration::from_secs(60),
        "{until}"
    );
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_roots_that_do_not_continue_the_configured_one_are_not_passed_over() {
    let upstream = TestUpstream::start().await;
    let mut site = Site::new(upstream.address);
    let gateway = site.start().await;
    let root = site.rotate(8);
    assert!(activated(
        &gateway
            .activation
            .activate(with_roots(site.delivery(1), &[(2, &root)]))
    ));
    gateway.stop().await;
    let stranger = Site::with_key(upstream.address, SigningKey::from_seed(&[66; 32]).unwrap());
    std::fs::copy(stranger.path("root.json"), site.path("root.json")).unwrap();
    let Err(error) = aecp_gateway::Gateway::bind(site.config()).await else {
        panic!("it started");
    };
    let error = error.to_string();
    assert!(
        error.contains("roots") && error.contains("do not continue"),
        "{error}"
    );
}
