//! How a gateway stops: first no new work, then the end of what is in flight, or of its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

/// Seen by everything that works; kept by it until it is done.
#[derive(Clone)]
pub(crate) struct Shutdown {
    began: watch::Receiver<bool>,
    stopping: Arc<AtomicBool>,
    _working: mpsc::Sender<()>,
}

/// Begins the shutdown and waits for its end.
pub(crate) struct ShutdownControl {
    began: watch::Sender<bool>,
    stopping: Arc<AtomicBool>,
    working: mpsc::Receiver<()>,
}

pub(crate) fn shutdown() -> (ShutdownControl, Shutdown) {
    let (begin, began) = watch::channel(false);
    let (sender, working) = mpsc::channel(1);
    let stopping = Arc::new(AtomicBool::new(false));
    let control = ShutdownControl {
        began: begin,
        stopping: Arc::clone(&stopping),
        working,
    };
    (
        control,
        Shutdown {
            began,
            stopping,
            _working: sender,
        },
    )
}

impl Shutdown {
    /// Returns once no new work is to be taken.
    pub(crate) async fn began(&mut self) {
        // Without a control nobody can wait for the end any more, which is one.
        let _ = self.began.wait_for(|began| *began).await;
    }

    /// Whether work is being broken off.
    pub(crate) fn stopping(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stopping)
    }
}

impl ShutdownControl {
    /// Begins, and waits until all work is done, for `patience` at most. Whether all of it was.
    pub(crate) async fn drain(mut self, patience: Duration) -> bool {
        self.began.send_replace(true);
        let drained = tokio::time::timeout(patience, self.working.recv()).await.is_ok();
        self.stopping.store(true, Ordering::Relaxed);
        drained
    }
}
