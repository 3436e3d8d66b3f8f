#![allow(clippy::arithmetic_side_effects)]

use std::collections::BTreeMap;

use aecp_vocabulary::{AuditClass, Verdict};

use super::*;
use crate::journal::{Journal, JournalLimits};
use crate::leaf::{Draft, Event, Leaf, LifecycleKind, Position};
use crate::segment::{LEAF_FRAME_LIMIT, SegmentId};
use crate::testing::*;
use crate::verify::verify;

fn open(evidence: &Path) -> Recorder {
    Recorder::open(evidence, signer(), eager()).unwrap()
}

fn note(evidence: &Path) -> String {
    std::fs::read_to_string(evidence.join(checkpoint::FILE)).unwrap()
}

fn announced(evidence: &Path) -> Vec<Lifecycle> {
    let lifecycle = |leaf: Leaf| match leaf.event {
        Event::Lifecycle(lifecycle) => Some(lifecycle),
        _ => None,
    };
    read_leaves(evidence).into_iter().filter_map(lifecycle).collect()
}

#[test]
fn what_journals_took_is_in_the_log_and_verifies() {
    let evidence = tempfile::tempdir().unwrap();
    let mut recorder = open(evidence.path());
    let journals: Vec<_> = (0..2)
        .map(|_| Journal::open(evidence.path(), JournalLimits::default()).unwrap())
        .collect();
    for number in 0..300 {
        let journal = &journals[number % 2];
        let draft = Draft::new(1, LOG, &intent(&format!("r-{number}"), Verdict::Allow)).unwrap();
        let receipt = journal.record(AuditClass::Required, &draft, &[]).unwrap();
        let draft = Draft::new(2, LOG, &outcome(receipt.position())).unwrap();
        journal.record(AuditClass::Ordinary, &draft, &[]).unwrap();
        if number == 100 {
            recorder.step().unwrap();
        }
    }
    for journal in journals {
        journal.close().unwrap();
    }
    assert_eq!(recorder.step().unwrap().size, 600);
    let report = verify(evidence.path(), &signer().verifier(), None).unwrap();
    assert_eq!(
        (
            report.allowed,
            report.outcomes,
            report.open.len(),
            report.unsigned_frames
        ),
        (300, 300, 0, 0)
    );
    assert_eq!(
        recorder.step().unwrap(),
        Progress {
            size: 600,
            ..Progress::default()
        }
    );
    assert_eq!(
        recorder
            .entries(250, 10)
            .unwrap()
            .first()
            .map(|(index, _)| *index),
        Some(250)
    );
    assert_eq!(recorder.entries(0, usize::MAX).unwrap().len(), 600);
    assert_eq!(recorder.entries(600, 5).unwrap().len(), 0);
}

#[test]
fn wherever_a_crash_cut_the_last_frame_all_before_it_is_kept_and_the_loss_is_announced() {
    let id = SegmentId {
        writer: writer(1),
        number: 0,
    };
    let whole = segment_bytes(id, (0..2).map(|sequence| (sequence, leaf(id.writer, sequence))));
    let short = segment_bytes(id, [(0, leaf(id.writer, 0))]).len();
    for length in short..whole.len() {
        let evidence = tempfile::tempdir().unwrap();
        std::fs::write(segment_path(evidence.path(), id), &whole[..length]).unwrap();
        let mut recorder = open(evidence.path());
        let progress = recorder.step_at(1).unwrap();
        // Zeros at the end are room that was allocated ahead.
        let cut = &whole[short..length];
        let lost = cut.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        assert_eq!(progress.size, 1 + u64::from(lost > 0), "cut at {length}");
        if lost > 0 {
            assert_eq!(progress.announced[0].kind, LifecycleKind::SegmentRecovered);
            assert!(progress.announced[0].detail.starts_with(&format!("{lost} bytes")));
        }
        verify(evidence.path(), &signer().verifier(), None).unwrap();
    }
}

#[test]
fn damage_far_from_the_end_of_a_segment_is_announced_and_does_not_stop_the_log() {
    let id = SegmentId {
        writer: writer(1),
        number: 0,
    };
    for damage in [0x00, 0xff] {
        let evidence = tempfile::tempdir().unwrap();
        let mut bytes = segment_bytes(id, [(0, leaf(id.writer, 0))]);
        bytes.resize(bytes.len() + 3 * LEAF_FRAME_LIMIT, damage);
        bytes.push(1);
        std::fs::write(segment_path(evidence.path(), id), &bytes).unwrap();
        let limits = RecorderLimits {
            step_bytes: 1,
            ..eager()
        };
        let mut recorder = Recorder::open(evidence.path(), signer(), limits).unwrap();
        let mut announced = Vec::new();
        for _ in 0..3 {
            announced.extend(recorder.step_at(1).unwrap().announced);
        }
        let kinds: Vec<_> = announced.into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [LifecycleKind::SegmentRecovered], "{damage:x}");
        assert!(!recorder.step_at(1).unwrap().more);
    }
}

