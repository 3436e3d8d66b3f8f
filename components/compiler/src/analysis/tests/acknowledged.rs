//! Findings that stay on purpose.

use super::super::{Analysis, Budget, Kind, acknowledge, analyse};
use crate::diagnostic::Code;
use crate::package::{Checked, check};
use crate::source::SourceFile;

fn checked(header: &str, policies: &str) -> Checked {
    let source = format!(
        "PACKAGE p {{ VERSION: \"1.0.0\" {header} }}
         SCHEMA {{ a: TEXT b: TEXT OPTIONAL }}
         {policies}"
    );
    check(&[SourceFile::new("p.aecp", source.as_str())])
}

fn policy(name: &str, constraint: &str, fields: &str) -> String {
    format!(
        "POLICY {name} {{ SCOPE: requests WHERE a == \"x\" CONSTRAINT: {constraint} ENFORCEMENT: BLOCKING {fields} }}\n"
    )
}

/// Each finding with the reason that it stays for, and what is stale.
fn told(header: &str, policies: &str, budget: Budget) -> (Vec<(Kind, Option<String>)>, Vec<String>) {
    let checked = checked(header, policies);
    assert_eq!(checked.errors().count(), 0, "{:#?}", checked.diagnostics);
    let package = checked.package.unwrap();
    let analysis: Analysis = analyse(&package, budget);
    let acknowledged = acknowledge(&package, &analysis, &checked.acknowledgements);
    let findings = analysis.findings.iter().zip(&acknowledged.findings);
    let reason = |(finding, why): (&super::super::Finding, &Option<&super::super::Acknowledgement>)| {
        (finding.kind, why.map(|why| why.reason.clone()))
    };
    let stale = acknowledged.stale.iter().map(|one| one.subject());
    (findings.map(reason).collect(), stale.collect())
}

fn yes(kind: Kind, reason: &str) -> (Kind, Option<String>) {
    (kind, Some(reason.to_owned()))
}

#[test]
fn findings_stay_where_somebody_has_said_so() {
    let contradiction = "b == \"y\" AND b == \"z\"";
    let gap = "ACKNOWLEDGE: coverage_gap BECAUSE \"the rest is denied\"";
    let off = "ACKNOWLEDGE: constraint_contradiction BECAUSE \"off until the audit\"";
    let (findings, stale) = told(gap, &policy("one", contradiction, off), Budget::default());
    assert_eq!(
        findings,
        [
            yes(Kind::CoverageGap, "the rest is denied"),
            yes(Kind::ConstraintContradiction, "off until the audit"),
        ]
    );
    assert_eq!(stale, [""; 0]);

    let (findings, stale) = told("", &policy("one", "b == \"y\"", off), Budget::default());
    assert_eq!(findings, [(Kind::CoverageGap, None)]);
    assert_eq!(stale, ["constraint_contradiction"]);
}

#[test]
fn of_two_policies_either_can_say_it() {
    let with = |other: &str| format!("ACKNOWLEDGE: policies_conflict WITH {other} BECAUSE \"{other}\"");
    let all = "ACKNOWLEDGE: policies_conflict BECAUSE \"all\"";
    let found = |one: &str, two: &str| {
        let policies = policy("one", "b == \"y\"", one) + &policy("two", "b == \"z\"", two);
        let (findings, stale) = told("DEFAULT: ALLOW", &policies, Budget::default());
        assert_eq!(findings.len(), 1);
        (findings[0].1.clone().unwrap_or_default(), stale)
    };
    assert_eq!(found(&with("two"), ""), ("two".to_owned(), vec![]));
    assert_eq!(found("", &with("one")), ("one".to_owned(), vec![]));
    assert_eq!(found("", all), ("all".to_owned(), vec![]));
    // The more exact one is told, and both are needed.
    assert_eq!(found(all, &with("one")), ("one".to_owned(), vec![]));
    let (none, stale) = found("", &with("two"));
    assert_eq!(
        (none.as_str(), stale),
        ("", vec!["policies_conflict WITH two".to_owned()])
    );
}

#[test]
fn what_is_not_decided_is_not_stale() {
    let small = Budget {
        question: 0,
        ..Budget::default()
    };
    let off = "ACKNOWLEDGE: scope_unreachable BECAUSE \"who knows\"";
    let (findings, stale) = told("DEFAULT: ALLOW", &policy("one", "b == \"y\"", off), small);
    assert_eq!((findings.len(), stale), (0, vec![]));
}

