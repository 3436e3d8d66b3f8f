//! The real docker-registry, and the real oras and skopeo beside us.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use aecp_oci::copy::{Copied, Event, Options as CopyOptions, Wanted, copy};
use aecp_oci::registry::{Credential, Options, RegistryError};
use aecp_oci::testing::{Access, PASSWORD, RealRegistry, Setup, USER, run, tool};
use aecp_oci::{Digest, Error, Layout, Limits, Reference, Registry, Store, Tag, media};
use common::{bundle_files, info, layout, tag};

fn client(registry: &RealRegistry, path: &str) -> Registry {
    with(registry, path, Options::default())
}

fn with(registry: &RealRegistry, path: &str, options: Options) -> Registry {
    Registry::new(registry.repository(path).parse().unwrap(), options).unwrap()
}

fn all(from: &dyn Store, to: &dyn Store, names: &[&str]) -> Copied {
    let wanted: Vec<_> = names
        .iter()
        .map(|name| Wanted::from(Reference::from(tag(name))))
        .collect();
    copy(from, to, &wanted, &CopyOptions::default()).unwrap()
}

fn oras() -> Command {
    Command::new(tool("oras"))
}

#[test]
fn a_bundle_goes_to_a_registry_and_comes_back_byte_for_byte() {
    let registry = RealRegistry::start();
    let (_folder, ours) = layout();
    let pushed = ours
        .push_bundle(&tag("eu"), &bundle_files(1), Some(b"fresh"))
        .unwrap();
    ours.attach(&pushed.bundle.digest, media::IN_TOTO, b"signature")
        .unwrap();
    let remote = client(&registry, "aecp/bundles");
    assert_eq!(remote.revision(&tag("eu")).unwrap(), None);
    let copied = all(&ours, &remote, &["eu"]);
    assert_eq!(copied.artifacts[0].digest, pushed.bundle.digest);
    assert_eq!(copied.companions, 2);
    let limits = Limits::default();
    let expected = ours.pull_bundle(&tag("eu"), &limits).unwrap();
    assert_eq!(remote.pull_bundle(&tag("eu"), &limits).unwrap(), expected);
    assert_eq!(remote.revision(&tag("eu")).unwrap(), Some(expected.revision));

    let (_elsewhere, theirs) = layout_of(&remote, "eu");
    assert_eq!(theirs.pull_bundle(&tag("eu"), &limits).unwrap(), expected);
    let found = theirs
        .envelopes(&pushed.bundle.digest, media::IN_TOTO, &limits)
        .unwrap();
    assert_eq!(found[0].bytes, b"signature");
}

fn layout_of(from: &dyn Store, name: &str) -> (tempfile::TempDir, Layout) {
    let (folder, to) = layout();
    all(from, &to, &[name]);
    (folder, to)
}

#[test]
fn what_is_there_is_not_sent_again() {
    let registry = RealRegistry::start();
    let (_folder, ours) = layout();
    ours.push_bundle(&tag("eu"), &bundle_files(1), Some(b"fresh"))
        .unwrap();
    let remote = client(&registry, "a");
    let (planned, passed, present) = (AtomicU64::new(0), AtomicU64::new(0), AtomicUsize::new(0));
    let progress = |event: Event<'_>| match event {
        Event::Planned { bytes, .. } => planned.store(bytes, Ordering::SeqCst),
        Event::Passed(bytes) => drop(passed.fetch_add(bytes, Ordering::SeqCst)),
        Event::Present(_) => drop(present.fetch_add(1, Ordering::SeqCst)),
        _ => {}
    };
    let options = CopyOptions {
        progress: &progress,
        ..CopyOptions::default()
    };
    let wanted = [Wanted::from(Reference::from(tag("eu")))];
    let first = copy(&ours, &remote, &wanted, &options).unwrap();
    assert_eq!(first.stored_bytes, planned.load(Ordering::SeqCst));
    assert_eq!(first.stored_bytes, passed.load(Ordering::SeqCst));
    assert_eq!(present.load(Ordering::SeqCst), 0);
    let again = copy(&ours, &remote, &wanted, &options).unwrap();
    assert_eq!(again.stored_bytes, 0);
    assert_eq!(first.stored_bytes, passed.load(Ordering::SeqCst));
    // A new bundle with the same component sends what is new alone.
    ours.push_bundle(&tag("eu"), &bundle_files(1)[..3], Some(b"fresher"))
        .unwrap();
    let third = copy(&ours, &remote, &wanted, &options).unwrap();
    assert_eq!(third.stored_bytes, 7);
}

