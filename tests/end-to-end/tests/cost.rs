//! The bound on the cost of a decision holds, and is not far from what decisions cost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_compiler::core::Package;
use aecp_compiler::emit::Cost;
use aecp_compiler::emit::cost::Sizes;
use aecp_compiler::source::SourceFile;
use aecp_compiler::testing::{packages, values_together};
use aecp_compiler::{emit, package};
use aecp_engine::MeteredPolicy;
use aecp_vocabulary::value::{Address, Network, SET_LIMIT, TEXT_LIMIT};
use aecp_vocabulary::{Type, Value};
use proptest::collection::vec;
use proptest::prelude::*;

/// A component whose instructions are counted, and the bound that was promised for it.
struct Promised {
    component: MeteredPolicy,
    cost: Cost,
}

impl Promised {
    fn new(packages: &[Package]) -> Self {
        Self {
            component: MeteredPolicy::load(&emit::component(packages).unwrap()).unwrap(),
            cost: emit::cost(packages).unwrap(),
        }
    }

    fn of(text: &str) -> Self {
        let checked = package::check(&[SourceFile::new("package.aecp", text)]);
        let errors: Vec<_> = checked.errors().map(|error| &error.message).collect();
        assert!(errors.is_empty(), "{errors:?}");
        Self::new(&[checked.package.unwrap()])
    }

    fn types(&self) -> Vec<Type> {
        let inputs = &self.component.description().inputs;
        inputs.iter().map(|input| input.value_type()).collect()
    }

    /// What a request takes, which is no more than was promised for its sizes.
    fn used(&mut self, values: &[Value]) -> u64 {
        // As the host fills positions: what is of another type is unknown.
        let values = values.iter().cloned().zip(self.types());
        let values: Vec<Value> = values
            .map(|(value, declared)| value.at_position_of(declared))
            .collect();
        let (_, used) = self.component.evaluate(&values).unwrap();
        let bound = self.cost.at(sizes(&values));
        assert!(
            used <= bound,
            "{used} instructions, {bound} were promised: {:?}",
            self.cost
        );
        used
    }

    /// The most that any of these requests takes; nobody may promise more than `factor` times of that.
    fn assert_near(&mut self, requests: &[Vec<Value>], factor: f64) {
        let worst = requests
            .iter()
            .map(|values| (self.used(values), self.cost.at(sizes(values))));
        let (used, bound) = worst.max().unwrap();
        #[allow(clippy::cast_precision_loss)]
        let ratio = bound as f64 / used as f64;
        println!("{used} instructions, {bound} promised: {ratio:.2}");
        assert!(
            ratio <= factor,
            "{used} instructions, {bound} were promised: {:?}",
            self.cost
        );
    }
}

/// The sizes of the largest text and the largest set.
fn sizes(values: &[Value]) -> Sizes {
    let mut sizes = Sizes { text: 0, set: 0 };
    for value in values {
        let (text, set) = match value {
            Value::Text(text) => (text.len(), 0),
            Value::SetOfText(texts) => (texts.iter().map(String::len).max().unwrap_or(0), texts.len()),
            Value::SetOfInteger(set)
            | Value::SetOfDecimal(set)
            | Value::SetOfInstant(set)
            | Value::SetOfDuration(set) => (0, set.len()),
            Value::SetOfAddress(set) => (0, set.len()),
            Value::SetOfNetwork(set) => (0, set.len()),
            _ => (0, 0),
        };
        sizes.text = sizes.text.max(text as u64);
        sizes.set = sizes.set.max(set as u64);
    }
    sizes
}

