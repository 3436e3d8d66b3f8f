//! Findings of the analysis as TEST blocks, so that a reviewer can keep the requests that show them.

use std::collections::BTreeSet;

use aecp_vocabulary::decision::DEFAULT_POLICY;
use aecp_vocabulary::{Decision, Mode, Value, Verdict};

use super::Test;
use super::decision::decide;
use crate::analysis::{Analysis, Finding};
use crate::core::{Input, InputKind, Package};
use crate::format;
use crate::syntax::literal::quoted;

const HEADER: &str =
    "// The smallest requests that show what `aecp analyse` found, and what is decided over them.\n";

/// Tests made of findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// A source file in its one form; it belongs into the package's folder. Empty if there is no test in it.
    pub text: String,
    /// How many tests it has.
    pub tests: usize,
    /// How many findings have a test of their sentence in the package already.
    pub already: usize,
    /// How many findings no request shows.
    pub without_request: usize,
}

/// One TEST block for each finding that a request shows: its title is the finding's sentence, and it passes with
/// `package` as it is. `tests` are those that the package has.
pub fn save(package: &Package, tests: &[Test], analysis: &Analysis) -> Saved {
    let mut titles: BTreeSet<String> = tests.iter().map(|test| test.title.clone()).collect();
    let mut saved = Saved::default();
    let mut text = HEADER.to_owned();
    let count = |number: &mut usize| *number = number.saturating_add(1);
    for finding in &analysis.findings {
        let Some(request) = &finding.witness else {
            count(&mut saved.without_request);
            continue;
        };
        if !titles.insert(finding.sentence.clone()) {
            count(&mut saved.already);
            continue;
        }
        text.push_str(&block(package, finding, request));
        count(&mut saved.tests);
    }
    if saved.tests > 0 {
        // What cannot be formatted is a source all the same.
        saved.text = format::source(&text).unwrap_or(text);
    }
    saved
}

fn block(package: &Package, finding: &Finding, request: &[Value]) -> String {
    let mut text = format!("\nTEST {} {{\n", quoted(&finding.sentence));
    let settings: String = package
        .inputs
        .iter()
        .zip(request)
        .filter_map(|(input, value)| setting(input, value))
        .collect();
    if !settings.is_empty() {
        text.push_str(&format!("GIVEN {{\n{settings}}}\n"));
    }
    let expected = |request: &[Value]| expectation(package, finding, &decide(package, request));
    let hidden = finding.attribute.and_then(|input| {
        let place = usize::try_from(input.0).ok()?;
        Some((place, package.inputs.get(place)?))
    });
    match hidden {
        None => text.push_str(&expected(request)),
        Some((place, input)) => {
            let mut without = request.to_vec();
            if let Some(value) = without.get_mut(place) {
                *value = Value::Absent;
            }
            let name = &input.name;
            text.push_str(&format!("CASE \"with {name}\" {{ }} {}\n", expected(request)));
            text.push_str(&format!(
                "CASE \"without {name}\" {{ {name}: ABSENT }} {}\n",
                expected(&without)
            ));
        }
    }
    text.push_str("\n}\n");
    text
}

/// What is decided, by the policy that the finding is about if it is among those that deny.
fn expectation(package: &Package, finding: &Finding, decision: &Decision) -> String {
    if decision.verdict == Verdict::Allow {
        return "EXPECT ALLOW".to_owned();
    }
    let denying = || {
        let findings = decision.findings.iter();
        findings.filter(|finding| finding.mode == Mode::Blocking)
    };
    let about = |name: &str| {
        let mut policies = finding.policies.iter();
        policies.any(|index| {
            let policy = usize::try_from(*index)
                .ok()
                .and_then(|index| package.policies.get(index));
            policy.is_some_and(|policy| policy.name == name)
        })
    };
    let by = denying()
        .find(|denial| about(&denial.policy))
        .or_else(|| denying().next());
    match by {
        Some(by) if by.policy == DEFAULT_POLICY => "EXPECT DENY BY default".to_owned(),
        Some(by) => format!("EXPECT DENY BY {}", by.policy),
        None => "EXPECT DENY".to_owned(),
    }
}

/// A value as a line of a GIVEN block; none for what is not there, and for a parameter's default.
fn setting(input: &Input, value: &Value) -> Option<String> {
    match &input.kind {
        InputKind::Attribute { .. } => {}
        InputKind::Parameter(parameter) if parameter.default == *value => return None,
        InputKind::Parameter(_) => {}
        InputKind::Now => return Some(format!("NOW: {}\n", literal(value))),
    }
    let written = match value {
        Value::Absent => return None,
        Value::Failed(reason) => format!("FAILED {}", quoted(reason)),
        value => literal(value),
    };
    Some(format!("{}: {written}\n", input.name))
}

fn literal(value: &Value) -> String {
    fn list<T>(members: &[T], one: impl Fn(&T) -> Value) -> String {
        let members: Vec<String> = members.iter().map(|member| literal(&one(member))).collect();
        format!("[{}]", members.join(", "))
    }
    match value {
        Value::Absent
        | Value::Failed(_)
        | Value::Boolean(_)
        | Value::Integer(_)
        | Value::Decimal(_)
        | Value::Duration(_) => value.to_string(),
        Value::Text(text) => quoted(text),
        Value::Instant(_) | Value::Address(_) | Value::Network(_) => quoted(&value.to_string()),
        Value::SetOfText(members) => list(members, |member| Value::Text(member.clone())),
        Value::SetOfInteger(members) => list(members, |member| Value::Integer(*member)),
        Value::SetOfDecimal(members) => list(members, |member| Value::Decimal(*member)),
        Value::SetOfInstant(members) => list(members, |member| Value::Instant(*member)),
        Value::SetOfDuration(members) => list(members, |member| Value::Duration(*member)),
        Value::SetOfAddress(members) => list(members, |member| Value::Address(*member)),
        Value::SetOfNetwork(members) => list(members, |member| Value::Network(*member)),
    }
}
