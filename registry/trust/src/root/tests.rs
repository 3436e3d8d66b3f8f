use super::*;
use crate::key::SigningKey;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

fn quorum(threshold: u32, seeds: &[u8]) -> Quorum {
    Quorum::new(
        seeds.iter().map(|seed| key(*seed).public_key().clone()),
        threshold,
    )
    .unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    time("2030-01-01T00:00:00Z")
}

fn builder(version: u64, root: Quorum) -> RootBuilder {
    let mut builder = RootBuilder::new(version, time("2030-06-01T00:00:00.5Z"));
    for (role, seed) in Role::ALL.into_iter().zip(100..) {
        builder = builder.role(role, quorum(1, &[seed]));
    }
    builder.role(Role::Root, root)
}

fn signed(builder: RootBuilder, seeds: &[u8]) -> Vec<u8> {
    let mut document = builder.build().unwrap();
    for seed in seeds {
        document.sign(&key(*seed)).unwrap();
    }
    document.to_json().unwrap()
}

#[test]
fn it_says_which_keys_have_a_role() {
    let bytes = signed(
        builder(1, quorum(2, &[1, 2, 3])).freshness_period(Some(3_600)),
        &[1, 3],
    );
    let root = TrustRoot::parse(&bytes, now()).unwrap();
    assert_eq!(root.version(), 1);
    assert_eq!(root.expires(), time("2030-06-01T00:00:00Z"));
    assert_eq!(root.freshness_period(), Some(3_600));
    assert_eq!(*root.quorum(Role::Root), quorum(2, &[1, 2, 3]));
    for (role, seed) in Role::ALL.into_iter().zip(100..).skip(1) {
        assert_eq!(*root.quorum(role), quorum(1, &[seed]), "{role}");
    }
    assert_eq!(root.as_bytes(), bytes);
}

#[test]
fn white_space_and_order_are_no_part_of_it() {
    let bytes = signed(builder(1, quorum(1, &[1])), &[1]);
    let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert!(TrustRoot::parse(&canonical::to_vec(&value).unwrap(), now()).is_ok());
}

#[test]
fn signatures_can_be_added_in_turn() {
    let bytes = signed(builder(1, quorum(2, &[1, 2])), &[1]);
    assert!(matches!(
        TrustRoot::parse(&bytes, now()),
        Err(RootError::UnderThreshold { .. })
    ));
    let mut document = RootDocument::from_json(&bytes).unwrap();
    document.sign(&key(2)).unwrap();
    assert!(TrustRoot::parse(&document.to_json().unwrap(), now()).is_ok());
}

#[test]
fn too_few_signatures_are_refused() {
    for seeds in [&[][..], &[1], &[1, 1], &[1, 9]] {
        let bytes = signed(builder(1, quorum(2, &[1, 2])), seeds);
        let error = TrustRoot::parse(&bytes, now()).unwrap_err();
        assert!(
            matches!(error, RootError::UnderThreshold { .. }),
            "{seeds:?}: {error}"
        );
    }
}

#[test]
fn rotation_needs_the_old_and_the_new_keys() {
    let first = TrustRoot::parse(&signed(builder(1, quorum(1, &[1])), &[1]), now()).unwrap();
    let next = |version, seeds: &[u8]| signed(builder(version, quorum(1, &[2])), seeds);
    assert_eq!(
        *first
            .advance(&next(2, &[1, 2]), now())
            .unwrap()
            .quorum(Role::Root),
        quorum(1, &[2])
    );
    for seeds in [&[1][..], &[2]] {
        assert!(matches!(
            first.advance(&next(2, seeds), now()),
            Err(RootError::UnderThreshold { .. })
        ));
    }
    for version in [1, 3] {
        assert!(matches!(
            first.advance(&next(version, &[1, 2]), now()),
            Err(RootError::Version { .. })
        ));
    }
}

