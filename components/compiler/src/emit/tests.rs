//! What can be said of emitted bytes without running them. That they mean what the interpreter says is tested with
//! the engine, in `tests/end-to-end`.
#![allow(clippy::arithmetic_side_effects)]

use aecp_vocabulary::Type;
use aecp_vocabulary::policy::DefaultDecision;
use proptest::prelude::*;
use wit_component::DecodedWasm;
use wit_parser::{Resolve, SizeAlign, Type as WitType};

use super::*;
use crate::core::{Atom, Condition, Constant, Input, InputIndex, Members, Operand, Policy};
use crate::testing;

fn package(name: &str, inputs: &[(&str, Type)]) -> Package {
    let input =
        |(name, value_type): &(&str, Type)| Input::attribute(name.parse().unwrap(), *value_type, false);
    Package {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        default: DefaultDecision::Deny,
        inputs: inputs.iter().map(input).collect(),
        policies: Vec::new(),
        annotations: Vec::new(),
    }
}

fn with_constraint(mut package: Package, constraint: Condition) -> Package {
    package.policies.push(Policy {
        name: "only".to_owned(),
        scope: Condition::Constant(true),
        constraint,
        mode: aecp_vocabulary::Mode::Blocking,
        audit: aecp_vocabulary::AuditClass::Ordinary,
        exception: aecp_vocabulary::policy::OverrideRule::Never,
        reason: Vec::new(),
        obligations: Vec::new(),
        annotations: Vec::new(),
    });
    package
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn equal_packages_give_equal_bytes(package in testing::package()) {
        let packages = [package];
        prop_assert_eq!(component(&packages).unwrap(), component(&packages.clone()).unwrap());
    }
}

#[test]
fn a_component_imports_nothing_and_exports_the_contract() {
    for packages in [
        vec![package("empty", &[])],
        vec![package("a", &[("x", Type::Text)]), package("b", &[])],
    ] {
        let bytes = component(&packages).unwrap();
        let DecodedWasm::Component(resolve, world) = wit_component::decode(&bytes).unwrap() else {
            panic!("not a component")
        };
        let world = &resolve.worlds[world];
        assert!(world.imports.is_empty());
        let exports: Vec<String> = world
            .exports
            .keys()
            .map(|key| resolve.name_world_key(key))
            .collect();
        assert_eq!(exports, ["aecp:policy/evaluator@0.1.0"]);
    }
}

#[test]
fn a_component_names_its_compiler() {
    let bytes = component(&[package("a", &[])]).unwrap();
    let producers = wasm_metadata::Producers::from_wasm(&bytes).unwrap().unwrap();
    let processed = producers.get("processed-by").unwrap();
    assert_eq!(processed.get("aecp-compiler").unwrap(), env!("CARGO_PKG_VERSION"));
}

/// The sizes that `description` and `plan` count on, by the canonical ABI's own rules.
#[test]
fn records_are_as_large_as_the_contract_makes_them() {
    let mut resolve = Resolve::default();
    resolve.push_source("policy.wit", CONTRACT).unwrap();
    let mut sizes = SizeAlign::default();
    sizes.fill(&resolve);
    let size = |name: &str| {
        let (id, _) = resolve
            .types
            .iter()
            .find(|(_, wit)| wit.name.as_deref() == Some(name))
            .unwrap();
        (
            sizes.size(&WitType::Id(id)).size_wasm32(),
            sizes.align(&WitType::Id(id)).align_wasm32(),
        )
    };
    assert_eq!(size("value"), (usize::try_from(condition::VALUE).unwrap(), 8));
    assert_eq!(size("finding"), (usize::try_from(plan::FINDING).unwrap(), 4));
    assert_eq!(size("input"), (136, 8));
    assert_eq!(size("policy-package"), (36, 4));
    assert_eq!(size("policy"), (44, 4));
    assert_eq!(size("segment"), (12, 4));
    assert_eq!(size("obligation"), (16, 4));
    assert_eq!(size("annotation"), (16, 4));
    assert_eq!(size("outcomes"), (16, 4));
    assert_eq!(size("description"), (16, 4));
}

/// A list of 100,000 texts is one class, however often it is used; its component is little more than its texts.
#[test]
fn long_lists_are_compact() {
    let texts: Vec<Constant> = (0..100_000_u32)
        .map(|number| Constant::Text(format!("customer-{number:06}")))
        .collect();
    let members = Members::from(texts).named("customers");
    let is_member = |input| {
        Condition::Atom(Atom::OneOf {
            element: Operand::Input(InputIndex(input)),
            members: members.clone(),
        })
    };
    let mut package = package("a", &[("x", Type::Text), ("y", Type::Text)]);
    for _ in 0..50 {
        package = with_constraint(package, Condition::Any(vec![is_member(0), is_member(1)]));
    }
    let bytes = component(&[package]).unwrap();
    assert!(bytes.len() < 100_000 * (15 + 2 + 8), "{}", bytes.len());
}

