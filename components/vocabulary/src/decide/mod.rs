//! ALLOW or DENY over all packages of a bundle.
//!
//! Components report what each policy says; only this module decides, by these rules:
//!
//! 1. A policy's *effective mode* is the weaker of its own mode and its package's ceiling in the bundle.
//! 2. DENY if an effectively blocking policy of any package is violated or indeterminate.
//! 3. Else, if any package at a blocking ceiling says `DEFAULT: DENY`, one of *those* packages must cover the request:
//!    an effectively blocking policy of it has a true scope. If none does: DENY, with the finding `default`.
//! 4. Else ALLOW. Packages that say `DEFAULT: ALLOW` are guardrails: they deny by rule 2 and never cover.
//! 5. A component that failed makes all of its policies indeterminate.
//!
//! Nothing here fails, allocates for what did not happen, or depends on the order of policies, except that findings
//! are listed in the order of the bundle and the first blocking one names the denial.
//!
//! - this module: the decision.
//! - `rules`: what it looks up of policies, and the policies of a component under a bundle's ceilings.
//! - `failure`: why a component said nothing.

mod failure;
mod rules;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;

use crate::decision::{DEFAULT_POLICY, RaisedObligation};
use crate::policy::{PolicyFinding, Segment};
use crate::{AuditClass, Decision, Denial, Finding, Mode, Outcome, Outcomes, Value, Verdict};
pub use failure::Failure;
pub use rules::{PackageStance, Policies, Ruled, Rules, Stance};

/// What the policies of one component, or of one package, said of one request.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a, P, V> {
    /// The policies, as the bundle runs them.
    pub policies: P,
    /// The values that they were given, by position.
    pub values: &'a [V],
    /// What they answered.
    pub answer: Result<&'a Outcomes, &'a Failure>,
}

/// Decides over the reports of all components, in the order of the bundle.
pub fn decide<'a, P: Policies, V: Borrow<Value> + 'a>(
    reports: impl Iterator<Item = Report<'a, P, V>> + Clone,
) -> Decision {
    let mut decision = Decision {
        verdict: Verdict::Allow,
        denial: None,
        findings: Vec::new(),
        covered_by: Vec::new(),
        obligations: Vec::new(),
        audit: AuditClass::Ordinary,
    };
    for report in reports.clone() {
        match report.answer {
            Ok(outcomes) => take_outcomes(&mut decision, &report, outcomes),
            Err(failure) => take_failure(&mut decision, &report.policies, failure),
        }
    }
    if decision.denial.is_none() && decision.covered_by.is_empty() {
        default(&mut decision, reports);
    }
    if decision.verdict == Verdict::Deny {
        decision.obligations.clear();
    }
    decision
}

fn take_outcomes<P: Policies, V: Borrow<Value>>(
    decision: &mut Decision,
    report: &Report<'_, P, V>,
    outcomes: &Outcomes,
) {
    let policies = &report.policies;
    for policy in &outcomes.applied {
        let Some(stance) = policies.stance(*policy) else {
            continue;
        };
        decision.audit = decision.audit.max(stance.audit);
        if stance.covers {
            decision.covered_by.push(policies.name(*policy));
        }
    }
    for finding in &outcomes.findings {
        let Some(stance) = policies.stance(finding.policy) else {
            continue;
        };
        decision.audit = decision.audit.max(stance.audit);
        if stance.effective == Mode::Blocking {
            raise_obligations(decision, report, finding);
        }
        let denial = match finding.outcome {
            Outcome::Satisfied => continue,
            Outcome::Violated => Denial::Violated,
            Outcome::Indeterminate => Denial::Indeterminate,
        };
        let name = policies.name(finding.policy);
        decision.findings.push(Finding {
            package: name.package.to_string(),
            policy: name.policy.to_string(),
            outcome: finding.outcome,
            mode: stance.effective,
            reason: reason(report, finding),
        });
        if stance.effective == Mode::Blocking {
            deny(decision, denial);
        }
    }
}

