//! The sources of a component, beside it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use aecp_oci::testing::RealRegistry;
use aecp_oci::{Digest, Error, Reference, Registry, Store, component, media};
use common::{info, layout, tag};

const COMPONENT: &[u8] = b"\0asm component";
const LIMIT: u64 = 1_000;

/// A component with two archives beside it, and the digest of its manifest.
fn fill(store: &dyn Store) -> Digest {
    let pushed = store
        .push_component(COMPONENT, &info(), Default::default())
        .unwrap();
    for archive in [b"sources".as_slice(), b"sources of somebody else"] {
        store.attach_sources(&pushed.digest, archive).unwrap();
    }
    store.tag(&tag("gate"), &pushed.digest).unwrap();
    pushed.digest
}

fn check(store: &dyn Store, component: Digest) {
    let sources = |archive: &[u8], limit| store.sources(&component, &Digest::of(archive), limit);
    assert_eq!(sources(b"sources", LIMIT).unwrap(), b"sources");
    assert!(matches!(sources(b"sources", 3), Err(Error::TooLarge { .. })));
    let error = sources(b"others", LIMIT).unwrap_err();
    assert!(matches!(error, Error::NoReferrer { .. }), "{error}");
    assert!(
        error.to_string().contains(&Digest::of(b"others").to_string()),
        "{error}"
    );
}

#[test]
fn the_archive_that_is_asked_for_is_the_one_that_comes() {
    let (_folder, store) = layout();
    let component = fill(&store);
    check(&store, component);
    let bare = store
        .push_component(b"\0asm other", &info(), Default::default())
        .unwrap();
    let none = store.sources(&bare.digest, &Digest::of(b"sources"), LIMIT);
    assert!(matches!(none, Err(Error::NoReferrer { .. })));
    let nowhere = store.attach_sources(&Digest::of(b"nothing"), b"sources");
    assert!(matches!(nowhere, Err(Error::Unknown { .. })));
}

#[test]
fn where_a_component_will_be_is_known_beforehand() {
    let (_folder, store) = layout();
    let component = fill(&store);
    assert_eq!(component::manifest_digest(COMPONENT, &info()).unwrap(), component);
    assert_ne!(
        component::manifest_digest(b"\0asm other", &info()).unwrap(),
        component
    );
}

#[test]
fn sources_go_along_when_a_component_is_copied() {
    let registry = RealRegistry::start();
    let remote = Registry::new(registry.repository("a").parse().unwrap(), Default::default()).unwrap();
    let (_folder, store) = layout();
    let component = fill(&store);
    let wanted = [Reference::from(tag("gate")).into()];
    aecp_oci::copy(&store, &remote, &wanted, &Default::default()).unwrap();
    check(&remote, component);
    let pulled = remote
        .referrers(&component, media::SOURCES)
        .unwrap()
        .required()
        .unwrap();
    assert_eq!(pulled.len(), 2);
}
