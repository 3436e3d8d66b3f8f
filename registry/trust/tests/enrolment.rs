//! Who an enforcement point is, by the word of the enrolment role.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]
// What it shares with the other tests is more than it needs.
#![allow(dead_code)]

mod common;

use std::collections::BTreeMap;

use aecp_trust::enrolment::Enrolment;
use aecp_trust::statement::{Statement, Subject};
use aecp_trust::{Digest, Role, Signer};
use common::*;

fn enrolment() -> Enrolment {
    Enrolment {
        name: "edge-1".into(),
        labels: BTreeMap::from([("region".into(), "eu".into())]),
        log_key: "edge-1+12345678+AQ==".into(),
        receipt_key: key(70).public_key().clone(),
    }
}

#[test]
fn it_holds_by_the_enrolment_role_alone() {
    let root = root(1);
    for role in Role::ALL {
        let key = key(seeds(role)[1]);
        let sealed = enrolment().seal(&[&key]).unwrap();
        let opened = Enrolment::open(&sealed, &root);
        if role == Role::Enrolment {
            assert_eq!(opened.unwrap(), enrolment());
        } else {
            assert!(opened.is_err(), "{role}");
        }
    }
}

#[test]
fn it_names_someone_and_is_about_the_receipt_key() {
    let root = root(1);
    let key = key(40);
    let signers: [&dyn Signer; 1] = [&key];
    let nobody = Enrolment {
        name: String::new(),
        ..enrolment()
    };
    assert!(Enrolment::open(&nobody.seal(&signers).unwrap(), &root).is_err());
    let subject = vec![Subject::new("edge-1", Digest::of(b"another"))];
    let sealed = Statement::new(subject, enrolment())
        .seal(&signers)
        .unwrap()
        .to_json()
        .unwrap();
    assert!(Enrolment::open(&sealed, &root).is_err());
    let mut flipped = enrolment().seal(&signers).unwrap();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    assert!(Enrolment::open(&flipped, &root).is_err());
}
