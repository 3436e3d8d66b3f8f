use crate::policy::{Input, Obligation, OverrideRule, PackageDescription, PolicyDescription};
use crate::{AttributeName, ComponentDescription, DefaultDecision, Type};

use super::*;

/// A package whose policies have the given modes; each reads input 0.
fn package(name: &str, default: DefaultDecision, modes: &[Mode]) -> PackageDescription {
    let policy = |(index, mode): (usize, &Mode)| PolicyDescription {
        name: format!("p{index}"),
        mode: *mode,
        audit: AuditClass::Ordinary,
        exception: OverrideRule::Never,
        reads: vec![0],
        reason: vec![Segment::Literal("region is ".into()), Segment::Input(0)],
        obligations: vec![Obligation {
            kind: "mask".into(),
            arguments: vec![("field".into(), vec![Segment::Input(0)])],
        }],
        annotations: Vec::new(),
    };
    PackageDescription {
        name: name.into(),
        version: "1.0.0".into(),
        default,
        policies: modes.iter().enumerate().map(policy).collect(),
        annotations: Vec::new(),
    }
}

fn describe(packages: Vec<PackageDescription>) -> ComponentDescription {
    let name: AttributeName = "customer.region".parse().unwrap();
    ComponentDescription {
        inputs: vec![Input::Attribute {
            name,
            value_type: Type::Text,
            optional: false,
            default: None,
        }],
        packages,
    }
}

fn found(policy: u32, outcome: Outcome) -> PolicyFinding {
    PolicyFinding {
        policy,
        outcome,
        obligations: Vec::new(),
    }
}

fn decide_one(
    description: &ComponentDescription,
    ceiling: Mode,
    value: Value,
    answer: Result<Outcomes, Failure>,
) -> Decision {
    let rules = Rules::new(description, |_| ceiling);
    decide(std::iter::once(Report {
        policies: Ruled {
            rules: &rules,
            description,
        },
        values: &[&value],
        answer: answer.as_ref(),
    }))
}

fn eu() -> Value {
    Value::Text("EU".into())
}

#[test]
fn a_violated_or_unknown_blocking_policy_denies_and_says_why() {
    let description = describe(vec![package("a", DefaultDecision::Allow, &[Mode::Blocking])]);
    let violated = Outcomes {
        applied: vec![0],
        findings: vec![found(0, Outcome::Violated)],
    };
    let decision = decide_one(&description, Mode::Blocking, eu(), Ok(violated));
    assert_eq!(decision.denial, Some(Denial::Violated));
    assert_eq!(decision.denied_by().unwrap().reason, "region is EU");

    let unknown = Outcomes {
        applied: vec![],
        findings: vec![found(0, Outcome::Indeterminate)],
    };
    let decision = decide_one(&description, Mode::Blocking, Value::Absent, Ok(unknown));
    assert_eq!(decision.denial, Some(Denial::Indeterminate));
    assert_eq!(
        decision.denied_by().unwrap().reason,
        "cannot be told: `customer.region` is absent"
    );
}

#[test]
fn sentences_have_the_default_of_what_is_absent_and_blame_nothing_for_it() {
    let mut description = describe(vec![package("a", DefaultDecision::Allow, &[Mode::Blocking])]);
    if let Input::Attribute {
        optional, default, ..
    } = &mut description.inputs[0]
    {
        (*optional, *default) = (true, Some(Value::Text("none".into())));
    }
    let decided = |value: Value, outcome| {
        let mut finding = found(0, outcome);
        finding.obligations = if outcome == Outcome::Satisfied {
            vec![0]
        } else {
            vec![]
        };
        let answer = Outcomes {
            applied: vec![0],
            findings: vec![finding],
        };
        decide_one(&description, Mode::Blocking, value, Ok(answer))
    };
    let reason = |value, outcome| decided(value, outcome).findings[0].reason.clone();
    assert_eq!(reason(Value::Absent, Outcome::Violated), "region is none");
    assert_eq!(reason(eu(), Outcome::Violated), "region is EU");
    // What could not be determined is not taken for absent.
    let failed = Value::failed("no answer");
    assert_eq!(
        reason(failed, Outcome::Indeterminate),
        "cannot be told: `customer.region` is unknown: no answer"
    );
    assert_eq!(
        reason(Value::Absent, Outcome::Indeterminate),
        "cannot be told: a value is none that the schema lists, or beyond what can be calculated with"
    );
    let obligations = decided(Value::Absent, Outcome::Satisfied).obligations;
    assert_eq!(obligations[0].arguments[0].1, "none");
}

#[test]
fn the_weaker_of_mode_and_ceiling_holds() {
    for (own, ceiling) in [(Mode::Advisory, Mode::Blocking), (Mode::Blocking, Mode::Advisory)] {
        let description = describe(vec![package("a", DefaultDecision::Allow, &[own])]);
        let violated = Outcomes {
            applied: vec![0],
            findings: vec![found(0, Outcome::Violated)],
        };
        let decision = decide_one(&description, ceiling, eu(), Ok(violated));
        assert_eq!(decision.verdict, Verdict::Allow, "{own:?} under {ceiling:?}");
        assert_eq!(decision.findings[0].mode, Mode::Advisory);
    }
}

