//! The trust root from its making to the revocation of a key, with the real daemon and another implementation of TUF.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

mod python;

use std::path::PathBuf;

use aecp_end_to_end::site::{RESIDENCY, Site};
use aecp_end_to_end::tools::{Tools, repository};
use serde_json::Value;

/// A folder with keys, and `aecp` run in it.
struct Place {
    folder: tempfile::TempDir,
    tools: Tools,
}

const ROLES: [&str; 7] = [
    "root",
    "packages",
    "releases",
    "freshness",
    "enrolment",
    "authorizations",
    "break-glass",
];

impl Place {
    fn new(keys: &[&str]) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            tools: Tools::from_environment().unwrap(),
        };
        for key in keys {
            place.good(&["keys", "generate", "--plain", key]);
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Arguments that name files of this folder begin with `@`.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let resolved = arguments.iter().enumerate().map(|(index, argument)| {
            let path = |name: &str| self.path(name).display().to_string();
            match argument.split_once('@') {
                Some((before, names)) => {
                    let paths: Vec<String> = names
                        .split(',')
                        .map(|name| path(name.trim_start_matches('@')))
                        .collect();
                    format!("{before}{}", paths.join(","))
                }
                None if arguments[0] == "keys" && index > 2 => path(argument),
                None => (*argument).to_owned(),
            }
        });
        self.tools.try_aecp(resolved).unwrap()
    }

    fn good(&self, arguments: &[&str]) -> String {
        let (status, output, errors) = self.run(arguments);
        assert_eq!(status, Some(0), "{arguments:?}: {output}{errors}");
        output
    }

    fn show(&self) -> Value {
        serde_json::from_str(&self.good(&["trust", "show", "@root.json", "--format=json"])).unwrap()
    }

    /// A first root, by two of the three root keys.
    fn init(&self) {
        let roles = ROLES.map(|role| match role {
            "root" => "--role=root=@a.pub,b.pub,c.pub".to_owned(),
            role => format!("--role={role}=@work.pub"),
        });
        let mut arguments = vec![
            "trust",
            "init",
            "--threshold=root=2",
            "--key=@a.key",
            "-o=@root.json",
        ];
        arguments.extend(roles.iter().map(String::as_str));
        let said = self.good(&arguments);
        assert!(
            said.contains("1 of the root keys of version 1 have signed, 2 are needed"),
            "{said}"
        );
        assert!(!self.path("root.json").exists(), "it lacks a signature");
        self.good(&["trust", "sign", "@root.json.draft", "--key=@b.key"]);
        assert!(!self.path("root.json.draft").exists());
    }
}

const KEYS: [&str; 6] = ["a", "b", "c", "d", "work", "next"];

#[test]
fn several_people_make_and_rotate_a_root_and_python_tuf_follows() {
    let place = Place::new(&KEYS);
    place.init();
    let rotate = [
        "trust",
        "rotate",
        "--root=@root.json",
        "--role=root=@b.pub,c.pub,d.pub",
        "--key=@d.key",
    ];
    let said = place.good(&rotate);
    assert!(
        said.contains("0 of the root keys of version 1 have signed, 2 are needed"),
        "{said}"
    );
    let sign = |key: &str| place.good(&["trust", "sign", "@2.root.json.draft", "--root=@root.json", key]);
    sign("--key=@a.key");
    assert!(
        !place.path("2.root.json").exists(),
        "the old root has one signature of two"
    );
    sign("--key=@b.key");
    assert!(place.path("2.root.json").exists());
    place.good(&[
        "trust",
        "revoke",
        "@work.pub",
        "--root=@root.json",
        "--role=releases=@next.pub",
        "--role=packages=@next.pub",
        "--role=freshness=@next.pub",
        "--role=enrolment=@next.pub",
        "--role=authorizations=@next.pub",
        "--role=break-glass=@next.pub",
        "--role=reviewers=@a.pub,next.pub",
        "--reviews=1",
        "--key=@b.key",
        "--key=@c.key",
    ]);
    let shown = place.show();
    assert_eq!(shown["version"], 3);
    assert_eq!(shown["reviews"], 1);
    assert_eq!(shown["history"].as_array().unwrap().len(), 3);
    for role in shown["roles"].as_array().unwrap() {
        let threshold = if role["role"] == "root" { 2 } else { 1 };
        assert_eq!(role["threshold"], threshold, "{role}");
    }
    python::tuf_follows(&["root.json", "2.root.json", "3.root.json"].map(|name| place.path(name)));
}

