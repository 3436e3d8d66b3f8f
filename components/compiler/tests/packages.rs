//! What well-formed packages mean.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_compiler::core::{Atom, Condition, Constant, InputIndex, Operand, Package, Relation};
use aecp_compiler::interpreter::evaluate;
use aecp_compiler::package::{check, wanted_lists};
use aecp_compiler::source::SourceFile;
use aecp_vocabulary::input::Attributes;
use aecp_vocabulary::policy::{DefaultDecision, OverrideRule, PolicyFinding, Segment};
use aecp_vocabulary::{AuditClass, Mode, Outcome, Outcomes};

const HEADER: &str = r#"
// The header and the schema may stand in any file.
PACKAGE eu_residency { VERSION: "1.0.0" }
SCHEMA {
  resource.type: TEXT
  customer.region: TEXT OPTIONAL,
  storage.location: TEXT, compute.location: TEXT
  request.size: INTEGER  urgent: BOOLEAN  tags: SET OF TEXT
}
CLASS customer_data: resource.type == "customer_data"
"#;

/// The first example of the mission, as it stands there.
const SHORT: &str = r#"
POLICY data_residency_eu {
  SCOPE: customer_data WHERE customer.region = "EU"
  CONSTRAINT: storage.location IN ["eu-west-1", "eu-central-1"]
  ENFORCEMENT: BLOCKING
  AUDIT: REQUIRED
}
"#;

/// The second one.
const LONG: &str = r#"
POLICY customer_data_residency {
  DESCRIPTION: "Ensure EU customer data stays in EU regions"
  SCOPE: requests WHERE {
    resource.type == "customer_data"
    AND customer.region == "EU"
  }
  CONSTRAINT: {
    storage.location IN ["eu-west-1", "eu-central-1"]
    AND compute.location IN ["eu-west-1", "eu-central-1"]
  }
  ENFORCEMENT: BLOCKING
  AUDIT: REQUIRED
  EXCEPTION: break_glass_token_required
}
"#;

fn package(policies: &str) -> Package {
    let files = [
        SourceFile::new("policies.aecp", policies),
        SourceFile::new("header.aecp", HEADER),
    ];
    let checked = check(&files);
    let errors: Vec<_> = checked.errors().collect();
    assert!(errors.is_empty(), "{policies}\n{errors:#?}");
    checked.package.unwrap()
}

fn constraint(text: &str) -> (Package, Condition) {
    let package = package(&format!(
        "POLICY p {{ SCOPE: requests CONSTRAINT: {text} ENFORCEMENT: ADVISORY }}"
    ));
    let condition = package.policies[0].constraint.clone();
    (package, condition)
}

fn outcomes(package: &Package, json: &str) -> Outcomes {
    let attributes = Attributes::from_json(json).unwrap();
    let values: Vec<_> = package
        .inputs
        .iter()
        .map(|input| attributes.value(&input.name, input.value_type))
        .collect();
    evaluate(package, &values)
}

fn reason(package: &Package) -> String {
    let show = |segment: &Segment| match segment {
        Segment::Literal(text) => text.clone(),
        Segment::Input(position) => format!("{{{}}}", package.inputs[*position as usize].name),
    };
    package.policies[0].reason.iter().map(show).collect()
}

#[test]
fn both_examples_of_the_mission_compile_as_they_stand() {
    let package = package(&format!("{SHORT}{LONG}"));
    let names: Vec<&str> = package.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "compute.location",
            "customer.region",
            "resource.type",
            "storage.location"
        ]
    );
    let optional: Vec<bool> = package.inputs.iter().map(|input| input.is_optional()).collect();
    assert_eq!(optional, [false, true, false, false]);
    assert_eq!(
        (package.name.as_str(), package.version.as_str()),
        ("eu_residency", "1.0.0")
    );
    assert_eq!(package.default, DefaultDecision::Deny);

    let text = |text: &str| Constant::Text(text.to_owned());
    let equal = |input, value| {
        let (left, right) = (Operand::Input(InputIndex(input)), Operand::Constant(text(value)));
        Condition::Atom(Atom::Compare {
            left,
            relation: Relation::Equal,
            right,
        })
    };
    let in_the_eu = |input| {
        let members = vec![text("eu-central-1"), text("eu-west-1")];
        Condition::Atom(Atom::OneOf {
            element: Operand::Input(InputIndex(input)),
            members: members.into(),
        })
    };
    let scope = Condition::All(vec![equal(2, "customer_data"), equal(1, "EU")]);
    let [short, long] = package.policies.as_slice() else {
        panic!("two policies")
    };
    assert_eq!((&short.scope, &short.constraint), (&scope, &in_the_eu(3)));
    assert_eq!(
        (short.mode, short.audit, short.exception),
        (Mode::Blocking, AuditClass::Required, OverrideRule::Never)
    );
    assert_eq!(
        (&long.scope, &long.constraint),
        (&scope, &Condition::All(vec![in_the_eu(3), in_the_eu(0)]))
    );
    assert_eq!(long.exception, OverrideRule::BreakGlassToken);
    assert_eq!(long.annotations[0].key, "description");
    assert_eq!(
        long.annotations[0].value,
        "Ensure EU customer data stays in EU regions"
    );
}

