//! What was released under a tag, the way back, and what enforcement points make of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use aecp_end_to_end::site::{POINT, RESIDENCY, Site};
use aecp_end_to_end::tools::{Tools, repository};
use serde_json::{Value, json};

/// The same, with the package at audit-only.
fn audit_only() -> String {
    let observing = RESIDENCY.replace("valid_days = 1", "valid_days = 1\nobserve_only = true");
    observing.replace(
        "component = \"eu_residency\"",
        "component = \"eu_residency\"\nceilings = { eu_residency = \"AUDIT_ONLY\" }",
    )
}

struct Place {
    site: Site,
    tools: Tools,
    /// Removed at the end.
    _folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tools = Tools::from_environment().unwrap();
        let site = Site::create(tools.clone(), folder.path().join("site")).unwrap();
        let residency = repository().join("policies/eu_residency");
        site.publish_package(&residency, "eu_residency").unwrap();
        Self {
            site,
            tools,
            _folder: folder,
        }
    }

    fn at(&self, name: &str) -> String {
        self.site.path(name).display().to_string()
    }

    /// Runs `aecp` on the folder `registry` and the tag of the site.
    fn run(&self, first: &[&str], more: &[String]) -> (Option<i32>, String, String) {
        self.run_on("registry", first, more)
    }

    fn run_on(&self, layout: &str, first: &[&str], more: &[String]) -> (Option<i32>, String, String) {
        let mut all: Vec<String> = first.iter().map(|text| (*text).to_owned()).collect();
        all.extend([
            format!("--layout={}", self.at(layout)),
            "--tag=edge".to_owned(),
            format!("--root={}", self.at("root.json")),
        ]);
        all.extend_from_slice(more);
        self.tools.try_aecp(all).unwrap()
    }

    fn keys(&self) -> [String; 2] {
        [
            format!("--key={}", self.at("keys/releases.key")),
            format!("--freshness-key={}", self.at("keys/freshness.key")),
        ]
    }

    fn rollback(&self, to: u64) -> (Option<i32>, String, String) {
        self.run(
            &["rollback", "--format=json", &format!("--to={to}")],
            &self.keys(),
        )
    }

    fn releases(&self) -> Vec<Value> {
        let (status, output, errors) = self.run(&["releases", "--format=json"], &[]);
        assert_eq!(status, Some(0), "{errors}");
        serde_json::from_str(&output).unwrap()
    }

    fn plan(&self, release: &str, more: &[&str]) -> (Option<i32>, Value) {
        std::fs::write(self.site.path("plan.toml"), release).unwrap();
        let first = ["release", &self.at("plan.toml"), "--plan", "--format=json"];
        let more: Vec<String> = more.iter().map(|text| (*text).to_owned()).collect();
        let (status, output, errors) = self.run(&first, &more);
        let plan = serde_json::from_str(&output);
        (status, plan.unwrap_or_else(|_| panic!("{output}{errors}")))
    }

    /// Takes `role` from the key that has it, and gives it to a new one.
    fn revoke(&self, role: &str) {
        self.tools
            .aecp([
                "keys",
                "generate",
                "--plain",
                &self.at(&format!("keys/{role}-next")),
            ])
            .unwrap();
        let next = self.at(&format!("keys/{role}-next.pub"));
        self.tools
            .aecp([
                "trust",
                "revoke",
                &self.at(&format!("keys/{role}.pub")),
                &format!("--role={role}={next}"),
                &format!("--root={}", self.at("root.json")),
                &format!("--key={}", self.at("keys/root.key")),
            ])
            .unwrap();
    }

    /// One look at the fleet of `inventory`, by what is released in `layout`.
    fn fleet(&self, layout: &str, inventory: &str) -> (Option<i32>, Value, String) {
        std::fs::write(self.site.path("fleet.toml"), inventory).unwrap();
        let first = ["fleet", "status", &self.at("fleet.toml")];
        let (_, table, errors) = self.run_on(layout, &first, &[]);
        assert!(errors.is_empty(), "{errors}");
        let (status, output, errors) = self.run_on(layout, &first, &["--format=json".to_owned()]);
        let report = serde_json::from_str(&output);
        (
            status,
            report.unwrap_or_else(|_| panic!("{output}{errors}")),
            table,
        )
    }
}