#[test]
fn a_component_with_its_signature_is_pushed_straight_and_renewed() {
    let registry = RealRegistry::start();
    let remote = client(&registry, "aecp/policies");
    let component = remote
        .push_component(b"\0asm component", &info(), Default::default())
        .unwrap();
    remote.attach(&component.digest, media::IN_TOTO, b"one").unwrap();
    remote.attach(&component.digest, media::IN_TOTO, b"two").unwrap();
    remote.attach(&component.digest, media::IN_TOTO, b"two").unwrap();
    remote
        .attach(&component.digest, "application/vnd.other", b"other")
        .unwrap();
    remote.tag(&tag("eu"), &component.digest).unwrap();
    let limits = Limits::default();
    let pulled = remote
        .pull_component(&tag("eu").into(), limits.file_bytes)
        .unwrap();
    assert_eq!(pulled.bytes, b"\0asm component");
    assert_eq!(pulled.manifest, component.digest);
    let mut found: Vec<_> = remote
        .envelopes(&component.digest, media::IN_TOTO, &limits)
        .unwrap()
        .into_iter()
        .map(|envelope| envelope.bytes)
        .collect();
    found.sort();
    assert_eq!(found, [b"one", b"two"]);
    remote
        .push_bundle(&tag("b"), &bundle_files(2), Some(b"old"))
        .unwrap();
    remote.renew_freshness(&tag("b"), b"new").unwrap();
    assert_eq!(
        remote.pull_freshness(&tag("b"), &limits).unwrap().unwrap(),
        b"new"
    );
    let mut tags: Vec<_> = remote.tags().unwrap().iter().map(Tag::to_string).collect();
    tags.retain(|tag| !tag.starts_with("sha256-"));
    assert_eq!(tags, ["b", "b.freshness", "eu"]);
}

#[test]
fn nothing_refers_to_it_is_an_error_where_a_signature_is_needed() {
    let registry = RealRegistry::start();
    let mut stopped = RealRegistry::start();
    let remote = client(&registry, "a");
    let component = remote
        .push_component(b"\0asm component", &info(), Default::default())
        .unwrap();
    let limits = Limits::default();
    let error = remote
        .envelopes(&component.digest, media::IN_TOTO, &limits)
        .unwrap_err();
    assert!(matches!(error, Error::NoReferrer { .. }), "{error}");
    // A registry that cannot be asked has not said that there is none.
    let gone = client(&stopped, "a");
    stopped.stop();
    let error = gone.referrer_candidates(&component.digest, None).unwrap_err();
    assert!(
        matches!(&error, Error::Registry(inner) if matches!(**inner, RegistryError::Unreachable { .. })),
        "{error}"
    );
    assert!(error.to_string().contains("is the registry running?"), "{error}");
}

#[test]
fn large_blobs_go_in_parts() {
    let registry = RealRegistry::start();
    let remote = client(&registry, "a");
    for size in [0, 1, 8 << 20, (8 << 20) + 1, 19 << 20] {
        let bytes: Vec<u8> = (0..size)
            .map(|at: usize| (at.wrapping_mul(at) >> 7).to_le_bytes()[0])
            .collect();
        let descriptor = remote.put_blob(media::NATIVE, &bytes).unwrap();
        assert!(remote.has_blob(&descriptor).unwrap());
        assert!(remote.fetch(&descriptor, 64 << 20).unwrap() == bytes, "{size}");
    }
}