#[test]
fn the_examples_judge_requests() {
    let package = package(&format!("{SHORT}{LONG}"));
    let request = |region: &str, storage: &str, compute: &str| {
        format!(
            r#"{{"resource":{{"type":"customer_data"}},"customer":{{"region":{region}}},
               "storage":{{"location":"{storage}"}},"compute":{{"location":"{compute}"}}}}"#
        )
    };
    let finding = |policy, outcome| PolicyFinding {
        policy,
        outcome,
        obligations: vec![],
    };
    let satisfied = outcomes(&package, &request("\"EU\"", "eu-west-1", "eu-central-1"));
    assert_eq!(
        satisfied,
        Outcomes {
            applied: vec![0, 1],
            findings: vec![]
        }
    );
    let half = outcomes(&package, &request("\"EU\"", "eu-west-1", "us-east-1"));
    assert_eq!(
        half,
        Outcomes {
            applied: vec![0, 1],
            findings: vec![finding(1, Outcome::Violated)]
        }
    );
    let elsewhere = outcomes(&package, &request("\"US\"", "us-east-1", "us-east-1"));
    assert_eq!(elsewhere, Outcomes::default());
    let unknown = outcomes(&package, &request("null", "eu-west-1", "eu-west-1"));
    let indeterminate = vec![
        finding(0, Outcome::Indeterminate),
        finding(1, Outcome::Indeterminate),
    ];
    assert_eq!(
        unknown,
        Outcomes {
            applied: vec![],
            findings: indeterminate
        }
    );
}

#[test]
fn reasons_say_what_must_be_and_what_is() {
    for (text, expected) in [
        (
            r#"storage.location IN ["eu-west-1", "eu-central-1", "eu-west-1"]"#,
            r#"storage.location must be one of ["eu-central-1", "eu-west-1"] but is {storage.location}"#,
        ),
        (
            r#"storage.location IN ["b", "a"] AND compute.location = "x""#,
            "requires storage.location IN [\"a\", \"b\"] AND compute.location == \"x\"; storage.location is \
             {storage.location}, compute.location is {compute.location}",
        ),
        (
            r#"storage.location != "us""#,
            r#"storage.location must not be "us" but is {storage.location}"#,
        ),
        (
            "request.size <= 10",
            "request.size must be at most 10 but is {request.size}",
        ),
        (
            "request.size > -1",
            "request.size must be greater than -1 but is {request.size}",
        ),
        ("urgent", "urgent must be true but is {urgent}"),
        ("NOT urgent", "urgent must be false but is {urgent}"),
        (r#"tags CONTAINS "a""#, r#"tags must contain "a" but is {tags}"#),
        (
            "customer.region IS PRESENT",
            "customer.region must be present but is {customer.region}",
        ),
        (
            r#"(urgent OR request.size >= 3) AND NOT (urgent AND tags CONTAINS "a")"#,
            "requires (urgent OR request.size >= 3) AND NOT (urgent AND tags CONTAINS \"a\"); urgent is {urgent}, \
             request.size is {request.size}, tags is {tags}",
        ),
        (
            "storage.location == compute.location",
            "requires storage.location == compute.location; storage.location is {storage.location}, \
             compute.location is {compute.location}",
        ),
        ("false", "requires false"),
    ] {
        assert_eq!(reason(&constraint(text).0), expected, "{text}");
    }
}

#[test]
fn operators_become_the_few_of_the_core() {
    let same = |a: &str, b: &str| assert_eq!(constraint(a).1, constraint(b).1, "{a} / {b}");
    same("request.size = 1", "request.size == 1");
    same("request.size != 1", "NOT request.size == 1");
    same("request.size > 1", "1 < request.size");
    same("request.size >= 1", "1 <= request.size");
    same(
        "storage.location NOT IN [\"a\"]",
        "NOT (storage.location IN [\"a\"])",
    );
    same(
        "storage.location IS NOT PRESENT",
        "NOT storage.location IS PRESENT",
    );
    same("\"a\" IN tags", "tags CONTAINS \"a\"");
    same("storage.location IN [\"a\",]", "storage.location IN [\"a\"]");
    same(
        "urgent OR urgent AND NOT urgent",
        "urgent OR (urgent AND (NOT urgent))",
    );
    same("{ urgent }", "urgent");
    assert_eq!(constraint("true").1, Condition::Constant(true));
    assert_eq!(
        constraint("urgent").1,
        Condition::Atom(Atom::IsTrue(InputIndex(0)))
    );
}

#[test]
fn scopes_are_class_and_condition() {
    let scope = |text: &str| {
        package(&format!(
            "POLICY p {{ SCOPE: {text} CONSTRAINT: true ENFORCEMENT: ADVISORY }}"
        ))
        .policies[0]
            .scope
            .clone()
    };
    assert_eq!(scope("requests"), Condition::Constant(true));
    let Condition::All(parts) = scope("customer_data WHERE { urgent }") else {
        panic!("class and condition")
    };
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0], scope("customer_data"));
}

