//! Findings as authors meet them.

use aecp_vocabulary::Value;

use super::super::{Analysis, Budget, Finding, Kind, Severity, analyse};
use crate::core::{Atom, Condition, InputIndex, Operand, Package, Relation};
use crate::package::check;
use crate::source::SourceFile;

fn package(default: &str, policies: &str) -> Package {
    let source = format!(
        "PACKAGE p {{ VERSION: \"1.0.0\" DEFAULT: {default} }}
         SCHEMA {{ kind: TEXT region: TEXT OPTIONAL place: TEXT OPTIONAL size: INTEGER small: INTEGER urgent: BOOLEAN
                   roles: SET OF TEXT OPTIONAL }}
         {policies}"
    );
    let checked = check(&[SourceFile::new("p.aecp", source.as_str())]);
    let errors: Vec<_> = checked.errors().collect();
    assert!(errors.is_empty(), "{policies}\n{errors:#?}");
    checked.package.unwrap()
}

fn policy(name: &str, scope: &str, constraint: &str) -> String {
    format!("POLICY {name} {{ SCOPE: {scope} CONSTRAINT: {constraint} ENFORCEMENT: BLOCKING }}\n")
}

fn analysed(package: &Package) -> Analysis {
    let analysis = analyse(package, Budget::default());
    assert_eq!(
        analysis.inconsistencies,
        [],
        "a request does not show what it should"
    );
    assert_eq!(analysis.not_decided, []);
    analysis
}

fn kinds(package: &Package) -> Vec<(Kind, Vec<u32>)> {
    let findings = analysed(package).findings;
    findings
        .into_iter()
        .map(|finding| (finding.kind, finding.policies))
        .collect()
}

