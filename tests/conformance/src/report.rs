//! Checks and their results, as JSON and JUnit.

use std::fmt;

use aecp_engine::Contract;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

/// How a check came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", content = "detail", rename_all = "kebab-case")]
pub enum CheckResult {
    /// What the title says holds, as far as the kit has tried.
    Passed,
    /// It does not hold; the detail says with which input and what was seen.
    Failed(String),
    /// The check does not apply or was not reached; the reason says which.
    Skipped(String),
}

impl CheckResult {
    /// `passed`, `failed` or `skipped`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
        }
    }

    /// What was seen, or why the check was skipped.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Failed(text) | Self::Skipped(text) => Some(text),
        }
    }
}

/// One check of one component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its id, in kebab case. Ids stay the same from version to version.
    pub id: &'static str,
    /// What holds if it passes, as a sentence.
    pub title: &'static str,
    /// How it came out.
    #[serde(flatten)]
    pub result: CheckResult,
}

/// All checks of one component.
///
/// As JSON: `{"contract": "aecp:policy" or null, "passed": true, "checks": [{"id", "title", "result", "detail"}]}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The contract that the component exports; none if it exports none or several, or is no component.
    pub contract: Option<Contract>,
    /// In the order of [`crate::catalogue`].
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether no check failed. Something without a contract never passes.
    pub fn passed(&self) -> bool {
        self.contract.is_some() && self.failed().next().is_none()
    }

    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(|check| matches!(check.result, CheckResult::Failed(_)))
    }

    /// The report as JUnit XML, which CI systems read: one suite named after the contract, one case for each check.
    pub fn to_junit(&self) -> String {
        let mut suite = TestSuite::new(self.contract.map_or("no contract", Contract::name));
        for check in &self.checks {
            let status = match &check.result {
                CheckResult::Passed => TestCaseStatus::success(),
                CheckResult::Failed(detail) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_message(detail.as_str());
                    status
                }
                CheckResult::Skipped(reason) => {
                    let mut status = TestCaseStatus::skipped();
                    status.set_message(reason.as_str());
                    status
                }
            };
            let mut case = TestCase::new(check.id, status);
            case.set_classname("aecp-conformance").set_system_out(check.title);
            suite.add_test_case(case);
        }
        let mut report = quick_junit::Report::new("aecp conformance");
        report.add_test_suite(suite);
        // Writing to memory has no way to fail; should it, a reader must see a failure and not an empty file.
        report.to_string().unwrap_or_else(|_| UNWRITABLE.to_owned())
    }
}

const UNWRITABLE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="aecp conformance" tests="1" failures="1"><testsuite name="report" tests="1" failures="1">
<testcase name="report"><failure message="the report could not be written as JUnit"/></testcase>
</testsuite></testsuites>
"#;

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 3)?;
        report.serialize_field("contract", &self.contract.map(Contract::name))?;
        report.serialize_field("passed", &self.passed())?;
        report.serialize_field("checks", &self.checks)?;
        report.end()
    }
}

/// One line for each check, with the detail below it.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for check in &self.checks {
            writeln!(f, "{:7}  {}: {}", check.result.name(), check.id, check.title)?;
            if let Some(detail) = check.result.detail() {
                writeln!(f, "         {detail}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let check = |id, result| Check {
            id,
            title: "It holds.",
            result,
        };
        Report {
            contract: Some(Contract::Policy),
            checks: vec![
                check("one", CheckResult::Passed),
                check("two", CheckResult::Failed("saw <this> & \"that\" \u{1}".into())),
                check("three", CheckResult::Skipped("not reached".into())),
            ],
        }
    }

    #[test]
    fn json_names_contract_result_and_detail() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["contract"], "aecp:policy");
        assert_eq!(json["passed"], false);
        assert_eq!(json["checks"][0]["result"], "passed");
        assert_eq!(json["checks"][1]["result"], "failed");
        assert_eq!(json["checks"][2]["detail"], "not reached");
    }

    #[test]
    fn junit_counts_failures_and_escapes_details() {
        let xml = report().to_junit();
        assert!(
            xml.contains(r#"tests="3""#) && xml.contains(r#"failures="1""#),
            "{xml}"
        );
        assert!(xml.contains("saw &lt;this&gt; &amp;"), "{xml}");
        assert!(!xml.contains('\u{1}'), "{xml}");
    }

    #[test]
    fn something_without_a_contract_never_passes() {
        let report = Report {
            contract: None,
            checks: Vec::new(),
        };
        assert!(!report.passed());
    }
}
