//! A layout folder, as its users and their enemies see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use aecp_oci::{Digest, Error, Layout, Limits, NamedBlob, Reference, Store, media};
use common::{bundle_files, info, layout, tag};

#[test]
fn a_component_comes_back_by_tag_and_by_digest() {
    let (_folder, layout) = layout();
    let notes = BTreeMap::from([("org.opencontainers.image.version".to_owned(), "1.0.0".to_owned())]);
    let descriptor = layout
        .push_component(b"\0asm component", &info(), notes.clone())
        .unwrap();
    assert!(matches!(
        layout.resolve(&"eu".parse().unwrap()),
        Err(Error::Unknown { .. })
    ));
    layout.tag(&tag("eu"), &descriptor.digest).unwrap();
    for reference in ["eu".to_owned(), descriptor.digest.to_string()] {
        let pulled = layout.pull_component(&reference.parse().unwrap(), 1_000).unwrap();
        assert_eq!(pulled.bytes, b"\0asm component");
        assert_eq!(pulled.component, Digest::of(b"\0asm component"));
        assert_eq!(pulled.manifest, descriptor.digest);
        assert_eq!(pulled.annotations, notes);
    }
}

#[test]
fn equal_components_have_equal_digests_and_the_configuration_of_the_cncf_layout() {
    let ((_one, first), (_other, second)) = (layout(), layout());
    let push = |layout: &Layout| layout.push_component(b"\0asm", &info(), BTreeMap::new()).unwrap();
    let descriptor = push(&first);
    assert_eq!(descriptor, push(&second));
    let manifest = first.manifest(&descriptor, 10_000).unwrap();
    assert_eq!(manifest.config.media_type, "application/vnd.wasm.config.v0+json");
    let config = String::from_utf8(first.fetch(&manifest.config, 10_000).unwrap()).unwrap();
    let digest = Digest::of(b"\0asm");
    assert_eq!(
        config,
        format!(
            r#"{{"architecture":"wasm","os":"wasip2","layerDigests":["{digest}"],"component":{{"exports":["aecp:policy/evaluator@0.1.0"],"imports":[]}}}}"#
        )
    );
}

#[test]
fn pushing_twice_changes_nothing() {
    let (folder, layout) = layout();
    let push = || {
        layout
            .push_bundle(&tag("eu"), &bundle_files(1), Some(b"fresh"))
            .unwrap();
        let digest = layout
            .push_component(b"\0asm", &info(), BTreeMap::new())
            .unwrap()
            .digest;
        layout.attach(&digest, media::IN_TOTO, b"signature").unwrap();
        fs::read(folder.path().join("index.json")).unwrap().len()
    };
    let once = push();
    assert_eq!(push(), once);
}

#[test]
fn a_moved_tag_keeps_what_it_pointed_at_but_not_old_freshness() {
    let (_folder, layout) = layout();
    let first = layout
        .push_bundle(&tag("eu"), &bundle_files(1), Some(b"fresh 1"))
        .unwrap();
    let second = layout
        .push_bundle(&tag("eu"), &bundle_files(2), Some(b"fresh 2"))
        .unwrap();
    let listed: Vec<_> = layout.entries().unwrap();
    let of = |digest| {
        listed
            .iter()
            .filter(|(entry, _)| entry.digest == digest)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(first.bundle.digest).len(), 1);
    assert_eq!(of(first.bundle.digest)[0].1, None);
    assert_eq!(of(second.bundle.digest)[0].1, Some(tag("eu")));
    assert_eq!(of(first.freshness.unwrap().digest).len(), 0);
    // Back again: listed once, with the tag.
    layout.tag(&tag("eu"), &first.bundle.digest).unwrap();
    let entries = layout.entries().unwrap();
    assert_eq!(
        entries
            .iter()
            .filter(|(entry, _)| entry.digest == first.bundle.digest)
            .count(),
        1
    );
    assert_eq!(
        layout.revision(&tag("eu")).unwrap().unwrap().bundle,
        first.bundle.digest
    );
}

