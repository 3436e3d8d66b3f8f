//! The two wasmtime engines of a process, their settings, and the clock that ends calls.
//!
//! Policies run in an engine of their own, which has no host function at all. Extractors and sinks, which may be
//! written with ordinary toolchains, run in the other. Both take the same settings, for native code is bound to them.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::limits::{CallLimits, Limits};

/// How often running calls are asked whether their time is over.
pub const TICK: Duration = Duration::from_millis(5);

/// The machine that native code is made for, unless told otherwise.
#[cfg(target_arch = "x86_64")]
pub const TARGET: &str = "x86_64-unknown-linux-gnu";
/// The machine that native code is made for, unless told otherwise.
#[cfg(target_arch = "aarch64")]
pub const TARGET: &str = "aarch64-unknown-linux-gnu";

/// The settings that native code depends on, in words. Their digest is part of [`Runtime::identity`]: whoever changes a
/// setting below changes this line with it. Should that be forgotten, wasmtime itself refuses code of other settings.
const SETTINGS: &str = "component-model sync; epochs; no simd-relaxed, threads, memory64, multi-memory; nan canonical; \
                        no address map; stack 512 KiB";

/// Most bytes of stack that a component may use.
pub(crate) const STACK: usize = 512 << 10;

/// The release of wasmtime that this crate is built with.
const WASMTIME: &str = "48";

/// A contract of `wit/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contract {
    /// `aecp:policy`.
    Policy,
    /// `aecp:context`.
    Context,
    /// `aecp:audit`.
    Audit,
}

impl Contract {
    /// The contract's package name in WIT, without version.
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "aecp:policy",
            Self::Context => "aecp:context",
            Self::Audit => "aecp:audit",
        }
    }
}

/// An engine could not be set up: the machine lacks address space or processor features.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine could not be set up: {0}")]
pub struct RuntimeError(String);

/// The engines of a process. Cheap to clone; the clock stops with the last clone.
#[derive(Clone)]
pub struct Runtime {
    policy: Engine,
    guest: Engine,
    limits: Limits,
    identity: Arc<str>,
    _clock: Arc<Clock>,
}

impl Runtime {
    /// Sets up both engines and starts the clock.
    ///
    /// # Errors
    /// The machine cannot give what the limits ask for.
    pub fn new(limits: Limits) -> Result<Self, RuntimeError> {
        let failed = |error: wasmtime::Error| RuntimeError(format!("{error:#}"));
        let policy = Engine::new(&config(&[limits.policy]).map_err(failed)?).map_err(failed)?;
        let guest = Engine::new(&config(&[limits.context, limits.audit]).map_err(failed)?).map_err(failed)?;
        let clock = Clock::start(vec![policy.clone(), guest.clone()])
            .map_err(|error| RuntimeError(format!("no thread for the clock: {error}")))?;
        Ok(Self {
            policy,
            guest,
            limits,
            identity: identity().into(),
            _clock: Arc::new(clock),
        })
    }

    /// What native code must have been made for: the engine's release and settings. A bundle binds it.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// What components may use.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn engine(&self, contract: Contract) -> &Engine {
        match contract {
            Contract::Policy => &self.policy,
            Contract::Context | Contract::Audit => &self.guest,
        }
    }

    /// Compiles a component ahead of time for [`TARGET`]. The same component gives the same bytes on any machine.
    ///
    /// # Errors
    /// The bytes are not a valid component, or use what this engine leaves out.
    #[cfg(feature = "compile")]
    pub fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
        self.policy
            .precompile_component(wasm)
            .map_err(|error| CompileError(format!("{error:#}")))
    }
}

/// A component cannot be compiled.
#[cfg(feature = "compile")]
#[derive(Debug, thiserror::Error)]
#[error("not a component that this engine can compile: {0}")]
pub struct CompileError(String);

fn identity() -> String {
    let settings = hex::encode(Sha256::digest(SETTINGS.as_bytes()));
    format!("wasmtime-{WASMTIME}+{}", settings.get(..16).unwrap_or_default())
}

/// The settings of an engine whose instances are of the given kinds.
fn config(kinds: &[CallLimits]) -> Result<Config, wasmtime::Error> {
    let sum: u32 = kinds
        .iter()
        .fold(0, |sum, kind| sum.saturating_add(kind.instances));
    let memory = kinds.iter().map(|kind| kind.memory).max().unwrap_or_default();

    let mut pool = PoolingAllocationConfig::new();
    // A component of an ordinary toolchain has a main module, an adapter and shims.
    pool.total_component_instances(sum)
        .total_core_instances(sum.saturating_mul(4))
        .max_core_instances_per_component(16)
        .total_memories(sum)
        .max_memories_per_component(1)
        .total_tables(sum.saturating_mul(2))
        .max_tables_per_component(4)
        .table_elements(200_000)
        .max_memory_size(memory)
        .max_component_instance_size(1 << 20)
        .max_core_instance_size(4 << 20)
        // What an instance touched is kept and zeroed, which is cheaper than giving it back to the kernel.
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(16 << 10);

    let mut config = Config::new();
    config
        .target(TARGET)?
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .max_wasm_stack(STACK)
        .generate_address_map(false)
        .memory_init_cow(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    #[cfg(feature = "compile")]
    config.cranelift_nan_canonicalization(true);
    Ok(config)
}

/// How many ticks after now a call with this limit ends.
pub(crate) fn ticks(limits: CallLimits) -> u64 {
    let ticks = limits.time.as_micros().div_ceil(TICK.as_micros().max(1));
    u64::try_from(ticks).unwrap_or(u64::MAX >> 1).saturating_add(1)
}

/// Advances the engines' epochs until it is dropped.
pub(crate) struct Clock {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Clock {
    pub(crate) fn start(engines: Vec<Engine>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let tick = move || {
            while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                engines.iter().for_each(Engine::increment_epoch);
            }
        };
        let thread = thread::Builder::new()
            .name("component-clock".to_owned())
            .spawn(tick)?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the clock has nothing to tell that its engines' deadlines did not.
            let _ = thread.join();
        }
    }
}
