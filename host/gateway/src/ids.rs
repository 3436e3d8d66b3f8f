//! Names of requests.

use std::sync::atomic::{AtomicU64, Ordering};

/// The enforcement point's name for a request: 32 hexadecimal digits, unique among its requests. It is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    pub(crate) fn of(process: u64, count: u64) -> Self {
        Self(format!("{process:016x}{count:016x}"))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Gives out names: random for the process, counted inside it.
#[derive(Debug)]
pub struct RequestIds {
    process: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// For a new process.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub fn new() -> std::io::Result<Self> {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes)?;
        Ok(Self {
            process: u64::from_ne_bytes(bytes),
            next: AtomicU64::new(0),
        })
    }

    /// A new name.
    pub fn next(&self) -> RequestId {
        RequestId::of(self.process, self.next.fetch_add(1, Ordering::Relaxed))
    }
}
