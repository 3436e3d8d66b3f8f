use std::collections::VecDeque;
use std::sync::Mutex;

use aecp_engine::Failure;
use aecp_evidence::recorder::RecorderLimits;
use aecp_evidence::{Draft, Event, Journal, JournalLimits, Lifecycle, LifecycleKind, LogSigner};
use aecp_vocabulary::{AuditClass, Digest};

use super::*;

/// Takes what its answers say, and everything when there are none left.
struct Scripted {
    most: usize,
    answers: Mutex<VecDeque<Result<usize, DeliveryError>>>,
    batches: Mutex<Vec<Vec<Entry>>>,
}

impl Scripted {
    fn new(most: usize, answers: impl IntoIterator<Item = Result<usize, DeliveryError>>) -> Arc<Self> {
        Arc::new(Self {
            most,
            answers: Mutex::new(answers.into_iter().collect()),
            batches: Mutex::default(),
        })
    }

    fn indexes(&self) -> Vec<Vec<u64>> {
        let batches = self.batches.lock().unwrap();
        batches
            .iter()
            .map(|batch| batch.iter().map(|entry| entry.index).collect())
            .collect()
    }
}

impl Taker for Scripted {
    fn most(&self) -> usize {
        self.most
    }

    fn take(&self, batch: &[Entry], _: i64) -> Result<usize, DeliveryError> {
        self.batches.lock().unwrap().push(batch.to_vec());
        self.answers
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Ok(batch.len()))
    }
}

fn reference() -> BundleReference {
    BundleReference {
        digest: Digest::of(b"bundle"),
        epoch: 1,
    }
}

/// A log of `leaves` leaves.
fn log(evidence: &Path, leaves: usize) -> Recorder {
    let journal = Journal::open(evidence, JournalLimits::default()).unwrap();
    for number in 0..leaves {
        let event = Lifecycle {
            kind: LifecycleKind::Other("test".into()),
            subject: number.to_string(),
            detail: String::new(),
            bundle: None,
            gap: None,
        };
        let draft = Draft::new(0, "point", &Event::Lifecycle(event)).unwrap();
        journal.record(AuditClass::Ordinary, &draft, &[]).unwrap();
    }
    journal.close().unwrap();
    let signer = LogSigner::from_seed("point", &[1; 32]).unwrap();
    let mut recorder = Recorder::open(evidence, signer, RecorderLimits::default()).unwrap();
    recorder.step().unwrap();
    assert_eq!(recorder.size(), u64::try_from(leaves).unwrap());
    recorder
}

/// Delivers until nothing is left to do.
async fn drain(feeds: &mut Feeds, recorder: &mut Recorder) {
    loop {
        feeds.dispatch(recorder);
        if feeds.are_still() {
            return;
        }
        let delivered = feeds.delivered().await.unwrap();
        feeds.settle(delivered, recorder);
    }
}

fn feeds(evidence: &Path, takers: &[&Arc<Scripted>]) -> Feeds {
    let mut feeds = Feeds::default();
    let named = |(at, taker): (usize, &&Arc<Scripted>)| {
        let taker: Arc<dyn Taker> = (*taker).clone();
        (format!("sink-{at}"), taker)
    };
    feeds.replace(
        takers.iter().enumerate().map(named).collect(),
        reference(),
        evidence,
    );
    feeds
}

#[tokio::test]
async fn every_leaf_is_delivered_in_order_and_not_again_after_a_restart() {
    let evidence = tempfile::tempdir().unwrap();
    let mut recorder = log(evidence.path(), 7);
    let sink = Scripted::new(3, [Ok(2)]);
    drain(&mut feeds(evidence.path(), &[&sink]), &mut recorder).await;
    assert_eq!(sink.indexes(), [vec![0, 1, 2], vec![2, 3, 4], vec![5, 6]]);
    let json: serde_json::Value = serde_json::from_str(&sink.batches.lock().unwrap()[0][0].json).unwrap();
    assert_eq!(json["kind"], "lifecycle");

    let again = Scripted::new(3, []);
    drain(&mut feeds(evidence.path(), &[&again]), &mut recorder).await;
    assert!(again.indexes().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_taken_comes_again_and_holds_up_nobody_else() {
    let evidence = tempfile::tempdir().unwrap();
    let mut recorder = log(evidence.path(), 4);
    let failing = Scripted::new(
        10,
        [
            Err(DeliveryError::Retry("not now".into())),
            Err(DeliveryError::Failed(Failure::Deadline)),
            Err(DeliveryError::Refused("never".into())),
        ],
    );
    let working = Scripted::new(10, []);
    let mut feeds = feeds(evidence.path(), &[&failing, &working]);
    drain(&mut feeds, &mut recorder).await;
    assert_eq!(failing.indexes(), [vec![0, 1, 2, 3]]);
    assert_eq!(working.indexes(), [vec![0, 1, 2, 3]]);

    for _ in 0..3 {
        tokio::time::advance(PAUSES.1).await;
        drain(&mut feeds, &mut recorder).await;
    }
    assert_eq!(failing.indexes(), vec![vec![0, 1, 2, 3]; 4]);

    // One note for the whole time of trouble.
    recorder.step().unwrap();
    assert_eq!(recorder.size(), 5);
    let note = Leaf::decode(&recorder.entries(4, 1).unwrap()[0].1)
        .unwrap()
        .to_json();
    assert_eq!(note["subject"], "sink-0");
    assert!(note["detail"].as_str().unwrap().contains("not now"), "{note}");
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_breaks_down_gets_less() {
    let evidence = tempfile::tempdir().unwrap();
    let mut recorder = log(evidence.path(), 4);
    let memory = || Err(DeliveryError::Failed(Failure::Memory("too much".into())));
    let sink = Scripted::new(4, [memory(), memory()]);
    let mut feeds = feeds(evidence.path(), &[&sink]);
    for _ in 0..3 {
        drain(&mut feeds, &mut recorder).await;
        tokio::time::advance(PAUSES.1).await;
    }
    assert_eq!(
        sink.indexes(),
        [vec![0, 1, 2, 3], vec![0, 1], vec![0], vec![1, 2], vec![3]]
    );
}

#[tokio::test]
async fn held_feeds_hand_nothing_out() {
    let evidence = tempfile::tempdir().unwrap();
    let mut recorder = log(evidence.path(), 1);
    let sink = Scripted::new(1, []);
    let mut feeds = feeds(evidence.path(), &[&sink]);
    feeds.hold();
    drain(&mut feeds, &mut recorder).await;
    assert!(sink.indexes().is_empty());
    feeds.release();
    drain(&mut feeds, &mut recorder).await;
    assert_eq!(sink.indexes(), [vec![0]]);
}

#[test]
fn a_batch_has_a_size_that_a_sink_can_hold() {
    let leaves = (0..3).map(|index| (index, vec![0; BATCH_BYTES / 2])).collect();
    assert_eq!(batch(leaves).len(), 1);
    let leaves = vec![(0, vec![0; BATCH_BYTES * 2]), (1, vec![0])];
    assert_eq!(batch(leaves).len(), 1);
}
