//! Files that are no component of ours, or not quite, through the kit.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_conformance::{Options, Report, run};

fn component(contracts: &[&str], imports: &str) -> Vec<u8> {
    let exports: String = contracts
        .iter()
        .map(|name| format!(r#"(export "{name}" (instance $x))"#))
        .collect();
    let text = format!(
        r#"(component
            {imports}
            (core module $m
                (func (export "describe") (result i32) i32.const 0)
                (func (export "evaluate") (result i32) i32.const 0))
            (core instance $i (instantiate $m))
            (func $d (result u32) (canon lift (core func $i "describe")))
            (func $e (result u32) (canon lift (core func $i "evaluate")))
            (instance $x (export "describe" (func $d)) (export "evaluate" (func $e)))
            {exports})"#
    );
    wat::parse_str(text).unwrap()
}

const POLICY: &str = "aecp:policy/evaluator@0.1.0";

/// The checks that failed, and what the first of them says.
fn failed(wasm: &[u8]) -> (Vec<&'static str>, String) {
    let report: Report = run(wasm, &Options::default());
    assert!(!report.passed(), "{report}");
    let ids = report.failed().map(|check| check.id).collect();
    let detail = report.failed().next().and_then(|check| check.result.detail());
    (ids, detail.unwrap_or_default().to_owned())
}

#[test]
fn bytes_that_are_no_component() {
    for bytes in [
        Vec::new(),
        b"not wasm".to_vec(),
        wat::parse_str("(module)").unwrap(),
    ] {
        assert_eq!(failed(&bytes).0, ["component-valid"]);
    }
    let mut broken = component(&[POLICY], "");
    broken.truncate(broken.len() / 2);
    assert_eq!(failed(&broken).0, ["component-valid"]);
}

#[test]
fn components_without_one_contract() {
    for (exports, named) in [
        (vec![], "nothing"),
        (vec!["aecp:policy/evaluator@0.2.0"], "aecp:policy/evaluator@0.2.0"),
        (vec![POLICY, "aecp:audit/sink@0.1.0"], "aecp:audit/sink@0.1.0"),
        (
            vec![POLICY, "aecp:policy/evaluator@0.2.0"],
            "aecp:policy/evaluator@0.2.0",
        ),
    ] {
        let (ids, detail) = failed(&component(&exports, ""));
        assert_eq!(ids, ["contract-exported"], "{exports:?}");
        assert!(detail.contains(named), "{detail}");
    }
}

#[test]
fn imports_that_nobody_grants() {
    for import in ["vault", "wasi:cli/environment@0.2.6"] {
        let (ids, detail) = failed(&component(
            &[POLICY],
            &format!(r#"(import "{import}" (instance))"#),
        ));
        assert_eq!(ids, ["imports-granted"]);
        assert!(detail.contains(import), "{detail}");
    }
}

#[test]
fn functions_of_other_types() {
    assert_eq!(failed(&component(&[POLICY], "")).0, ["contract-types"]);
    let lacking = component(&["aecp:context/extractor@0.1.0"], "");
    assert_eq!(failed(&lacking).0, ["contract-types"]);
}