#[test]
fn text_forms_do_not_matter() {
    let plain = package(&format!("{SHORT}{LONG}"));
    let crlf = format!("\u{feff}{}", format!("{SHORT}{LONG}").replace('\n', "\r\n"));
    assert_eq!(package(&crlf), plain);
    let reordered = "POLICY data_residency_eu { AUDIT: REQUIRED ENFORCEMENT: BLOCKING // why\n CONSTRAINT: {\
        storage.location IN [\"eu-west-1\",\"eu-central-\\u{31}\"]} SCOPE: customer_data WHERE customer.region=\"EU\" }";
    assert_eq!(package(reordered), package(SHORT));
}

#[test]
fn files_are_taken_by_name_and_words_in_small_letters_are_free() {
    let a = SourceFile::new(
        "a.aecp",
        "POLICY second { SCOPE: requests CONSTRAINT: scope.in.policy == 1 ENFORCEMENT: AUDIT_ONLY }",
    );
    let b = SourceFile::new(
        "b.aecp",
        "PACKAGE p { VERSION: \"0.1.0-rc.1\" DEFAULT: ALLOW } SCHEMA { scope.in.policy: INTEGER version: TEXT } \
         POLICY first { SCOPE: requests CONSTRAINT: version == \"x\" ENFORCEMENT: ADVISORY AUDIT: DURABLE }",
    );
    let one = check(&[a.clone(), b.clone()]).package.unwrap();
    assert_eq!(Some(&one), check(&[b, a]).package.as_ref());
    let names: Vec<&str> = one.policies.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!(names, ["second", "first"]);
    assert_eq!(
        (one.default, one.policies[1].audit),
        (DefaultDecision::Allow, AuditClass::Durable)
    );
}

