//! The whole way over a real registry, beside the tools of others.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]

use std::process::Command;

use aecp_end_to_end::site::{Site, TAG};
use aecp_end_to_end::tokens::IdentityProvider;
use aecp_end_to_end::tools::{Tools, repository};
use aecp_end_to_end::upstream::Upstream;
use aecp_oci::testing::{Access, PASSWORD, RealRegistry, Setup, USER, run, tool};

fn site(folder: &tempfile::TempDir) -> Site {
    Site::create(Tools::from_environment().unwrap(), folder.path().to_owned()).unwrap()
}

#[tokio::test]
async fn bundles_reach_an_enforcement_point_through_a_registry() {
    let mut registry = RealRegistry::start();
    let folder = tempfile::tempdir().unwrap();
    let mut site = site(&folder);
    site.use_registry(registry.repository("aecp/edge"));
    site.publish_samples().unwrap();
    let identity = IdentityProvider::new(1).unwrap();
    let report = site.release(&identity, "eu_residency").unwrap();
    assert_eq!(report["epoch"], 1);

    let upstream = Upstream::start().await.unwrap();
    site.start(upstream.address).unwrap();
    site.wait_for_epoch(1).await.unwrap();
    assert_eq!(site.release(&identity, "eu_residency").unwrap()["epoch"], 2);
    site.wait_for_epoch(2).await.unwrap();
    // A registry that is away changes nothing, and what is published afterwards arrives.
    registry.stop();
    assert!(site.release(&identity, "eu_residency").is_err());
    registry.restart();
    assert_eq!(site.release(&identity, "eu_residency").unwrap()["epoch"], 3);
    site.wait_for_epoch(3).await.unwrap();
}

/// `aecp` with arguments of which some are paths of the site: those that begin with `@`.
fn aecp(site: &Site, arguments: &[&str]) -> (Option<i32>, String, String) {
    let resolved = arguments.iter().map(|argument| match argument.strip_prefix('@') {
        Some(name) => site.path(name).display().to_string(),
        None => (*argument).to_owned(),
    });
    site.tools.try_aecp(resolved).unwrap()
}

fn good(site: &Site, arguments: &[&str]) -> String {
    let (status, output, errors) = aecp(site, arguments);
    assert_eq!(status, Some(0), "{arguments:?}: {output}{errors}");
    output
}

#[test]
fn a_policy_pushed_with_oras_is_verified_as_ours_and_without_its_signature_it_is_not() {
    let registry = RealRegistry::start();
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let residency = repository().join("policies/eu_residency");
    let residency = residency.to_str().unwrap();
    good(&site, &["build", residency, "-o", "@policy.wasm"]);
    good(
        &site,
        &[
            "sign",
            "@policy.wasm",
            "--key",
            "@keys/packages.key",
            "--source",
            residency,
            "--author",
            "anna",
        ],
    );
    let signed = registry.repository("others/signed:eu");
    let bare = registry.repository("others/bare:eu");
    let oras = |arguments: &[&str]| {
        run(Command::new(tool("oras"))
            .current_dir(&site.folder)
            .args(arguments));
    };
    for name in [&signed, &bare] {
        oras(&["push", "--plain-http", name, "policy.wasm:application/wasm"]);
    }
    let signature = "policy.wasm.dsse.json:application/vnd.dsse.envelope.v1+json";
    oras(&[
        "attach",
        "--plain-http",
        "--artifact-type",
        "application/vnd.in-toto+json",
        &signed,
        signature,
    ]);
    let output = good(&site, &["verify", &signed, "--root", "@root.json"]);
    assert!(output.contains("verified policy component"), "{output}");
    let (status, _, errors) = aecp(&site, &["verify", &bare, "--root", "@root.json"]);
    assert_eq!(status, Some(1), "{errors}");
    assert!(errors.contains("without one it is not accepted"), "{errors}");

    // Into a folder, where it is verified without a network, and from there into another registry.
    let (place, _) = signed.rsplit_once(':').unwrap();
    let output = good(&site, &["pull", "eu", "--registry", place, "--layout", "@mirror"]);
    assert!(
        output.contains("pulled eu") && output.contains("1 more"),
        "{output}"
    );
    let second = RealRegistry::start();
    drop(registry);
    good(
        &site,
        &["verify", "eu", "--layout", "@mirror", "--root", "@root.json"],
    );
    let place = second.repository("mirror");
    good(
        &site,
        &["publish", "eu", "--layout", "@mirror", "--registry", &place],
    );
    good(
        &site,
        &["verify", "eu", "--registry", &place, "--root", "@root.json"],
    );
    let output = good(
        &site,
        &["publish", "eu", "--layout", "@mirror", "--registry", &place],
    );
    assert!(output.contains(" 0 bytes"), "{output}");
}

#[test]
fn a_registry_that_cannot_be_used_is_named_with_what_to_do() {
    let registry = RealRegistry::with(Setup {
        access: Access::Password,
        ..Setup::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let site = site(&folder);
    let name = registry.repository(&format!("aecp/edge:{TAG}"));
    let arguments = ["verify", &name, "--root", "@root.json"];
    let (status, _, errors) = aecp(&site, &arguments);
    assert_eq!(status, Some(1), "{errors}");
    assert!(
        errors.contains("401") && errors.contains("oras login"),
        "{errors}"
    );
    // With credentials it is only not there.
    let root = site.path("root.json");
    let output = Command::new(&site.tools.aecp)
        .args(["verify", &name, "--root"])
        .arg(&root)
        .envs([
            ("AECP_REGISTRY_USERNAME", USER),
            ("AECP_REGISTRY_PASSWORD", PASSWORD),
        ])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("has nothing under"), "{errors}");
    for (arguments, part) in [
        (
            vec!["verify", "edge", "--root", "@root.json"],
            "give --layout or --registry",
        ),
        (vec!["push", "@root.json", "--tag", "x"], "give --layout"),
        (
            vec!["push", "@root.json", "--tag", "x", "--registry", "edge"],
            "names nothing in a registry",
        ),
        (
            vec![
                "push",
                "@root.json",
                "--tag",
                "x",
                "--registry",
                "a.example/b",
                "--layout",
                "@c",
            ],
            "cannot be used with",
        ),
    ] {
        let (status, _, errors) = aecp(&site, &arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(part), "{arguments:?}: {errors}");
    }
}