#[test]
fn oras_and_skopeo_read_what_we_push() {
    let registry = RealRegistry::start();
    let remote = client(&registry, "aecp/policies");
    let component = remote
        .push_component(b"\0asm component", &info(), Default::default())
        .unwrap();
    let signature = remote
        .attach(&component.digest, media::IN_TOTO, b"signature")
        .unwrap();
    remote.tag(&tag("eu"), &component.digest).unwrap();
    let name = registry.repository("aecp/policies:eu");
    let shown = run(oras().args(["discover", "--plain-http", "-o", "json", &name])).stdout;
    let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
    assert_eq!(
        shown["manifests"][0]["digest"],
        signature.digest.to_string(),
        "{shown}"
    );
    assert_eq!(shown["manifests"][0]["artifactType"], media::IN_TOTO, "{shown}");
    let tls = "--tls-verify=false";
    let reference = format!("docker://{name}");
    let raw = run(Command::new(tool("skopeo")).args(["inspect", tls, "--raw", &reference])).stdout;
    assert_eq!(Digest::of(&raw), component.digest);
    let out = tempfile::tempdir().unwrap();
    let folder = format!("dir:{}", out.path().display());
    run(Command::new(tool("skopeo")).args([
        "copy",
        "--insecure-policy",
        "--src-tls-verify=false",
        &reference,
        &folder,
    ]));
    let file = out.path().join(Digest::of(b"\0asm component").hex());
    assert_eq!(fs::read(file).unwrap(), b"\0asm component");
    // Bundles have names for their files, under which oras leaves them.
    remote
        .push_bundle(&tag("bundle"), &bundle_files(1), None)
        .unwrap();
    let name = registry.repository("aecp/policies:bundle");
    run(oras()
        .args(["pull", "--plain-http", "-o"])
        .arg(out.path())
        .arg(&name));
    assert_eq!(
        fs::read(out.path().join("bundle.dsse.json")).unwrap(),
        b"bundle 1"
    );
}

fn push_with_oras(registry: &RealRegistry, folder: &Path) -> String {
    fs::write(folder.join("policy.wasm"), b"\0asm by others").unwrap();
    fs::write(folder.join("policy.dsse.json"), b"signature by others").unwrap();
    let name = registry.repository("others/policies:eu");
    run(oras()
        .current_dir(folder)
        .args(["push", "--plain-http", &name, "policy.wasm:application/wasm"]));
    let signature = format!("policy.dsse.json:{}", media::DSSE);
    run(oras().current_dir(folder).args([
        "attach",
        "--plain-http",
        "--artifact-type",
        media::IN_TOTO,
        &name,
        &signature,
    ]));
    name
}

#[test]
fn what_others_push_with_oras_is_pulled_as_ours_is() {
    let registry = RealRegistry::start();
    let folder = tempfile::tempdir().unwrap();
    let name = push_with_oras(&registry, folder.path());
    let remote = client(&registry, "others/policies");
    let limits = Limits::default();
    let (_copied, local) = layout_of(&remote, "eu");
    let stores: [&dyn Store; 2] = [&remote, &local];
    for store in stores {
        let pulled = store
            .pull_component(&tag("eu").into(), limits.file_bytes)
            .unwrap();
        assert_eq!(pulled.bytes, b"\0asm by others");
        let found = store
            .envelopes(&pulled.manifest, media::IN_TOTO, &limits)
            .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].bytes, b"signature by others");
    }
    // We add a signature to theirs, and oras still sees both.
    let digest = remote.resolve(&tag("eu").into()).unwrap().digest;
    remote.attach(&digest, media::IN_TOTO, b"ours").unwrap();
    let shown = run(oras().args(["discover", "--plain-http", "-o", "json", &name])).stdout;
    let shown: serde_json::Value = serde_json::from_slice(&shown).unwrap();
    assert_eq!(shown["manifests"].as_array().unwrap().len(), 2, "{shown}");
    // And the other way round, through another registry.
    let second = RealRegistry::start();
    all(&local, &client(&second, "mirror"), &["eu"]);
    let name = second.repository("mirror:eu");
    let pulled = run(oras().args(["manifest", "fetch", "--plain-http", &name])).stdout;
    assert_eq!(Digest::of(&pulled), digest);
}