#[test]
fn every_type_has_its_comparisons() {
    let schema = r#"
SCHEMA {
  price: DECIMAL  at: INSTANT  age: DURATION  peer: ADDRESS  zone: CIDR  path: TEXT
  ports: SET OF INTEGER  labels: SET OF TEXT  hops: SET OF ADDRESS
}"#;
    let request = r#"{"price": 1.5, "at": "2026-06-01T12:00:00+02:00", "age": "14m59s", "peer": "10.1.2.3", "zone": "10.1.0.0/16",
        "path": "/admin/users.json", "ports": [443, 8443], "labels": ["a", "b"], "hops": ["10.1.2.3", "2001:db8::1"]}"#;
    let holds = |constraint: &str| {
        let policy = format!(
            "{schema}\nPOLICY p {{ SCOPE: requests CONSTRAINT: {constraint} ENFORCEMENT: BLOCKING }}"
        );
        let found = outcomes(&package(&policy), request);
        match found.findings.as_slice() {
            [] => true,
            [one] if one.outcome == Outcome::Violated => false,
            other => panic!("{constraint}: {other:?}"),
        }
    };
    for yes in [
        "price == 1.5",
        "price < 2",
        "price IN [1, 1.50]",
        "at < \"2026-06-01T10:00:01Z\"",
        "at == \"2026-06-01T10:00:00Z\"",
        "age < 15m",
        "age > 0h14m58s",
        "peer WITHIN \"10.0.0.0/8\"",
        "peer WITHIN [\"192.168.0.0/16\", \"10.1.2.3/32\"]",
        "peer WITHIN zone",
        "peer == \"10.1.2.3\"",
        "peer IN [\"10.1.2.4\", \"10.1.2.3\"]",
        "peer IN hops",
        "hops CONTAINS \"2001:db8::1\"",
        "path STARTS WITH \"/admin/\"",
        "path ENDS WITH \".json\"",
        "path LIKE \"/admin/*.*\"",
        "path LIKE [\"/public/**\", \"/admin/**\"]",
        "path NOT LIKE \"/admin/*\"",
        "path MATCHES \"/admin/[a-z]+\\\\.json\"",
        "path MATCHES [\"x\", \"^(?:/\\\\w+)*\\\\.json$\"]",
        "path NOT MATCHES \"/admin\"",
        "443 IN ports",
        "ports CONTAINS ANY [80, 443]",
        "ports CONTAINS ALL [443, 8443]",
        "labels CONTAINS ALL [\"a\", \"b\"]",
    ] {
        assert!(holds(yes), "{yes}");
        assert!(!holds(&format!("NOT ({yes})")), "NOT {yes}");
    }
    for no in [
        "price > 1.5",
        "age <= -1s",
        "peer WITHIN \"10.0.0.0/16\"",
        "peer WITHIN \"::/96\"",
        "path STARTS WITH \"admin\"",
        "path LIKE \"/admin\"",
        "path NOT MATCHES [\".*\"]",
        "ports CONTAINS ALL [443, 80]",
        "labels CONTAINS ANY [\"c\", \"d\"]",
    ] {
        assert!(!holds(no), "{no}");
    }
}

#[test]
fn reasons_show_values_as_they_are_written() {
    let schema = "SCHEMA { at: INSTANT  age: DURATION  peer: ADDRESS  path: TEXT }";
    let sentence = |constraint: &str| {
        let policy = format!(
            "{schema}\nPOLICY p {{ SCOPE: requests CONSTRAINT: {constraint} ENFORCEMENT: BLOCKING }}"
        );
        reason(&package(&policy))
    };
    assert_eq!(
        sentence("age < 1h30m"),
        "age must be less than 1h30m but is {age}"
    );
    assert_eq!(
        sentence("peer WITHIN [\"2001:db8::/32\", \"10.0.0.0/8\"]"),
        "peer must be within one of [\"10.0.0.0/8\", \"2001:db8::/32\"] but is {peer}"
    );
    assert_eq!(
        sentence("path NOT LIKE \"/a\\\\*\""),
        "path must not be like \"/a\\\\*\" but is {path}"
    );
    assert_eq!(
        sentence("path MATCHES [\"b+\", \"a\"]"),
        "path must match one of [\"a\", \"b+\"] but is {path}"
    );
    assert_eq!(
        sentence("path NOT MATCHES \"a\" OR NOT path LIKE \"b\""),
        "requires path NOT MATCHES \"a\" OR path NOT LIKE \"b\"; path is {path}"
    );
    assert_eq!(
        sentence("at < \"2026-06-01T12:00:00+02:00\""),
        "at must be less than \"2026-06-01T10:00:00Z\" but is {at}"
    );
}

