#![allow(clippy::arithmetic_side_effects)]

use super::*;
use crate::segment::SegmentId;
use crate::testing::*;

fn lines(evidence: &Path, filter: Filter, tail: bool) -> Vec<Shown> {
    leaves(evidence, filter, tail)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// Leaves of one writer behind those that are signed.
fn add_unsigned(evidence: &Path, events: &[Event]) {
    let id = SegmentId {
        writer: writer(7),
        number: 0,
    };
    let frames = (0..)
        .zip(events)
        .map(|(sequence, event)| (sequence, bytes(id.writer, sequence, event)));
    std::fs::write(segment_path(evidence, id), segment_bytes(id, frames)).unwrap();
}

#[test]
fn signed_leaves_come_first_and_unsigned_ones_only_if_asked_for() {
    let evidence = signed_log(300);
    add_unsigned(evidence.path(), &[lifecycle("up")]);
    assert_eq!(lines(evidence.path(), Filter::default(), false).len(), 300);
    let all = lines(evidence.path(), Filter::default(), true);
    assert_eq!(all.len(), 301);
    assert_eq!((all[299].index, all[300].index), (Some(299), None));
    assert_eq!(all[299].to_json()["index"], 299);
}

#[test]
fn a_request_is_shown_with_its_outcome() {
    let evidence = signed_log(300);
    let filter = Filter {
        request_id: Some("request-270".into()),
        ..Filter::default()
    };
    let found = lines(evidence.path(), filter, true);
    assert_eq!(
        found
            .iter()
            .map(|shown| shown.leaf.position.sequence)
            .collect::<Vec<_>>(),
        [270, 271]
    );
}

#[test]
fn filters_choose_by_decision_policy_and_time() {
    let evidence = tempfile::tempdir().unwrap();
    let denied = intent("r-2", Verdict::Deny);
    add_unsigned(
        evidence.path(),
        &[lifecycle("up"), intent("r-1", Verdict::Allow), denied],
    );
    let count = |filter| lines(evidence.path(), filter, true).len();
    assert_eq!(count(Filter::default()), 3);
    assert_eq!(
        count(Filter {
            verdict: Some(Verdict::Deny),
            ..Filter::default()
        }),
        1
    );
    assert_eq!(
        count(Filter {
            policy: Some("default".into()),
            ..Filter::default()
        }),
        1
    );
    assert_eq!(
        count(Filter {
            policy: Some("other".into()),
            ..Filter::default()
        }),
        0
    );
    assert_eq!(
        count(Filter {
            since: Some(1_700_000_000_000_000_000),
            ..Filter::default()
        }),
        3
    );
    assert_eq!(
        count(Filter {
            since: Some(1_700_000_000_000_000_001),
            ..Filter::default()
        }),
        0
    );
}

#[test]
fn a_line_is_one_line_whatever_a_client_sent() {
    let evidence = tempfile::tempdir().unwrap();
    add_unsigned(evidence.path(), &[intent("evil\n\u{1b}[2Jid", Verdict::Deny)]);
    let shown = lines(evidence.path(), Filter::default(), true);
    let line = shown[0].line();
    assert!(!line.contains(['\n', '\u{1b}']), "{line}");
    assert!(
        line.contains("INTENT DENY evil\\n\\u{1b}[2Jid  default  nothing covers the request"),
        "{line}"
    );
}

#[test]
fn a_damaged_log_is_named_and_ends_the_list() {
    let evidence = signed_log(3);
    let bundle = evidence.path().join("tile/entries/000.p/3");
    let bytes = std::fs::read(&bundle).unwrap();
    std::fs::write(&bundle, &bytes[..40]).unwrap();
    let mut leaves = leaves(evidence.path(), Filter::default(), true).unwrap();
    assert!(matches!(leaves.next(), Some(Err(ShowError::Tile(_)))));
    assert!(leaves.next().is_none());
}
