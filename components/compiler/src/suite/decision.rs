//! What one package decides over one request, alone in a bundle under a BLOCKING ceiling.
//!
//! The rules over several packages and ceilings are the engine's; for one package they come to these:
//!
//! 1. DENY if a BLOCKING policy is violated or indeterminate.
//! 2. Else, if the package says `DEFAULT: DENY`, a BLOCKING policy must have a true scope. If none has: DENY, with the
//!    finding `default`.
//! 3. Else ALLOW.

use std::sync::Arc;

use aecp_vocabulary::decision::{DEFAULT_POLICY, PolicyName, RaisedObligation};
use aecp_vocabulary::policy::{PolicyFinding, Segment};
use aecp_vocabulary::{
    AuditClass, Decision, DefaultDecision, Denial, Finding, Mode, Outcome, Outcomes, Value, Verdict,
};

use crate::core::{Package, Policy};
use crate::interpreter;

/// Decides over one request. `values` has one value for each of the package's inputs.
pub fn decide(package: &Package, values: &[Value]) -> Decision {
    of_outcomes(package, values, &interpreter::evaluate(package, values))
}

/// Decides over what the policies of `package` said of one request.
pub fn of_outcomes(package: &Package, values: &[Value], outcomes: &Outcomes) -> Decision {
    let mut decision = Decision {
        verdict: Verdict::Allow,
        denial: None,
        findings: Vec::new(),
        covered_by: Vec::new(),
        obligations: Vec::new(),
        audit: AuditClass::Ordinary,
    };
    let must_cover = package.default == DefaultDecision::Deny;
    let name = |policy: &Policy| PolicyName {
        package: package.name.as_str().into(),
        policy: Arc::from(policy.name.as_str()),
    };
    for policy in outcomes
        .applied
        .iter()
        .filter_map(|index| policy(package, *index))
    {
        decision.audit = decision.audit.max(policy.audit);
        if must_cover && policy.mode == Mode::Blocking {
            decision.covered_by.push(name(policy));
        }
    }
    for finding in &outcomes.findings {
        let Some(policy) = policy(package, finding.policy) else {
            continue;
        };
        decision.audit = decision.audit.max(policy.audit);
        if policy.mode == Mode::Blocking {
            raise(&mut decision, package, &name(policy), policy, finding, values);
        }
        let denial = match finding.outcome {
            Outcome::Satisfied => continue,
            Outcome::Violated => Denial::Violated,
            Outcome::Indeterminate => Denial::Indeterminate,
        };
        decision.findings.push(Finding {
            package: package.name.clone(),
            policy: policy.name.clone(),
            outcome: finding.outcome,
            mode: policy.mode,
            reason: reason(package, policy, finding.outcome, values),
        });
        if policy.mode == Mode::Blocking {
            deny(&mut decision, denial);
        }
    }
    if decision.denial.is_none() && decision.covered_by.is_empty() && must_cover {
        deny(&mut decision, Denial::Default);
        decision.findings.push(Finding {
            package: package.name.clone(),
            policy: DEFAULT_POLICY.to_owned(),
            outcome: Outcome::Violated,
            mode: Mode::Blocking,
            reason: format!("no blocking policy of {} covers this request", package.name),
        });
    }
    if decision.verdict == Verdict::Deny {
        decision.obligations.clear();
    }
    decision
}

fn policy(package: &Package, index: u32) -> Option<&Policy> {
    package.policies.get(usize::try_from(index).ok()?)
}

/// The first denial is the one that is named.
fn deny(decision: &mut Decision, denial: Denial) {
    decision.verdict = Verdict::Deny;
    decision.denial.get_or_insert(denial);
}

fn raise(
    decision: &mut Decision,
    package: &Package,
    by: &PolicyName,
    policy: &Policy,
    finding: &PolicyFinding,
    values: &[Value],
) {
    let raised = finding
        .obligations
        .iter()
        .filter_map(|index| policy.obligations.get(usize::try_from(*index).ok()?));
    decision.obligations.extend(raised.map(|obligation| {
        RaisedObligation {
            by: by.clone(),
            kind: obligation.kind.clone(),
            arguments: obligation
                .arguments
                .iter()
                .map(|(key, text)| (key.clone(), render(package, text, values)))
                .collect(),
        }
    }));
}

fn reason(package: &Package, policy: &Policy, outcome: Outcome, values: &[Value]) -> String {
    if outcome == Outcome::Violated {
        return render(package, &policy.reason, values);
    }
    let mut unknown = Vec::new();
    for position in policy.reads() {
        let Ok(index) = usize::try_from(position.0) else {
            continue;
        };
        let name = package.inputs.get(index).map_or("", |input| input.name.as_str());
        match values
            .get(index)
            .map(|value| package.inputs.get(index).map_or(value, |input| input.read(value)))
        {
            Some(Value::Absent) => unknown.push(format!("`{name}` is absent")),
            Some(Value::Failed(why)) => unknown.push(format!("`{name}` is unknown: {why}")),
            _ => {}
        }
    }
    format!("cannot be told: {}", unknown.join("; "))
}

fn render(package: &Package, text: &[Segment], values: &[Value]) -> String {
    let mut sentence = String::new();
    for segment in text {
        match segment {
            Segment::Literal(literal) => sentence.push_str(literal),
            Segment::Input(position) => {
                let index = usize::try_from(*position).unwrap_or(usize::MAX);
                let value = values.get(index).unwrap_or(&Value::Absent);
                let read = package.inputs.get(index).map_or(value, |input| input.read(value));
                sentence.push_str(&read.to_string());
            }
        }
    }
    sentence
}