#[test]
fn only_the_last_of_a_chain_must_be_valid() {
    let first = signed(builder(1, quorum(1, &[1])), &[1]);
    let mut next = builder(2, quorum(1, &[1]));
    next.expires = time("2031-06-01T00:00:00Z");
    let next = signed(next, &[1]);
    let later = time("2030-06-01T00:00:00Z");
    assert!(matches!(
        TrustRoot::parse(&first, later),
        Err(RootError::Expired { version: 1, .. })
    ));
    assert_eq!(
        TrustRoot::parse_chain(&first, &[&next], later).unwrap().version(),
        2
    );
    let latest = time("2032-01-01T00:00:00Z");
    assert!(matches!(
        TrustRoot::parse_chain(&first, &[&next], latest),
        Err(RootError::Expired { version: 2, .. })
    ));
}

#[test]
fn what_is_built_wrong_is_refused() {
    assert!(RootBuilder::new(1, now()).build().is_err());
    assert!(builder(0, quorum(1, &[1])).build().is_err());
    for period in [0, FRESHNESS_PERIOD_LIMIT + 1] {
        assert!(
            builder(1, quorum(1, &[1]))
                .freshness_period(Some(period))
                .build()
                .is_err(),
            "{period}"
        );
    }
}

/// Changes the signed part and signs it again, so that only the rule in question can refuse it.
fn edited(edit: impl FnOnce(&mut serde_json::Value)) -> Result<TrustRoot, RootError> {
    let mut document = builder(1, quorum(1, &[1])).build().unwrap();
    edit(&mut document.file.signed);
    document.sign(&key(1)).unwrap();
    TrustRoot::parse(&document.to_json().unwrap(), now())
}

type Edit<'a> = &'a dyn Fn(&mut serde_json::Value);