#[test]
fn calculations_are_folded_and_told_as_they_were_written() {
    let (_, condition) = constraint("request.size < 2 + 3 * -4");
    let Condition::Atom(Atom::Compare { right, .. }) = condition else {
        panic!("{condition:?}")
    };
    assert_eq!(right, Operand::Constant(Constant::Integer(-10)));
    let (package, _) =
        constraint("(request.size + 1) * 2 - -request.size <= 7 - (request.size - (1 - request.size))");
    assert_eq!(
        reason(&package),
        "requires (request.size + 1) * 2 - (-request.size) <= 7 - (request.size - (1 - request.size)); request.size is \
         {request.size}"
    );
    let (package, _) = constraint("request.size + 5 < 10");
    let outcome = |size: i64| outcomes(&package, &format!("{{\"request.size\": {size}}}"));
    assert!(outcome(4).findings.is_empty());
    assert_eq!(outcome(5).findings[0].outcome, Outcome::Violated);
    assert_eq!(outcome(i64::MAX - 4).findings[0].outcome, Outcome::Indeterminate);
    assert_eq!(outcome(i64::MAX - 5).findings[0].outcome, Outcome::Violated);
}

#[test]
fn weekdays_and_times_of_day_are_those_of_the_zone() {
    let package = |condition: &str| {
        let text = format!(
            "SCHEMA {{ time.now: INSTANT }} POLICY p {{ SCOPE: requests CONSTRAINT: time.now WITHIN {condition} \
             ENFORCEMENT: BLOCKING }}"
        );
        package(&text)
    };
    let holds = |condition: &str, now: &str| {
        let outcomes = outcomes(&package(condition), &format!("{{\"time.now\": \"{now}\"}}"));
        outcomes
            .findings
            .first()
            .map_or(Outcome::Satisfied, |finding| finding.outcome)
            == Outcome::Satisfied
    };
    // In 2026 Berlin goes from UTC+1 to UTC+2 on March 29, at 01:00 UTC.
    let hours = "\"09:00\" TO \"17:00\" IN \"Europe/Berlin\"";
    assert!(holds(hours, "2026-03-27T08:00:00Z") && !holds(hours, "2026-03-27T07:59:59.999999999Z"));
    assert!(holds(hours, "2026-03-30T07:00:00Z") && !holds(hours, "2026-03-30T15:00:00Z"));
    let skipped = "\"02:00\" TO \"03:00\" IN \"Europe/Berlin\"";
    assert!(!holds(skipped, "2026-03-29T00:59:59Z") && !holds(skipped, "2026-03-29T01:00:00Z"));
    assert!(holds(skipped, "2026-10-25T00:30:00Z") && holds(skipped, "2026-10-25T01:30:00Z"));
    let week = "MONDAY TO FRIDAY IN \"Europe/Berlin\"";
    assert!(holds(week, "2026-03-29T22:00:00Z") && !holds(week, "2026-03-29T21:59:59Z"));
    assert!(holds("FRIDAY TO MONDAY IN \"UTC\"", "2026-03-29T12:00:00Z"));
    assert!(!holds("FRIDAY TO MONDAY IN \"UTC\"", "2026-04-01T12:00:00Z"));
    assert!(!holds(week, "2100-01-01T12:00:00Z"));
    for (window, told) in [
        (
            week,
            "time.now must be within MONDAY TO FRIDAY IN \"Europe/Berlin\" but is {time.now}",
        ),
        (
            hours,
            "time.now must be within \"09:00\" TO \"17:00\" IN \"Europe/Berlin\" but is {time.now}",
        ),
        (
            "[SUNDAY, FRIDAY, MONDAY, SATURDAY] IN \"UTC\"",
            "time.now must be within FRIDAY TO MONDAY IN \"UTC\" but is {time.now}",
        ),
        (
            "[SUNDAY, TUESDAY] IN \"UTC\"",
            "time.now must be within [TUESDAY, SUNDAY] IN \"UTC\" but is {time.now}",
        ),
        (
            "MONDAY TO SUNDAY IN \"UTC\"",
            "time.now must be within MONDAY TO SUNDAY IN \"UTC\" but is {time.now}",
        ),
    ] {
        assert_eq!(reason(&package(window)), told);
    }
}