#[test]
fn a_live_writer_is_waited_for_in_the_middle_of_a_frame() {
    let evidence = tempfile::tempdir().unwrap();
    let id = SegmentId {
        writer: writer(1),
        number: 0,
    };
    let whole = segment_bytes(id, (0..2).map(|sequence| (sequence, leaf(id.writer, sequence))));
    let path = segment_path(evidence.path(), id);
    std::fs::write(&path, &whole[..whole.len() - 9]).unwrap();
    let live = File::open(&path).unwrap();
    live.lock().unwrap();
    let mut recorder = open(evidence.path());
    assert_eq!(
        recorder.step_at(1).unwrap(),
        Progress {
            merged: 1,
            size: 1,
            ..Progress::default()
        }
    );
    assert_eq!(recorder.step_at(1).unwrap().merged, 0);
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(recorder.step_at(1).unwrap().size, 2);
    assert!(path.exists(), "a live writer keeps its segment");
    drop(live);
    recorder.step_at(1).unwrap();
    assert!(
        !path.exists(),
        "a dead writer's segment goes when all of it is signed"
    );
    verify(evidence.path(), &signer().verifier(), None).unwrap();
}

#[test]
fn what_does_not_belong_into_the_log_is_announced_there() {
    let evidence = tempfile::tempdir().unwrap();
    let id = SegmentId {
        writer: writer(1),
        number: 0,
    };
    let gap = Lifecycle {
        kind: LifecycleKind::SequenceGap,
        subject: String::new(),
        detail: String::new(),
        bundle: None,
        gap: Some(crate::leaf::Gap {
            writer: writer(2),
            first: 0,
            next: 9,
        }),
    };
    let frames = [
        (0, leaf(id.writer, 0)),
        (3, leaf(id.writer, 4)),
        (4, b"no leaf".to_vec()),
        (5, bytes(id.writer, 5, &Event::Lifecycle(gap))),
        (2, leaf(id.writer, 2)),
        (8, leaf(id.writer, 8)),
    ];
    std::fs::write(segment_path(evidence.path(), id), segment_bytes(id, frames)).unwrap();
    let strange = SegmentId {
        writer: writer(3),
        number: 0,
    };
    std::fs::write(segment_path(evidence.path(), strange), b"not a segment").unwrap();
    let mut recorder = open(evidence.path());
    let progress = recorder.step_at(1).unwrap();
    drop(recorder);
    let kinds: Vec<_> = progress.announced.iter().map(|event| event.kind.name()).collect();
    assert_eq!(
        kinds,
        [
            "sequence_gap",
            "leaf_refused",
            "leaf_refused",
            "leaf_refused",
            "leaf_refused",
            "sequence_gap",
            "segment_lost"
        ]
    );
    assert_eq!(announced(evidence.path()), progress.announced);
    let report = verify(evidence.path(), &signer().verifier(), None).unwrap();
    let gaps: Vec<_> = report.gaps.iter().map(|gap| (gap.first, gap.next)).collect();
    assert_eq!(gaps, [(1, 3), (3, 4), (4, 5), (5, 6), (6, 8)]);
}

#[test]
fn a_segment_that_vanishes_is_announced() {
    let evidence = tempfile::tempdir().unwrap();
    let id = dead_segment(evidence.path(), 1, 0..2);
    let path = segment_path(evidence.path(), id);
    let live = File::open(&path).unwrap();
    live.lock().unwrap();
    let mut recorder = open(evidence.path());
    recorder.step_at(1).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(
        recorder.step_at(1).unwrap().announced[0].kind,
        LifecycleKind::SegmentLost
    );
}