#[test]
fn a_signed_root_must_still_be_one() {
    assert!(edited(|signed| signed["x-unknown"] = "ignored".into()).is_ok());
    let id = key(1).public_key().id().to_string();
    let other = key(9).public_key().id().to_string();
    let broken: [(&str, Edit<'_>); 11] = [
        ("type", &|signed| signed["_type"] = "targets".into()),
        ("specification", &|signed| signed["spec_version"] = "2.0".into()),
        ("version", &|signed| signed["version"] = 0.into()),
        ("negative version", &|signed| signed["version"] = (-1).into()),
        ("expiry", &|signed| {
            signed["expires"] = "2030-06-01T00:00:00+00:00".into()
        }),
        ("key id", &|signed| {
            let keys = signed["keys"].as_object_mut().unwrap();
            let key = keys.get(&id).unwrap().clone();
            keys.insert(other.clone(), key);
        }),
        ("missing key", &|signed| {
            signed["keys"].as_object_mut().unwrap().remove(&id);
        }),
        ("threshold", &|signed| {
            signed["x-aecp-roles"]["releases"]["threshold"] = 0.into()
        }),
        ("repeated key", &|signed| {
            let keys = signed["x-aecp-roles"]["releases"]["keyids"]
                .as_array_mut()
                .unwrap();
            keys.push(keys[0].clone());
        }),
        ("role", &|signed| {
            signed["x-aecp-roles"]
                .as_object_mut()
                .unwrap()
                .remove("break-glass");
        }),
        ("freshness", &|signed| {
            signed.as_object_mut().unwrap().remove("x-aecp-freshness-period");
        }),
    ];
    for (rule, edit) in broken {
        let error = edited(edit).map(|root| root.version()).unwrap_err();
        assert!(
            !matches!(error, RootError::UnderThreshold { .. }),
            "{rule}: {error}"
        );
    }
}

/// Root `version`, by the root key `to` alone, signed by that of the version before too.
fn rotated(version: u64, from: u8, to: u8) -> Vec<u8> {
    signed(builder(version, quorum(1, &[to])), &[from, to])
}

#[test]
fn a_chain_follows_every_version_and_passes_over_what_it_knows() {
    let first = signed(builder(1, quorum(1, &[1])), &[1]);
    let (second, third) = (rotated(2, 1, 2), rotated(3, 2, 3));
    let mut chain = RootChain::new(&first).unwrap();
    assert_eq!(chain.newest().version(), 1);
    assert_eq!(chain.advance([&first, &second, &third]).unwrap(), 2);
    assert_eq!(chain.advance([&second, &third]).unwrap(), 0);
    assert_eq!(*chain.newest().quorum(Role::Root), quorum(1, &[3]));
    let published: Vec<u64> = chain.to_publish().map(TrustRoot::version).collect();
    assert_eq!(published, [2, 3]);
    // Who starts later follows from there, and can tell others from there on.
    let mut later = RootChain::new(&second).unwrap();
    assert_eq!(later.advance([&second, &third]).unwrap(), 1);
    assert_eq!(later.newest(), chain.newest());
    assert_eq!(later.to_publish().count(), 2);
}

#[test]
fn a_chain_with_a_wrong_root_stays_as_it_was() {
    let first = signed(builder(1, quorum(1, &[1])), &[1]);
    let second = rotated(2, 1, 2);
    let mut chain = RootChain::new(&first).unwrap();
    let skips = [second.clone(), rotated(4, 2, 3)];
    assert!(matches!(
        chain.advance(skips),
        Err(RootError::Version { current: 2, given: 4 })
    ));
    let stranger = [second.clone(), rotated(3, 7, 8)];
    assert!(matches!(
        chain.advance(stranger),
        Err(RootError::UnderThreshold { .. })
    ));
    assert!(chain.advance([second.as_slice(), b"{}"]).is_err());
    assert_eq!(chain.newest().version(), 1);
    // Another root of a version that was decided upon changes nothing.
    assert_eq!(chain.advance([&second]).unwrap(), 1);
    assert_eq!(chain.advance([rotated(2, 1, 9)]).unwrap(), 0);
    assert_eq!(*chain.newest().quorum(Role::Root), quorum(1, &[2]));
}

#[test]
fn freshness_can_be_off() {
    let off = signed(builder(1, quorum(1, &[1])).freshness_period(None), &[1]);
    assert_eq!(TrustRoot::parse(&off, now()).unwrap().freshness_period(), None);
    assert!(
        String::from_utf8(off)
            .unwrap()
            .contains("\"x-aecp-freshness-period\": \"off\"")
    );
}

#[test]
fn what_follows_a_root_is_like_it_but_for_what_was_changed() {
    let root = TrustRoot::parse(&signed(builder(1, quorum(1, &[1, 2])), &[1]), now()).unwrap();
    let mut next = RootBuilder::after(&root, root.expires()).unwrap();
    assert_eq!(
        next.revoke(key(1).public_key().id()).unwrap().first(),
        Some(&Role::Root)
    );
    let mut document = next.build().unwrap();
    let lacks = |document: &RootDocument| {
        document
            .missing(Some(&root))
            .unwrap()
            .map(|missing| missing.to_string())
    };
    assert!(
        lacks(&document)
            .unwrap()
            .starts_with("0 of the root keys of version 1 have signed, 1 are needed (not yet: ")
    );
    document.sign(&key(1)).unwrap();
    assert!(
        lacks(&document)
            .unwrap()
            .contains("0 of the root keys of version 2 have signed, 1 are needed")
    );
    document.sign(&key(2)).unwrap();
    assert_eq!(lacks(&document), None);
    let next = root.advance(&document.to_json().unwrap(), now()).unwrap();
    assert_eq!((next.version(), next.quorum(Role::Root)), (2, &quorum(1, &[2])));
}

#[test]
fn the_last_key_of_a_role_is_not_revoked() {
    let root = TrustRoot::parse(&signed(builder(1, quorum(1, &[1])), &[1]), now()).unwrap();
    let mut next = RootBuilder::after(&root, root.expires()).unwrap();
    let error = next.revoke(key(1).public_key().id()).unwrap_err().to_string();
    assert!(
        error.contains("role `root`") && error.contains("0 keys"),
        "{error}"
    );
}
