//! What the compiler emits means what the reference interpreter says.

use std::sync::LazyLock;

use aecp_compiler::core::{Input, Package};
use aecp_compiler::{emit, interpreter, testing};
use aecp_engine::{Instances, Limits, PolicyComponent, Runtime};
use aecp_vocabulary::{Outcomes, Value};
use proptest::collection::vec;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Requests for each component: compiling it takes as long as evaluating thousands.
const REQUESTS: usize = 400;

static RUNTIME: LazyLock<Result<Runtime, String>> =
    LazyLock::new(|| Runtime::new(Limits::default()).map_err(|error| error.to_string()));

/// One component of up to three packages, and requests for it. Gives how many pairs of policy and request were compared.
pub(crate) fn round(runner: &mut TestRunner) -> Result<u64, String> {
    let mut packages = new(runner, &vec(testing::package(), 1..=3))?;
    for (index, package) in packages.iter_mut().enumerate() {
        package.name = format!("package_{index}");
    }
    let component = load(&packages)?;
    let values = values_of(&packages);
    let policies: usize = packages.iter().map(|package| package.policies.len()).sum();
    let mut pairs = 0_u64;
    for _ in 0..REQUESTS {
        let values = new(runner, &values)?;
        let got = component
            .evaluate(&values)
            .map_err(|failure| format!("{failure:?}"))?;
        let wanted = expected(&packages, &component, &values);
        if got != wanted {
            return Err(format!(
                "the component says {got:?}, the interpreter {wanted:?}\nvalues: {values:?}\npackages: {packages:#?}"
            ));
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

fn load(packages: &[Package]) -> Result<PolicyComponent, String> {
    let runtime = RUNTIME.as_ref().map_err(Clone::clone)?;
    let wasm = emit::component(packages).map_err(|error| error.to_string())?;
    let native = runtime.compile(&wasm).map_err(|error| error.to_string())?;
    PolicyComponent::load(runtime, &native, Instances::Warm).map_err(|error| error.to_string())
}

/// Values for all inputs of a component, sorted by name as its positions are.
fn values_of(packages: &[Package]) -> impl Strategy<Value = Vec<Value>> + use<> {
    let mut inputs: Vec<&Input> = packages.iter().flat_map(|package| &package.inputs).collect();
    inputs.sort_by(|first, second| first.name.cmp(&second.name));
    inputs.dedup_by(|first, second| first.name == second.name);
    let values = inputs.iter().map(|input| testing::value(input.value_type));
    values.collect::<Vec<_>>()
}

/// What the interpreter says of all packages, in the component's numbering.
fn expected(packages: &[Package], component: &PolicyComponent, values: &[Value]) -> Outcomes {
    let inputs = &component.description().inputs;
    let value_of = |input: &Input| {
        let position = inputs
            .iter()
            .position(|known| known.label() == input.name.as_str());
        position
            .and_then(|position| values.get(position))
            .cloned()
            .unwrap_or(Value::Absent)
    };
    let mut all = Outcomes::default();
    let mut first = 0_u32;
    for package in packages {
        let values: Vec<Value> = package.inputs.iter().map(value_of).collect();
        let outcomes = interpreter::evaluate(package, &values);
        let number = |policy: u32| policy.saturating_add(first);
        all.applied.extend(outcomes.applied.into_iter().map(number));
        all.findings
            .extend(outcomes.findings.into_iter().map(|mut finding| {
                finding.policy = number(finding.policy);
                finding
            }));
        first = first.saturating_add(u32::try_from(package.policies.len()).unwrap_or(0));
    }
    all
}
