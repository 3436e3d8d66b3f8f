//! Peer review, from the trust root to the enforcement point that refuses what nobody approved.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::fs;

use aecp_end_to_end::site::Site;
use aecp_end_to_end::tools::Tools;
use aecp_oci::{Layout, Limits, NamedBlob, Store, Tag, media};
use serde_json::Value;

const TAG: &str = "gate";

const RELEASE: &str = r#"
name = "edge"
valid_days = 1

[[policies]]
component = "gate"

[[attributes]]
name = "resource.type"
value_type = "TEXT"
source = { header = { name = "x-type" } }
"#;

fn sources(version: &str, allowed: &str) -> String {
    format!(
        "PACKAGE gate {{ VERSION: \"{version}\" DEFAULT: ALLOW }}
         SCHEMA {{ resource.type: TEXT }}
         POLICY records_only {{
           SCOPE: requests WHERE resource.type != \"leaflet\"
           CONSTRAINT: resource.type == \"{allowed}\" ENFORCEMENT: BLOCKING
         }}
         TEST \"leaflets are free\" {{ GIVEN {{ resource.type: \"leaflet\" }} EXPECT ALLOW }}"
    )
}

struct Scene {
    site: Site,
    _folder: tempfile::TempDir,
}

impl Scene {
    /// A component by `demo`, and a trust root that asks for two of three reviewers.
    fn new() -> Self {
        let scene = Self::without_reviewers();
        scene.rotate(&[
            &format!("--role=reviewers={}", scene.keys(&["alice", "bob", "carol"])),
            "--reviews=2",
        ]);
        scene
    }

    fn without_reviewers() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::create(Tools::from_environment().unwrap(), folder.path().join("site")).unwrap();
        let scene = Self {
            site,
            _folder: folder,
        };
        let keys = ["alice", "bob", "carol", "dave"].map(|name| scene.at(&format!("keys/{name}")));
        let generate = ["keys", "generate", "--plain"].map(str::to_owned);
        scene.site.tools.aecp(generate.iter().chain(&keys)).unwrap();
        scene.publish(TAG, &sources("1.0.0", "record"));
        scene
    }

    fn at(&self, name: &str) -> String {
        self.site.path(name).display().to_string()
    }

    fn keys(&self, names: &[&str]) -> String {
        let files: Vec<String> = names
            .iter()
            .map(|name| self.at(&format!("keys/{name}.pub")))
            .collect();
        files.join(",")
    }

    fn publish(&self, tag: &str, text: &str) {
        let folder = self.site.path(tag);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("gate.aecp"), text).unwrap();
        self.site.publish_package(&folder, tag).unwrap();
    }

    fn rotate(&self, more: &[&str]) {
        let (root, key) = (self.at("root.json"), self.at("keys/root.key"));
        let rotate = ["trust", "rotate", "--root", &root, "--key", &key];
        self.site.tools.aecp(rotate.iter().chain(more)).unwrap();
    }

    fn run(&self, command: &str, more: &[&str]) -> (Option<i32>, String) {
        let (layout, root) = (self.at("registry"), self.at("root.json"));
        let arguments = [command, TAG, "--layout", &layout, "--root", &root];
        let (code, output, errors) = self.site.tools.try_aecp(arguments.iter().chain(more)).unwrap();
        (code, format!("{output}{errors}"))
    }

    fn approve(&self, key: &str, name: &str, more: &[&str]) -> (Option<i32>, String) {
        let key = self.at(&format!("keys/{key}.key"));
        let arguments = ["--key", &key, "--reviewer", name];
        let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
        self.run("approve", &arguments)
    }

    #[track_caller]
    fn approves(&self, key: &str, name: &str, says: &str) {
        let (code, said) = self.approve(key, name, &[]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(says), "{says}: {said}");
    }

    #[track_caller]
    fn refused(&self, says: &[&str]) {
        let error = self
            .site
            .release_into("registry", RELEASE)
            .unwrap_err()
            .to_string();
        for part in says {
            assert!(error.contains(part), "{part}: {error}");
        }
    }

    fn released(&self) {
        self.site.release_into("registry", RELEASE).unwrap();
    }
}

#[test]
fn a_release_needs_as_many_approvals_as_the_root_asks_for() {
    let scene = Scene::new();
    scene.refused(&["releasing component `gate`", "0 of 2 approvals", "`aecp approve`"]);
    scene.approves("alice", "Alice", "1 of 2 approvals");
    scene.refused(&["1 of 2 approvals that the trust root asks for, by `Alice`"]);
    let (code, said) = scene.run("review", &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("1 tests passed, 0 failed") && said.contains("not approved"),
        "{said}"
    );
    scene.approves("alice", "Alice", "1 of 2 approvals");
    scene.approves("bob", "alice", "1 of 2 approvals");
    scene.approves("bob", "Bob", "2 of 2 approvals");
    let (code, said) = scene.run("review", &[]);
    assert_eq!(code, Some(0), "{said}");
    scene.released();
    let (layout, root) = (scene.at("registry"), scene.at("root.json"));
    scene
        .site
        .tools
        .aecp(["verify", "edge", "--layout", &layout, "--root", &root])
        .unwrap();
    let (_, said) = scene.run("verify", &[]);
    assert!(said.contains("2 of 2 approvals"), "{said}");

    // Another component is another matter.
    scene.publish(TAG, &sources("1.0.1", "letter"));
    scene.refused(&["0 of 2 approvals"]);
}

