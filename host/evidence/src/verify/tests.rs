#![allow(clippy::arithmetic_side_effects)]

use std::path::PathBuf;

use aecp_vocabulary::Verdict;
use proptest::prelude::*;

use super::*;
use crate::checkpoint::LogSigner;
use crate::leaf::{Event, Lifecycle, LifecycleKind};
use crate::recorder::Recorder;
use crate::segment::SegmentId;
use crate::testing::*;

fn check(evidence: &Path) -> Result<Report, VerifyError> {
    verify(evidence, &signer().verifier(), None)
}

fn note(evidence: &Path) -> String {
    std::fs::read_to_string(evidence.join("checkpoint")).unwrap()
}

/// The files that the checkpoint covers, and itself.
fn signed_files(evidence: &Path) -> Vec<PathBuf> {
    let signed = |path: &PathBuf| path.starts_with("tile") || path == Path::new("checkpoint");
    files(evidence).into_iter().filter(signed).collect()
}

/// Changes a file, and gives what verification says of it; the file is as before afterwards.
fn complaint(evidence: &Path, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Option<String> {
    let file = evidence.join(path);
    let before = std::fs::read(&file).unwrap();
    let mut after = before.clone();
    change(&mut after);
    assert_ne!(before, after);
    std::fs::write(&file, after).unwrap();
    let result = check(evidence);
    std::fs::write(&file, before).unwrap();
    result.err().map(|error| error.to_string())
}

/// A log whose leaves are these events of one writer.
fn log_of(events: &[Event]) -> tempfile::TempDir {
    let evidence = tempfile::tempdir().unwrap();
    let id = SegmentId {
        writer: writer(1),
        number: 0,
    };
    let frames = (0..)
        .zip(events)
        .map(|(sequence, event)| (sequence, bytes(id.writer, sequence, event)));
    std::fs::write(segment_path(evidence.path(), id), segment_bytes(id, frames)).unwrap();
    Recorder::open(evidence.path(), signer(), eager())
        .unwrap()
        .step_at(1)
        .unwrap();
    evidence
}

#[test]
fn a_log_as_it_was_signed_is_reported() {
    let evidence = signed_log(601);
    let report = check(evidence.path()).unwrap();
    assert_eq!(
        (report.origin.as_str(), report.size, report.writers),
        (LOG, 601, 1)
    );
    assert_eq!(
        (report.allowed, report.outcomes, report.denied, report.lifecycles),
        (301, 300, 0, 0)
    );
    assert_eq!(
        report.open,
        [Position {
            writer: writer(1),
            sequence: 600
        }]
    );
    assert_eq!((report.unsigned_frames, report.beyond_checkpoint), (0, 0));
    assert_eq!(check(signed_log(0).path()).unwrap().size, 0);
}

#[test]
fn any_changed_byte_of_a_small_log_is_noticed_and_its_file_named() {
    let evidence = signed_log(3);
    let files = signed_files(evidence.path());
    assert_eq!(files.len(), 3, "{files:?}");
    for path in files {
        for at in 0..std::fs::read(evidence.path().join(&path)).unwrap().len() {
            for flip in [0x01, 0x80, 0xff] {
                let complaint = complaint(evidence.path(), &path, |bytes| bytes[at] ^= flip);
                let complaint = complaint.unwrap_or_else(|| panic!("byte {at} of {}", path.display()));
                assert!(
                    complaint.contains(&format!("`{}`", path.display())),
                    "{complaint}"
                );
            }
        }
    }
    check(evidence.path()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_changed_missing_or_added_byte_of_a_larger_log_is_noticed(
        file in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
        tail in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let evidence = LARGER.get_or_init(|| signed_log(520)).path();
        // Many tests share it, so each works on a copy.
        let evidence = copy(evidence);
        let files = signed_files(evidence.path());
        prop_assert_eq!(files.len(), 8, "{:?}", files);
        let path = file.get(&files);
        let named = format!("`{}`", path.display());
        let changed = complaint(evidence.path(), path, |bytes| { let at = at.index(bytes.len()); bytes[at] ^= flip; });
        prop_assert!(changed.as_ref().is_some_and(|error| error.contains(&named)), "{:?}", changed);
        let cut = complaint(evidence.path(), path, |bytes| bytes.truncate(at.index(bytes.len())));
        prop_assert!(cut.as_ref().is_some_and(|error| error.contains(&named)), "{:?}", cut);
        let longer = complaint(evidence.path(), path, |bytes| bytes.extend(tail));
        prop_assert!(longer.as_ref().is_some_and(|error| error.contains(&named)), "{:?}", longer);
        std::fs::remove_file(evidence.path().join(path)).unwrap();
        let gone = check(evidence.path()).err().map(|error| error.to_string());
        prop_assert!(gone.as_ref().is_some_and(|error| error.contains(&named)), "{:?}", gone);
    }
}

static LARGER: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();

#[test]
fn swapped_files_are_noticed() {
    let evidence = signed_log(520);
    let swap = |one: &str, other: &str| {
        let (one, other) = (evidence.path().join(one), evidence.path().join(other));
        let (first, second) = (std::fs::read(&one).unwrap(), std::fs::read(&other).unwrap());
        std::fs::write(one, second).unwrap();
        std::fs::write(other, first).unwrap();
    };
    for (one, other) in [
        ("tile/0/000", "tile/0/001"),
        ("tile/entries/000", "tile/entries/001"),
    ] {
        swap(one, other);
        let error = check(evidence.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("`{one}`")), "{error}");
        swap(one, other);
    }
    check(evidence.path()).unwrap();
}

#[test]
fn entries_and_tiles_that_were_rewritten_together_do_not_have_the_signed_root() {
    let evidence = signed_log(3);
    let other = log_of(&[
        intent("a", Verdict::Deny),
        intent("b", Verdict::Deny),
        intent("c", Verdict::Deny),
    ]);
    std::fs::copy(
        evidence.path().join("checkpoint"),
        other.path().join("checkpoint"),
    )
    .unwrap();
    assert!(matches!(check(other.path()), Err(VerifyError::Root)));
}

#[test]
fn an_earlier_checkpoint_must_be_a_beginning_of_the_log() {
    let evidence = signed_log(300);
    let key = signer().verifier();
    let before = note(evidence.path());
    dead_segment(evidence.path(), 2, 0..10);
    Recorder::open(evidence.path(), signer(), eager())
        .unwrap()
        .step_at(1)
        .unwrap();
    assert_eq!(verify(evidence.path(), &key, Some(&before)).unwrap().size, 310);
    verify(evidence.path(), &key, Some(&note(evidence.path()))).unwrap();
    verify(evidence.path(), &key, Some(&note(signed_log(0).path()))).unwrap();

    let longer = note(signed_log(320).path());
    let shrunk = verify(evidence.path(), &key, Some(&longer));
    assert!(matches!(
        shrunk,
        Err(VerifyError::Shrunk {
            size: 310,
            earlier: 320
        })
    ));
    let fork = note(log_of(&[intent("x", Verdict::Deny)]).path());
    assert!(matches!(
        verify(evidence.path(), &key, Some(&fork)),
        Err(VerifyError::Forked { earlier: 1 })
    ));
    let unsigned = before.replacen("300", "299", 1);
    assert!(matches!(
        verify(evidence.path(), &key, Some(&unsigned)),
        Err(VerifyError::EarlierCheckpoint(_))
    ));
}

#[test]
fn another_key_verifies_nothing() {
    let evidence = signed_log(3);
    let other = LogSigner::from_seed(LOG, &[9; 32]).unwrap().verifier();
    assert!(matches!(
        verify(evidence.path(), &other, None),
        Err(VerifyError::Checkpoint(_))
    ));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(check(empty.path()), Err(VerifyError::Unreadable { .. })));
}

