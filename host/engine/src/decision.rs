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

use std::sync::Arc;

use aecp_vocabulary::decision::{DEFAULT_POLICY, PolicyName, RaisedObligation};
use aecp_vocabulary::policy::{PolicyDescription, PolicyFinding, Segment};
use aecp_vocabulary::{
    AuditClass, ComponentDescription, Decision, DefaultDecision, Denial, Finding, Mode, Outcome, Outcomes,
    Value, Verdict,
};

use crate::failure::Failure;

/// A component's policies under the bundle's ceilings.
#[derive(Debug)]
pub struct Rules {
    policies: Vec<Rule>,
    packages: Vec<PackageRule>,
}

#[derive(Debug)]
struct Rule {
    name: PolicyName,
    package: usize,
    /// Which policy of its package.
    place: usize,
    effective: Mode,
    audit: AuditClass,
    covers: bool,
}

#[derive(Debug)]
struct PackageRule {
    name: Arc<str>,
    strongest: Mode,
    must_cover: bool,
}

impl Rules {
    /// The policies of `description`, with `ceiling` for each package by name.
    pub fn new(description: &ComponentDescription, ceiling: impl Fn(&str) -> Mode) -> Self {
        let mut policies = Vec::new();
        let mut packages = Vec::new();
        for (index, package) in description.packages.iter().enumerate() {
            let ceiling = ceiling(&package.name);
            let name: Arc<str> = package.name.as_str().into();
            let must_cover = package.default == DefaultDecision::Deny && ceiling == Mode::Blocking;
            for (place, policy) in package.policies.iter().enumerate() {
                let effective = policy.mode.min(ceiling);
                policies.push(Rule {
                    name: PolicyName {
                        package: name.clone(),
                        policy: policy.name.as_str().into(),
                    },
                    package: index,
                    place,
                    effective,
                    audit: policy.audit,
                    covers: must_cover && effective == Mode::Blocking,
                });
            }
            let strongest = package
                .policies
                .iter()
                .map(|policy| policy.mode.min(ceiling))
                .max();
            packages.push(PackageRule {
                name,
                strongest: strongest.unwrap_or(Mode::AuditOnly),
                must_cover,
            });
        }
        Self { policies, packages }
    }

    /// Whether these policies can deny anything.
    pub fn can_deny(&self) -> bool {
        self.packages
            .iter()
            .any(|package| package.must_cover || package.strongest == Mode::Blocking)
    }

    fn rule(&self, policy: u32) -> Option<&Rule> {
        self.policies.get(usize::try_from(policy).ok()?)
    }
}

impl Rule {
    /// What the component described of this policy.
    fn described<'a>(&self, description: &'a ComponentDescription) -> Option<&'a PolicyDescription> {
        description.packages.get(self.package)?.policies.get(self.place)
    }
}

/// What one component said of one request.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// Its policies under the bundle.
    pub rules: &'a Rules,
    /// What it described.
    pub description: &'a ComponentDescription,
    /// The values that it was given, by position.
    pub values: &'a [&'a Value],
    /// What it answered.
    pub answer: &'a Result<Outcomes, Failure>,
}

/// Decides over the reports of all components, in the order of the bundle.
pub fn decide<'a>(reports: impl Iterator<Item = Report<'a>> + Clone) -> Decision {
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
            Err(failure) => take_failure(&mut decision, &report, failure),
        }
    }
    let must_cover = || {
        let packages = reports.clone().flat_map(|report| &report.rules.packages);
        packages.filter(|package| package.must_cover)
    };
    if decision.denial.is_none() && decision.covered_by.is_empty() && must_cover().next().is_some() {
        let names: Vec<&str> = must_cover().map(|package| &*package.name).collect();
        deny(&mut decision, Denial::Default);
        decision.findings.push(uncovered(&names));
    }
    if decision.verdict == Verdict::Deny {
        decision.obligations.clear();
    }
    decision
}

