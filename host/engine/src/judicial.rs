//! Compilers: `aecp:judicial`. Tools run them; no enforcement point does, and `aecpd` has nothing of this module.
//!
//! A compiler runs in an engine of its own, for it takes more time and memory than what stands in the way of a request.
//! The types of its results are those of the contract, [`contract`], as wasmtime's generator writes them.

mod values;

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store};

use crate::failure::{Failure, LoadError};
use crate::limits::{CallLimits, Limiter};
use crate::runtime::{Clock, STACK, ticks};

/// What wasmtime's generator makes of `wit/judicial`; its `unsafe` is wasmtime's own.
#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::restriction
)]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../../wit/judicial",
        world: "judicial",
        additional_derives: [PartialEq],
    });
}

pub use bindings::exports::aecp::judicial::compiler as contract;
use contract::{
    Analysis, BuildError, Built, Checked, Decision, Description, Diagnostic, References, Request, Source,
    TestResult,
};

/// The contract's package name in WIT, without version.
const CONTRACT: &str = "aecp:judicial";

/// What a call may use, unless told otherwise: enough for 100,000 policies.
pub const LIMITS: CallLimits = CallLimits {
    time: Duration::from_secs(300),
    memory: 2 << 30,
    instances: 1,
};

/// Most bytes that the host allocates for what one call hands over.
const HANDOVER_LIMIT: usize = 256 << 20;

/// A compiler that is a component, ready to be called. Each call has a fresh instance. Cheap to clone.
#[derive(Clone)]
pub struct Compiler {
    engine: Engine,
    prepared: bindings::JudicialPre<Limiter>,
    limits: CallLimits,
    _clock: Arc<Clock>,
}

impl Compiler {
    /// Translates a component to native code, which takes seconds, and makes it ready. `limits` hold for each call;
    /// [`CallLimits::instances`] has no meaning here.
    ///
    /// # Errors
    /// The bytes are not a component of the contract, or import anything.
    pub fn load(wasm: &[u8], limits: CallLimits) -> Result<Self, LoadError> {
        let failed = |error: wasmtime::Error| LoadError::Contract {
            contract: CONTRACT,
            detail: format!("{error:#}"),
        };
        let engine = Engine::new(&config()).map_err(failed)?;
        let component = Component::new(&engine, wasm).map_err(failed)?;
        // The linker stays empty: a compiler needs nothing.
        let prepared = Linker::new(&engine)
            .instantiate_pre(&component)
            .and_then(bindings::JudicialPre::new)
            .map_err(failed)?;
        let clock = Clock::start(vec![engine.clone()])
            .map_err(|error| failed(wasmtime::Error::msg(format!("no thread for the clock: {error}"))))?;
        Ok(Self {
            engine,
            prepared,
            limits,
            _clock: Arc::new(clock),
        })
    }

    /// Which compiler it is.
    ///
    /// # Errors
    /// The call gave nothing.
    pub fn describe(&self) -> Result<Description, Failure> {
        self.call(|compiler, store| compiler.call_describe(store))
    }

    /// What the sources of one package name and do not have.
    ///
    /// # Errors
    /// The call gave nothing.
    pub fn wanted(&self, sources: &[Source]) -> Result<References, Failure> {
        self.call(|compiler, store| compiler.call_wanted(store, sources))
    }

    /// Checks the sources of one package.
    ///
    /// # Errors
    /// The call gave nothing.
    pub fn check(&self, sources: &[Source]) -> Result<Checked, Failure> {
        self.call(|compiler, store| compiler.call_check(store, sources))
    }

    /// Writes one policy file in its canonical form, or says why it cannot be read.
    ///
    /// # Errors
    /// The call gave nothing.
    pub fn format(&self, text: &str) -> Result<Result<String, Vec<Diagnostic>>, Failure> {
        self.call(|compiler, store| compiler.call_format(store, text))
    }

    /// Compiles packages into one component, or says what is wrong with them.
    ///
    /// # Errors
    /// The call gave nothing.
    pub fn build(&self, packages: &[Vec<Source>]) -> Result<Result<Built, BuildError>, Failure> {
        self.call(|compiler, store| compiler.call_build(store, packages))
    }

    /// Decides over requests by the reference interpreter, at `now` in nanoseconds since 1970, or says what is wrong
    /// with the package.
    ///
    /// # Errors
    /// The call gave nothing.
    pub fn evaluate(
        &self,
        sources: &[Source],
        requests: &[Request],
        now: i64,
    ) -> Result<Result<Vec<Decision>, Vec<Diagnostic>>, Failure> {
        self.call(|compiler, store| compiler.call_evaluate(store, sources, requests, now))
    }

    /// Proves what the policies of a package can never do, or says what is wrong with it.
    ///
    /// # Errors
    /// The call gave nothing.
    pub fn analyse(&self, sources: &[Source]) -> Result<Result<Analysis, Vec<Diagnostic>>, Failure> {
        self.call(|compiler, store| compiler.call_analyse(store, sources))
    }

    /// Runs the tests of a package, or says what is wrong with it.
    ///
    /// # Errors
    /// The call gave nothing.
    pub fn test(&self, sources: &[Source]) -> Result<Result<Vec<TestResult>, Vec<Diagnostic>>, Failure> {
        self.call(|compiler, store| compiler.call_test(store, sources))
    }

    fn call<T>(
        &self,
        call: impl FnOnce(&contract::Guest, &mut Store<Limiter>) -> wasmtime::Result<T>,
    ) -> Result<T, Failure> {
        let mut store = Store::new(&self.engine, Limiter::new(self.limits));
        store.limiter(|limiter| limiter);
        store.set_epoch_deadline(ticks(self.limits));
        store.set_hostcall_fuel(HANDOVER_LIMIT);
        let compiler = self
            .prepared
            .instantiate(&mut store)
            .map_err(|error| Failure::from_call(&error))?;
        call(compiler.aecp_judicial_compiler(), &mut store).map_err(|error| Failure::from_call(&error))
    }
}

/// The settings of [`crate::runtime`] but for the pool: there is one instance at a time, and it may grow.
fn config() -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .epoch_interruption(true)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .max_wasm_stack(STACK)
        .generate_address_map(false)
        .cranelift_nan_canonicalization(true);
    config
}
