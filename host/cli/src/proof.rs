//! What tests and analysis of package folders give, for the attestation of the component that is built of them.

use aecp_compiler::analysis::{Budget, Severity, acknowledge, analyse};
use aecp_compiler::package::Checked;
use aecp_compiler::suite;
use aecp_trust::attestation::{AcknowledgedFinding, PackageResults};

/// Runs the tests and the analysis of a package; none if it has errors.
pub(crate) fn results(checked: &Checked) -> Option<PackageResults> {
    let package = checked.package.as_ref()?;
    let report = suite::run(package, &checked.tests);
    let analysis = analyse(package, Budget::scaled(package.policies.len()));
    let acknowledged = acknowledge(package, &analysis, &checked.acknowledgements);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let failed = report.tests.iter().filter(|test| !test.passed());
    let critical = acknowledged
        .open(&analysis)
        .filter(|finding| finding.severity == Severity::Critical);
    let kept = analysis.findings.iter().zip(&acknowledged.findings);
    let kept = kept.filter_map(|(finding, why)| {
        Some(AcknowledgedFinding {
            kind: finding.kind.name().to_owned(),
            sentence: finding.sentence.clone(),
            reason: (*why)?.reason.clone(),
        })
    });
    Some(PackageResults {
        package: package.name.clone(),
        tests_passed: count(report.tests.len().saturating_sub(report.failures())),
        tests_failed: failed.map(|test| test.title.clone()).collect(),
        critical: critical.map(|finding| finding.sentence.clone()).collect(),
        acknowledged: kept.collect(),
        other_findings: count(
            acknowledged
                .open(&analysis)
                .filter(|finding| finding.severity < Severity::Critical)
                .count(),
        ),
        not_decided: count(analysis.not_decided.len()),
    })
}
