//! How a gateway stops: first no new work, then the end of what is in flight, or of its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

/// How long work that is broken off may take to notice.
const BREAK_OFF: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Working,
    Draining,
    BreakingOff,
}

/// Seen by everything that works; kept by it until it is done.
#[derive(Clone)]
pub(crate) struct Shutdown {
    phase: watch::Receiver<Phase>,
    stopping: Arc<AtomicBool>,
    _working: mpsc::Sender<()>,
}

/// Begins the shutdown and waits for its end.
pub(crate) struct ShutdownControl {
    phase: watch::Sender<Phase>,
    stopping: Arc<AtomicBool>,
    working: mpsc::Receiver<()>,
}

pub(crate) fn shutdown() -> (ShutdownControl, Shutdown) {
    let (sets, phase) = watch::channel(Phase::Working);
    let (sender, working) = mpsc::channel(1);
    let stopping = Arc::new(AtomicBool::new(false));
    let control = ShutdownControl {
        phase: sets,
        stopping: Arc::clone(&stopping),
        working,
    };
    (
        control,
        Shutdown {
            phase,
            stopping,
            _working: sender,
        },
    )
}

impl Shutdown {
    /// Returns once no new work is to be taken.
    pub(crate) async fn began(&mut self) {
        // Without a control nobody can wait for the end any more, which is one.
        let _ = self.phase.wait_for(|phase| *phase >= Phase::Draining).await;
    }

    /// Returns once what is still in flight is to be broken off.
    pub(crate) async fn breaks_off(&mut self) {
        let _ = self.phase.wait_for(|phase| *phase >= Phase::BreakingOff).await;
    }

    /// Whether work is being broken off.
    pub(crate) fn stopping(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stopping)
    }
}

impl ShutdownControl {
    /// Begins, and waits until all work is done; what is not after `patience` is broken off. Whether nothing was.
    pub(crate) async fn drain(mut self, patience: Duration) -> bool {
        self.phase.send_replace(Phase::Draining);
        if tokio::time::timeout(patience, self.working.recv()).await.is_ok() {
            return true;
        }
        self.stopping.store(true, Ordering::Relaxed);
        self.phase.send_replace(Phase::BreakingOff);
        // What does not even notice has nothing to tell.
        let _ = tokio::time::timeout(BREAK_OFF, self.working.recv()).await;
        false
    }
}
