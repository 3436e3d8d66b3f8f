//! What the library found out, in the contract's words.

use aecp_compiler::analysis::{Acknowledged, Acknowledgement, Analysis, Finding, Severity as Importance};
use aecp_compiler::core::Package;
use aecp_compiler::diagnostic::{Diagnostic, Label, Place, Severity};
use aecp_compiler::package::Checked;
use aecp_compiler::suite::run::{CaseResult, Report, TestResult};
use aecp_vocabulary::decision::RaisedObligation;
use aecp_vocabulary::{Decision, Mode, Outcome, Value, Verdict};

use super::{values, wire};

pub(super) fn checked(checked: &Checked) -> wire::Checked {
    wire::Checked {
        summary: checked.package.as_ref().map(|package| wire::PackageSummary {
            name: package.name.clone(),
            version: package.version.clone(),
            policies: package
                .policies
                .iter()
                .map(|policy| policy.name.clone())
                .collect(),
            tests: u32::try_from(checked.tests.len()).unwrap_or(u32::MAX),
        }),
        diagnostics: diagnostics(&checked.diagnostics),
    }
}

pub(super) fn diagnostics(found: &[Diagnostic]) -> Vec<wire::Diagnostic> {
    let told = |found: &Diagnostic| wire::Diagnostic {
        severity: match found.severity {
            Severity::Error => wire::Severity::Error,
            Severity::Warning => wire::Severity::Warning,
        },
        code: found.code.name().to_owned(),
        message: found.message.clone(),
        primary: found.primary.as_ref().map(label),
        secondary: found.secondary.iter().map(label).collect(),
        help: found.help.clone(),
    };
    found.iter().map(told).collect()
}

fn label(label: &Label) -> wire::Label {
    at(label.place, label.message.clone())
}

fn at(place: Place, message: String) -> wire::Label {
    wire::Label {
        source: place.file,
        start: place.span.start,
        end: place.span.end,
        message,
    }
}

pub(super) fn decision(decision: Decision) -> wire::Decision {
    let finding = |finding: aecp_vocabulary::Finding| wire::Finding {
        policy: finding.policy,
        outcome: match finding.outcome {
            Outcome::Satisfied => wire::Outcome::Satisfied,
            Outcome::Violated => wire::Outcome::Violated,
            Outcome::Indeterminate => wire::Outcome::Indeterminate,
        },
        mode: match finding.mode {
            Mode::AuditOnly => wire::Mode::AuditOnly,
            Mode::Advisory => wire::Mode::Advisory,
            Mode::Blocking => wire::Mode::Blocking,
        },
        reason: finding.reason,
    };
    let obligation = |raised: RaisedObligation| wire::Obligation {
        policy: raised.by.policy.to_string(),
        kind: raised.kind,
        arguments: raised.arguments,
    };
    wire::Decision {
        verdict: match decision.verdict {
            Verdict::Allow => wire::Verdict::Allow,
            Verdict::Deny => wire::Verdict::Deny,
        },
        denial: decision.denial.map(|denial| denial.name().to_owned()),
        findings: decision.findings.into_iter().map(finding).collect(),
        covered_by: decision
            .covered_by
            .iter()
            .map(|name| name.policy.to_string())
            .collect(),
        obligations: decision.obligations.into_iter().map(obligation).collect(),
    }
}

pub(super) fn analysis(
    package: &Package,
    places: &[Place],
    found: &Analysis,
    acknowledged: &Acknowledged<'_>,
) -> wire::Analysis {
    let policy = |index: &u32| {
        let index = usize::try_from(*index).ok()?;
        let name = package.policies.get(index)?.name.clone();
        Some(at(*places.get(index)?, name))
    };
    let proven = |(finding, why): (&Finding, &Option<&Acknowledgement>)| wire::Proven {
        kind: finding.kind.name().to_owned(),
        importance: match finding.severity {
            Importance::Information => wire::Importance::Information,
            Importance::Warning => wire::Importance::Warning,
            Importance::Critical => wire::Importance::Critical,
        },
        sentence: finding.sentence.clone(),
        acknowledged: why.map(|why| why.reason.clone()),
        policies: finding.policies.iter().filter_map(policy).collect(),
        request: finding.witness.as_ref().map(|values| request(package, values)),
    };
    // What did not hold when it was tried is a mistake of the analysis; it has not been proven.
    let refuted = found.inconsistencies.iter().map(|finding| &finding.sentence);
    let open = found.not_decided.iter().map(|open| &open.asked);
    wire::Analysis {
        proven: found
            .findings
            .iter()
            .zip(&acknowledged.findings)
            .map(proven)
            .collect(),
        stale: acknowledged
            .stale
            .iter()
            .map(|stale| at(stale.place, stale.subject()))
            .collect(),
        not_decided: open.chain(refuted).cloned().collect(),
    }
}

fn request(package: &Package, given: &[Value]) -> Vec<(String, wire::Value)> {
    let there = package
        .inputs
        .iter()
        .zip(given)
        .filter(|(_, value)| **value != Value::Absent);
    there
        .map(|(input, value)| (input.name.to_string(), values::to_wire(value.clone())))
        .collect()
}

pub(super) fn tests(report: Report) -> Vec<wire::TestResult> {
    let case = |case: CaseResult| wire::TestCase {
        title: case.title,
        failure: case.failure.map(|failure| wire::TestFailure {
            expected: failure.expected,
            found: failure.found,
        }),
    };
    let test = |test: TestResult| wire::TestResult {
        title: test.title,
        cases: test.cases.into_iter().map(case).collect(),
    };
    report.tests.into_iter().map(test).collect()
}