#[test]
fn the_way_back_is_a_new_epoch_with_the_old_content() {
    let place = Place::new();
    place.site.release_into("registry", RESIDENCY).unwrap();
    place.site.release_into("registry", &audit_only()).unwrap();
    let (status, output, errors) = place.rollback(1);
    assert_eq!(status, Some(0), "{errors}");
    let made: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(made["epoch"], 3);

    let releases = place.releases();
    let epochs: Vec<_> = releases.iter().map(|release| release["epoch"].as_u64()).collect();
    assert_eq!(epochs, [Some(3), Some(2), Some(1)]);
    let (now, between, first) = (&releases[0], &releases[1], &releases[2]);
    assert_eq!(
        (&now["current"], &first["current"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(now["packages"], first["packages"]);
    assert_eq!(now["packages"][0]["ceiling"], "BLOCKING");
    assert_eq!(between["packages"][0]["ceiling"], "AUDIT_ONLY");
    assert_ne!(now["bundle"], first["bundle"]);
    assert!(now["not_after"].as_str() > first["not_after"].as_str());
    assert_eq!(now["signers"].as_array().unwrap().len(), 1);

    // What is in force by it is what was: nothing changes against the first release file.
    let (status, plan) = place.plan(RESIDENCY, &["--exit-code"]);
    assert_eq!((status, &plan["changes"]), (Some(0), &json!([])), "{plan}");
    let (verified, _, errors) = place
        .tools
        .try_aecp([
            "verify",
            "edge",
            "--layout",
            &place.at("registry"),
            "--root",
            &place.at("root.json"),
        ])
        .unwrap();
    assert_eq!(verified, Some(0), "{errors}");
}

#[test]
fn what_is_not_there_or_not_trusted_any_more_does_not_come_back() {
    let place = Place::new();
    place.site.release_into("registry", RESIDENCY).unwrap();
    place.site.release_into("registry", &audit_only()).unwrap();
    let refused = |to: u64, parts: &[&str]| {
        let (status, output, errors) = place.rollback(to);
        assert_eq!(status, Some(2), "{output}{errors}");
        for part in parts {
            assert!(errors.contains(part), "{part}: {errors}");
        }
    };
    refused(2, &["at epoch 2 now"]);
    refused(7, &["at epoch 2 now"]);
    refused(0, &["epoch 0", "aecp releases"]);

    // A component whose signer counts no more.
    place.revoke("packages");
    refused(1, &["component `eu_residency`", "packages role"]);
    // A bundle whose signer counts no more; the list still shows it.
    place.revoke("releases");
    refused(1, &["signature of epoch 1", "trust root version 3"]);
    let releases = place.releases();
    assert_eq!(releases.len(), 2);
    assert_eq!(releases[1]["holds"], false);
    assert_eq!(releases[1]["trust_root_version"], 2);
}

#[test]
fn a_plan_shows_what_would_change_and_signs_nothing() {
    let place = Place::new();
    let (status, plan) = place.plan(RESIDENCY, &["--exit-code"]);
    assert_eq!((status, &plan["epoch"]), (Some(1), &json!(1)));
    assert!(
        plan["changes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|change| change.get("old").is_none())
    );
    place.site.release_into("registry", &audit_only()).unwrap();

    let fleet = format!(
        "[[points]]\nname = \"{POINT}\"\nenrolment = \"enrolment.dsse.json\"\nlabels = {{ region = \"eu\" }}\n\
         [[points]]\nname = \"far\"\nlabels = {{ region = \"us\" }}\n"
    );
    std::fs::write(place.site.path("fleet.toml"), fleet).unwrap();
    let release = RESIDENCY
        .replace(
            "valid_days = 1",
            "valid_days = 5\nselectors = { region = \"eu\" }",
        )
        .replace("\"x-region\"", "\"x-customer-region\"");
    let inventory = format!("--inventory={}", place.at("fleet.toml"));
    let (status, plan) = place.plan(&release, &["--exit-code", &inventory]);
    assert_eq!((status, &plan["epoch"]), (Some(1), &json!(2)));
    let changes = plan["changes"].as_array().unwrap();
    let told: Vec<_> = changes
        .iter()
        .map(|change| (change["kind"].as_str().unwrap(), change["name"].as_str().unwrap()))
        .collect();
    let expected = [
        ("setting", "observe_only"),
        ("setting", "valid_hours"),
        ("selector", "region"),
        ("ceiling", "eu_residency"),
        ("attribute", "customer.region"),
    ];
    assert_eq!(told, expected);
    assert_eq!(changes[3]["old"], "AUDIT_ONLY");
    assert!(
        changes[3]["note"]
            .as_str()
            .unwrap()
            .contains("denied from now on")
    );
    let selected: Vec<_> = plan["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| {
            (
                point["name"].as_str().unwrap(),
                point["selected"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(selected, [(POINT, true), ("far", false)]);
    assert_eq!(place.releases().len(), 1, "a plan releases nothing");
}

#[test]
fn a_plan_shows_which_requests_are_decided_otherwise_by_the_sources_of_both() {
    let place = Place::new();
    place.site.release_into("registry", RESIDENCY).unwrap();
    let old = repository().join("policies/eu_residency");
    let new = place.site.path("eu_residency");
    copy(&old, &new);
    let mut changed = 0;
    for entry in new.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let other = text.replace("\"eu-central-1\"", "\"eu-north-1\"");
        changed += usize::from(other != text);
        std::fs::write(&path, other).unwrap();
    }
    assert!(changed > 0);
    place.site.publish_package(&new, "next").unwrap();
    let release = RESIDENCY.replace(
        "component = \"eu_residency\"",
        "component = \"next\"\nunproven = true",
    );
    std::fs::write(place.site.path("plan.toml"), release).unwrap();
    let first = ["release", &place.at("plan.toml"), "--plan"];
    let (status, plan, errors) = place.run(&first, &[]);
    assert_eq!(status, Some(0), "{errors}");
    assert!(plan.contains("a bundle holds no sources"), "{plan}");
    let sources = |old: &std::path::Path, new: &std::path::Path| {
        [
            format!("--old-source={}", old.display()),
            format!("--new-source={}", new.display()),
        ]
    };
    let (status, plan, errors) = place.run(&first, &sources(&old, &new));
    assert_eq!(status, Some(0), "{errors}");
    assert!(
        plan.contains("ALLOW → DENY") && plan.contains("eu-central-1"),
        "{plan}"
    );
    let (status, _, errors) = place.run(&first, &sources(&new, &new));
    assert_eq!(status, Some(2));
    assert!(errors.contains("which the bundle does not have"), "{errors}");
}

#[tokio::test]
async fn a_fleet_is_seen_by_its_admin_listeners_and_by_its_receipts() {
    let mut place = Place::new();
    place.site.release_into("registry", RESIDENCY).unwrap();
    place.site.start(([127, 0, 0, 1], 9).into()).unwrap();
    place.site.wait_for_epoch(1).await.unwrap();
    let admin = place.site.admin().display().to_string();
    let with_receipt = format!(
        "[[points]]\nname = \"{POINT}\"\nadmin = \"unix:{admin}\"\nenrolment = \"enrolment.dsse.json\"\n\
         receipt = \"state/agent/receipt.dsse.json\"\n"
    );
    let alone = format!("[[points]]\nname = \"{POINT}\"\nadmin = \"unix:{admin}\"\n");
    let state = |report: &Value, index: usize| report["points"][index]["state"].as_str().unwrap().to_owned();

    // Good.
    let (status, report, table) = place.fleet("registry", &alone);
    assert_eq!(
        (status, state(&report, 0).as_str()),
        (Some(0), "current"),
        "{report}"
    );
    let point = &report["points"][0];
    assert_eq!(
        (&point["level"], &point["drift"]),
        (&json!("blocking"), &json!(false))
    );
    assert_eq!(point["packages"][0]["name"], "eu_residency");
    assert_eq!(
        (&point["trust_root"], &point["source"]),
        (&json!(1), &json!("admin"))
    );
    assert!(
        point["fresh_until"].as_str().unwrap().starts_with("20"),
        "{point}"
    );
    assert!(
        table.contains("current") && table.contains("0 of 1 drift"),
        "{table}"
    );

    // Unreachable, and another point in its place.
    let others = format!(
        "{alone}[[points]]\nname = \"edge-2\"\nadmin = \"unix:nowhere.sock\"\n\
         [[points]]\nname = \"edge-3\"\nadmin = \"unix:{admin}\"\n"
    );
    let (status, report, table) = place.fleet("registry", &others);
    assert_eq!(status, Some(1));
    assert_eq!(
        [state(&report, 0), state(&report, 1), state(&report, 2)],
        ["current", "unreachable", "other_point"]
    );
    assert!(
        table.contains("nowhere.sock") && table.contains("2 of 3 drift"),
        "{table}"
    );

    // Lagging: the next epoch is in a store that the agent does not watch.
    copy(&place.site.path("registry"), &place.site.path("ahead"));
    place.site.release_into("ahead", &audit_only()).unwrap();
    let (status, report, table) = place.fleet("ahead", &alone);
    assert_eq!((status, state(&report, 0).as_str()), (Some(1), "lagging"));
    assert_eq!(report["points"][0]["lag"]["epochs"], 1);
    assert!(table.contains("1/2, 1 behind"), "{table}");

    // Refused: a bundle for others.
    let elsewhere = RESIDENCY.replace(
        "valid_days = 1",
        "valid_days = 1\nselectors = { region = \"us\" }",
    );
    place.site.release_into("registry", &elsewhere).unwrap();
    place
        .site
        .wait_for_status("the gateway refuses the bundle", |status| {
            status.json.pointer("/refused/code").is_some()
        })
        .await
        .unwrap();
    let (status, report, table) = place.fleet("registry", &alone);
    assert_eq!((status, state(&report, 0).as_str()), (Some(1), "refused"));
    let code = "not_selected";
    assert!(
        report["points"][0]["detail"].as_str().unwrap().starts_with(code),
        "{report}"
    );
    assert!(table.contains(code), "{table}");
    assert_eq!(report["points"][0]["epoch"], 1, "what ran goes on");

    // When nobody answers any more, the receipt says what was last.
    let offered = report["points"][0]["released_epoch"].as_u64();
    assert_eq!(offered, Some(2));
    let receipt = place.site.path("state/agent/receipt.dsse.json");
    place
        .site
        .wait_until("the receipt of the refusal", || {
            Ok(std::fs::read(place.site.path("state/agent/ack.json"))
                .ok()
                .filter(|ack| String::from_utf8_lossy(ack).contains(code)))
        })
        .await
        .unwrap();
    place.site.stop().unwrap();
    let (_, report, _) = place.fleet("registry", &with_receipt);
    assert_eq!(state(&report, 0), "refused");
    assert_eq!(report["points"][0]["source"], "receipt");
    let mut envelope: Value = serde_json::from_slice(&std::fs::read(&receipt).unwrap()).unwrap();
    envelope["signatures"][0]["sig"] = json!("AAAA");
    std::fs::write(&receipt, envelope.to_string()).unwrap();
    let (_, report, _) = place.fleet("registry", &with_receipt);
    assert_eq!(
        state(&report, 0),
        "unreachable",
        "a receipt that does not hold says nothing"
    );
}

/// A folder with everything in it.
fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
