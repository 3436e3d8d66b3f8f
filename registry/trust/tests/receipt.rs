//! What an enforcement point says that it runs, by the word of the key that its enrolment names.

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
use aecp_trust::handover::Answer;
use aecp_trust::receipt::{Outcome, Receipt, ReceiptError, offered};
use aecp_trust::statement::{Statement, StatementError, Subject};
use aecp_trust::{Digest, Envelope, Role};
use common::*;

/// The seed of the receipt key.
const RECEIPTS: u8 = 70;

fn enrolment() -> Enrolment {
    Enrolment {
        name: "edge-1".into(),
        labels: BTreeMap::new(),
        log_key: "edge-1+12345678+AQ==".into(),
        receipt_key: key(RECEIPTS).public_key().clone(),
    }
}

fn receipt() -> Receipt {
    Receipt {
        enforcement_point: "edge-1".into(),
        bundle: Digest::of(b"bundle"),
        time: time("2030-01-10T00:00:00Z"),
        outcome: Outcome::Activated { epoch: 7 },
        trust_root_version: 2,
    }
}

#[test]
fn it_holds_by_the_receipt_key_of_the_enrolment_alone() {
    let sealed = receipt().seal(&key(RECEIPTS)).unwrap();
    assert_eq!(Receipt::open(&sealed, &enrolment()).unwrap(), receipt());
    for seed in Role::ALL.map(|role| seeds(role)[0]).into_iter().chain([STRANGER]) {
        let sealed = receipt().seal(&key(seed)).unwrap();
        let error = Receipt::open(&sealed, &enrolment()).unwrap_err();
        assert!(
            matches!(error, ReceiptError::Statement(StatementError::Envelope(_))),
            "{error}"
        );
    }
}

#[test]
fn one_of_another_enforcement_point_is_none_of_this() {
    let sealed = receipt().seal(&key(RECEIPTS)).unwrap();
    let other = Enrolment {
        name: "edge-2".into(),
        ..enrolment()
    };
    let error = Receipt::open(&sealed, &other).unwrap_err();
    assert!(matches!(error, ReceiptError::OtherPoint { .. }), "{error}");
    assert!(
        error.to_string().contains("edge-1") && error.to_string().contains("edge-2"),
        "{error}"
    );
}

#[test]
fn its_subject_is_the_bundle_that_it_speaks_of() {
    for subjects in [
        vec![Subject::new("bundle", Digest::of(b"another"))],
        vec![],
        vec![
            Subject::new("bundle", Digest::of(b"bundle")),
            Subject::new("bundle", Digest::of(b"another")),
        ],
    ] {
        let sealed = Statement::new(subjects, receipt())
            .seal(&[&key(RECEIPTS)])
            .unwrap();
        let error = Receipt::open(&sealed.to_json().unwrap(), &enrolment()).unwrap_err();
        assert!(matches!(error, ReceiptError::OtherBundle(_)), "{error}");
    }
}

#[test]
fn what_else_the_key_has_signed_is_no_receipt() {
    let sealed = enrolment().seal(&[&key(RECEIPTS)]).unwrap();
    let error = Receipt::open(&sealed, &enrolment()).unwrap_err();
    assert!(
        matches!(error, ReceiptError::Statement(StatementError::Type { .. })),
        "{error}"
    );
}

#[test]
fn no_byte_of_it_can_be_changed() {
    let sealed = receipt().seal(&key(RECEIPTS)).unwrap();
    for at in 0..sealed.len() {
        let mut flipped = sealed.clone();
        flipped[at] ^= 1;
        // A key id is a hint, and not signed.
        if let Ok(opened) = Receipt::open(&flipped, &enrolment()) {
            assert_eq!(opened, receipt(), "byte {at}");
        }
    }
}

#[test]
fn it_says_what_the_gateway_answered() {
    let bundle = Digest::of(b"bundle");
    let refused = || ("rollback".to_owned(), "epoch 6 is older".to_owned());
    let at = time("2030-01-10T00:00:00Z");
    let trust_root = 2;
    let activated = Answer::Activated {
        bundle,
        epoch: 7,
        trust_root,
    };
    assert_eq!(Receipt::new("edge-1", bundle, at, &activated), receipt());
    let unchanged = Answer::Unchanged {
        bundle,
        epoch: 7,
        trust_root,
    };
    let said = Receipt::new("edge-1", bundle, at, &unchanged);
    assert_eq!(
        (said.epoch(), said.outcome),
        (Some(7), Outcome::Unchanged { epoch: 7 })
    );
    let (code, reason) = refused();
    let answer = Answer::Refused {
        code,
        reason,
        trust_root,
    };
    let said = Receipt::new("edge-1", Digest::of(b"offered"), at, &answer);
    let (code, reason) = refused();
    assert_eq!((said.bundle, said.epoch()), (Digest::of(b"offered"), None));
    assert_eq!(said.outcome, Outcome::Refused { code, reason });
}

#[test]
fn what_was_offered_is_named_as_bundles_are() {
    let envelope = Envelope::new(b"statement".to_vec());
    assert_eq!(offered(b"no envelope"), Digest::of(b"no envelope"));
    let mut signed = envelope;
    signed.sign(&key(RECEIPTS)).unwrap();
    assert_eq!(offered(&signed.to_json().unwrap()), Digest::of(b"statement"));
}
