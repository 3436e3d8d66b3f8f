//! Outcomes from the wire, held against what the component described.

use aecp_vocabulary::policy::PolicyFinding;
use aecp_vocabulary::{ComponentDescription, Outcome, Outcomes};

use super::wire;
use crate::failure::Failure;

/// Checks the rules that the contract states for `outcomes`.
pub(super) fn read(
    description: &ComponentDescription,
    outcomes: wire::Outcomes,
) -> Result<Outcomes, Failure> {
    let count: usize = description
        .packages
        .iter()
        .map(|package| package.policies.len())
        .sum();
    let applied = outcomes.applied;
    if !is_ascending(applied.iter().copied()) {
        return Err(malformed("`applied` is not ascending"));
    }
    if !is_ascending(outcomes.findings.iter().map(|finding| finding.policy)) {
        return Err(malformed("`findings` is not ascending by policy"));
    }
    let last = applied
        .last()
        .copied()
        .max(outcomes.findings.last().map(|finding| finding.policy));
    if last.is_some_and(|last| usize::try_from(last).is_ok_and(|last| last >= count)) {
        return Err(malformed("a policy is named that the component does not have"));
    }
    let mut findings = Vec::with_capacity(outcomes.findings.len());
    for finding in outcomes.findings {
        findings.push(read_finding(description, &applied, finding)?);
    }
    Ok(Outcomes { applied, findings })
}

fn read_finding(
    description: &ComponentDescription,
    applied: &[u32],
    finding: wire::Finding,
) -> Result<PolicyFinding, Failure> {
    let outcome = match finding.outcome {
        wire::Outcome::Satisfied => Outcome::Satisfied,
        wire::Outcome::Violated => Outcome::Violated,
        wire::Outcome::Indeterminate => Outcome::Indeterminate,
    };
    if outcome != Outcome::Indeterminate && applied.binary_search(&finding.policy).is_err() {
        return Err(malformed(
            "a policy is satisfied or violated without having applied",
        ));
    }
    if outcome == Outcome::Satisfied && finding.obligations.is_empty() {
        return Err(malformed("a satisfied policy without obligation is no finding"));
    }
    if let Some(last) = finding.obligations.last() {
        let index = usize::try_from(finding.policy).unwrap_or(usize::MAX);
        let declared = description
            .policies()
            .nth(index)
            .map_or(0, |(_, policy)| policy.obligations.len());
        if !is_ascending(finding.obligations.iter().copied()) {
            return Err(malformed("`obligations` is not ascending"));
        }
        if usize::try_from(*last).is_ok_and(|last| last >= declared) {
            return Err(malformed("an obligation is raised that the policy does not have"));
        }
    }
    Ok(PolicyFinding {
        policy: finding.policy,
        outcome,
        obligations: finding.obligations,
    })
}

/// Each once, ascending.
fn is_ascending(mut indices: impl Iterator<Item = u32>) -> bool {
    let Some(mut previous) = indices.next() else {
        return true;
    };
    indices.all(|index| {
        let later = index > previous;
        previous = index;
        later
    })
}

fn malformed(detail: &str) -> Failure {
    Failure::Malformed(detail.to_owned())
}
