//! Whether a request shows what a finding says, by the interpreter alone.

use aecp_vocabulary::policy::DefaultDecision;
use aecp_vocabulary::{Mode, Outcome, Outcomes, Value};

use super::clashes::clash;
use super::whole::take_out;
use super::{Finding, Kind, at};
use crate::core::Package;
use crate::interpreter::{Truth, condition, evaluate};

/// Whether a finding is shown by its request, if it needs one.
pub(super) fn shows(package: &Package, finding: &Finding) -> bool {
    let Some(request) = &finding.witness else {
        return !finding.kind.needs_request();
    };
    let mut policies = finding.policies.iter().copied();
    let (one, other) = (policies.next(), policies.next());
    let applies = |policy: Option<u32>| policy.is_some_and(|policy| verdict(package, request, policy).0);
    let faults = |policy: Option<u32>| policy.is_some_and(|policy| verdict(package, request, policy).1);
    match finding.kind {
        Kind::ScopeUnreachable
        | Kind::ScopeVacuous
        | Kind::ExceptionUnreachable
        | Kind::DefaultUnreachable => false,
        Kind::ConstraintContradiction => applies(one) && faults(one),
        Kind::PolicyShadowed => applies(one) && faults(other),
        Kind::PolicyRedundant => applies(one) && faults(one) && faults(other),
        Kind::PoliciesConflict => applies(one) && applies(other) && (faults(one) || faults(other)),
        Kind::ObligationsClash => clash(package, request, &finding.policies),
        Kind::AttributeHiding => {
            let present = |input| at(request, input).is_some_and(|value| *value != Value::Absent);
            finding.attribute.is_some_and(|input| present(input.0))
                && !allows(package, request)
                && allows(package, &take_out(request, finding.attribute))
        }
        Kind::CoverageGap => {
            let outcomes = evaluate(package, request);
            !allows(package, request) && !denied_by_a_policy(package, &outcomes)
        }
    }
}

/// Whether a policy applies to a request, and whether the request violates it or leaves it indeterminate.
fn verdict(package: &Package, request: &[Value], policy: u32) -> (bool, bool) {
    let Some(policy) = at(&package.policies, policy) else {
        return (false, false);
    };
    let scope = condition(package, request, &policy.scope);
    let satisfied = scope == Truth::True && condition(package, request, &policy.constraint) == Truth::True;
    (scope == Truth::True, scope != Truth::False && !satisfied)
}

/// The decision of a bundle that has this package alone.
pub(super) fn allows(package: &Package, request: &[Value]) -> bool {
    let outcomes = evaluate(package, request);
    let covered = outcomes.applied.iter().any(|policy| blocks(package, *policy));
    !denied_by_a_policy(package, &outcomes) && (covered || package.default == DefaultDecision::Allow)
}

fn denied_by_a_policy(package: &Package, outcomes: &Outcomes) -> bool {
    let mut findings = outcomes.findings.iter();
    findings.any(|finding| finding.outcome != Outcome::Satisfied && blocks(package, finding.policy))
}

fn blocks(package: &Package, policy: u32) -> bool {
    at(&package.policies, policy).is_some_and(|policy| policy.mode == Mode::Blocking)
}