#[test]
fn a_step_takes_no_more_than_its_share_and_says_so() {
    let evidence = tempfile::tempdir().unwrap();
    dead_segment(evidence.path(), 1, 0..900);
    dead_segment(evidence.path(), 2, 0..900);
    let limits = RecorderLimits {
        step_bytes: 10_000,
        ..eager()
    };
    let mut recorder = Recorder::open(evidence.path(), signer(), limits).unwrap();
    let mut steps = 0;
    while recorder.step_at(1).unwrap().more {
        steps += 1;
    }
    assert!(steps > 10, "{steps}");
    assert_eq!(recorder.size(), 1_800);
    drop(recorder);
    // A step leaves the tiles of the checkpoint before to whoever reads that; opening does not.
    drop(open(evidence.path()));
    let same = tempfile::tempdir().unwrap();
    dead_segment(same.path(), 1, 0..900);
    dead_segment(same.path(), 2, 0..900);
    open(same.path()).step_at(1).unwrap();
    assert_eq!(
        note(evidence.path()),
        note(same.path()),
        "the order does not depend on the steps"
    );
    assert_eq!(
        files(&evidence.path().join("tile")),
        files(&same.path().join("tile")),
        "and no tiles are left over"
    );
}

#[test]
fn the_recorder_writes_events_of_its_own() {
    let evidence = tempfile::tempdir().unwrap();
    let event = |detail: &str| match lifecycle(detail) {
        Event::Lifecycle(lifecycle) => lifecycle,
        other => panic!("{other:?}"),
    };
    for detail in ["first", "second"] {
        let mut recorder = open(evidence.path());
        recorder.note(event(detail));
        assert_eq!(recorder.step_at(1).unwrap().merged, 1);
        assert_eq!(recorder.step_at(1).unwrap().merged, 0);
    }
    assert_eq!(announced(evidence.path()), [event("first"), event("second")]);
    verify(evidence.path(), &signer().verifier(), None).unwrap();
}

#[test]
fn one_recorder_per_log() {
    let evidence = tempfile::tempdir().unwrap();
    let _first = open(evidence.path());
    let second = Recorder::open(evidence.path(), signer(), eager());
    assert!(matches!(second, Err(RecorderError::Busy { .. })));
}

#[test]
fn a_log_that_contradicts_itself_is_not_signed_again() {
    let whole = signed_log(300);
    let refusal = |damage: &dyn Fn(&Path)| {
        let evidence = copy(whole.path());
        damage(evidence.path());
        dead_segment(evidence.path(), 2, 0..3);
        let before = note(evidence.path());
        let opened = Recorder::open(evidence.path(), signer(), eager());
        assert_eq!(note(evidence.path()), before);
        opened.err().map(|error| error.to_string()).unwrap_or_default()
    };
    let flip = |name: &'static str, at: usize| {
        move |evidence: &Path| {
            let mut bytes = std::fs::read(evidence.join(name)).unwrap();
            bytes[at] ^= 1;
            std::fs::write(evidence.join(name), bytes).unwrap();
        }
    };
    assert!(
        refusal(&|evidence| std::fs::remove_file(evidence.join(STATE_FILE)).unwrap()).contains("is missing")
    );
    assert!(
        refusal(&|evidence| std::fs::write(evidence.join(STATE_FILE), "{}").unwrap())
            .contains("not a recorder's")
    );
    assert!(refusal(&flip("tile/0/001.p/44", 3)).contains("another root"));
    assert!(refusal(&flip("tile/1/000.p/1", 3)).contains("another root"));
    assert!(refusal(&flip("tile/entries/001.p/44", 30)).contains("differs from the tile"));
    assert!(refusal(&flip(checkpoint::FILE, 8)).contains("signature"));
    let shorter = signed_log(298);
    let rolled_back = refusal(&|evidence| {
        std::fs::copy(shorter.path().join(STATE_FILE), evidence.join(STATE_FILE)).unwrap();
        for path in files(&shorter.path().join("tile")) {
            let to = evidence.join("tile").join(&path);
            std::fs::copy(shorter.path().join("tile").join(path), to).unwrap();
        }
    });
    assert!(
        rolled_back.contains("the checkpoint has size 300"),
        "{rolled_back}"
    );
    let other = LogSigner::from_seed(LOG, &[6; 32]).unwrap();
    assert!(matches!(
        Recorder::open(whole.path(), other, eager()),
        Err(RecorderError::Checkpoint(_))
    ));
    let renamed = LogSigner::from_seed("other", &[5; 32]).unwrap();
    assert!(matches!(
        Recorder::open(whole.path(), renamed, eager()),
        Err(RecorderError::StateMalformed { .. })
    ));
}

/// What a step is made to crash in: a log of 250 leaves, and segments that bring it over a tile's end. One ends torn.
fn before_the_crash() -> tempfile::TempDir {
    let evidence = signed_log(250);
    dead_segment(evidence.path(), 2, 0..8);
    let id = dead_segment(evidence.path(), 3, 0..5);
    let path = segment_path(evidence.path(), id);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 3]).unwrap();
    evidence
}

