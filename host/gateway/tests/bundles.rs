//! A gateway with real policies: activation, decisions, evidence, and what happens when something is wrong.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use aecp_evidence::leaf::{Event, Recorded, RequestResult};
use aecp_trust::handover::{Answer, Offer};
use aecp_vocabulary::Verdict;
use common::ask::{activated, admin, code, get, send};
use common::site::{POLICIES, Site, attributes};
use common::{TestUpstream, problem, read_to_end, status};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpStream, UnixStream};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_bundle_everything_is_denied_and_recorded() {
    let upstream = TestUpstream::start().await;
    let site = Site::new(upstream.address);
    let gateway = site.start().await;
    let answer = get(&gateway, "/customers/7", "\nX-Region: EU").await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert_eq!(problem(&answer)["denial"], "no_bundle");
    assert_eq!(status(&admin(&gateway, "/livez").await), 200);
    let ready = admin(&gateway, "/readyz").await;
    assert!(status(&ready) == 503 && ready.contains("no_bundle"), "{ready}");
    assert_eq!(status(&send(gateway.admin, "POST /readyz HTTP/1.1").await), 405);
    let intent = &site.intents()[0];
    assert_eq!(
        (intent.verdict, intent.policy_id.as_str()),
        (Verdict::Deny, "no_bundle")
    );
    assert_eq!(problem(&answer)["request_id"], intent.request_id.as_str());
    assert!(upstream.targets().is_empty());
    gateway.stop().await;
    assert_eq!(site.lifecycle(), ["process_started", "process_stopped"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_decide_and_evidence_tells() {
    let upstream = TestUpstream::start().await;
    let site = Site::new(upstream.address);
    let gateway = site.start().await;
    let answer = gateway.activation.activate(site.delivery(1));
    assert!(activated(&answer), "{answer:?}");
    assert_eq!(status(&admin(&gateway, "/readyz").await), 200);

    let allowed = get(&gateway, "/customers/7?a=b", "\nX-Region: EU\nX-Name: mallory").await;
    assert_eq!(status(&allowed), 200, "{allowed}");
    assert_eq!(upstream.targets(), ["/customers/7?a=b"]);

    let denied = get(&gateway, "/customers/7", "\nX-Region: US").await;
    assert_eq!(status(&denied), 403, "{denied}");
    let document = problem(&denied);
    assert_eq!(document["type"], "urn:aecp:denial:violated");
    assert_eq!(
        (document["policy"].as_str(), document["package"].as_str()),
        (Some("region"), Some("residency"))
    );
    assert_eq!(document["epoch"], 1);
    assert!(document["detail"].as_str().unwrap().contains("US"), "{document}");

    for (path, headers, expected, denial) in [
        ("/customers/7", "", 403, "indeterminate"),
        (
            "/customers/7",
            "\nX-Region: EU\nX-Region: EU",
            400,
            "context_malformed",
        ),
        ("/customers//7", "\nX-Region: EU", 400, "context_malformed"),
        ("/elsewhere", "\nX-Region: EU", 403, "no_route"),
        ("/lost", "\nX-Region: EU", 503, "no_upstream"),
    ] {
        let answer = get(&gateway, path, headers).await;
        assert_eq!(status(&answer), expected, "{path}{headers}: {answer}");
        assert_eq!(problem(&answer)["denial"], denial, "{path}{headers}");
    }
    let default = send(
        gateway.address,
        "PUT /customers/7 HTTP/1.1\nX-Region: EU\nContent-Length: 0",
    )
    .await;
    assert_eq!(problem(&default)["policy"], "default", "{default}");
    assert_eq!(upstream.targets().len(), 1);

    let metrics = admin(&gateway, "/metrics").await;
    assert!(
        metrics.contains("aecp_decisions_total{verdict=\"ALLOW\",denial=\"\"} 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("aecp_decisions_total{verdict=\"DENY\",denial=\"violated\"} 1"),
        "{metrics}"
    );
    assert!(
        metrics.contains("policy=\"unwelcome\",outcome=\"violated\",mode=\"ADVISORY\"} 1"),
        "{metrics}"
    );
    assert!(metrics.contains("aecp_active_epoch 1"), "{metrics}");
    gateway.stop().await;

    let leaves = site.leaves();
    let intents = site.intents();
    assert_eq!(intents.len(), 8);
    let intent = &intents[0];
    assert_eq!(intent.verdict, Verdict::Allow);
    assert_eq!(intent.bundle.as_ref().unwrap().epoch, 1);
    assert_eq!(intent.components.len(), 1);
    assert_eq!(intent.route.as_deref(), Some("customers"));
    let name = intent
        .inputs()
        .find(|fact| &*fact.name == "customer.name")
        .unwrap();
    assert!(matches!(name.value, Recorded::Commitment(_)));
    assert!(
        !format!("{leaves:?}").contains("mallory\""),
        "a personal value is in the log"
    );
    let position = leaves
        .iter()
        .find(|leaf| matches!(leaf.event, Event::Intent(_)))
        .unwrap()
        .position;
    let openings =
        aecp_evidence::personal::openings(&site.path("evidence"), position.writer, position.sequence);
    assert_eq!(
        openings.unwrap()[0].value,
        aecp_vocabulary::Value::Text("mallory".into())
    );
    let outcomes: Vec<_> = leaves
        .iter()
        .filter_map(|leaf| match &leaf.event {
            Event::Outcome(outcome) => Some(outcome),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes.len(), 1);
    assert_eq!(
        (outcomes[0].intent, outcomes[0].result),
        (position, RequestResult::Completed)
    );
    assert_eq!(outcomes[0].status, Some(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused_whole_and_the_old_bundle_stays() {
    let upstream = TestUpstream::start().await;
    let site = Site::new(upstream.address);
    let gateway = site.start().await;
    let activate = |delivery| gateway.activation.activate(delivery);
    assert!(activated(&activate(site.delivery(5))));

    let mut tampered = site.delivery_of(6, &POLICIES.replace("EU", "US"), attributes(), Timestamp::now());
    for blob in tampered.blobs.values_mut() {
        let mut bytes = blob.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        *blob = bytes.into();
    }
    let refused = activate(tampered.clone());
    assert!(
        matches!(&refused, Answer::Refused { reason, .. } if reason.contains("residency")),
        "{refused:?}"
    );
    assert_eq!(code(refused), "component_bytes");
    // The same again is not recorded again.
    assert_eq!(code(activate(tampered)), "component_bytes");
    assert_eq!(code(activate(site.delivery(4))), "rollback");
    let unmapped = site.delivery_of(7, POLICIES, json!([]), Timestamp::now());
    assert_eq!(code(activate(unmapped)), "attributes");
    let mistyped = json!([
        { "name": "customer.region", "value_type": "INTEGER", "source": { "header": { "name": "x-region" } } },
        { "name": "customer.name", "value_type": "TEXT", "source": { "header": { "name": "x-name" } } },
    ]);
    assert_eq!(
        code(activate(site.delivery_of(
            7,
            POLICIES,
            mistyped,
            Timestamp::now()
        ))),
        "attributes"
    );
    let stale = Timestamp::now() - SignedDuration::from_hours(1);
    assert_eq!(
        code(activate(site.delivery_of(7, POLICIES, attributes(), stale))),
        "freshness"
    );

    assert_eq!(
        status(&get(&gateway, "/customers/7", "\nX-Region: EU").await),
        200
    );
    assert_eq!(site.intents()[0].bundle.as_ref().unwrap().epoch, 5);
    let refusals = site
        .lifecycle()
        .iter()
        .filter(|kind| *kind == "bundle_refused")
        .count();
    assert_eq!(refusals, 5);
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_fails_no_request_and_a_restart_remembers() {
    let upstream = TestUpstream::start().await;
    let site = Site::new(upstream.address);
    let gateway = site.start().await;
    assert!(activated(&gateway.activation.activate(site.delivery(1))));
    let mut slow = TcpStream::connect(gateway.address).await.unwrap();
    slow.write_all(b"POST /customers/7 HTTP/1.1\r\nHost: a\r\nX-Region: EU\r\nContent-Length: 4\r\nConnection: close\r\n\r\nab")
        .await
        .unwrap();
    while site.intents().is_empty() {
        tokio::task::yield_now().await;
    }

    // The next bundle comes by the agent's way.
    let next = site.delivery_of(
        2,
        &POLICIES.replace("\"EU\"", "\"US\""),
        attributes(),
        Timestamp::now(),
    );
    next.write(&site.path("offered")).unwrap();
    let mut agent = BufReader::new(UnixStream::connect(site.path("offers.sock")).await.unwrap());
    let mut ask = async |line: &str| {
        agent.get_mut().write_all(line.as_bytes()).await.unwrap();
        let mut answer = String::new();
        agent.read_line(&mut answer).await.unwrap();
        Answer::from_line(&answer).unwrap()
    };
    assert_eq!(code(ask("{}\n").await), "malformed_offer");
    assert_eq!(
        code(
            ask(&Offer {
                folder: "offered".into()
            }
            .to_line())
            .await
        ),
        "malformed_offer"
    );
    assert_eq!(
        code(
            ask(&Offer {
                folder: site.path("missing")
            }
            .to_line())
            .await
        ),
        "delivery"
    );
    let offer = Offer {
        folder: site.path("offered"),
    }
    .to_line();
    assert!(activated(&ask(&offer).await));
    assert!(matches!(ask(&offer).await, Answer::Unchanged { epoch: 2, .. }));

    slow.write_all(b"cd").await.unwrap();
    assert_eq!(status(&read_to_end(&mut slow).await), 200);
    assert_eq!(
        status(&get(&gateway, "/customers/7", "\nX-Region: EU").await),
        403
    );
    assert_eq!(
        status(&get(&gateway, "/customers/7", "\nX-Region: US").await),
        200
    );
    gateway.stop().await;

    let gateway = site.start().await;
    assert_eq!(
        status(&get(&gateway, "/customers/7", "\nX-Region: US").await),
        200
    );
    let status_document = admin(&gateway, "/status").await;
    assert_eq!(
        problem(&status_document)["bundle"]["epoch"],
        2,
        "{status_document}"
    );
    assert_eq!(code(gateway.activation.activate(site.delivery(1))), "rollback");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_nobody_keeps_alive_denies_until_somebody_does() {
    let upstream = TestUpstream::start().await;
    let site = Site::new(upstream.address);
    let gateway = site.start().await;
    let old = Timestamp::now() - SignedDuration::from_secs(3_597);
    let delivery = site.delivery_of(1, POLICIES, attributes(), old);
    assert!(activated(&gateway.activation.activate(delivery.clone())));
    loop {
        let ready = admin(&gateway, "/readyz").await;
        if ready.contains("freshness_expired") {
            break;
        }
        tokio::task::yield_now().await;
    }
    let answer = get(&gateway, "/customers/7", "\nX-Region: EU").await;
    assert_eq!(problem(&answer)["denial"], "freshness_expired");
    assert!(matches!(
        gateway.activation.activate(site.renewed(delivery)),
        Answer::Unchanged { epoch: 1, .. }
    ));
    assert_eq!(
        status(&get(&gateway, "/customers/7", "\nX-Region: EU").await),
        200
    );
    gateway.stop().await;
}
