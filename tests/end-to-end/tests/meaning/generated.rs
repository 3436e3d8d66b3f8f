//! Generated packages and requests: about 2,500 pairs in each run.

use aecp_compiler::core::{Input, Package};
use aecp_compiler::testing;
use aecp_vocabulary::Value;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{expected, load};

/// Values for all inputs of a component, sorted by name as its positions are.
fn values_of(packages: &[Package]) -> impl Strategy<Value = Vec<Value>> + use<> {
    let mut inputs: Vec<&Input> = packages.iter().flat_map(|package| &package.inputs).collect();
    inputs.sort_by(|first, second| first.name.cmp(&second.name));
    inputs.dedup_by(|first, second| first.name == second.name);
    inputs
        .iter()
        .map(|input| testing::value(input.value_type))
        .collect::<Vec<_>>()
}

fn packages(count: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<Package>> {
    vec(testing::package(), count).prop_map(|mut packages| {
        for (index, package) in packages.iter_mut().enumerate() {
            package.name = format!("package_{index}");
        }
        packages
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn generated_packages_mean_what_the_interpreter_says(
        (packages, requests) in packages(1..=3).prop_flat_map(|packages| {
            let requests = vec(values_of(&packages), 40);
            (Just(packages), requests)
        })
    ) {
        let component = load(&packages);
        for values in &requests {
            let got = component.evaluate(values).unwrap();
            prop_assert_eq!(got, expected(&packages, &component, values), "values: {:?}", values);
        }
        let unknown: Vec<Value> = component.description().inputs.iter().map(|_| Value::failed("expired")).collect();
        prop_assert_eq!(component.evaluate(&unknown).unwrap(), expected(&packages, &component, &unknown));
        let absent: Vec<Value> = component.description().inputs.iter().map(|_| Value::Absent).collect();
        prop_assert_eq!(component.evaluate(&absent).unwrap(), expected(&packages, &component, &absent));
    }
}