#[test]
fn a_default_deny_package_must_cover() {
    let description = describe(vec![package(
        "a",
        DefaultDecision::Deny,
        &[Mode::Blocking, Mode::Advisory],
    )]);
    let covered = Outcomes {
        applied: vec![0],
        findings: vec![],
    };
    let decision = decide_one(&description, Mode::Blocking, eu(), Ok(covered));
    assert_eq!(decision.verdict, Verdict::Allow);
    assert_eq!(&*decision.covered_by[0].policy, "p0");

    // An advisory policy covers nothing, and neither does silence.
    for applied in [vec![], vec![1]] {
        let decision = decide_one(
            &description,
            Mode::Blocking,
            eu(),
            Ok(Outcomes {
                applied,
                findings: vec![],
            }),
        );
        assert_eq!(decision.denial, Some(Denial::Default));
        assert_eq!(decision.denied_by().unwrap().policy, DEFAULT_POLICY);
        assert_eq!(decision.denied_by().unwrap().package, "a");
    }

    // Below blocking, nothing covers and nothing denies.
    let decision = decide_one(&description, Mode::Advisory, eu(), Ok(Outcomes::default()));
    assert_eq!(decision.verdict, Verdict::Allow);
}

#[test]
fn guardrails_never_cover_for_others() {
    let guardrail = describe(vec![package("guard", DefaultDecision::Allow, &[Mode::Blocking])]);
    let strict = describe(vec![package("strict", DefaultDecision::Deny, &[Mode::Blocking])]);
    let (rules_a, rules_b) = (
        Rules::new(&guardrail, |_| Mode::Blocking),
        Rules::new(&strict, |_| Mode::Blocking),
    );
    let value = eu();
    let values = [&value];
    let applied = Outcomes {
        applied: vec![0],
        findings: vec![],
    };
    let silent = Outcomes::default();
    let report = |rules, description, answer| Report {
        policies: Ruled { rules, description },
        values: &values,
        answer: Ok(answer),
    };

    let both = [
        report(&rules_a, &guardrail, &applied),
        report(&rules_b, &strict, &silent),
    ];
    assert_eq!(decide(both.into_iter()).denial, Some(Denial::Default));
    let both = [
        report(&rules_a, &guardrail, &silent),
        report(&rules_b, &strict, &applied),
    ];
    assert_eq!(decide(both.into_iter()).verdict, Verdict::Allow);
    // One covering package does not lift another's denial.
    let violated = Outcomes {
        applied: vec![0],
        findings: vec![found(0, Outcome::Violated)],
    };
    let both = [
        report(&rules_a, &guardrail, &violated),
        report(&rules_b, &strict, &applied),
    ];
    assert_eq!(decide(both.into_iter()).denial, Some(Denial::Violated));
}

#[test]
fn a_failed_component_denies_by_name_unless_nothing_of_it_blocks() {
    let description = describe(vec![package("a", DefaultDecision::Allow, &[Mode::Blocking])]);
    let decision = decide_one(&description, Mode::Blocking, eu(), Err(Failure::Deadline));
    assert_eq!(decision.denial, Some(Denial::ComponentDeadline));
    assert_eq!(
        decision.denied_by().unwrap().reason,
        "package `a` ran out of time"
    );

    let decision = decide_one(&description, Mode::AuditOnly, eu(), Err(Failure::Deadline));
    assert_eq!(decision.verdict, Verdict::Allow);
    assert_eq!(decision.findings.len(), 1);
}

#[test]
fn obligations_come_with_what_goes_through_only() {
    let description = describe(vec![package(
        "a",
        DefaultDecision::Deny,
        &[Mode::Blocking, Mode::Blocking],
    )]);
    let raise = PolicyFinding {
        policy: 0,
        outcome: Outcome::Satisfied,
        obligations: vec![0],
    };
    let allowed = Outcomes {
        applied: vec![0],
        findings: vec![raise.clone()],
    };
    let decision = decide_one(&description, Mode::Blocking, eu(), Ok(allowed));
    assert_eq!(
        decision.obligations[0].arguments,
        [("field".to_owned(), "EU".to_owned())]
    );
    assert!(decision.findings.is_empty());

    let denied = Outcomes {
        applied: vec![0, 1],
        findings: vec![raise, found(1, Outcome::Violated)],
    };
    let decision = decide_one(&description, Mode::Blocking, eu(), Ok(denied));
    assert_eq!(decision.verdict, Verdict::Deny);
    assert!(decision.obligations.is_empty());
}

#[test]
fn the_strongest_audit_class_of_what_applies_holds() {
    let mut package = package("a", DefaultDecision::Deny, &[Mode::Blocking, Mode::Blocking]);
    package.policies[1].audit = AuditClass::Durable;
    let description = describe(vec![package]);
    let audit = |applied: Vec<u32>| {
        decide_one(
            &description,
            Mode::Blocking,
            eu(),
            Ok(Outcomes {
                applied,
                findings: vec![],
            }),
        )
        .audit
    };
    assert_eq!(audit(vec![0]), AuditClass::Ordinary);
    assert_eq!(audit(vec![0, 1]), AuditClass::Durable);
    let failed = decide_one(&description, Mode::Blocking, eu(), Err(Failure::Deadline));
    assert_eq!(failed.audit, AuditClass::Durable);
}