#[test]
fn who_may_not_is_told_what_to_do() {
    let registry = RealRegistry::with(Setup {
        access: Access::Password,
        ..Setup::default()
    });
    let nobody = client(&registry, "a");
    let error = nobody.resolve(&tag("eu").into()).unwrap_err().to_string();
    assert!(error.contains("401") && error.contains("log in with"), "{error}");
    let credential = |password: &str| Options {
        credential: Some(Credential::Password {
            username: USER.into(),
            password: password.into(),
        }),
        ..Options::default()
    };
    let wrong = with(&registry, "a", credential("guessed"));
    let error = wrong.resolve(&tag("eu").into()).unwrap_err().to_string();
    assert!(error.contains("not accepted"), "{error}");
    let anna = with(&registry, "a", credential(PASSWORD));
    anna.push_bundle(&tag("eu"), &bundle_files(1), None).unwrap();
    assert!(anna.pull_bundle(&tag("eu"), &Limits::default()).is_ok());
    // What oras keeps after a login is found.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    run(oras()
        .args([
            "login",
            "--plain-http",
            "-u",
            USER,
            "-p",
            PASSWORD,
            "--registry-config",
        ])
        .arg(&file)
        .arg(registry.host()));
    let found = Credential::in_file(&file, &registry.host()).unwrap();
    let options = Options {
        credential: found,
        ..Options::default()
    };
    assert!(with(&registry, "a", options).resolve(&tag("eu").into()).is_ok());
}

#[test]
fn tls_is_trusted_by_the_file_that_is_given_and_by_nothing_else() {
    let key = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, private) = (key.cert.pem(), key.signing_key.serialize_pem());
    let registry = RealRegistry::with(Setup {
        tls: Some((certificate.clone(), private)),
        ..Setup::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let authorities = folder.path().join("ca.pem");
    fs::write(&authorities, &certificate).unwrap();
    let options = Options {
        authorities: Some(authorities.clone()),
        ..Options::default()
    };
    let remote = with(&registry, "a", options.clone());
    remote
        .push_bundle(&tag("eu"), &bundle_files(1), Some(b"fresh"))
        .unwrap();
    assert!(remote.pull_bundle(&tag("eu"), &Limits::default()).is_ok());
    // Plain HTTP, which is usual on this machine, is not what this one speaks.
    let error = client(&registry, "a")
        .resolve(&tag("eu").into())
        .unwrap_err()
        .to_string();
    assert!(error.contains("400"), "{error}");
    let other = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    fs::write(&authorities, other.cert.pem()).unwrap();
    let error = with(&registry, "a", options.clone())
        .resolve(&tag("eu").into())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("invalid peer certificate") && error.contains("name the file"),
        "{error}"
    );
    fs::write(&authorities, "nothing").unwrap();
    let repository = registry.repository("a").parse().unwrap();
    let error = Registry::new(repository, options).unwrap_err().to_string();
    assert!(error.contains("no certificate"), "{error}");
}

#[test]
fn a_registry_that_comes_back_is_used_again() {
    let mut registry = RealRegistry::start();
    let remote = client(&registry, "a");
    remote.push_bundle(&tag("eu"), &bundle_files(1), None).unwrap();
    registry.stop();
    assert!(remote.revision(&tag("eu")).unwrap_err().may_pass());
    registry.restart();
    assert!(remote.revision(&tag("eu")).unwrap().is_some());
}

#[test]
fn a_tag_that_moves_while_a_bundle_is_pulled_does_no_harm() {
    let registry = RealRegistry::start();
    let remote = client(&registry, "a");
    remote.push_bundle(&tag("eu"), &bundle_files(1), None).unwrap();
    let (_folder, local) = layout();
    let moved = AtomicUsize::new(0);
    let progress = |event: Event<'_>| {
        if matches!(event, Event::Planned { .. }) && moved.fetch_add(1, Ordering::SeqCst) == 0 {
            remote.push_bundle(&tag("eu"), &bundle_files(2), None).unwrap();
        }
    };
    let options = CopyOptions {
        progress: &progress,
        ..CopyOptions::default()
    };
    copy(&remote, &local, &[Reference::from(tag("eu")).into()], &options).unwrap();
    let pulled = local.pull_bundle(&tag("eu"), &Limits::default()).unwrap();
    assert_eq!(pulled.file("bundle.dsse.json").unwrap(), b"bundle 1");
}