fn tree(evidence: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = evidence.join("tile");
    let read = |path: PathBuf| (path.clone(), std::fs::read(folder.join(path)).unwrap());
    let leftover = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(".new-");
    files(&folder)
        .into_iter()
        .filter(|path| !leftover(path))
        .map(read)
        .collect()
}

#[test]
fn a_crash_in_any_operation_leaves_a_log_that_verifies_and_goes_on_to_the_same_tree() {
    let begin = before_the_crash();
    let run = |storage: &Faulty, evidence: &Path| -> Result<(), RecorderError> {
        let mut recorder = Recorder::open_on(Arc::new(storage.clone()), evidence, signer(), eager())?;
        recorder.step_at(7)?;
        recorder.step_at(7)?;
        Ok(())
    };
    let expected = copy(begin.path());
    let counter = Faulty::counting();
    run(&counter, expected.path()).unwrap();
    let verifier = signer().verifier();
    assert_eq!(
        verify(expected.path(), &verifier, None).unwrap().size,
        250 + 8 + 4 + 1
    );
    let operations = counter.operations();
    assert!(operations > 30, "{operations}");
    // Opening removes the tiles that only readers of the checkpoint before need.
    drop(open(expected.path()));
    let whole = tree(expected.path());

    for number in 1..=operations {
        for fault in [Fault::Before, Fault::Halfway, Fault::Blackout] {
            let evidence = copy(begin.path());
            assert!(run(&Faulty::at(number, fault), evidence.path()).is_err());
            let at = format!("operation {number}, {fault:?}");
            let earlier = note(evidence.path());
            let report = verify(evidence.path(), &verifier, Some(&note(begin.path())));
            let report = report.unwrap_or_else(|error| panic!("{at}: {error}"));
            assert!([250, 263].contains(&report.size), "{at}");
            if report.size == 250 {
                assert!(report.unsigned_frames >= 12, "{at}: nothing unsigned is removed");
            }
            run(&Faulty::counting(), evidence.path()).unwrap_or_else(|error| panic!("{at}: {error}"));
            assert_eq!(note(evidence.path()), note(expected.path()), "{at}");
            verify(evidence.path(), &verifier, Some(&earlier))
                .unwrap_or_else(|error| panic!("{at}: {error}"));
            drop(open(evidence.path()));
            let tree = tree(evidence.path());
            assert!(tree.keys().eq(whole.keys()), "{at}: {:?}", tree.keys());
            for (path, bytes) in &whole {
                assert!(tree.get(path) == Some(bytes), "{at}: {}", path.display());
            }
        }
    }
}

#[test]
fn a_crash_while_a_log_begins_is_mended_by_opening_again() {
    let counter = Faulty::counting();
    let count = tempfile::tempdir().unwrap();
    drop(Recorder::open_on(Arc::new(counter.clone()), count.path(), signer(), eager()).unwrap());
    for number in 1..=counter.operations() {
        for fault in [Fault::Before, Fault::Halfway, Fault::Blackout] {
            let evidence = tempfile::tempdir().unwrap();
            let storage = Faulty::at(number, fault);
            assert!(Recorder::open_on(Arc::new(storage), evidence.path(), signer(), eager()).is_err());
            dead_segment(evidence.path(), 1, 0..3);
            assert_eq!(
                open(evidence.path()).step_at(1).unwrap().size,
                3,
                "operation {number}, {fault:?}"
            );
            verify(evidence.path(), &signer().verifier(), None).unwrap();
        }
    }
}

#[test]
fn after_a_failed_step_the_next_one_goes_on_from_storage() {
    let begin = before_the_crash();
    let counter = Faulty::counting();
    let first = copy(begin.path());
    drop(Recorder::open_on(Arc::new(counter.clone()), first.path(), signer(), eager()).unwrap());
    let storage = Faulty::at(counter.operations() + 3, Fault::Halfway);
    let evidence = copy(begin.path());
    let mut recorder = Recorder::open_on(Arc::new(storage), evidence.path(), signer(), eager()).unwrap();
    assert!(recorder.step_at(1).is_err());
    recorder.storage = Arc::new(Disk);
    assert_eq!(recorder.step_at(1).unwrap().size, 263);
}

#[test]
fn a_position_is_shown_as_writer_and_sequence() {
    let position = Position {
        writer: writer(0xab),
        sequence: 7,
    };
    assert_eq!(position.to_string(), format!("{}:7", "ab".repeat(16)));
}