fn only(package: &Package) -> Finding {
    let mut findings = analysed(package).findings;
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

/// The values of a request that are there, by name.
fn given(package: &Package, finding: &Finding) -> Vec<(String, Value)> {
    let names = package.inputs.iter().map(|input| input.name.to_string());
    let values = finding.witness.clone().unwrap();
    assert_eq!(values.len(), package.inputs.len());
    names
        .zip(values)
        .filter(|(_, value)| *value != Value::Absent)
        .collect()
}

fn text(name: &str, value: &str) -> (String, Value) {
    (name.to_owned(), Value::Text(value.to_owned()))
}

fn names(package: &Package, inputs: &[InputIndex]) -> Vec<String> {
    let name = |input: &InputIndex| package.inputs[input.0 as usize].name.to_string();
    inputs.iter().map(name).collect()
}

#[test]
fn a_scope_that_excludes_itself_is_unreachable() {
    let package = package(
        "ALLOW",
        &policy(
            "p",
            r#"requests WHERE urgent AND region == "EU" AND size < 3 AND region IN ["US", "UK"]"#,
            "small == 1",
        ),
    );
    let finding = only(&package);
    assert_eq!(
        (finding.kind, finding.severity, &finding.witness),
        (Kind::ScopeUnreachable, Severity::Critical, &None)
    );
    assert_eq!(names(&package, &finding.because), ["region"]);
    assert_eq!(
        finding.sentence,
        "no request is in the scope of policy `p`, because of what is asked of `region`"
    );
}

#[test]
fn order_and_equality_between_attributes_are_understood() {
    let unreachable = |scope: &str| {
        let package = package(
            "ALLOW",
            &policy("p", &format!("requests WHERE {scope}"), "urgent"),
        );
        kinds(&package) == [(Kind::ScopeUnreachable, vec![0])]
    };
    assert!(unreachable("size < small AND small < 5 AND size > 3"));
    assert!(!unreachable("size < small AND small < 5 AND size > 2"));
    assert!(unreachable("size > 9223372036854775807"));
    assert!(unreachable(r#"kind == region AND region == "a" AND kind != "a""#));
    assert!(unreachable(
        r#"kind == region AND region IN roles AND NOT roles CONTAINS kind"#
    ));
    assert!(!unreachable(
        r#"kind != region AND region IN roles AND NOT roles CONTAINS kind"#
    ));
    assert!(unreachable(
        r#"kind IN roles AND kind == "a" AND NOT roles CONTAINS "a""#
    ));
    assert!(unreachable("region IS NOT PRESENT AND region != kind"));
}

#[test]
fn a_constraint_that_can_never_hold_contradicts() {
    let package = package(
        "ALLOW",
        &policy(
            "p",
            r#"requests WHERE kind == "a" AND region == "EU""#,
            r#"urgent AND region IN ["US", "UK"]"#,
        ),
    );
    let finding = only(&package);
    assert_eq!(
        (finding.kind, finding.severity),
        (Kind::ConstraintContradiction, Severity::Critical)
    );
    assert_eq!(names(&package, &finding.because), ["region"]);
    assert_eq!(
        given(&package, &finding),
        [text("kind", "a"), text("region", "EU")]
    );
}

#[test]
fn long_lists_are_understood() {
    let list = |name: &str, from: u32| {
        let texts: Vec<String> = (from..from + 3_000)
            .map(|number| format!("\"text-{number:05}\""))
            .collect();
        format!("DATA {name}: [\"other\", \"other-2\", {}]\n", texts.join(", "))
    };
    // What is in both lists is in none that the constraint allows.
    let lists = format!(
        "{}{}{}",
        list("low", 0),
        list("high", 2_000),
        list("apart", 3_000)
    );
    let contradicts = |scope: &str, constraint: &str| {
        let package = package(
            "ALLOW",
            &format!(
                "{lists}{}{}",
                policy("p", scope, constraint),
                policy(
                    "q",
                    "requests",
                    "kind IN low OR kind IN high OR kind IN apart OR roles CONTAINS ANY low"
                )
            ),
        );
        let analysis = analyse(&package, Budget::default());
        assert_eq!(analysis.inconsistencies, []);
        let asked = |kind: Kind, policies: &[u32]| kind == Kind::ConstraintContradiction && policies == [0];
        let open = &analysis.not_decided;
        assert!(!open.iter().any(|open| asked(open.kind, &open.policies)));
        let mut findings = analysis.findings.iter();
        findings.any(|finding| asked(finding.kind, &finding.policies))
    };
    assert!(contradicts(
        "requests WHERE kind IN low AND kind NOT IN high",
        "kind IN apart"
    ));
    assert!(!contradicts("requests WHERE kind IN low", "kind IN high"));
    assert!(!contradicts(
        "requests WHERE kind IN low",
        "region IN high AND kind != region"
    ));
    assert!(contradicts(
        "requests WHERE kind == \"text-00001\"",
        "kind NOT IN low"
    ));
    assert!(!contradicts(
        "requests WHERE kind IN low AND kind != \"text-00001\"",
        "kind NOT IN high"
    ));
    assert!(contradicts(
        "requests WHERE roles CONTAINS \"text-00001\"",
        "NOT roles CONTAINS ANY low"
    ));
    assert!(!contradicts(
        "requests WHERE roles CONTAINS ANY low",
        "NOT roles CONTAINS \"text-00001\""
    ));
}

#[test]
fn a_ban_is_no_contradiction() {
    let ban = policy("p", r#"requests WHERE kind == "a""#, "false");
    assert_eq!(kinds(&package("ALLOW", &ban)), []);
}

#[test]
fn policies_that_no_request_can_satisfy_together_conflict() {
    let policies = [
        policy(
            "eu",
            r#"requests WHERE kind == "a""#,
            r#"place IN ["eu-1", "eu-2"]"#,
        ),
        policy(
            "us",
            r#"requests WHERE region == "US""#,
            r#"place IN ["us-1", "us-2"]"#,
        ),
        policy("other", r#"requests WHERE kind == "b""#, r#"place == "x""#),
    ];
    let package = package("ALLOW", &policies.concat());
    let findings = analysed(&package).findings;
    let conflicts: Vec<&Vec<u32>> = findings.iter().map(|finding| &finding.policies).collect();
    assert_eq!(conflicts, [&[0, 1], &[1, 2]]);
    assert!(
        findings
            .iter()
            .all(|finding| finding.kind == Kind::PoliciesConflict)
    );
    assert_eq!(names(&package, &findings[0].because), ["place"]);
    assert_eq!(
        given(&package, &findings[0]),
        [text("kind", "a"), text("region", "US")]
    );
}

#[test]
fn equal_policies_make_the_later_one_redundant() {
    let same = |name| policy(name, r#"requests WHERE kind == "a""#, "size < 10");
    let package = package("ALLOW", &[same("p"), same("q"), same("r")].concat());
    assert_eq!(
        kinds(&package),
        [
            (Kind::PolicyRedundant, vec![1, 0]),
            (Kind::PolicyRedundant, vec![2, 0])
        ]
    );
}

#[test]
fn a_weaker_policy_is_redundant_wherever_it_stands() {
    let policies = [
        policy("weak", r#"requests WHERE kind == "a""#, "size < 20"),
        policy("strong", r#"requests WHERE kind IN ["a", "b"]"#, "size < 10"),
    ];
    let package = package("ALLOW", &policies.concat());
    let finding = only(&package);
    assert_eq!(
        (finding.kind, &finding.policies),
        (Kind::PolicyRedundant, &vec![0, 1])
    );
    assert_eq!(
        given(&package, &finding),
        [text("kind", "a"), ("size".to_owned(), Value::Integer(20))]
    );
}

#[test]
fn a_policy_that_denies_where_something_is_unknown_is_not_redundant() {
    // Without a region, the narrow policy denies what the wide one lets through.
    let policies = [
        policy(
            "narrow",
            r#"requests WHERE kind == "a" AND region == "EU""#,
            "size < 20",
        ),
        policy("wide", r#"requests WHERE kind == "a""#, "size < 10"),
    ];
    assert_eq!(kinds(&package("ALLOW", &policies.concat())), []);
}

#[test]
fn what_else_a_policy_does_keeps_it() {
    let strong = policy("strong", "requests WHERE urgent", "size < 10");
    let weak = |more: &str| {
        format!(
            "POLICY weak {{ SCOPE: requests WHERE urgent CONSTRAINT: size < 20 ENFORCEMENT: BLOCKING {more} }}"
        )
    };
    let redundant = |more| kinds(&package("ALLOW", &format!("{strong}{}", weak(more)))).len();
    assert_eq!(redundant(""), 1);
    assert_eq!(redundant("EXCEPTION: break_glass_token_required"), 1);
    assert_eq!(redundant("AUDIT: DURABLE"), 0);
    // A token that overrides the strong one would not override the weak one.
    let overridable = strong.replace("BLOCKING", "BLOCKING EXCEPTION: break_glass_token_required");
    assert_eq!(
        kinds(&package("ALLOW", &format!("{overridable}{}", weak("")))),
        []
    );
}

#[test]
fn a_policy_below_a_ban_is_shadowed() {
    let policies = [
        policy("narrow", r#"requests WHERE kind == "a" AND urgent"#, "size < 20"),
        policy("ban", "requests", r#"false"#),
    ];
    let package = package("ALLOW", &policies.concat());
    let finding = only(&package);
    assert_eq!(
        (finding.kind, &finding.policies),
        (Kind::PolicyShadowed, &vec![0, 1])
    );
    assert_eq!(
        finding.sentence,
        "policy `ban` denies every request that policy `narrow` is about, whatever it says"
    );
}

#[test]
fn a_scope_of_everything_makes_the_default_mean_nothing() {
    let policies = policy("p", "requests", "urgent");
    let vacuous = package("DENY", &policies);
    assert_eq!(kinds(&vacuous), [(Kind::ScopeVacuous, vec![0])]);
    assert_eq!(kinds(&package("ALLOW", &policies)), []);
}

#[test]
fn scopes_that_cover_everything_together_make_the_default_mean_nothing() {
    let policies = [
        policy("low", "requests WHERE size <= 10", "urgent"),
        policy("high", "requests WHERE size > 10", "small < 3"),
    ];
    let finding = only(&package("DENY", &policies.concat()));
    assert_eq!(
        (finding.kind, finding.severity, finding.policies),
        (Kind::DefaultUnreachable, Severity::Warning, vec![0, 1])
    );
}

#[test]
fn what_nothing_covers_is_shown() {
    let policies = [
        policy(
            "low",
            r#"requests WHERE kind == "a" AND region IS PRESENT"#,
            "urgent",
        ),
        policy("high", r#"requests WHERE kind IN ["b", "other"]"#, "small < 3"),
    ];
    let package = package("DENY", &policies.concat());
    let finding = only(&package);
    assert_eq!(
        (finding.kind, finding.severity),
        (Kind::CoverageGap, Severity::Information)
    );
    assert_eq!(given(&package, &finding), [text("kind", "other-2")]);
}

#[test]
fn leaving_out_an_attribute_that_is_checked_if_present_is_found() {
    let guarded = policy(
        "p",
        r#"requests WHERE kind == "a""#,
        r#"region IS NOT PRESENT OR region == "EU""#,
    );
    for default in ["ALLOW", "DENY"] {
        let package = package(default, &guarded);
        let findings = analysed(&package).findings;
        let hiding = findings
            .iter()
            .find(|finding| finding.kind == Kind::AttributeHiding)
            .unwrap();
        assert_eq!(names(&package, hiding.attribute.as_slice()), ["region"]);
        assert_eq!(
            given(&package, hiding),
            [text("kind", "a"), text("region", "other")]
        );
    }
    let closed = policy("q", r#"requests WHERE kind == "a""#, "region IS PRESENT");
    assert_eq!(kinds(&package("ALLOW", &format!("{guarded}{closed}"))), []);
}

#[test]
fn leaving_out_an_attribute_of_a_scope_hides_only_where_something_else_covers() {
    let guarded = policy(
        "p",
        r#"requests WHERE region IS PRESENT AND kind == "a""#,
        r#"region == "EU""#,
    );
    let hides = |default, policies: &str| {
        let kinds = kinds(&package(default, policies));
        kinds.contains(&(Kind::AttributeHiding, vec![0]))
    };
    assert!(hides("ALLOW", &guarded));
    assert!(!hides("DENY", &guarded));
    let cover = policy("q", r#"requests WHERE kind == "a""#, "size < 10");
    assert!(hides("DENY", &format!("{guarded}{cover}")));
    let elsewhere = policy("q", r#"requests WHERE kind == "b""#, "size < 10");
    assert!(!hides("DENY", &format!("{guarded}{elsewhere}")));
}

#[test]
fn an_exception_of_a_policy_that_denies_nothing_is_unreachable() {
    let with = |mode: &str, scope: &str, constraint: &str| {
        let policy = format!(
            "POLICY p {{ SCOPE: {scope} CONSTRAINT: {constraint} ENFORCEMENT: {mode} \
             EXCEPTION: break_glass_token_required }}"
        );
        kinds(&package("ALLOW", &policy))
    };
    let unreachable = [(Kind::ExceptionUnreachable, vec![0])];
    assert_eq!(with("ADVISORY", "requests", "urgent"), unreachable);
    assert_eq!(with("BLOCKING", "requests", "true"), unreachable);
    assert_eq!(with("BLOCKING", "requests", "urgent"), []);
    // Where the scope is unknown, the policy denies.
    assert_eq!(with("BLOCKING", "requests WHERE urgent", "true"), []);
}

#[test]
fn what_does_not_fit_the_budget_is_said_to_be_not_decided() {
    let package = package("ALLOW", &policy("p", r#"requests WHERE kind == "a""#, "urgent"));
    let none = Budget {
        question: 0,
        ..Budget::default()
    };
    let analysis = analyse(&package, none);
    assert_eq!(analysis.findings, []);
    let kinds: Vec<Kind> = analysis.not_decided.iter().map(|asked| asked.kind).collect();
    assert_eq!(kinds, [Kind::ScopeUnreachable, Kind::ConstraintContradiction]);
    let nothing = Budget {
        total: 0,
        ..Budget::default()
    };
    let analysis = analyse(&package, nothing);
    assert!(analysis.findings.is_empty() && !analysis.not_decided.is_empty());
}

#[test]
fn too_many_findings_are_counted() {
    let same = |index| policy(&format!("p{index}"), r#"requests WHERE kind == "a""#, "size < 10");
    let policies: String = (0..20).map(same).collect();
    let budget = Budget {
        findings: 5,
        ..Budget::default()
    };
    let analysis = analyse(&package("ALLOW", &policies), budget);
    assert_eq!(analysis.findings.len(), 5);
    assert_eq!(analysis.not_decided.len(), 1);
    assert!(analysis.not_decided[0].asked.starts_with("14 more"));
}

#[test]
fn what_hangs_on_an_opaque_atom_is_not_decided_and_what_does_not_is() {
    let mut package = package(
        "ALLOW",
        &[
            policy("p", "requests WHERE kind == place", "size < 10"),
            policy("q", "requests WHERE kind == place AND size == 1", "size > 1"),
            policy(
                "r",
                "requests WHERE kind == place AND urgent AND NOT urgent",
                "size > 1",
            ),
        ]
        .concat(),
    );
    // The order of texts is nothing that the analysis knows.
    for policy in &mut package.policies {
        let mut parts = vec![&mut policy.scope];
        while let Some(part) = parts.pop() {
            match part {
                Condition::All(more) => parts.extend(more),
                Condition::Atom(Atom::Compare {
                    relation,
                    right: Operand::Input(_),
                    ..
                }) => *relation = Relation::Less,
                _ => {}
            }
        }
    }
    let analysis = analyse(&package, Budget::default());
    let unreachable: Vec<_> = analysis
        .findings
        .iter()
        .map(|finding| (finding.kind, &finding.policies))
        .collect();
    assert_eq!(unreachable, [(Kind::ScopeUnreachable, &vec![2])]);
    let undecided: Vec<_> = analysis
        .not_decided
        .iter()
        .map(|asked| (asked.kind, asked.policies.as_slice()))
        .collect();
    assert!(
        undecided.contains(&(Kind::ScopeUnreachable, &[0])),
        "{undecided:?}"
    );
    assert!(
        undecided.contains(&(Kind::ConstraintContradiction, &[1])),
        "{undecided:?}"
    );
}

#[test]
fn patterns_are_looked_into() {
    let package = package(
        "ALLOW",
        &[
            policy(
                "admin",
                "requests WHERE kind LIKE \"/api/*\"",
                "kind STARTS WITH \"/admin\"",
            ),
            policy(
                "never",
                "requests WHERE kind LIKE \"*.css\" AND kind LIKE \"*/*\"",
                "urgent",
            ),
            policy(
                "narrow",
                "requests WHERE kind MATCHES \"/api/v[0-9]+/.*\"",
                "size > 1",
            ),
            policy("wide", "requests WHERE kind LIKE \"/api/**\"", "size > 1"),
            policy(
                "open",
                "requests WHERE kind ENDS WITH \"/x\" AND kind != \"/x\"",
                "size > 2",
            ),
        ]
        .concat(),
    );
    assert_eq!(
        kinds(&package),
        [
            (Kind::ConstraintContradiction, vec![0]),
            (Kind::ScopeUnreachable, vec![1]),
            (Kind::PolicyRedundant, vec![2, 3]),
        ]
    );
}

#[test]
fn a_long_list_has_all_that_a_pattern_allows() {
    let letters =
        ('a'..='d').flat_map(|letter| (0..100).map(move |number| format!("\"{letter}{number:02}\"")));
    let list: Vec<String> = letters.collect();
    let scope = |list: &[String]| {
        let list = list.join(", ");
        format!("requests WHERE kind MATCHES \"[a-d][0-9]{{2}}\" AND kind NOT IN [{list}]")
    };
    let all = package("ALLOW", &policy("p", &scope(&list), "urgent"));
    assert_eq!(kinds(&all), [(Kind::ScopeUnreachable, vec![0])]);
    let but_one = package("ALLOW", &policy("p", &scope(&list[1..]), "urgent"));
    assert_eq!(kinds(&but_one), []);
}

#[test]
fn requests_that_show_something_have_readable_texts() {
    let gap = |scopes: &[&str]| {
        let scopes: Vec<String> = scopes
            .iter()
            .zip('a'..)
            .map(|(scope, name)| policy(&name.to_string(), &format!("requests WHERE {scope}"), "urgent"))
            .collect();
        let package = package("DENY", &scopes.concat());
        let findings = analysed(&package).findings;
        let gap = findings
            .into_iter()
            .find(|finding| finding.kind == Kind::CoverageGap)
            .unwrap();
        let place = package
            .inputs
            .iter()
            .position(|input| input.name.as_str() == "kind")
            .unwrap();
        match gap.witness.unwrap().swap_remove(place) {
            Value::Text(text) => text,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(gap(&["kind LIKE \"/api/*\""]), "other");
    assert_eq!(gap(&["NOT kind LIKE \"/api/*\""]), "/api/");
    assert_eq!(
        gap(&["NOT kind LIKE \"/api/*\"", "kind IN [\"/api/\", \"/api/a\"]"]),
        "/api/b"
    );
    assert_eq!(gap(&["kind NOT MATCHES \"[^a-y]{3}.\\\\w\""]), "zzzaa");
}

#[test]
fn patterns_that_are_too_much_together_are_not_decided() {
    let wide = |letter: char| format!("NOT kind MATCHES \".*{letter}.{{9}}\"");
    let scope: Vec<String> = ('a'..='f').map(wide).collect();
    let scope = format!("requests WHERE {}", scope.join(" AND "));
    let package = package("ALLOW", &policy("p", &scope, "urgent"));
    let analysis = analyse(&package, Budget::default());
    assert_eq!(analysis.findings, []);
    assert!(
        analysis
            .not_decided
            .iter()
            .any(|asked| asked.kind == Kind::ScopeUnreachable)
    );
}

#[test]
fn the_policy_library_has_nothing_critical() {
    let crate_folder = std::env::var_os("CARGO_MANIFEST_DIR").unwrap();
    let root = std::path::Path::new(&crate_folder).join("../../policies");
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        let Ok(files) = std::fs::read_dir(&folder) else {
            continue;
        };
        let files = files.map(|file| file.unwrap().path());
        let sources: Vec<SourceFile> = files
            .filter(|path| path.extension().is_some_and(|extension| extension == "aecp"))
            .map(|path| SourceFile::new(path.to_string_lossy(), std::fs::read_to_string(&path).unwrap()))
            .collect();
        if let Some(package) = check(&sources).package {
            let findings = analysed(&package).findings;
            println!("{} {findings:#?}", folder.display());
            assert!(
                findings
                    .iter()
                    .all(|finding| finding.severity < Severity::Critical)
            );
        }
    }
}

#[test]
fn an_empty_package_is_analysed() {
    let mut empty = package("DENY", &policy("p", "requests", "urgent"));
    empty.policies.clear();
    let analysis = analyse(&empty, Budget::default());
    assert_eq!(analysis.findings.len(), 1, "nothing is covered");
}