fn take_outcomes(decision: &mut Decision, report: &Report<'_>, outcomes: &Outcomes) {
    for rule in outcomes
        .applied
        .iter()
        .filter_map(|policy| report.rules.rule(*policy))
    {
        decision.audit = decision.audit.max(rule.audit);
        if rule.covers {
            decision.covered_by.push(rule.name.clone());
        }
    }
    for finding in &outcomes.findings {
        let Some(rule) = report.rules.rule(finding.policy) else {
            continue;
        };
        decision.audit = decision.audit.max(rule.audit);
        if rule.effective == Mode::Blocking {
            raise_obligations(decision, report, rule, finding);
        }
        let denial = match finding.outcome {
            Outcome::Satisfied => continue,
            Outcome::Violated => Denial::Violated,
            Outcome::Indeterminate => Denial::Indeterminate,
        };
        decision.findings.push(Finding {
            package: rule.name.package.to_string(),
            policy: rule.name.policy.to_string(),
            outcome: finding.outcome,
            mode: rule.effective,
            reason: reason(report, rule, finding),
        });
        if rule.effective == Mode::Blocking {
            deny(decision, denial);
        }
    }
}

fn take_failure(decision: &mut Decision, report: &Report<'_>, failure: &Failure) {
    for (index, package) in report.rules.packages.iter().enumerate() {
        let policies = report.rules.policies.iter().filter(|rule| rule.package == index);
        decision.audit = policies
            .map(|rule| rule.audit)
            .fold(decision.audit, AuditClass::max);
        // A package that must cover cannot be told to have covered, whatever its policies' own modes are.
        let mode = if package.must_cover {
            Mode::Blocking
        } else {
            package.strongest
        };
        decision.findings.push(Finding {
            package: package.name.to_string(),
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

/// The first denial is the one that is named.
fn deny(decision: &mut Decision, denial: Denial) {
    decision.verdict = Verdict::Deny;
    decision.denial.get_or_insert(denial);
}

fn uncovered(packages: &[&str]) -> Finding {
    let package = match packages {
        [only] => (*only).to_owned(),
        _ => String::new(),
    };
    Finding {
        package,
        policy: DEFAULT_POLICY.to_owned(),
        outcome: Outcome::Violated,
        mode: Mode::Blocking,
        reason: format!(
            "no blocking policy of {} covers this request",
            packages.join(", ")
        ),
    }
}

fn raise_obligations(decision: &mut Decision, report: &Report<'_>, rule: &Rule, finding: &PolicyFinding) {
    let Some(policy) = rule.described(report.description) else {
        return;
    };
    for index in &finding.obligations {
        let Some(obligation) = usize::try_from(*index)
            .ok()
            .and_then(|index| policy.obligations.get(index))
        else {
            continue;
        };
        let argument = |(key, text): &(String, Vec<Segment>)| (key.clone(), render(report, text));
        decision.obligations.push(RaisedObligation {
            by: rule.name.clone(),
            kind: obligation.kind.clone(),
            arguments: obligation.arguments.iter().map(argument).collect(),
        });
    }
}

fn reason(report: &Report<'_>, rule: &Rule, finding: &PolicyFinding) -> String {
    let Some(policy) = rule.described(report.description) else {
        return String::new();
    };
    if finding.outcome == Outcome::Violated {
        return render(report, &policy.reason);
    }
    let mut unknown = Vec::new();
    for position in &policy.reads {
        let Ok(index) = usize::try_from(*position) else {
            continue;
        };
        let label = report
            .description
            .inputs
            .get(index)
            .map_or("", |input| input.label());
        match read(report, *position) {
            Some(Value::Absent) => unknown.push(format!("`{label}` is absent")),
            Some(Value::Failed(why)) => unknown.push(format!("`{label}` is unknown: {why}")),
            _ => {}
        }
    }
    format!("cannot be told: {}", unknown.join("; "))
}

/// What policies read at a position: a default in the place of an absent value.
fn read<'a>(report: &Report<'a>, position: u32) -> Option<&'a Value> {
    let index = usize::try_from(position).ok()?;
    let value: &'a Value = report.values.get(index).copied()?;
    let input = report.description.inputs.get(index);
    Some(input.map_or(value, |input| input.read(value)))
}

fn render(report: &Report<'_>, text: &[Segment]) -> String {
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

#[cfg(test)]
mod tests;