fn take_failure<P: Policies>(decision: &mut Decision, policies: &P, failure: &Failure) {
    for package in policies.packages() {
        decision.audit = decision.audit.max(package.audit);
        // A package that must cover cannot be told to have covered, whatever its policies' own modes are.
        let mode = if package.must_cover {
            Mode::Blocking
        } else {
            package.strongest
        };
        decision.findings.push(Finding {
            package: package.name.to_owned(),
            policy: failure.denial().name().to_owned(),
            outcome: Outcome::Indeterminate,
            mode,
            reason: format!("package `{}` {failure}", package.name),
        });
        if mode == Mode::Blocking {
            deny(decision, failure.denial());
        }
    }
}

/// Denies, if a package must cover. Only called where nothing covers, and nothing denies either.
fn default<'a, P: Policies, V: 'a>(decision: &mut Decision, reports: impl Iterator<Item = Report<'a, P, V>>) {
    let mut names = Vec::new();
    for report in reports {
        let packages = report.policies.packages();
        names.extend(
            packages
                .filter(|package| package.must_cover)
                .map(|package| package.name.to_owned()),
        );
    }
    if names.is_empty() {
        return;
    }
    deny(decision, Denial::Default);
    decision.findings.push(Finding {
        reason: format!("no blocking policy of {} covers this request", names.join(", ")),
        package: match <[String; 1]>::try_from(names) {
            Ok([only]) => only,
            Err(_) => String::new(),
        },
        policy: DEFAULT_POLICY.to_owned(),
        outcome: Outcome::Violated,
        mode: Mode::Blocking,
    });
}

/// The first denial is the one that is named.
fn deny(decision: &mut Decision, denial: Denial) {
    decision.verdict = Verdict::Deny;
    decision.denial.get_or_insert(denial);
}

fn raise_obligations<P: Policies, V: Borrow<Value>>(
    decision: &mut Decision,
    report: &Report<'_, P, V>,
    finding: &PolicyFinding,
) {
    let obligations = report.policies.obligations(finding.policy);
    for index in &finding.obligations {
        let Some(obligation) = usize::try_from(*index)
            .ok()
            .and_then(|index| obligations.get(index))
        else {
            continue;
        };
        let argument = |(key, text): &(String, Vec<Segment>)| (key.clone(), render(report, text));
        decision.obligations.push(RaisedObligation {
            by: report.policies.name(finding.policy),
            kind: obligation.kind.clone(),
            arguments: obligation.arguments.iter().map(argument).collect(),
        });
    }
}

fn reason<P: Policies, V: Borrow<Value>>(report: &Report<'_, P, V>, finding: &PolicyFinding) -> String {
    let policies = &report.policies;
    if finding.outcome == Outcome::Violated {
        return render(report, policies.reason(finding.policy));
    }
    let mut unknown = Vec::new();
    for position in policies.reads(finding.policy).iter() {
        match read(report, *position) {
            Some(Value::Absent) => unknown.push(format!("`{}` is absent", policies.label(*position))),
            Some(Value::Failed(why)) => {
                unknown.push(format!("`{}` is unknown: {why}", policies.label(*position)));
            }
            _ => {}
        }
    }
    if unknown.is_empty() {
        // All that it reads is there, and something in it has no meaning to the policy.
        unknown
            .push("a value is none that the schema lists, or beyond what can be calculated with".to_owned());
    }
    format!("cannot be told: {}", unknown.join("; "))
}

/// What conditions read at a position.
fn read<'a, P: Policies, V: Borrow<Value>>(report: &'a Report<'_, P, V>, position: u32) -> Option<&'a Value> {
    let value = report.values.get(usize::try_from(position).ok()?)?;
    Some(report.policies.read(position, value.borrow()))
}

fn render<P: Policies, V: Borrow<Value>>(report: &Report<'_, P, V>, text: &[Segment]) -> String {
    let mut sentence = String::new();
    for segment in text {
        match segment {
            Segment::Literal(literal) => sentence.push_str(literal),
            Segment::Input(position) => {
                let value = read(report, *position).unwrap_or(&Value::Absent);
                sentence.push_str(&value.to_string());
            }
        }
    }
    sentence
}
