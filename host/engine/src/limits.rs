//! What a component may use, and what ends it.

use std::time::Duration;

use wasmtime::{Error, ResourceLimiter, Result};

/// What one call of one component may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallLimits {
    /// Longest call. Rounded up to [`crate::runtime::TICK`]; a call ends between this and one tick later.
    pub time: Duration,
    /// Most bytes of linear memory of an instance.
    pub memory: usize,
    /// Most instances at a time, warm ones included.
    pub instances: u32,
}

/// What the components of a process may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For policies: a decision takes microseconds, so what takes milliseconds is broken.
    pub policy: CallLimits,
    /// For context extractors, which may verify signatures.
    pub context: CallLimits,
    /// For audit sinks, off the path of requests.
    pub audit: CallLimits,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            policy: CallLimits {
                time: Duration::from_millis(50),
                memory: 32 * MIB,
                instances: 1_024,
            },
            context: CallLimits {
                time: Duration::from_millis(250),
                memory: 32 * MIB,
                instances: 256,
            },
            audit: CallLimits {
                time: Duration::from_secs(10),
                memory: 64 * MIB,
                instances: 32,
            },
        }
    }
}

/// The memory that a component may not have. Ends the call.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("asked for {desired} bytes of memory, {limit} are allowed")]
pub(crate) struct MemoryExceeded {
    desired: usize,
    limit: usize,
}

/// Enforces [`CallLimits::memory`] on one store.
#[derive(Debug)]
pub(crate) struct Limiter {
    memory: usize,
}

/// Most elements of a table: function pointers of a large component.
const TABLE_ELEMENTS: usize = 200_000;

impl Limiter {
    pub(crate) fn new(limits: CallLimits) -> Self {
        Self {
            memory: limits.memory,
        }
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        if desired > self.memory {
            // An error, not a refusal that the guest could live with: its code would trap somewhere else and hide
            // the name of what happened.
            return Err(Error::new(MemoryExceeded {
                desired,
                limit: self.memory,
            }));
        }
        Ok(true)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}