#[test]
fn the_attribute_can_be_named() {
    let hiding = "b IS NOT PRESENT OR b == \"y\"";
    let why = "ACKNOWLEDGE: attribute_hiding WITH b BECAUSE \"old clients\"";
    let (findings, stale) = told("DEFAULT: ALLOW", &policy("one", hiding, why), Budget::default());
    assert_eq!(findings, [yes(Kind::AttributeHiding, "old clients")]);
    assert_eq!(stale, [""; 0]);
}

#[test]
fn the_component_carries_them() {
    let why = "ACKNOWLEDGE: policies_conflict WITH two BECAUSE \"a ban\"";
    let policies = policy("one", "b == \"y\"", why) + &policy("two", "b == \"z\"", "");
    let package = checked("OWNER: \"o\" ACKNOWLEDGE: coverage_gap BECAUSE \"g\"", &policies)
        .package
        .unwrap();
    let told = |annotations: &[aecp_vocabulary::policy::Annotation]| {
        let one = annotations.last().unwrap();
        (one.key.clone(), one.value.clone())
    };
    let expected = |value: &str| ("acknowledged".to_owned(), value.to_owned());
    assert_eq!(told(&package.annotations), expected("coverage_gap: g"));
    assert_eq!(
        told(&package.policies[0].annotations),
        expected("policies_conflict WITH two: a ban")
    );
}

#[test]
fn mistakes_are_named() {
    let error = |header: &str, fields: &str, code: Code, says: &str| {
        let found = checked(header, &policy("one", "b == \"y\"", fields)).diagnostics;
        assert_eq!(found.len(), 1, "{header} {fields}\n{found:#?}");
        assert_eq!(found[0].code, code, "{found:#?}");
        let text = format!(
            "{} / {}",
            found[0].message,
            found[0].help.clone().unwrap_or_default()
        );
        assert!(text.contains(says), "{text}");
    };
    let in_policy = |fields: &str, code, says: &str| error("", fields, code, says);
    in_policy(
        "ACKNOWLEDGE: policy_conflict BECAUSE \"x\"",
        Code::UnknownValue,
        "did you mean `policies_conflict`?",
    );
    in_policy(
        "ACKNOWLEDGE: coverage_gap BECAUSE \"x\"",
        Code::MisplacedAcknowledgement,
        "PACKAGE header",
    );
    error(
        "ACKNOWLEDGE: scope_vacuous BECAUSE \"x\"",
        "",
        Code::MisplacedAcknowledgement,
        "in the POLICY",
    );
    in_policy(
        "ACKNOWLEDGE: scope_vacuous WITH two BECAUSE \"x\"",
        Code::MisplacedAcknowledgement,
        "leave WITH",
    );
    in_policy(
        "ACKNOWLEDGE: policies_conflict WITH on BECAUSE \"x\"",
        Code::UnknownPolicy,
        "did you mean `one`?",
    );
    in_policy(
        "ACKNOWLEDGE: attribute_hiding WITH c BECAUSE \"x\"",
        Code::UnknownAttribute,
        "`c`",
    );
    in_policy(
        "ACKNOWLEDGE: scope_vacuous BECAUSE \" \"",
        Code::EmptyText,
        "says nothing",
    );
    in_policy(
        "ACKNOWLEDGE: scope_vacuous",
        Code::UnexpectedToken,
        "`BECAUSE` and a reason",
    );
    in_policy(
        "ACKNOWLEDGE: BECAUSE \"x\"",
        Code::UnexpectedToken,
        "the kind of a finding",
    );
    in_policy(
        "ACKNOWLEDGE: a.b BECAUSE \"x\"",
        Code::UnexpectedToken,
        "the kind of a finding",
    );
    in_policy(
        "ACKNOWLEDGE: scope_vacuous BECAUSE x",
        Code::UnexpectedToken,
        "a text in quotes",
    );
    in_policy(
        "ACKNOWLEGE: scope_vacuous BECAUSE \"x\"",
        Code::UnknownField,
        "did you mean `ACKNOWLEDGE`?",
    );
    in_policy(
        "ACKNOWLEDGE: scope_vacuous because \"x\"",
        Code::LowercaseKeyword,
        "write `BECAUSE`",
    );
    in_policy(
        "ACKNOWLEDGE: scope_vacuous BECAUSE \"x\" ACKNOWLEDGE: scope_vacuous BECAUSE \"y\"",
        Code::DuplicateAcknowledgement,
        "keep one",
    );
}
