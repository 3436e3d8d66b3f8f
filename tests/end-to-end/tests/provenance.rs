//! Where a component comes from: anyone builds it again and compares, and tools of others verify what was signed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use aecp_end_to_end::site::{RESIDENCY, Site, TAG};
use aecp_end_to_end::tools::{Tools, repository};
use aecp_oci::testing::tool;
use aecp_oci::{Layout, Limits, NamedBlob, Store, Tag, media};
use aecp_trust::attestation::Attestation;
use aecp_trust::freshness::Freshness;
use aecp_trust::{Bundle, Digest, SigningKey, TrustRoot, statement};
use jiff::Timestamp;

const PACKAGE: &str = "eu_residency";

struct Scene {
    site: Site,
    _folder: tempfile::TempDir,
}

impl Scene {
    /// A signed component with its sources in the store.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::create(Tools::from_environment().unwrap(), folder.path().join("site")).unwrap();
        site.publish_package(&repository().join("policies").join(PACKAGE), PACKAGE)
            .unwrap();
        Self {
            site,
            _folder: folder,
        }
    }

    fn at(&self, name: &str) -> String {
        self.site.path(name).display().to_string()
    }

    fn verify(&self, reference: &str, more: &[&str]) -> (Option<i32>, String) {
        let (layout, root) = (self.at("registry"), self.at("root.json"));
        let mut arguments = vec!["verify", reference, "--layout", &layout, "--root", &root];
        arguments.extend(more);
        let (code, output, errors) = self.site.tools.try_aecp(arguments).unwrap();
        (code, format!("{output}{errors}"))
    }

    #[track_caller]
    fn reproduced(&self, reference: &str) -> String {
        let (code, said) = self.verify(reference, &["--rebuild"]);
        assert_eq!(code, Some(0), "{said}");
        said
    }

    /// It holds, and cannot be made again.
    #[track_caller]
    fn not_reproduced(&self, reference: &str, says: &str) {
        let (code, said) = self.verify(reference, &[]);
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = self.verify(reference, &["--rebuild"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("not reproduced") && said.contains(says),
            "{says}: {said}"
        );
    }

    fn layout(&self) -> Layout {
        Layout::open(self.site.path("registry")).unwrap()
    }

    fn key(&self, role: &str) -> SigningKey {
        SigningKey::from_pem(&fs::read_to_string(self.site.path(&format!("keys/{role}.key"))).unwrap())
            .unwrap()
    }

    fn root(&self) -> TrustRoot {
        TrustRoot::parse(&fs::read(self.site.path("root.json")).unwrap(), Timestamp::now()).unwrap()
    }

    /// The digest of the archive that was signed.
    fn archive(&self) -> Digest {
        Digest::of(&fs::read(self.site.path("eu_residency.wasm.sources.tar")).unwrap())
    }

    fn blob(&self, digest: Digest) -> PathBuf {
        self.site.path(&format!("registry/blobs/sha256/{}", digest.hex()))
    }

    fn release(&self) {
        self.site.release_into("registry", RESIDENCY).unwrap();
    }

    /// Signs the component anew as its packages role, with something else said of it, and other sources beside it.
    fn say(&self, archive: Option<&[u8]>, change: impl FnOnce(&mut Attestation)) {
        let envelope = fs::read(self.site.path("eu_residency.wasm.dsse.json")).unwrap();
        let mut said = statement::open_unverified::<Attestation>(&envelope)
            .unwrap()
            .statement
            .predicate;
        said.time = Some(Timestamp::now());
        if let Some(archive) = archive {
            said.source_archive = Some(Digest::of(archive));
        }
        change(&mut said);
        let wasm = fs::read(self.site.path("eu_residency.wasm")).unwrap();
        let sealed = said.seal(Digest::of(&wasm), &[&self.key("packages")]).unwrap();
        let layout = self.layout();
        let tag: Tag = PACKAGE.parse().unwrap();
        let manifest = layout.resolve(&tag.into()).unwrap().digest;
        layout.attach(&manifest, media::IN_TOTO, &sealed).unwrap();
        if let Some(archive) = archive {
            layout.attach_sources(&manifest, archive).unwrap();
        }
    }
}

#[test]
fn a_component_and_a_bundle_are_made_again_from_what_is_stored() {
    let scene = Scene::new();
    let said = scene.reproduced(PACKAGE);
    assert!(
        said.contains("reproduced policy component `eu_residency` from its sources"),
        "{said}"
    );
    scene.release();
    let said = scene.reproduced(TAG);
    assert!(
        said.contains("from its sources") && said.contains("native code for"),
        "{said}"
    );
    // Signing again gives the same archive: nothing of the machine or the moment is in it.
    let before = scene.archive();
    let package = repository().join("policies").join(PACKAGE);
    scene.site.publish_package(&package, PACKAGE).unwrap();
    assert_eq!(scene.archive(), before);
}