/// The largest value of a type, in which nothing is found before the end.
fn largest(value_type: Type) -> Value {
    let numbers = || vec![i64::MAX; SET_LIMIT];
    let network = Network {
        address: Address(0),
        prefix: 0,
    };
    match value_type {
        Type::Text => Value::Text("a".repeat(TEXT_LIMIT)),
        // As much as is handed over in one call.
        Type::SetOfText => Value::SetOfText(vec!["a".repeat(1_000); SET_LIMIT]),
        Type::SetOfInteger => Value::SetOfInteger(numbers()),
        Type::SetOfDecimal => Value::SetOfDecimal(numbers()),
        Type::SetOfInstant => Value::SetOfInstant(numbers()),
        Type::SetOfDuration => Value::SetOfDuration(numbers()),
        Type::SetOfAddress => Value::SetOfAddress(vec![Address(u128::MAX); SET_LIMIT]),
        Type::SetOfNetwork => Value::SetOfNetwork(vec![network; SET_LIMIT]),
        _ => Value::Absent,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 60,
        max_shrink_iters: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_decision_costs_more_than_was_promised(
        (packages, requests) in packages(1..=3).prop_flat_map(|packages| {
            let requests = vec(values_together(&packages), 30);
            (Just(packages), requests)
        })
    ) {
        let mut promised = Promised::new(&packages);
        for values in &requests {
            promised.used(values);
        }
        let types = promised.types();
        promised.used(&types.iter().map(|_| Value::Absent).collect::<Vec<_>>());
        promised.used(&types.iter().map(|_| Value::failed("expired")).collect::<Vec<_>>());
        for (position, value_type) in types.iter().enumerate() {
            for values in requests.iter().take(4) {
                let mut values = values.clone();
                values[position] = largest(*value_type);
                promised.used(&values);
            }
        }
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn the_bound_is_near_where_types_and_regions_choose_policies() {
    let policies: String = (0..250)
        .map(|number| {
            format!(
                "POLICY p{number} {{ SCOPE: requests WHERE resource.type == \"type_{}\" AND customer.region == \
                 \"region_{}\" CONSTRAINT: storage.location IN [\"a_{number}\", \"b\"] ENFORCEMENT: BLOCKING }}\n",
                number / 10,
                number % 10,
            )
        })
        .collect();
    let mut promised = Promised::of(&format!(
        "PACKAGE p {{ VERSION: \"1.0.0\" }}\nSCHEMA {{ resource.type: TEXT customer.region: TEXT storage.location: TEXT \
         }}\n{policies}"
    ));
    // By name: customer.region, resource.type, storage.location.
    let unknown = vec![Value::Absent, Value::Absent, text("nowhere")];
    let ordinary = vec![text("region_1"), text("type_1"), text("nowhere")];
    assert!(promised.used(&ordinary) * 4 < promised.cost.at(Sizes::ORDINARY));
    promised.assert_near(&[unknown, ordinary], 1.5);
}

#[test]
fn the_bound_is_near_where_every_policy_applies_and_is_violated() {
    let policies: String = (0..100)
        .map(|number| {
            format!(
                "POLICY p{number} {{ SCOPE: requests WHERE order.amount > {number} CONSTRAINT: order.amount + \
                 order.tax * 2 <= {} AND source.address WITHIN \"10.{number}.0.0/16\" ENFORCEMENT: BLOCKING }}\n",
                number * 2,
            )
        })
        .collect();
    let mut promised = Promised::of(&format!(
        "PACKAGE p {{ VERSION: \"1.0.0\" }}\nSCHEMA {{ order.amount: INTEGER order.tax: INTEGER source.address: ADDRESS \
         }}\n{policies}"
    ));
    let violated = vec![
        Value::Integer(1_000),
        Value::Integer(1_000),
        Value::Address(Address(u128::MAX)),
    ];
    promised.assert_near(&[violated], 1.5);
}

#[test]
fn the_bound_is_near_where_texts_are_walked() {
    let mut promised = Promised::of(
        "PACKAGE p { VERSION: \"1.0.0\" }\nSCHEMA { request.path: TEXT request.host: TEXT }\n\
         POLICY a { SCOPE: requests CONSTRAINT: NOT request.path LIKE \"**/admin/**\" ENFORCEMENT: BLOCKING }\n\
         POLICY b { SCOPE: requests CONSTRAINT: request.path MATCHES \"(a|b)*c\" ENFORCEMENT: BLOCKING }\n\
         POLICY c { SCOPE: requests CONSTRAINT: request.path != request.host ENFORCEMENT: BLOCKING }\n",
    );
    let same = vec![largest(Type::Text), largest(Type::Text)];
    promised.assert_near(&[same], 1.5);
}

#[test]
fn the_bound_is_near_where_sets_are_searched() {
    let mut promised = Promised::of(
        "PACKAGE p { VERSION: \"1.0.0\" }\nSCHEMA { user.roles: SET OF TEXT user.groups: SET OF INTEGER }\n\
         POLICY a { SCOPE: requests CONSTRAINT: user.groups CONTAINS 7 ENFORCEMENT: BLOCKING }\n\
         POLICY b { SCOPE: requests CONSTRAINT: user.roles CONTAINS \"auditor\" ENFORCEMENT: BLOCKING }\n\
         POLICY c { SCOPE: requests CONSTRAINT: user.groups CONTAINS ANY [1, 2, 3, 5, 8] ENFORCEMENT: BLOCKING }\n",
    );
    let groups = largest(Type::SetOfInteger);
    // As long as the constant, so that it is compared.
    let roles = Value::SetOfText(vec!["auditos".to_owned(); SET_LIMIT]);
    promised.assert_near(&[vec![groups, roles]], 2.0);
}
