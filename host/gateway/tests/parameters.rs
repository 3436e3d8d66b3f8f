//! Parameters: what a bundle sets decides, and what it may not set is refused by name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use aecp_trust::Delivery;
use aecp_trust::handover::Answer;
use common::ask::get;
use common::site::{Running, Site};
use common::{TestUpstream, problem, status};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The region and the greatest size are the bundle's to say.
const POLICIES: &str = r#"
PACKAGE residency { VERSION: "1.0.0" DEFAULT: DENY }
SCHEMA { customer.region: TEXT  order.size: INTEGER }
PARAM limit: INTEGER = 10 RANGE 1..100
PARAM regions: SET OF TEXT = ["EU"]
POLICY small {
  SCOPE: requests WHERE customer.region IN regions
  CONSTRAINT: order.size <= limit
  REASON: "{order.size} is more than {limit}"
  ENFORCEMENT: BLOCKING
}
"#;

fn delivery(site: &Site, epoch: u64, parameters: Value) -> Delivery {
    let attributes = json!([
        { "name": "customer.region", "value_type": "TEXT", "source": { "header": { "name": "x-region" } } },
        { "name": "order.size", "value_type": "INTEGER", "source": { "header": { "name": "x-size" } } },
    ]);
    site.delivery_with(epoch, POLICIES, attributes, parameters, Timestamp::now())
}

/// The status, and what denied in which words.
async fn ask(gateway: &Running, region: &str, size: u32) -> (u16, String, String) {
    let answer = get(
        gateway,
        "/customers/7",
        &format!("\nX-Region: {region}\nX-Size: {size}"),
    )
    .await;
    let status = status(&answer);
    if status == 200 {
        return (status, String::new(), String::new());
    }
    let document = problem(&answer);
    let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
    (status, text("policy"), text("detail"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parameters_of_a_bundle_decide_without_a_new_build() {
    let upstream = TestUpstream::start().await;
    let site = Site::new(upstream.address);
    let gateway = site.start().await;
    let activate = |epoch, parameters| {
        let answer = gateway.activation.activate(delivery(&site, epoch, parameters));
        assert!(matches!(answer, Answer::Activated { .. }), "{answer:?}");
    };

    activate(1, json!({}));
    assert_eq!(ask(&gateway, "EU", 10).await.0, 200);
    let (status, policy, detail) = ask(&gateway, "EU", 11).await;
    assert_eq!((status, policy.as_str()), (403, "small"));
    assert!(detail.contains("11 is more than 10"), "{detail}");
    assert_eq!(ask(&gateway, "CH", 1).await.1, "default");

    // Up to the bound, and a parameter that the bundle leaves alone keeps its default.
    activate(2, json!({ "limit": 100 }));
    assert_eq!(ask(&gateway, "EU", 100).await.0, 200);
    let (status, _, detail) = ask(&gateway, "EU", 101).await;
    assert_eq!(status, 403);
    assert!(detail.contains("101 is more than 100"), "{detail}");
    assert_eq!(ask(&gateway, "CH", 1).await.1, "default");

    activate(3, json!({ "limit": 1, "regions": ["CH", "NO"] }));
    assert_eq!(ask(&gateway, "CH", 1).await.0, 200);
    assert_eq!(ask(&gateway, "NO", 2).await.1, "small");
    assert_eq!(ask(&gateway, "EU", 1).await.1, "default");

    // The next bundle inherits nothing.
    activate(4, json!({}));
    assert_eq!(ask(&gateway, "EU", 10).await.0, 200);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_bundle_may_not_set_is_refused_by_name_and_the_old_one_decides() {
    let upstream = TestUpstream::start().await;
    let site = Site::new(upstream.address);
    let gateway = site.start().await;
    let activate = |epoch, parameters| gateway.activation.activate(delivery(&site, epoch, parameters));
    let first = activate(1, json!({ "limit": 50 }));
    assert!(matches!(first, Answer::Activated { .. }), "{first:?}");
    for (parameters, says) in [
        (
            json!({ "limit": 101 }),
            "parameter `limit` cannot be 101: its range is 1..100",
        ),
        (
            json!({ "limit": 0 }),
            "parameter `limit` cannot be 0: its range is 1..100",
        ),
        (
            json!({ "limt": 50 }),
            "there is no parameter `limt`; the component has `limit`, `regions`",
        ),
        (
            json!({ "limit": "50" }),
            "parameter `limit` is INTEGER, and its value is not",
        ),
        (
            json!({ "limit": 5.5 }),
            "parameter `limit` is INTEGER, and its value is not",
        ),
        (
            json!({ "limit": null }),
            "parameter `limit` is INTEGER, and its value is missing",
        ),
        (
            json!({ "regions": "EU" }),
            "parameter `regions` is SET OF TEXT, and its value is not",
        ),
        // One mistake is enough.
        (
            json!({ "limit": 60, "regions": [5] }),
            "parameter `regions` is SET OF TEXT, and its value is not",
        ),
    ] {
        match activate(2, parameters.clone()) {
            Answer::Refused { reason, .. } => assert!(reason.contains(says), "{parameters}: {reason}"),
            other => panic!("{parameters}: {other:?}"),
        }
    }
    assert_eq!(ask(&gateway, "EU", 50).await.0, 200);
    assert_eq!(ask(&gateway, "EU", 51).await.1, "small");
    // What was refused took no epoch.
    let answer = activate(2, json!({ "limit": 60 }));
    assert!(matches!(answer, Answer::Activated { .. }), "{answer:?}");
    assert_eq!(ask(&gateway, "EU", 60).await.0, 200);
    gateway.stop().await;
}
