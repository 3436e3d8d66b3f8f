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

use aecp_compiler::core::Package;
use aecp_compiler::emit::{self, Optimise};
use aecp_compiler::testing::outcomes_together;
use aecp_engine::{Instances, Limits, PolicyComponent, Runtime};
use aecp_vocabulary::{Outcomes, Value};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new(Limits::default()).unwrap());

fn load(packages: &[Package]) -> PolicyComponent {
    load_with(packages, Optimise::Everything)
}

fn load_with(packages: &[Package], optimise: Optimise) -> PolicyComponent {
    let wasm = emit::component_with(packages, optimise).unwrap();
    let native = RUNTIME.compile(&wasm).unwrap();
    PolicyComponent::load(&RUNTIME, &native, Instances::Warm).unwrap()
}

/// What the interpreter says of all packages, in the component's numbering.
fn expected(packages: &[Package], component: &PolicyComponent, values: &[Value]) -> Outcomes {
    outcomes_together(packages, component.description(), values)
}

fn assert_same(packages: &[Package], component: &PolicyComponent, values: &[Value]) {
    let got = component.evaluate(values).unwrap();
    assert_eq!(got, expected(packages, component, values), "values: {values:?}");
}