#[test]
fn packages_that_contradict_each_other_are_refused() {
    assert_eq!(component(&[]), Err(EmitError::NoPackage));
    let twice = [package("a", &[]), package("a", &[])];
    assert_eq!(
        component(&twice),
        Err(EmitError::PackageTwice { name: "a".to_owned() })
    );
    let conflict = component(&[
        package("a", &[("x", Type::Text)]),
        package("b", &[("x", Type::Integer)]),
    ]);
    let error = conflict.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`x` is TEXT in one package and INTEGER in another; declare it alike or build two components"
    );
}

#[test]
fn limits_are_refusals() {
    let names: Vec<String> = (0..=INPUT_LIMIT).map(|index| format!("input_{index}")).collect();
    let inputs: Vec<(&str, Type)> = names.iter().map(|name| (name.as_str(), Type::Text)).collect();
    let error = component(&[package("a", &inputs)]).unwrap_err();
    assert_eq!(
        error,
        EmitError::TooManyInputs {
            count: INPUT_LIMIT + 1
        }
    );
    assert!(component(&[package("a", &inputs[1..])]).is_ok());

    let mut deep = Condition::Constant(true);
    for _ in 0..=DEPTH_LIMIT {
        deep = Condition::Not(Box::new(deep));
    }
    let error = component(&[with_constraint(package("a", &[]), deep)]).unwrap_err();
    assert_eq!(
        error,
        EmitError::TooDeep {
            policy: "only".to_owned()
        }
    );

    let large = with_constraint(package(&"n".repeat(DATA_LIMIT), &[]), Condition::Constant(true));
    assert_eq!(component(&[large]).unwrap_err(), EmitError::TooLarge);
}

#[test]
fn what_a_checker_would_refuse_is_refused() {
    let flag = Condition::Atom(Atom::IsTrue(InputIndex(0)));
    let mistyped = with_constraint(package("a", &[("x", Type::Text)]), flag.clone());
    assert!(matches!(
        component(&[mistyped]).unwrap_err(),
        EmitError::IllTyped { .. }
    ));
    let dangling = with_constraint(package("a", &[]), flag);
    assert!(matches!(
        component(&[dangling]).unwrap_err(),
        EmitError::IllTyped { .. }
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_decision_has_a_bound_that_grows_with_its_inputs(package in testing::package()) {
        let cost = cost(&[package]).unwrap();
        let nothing = cost::Sizes { text: 0, set: 0 };
        prop_assert_eq!(cost.at(nothing), cost.fixed);
        prop_assert!(cost.at(cost::Sizes::ORDINARY) <= cost.at(cost::Sizes::LARGEST));
    }
}

#[test]
fn what_is_too_expensive_is_refused_with_the_policies_that_make_it_so() {
    let dear = Condition::All(
        (0..20)
            .map(|number| {
                Condition::Atom(Atom::Compare {
                    left: Operand::Input(InputIndex(0)),
                    relation: crate::core::Relation::LessOrEqual,
                    right: Operand::Constant(Constant::Integer(number)),
                })
            })
            .collect(),
    );
    let mut package = with_constraint(package("p", &[("x", Type::Integer)]), dear);
    package.policies.push(Policy {
        name: "cheap".to_owned(),
        constraint: Condition::Constant(true),
        ..package.policies[0].clone()
    });
    let cost = cost(&[package]).unwrap();
    let most = cost.at(cost::Sizes::LARGEST);
    assert_eq!(cost.within(most, cost::Sizes::LARGEST), Ok(()));
    let why = cost.within(most - 1, cost::Sizes::LARGEST).unwrap_err();
    assert_eq!((why.cost, why.bound), (most, most - 1));
    assert_eq!(why.policies[0].0, "only");
    assert!(why.to_string().contains("`only`"), "{why}");
}

#[test]
fn without_optimisation_the_code_follows_the_conditions_word_by_word() {
    let never = Condition::All(vec![Condition::Constant(false), Condition::Constant(true)]);
    let mut package = with_constraint(package("p", &[]), Condition::Constant(true));
    package.policies[0].scope = never;
    let plain = component_with(std::slice::from_ref(&package), Optimise::Nothing).unwrap();
    assert!(plain.len() > component(&[package]).unwrap().len());
}