#[test]
fn a_bundle_comes_back_file_by_file_with_its_freshness() {
    let (_folder, layout) = layout();
    let files = bundle_files(1);
    let pushed = layout.push_bundle(&tag("eu"), &files, Some(b"fresh")).unwrap();
    let pulled = layout.pull_bundle(&tag("eu"), &Limits::default()).unwrap();
    let expected: Vec<_> = files
        .iter()
        .map(|file| (file.name().to_owned(), file.bytes().to_vec()))
        .collect();
    assert_eq!(pulled.files, expected);
    assert_eq!(pulled.manifest, pushed.bundle.digest);
    assert_eq!(pulled.freshness.as_deref(), Some(&b"fresh"[..]));
    assert_eq!(Some(pulled.revision), layout.revision(&tag("eu")).unwrap());
    assert_eq!(pulled.file("bundle.dsse.json"), Some(&b"bundle 1"[..]));
}

#[test]
fn renewed_freshness_changes_the_revision_and_leaves_the_bundle() {
    let (_folder, layout) = layout();
    assert_eq!(layout.revision(&tag("eu")).unwrap(), None);
    layout.push_bundle(&tag("eu"), &bundle_files(1), None).unwrap();
    let bare = layout.revision(&tag("eu")).unwrap().unwrap();
    assert_eq!(bare.freshness, None);
    assert_eq!(
        layout.pull_freshness(&tag("eu"), &Limits::default()).unwrap(),
        None
    );
    layout.renew_freshness(&tag("eu"), b"fresh").unwrap();
    let fresh = layout.revision(&tag("eu")).unwrap().unwrap();
    assert_eq!(fresh.bundle, bare.bundle);
    assert_ne!(fresh, bare);
    assert_eq!(
        layout
            .pull_freshness(&tag("eu"), &Limits::default())
            .unwrap()
            .unwrap(),
        b"fresh"
    );
}

#[test]
fn a_bundle_without_document_or_with_a_name_twice_is_not_pushed() {
    let (_folder, layout) = layout();
    let component = NamedBlob::component(b"\0asm".to_vec());
    let push = |files: &[NamedBlob]| layout.push_bundle(&tag("eu"), files, None).unwrap_err();
    assert!(matches!(
        push(std::slice::from_ref(&component)),
        Error::MissingFile { .. }
    ));
    let twice = [NamedBlob::bundle(b"{}".to_vec()), component.clone(), component];
    assert!(matches!(push(&twice), Error::DuplicateFile { .. }));
    assert!(NamedBlob::new("../x", media::DSSE, Vec::new()).is_err());
    assert_eq!(layout.revision(&tag("eu")).unwrap(), None);
}

#[test]
fn limits_hold_before_anything_is_read() {
    let (folder, layout) = layout();
    layout.push_bundle(&tag("eu"), &bundle_files(1), None).unwrap();
    // Were a file opened before the limits are checked, its absence would be the error.
    for name in bundle_files(1).iter().map(|file| Digest::of(file.bytes()).hex()) {
        fs::remove_file(folder.path().join("blobs/sha256").join(name)).unwrap();
    }
    let pull = |limits: Limits| layout.pull_bundle(&tag("eu"), &limits).unwrap_err();
    let wide = Limits::default();
    assert!(matches!(
        pull(Limits { files: 3, ..wide }),
        Error::TooMany { what: "files", .. }
    ));
    assert!(matches!(
        pull(Limits {
            file_bytes: 8,
            ..wide
        }),
        Error::TooLarge { .. }
    ));
    assert!(matches!(
        pull(Limits {
            total_bytes: 30,
            ..wide
        }),
        Error::TooMany { .. }
    ));
    assert!(matches!(
        pull(Limits {
            manifest_bytes: 100,
            ..wide
        }),
        Error::TooLarge { .. }
    ));
    assert!(matches!(pull(wide), Error::Missing { .. }));
}

#[test]
fn signatures_are_found_from_what_they_sign_and_none_is_an_error() {
    let (_folder, layout) = layout();
    let component = layout.push_component(b"\0asm", &info(), BTreeMap::new()).unwrap();
    let none = layout
        .envelopes(&component.digest, media::IN_TOTO, &Limits::default())
        .unwrap_err();
    assert!(matches!(none, Error::NoReferrer { .. }), "{none}");
    assert!(none.is_absence());
    assert!(none.to_string().contains(&component.digest.to_string()), "{none}");
    layout.attach(&component.digest, media::IN_TOTO, b"one").unwrap();
    layout.attach(&component.digest, media::IN_TOTO, b"two").unwrap();
    layout
        .attach(&component.digest, "application/vnd.other", b"other")
        .unwrap();
    let envelopes = layout
        .envelopes(&component.digest, media::IN_TOTO, &Limits::default())
        .unwrap();
    let mut bytes: Vec<_> = envelopes.into_iter().map(|envelope| envelope.bytes).collect();
    bytes.sort();
    assert_eq!(bytes, [b"one".to_vec(), b"two".to_vec()]);
    let narrow = Limits {
        files: 1,
        ..Limits::default()
    };
    let error = layout
        .envelopes(&component.digest, media::IN_TOTO, &narrow)
        .unwrap_err();
    assert!(matches!(error, Error::TooMany { .. }), "{error}");
    assert!(matches!(
        layout.attach(&Digest::of(b"?"), media::IN_TOTO, b""),
        Err(Error::Unknown { .. })
    ));
}

