//! What the compiler emits means what the reference interpreter says, optimised or not.

use std::sync::LazyLock;

use aecp_compiler::core::Package;
use aecp_compiler::emit::{self, Optimise};
use aecp_compiler::testing::{outcomes_together, packages, values_together};
use aecp_engine::{Instances, Limits, PolicyComponent, Runtime};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Requests for each component: compiling it takes as long as evaluating thousands.
const REQUESTS: usize = 400;

static RUNTIME: LazyLock<Result<Runtime, String>> =
    LazyLock::new(|| Runtime::new(Limits::default()).map_err(|error| error.to_string()));

/// One component of up to three packages, and requests for it. Gives how many pairs of policy and request were judged
/// alike by all three: the interpreter, the component, and the component without any optimisation.
pub(crate) fn round(runner: &mut TestRunner) -> Result<u64, String> {
    let packages = new(runner, &packages(1..=3))?;
    let optimised = load(&packages, Optimise::Everything)?;
    let plain = load(&packages, Optimise::Nothing)?;
    let values = values_together(&packages);
    let policies: usize = packages.iter().map(|package| package.policies.len()).sum();
    let mut pairs = 0_u64;
    for _ in 0..REQUESTS {
        let values = new(runner, &values)?;
        let wanted = outcomes_together(&packages, optimised.description(), &values);
        for (name, component) in [("optimised", &optimised), ("unoptimised", &plain)] {
            let got = component
                .evaluate(&values)
                .map_err(|failure| format!("{failure:?}"))?;
            if got != wanted {
                return Err(format!(
                    "the {name} component says {got:?}, the interpreter {wanted:?}\nvalues: {values:?}\npackages: \
                     {packages:#?}"
                ));
            }
        }
        pairs = pairs.saturating_add(u64::try_from(policies).unwrap_or(0));
    }
    Ok(pairs)
}

/// A value of a strategy.
pub(crate) fn new<S: Strategy>(runner: &mut TestRunner, strategy: &S) -> Result<S::Value, String> {
    let tree = strategy.new_tree(runner).map_err(|reason| reason.to_string())?;
    Ok(tree.current())
}

fn load(packages: &[Package], optimise: Optimise) -> Result<PolicyComponent, String> {
    let runtime = RUNTIME.as_ref().map_err(Clone::clone)?;
    let wasm = emit::component_with(packages, optimise).map_err(|error| error.to_string())?;
    let native = runtime.compile(&wasm).map_err(|error| error.to_string())?;
    PolicyComponent::load(runtime, &native, Instances::Warm).map_err(|error| error.to_string())
}
