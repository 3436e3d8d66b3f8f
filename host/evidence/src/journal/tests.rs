#![allow(clippy::arithmetic_side_effects)]

use std::time::Duration;

use aecp_vocabulary::Value;

use super::*;
use crate::leaf::{Event, Leaf};
use crate::personal::openings;
use crate::segment::Next;
use crate::testing::{Faulty, LOG, lifecycle};

/// Nothing goes to stable storage by itself.
fn patient() -> JournalLimits {
    JournalLimits {
        within: Duration::from_secs(3_600),
        ..JournalLimits::default()
    }
}

fn draft(detail: &str) -> Draft {
    Draft::new(0, LOG, &lifecycle(detail)).unwrap()
}

/// The details of all leaves that the kernel has, by segment.
fn details(evidence: &Path) -> Vec<Vec<String>> {
    let folder = evidence.join(segment::FOLDER);
    let mut all = Vec::new();
    for id in segment::list(&folder).unwrap() {
        let bytes = std::fs::read(folder.join(id.file_name())).unwrap();
        assert!(segment::has_header(SEGMENT_MAGIC, id, &bytes));
        let mut rest = &bytes[HEADER_BYTES..];
        let mut found = Vec::new();
        while let Next::Frame(frame) = segment::next_frame(rest) {
            let leaf = Leaf::decode(frame.payload).unwrap();
            assert_eq!(leaf.position, frame.position(id.writer));
            assert_eq!(
                frame.sequence,
                u64::try_from(all.iter().map(Vec::len).sum::<usize>() + found.len()).unwrap()
            );
            match leaf.event {
                Event::Lifecycle(lifecycle) => found.push(lifecycle.detail),
                other => panic!("{other:?}"),
            }
            rest = &rest[frame.size()..];
        }
        assert_eq!(segment::next_frame(rest), Next::End);
        all.push(found);
    }
    all
}

#[test]
fn required_leaves_are_with_the_kernel_when_append_returns_and_take_earlier_ones_along() {
    let evidence = tempfile::tempdir().unwrap();
    let journal = Journal::open(evidence.path(), patient()).unwrap();
    journal.record(AuditClass::Ordinary, &draft("a"), &[]).unwrap();
    assert_eq!(details(evidence.path()), [Vec::<String>::new()]);
    journal.record(AuditClass::Required, &draft("b"), &[]).unwrap();
    assert_eq!(details(evidence.path()), [["a", "b"]]);
    journal.record(AuditClass::Ordinary, &draft("c"), &[]).unwrap();
    journal.close().unwrap();
    assert_eq!(details(evidence.path()), [["a", "b", "c"]]);
}

#[tokio::test]
async fn a_durable_leaf_does_not_wait_for_the_delay() {
    let evidence = tempfile::tempdir().unwrap();
    let storage = Faulty::counting();
    let journal = Journal::open_on(Arc::new(storage.clone()), evidence.path(), patient()).unwrap();
    let first = journal.record(AuditClass::Ordinary, &draft("a"), &[]).unwrap();
    journal
        .record(AuditClass::Durable, &draft("b"), &[])
        .unwrap()
        .on_disk()
        .await
        .unwrap();
    first.on_disk().await.unwrap();
    assert_eq!(details(evidence.path()), [["a", "b"]]);
}

#[test]
fn many_threads_get_one_gapless_sequence_across_segments() {
    let evidence = tempfile::tempdir().unwrap();
    let limits = JournalLimits {
        segment_bytes: 20_000,
        buffer_bytes: 1_000,
        ..JournalLimits::default()
    };
    let journal = Journal::open(evidence.path(), limits).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let journal = &journal;
            scope.spawn(move || {
                let classes = [AuditClass::Ordinary, AuditClass::Required, AuditClass::Durable];
                for number in 0..250 {
                    let class = classes[(thread + number) % 3];
                    journal
                        .record(class, &draft(&format!("{thread}/{number}")), &[])
                        .unwrap();
                }
            });
        }
    });
    journal.close().unwrap();
    let segments = details(evidence.path());
    assert!(segments.len() > 5, "{} segments", segments.len());
    let mut all: Vec<_> = segments.concat();
    assert_eq!(all.len(), 2_000);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 2_000);
}