#[test]
fn referrers_are_listed_in_the_index_and_under_the_fallback_tag() {
    let (_folder, layout) = layout();
    let component = layout.push_component(b"\0asm", &info(), BTreeMap::new()).unwrap();
    let signature = layout.attach(&component.digest, media::IN_TOTO, b"one").unwrap();
    let entries = layout.entries().unwrap();
    assert!(
        entries
            .iter()
            .any(|(entry, tag)| entry.digest == signature.digest && tag.is_none())
    );
    let fallback: Reference = format!("sha256-{}", component.digest.hex()).parse().unwrap();
    let list = layout.resolve(&fallback).unwrap();
    assert_eq!(list.media_type, media::INDEX);
    let list = String::from_utf8(layout.fetch(&list, 10_000).unwrap()).unwrap();
    assert!(list.contains(&signature.digest.to_string()), "{list}");
    assert!(
        list.contains(r#""artifactType":"application/vnd.in-toto+json""#),
        "{list}"
    );
}

#[test]
fn a_referrer_that_only_the_index_lists_is_found_too() {
    let (folder, layout) = layout();
    let component = layout.push_component(b"\0asm", &info(), BTreeMap::new()).unwrap();
    layout.attach(&component.digest, media::IN_TOTO, b"one").unwrap();
    // As `oras attach --oci-layout` leaves it: no fallback tag, no artifact type in the entry.
    edit_index(&folder, |index| {
        let entries = index["manifests"].as_array_mut().unwrap();
        entries.retain(|entry| entry["mediaType"] != media::INDEX);
        entries
            .iter_mut()
            .for_each(|entry| drop(entry.as_object_mut().unwrap().remove("artifactType")));
    });
    assert_eq!(
        layout
            .envelopes(&component.digest, media::IN_TOTO, &Limits::default())
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn fallback_tags_are_not_given_by_hand() {
    let (_folder, layout) = layout();
    let component = layout.push_component(b"\0asm", &info(), BTreeMap::new()).unwrap();
    let reserved = tag(&format!("sha256-{}", component.digest.hex()));
    assert!(matches!(
        layout.tag(&reserved, &component.digest),
        Err(Error::InvalidTag { .. })
    ));
    assert!(matches!(
        layout.push_bundle(&reserved, &bundle_files(1), None),
        Err(Error::InvalidTag { .. })
    ));
    assert!(matches!(
        layout.push_bundle(&tag("a.freshness"), &bundle_files(1), None),
        Err(Error::InvalidTag { .. })
    ));
}

#[test]
fn something_of_another_kind_is_not_taken_for_a_bundle_or_component() {
    let (_folder, layout) = layout();
    let component = layout.push_component(b"\0asm", &info(), BTreeMap::new()).unwrap();
    layout.tag(&tag("component"), &component.digest).unwrap();
    layout
        .push_bundle(&tag("bundle"), &bundle_files(1), Some(b"fresh"))
        .unwrap();
    let bundle = |name: &str| layout.pull_bundle(&tag(name), &Limits::default());
    assert!(matches!(bundle("component"), Err(Error::WrongKind { .. })));
    assert!(matches!(
        layout.pull_component(&tag("bundle").into(), 1_000),
        Err(Error::WrongKind { .. })
    ));
    // A bundle in the place of a freshness statement.
    let digest = layout.revision(&tag("bundle")).unwrap().unwrap().bundle;
    layout.tag(&tag("bundle.freshness"), &digest).unwrap();
    assert!(matches!(bundle("bundle"), Err(Error::WrongKind { .. })));
}

#[test]
fn an_altered_blob_is_named_and_a_new_push_mends_it() {
    let (folder, layout) = layout();
    layout.push_bundle(&tag("eu"), &bundle_files(1), None).unwrap();
    let digest = Digest::of(b"\0asm component 1");
    let path = folder.path().join("blobs/sha256").join(digest.hex());
    fs::write(&path, b"\0asm Component 1").unwrap();
    let error = layout.pull_bundle(&tag("eu"), &Limits::default()).unwrap_err();
    assert!(matches!(error, Error::WrongDigest { .. }), "{error}");
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    layout.push_bundle(&tag("eu"), &bundle_files(1), None).unwrap();
    layout.pull_bundle(&tag("eu"), &Limits::default()).unwrap();
}

#[test]
fn links_folders_and_pipes_are_not_files() {
    let (folder, layout) = layout();
    layout.push_bundle(&tag("eu"), &bundle_files(1), None).unwrap();
    let path = folder
        .path()
        .join("blobs/sha256")
        .join(Digest::of(b"bundle 1").hex());
    let copy = folder.path().join("copy");
    let refused = || {
        let error = layout.pull_bundle(&tag("eu"), &Limits::default()).unwrap_err();
        assert!(matches!(error, Error::NotARegularFile { .. }), "{error}");
    };
    fs::rename(&path, &copy).unwrap();
    symlink(&copy, &path).unwrap();
    refused();
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused();
    fs::remove_dir(&path).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    refused();
    let index = folder.path().join("index.json");
    fs::rename(&index, &copy).unwrap();
    symlink(&copy, &index).unwrap();
    assert!(matches!(layout.entries(), Err(Error::NotARegularFile { .. })));
}

#[test]
fn a_hostile_index_is_refused_by_name() {
    let (folder, layout) = layout();
    let digest = Digest::of(b"x");
    let entry = |members: &str| {
        format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","annotations":{{"org.opencontainers.image.ref.name":"eu"}},{members}}}]}}"#,
            media::MANIFEST
        )
    };
    let good = format!(r#""digest":"{digest}","size":1"#);
    for (text, part) in [
        (
            entry(r#""digest":"sha256:../../../../etc/passwd","size":1"#),
            "is not a digest",
        ),
        (
            entry(r#""digest":"sha512:00","size":1"#),
            "only the algorithm sha256",
        ),
        (
            entry(&format!(r#""digest":"{digest}","size":10737418240"#)),
            "announces 10737418240 bytes",
        ),
        (
            entry(&format!(r#""digest":"{digest}","size":-1"#)),
            "invalid value",
        ),
        (
            entry(&format!(r#""digest":"{digest}","size":99999999999999999999"#)),
            "invalid",
        ),
        (entry(&format!(r#"{good},{good}"#)), "is given twice"),
        (
            entry(&format!(
                r#"{good},"data":{}1{}"#,
                "[".repeat(5_000),
                "]".repeat(5_000)
            )),
            "nested deeper",
        ),
        (
            entry(&good).replace(media::MANIFEST, "text/html"),
            "its descriptor says `text/html`",
        ),
        (String::new(), "EOF"),
        ("[".repeat(1_000_000), "nested deeper"),
        (
            format!("{}{}", entry(&good), " ".repeat(17 << 20)),
            "more than 16777216 bytes",
        ),
    ] {
        fs::write(folder.path().join("index.json"), &text).unwrap();
        // Content that would satisfy a reader that did not look.
        fs::write(folder.path().join("blobs/sha256").join(digest.hex()), b"x").unwrap();
        let error = layout
            .pull_bundle(&tag("eu"), &Limits::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{part}: {error}");
        assert!(error.contains(folder.path().to_str().unwrap()), "{error}");
    }
    let mut two: serde_json::Value = serde_json::from_str(&entry(&good)).unwrap();
    let entries = two["manifests"].as_array_mut().unwrap();
    entries.push(entries[0].clone());
    let two = two.to_string();
    fs::write(folder.path().join("index.json"), two).unwrap();
    let error = layout.resolve(&tag("eu").into()).unwrap_err();
    assert!(matches!(error, Error::AmbiguousTag { count: 2, .. }), "{error}");
}

#[test]
fn a_hostile_bundle_manifest_is_refused_by_name() {
    let (folder, layout) = layout();
    layout.push_bundle(&tag("eu"), &bundle_files(1), None).unwrap();
    let digest = layout.revision(&tag("eu")).unwrap().unwrap().bundle;
    let path = folder.path().join("blobs/sha256").join(digest.hex());
    let text = fs::read_to_string(path).unwrap();
    let native = Digest::of(b"native 1").hex();
    for (from, to, part) in [
        (
            format!("blobs/{native}"),
            "../../etc/passwd".to_owned(),
            "is no file name for a bundle",
        ),
        (
            format!("blobs/{native}"),
            "/etc/passwd".to_owned(),
            "is no file name for a bundle",
        ),
        (
            format!("blobs/{native}"),
            format!("blobs/{}", "0".repeat(64)),
            "named by the SHA-256",
        ),
        (format!("blobs/{native}"), "bundle.dsse.json".to_owned(), "twice"),
        (
            "bundle.dsse.json".to_owned(),
            "bundle.json".to_owned(),
            "has no file `bundle.dsse.json`",
        ),
        (media::TITLE.to_owned(), "title".to_owned(), "has no annotation"),
        (
            r#""schemaVersion":2"#.to_owned(),
            r#""schemaVersion":2,"manifests":[]"#.to_owned(),
            "no member",
        ),
        (
            r#""size":8"#.to_owned(),
            r#""size":10737418240"#.to_owned(),
            "announces 10737418240",
        ),
        (
            r#""size":8"#.to_owned(),
            r#""size":7"#.to_owned(),
            "does not have the 7 bytes",
        ),
    ] {
        let altered = text.replace(&from, &to);
        assert_ne!(altered, text, "{from}");
        let digest = Digest::of(altered.as_bytes());
        fs::write(folder.path().join("blobs/sha256").join(digest.hex()), &altered).unwrap();
        edit_index(&folder, |index| {
            let entry = &mut index["manifests"][0];
            entry["digest"] = digest.to_string().into();
            entry["size"] = altered.len().into();
        });
        let error = layout
            .pull_bundle(&tag("eu"), &Limits::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{to}: {error}");
    }
}

#[test]
fn a_tag_is_not_given_to_an_artifact_that_is_not_whole() {
    let (folder, layout) = layout();
    let component = layout.push_component(b"\0asm", &info(), BTreeMap::new()).unwrap();
    let blob = folder
        .path()
        .join("blobs/sha256")
        .join(Digest::of(b"\0asm").hex());
    fs::remove_file(blob).unwrap();
    assert!(matches!(
        layout.tag(&tag("eu"), &component.digest),
        Err(Error::Missing { .. })
    ));
    assert!(matches!(
        layout.tag(&tag("eu"), &Digest::of(b"?")),
        Err(Error::Unknown { .. })
    ));
}

#[test]
fn only_a_layout_is_opened_and_only_an_empty_folder_becomes_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry");
    let error = Layout::open(&path).unwrap_err();
    assert!(matches!(error, Error::NotALayout { .. }), "{error}");
    fs::create_dir_all(path.join("precious")).unwrap();
    let error = Layout::create(&path).unwrap_err().to_string();
    assert!(error.contains("`precious`"), "{error}");
    assert!(!path.join("blobs").exists());
    fs::remove_dir(path.join("precious")).unwrap();
    Layout::create(&path)
        .unwrap()
        .push_bundle(&tag("eu"), &bundle_files(1), None)
        .unwrap();
    let again = Layout::create(&path).unwrap();
    assert!(again.revision(&tag("eu")).unwrap().is_some());
    fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"2.0.0"}"#).unwrap();
    for error in [
        Layout::open(&path).unwrap_err(),
        Layout::create(&path).unwrap_err(),
    ] {
        assert!(error.to_string().contains("its version is `2.0.0`"), "{error}");
    }
}

#[test]
fn a_layout_whose_making_was_cut_off_is_completed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
    fs::write(folder.path().join("index.lock"), b"").unwrap();
    assert!(Layout::open(folder.path()).is_err());
    Layout::create(folder.path())
        .unwrap()
        .push_bundle(&tag("eu"), &bundle_files(1), None)
        .unwrap();
}

fn edit_index(folder: &tempfile::TempDir, edit: impl FnOnce(&mut serde_json::Value)) {
    let path = folder.path().join("index.json");
    let mut index = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut index);
    fs::write(path, serde_json::to_vec(&index).unwrap()).unwrap();
}