#[test]
fn the_unsigned_tail_is_counted_and_not_judged() {
    let evidence = signed_log(10);
    let id = SegmentId {
        writer: writer(1),
        number: 1,
    };
    let mut tail = segment_bytes(id, (8..13).map(|sequence| (sequence, leaf(id.writer, sequence))));
    tail.extend([0, 0, 1, 0, 7]);
    std::fs::write(segment_path(evidence.path(), id), tail).unwrap();
    let report = check(evidence.path()).unwrap();
    assert_eq!(
        report.unsigned_frames, 3,
        "two of the five are under the checkpoint"
    );
    assert_eq!(report.incomplete, [(format!("segments/{}", id.file_name()), 5)]);
}

#[test]
fn files_that_no_log_has_are_named() {
    let evidence = signed_log(3);
    std::fs::write(evidence.path().join("tile/0/notes.txt"), "x").unwrap();
    let error = check(evidence.path()).unwrap_err();
    assert!(
        matches!(&error, VerifyError::Unexpected { path } if path == "tile/0/notes.txt"),
        "{error}"
    );
    std::fs::remove_file(evidence.path().join("tile/0/notes.txt")).unwrap();
    // Narrower and wider ones must agree as far as the log goes.
    let tile = std::fs::read(evidence.path().join("tile/0/000.p/3")).unwrap();
    std::fs::write(evidence.path().join("tile/0/000.p/2"), &tile[..64]).unwrap();
    std::fs::write(
        evidence.path().join("tile/0/000.p/4"),
        [&tile[..], &[0; 32]].concat(),
    )
    .unwrap();
    assert_eq!(check(evidence.path()).unwrap().beyond_checkpoint, 1);
    std::fs::write(evidence.path().join("tile/0/000.p/2"), &tile[32..]).unwrap();
    assert!(
        check(evidence.path())
            .unwrap_err()
            .to_string()
            .contains("`tile/0/000.p/2`")
    );
}

