//! What people read of a difference.

#![allow(clippy::arithmetic_side_effects)]

use super::*;
use crate::package::check;
use crate::source::SourceFile;

fn package(text: &str) -> Package {
    let text = format!(
        r#"PACKAGE p {{ VERSION: "1.0.0" DEFAULT: ALLOW }}
        SCHEMA {{
          customer.region: TEXT OPTIONAL
          storage.location: TEXT OPTIONAL
          resource.type: TEXT
          order.total: INTEGER
          user.roles: SET OF TEXT
          request.path: TEXT
        }} {text}"#
    );
    let checked = check(&[SourceFile::new("a.aecp", &text)]);
    checked
        .package
        .unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

fn conditions(decided: &Decided) -> Vec<&str> {
    let conditions = decided.conditions.iter();
    conditions.map(|requests| requests.condition.as_str()).collect()
}

fn compared(old: &str, new: &str) -> Difference {
    let difference = diff(&package(old), &package(new), Budget::default());
    assert_eq!(difference.inconsistencies, Vec::<String>::new());
    difference
}

const RESIDENCY: &str = r#"POLICY residency {
  SCOPE: requests WHERE customer.region == "EU"
  CONSTRAINT: storage.location IN ["eu-west-1", "eu-central-1"]
  ENFORCEMENT: BLOCKING
}"#;

