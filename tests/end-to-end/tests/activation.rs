//! Gateways that are killed while they activate: a restart finds the old bundle or the new one, never half of one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::time::{Duration, Instant};

use aecp_end_to_end::client::Answer;
use aecp_end_to_end::site::Site;
use aecp_end_to_end::tools::Tools;
use serde_json::Value;

const PACKAGE: &str = r#"
PACKAGE killed { VERSION: "1.0.0" DEFAULT: DENY }
SCHEMA { resource.type: TEXT }
POLICY records { SCOPE: requests WHERE resource.type == "record" CONSTRAINT: resource.type != "secret" ENFORCEMENT: BLOCKING }
"#;

const RELEASE: &str = r#"
name = "killed"
valid_days = 1

[[policies]]
component = "killed"

[[attributes]]
name = "resource.type"
value_type = "TEXT"
source = { constant = { value = "record" } }
"#;

/// How many times the gateway is killed, each time this much later after the release.
const KILLS: u32 = 12;
const STEP: Duration = Duration::from_millis(15);

fn epoch(answer: &Answer) -> Option<u64> {
    answer.json.pointer("/bundle/epoch").and_then(Value::as_u64)
}

#[tokio::test]
async fn a_gateway_killed_at_any_moment_comes_back_with_the_old_bundle_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::create(Tools::from_environment().unwrap(), folder.path().join("site")).unwrap();
    let package = folder.path().join("killed");
    std::fs::create_dir(&package).unwrap();
    std::fs::write(package.join("policies.aecp"), PACKAGE).unwrap();
    site.publish_package(&package, "killed").unwrap();
    site.release_into("registry", RELEASE).unwrap();
    site.start(([127, 0, 0, 1], 9).into()).unwrap();
    site.wait_for_epoch(1).await.unwrap();

    for kill in 0..KILLS {
        let old = u64::from(kill) + 1;
        let process = site.process_of("gateway").unwrap();
        site.release_into("registry", RELEASE).unwrap();
        // Not to wait for something, but to be at another step of the activation each time.
        let moment = Instant::now() + STEP * kill;
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        site.kill("gateway").unwrap();
        let again = |answer: &Answer| {
            site.process_of("gateway").is_ok_and(|now| now != process) && answer.json.get("bundle").is_some()
        };
        let first = site.wait_for_status("the gateway is back", again).await.unwrap();
        let found = epoch(&first).unwrap_or_else(|| panic!("no bundle after kill {kill}: {}", first.json));
        assert!(
            found == old || found == old + 1,
            "epoch {found} after kill {kill}, with {old} before"
        );
        site.wait_for_epoch(old + 1).await.unwrap();
    }
}
