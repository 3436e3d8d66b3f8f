//! What the compiler emits means what the reference interpreter says, in the engine that runs it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod build;
mod description;
mod generated;
mod limits;
mod lists;
mod many;
mod patterns;
mod texts;

use std::sync::LazyLock;

use aecp_compiler::core::{Input, Package};
use aecp_compiler::{emit, interpreter};
use aecp_engine::{Instances, Limits, PolicyComponent, Runtime};
use aecp_vocabulary::{Outcomes, Value};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new(Limits::default()).unwrap());

fn load(packages: &[Package]) -> PolicyComponent {
    let wasm = emit::component(packages).unwrap();
    let native = RUNTIME.compile(&wasm).unwrap();
    PolicyComponent::load(&RUNTIME, &native, Instances::Warm).unwrap()
}

/// What the interpreter says of all packages, in the component's numbering.
fn expected(packages: &[Package], component: &PolicyComponent, values: &[Value]) -> Outcomes {
    let inputs = &component.description().inputs;
    let value_of = |input: &Input| {
        let position = inputs
            .iter()
            .position(|position| position.label() == input.name.as_str())
            .unwrap();
        values[position].clone()
    };
    let mut all = Outcomes::default();
    let mut first = 0;
    for package in packages {
        let values: Vec<Value> = package.inputs.iter().map(value_of).collect();
        let outcomes = interpreter::evaluate(package, &values);
        all.applied
            .extend(outcomes.applied.iter().map(|policy| policy + first));
        all.findings
            .extend(outcomes.findings.into_iter().map(|mut finding| {
                finding.policy += first;
                finding
            }));
        first += u32::try_from(package.policies.len()).unwrap();
    }
    all
}

fn assert_same(packages: &[Package], component: &PolicyComponent, values: &[Value]) {
    let got = component.evaluate(values).unwrap();
    assert_eq!(got, expected(packages, component, values), "values: {values:?}");
}
