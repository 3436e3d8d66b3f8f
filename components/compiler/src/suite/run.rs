//! Tests against a package.

use aecp_vocabulary::decision::DEFAULT_POLICY;
use aecp_vocabulary::{Decision, Finding, Mode, Verdict};
use serde::Serialize;

use super::decision::decide;
use super::obliged::{self, Obliged};
use super::{Expected, Test};
use crate::core::Package;
use crate::diagnostic::Place;

/// Most findings that a sentence about a decision repeats.
const FINDING_LIMIT: usize = 8;

/// What running tests gave, in the order of the tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One for each test.
    pub tests: Vec<TestResult>,
}

impl Report {
    /// Whether every case of every test passed.
    pub fn passed(&self) -> bool {
        self.tests.iter().all(TestResult::passed)
    }

    /// How many tests failed.
    pub fn failures(&self) -> usize {
        self.tests.iter().filter(|test| !test.passed()).count()
    }
}

/// What one test gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestResult {
    /// The test's title.
    pub title: String,
    /// Where it stands.
    pub place: Place,
    /// One for each case.
    pub cases: Vec<CaseResult>,
}

impl TestResult {
    /// Whether every case passed.
    pub fn passed(&self) -> bool {
        self.cases.iter().all(|case| case.failure.is_none())
    }
}

/// What one case gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseResult {
    /// The case's title, if it has one.
    pub title: Option<String>,
    /// Where it stands.
    pub place: Place,
    /// What was decided.
    pub decision: Decision,
    /// Why it failed; none if it passed.
    pub failure: Option<Failure>,
}

/// What was expected, and what came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// In words: ``DENY by `data_residency_eu` ``.
    pub expected: String,
    /// In words: `ALLOW`.
    pub found: String,
}

/// Runs tests against a package: the one they were checked with, or another one with the same attributes.
pub fn run(package: &Package, tests: &[Test]) -> Report {
    let case = |case: &super::Case| {
        let decision = decide(package, &case.values(package));
        let failure = (!meets(&case.expected, &decision)).then(|| Failure {
            expected: expectation(&case.expected),
            found: found(&decision),
        });
        CaseResult {
            title: case.title.clone(),
            place: case.place,
            decision,
            failure,
        }
    };
    let test = |test: &Test| TestResult {
        title: test.title.clone(),
        place: test.place,
        cases: test.cases.iter().map(case).collect(),
    };
    Report {
        tests: tests.iter().map(test).collect(),
    }
}

/// Whether the decision is what is expected. A denial's policy is any that denies, not only the first one.
pub fn meets(expected: &Expected, decision: &Decision) -> bool {
    if expected.verdict != decision.verdict {
        return false;
    }
    match expected.verdict {
        Verdict::Allow => {
            let by = expected.by.as_ref();
            let raised = obliging(decision);
            by.is_none_or(|by| decision.covered_by.iter().any(|name| *name.policy == **by))
                && expected.obliging.iter().all(|asked| raised.contains(asked))
        }
        Verdict::Deny => denying(decision).any(|finding| {
            let by = expected.by.as_ref().is_none_or(|by| *by == finding.policy);
            by && expected
                .because
                .as_ref()
                .is_none_or(|part| finding.reason.contains(part))
        }),
    }
}

/// What a decision obliges to, each once.
pub(super) fn obliging(decision: &Decision) -> Vec<Obliged> {
    let mut all: Vec<Obliged> = decision.obligations.iter().filter_map(Obliged::raised).collect();
    all.sort();
    all.dedup();
    all
}

fn denying(decision: &Decision) -> impl Iterator<Item = &Finding> {
    decision
        .findings
        .iter()
        .filter(|finding| finding.mode == Mode::Blocking)
}

fn expectation(expected: &Expected) -> String {
    let mut sentence = expected.verdict.name().to_owned();
    if let Some(by) = &expected.by {
        match by.as_str() {
            DEFAULT_POLICY => sentence.push_str(" by default"),
            by => sentence.push_str(&format!(" by `{by}`")),
        }
    }
    if let Some(because) = &expected.because {
        sentence.push_str(&format!(", with a reason that contains `{because}`"));
    }
    if !expected.obliging.is_empty() {
        sentence.push_str(&format!(
            ", obliging to {}",
            obliged::sentence(&expected.obliging)
        ));
    }
    sentence
}

fn found(decision: &Decision) -> String {
    if decision.verdict == Verdict::Allow {
        let names: Vec<String> = decision
            .covered_by
            .iter()
            .take(FINDING_LIMIT)
            .map(|name| format!("`{}`", name.policy))
            .collect();
        let mut sentence = match names.as_slice() {
            [] => "ALLOW".to_owned(),
            names => format!("ALLOW by {}", names.join(", ")),
        };
        let obliging = obliging(decision);
        if let Some(first) = obliging
            .get(..obliging.len().min(FINDING_LIMIT))
            .filter(|it| !it.is_empty())
        {
            sentence.push_str(&format!(", obliging to {}", obliged::sentence(first)));
        }
        return sentence;
    }
    let mut findings: Vec<String> = denying(decision)
        .take(FINDING_LIMIT)
        .map(|finding| match finding.policy.as_str() {
            DEFAULT_POLICY => format!("by default ({})", finding.reason),
            policy => format!("by `{policy}` ({})", finding.reason),
        })
        .collect();
    let unseen = denying(decision).count().saturating_sub(FINDING_LIMIT);
    if unseen > 0 {
        findings.push(format!("and {unseen} more"));
    }
    format!("DENY {}", findings.join(", "))
}
