//! One thread that does what the network needs, for callers that wait.
//!
//! Stores are asked by ordinary functions. The HTTP client is asynchronous, and its connections live on between
//! questions. So each registry has a thread of its own. Callers may be anywhere, in threads of another runtime too, as
//! long as those may be blocked.

use std::future::Future;
use std::io;
use std::pin::Pin;

use tokio::sync::mpsc;

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Thread {
    jobs: mpsc::UnboundedSender<Job>,
}

impl Thread {
    pub(super) fn start() -> io::Result<Self> {
        let (jobs, mut queue) = mpsc::unbounded_channel::<Job>();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()?;
        let work = move || {
            runtime.block_on(async move {
                while let Some(job) = queue.recv().await {
                    tokio::spawn(job);
                }
            });
        };
        std::thread::Builder::new()
            .name("aecp-registry".to_owned())
            .spawn(work)?;
        Ok(Self { jobs })
    }

    /// Has `work` done, and waits for it. Nothing if the thread is gone.
    pub(super) fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (answer, wait) = std::sync::mpsc::channel();
        let job = async move {
            // Whoever no longer waits wants no answer.
            let _ = answer.send(work.await);
        };
        self.jobs.send(Box::pin(job)).ok()?;
        wait.recv().ok()
    }
}