#[test]
fn named_lists_mean_what_lists_in_brackets_mean() {
    let files = |lists: &str, of: [&str; 4]| {
        let [region, roles, all, peer] = of;
        [
            SourceFile::new(
                "a.aecp",
                format!(
                    "PACKAGE lists {{ VERSION: \"1.0.0\" }}
                    SCHEMA {{ region: TEXT  roles: SET OF TEXT  peer: ADDRESS }} {lists}
                    POLICY a {{ SCOPE: requests CONSTRAINT: region IN {region} ENFORCEMENT: BLOCKING }}
                    POLICY b {{ SCOPE: requests CONSTRAINT: region NOT IN {region} ENFORCEMENT: BLOCKING }}
                    POLICY c {{ SCOPE: requests CONSTRAINT: roles CONTAINS ANY {roles} ENFORCEMENT: BLOCKING }}
                    POLICY d {{ SCOPE: requests CONSTRAINT: roles CONTAINS ALL {all} ENFORCEMENT: BLOCKING }}
                    POLICY e {{ SCOPE: requests CONSTRAINT: peer WITHIN {peer} ENFORCEMENT: BLOCKING }}"
                ),
            ),
            SourceFile::new("lists/regions.txt", "# in the EU\n\n eu-west-1\r\neu-central-1\neu-west-1"),
            SourceFile::new("lists/inside.txt", "10.0.0.0/8\n2001:db8::/32\n10.1.0.0/16\n"),
        ]
    };
    let named = files(
        "DATA regions FROM \"lists/regions.txt\" DATA inside: CIDR FROM \"lists/inside.txt\"
        DATA staff: [\"admin\", \"on_call\"]",
        ["regions", "staff", "staff", "inside"],
    );
    assert_eq!(wanted_lists(&named), ["lists/inside.txt", "lists/regions.txt"]);
    let bracketed = files(
        "",
        [
            "[\"eu-west-1\", \"eu-central-1\"]",
            "[\"admin\", \"on_call\"]",
            "[\"on_call\", \"admin\"]",
            "[\"10.0.0.0/8\", \"2001:db8::/32\"]",
        ],
    );
    assert!(wanted_lists(&bracketed).is_empty());
    let (named, bracketed) = (check(&named), check(&bracketed));
    assert_eq!(
        (&named.diagnostics[..], &bracketed.diagnostics[..]),
        (&[][..], &[][..])
    );
    let (named, bracketed) = (named.package.unwrap(), bracketed.package.unwrap());
    for request in [
        r#"{"region": "eu-west-1", "roles": ["admin"], "peer": "10.1.2.3"}"#,
        r#"{"region": "us-east-1", "roles": ["admin", "on_call", "x"], "peer": "11.0.0.1"}"#,
        r#"{"region": "eu-central-1", "roles": ["x"], "peer": "2001:db8::1"}"#,
        "{\"region\": \"# in the EU\", \"roles\": []}",
        "{}",
    ] {
        assert_eq!(
            outcomes(&named, request),
            outcomes(&bracketed, request),
            "{request}"
        );
    }
    let show = |policy: usize| match &named.policies[policy].reason[0] {
        Segment::Literal(text) => text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(show(0), "region must be one of regions but is ");
    assert_eq!(show(2), "roles must contain one of staff but is ");
    assert_eq!(show(4), "peer must be within one of inside but is ");
}

#[test]
fn a_value_that_the_schema_does_not_list_is_unknown() {
    let package = package_of(
        "SCHEMA { tier: ONE OF [\"gold\", \"silver\"] OPTIONAL }
        POLICY a { SCOPE: requests WHERE tier != \"gold\" CONSTRAINT: true ENFORCEMENT: BLOCKING }
        POLICY b { SCOPE: requests CONSTRAINT: tier IS PRESENT ENFORCEMENT: BLOCKING }",
    );
    let told = |request: &str| {
        let outcomes = outcomes(&package, request);
        let findings: Vec<(u32, Outcome)> = outcomes
            .findings
            .iter()
            .map(|found| (found.policy, found.outcome))
            .collect();
        (outcomes.applied, findings)
    };
    assert_eq!(told(r#"{"tier": "gold"}"#), (vec![1], vec![]));
    assert_eq!(told(r#"{"tier": "silver"}"#), (vec![0, 1], vec![]));
    let (unknown, violated) = (Outcome::Indeterminate, Outcome::Violated);
    assert_eq!(
        told(r#"{"tier": "platinum"}"#),
        (vec![1], vec![(0, unknown), (1, unknown)])
    );
    assert_eq!(told("{}"), (vec![1], vec![(0, unknown), (1, violated)]));
}

fn package_of(items: &str) -> Package {
    let text = format!("PACKAGE p {{ VERSION: \"1.0.0\" }}\n{items}");
    let checked = check(&[SourceFile::new("a.aecp", text)]);
    assert_eq!(checked.errors().next(), None);
    checked.package.unwrap()
}