#[test]
fn what_was_unpacked_from_the_archive_is_what_builds() {
    let scene = Scene::new();
    let folder = scene.site.path("unpacked");
    fs::create_dir(&folder).unwrap();
    let unpacked = Command::new("tar")
        .args(["-xf", &scene.at("eu_residency.wasm.sources.tar"), "-C"])
        .arg(&folder)
        .status()
        .unwrap();
    assert!(unpacked.success());
    let (package, built) = (
        scene.at("unpacked/1/eu_residency.package"),
        scene.at("again.wasm"),
    );
    scene.site.tools.aecp(["build", &package, "-o", &built]).unwrap();
    assert_eq!(
        fs::read(built).unwrap(),
        fs::read(scene.site.path("eu_residency.wasm")).unwrap()
    );
}

#[test]
fn justification_and_author_are_signed() {
    let scene = Scene::new();
    let at = |name: &str| scene.at(name);
    let (component, key, package) = (
        at("eu_residency.wasm"),
        at("keys/packages.key"),
        repository().join("policies").join(PACKAGE).display().to_string(),
    );
    let sign = [
        "sign",
        &component,
        "--key",
        &key,
        "--source",
        &package,
        "--author",
        "Ada",
        "--justification",
        "the regulator asked",
    ];
    scene.site.tools.aecp(sign).unwrap();
    let envelope = fs::read(scene.site.path("eu_residency.wasm.dsse.json")).unwrap();
    let said = statement::open_unverified::<Attestation>(&envelope)
        .unwrap()
        .statement
        .predicate;
    assert_eq!(said.author.as_deref(), Some("Ada"));
    assert_eq!(said.justification.as_deref(), Some("the regulator asked"));
    assert!(said.time.is_some() && said.source_archive == Some(scene.archive()));
}

#[test]
fn sources_that_were_changed_cut_or_left_out_are_named() {
    let scene = Scene::new();
    let blob = scene.blob(scene.archive());
    let good = fs::read(&blob).unwrap();
    let mut flipped = good.clone();
    flipped[700] ^= 1;
    fs::write(&blob, &flipped).unwrap();
    scene.not_reproduced(PACKAGE, "its sources cannot be had");
    fs::write(&blob, &good[..good.len() - 512]).unwrap();
    scene.not_reproduced(PACKAGE, "its sources cannot be had");
    fs::remove_file(&blob).unwrap();
    scene.not_reproduced(PACKAGE, "its sources cannot be had");
    fs::write(&blob, &good).unwrap();
    scene.reproduced(PACKAGE);

    // Whoever pushes what another file says is told at once.
    fs::write(scene.site.path("eu_residency.wasm.sources.tar"), &flipped).unwrap();
    let (component, layout) = (scene.at("eu_residency.wasm"), scene.at("elsewhere"));
    let push = ["push", &component, "--layout", &layout, "--tag", PACKAGE];
    let (code, _, errors) = scene.site.tools.try_aecp(push).unwrap();
    assert_eq!(code, Some(2));
    assert!(
        errors.contains("the signature says") && errors.contains("sign the component again"),
        "{errors}"
    );
    fs::remove_file(scene.site.path("eu_residency.wasm.sources.tar")).unwrap();
    let (code, _, errors) = scene.site.tools.try_aecp(push).unwrap();
    assert_eq!(code, Some(2));
    assert!(
        errors.contains("leave them out with --without-sources"),
        "{errors}"
    );
    let push = [
        "push",
        &component,
        "--layout",
        &layout,
        "--tag",
        PACKAGE,
        "--without-sources",
    ];
    scene.site.tools.aecp(push).unwrap();
    let (root, verify) = (
        scene.at("root.json"),
        ["verify", PACKAGE, "--rebuild", "--layout", &layout],
    );
    let (code, said, _) = scene
        .site
        .tools
        .try_aecp(verify.into_iter().chain(["--root", &root]))
        .unwrap();
    assert_eq!(code, Some(1));
    assert!(said.contains("`aecp push` stores them"), "{said}");
}