#[test]
fn a_smaller_list_denies_what_is_not_in_it_any_more() {
    let difference = compared(RESIDENCY, &RESIDENCY.replace(r#", "eu-central-1""#, ""));
    assert_eq!(
        conditions(&difference.denied),
        [r#"customer.region == "EU" AND storage.location == "eu-central-1""#]
    );
    assert_eq!(conditions(&difference.allowed), Vec::<&str>::new());
    let requests = &difference.denied.conditions[0];
    assert_eq!(requests.denied_by[0].policy, "residency");
    assert_eq!(requests.allowed_by, ["default"]);
    let example: Vec<String> = requests
        .example
        .iter()
        .map(|(_, value)| value.to_string())
        .collect();
    assert_eq!(example, ["EU", "eu-central-1"]);
    assert_eq!(difference.changes.len(), 2, "{:?}", difference.changes);
    assert_eq!(difference.denied.not_decided, Vec::<String>::new());
}

#[test]
fn a_new_policy_denies_what_is_bad_and_what_is_not_known() {
    let difference = compared("", RESIDENCY);
    assert_eq!(
        conditions(&difference.denied),
        [
            r#"customer.region == "EU" AND storage.location NOT IN ["eu-central-1", "eu-west-1"]"#,
            r#"customer.region == "EU" AND storage.location IS UNKNOWN"#,
            "customer.region IS UNKNOWN",
        ]
    );
    let back = compared(RESIDENCY, "");
    assert_eq!(conditions(&back.allowed), conditions(&difference.denied));
}

#[test]
fn numbers_sets_and_cover_are_told() {
    let old = r#"POLICY limit { SCOPE: requests WHERE resource.type == "order" CONSTRAINT: order.total < 100 ENFORCEMENT: BLOCKING }
        POLICY admins { SCOPE: requests WHERE resource.type == "admin" CONSTRAINT: user.roles CONTAINS "admin" ENFORCEMENT: BLOCKING }"#;
    let new = old.replace("order.total < 100", "order.total < 50").replace(
        r#""admin" ENF"#,
        r#""admin" AND NOT user.roles CONTAINS "trainee" ENF"#,
    );
    let difference = compared(old, &new);
    assert_eq!(
        conditions(&difference.denied),
        [
            r#"order.total >= 50 AND order.total < 100 AND resource.type == "order""#,
            r#"resource.type == "admin" AND user.roles CONTAINS "admin" AND user.roles CONTAINS "trainee""#,
        ]
    );
    assert_eq!(conditions(&difference.allowed), Vec::<&str>::new());
}

#[test]
fn the_default_covers_or_does_not() {
    let strict = |policies: &str| {
        let mut package = package(policies);
        package.default = aecp_vocabulary::DefaultDecision::Deny;
        package
    };
    let difference = diff(&package(RESIDENCY), &strict(RESIDENCY), Budget::default());
    assert_eq!(conditions(&difference.denied), [r#"customer.region != "EU""#]);
    assert_eq!(difference.denied.conditions[0].denied_by[0].policy, "default");
    let wider = RESIDENCY.replace(r#"== "EU""#, r#"IN ["EU", "CH"]"#);
    let difference = diff(&strict(RESIDENCY), &strict(&wider), Budget::default());
    assert_eq!(
        conditions(&difference.allowed),
        [r#"customer.region == "CH" AND storage.location IN ["eu-central-1", "eu-west-1"]"#]
    );
    assert_eq!(difference.allowed.conditions[0].denied_by[0].policy, "default");
    assert_eq!(conditions(&difference.denied), Vec::<&str>::new());
}

#[test]
fn what_changes_no_decision_is_told_too() {
    let new = RESIDENCY.replace("residency", "eu_residency").replace(
        "ENFORCEMENT: BLOCKING",
        "OWNER: \"dpo\" AUDIT: REQUIRED ENFORCEMENT: BLOCKING",
    );
    let difference = compared(RESIDENCY, &new);
    assert!(difference.denied.conditions.is_empty() && difference.allowed.conditions.is_empty());
    let facts: Vec<Fact> = difference
        .changes
        .iter()
        .map(|change| change.fact.clone())
        .collect();
    assert_eq!(
        facts,
        [Fact::Renamed, Fact::Audit, Fact::Annotation("owner".into())]
    );
}

#[test]
fn an_attribute_of_another_type_is_not_decided() {
    let old = package(r#"POLICY p { SCOPE: requests CONSTRAINT: order.total < 5 ENFORCEMENT: BLOCKING }"#);
    let mut new = old.clone();
    new.inputs[0].value_type = aecp_vocabulary::Type::Duration;
    let difference = diff(&old, &new, Budget::default());
    assert!(difference.inconsistencies.is_empty() && difference.denied.conditions.is_empty());
    assert_eq!(difference.denied.not_decided.len(), 1);
}

/// A package of many policies, each about a type and a region of its own.
fn many(count: usize, changed: &[usize], default: &str) -> Package {
    let regions = ["EU", "US", "CH", "JP"];
    let policy = |index: usize| {
        let region = regions[index % 4];
        let extra = if changed.contains(&index) {
            ""
        } else {
            r#", "zone-9""#
        };
        format!(
            r#"POLICY p{index} {{ SCOPE: requests WHERE resource.type == "type_{}" AND customer.region == "{region}"
            CONSTRAINT: storage.location IN ["zone-{}", "zone-{}"{extra}] ENFORCEMENT: BLOCKING }}"#,
            index / 4,
            index % 7,
            index % 5 + 3,
        )
    };
    let policies: String = (0..count).map(policy).collect();
    let text = format!(
        r#"PACKAGE p {{ VERSION: "1.0.0" DEFAULT: {default} }}
        SCHEMA {{ customer.region: TEXT storage.location: TEXT resource.type: TEXT }} {policies}"#
    );
    let checked = check(&[SourceFile::new("a.aecp", &text)]);
    checked
        .package
        .unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

#[test]
fn a_few_changes_among_a_thousand_policies_are_decided() {
    for default in ["DENY", "ALLOW"] {
        let (old, new) = (many(1_000, &[3], default), many(1_000, &[500, 501, 998], default));
        let started = std::time::Instant::now();
        let difference = diff(&old, &new, Budget::default());
        println!("{default}: {:?}", started.elapsed());
        assert_eq!(difference.inconsistencies, Vec::<String>::new());
        assert_eq!(difference.denied.not_decided, Vec::<String>::new());
        assert_eq!(difference.allowed.not_decided, Vec::<String>::new());
        assert_eq!(
            difference.denied.conditions.len(),
            3,
            "{:#?}",
            conditions(&difference.denied)
        );
        assert_eq!(
            conditions(&difference.allowed),
            [r#"customer.region == "JP" AND resource.type == "type_0" AND storage.location == "zone-9""#]
        );
    }
}

#[test]
fn a_new_wide_policy_among_a_thousand_is_counted() {
    let mut new = many(1_000, &[], "DENY");
    let old = new.clone();
    let mut wide = new.policies[0].clone();
    wide.name = "wide".into();
    wide.scope = crate::core::Condition::Constant(true);
    new.policies.push(wide);
    let started = std::time::Instant::now();
    let difference = diff(&old, &new, Budget::default());
    println!("wide: {:?}", started.elapsed());
    assert_eq!(difference.inconsistencies, Vec::<String>::new());
    assert_eq!(difference.denied.conditions.len(), 20);
    assert!(difference.denied.more > 0 && !difference.denied.not_decided.is_empty());
}

#[test]
fn the_same_words_about_another_declaration_are_not_the_same() {
    let package = |declared: &str| {
        let text = format!(
            r#"PACKAGE p {{ VERSION: "1.0.0" DEFAULT: ALLOW }} SCHEMA {{ customer.tier: {declared} order.total: INTEGER }}
            POLICY tiers {{ SCOPE: requests CONSTRAINT: customer.tier != "none" ENFORCEMENT: BLOCKING }}
            POLICY totals {{ SCOPE: requests CONSTRAINT: order.total < 5 ENFORCEMENT: BLOCKING }}"#
        );
        let checked = check(&[SourceFile::new("a.aecp", &text)]);
        checked
            .package
            .unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
    };
    let changes = |old: &str, new: &str| {
        let difference = diff(&package(old), &package(new), Budget::default());
        assert_eq!(difference.inconsistencies, Vec::<String>::new());
        let of = |decided: &Decided| {
            assert_eq!(decided.not_decided, Vec::<String>::new());
            let conditions = conditions(decided).into_iter();
            conditions.map(str::to_owned).collect::<Vec<_>>().join("; ")
        };
        (of(&difference.denied), of(&difference.allowed))
    };
    let (none, gold) = (
        r#"TEXT OPTIONAL DEFAULT "none""#,
        r#"TEXT OPTIONAL DEFAULT "gold""#,
    );
    let absent = "customer.tier IS NOT PRESENT AND order.total < 5".to_owned();
    assert_eq!(changes(none, gold), (String::new(), absent.clone()));
    assert_eq!(changes(gold, none), (absent.clone(), String::new()));
    assert_eq!(changes(none, "TEXT OPTIONAL"), (String::new(), String::new()));
    assert_eq!(changes(gold, "TEXT OPTIONAL"), (absent, String::new()));
    let (few, more) = (
        r#"ONE OF ["gold", "none"] OPTIONAL"#,
        r#"ONE OF ["gold", "none", "silver"] OPTIONAL"#,
    );
    let silver = r#"customer.tier == "silver" AND order.total < 5"#.to_owned();
    assert_eq!(changes(few, more), (String::new(), silver.clone()));
    assert_eq!(changes(more, few), (silver.clone(), String::new()));
    let other = r#"customer.tier NOT IN ["gold", "none"] AND order.total < 5"#.to_owned();
    assert_eq!(changes(few, "TEXT OPTIONAL"), (String::new(), other));
}