#[test]
fn authors_and_strangers_cannot_approve() {
    let scene = Scene::new();
    let refused = |(code, said): (Option<i32>, String), says: &str| {
        assert_eq!(code, Some(2), "{said}");
        assert!(said.contains(says), "{says}: {said}");
    };
    refused(scene.approve("alice", "Demo", &[]), "`Demo` wrote the component");
    refused(scene.approve("dave", "Dave", &[]), "none of the reviewers'");
    refused(scene.approve("alice", " ", &[]), "give the reviewer's name");
    scene.rotate(&[&format!(
        "--role=reviewers={}",
        scene.keys(&["packages", "alice", "bob"])
    )]);
    refused(
        scene.approve("packages", "Pat", &[]),
        "this key signed the component",
    );
    scene.approves("alice", "Alice", "1 of 2");
    scene.approves("bob", "Bob", "2 of 2");
    scene.released();
    let none = Scene::without_reviewers();
    refused(none.approve("alice", "Alice", &[]), "asks for no reviews");
    none.released();
}

#[test]
fn a_rejection_stops_a_release_until_it_is_taken_back() {
    let scene = Scene::new();
    scene.approves("alice", "Alice", "1 of 2");
    scene.approves("bob", "Bob", "2 of 2");
    let (code, said) = scene.approve("carol", "Carol", &["--reject", "--comment", "which records?"]);
    assert_eq!(code, Some(0), "{said}");
    scene.refused(&["`Carol` rejects it: “which records?”"]);
    scene.approves("carol", "Carol", "3 of 2");
    scene.released();
    let (_, said) = scene.run("log", &["--format=json"]);
    let log: Value = serde_json::from_str(&said).unwrap();
    let found: Vec<_> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            format!(
                "{} {}",
                entry["who"].as_str().unwrap(),
                entry["what"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "demo signed",
            "Alice approved",
            "Bob approved",
            "Carol rejected",
            "Carol approved"
        ]
    );
    assert_eq!(log[3]["why"], "which records?");
}

#[test]
fn a_review_shows_what_another_version_decides_otherwise() {
    let scene = Scene::new();
    scene.publish("before", &sources("0.9.0", "letter"));
    let saved = scene.at("saved.tar");
    let (code, said) = scene.run("review", &["--against", "before", "--save-sources", &saved]);
    assert_eq!(code, Some(1), "{said}");
    for part in [
        "gate 0.9.0 → gate 1.0.0",
        "ALLOW → DENY",
        "DENY → ALLOW",
        "demo signed gate 1.0.0",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(
        fs::read(saved).unwrap(),
        fs::read(scene.site.path("gate.wasm.sources.tar")).unwrap()
    );
}

#[test]
fn the_root_shows_who_reviews_and_can_stop_asking() {
    let scene = Scene::new();
    let root = scene.at("root.json");
    let shown = scene.site.tools.aecp(["trust", "show", &root]).unwrap();
    assert!(
        shown.contains("a package needs 2 approvals") && shown.contains("reviewers: 2 of 3"),
        "{shown}"
    );
    scene.rotate(&["--reviews=1"]);
    scene.approves("alice", "Alice", "1 of 1");
    scene.released();
    scene.rotate(&["--reviews=0"]);
    let shown = scene.site.tools.aecp(["trust", "show", &root]).unwrap();
    assert!(
        shown.contains("packages need no approvals") && !shown.contains("reviewers:"),
        "{shown}"
    );
}

/// The release role alone cannot bring a component to an enforcement point that nobody approved.
#[tokio::test]
async fn an_enforcement_point_refuses_a_bundle_whose_approvals_were_stripped() {
    let mut scene = Scene::new();
    scene.approves("alice", "Alice", "1 of 2");
    scene.approves("bob", "Bob", "2 of 2");
    scene.released();
    let edge: Tag = "edge".parse().unwrap();
    let registry = Layout::open(scene.site.path("registry")).unwrap();
    let pulled = registry.pull_bundle(&edge, &Limits::default()).unwrap();
    let mut files = Vec::new();
    for (name, bytes) in pulled.files {
        if !name.starts_with("reviews/") {
            let kind = if name.starts_with("blobs/") {
                media::NATIVE
            } else {
                media::DSSE
            };
            files.push(NamedBlob::new(&name, kind, bytes).unwrap());
        }
    }
    registry
        .push_bundle(&edge, &files, pulled.freshness.as_deref())
        .unwrap();
    let (layout, root) = (scene.at("registry"), scene.at("root.json"));
    let verify = ["verify", "edge", "--layout", &layout, "--root", &root];
    let (code, output, errors) = scene.site.tools.try_aecp(verify).unwrap();
    assert_eq!(code, Some(1), "{output}{errors}");
    assert!(errors.contains("0 of 2 approvals"), "{errors}");

    scene.site.start(([127, 0, 0, 1], 9).into()).unwrap();
    let refused = || {
        let log = fs::read_to_string(scene.site.path("aecpd.log")).unwrap();
        Ok(log.contains("reviews_missing").then_some(()))
    };
    scene
        .site
        .wait_until("the gateway names what is missing", refused)
        .await
        .unwrap();
    scene.released();
    scene.site.wait_for_epoch(2).await.unwrap();
}
