//! Generated packages and requests: about 2,500 pairs in each run, on which the interpreter, the component and the
//! component without any optimisation agree.

use aecp_compiler::emit::Optimise;
use aecp_compiler::testing::{packages, values_together};
use aecp_vocabulary::Value;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::{expected, load_with};

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
            let requests = vec(values_together(&packages), 40);
            (Just(packages), requests)
        })
    ) {
        let components = [Optimise::Everything, Optimise::Nothing].map(|optimise| load_with(&packages, optimise));
        let inputs = components[0].description().inputs.len();
        let unknown = vec![Value::failed("expired"); inputs];
        let absent = vec![Value::Absent; inputs];
        for values in requests.iter().chain([&unknown, &absent]) {
            let wanted = expected(&packages, &components[0], values);
            for component in &components {
                prop_assert_eq!(&component.evaluate(values).unwrap(), &wanted, "values: {:?}", values);
            }
        }
    }
}