#[test]
fn what_cannot_be_a_root_is_refused_with_what_to_do() {
    let place = Place::new(&KEYS);
    place.init();
    let refused = |arguments: &[&str], part: &str| {
        let (status, output, errors) = place.run(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {output}{errors}");
        assert!(errors.contains(part), "{arguments:?}: {errors}");
    };
    refused(
        &[
            "trust",
            "revoke",
            "@work.pub",
            "--root=@root.json",
            "--key=@a.key",
        ],
        "give the role other keys with --role",
    );
    refused(
        &["trust", "revoke", "@d.pub", "--root=@root.json", "--key=@a.key"],
        "no role has this key",
    );
    refused(
        &[
            "trust",
            "rotate",
            "--root=@root.json",
            "--threshold=releases=2",
            "--key=@a.key",
        ],
        "a threshold of 2 over 1 keys",
    );
    refused(
        &[
            "trust",
            "rotate",
            "--root=@root.json",
            "--freshness-period=90000",
            "--key=@a.key",
        ],
        "expected 1 to 86400, or `off`",
    );
    std::fs::copy(place.path("root.json"), place.path("2.root.json")).unwrap();
    refused(&["trust", "show", "@root.json"], "it is not version 2");
}

/// Publishes a revocation and waits until the enforcement point has stopped; a release by the new key brings it back.
#[tokio::test]
async fn a_revoked_release_key_stops_an_enforcement_point_until_a_trusted_one_releases() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::create(Tools::from_environment().unwrap(), folder.path().join("site")).unwrap();
    let residency = repository().join("policies/eu_residency");
    site.publish_package(&residency, "eu_residency").unwrap();
    site.release_into("registry", RESIDENCY).unwrap();
    site.start(([127, 0, 0, 1], 9).into()).unwrap();
    site.wait_for_epoch(1).await.unwrap();

    let at = |name: &str| site.path(name).display().to_string();
    let tools = Tools::from_environment().unwrap();
    tools
        .aecp(["keys", "generate", "--plain", &at("keys/next")])
        .unwrap();
    let root = format!("--root={}", at("root.json"));
    let layout = format!("--layout={}", at("registry"));
    tools
        .aecp([
            "trust",
            "revoke",
            &at("keys/releases.pub"),
            &format!("--role=releases={}", at("keys/next.pub")),
            &root,
            &format!("--key={}", at("keys/root.key")),
        ])
        .unwrap();
    tools
        .aecp(["trust", "publish", &layout, "--tag=edge", &root])
        .unwrap();
    let stopped = site
        .wait_for_status("the bundle is revoked", |status| {
            status.json.pointer("/not_ready/denial").and_then(Value::as_str) == Some("bundle_revoked")
        })
        .await
        .unwrap();
    assert_eq!(stopped.json["trust_root"]["version"], 2);

    // The old key cannot release any more; not even its last epoch is read.
    let renew = tools.try_aecp([
        "freshness",
        "renew",
        &layout,
        "--tag=edge",
        &root,
        &format!("--key={}", at("keys/freshness.key")),
    ]);
    let (status, _, errors) = renew.unwrap();
    assert_eq!(status, Some(2), "{errors}");
    std::fs::copy(site.path("keys/next.key"), site.path("keys/releases.key")).unwrap();
    site.release_into("registry", RESIDENCY).unwrap();
    site.wait_for_epoch(2).await.unwrap();
}

#[test]
fn private_keys_are_encrypted_unless_told_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let run = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command = std::process::Command::new(Tools::from_environment().unwrap().aecp);
        command
            .args(arguments)
            .stdin(std::process::Stdio::null())
            .env("NO_COLOR", "1");
        let done = command.envs(variables.iter().copied()).output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    let name = path("alice");
    let generate = ["keys", "generate", name.as_str()];
    let (status, errors) = run(&[], &generate);
    assert_eq!(status, Some(2), "{errors}");
    assert!(
        errors.contains("AECP_KEY_PASSPHRASE") && errors.contains("--plain"),
        "{errors}"
    );
    let (status, errors) = run(&[("AECP_KEY_PASSPHRASE", "short")], &generate);
    assert!(status == Some(2) && errors.contains("8 characters"), "{errors}");
    assert_eq!(
        run(&[("AECP_KEY_PASSPHRASE", "open sesame")], &generate).0,
        Some(0)
    );
    let key = path("alice.key");
    assert!(
        std::fs::read_to_string(&key)
            .unwrap()
            .contains("ENCRYPTED PRIVATE KEY")
    );

    let change = ["keys", "passphrase", key.as_str()];
    let new = ("AECP_NEW_KEY_PASSPHRASE", "quite another");
    let (status, errors) = run(&[("AECP_KEY_PASSPHRASE", "open barley"), new], &change);
    assert!(
        status == Some(2) && errors.contains("does not open the key"),
        "{errors}"
    );
    assert_eq!(
        run(&[("AECP_KEY_PASSPHRASE", "open sesame"), new], &change).0,
        Some(0)
    );

    let public = path("alice.pub");
    let roles = ROLES.map(|role| format!("--role={role}={public}"));
    let (signs, output) = (format!("--key={key}"), format!("-o={}", path("root.json")));
    let mut init = vec!["trust", "init", signs.as_str(), output.as_str()];
    init.extend(roles.iter().map(String::as_str));
    let (status, errors) = run(&[("AECP_KEY_PASSPHRASE", "open sesame")], &init);
    assert!(
        status == Some(2) && errors.contains("does not open the key"),
        "{errors}"
    );
    let (status, errors) = run(&[], &init);
    assert!(
        status == Some(2) && errors.contains("nobody can be asked"),
        "{errors}"
    );
    assert_eq!(run(&[("AECP_KEY_PASSPHRASE", "quite another")], &init).0, Some(0));
}
