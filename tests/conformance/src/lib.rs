//! The conformance kit for AECP components.
//!
//! Whoever writes a component asks [`run`] whether it keeps the contract in `wit/` that it exports. The kit looks at
//! the component's imports and exports, then calls it with valid, boundary and hostile inputs in the very engine that
//! enforcement points use, and reports each check by name. It makes its inputs from a fixed seed, so that equal
//! components get equal reports.
//!
//! It refuses to know where components come from, who signed them, and what a policy ought to decide: it holds a
//! component against its contract and against what the component says of itself, nothing else.
//!
//! - [`report`]: checks and their results, as JSON and JUnit.
//! - [`catalogue`]: every check that there is, with its id and its title.
//! - `book`: takes down results while checks run. `calls`: what went wrong in calls, by kind.
//! - `shell`: checks from outside, before any code runs. `loading`: from bytes to a component that can be asked.
//! - `configuration`: checks of `configure`, for the contracts that have it.
//! - `policy`, `context`, `audit`: the checks of each contract.
//! - `generator`, `values`: inputs from a fixed seed.

#![forbid(unsafe_code)]

mod audit;
mod book;
mod calls;
pub mod catalogue;
mod configuration;
mod context;
mod generator;
mod loading;
mod policy;
pub mod report;
mod shell;
mod values;

use aecp_engine::{Contract, Limits, Runtime};

pub use report::{Check, CheckResult, Report};

use book::Book;
use catalogue::Id;

/// How a component is tried.
#[derive(Clone, Debug)]
pub struct Options {
    /// What extractors and sinks are configured with. Without it, empty bytes and then `{}` are tried. Policies have
    /// no configuration.
    pub configuration: Option<Vec<u8>>,
    /// What one call may use; what an enforcement point grants, unless told otherwise.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        // The kit asks one instance at a time; more would only reserve address space.
        const INSTANCES: u32 = 4;
        let mut limits = Limits::default();
        for kind in [&mut limits.policy, &mut limits.context, &mut limits.audit] {
            kind.instances = INSTANCES;
        }
        Self {
            configuration: None,
            limits,
        }
    }
}

/// Runs every check of the contract that `wasm` exports.
pub fn run(wasm: &[u8], options: &Options) -> Report {
    run_observed(wasm, options, &mut |_| {})
}

/// The same, and `observe` sees each check as it is settled. The report lists them in the order of the catalogue.
pub fn run_observed(wasm: &[u8], options: &Options, observe: &mut dyn FnMut(&Check)) -> Report {
    let mut book = Book::new(observe);
    let contract = examine(wasm, options, &mut book);
    book.close(contract)
}

fn examine(wasm: &[u8], options: &Options, book: &mut Book<'_>) -> Option<Contract> {
    let contract = shell::contract(wasm, book)?;
    if book.has_failed() {
        return Some(contract);
    }
    let prepared = Runtime::new(options.limits)
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            let native = runtime.compile(wasm).map_err(|error| error.to_string())?;
            Ok((runtime, native))
        });
    let (runtime, native) = match prepared {
        Ok(prepared) => prepared,
        Err(reason) => {
            book.fail(Id::EngineAccepts, reason);
            return Some(contract);
        }
    };
    let configuration = options.configuration.as_deref();
    match contract {
        Contract::Policy => policy::examine(&runtime, &native, book),
        Contract::Context => context::examine(&runtime, &native, configuration, book),
        Contract::Audit => audit::examine(&runtime, &native, configuration, book),
    }
    Some(contract)
}