#[test]
fn a_leaf_that_could_not_be_built_leaves_no_gap() {
    let evidence = tempfile::tempdir().unwrap();
    let journal = Journal::open(evidence.path(), patient()).unwrap();
    let failed = journal.append(AuditClass::Required, |_| {
        Err(LeafError::TooLarge { bytes: 70_000 })
    });
    assert!(matches!(failed, Err(JournalError::Leaf(_))));
    let large = journal.append(AuditClass::Required, |_| Ok(vec![0; LEAF_LIMIT + 1]));
    assert!(matches!(
        large,
        Err(JournalError::Leaf(LeafError::TooLarge { .. }))
    ));
    let receipt = journal.record(AuditClass::Required, &draft("a"), &[]).unwrap();
    assert_eq!(
        receipt.position(),
        Position {
            writer: journal.writer(),
            sequence: 0
        }
    );
}

#[tokio::test]
async fn a_failed_sync_breaks_the_journal_for_good() {
    let evidence = tempfile::tempdir().unwrap();
    // The first sync is that of the new segment's header.
    let storage = Faulty::at_nth("sync_log", 2);
    let journal = Journal::open_on(Arc::new(storage), evidence.path(), patient()).unwrap();
    let receipt = journal.record(AuditClass::Durable, &draft("a"), &[]).unwrap();
    let failed = receipt.on_disk().await;
    assert!(
        matches!(&failed, Err(JournalError::Broken { cause }) if cause.contains("sync failed")),
        "{failed:?}"
    );
    for class in [AuditClass::Ordinary, AuditClass::Required, AuditClass::Durable] {
        assert!(matches!(
            journal.record(class, &draft("b"), &[]),
            Err(JournalError::Broken { .. })
        ));
    }
    assert!(matches!(journal.room().await, Err(JournalError::Broken { .. })));
    assert!(journal.close().is_err());
}

#[test]
fn a_failed_write_is_told_at_once_and_breaks_the_journal() {
    let evidence = tempfile::tempdir().unwrap();
    let storage = Faulty::at_nth("append", 3);
    let journal = Journal::open_on(Arc::new(storage), evidence.path(), patient()).unwrap();
    journal.record(AuditClass::Required, &draft("a"), &[]).unwrap();
    let failed = journal.record(AuditClass::Required, &draft("b"), &[]);
    assert!(matches!(failed, Err(JournalError::Broken { .. })));
    assert!(matches!(journal.broken(), Some(JournalError::Broken { .. })));
    assert_eq!(details(evidence.path()), [["a"]]);
}

#[tokio::test]
async fn when_the_window_is_full_nothing_is_taken_until_there_is_room() {
    let evidence = tempfile::tempdir().unwrap();
    let storage = Faulty::counting();
    let limits = JournalLimits {
        window_bytes: 1_000,
        sync_bytes: 500,
        ..patient()
    };
    let journal = Journal::open_on(Arc::new(storage.clone()), evidence.path(), limits).unwrap();
    storage.hold_syncs();
    let mut taken = 0;
    let refused = loop {
        match journal.record(AuditClass::Required, &draft("a"), &[]) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refused, JournalError::WindowFull { bytes } if bytes >= 1_000),
        "{refused:?}"
    );
    storage.release();
    journal.room().await.unwrap();
    journal.record(AuditClass::Required, &draft("b"), &[]).unwrap();
    journal.close().unwrap();
    assert_eq!(details(evidence.path()).concat().len(), taken + 1);
}

#[test]
fn personal_values_are_in_the_side_store_before_their_commitment_is_in_the_log() {
    let evidence = tempfile::tempdir().unwrap();
    let limits = JournalLimits {
        segment_bytes: 400,
        ..patient()
    };
    let journal = Journal::open(evidence.path(), limits).unwrap();
    let person =
        |number: u64| Opening::new("identity.mail", Value::Integer(number.try_into().unwrap())).unwrap();
    let mut given = Vec::new();
    for number in 0..6 {
        let opening = person(number);
        let receipt = journal
            .record(AuditClass::Required, &draft("a"), std::slice::from_ref(&opening))
            .unwrap();
        given.push((receipt.position(), opening));
    }
    for (position, opening) in given {
        assert_eq!(
            openings(evidence.path(), position.writer, position.sequence).unwrap(),
            [opening]
        );
    }
    assert!(details(evidence.path()).len() > 1);

    let evidence = tempfile::tempdir().unwrap();
    // Appends: header of the segment, header of the side store, the opening.
    let storage = Faulty::at_nth("append", 3);
    let journal = Journal::open_on(Arc::new(storage), evidence.path(), patient()).unwrap();
    assert!(
        journal
            .record(AuditClass::Required, &draft("a"), &[person(0)])
            .is_err()
    );
    assert_eq!(
        details(evidence.path()),
        [Vec::<String>::new()],
        "no leaf without its opening"
    );
}
