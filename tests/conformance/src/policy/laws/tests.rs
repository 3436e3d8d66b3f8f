#![allow(clippy::arithmetic_side_effects)]

use std::cell::Cell;

use aecp_engine::Failure;
use aecp_vocabulary::policy::{OverrideRule, PackageDescription, PolicyFinding};
use aecp_vocabulary::{AuditClass, ComponentDescription, DefaultDecision, Mode, Type};

use super::super::hold_to_laws;
use super::*;
use crate::book::Book;
use crate::report::{Check, CheckResult};

/// One policy over a text and a boolean, of which it says that it reads the text.
fn description() -> ComponentDescription {
    let attribute = |name: &str, value_type| Input::Attribute {
        name: name.parse().unwrap(),
        value_type,
        optional: false,
        default: None,
    };
    ComponentDescription {
        inputs: vec![
            attribute("customer.region", Type::Text),
            attribute("urgent", Type::Boolean),
        ],
        packages: vec![PackageDescription {
            name: "p".into(),
            version: "1.0.0".into(),
            default: DefaultDecision::Deny,
            policies: vec![PolicyDescription {
                name: "only".into(),
                mode: Mode::Blocking,
                audit: AuditClass::Ordinary,
                exception: OverrideRule::Never,
                reads: vec![0],
                reason: Vec::new(),
                obligations: Vec::new(),
                annotations: Vec::new(),
            }],
            annotations: Vec::new(),
        }],
    }
}

fn outcomes(applied: bool, finding: Option<Outcome>) -> Outcomes {
    Outcomes {
        applied: applied.then_some(0).into_iter().collect(),
        findings: finding
            .map(|outcome| PolicyFinding {
                policy: 0,
                outcome,
                obligations: Vec::new(),
            })
            .into_iter()
            .collect(),
    }
}

/// In scope everywhere; the region must be EU.
fn honest_policy(values: &[Value]) -> Answer {
    let [region, _] = values else {
        return Err(Failure::Reported("2 values are needed".into()));
    };
    Ok(match region {
        Value::Text(region) if region == "EU" => outcomes(true, None),
        Value::Text(_) => outcomes(true, Some(Outcome::Violated)),
        _ => outcomes(true, Some(Outcome::Indeterminate)),
    })
}

type Policy<'a> = &'a dyn Fn(&[Value]) -> Answer;

fn failed_checks(fresh: Policy<'_>, lasting: Policy<'_>) -> Vec<&'static str> {
    let description = description();
    let subject = Subject {
        description: &description,
        fresh,
        lasting,
    };
    let mut failed = Vec::new();
    let mut observe = |check: &Check| {
        if matches!(check.result, CheckResult::Failed(_)) {
            failed.push(check.id);
        }
    };
    hold_to_laws(&subject, &mut Book::new(&mut observe));
    failed
}

#[test]
fn an_honest_policy_keeps_every_law() {
    assert_eq!(failed_checks(&honest_policy, &honest_policy), [""; 0]);
}

#[test]
fn a_dishonest_one_breaks_the_law_that_it_breaks() {
    let reads_more = |values: &[Value]| match values {
        [_, Value::Boolean(true)] => Ok(outcomes(false, None)),
        [_, Value::Failed(_)] => Ok(outcomes(false, Some(Outcome::Indeterminate))),
        _ => honest_policy(values),
    };
    let lets_unknown_through = |values: &[Value]| match values {
        [Value::Failed(_), _] => Ok(outcomes(false, None)),
        _ => honest_policy(values),
    };
    let counts_badly = |values: &[Value]| match values {
        [_, _] => honest_policy(values),
        _ => Ok(outcomes(false, None)),
    };
    let coerces = |values: &[Value]| match values {
        [Value::Integer(_), _] => Ok(outcomes(true, None)),
        _ => honest_policy(values),
    };
    let gives_up = |values: &[Value]| match values {
        [Value::Absent, _] => Err(Failure::Reported("the region is missing".into())),
        _ => honest_policy(values),
    };
    let law: [(&str, Policy<'_>); 5] = [
        ("reads-honest", &reads_more),
        ("unknown-decides-nothing", &lets_unknown_through),
        ("wrong-count-refused", &counts_badly),
        ("wrong-types-unknown", &coerces),
        ("answers-valid-inputs", &gives_up),
    ];
    for (named, policy) in law {
        assert_eq!(failed_checks(policy, policy), [named]);
    }
}

#[test]
fn memory_of_earlier_requests_is_found() {
    let calls = Cell::new(0_u32);
    let forgetful = |values: &[Value]| {
        calls.set(calls.get() + 1);
        if calls.get().is_multiple_of(7) {
            return Ok(outcomes(false, None));
        }
        honest_policy(values)
    };
    assert_eq!(failed_checks(&honest_policy, &forgetful), ["stateless"]);
    assert!(failed_checks(&forgetful, &honest_policy).contains(&"deterministic"));
}

#[test]
fn nothing_more_is_asked_of_what_does_not_end() {
    let calls = Cell::new(0_u32);
    let spins = |_: &[Value]| {
        calls.set(calls.get() + 1);
        Err(Failure::Deadline)
    };
    assert_eq!(failed_checks(&spins, &spins), ["ends-in-time"]);
    assert_eq!(calls.get(), 1);
}

#[test]
fn what_is_told_stays_told_when_more_is_known() {
    let said = |applied, outcome: Option<Outcome>| Said {
        applied,
        finding: outcome.map(|outcome| (outcome, Vec::new())),
    };
    let everything = [
        said(false, None),
        said(true, None),
        said(true, Some(Outcome::Violated)),
        said(true, Some(Outcome::Indeterminate)),
        said(false, Some(Outcome::Indeterminate)),
    ];
    for known in &everything {
        // Nothing known of the scope leaves room for everything, and every statement for itself.
        assert!(said(false, Some(Outcome::Indeterminate)).leaves_room_for(known));
        assert!(known.leaves_room_for(known));
        assert_eq!(
            said(true, Some(Outcome::Indeterminate)).leaves_room_for(known),
            known.applied
        );
        for told in &everything[..3] {
            assert_eq!(told.leaves_room_for(known), told == known);
        }
    }
}