#[test]
fn an_outcome_needs_an_intent_that_waits_for_it() {
    let position = |sequence| Position {
        writer: writer(1),
        sequence,
    };
    let allow = || intent("r", Verdict::Allow);
    let bad: [&[Event]; 4] = [
        &[outcome(position(7))],
        &[intent("r", Verdict::Deny), outcome(position(0))],
        &[allow(), outcome(position(0)), outcome(position(0))],
        &[
            allow(),
            outcome(Position {
                writer: writer(2),
                sequence: 0,
            }),
        ],
    ];
    for events in bad {
        let evidence = log_of(events);
        let error = check(evidence.path()).unwrap_err().to_string();
        let place = format!(
            "`tile/entries/000.p/{}`, entry {}",
            events.len(),
            events.len() - 1
        );
        assert!(error.starts_with(&place) && error.contains("OUTCOME"), "{error}");
    }
    assert!(
        check(log_of(&[allow(), outcome(position(0))]).path())
            .unwrap()
            .open
            .is_empty()
    );
}

#[test]
fn a_gap_that_nobody_announced_is_noticed() {
    let mut sense = Sense::default();
    let at = |sequence| Leaf::decode(&leaf(writer(1), sequence)).unwrap();
    sense.add(&at(0)).unwrap();
    assert!(sense.add(&at(2)).unwrap_err().contains("sequence 2, expected 1"));
    let gap = |by: u8, sequence, first, next| {
        let gap = Some(Gap {
            writer: writer(1),
            first,
            next,
        });
        let kind = LifecycleKind::SequenceGap;
        let event = Lifecycle {
            kind,
            subject: String::new(),
            detail: String::new(),
            bundle: None,
            gap,
        };
        Leaf::decode(&bytes(writer(by), sequence, &Event::Lifecycle(event))).unwrap()
    };
    sense.add(&gap(9, 0, 1, 4)).unwrap();
    sense.add(&at(4)).unwrap();
    // The outcome of an intent that is lost.
    let lost = Position {
        writer: writer(1),
        sequence: 2,
    };
    sense
        .add(&Leaf::decode(&bytes(writer(1), 5, &outcome(lost))).unwrap())
        .unwrap();
    assert!(
        sense.add(&gap(9, 1, 2, 9)).is_err(),
        "it does not begin where the writer stands"
    );
    assert!(
        sense.add(&gap(8, 0, 6, 9)).is_err(),
        "only one writer announces gaps"
    );
}
