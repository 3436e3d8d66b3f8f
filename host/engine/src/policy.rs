//! Policy components: `aecp:policy`.

mod describe;
#[cfg(feature = "compile")]
mod metered;
mod outcomes;
mod values;

use std::borrow::Borrow;
use std::sync::Mutex;

use aecp_vocabulary::{ComponentDescription, Outcomes, Value};
use wasmtime::Store;
use wasmtime::component::Linker;

use crate::failure::{self, Failure, LoadError};
use crate::limits::{CallLimits, Limiter};
use crate::native;
use crate::runtime::{Contract, Runtime, ticks};

/// What wasmtime's generator makes of `wit/policy`; its `unsafe` is wasmtime's own.
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
        path: "../../wit/policy",
        world: "policy",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

#[cfg(feature = "compile")]
pub use metered::MeteredPolicy;

use bindings::exports::aecp::policy::evaluator as wire;

/// Most bytes that the host allocates for what one evaluation hands over.
const HANDOVER_LIMIT: usize = 16 << 20;

/// Most bytes that the host allocates for what a component says of itself, which is asked once: the most policies that one
/// component may have, with words of ordinary length, need about half of it.
const DESCRIPTION_LIMIT: usize = 96 << 20;

/// How long an instance lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instances {
    /// Instances are kept and reused. Only for components that our own compiler emitted: it gives them no state that
    /// outlives a call.
    Warm,
    /// Every request gets an instance of its own, so that no state can travel from one request to the next.
    Fresh,
}

/// A policy component, ready to be asked.
pub struct PolicyComponent {
    runtime: Runtime,
    prepared: bindings::PolicyPre<Limiter>,
    description: ComponentDescription,
    instances: Instances,
    warm: Mutex<Vec<Instance>>,
}

struct Instance {
    store: Store<Limiter>,
    policy: bindings::Policy,
}

impl PolicyComponent {
    /// Loads a component from native code that was verified (see [`crate::native`]) and asks it what it is.
    ///
    /// # Errors
    /// The code does not fit this engine, the component imports anything, does not export the contract, or describes
    /// itself wrongly.
    pub fn load(runtime: &Runtime, native: &[u8], instances: Instances) -> Result<Self, LoadError> {
        let engine = runtime.engine(Contract::Policy);
        let component = native::load(engine, native)?;
        let contract = |error: wasmtime::Error| LoadError::Contract {
            contract: Contract::Policy.name(),
            detail: format!("{error:#}"),
        };
        // The linker stays empty: a policy needs nothing.
        let prepared = Linker::new(engine)
            .instantiate_pre(&component)
            .map_err(contract)?;
        let prepared = bindings::PolicyPre::new(prepared).map_err(contract)?;
        let limits = runtime.limits().policy;
        let mut instance = Instance::new(runtime, &prepared, limits).map_err(LoadError::Call)?;
        let described = instance.describe(limits).map_err(LoadError::Call)?;
        let description = describe::read(described).map_err(LoadError::Description)?;
        Ok(Self {
            runtime: runtime.clone(),
            prepared,
            description,
            instances,
            warm: Mutex::default(),
        })
    }

    /// What the component holds and reads.
    pub fn description(&self) -> &ComponentDescription {
        &self.description
    }

    /// Asks every policy of the component about one request. `values` has one value for each position of
    /// `description().inputs`, of its type, or absent, or failed; see [`Value::at_position_of`].
    ///
    /// # Errors
    /// The call gave no outcomes; every policy of the component is then indeterminate. The instance is gone.
    pub fn evaluate<V: Borrow<Value>>(&self, values: &[V]) -> Result<Outcomes, Failure> {
        let mut instance = match self.take_warm() {
            Some(instance) => instance,
            None => Instance::new(&self.runtime, &self.prepared, self.runtime.limits().policy)?,
        };
        let outcomes = instance.evaluate(values, self.runtime.limits().policy)?;
        let outcomes = outcomes::read(&self.description, outcomes)?;
        if self.instances == Instances::Warm {
            self.keep_warm(instance);
        }
        Ok(outcomes)
    }

    fn take_warm(&self) -> Option<Instance> {
        // A panic while the list is held cannot leave it half changed, so a poisoned lock is as good as any.
        self.warm
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .pop()
    }

    fn keep_warm(&self, instance: Instance) {
        self.warm
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(instance);
    }
}

impl Instance {
    fn new(
        runtime: &Runtime,
        prepared: &bindings::PolicyPre<Limiter>,
        limits: CallLimits,
    ) -> Result<Self, Failure> {
        let mut store = Store::new(runtime.engine(Contract::Policy), Limiter::new(limits));
        store.limiter(|limiter| limiter);
        store.set_epoch_deadline(ticks(limits));
        store.set_hostcall_fuel(HANDOVER_LIMIT);
        let policy = prepared
            .instantiate(&mut store)
            .map_err(|error| failure::from_call(&error))?;
        Ok(Self { store, policy })
    }

    fn describe(&mut self, limits: CallLimits) -> Result<wire::Description, Failure> {
        self.store.set_epoch_deadline(ticks(limits));
        self.store.set_hostcall_fuel(DESCRIPTION_LIMIT);
        let described = self.policy.aecp_policy_evaluator().call_describe(&mut self.store);
        self.store.set_hostcall_fuel(HANDOVER_LIMIT);
        described.map_err(|error| failure::from_call(&error))
    }

    fn evaluate<V: Borrow<Value>>(
        &mut self,
        values: &[V],
        limits: CallLimits,
    ) -> Result<wire::Outcomes, Failure> {
        self.store.set_epoch_deadline(ticks(limits));
        let sets = values::Sets::of(values);
        let values = values::lower(values, &sets);
        let evaluator = self.policy.aecp_policy_evaluator();
        let answer = evaluator.call_evaluate(&mut self.store, &values);
        answer
            .map_err(|error| failure::from_call(&error))?
            .map_err(failure::reported)
    }
}