#[test]
fn a_signature_over_other_sources_is_found_out() {
    let scene = Scene::new();
    let good = fs::read(scene.site.path("eu_residency.wasm.sources.tar")).unwrap();
    scene.say(Some(b"no archive"), |_| {});
    scene.not_reproduced(PACKAGE, "the archive of its sources");
    // The same sources with something behind them.
    let mut longer = good.clone();
    longer.extend([0; 512]);
    scene.say(Some(&longer), |_| {});
    scene.not_reproduced(PACKAGE, "more in it than the sources");
    scene.say(Some(&good), |said| said.source = Some(Digest::of(b"others")));
    scene.not_reproduced(PACKAGE, "the attestation says");

    // Sources that build something else, signed as the sources of this component.
    let other = Scene::new();
    other
        .site
        .publish_package(&repository().join("policies/customer_api"), "customer_api")
        .unwrap();
    let foreign = fs::read(other.site.path("customer_api.wasm.sources.tar")).unwrap();
    let envelope = fs::read(other.site.path("customer_api.wasm.dsse.json")).unwrap();
    let source = statement::open_unverified::<Attestation>(&envelope)
        .unwrap()
        .statement
        .predicate
        .source;
    scene.say(Some(&foreign), |said| said.source = source);
    scene.not_reproduced(PACKAGE, "differs from it from byte");
    scene.say(Some(&foreign), |said| {
        said.source = source;
        said.compiler.version = "0.0.9".to_owned();
    });
    scene.not_reproduced(PACKAGE, "version 0.0.9 of the compiler built it");
    scene.say(None, |said| said.source_archive = None);
    scene.not_reproduced(PACKAGE, "names no stored sources");
    scene.say(None, |said| said.compiler.id = "urn:example:other".to_owned());
    scene.not_reproduced(PACKAGE, "`urn:example:other` made it");
    scene.say(Some(&good), |_| {});
    scene.reproduced(PACKAGE);
}

#[test]
fn native_code_that_does_not_come_from_the_component_is_found_out() {
    let scene = Scene::new();
    scene.release();
    let (layout, tag): (Layout, Tag) = (scene.layout(), TAG.parse().unwrap());
    let pulled = layout.pull_bundle(&tag, &Limits::default()).unwrap();
    let mut bundle = statement::open_unverified::<Bundle>(pulled.file("bundle.dsse.json").unwrap())
        .unwrap()
        .statement
        .predicate;
    let native = &mut bundle.policies[0].component.native[0];
    let old = format!("blobs/{}", native.digest.hex());
    let mut code = pulled.file(&old).unwrap().to_vec();
    let middle = code.len() / 2;
    code[middle] ^= 1;
    native.digest = Digest::of(&code);
    let sealed = bundle.seal(&[&scene.key("releases")]).unwrap();
    let fresh = Freshness::new(sealed.digest, bundle.epoch, Timestamp::now(), &scene.root()).unwrap();
    let fresh = fresh.seal(&[&scene.key("freshness")]).unwrap();
    let mut files = vec![NamedBlob::bundle(sealed.envelope), NamedBlob::native(code)];
    for (name, bytes) in pulled.files {
        if name != "bundle.dsse.json" && name != old {
            let kind = if name.starts_with("blobs/") {
                media::WASM
            } else {
                media::DSSE
            };
            files.push(NamedBlob::new(&name, kind, bytes).unwrap());
        }
    }
    layout.push_bundle(&tag, &files, Some(&fresh)).unwrap();
    // Signatures and digests are right; only who compiles again sees it.
    scene.not_reproduced(TAG, "compiling the component gives");
}

#[test]
fn cosign_verifies_an_attestation_and_refuses_others() {
    let scene = Scene::new();
    let cosign = |key: &str, envelope: &str, kind: &str, blob: &str| {
        let (key, envelope, blob) = (scene.at(key), scene.at(envelope), scene.at(blob));
        let output = Command::new(tool("cosign"))
            .args(["verify-blob-attestation", "--key", &key, "--signature", &envelope])
            .args([
                "--type",
                kind,
                "--insecure-ignore-tlog=true",
                "--check-claims=true",
                &blob,
            ])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    };
    const KIND: &str = "urn:aecp:attestation:component:v1";
    let (key, envelope, blob) = (
        "keys/packages.pub",
        "eu_residency.wasm.dsse.json",
        "eu_residency.wasm",
    );
    let (good, said) = cosign(key, envelope, KIND, blob);
    assert!(good && said.contains("Verified OK"), "{said}");

    let refused = |(good, said): (bool, String)| assert!(!good, "{said}");
    refused(cosign("keys/releases.pub", envelope, KIND, blob));
    refused(cosign(key, envelope, "urn:aecp:bundle:v1", blob));
    refused(cosign(key, envelope, KIND, "root.json"));
    let text = fs::read_to_string(scene.site.path(envelope)).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let payload = json["payload"].as_str().unwrap().replacen('A', "B", 1);
    json["payload"] = payload.into();
    fs::write(scene.site.path("tampered.json"), json.to_string()).unwrap();
    refused(cosign(key, "tampered.json", KIND, blob));
}
