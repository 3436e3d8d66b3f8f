//! Policies whose instructions are counted, for tools. What runs on enforcement points is compiled without counting.

use std::borrow::Borrow;

use aecp_vocabulary::{ComponentDescription, Outcomes, Value};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store};

use super::{DESCRIPTION_LIMIT, HANDOVER_LIMIT, bindings, describe, outcomes, values};
use crate::failure::{self, Failure, LoadError};
use crate::runtime::Contract;

/// A policy component that tells how many instructions a decision took.
pub struct MeteredPolicy {
    store: Store<()>,
    policy: bindings::Policy,
    description: ComponentDescription,
}

impl MeteredPolicy {
    /// Compiles a component and asks it what it is.
    ///
    /// # Errors
    /// The bytes are no policy component, or it describes itself wrongly.
    pub fn load(wasm: &[u8]) -> Result<Self, LoadError> {
        let contract = |error: wasmtime::Error| LoadError::Contract {
            contract: Contract::Policy.name(),
            detail: format!("{error:#}"),
        };
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .concurrency_support(false)
            .consume_fuel(true);
        let engine = Engine::new(&config).map_err(contract)?;
        let component = Component::new(&engine, wasm).map_err(contract)?;
        let mut store = Store::new(&engine, ());
        store.set_hostcall_fuel(DESCRIPTION_LIMIT);
        store.set_fuel(u64::MAX).map_err(contract)?;
        let policy =
            bindings::Policy::instantiate(&mut store, &component, &Linker::new(&engine)).map_err(contract)?;
        let described = policy.aecp_policy_evaluator().call_describe(&mut store);
        store.set_hostcall_fuel(HANDOVER_LIMIT);
        let described = described.map_err(|error| LoadError::Call(failure::from_call(&error)))?;
        Ok(Self {
            store,
            policy,
            description: describe::read(described).map_err(LoadError::Description)?,
        })
    }

    /// What the component holds and reads.
    pub fn description(&self) -> &ComponentDescription {
        &self.description
    }

    /// What every policy says of one request, as [`super::PolicyComponent::evaluate`], and how many instructions that
    /// took: one for each but those that only mark structure, one for each byte that is filled or copied.
    ///
    /// # Errors
    /// The call gave no outcomes.
    pub fn evaluate<V: Borrow<Value>>(&mut self, values: &[V]) -> Result<(Outcomes, u64), Failure> {
        let called = |error: wasmtime::Error| failure::from_call(&error);
        self.store.set_fuel(u64::MAX).map_err(called)?;
        let sets = values::Sets::of(values);
        let values = values::lower(values, &sets);
        let evaluator = self.policy.aecp_policy_evaluator();
        let answer = evaluator.call_evaluate(&mut self.store, &values);
        let outcomes = answer.map_err(called)?.map_err(failure::reported)?;
        let left = self.store.get_fuel().map_err(called)?;
        Ok((
            outcomes::read(&self.description, outcomes)?,
            u64::MAX.saturating_sub(left),
        ))
    }
}
