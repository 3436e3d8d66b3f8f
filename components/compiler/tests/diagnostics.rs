//! Every mistake is named, at its place, and told apart from others.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_compiler::diagnostic::{Code, Diagnostic, Severity};
use aecp_compiler::package::{Checked, check};
use aecp_compiler::source::{FILE_LIMIT, SourceFile};

const HEADER: &str = "PACKAGE sample { VERSION: \"1.0.0\" }\n\
    SCHEMA { customer.region: TEXT  customer.age: INTEGER  ok: BOOLEAN  tags: SET OF TEXT }\n";

/// Checks `marked` with the header before it; `⟦` and `⟧` mark where the one error must be.
fn one_error(marked: &str) -> Diagnostic {
    let marked = format!("{HEADER}{marked}");
    let (before, rest) = marked.split_once('⟦').expect("a mark");
    let (inside, after) = rest.split_once('⟧').expect("a closing mark");
    let text = format!("{before}{inside}{after}");
    let checked = check(&[SourceFile::new("a.aecp", text.clone())]);
    assert!(checked.package.is_none(), "{text}");
    let errors: Vec<&Diagnostic> = checked.errors().collect();
    assert_eq!(errors.len(), 1, "{text}\n{errors:#?}");
    let error = errors[0].clone();
    let span = error.primary.as_ref().unwrap().place.span.range();
    assert_eq!(
        span,
        before.len()..before.len() + inside.len(),
        "{text}\n{error:#?}"
    );
    error
}

fn policy(constraint: &str) -> String {
    format!("POLICY p {{ SCOPE: requests CONSTRAINT: {constraint}\n ENFORCEMENT: BLOCKING }}")
}

/// One error of this code in a constraint, with help that says `help`.
#[track_caller]
fn constraint(marked: &str, code: Code, help: &str) {
    expect(&policy(marked), code, help);
}

#[track_caller]
fn expect(marked: &str, code: Code, help: &str) {
    let error = one_error(marked);
    assert_eq!(error.code, code, "{marked}\n{error:#?}");
    let given = error.help.clone().unwrap_or_default();
    assert!(given.contains(help), "{marked}\n{error:#?}");
}

fn check_text(text: &str) -> Checked {
    check(&[SourceFile::new("a.aecp", text)])
}

#[test]
fn unknown_names_come_with_the_near_ones() {
    constraint(
        "⟦customer.regoin⟧ == \"EU\"",
        Code::UnknownAttribute,
        "did you mean `customer.region`?",
    );
    constraint(
        "⟦region⟧ == \"EU\"",
        Code::UnknownAttribute,
        "did you mean `customer.region`?",
    );
    constraint(
        "customer.region == ⟦Frankfurt⟧",
        Code::UnknownAttribute,
        "a text stands in quotes",
    );
    constraint("⟦network.port⟧ == 1", Code::UnknownAttribute, "declare it");
    let scoped = |class: &str| format!("POLICY p {{ SCOPE: {class} CONSTRAINT: ok ENFORCEMENT: BLOCKING }}");
    expect(
        &scoped("⟦request⟧"),
        Code::UnknownClass,
        "did you mean `requests`?",
    );
    expect(
        &scoped("⟦quite_different⟧"),
        Code::UnknownClass,
        "CLASS quite_different:",
    );
    let moded = |mode: &str| format!("POLICY p {{ SCOPE: requests CONSTRAINT: ok ENFORCEMENT: {mode} }}");
    expect(
        &moded("⟦blocking⟧"),
        Code::UnknownValue,
        "did you mean `BLOCKING`?",
    );
    expect(&moded("⟦DENY⟧"), Code::UnknownValue, "`AUDIT_ONLY`");
    let field =
        |field: &str| format!("POLICY p {{ SCOPE: requests CONSTRAINT: ok ENFORCEMENT: BLOCKING {field} }}");
    expect(
        &field("⟦ENFORCMENT⟧: BLOCKING"),
        Code::UnknownField,
        "did you mean `ENFORCEMENT`?",
    );
    expect(
        &field("⟦APPROVER⟧: \"me\" AUDIT: REQUIRED"),
        Code::UnknownField,
        "`DESCRIPTION`",
    );
    expect(
        &field("⟦VERSION⟧: \"1.0.0\" AUDIT: REQUIRED"),
        Code::UnknownField,
        "POLICY has the fields",
    );
    expect(
        &field("EXCEPTION: ⟦break_glass⟧"),
        Code::UnknownValue,
        "break_glass_token_required",
    );
    expect(
        &field("AUDIT: ⟦SOMETIMES⟧"),
        Code::UnknownValue,
        "`REQUIRED` and `DURABLE`",
    );
}

#[test]
fn types_are_checked_and_both_are_told() {
    constraint("customer.region == ⟦5⟧", Code::TypeMismatch, "write `\"5\"`");
    constraint(
        "customer.age == ⟦\"5\"⟧",
        Code::TypeMismatch,
        "write `5` without quotes",
    );
    constraint(
        "ok == ⟦\"true\"⟧",
        Code::TypeMismatch,
        "write `true` without quotes",
    );
    constraint("customer.region < ⟦\"b\"⟧", Code::TypeMismatch, "");
    constraint(
        "customer.age IN [1, ⟦\"2\"⟧]",
        Code::TypeMismatch,
        "write `2` without quotes",
    );
    constraint("customer.age IN ⟦tags⟧", Code::TypeMismatch, "");
    constraint(
        "customer.region IN ⟦\"EU\"⟧",
        Code::TypeMismatch,
        "write a list: `[\"EU\"]`",
    );
    constraint("tags IN ⟦[\"a\"]⟧", Code::TypeMismatch, "tags CONTAINS \"x\"");
    constraint("tags == ⟦\"a\"⟧", Code::TypeMismatch, "CONTAINS");
    constraint("tags CONTAINS ⟦1⟧", Code::TypeMismatch, "write `\"1\"`");
    constraint(
        "customer.region CONTAINS ⟦\"E\"⟧",
        Code::TypeMismatch,
        "compare it with `==`",
    );
    constraint("⟦\"EU\"⟧ IS PRESENT", Code::TypeMismatch, "attribute's name");
    constraint("⟦customer.region⟧", Code::NotACondition, "compare it");
    constraint("NOT (ok OR ⟦tags⟧)", Code::NotACondition, "CONTAINS");
    constraint("customer.region IN ⟦[]⟧", Code::InvalidList, "at least one value");
    constraint(
        "customer.region IN [⟦customer.region⟧]",
        Code::InvalidList,
        "compare with the attribute",
    );
    constraint("customer.region == ⟦[\"EU\"]⟧", Code::InvalidList, "IN");

    let error = one_error(&policy("customer.age == ⟦\"x\"⟧"));
    assert_eq!(
        error.message,
        "`customer.age` is INTEGER and cannot be compared with `\"x\"`, which is TEXT"
    );
    assert_eq!(error.primary.as_ref().unwrap().message, "this is TEXT");
    let labels: Vec<&str> = error
        .secondary
        .iter()
        .map(|label| label.message.as_str())
        .collect();
    assert_eq!(labels, ["this is INTEGER", "declared as INTEGER here"]);
    let declared = error.secondary[1].place.span.range();
    assert_eq!(HEADER.get(declared), Some("customer.age"));
}

#[test]
fn literals_are_checked() {
    constraint(
        "customer.age < ⟦9223372036854775808⟧",
        Code::IntegerOutOfRange,
        "",
    );
    constraint(
        "customer.age < ⟦- 9223372036854775809⟧",
        Code::IntegerOutOfRange,
        "",
    );
    constraint("customer.age < ⟦1.5⟧", Code::TypeMismatch, "");
    constraint("customer.age < ⟦1.5000000⟧", Code::InvalidInteger, "up to six");
    constraint("customer.age < ⟦1h90x⟧", Code::InvalidInteger, "`1h30m`");
    constraint("customer.age < ⟦18years⟧", Code::InvalidInteger, "digits only");
    constraint("customer.region == \"a⟦\\t⟧b\"", Code::InvalidEscape, "\\u{…}");
    constraint("customer.region == ⟦\"⟧EU", Code::UnterminatedText, "close it");
    constraint("customer.region == ⟦'EU'⟧", Code::WrongQuotes, "write `\"EU\"`");
    constraint("customer.region == ⟦“EU”⟧", Code::WrongQuotes, "write `\"EU\"`");
    let long = "x".repeat(65_537);
    constraint(
        &format!("customer.region == ⟦\"{long}\"⟧"),
        Code::TextTooLong,
        "shorten",
    );
}

#[test]
fn slips_from_other_languages_are_understood() {
    constraint("ok ⟦&&⟧ ok", Code::ForeignOperator, "write `AND`");
    constraint("ok ⟦||⟧ ok", Code::ForeignOperator, "write `OR`");
    constraint("⟦!⟧ok", Code::ForeignOperator, "write `NOT`");
    constraint("customer.age ⟦===⟧ 1", Code::ForeignOperator, "write `==`");
    constraint("customer.age ⟦<>⟧ 1", Code::ForeignOperator, "write `!=`");
    constraint("ok⟦;⟧", Code::UnexpectedCharacter, "leave it out");
    constraint("ok ⟦#⟧\n", Code::UnexpectedCharacter, "`//`");
    constraint("ok ⟦and⟧ ok", Code::LowercaseKeyword, "write `AND`");
    constraint("⟦not⟧ (ok)", Code::LowercaseKeyword, "write `NOT`");
    constraint(
        "customer.region ⟦in⟧ [\"EU\"]",
        Code::LowercaseKeyword,
        "write `IN`",
    );
    constraint(
        "customer.region ⟦not⟧ IN [\"EU\"]",
        Code::LowercaseKeyword,
        "write `NOT`",
    );
    constraint(
        "customer.region IS ⟦present⟧",
        Code::LowercaseKeyword,
        "write `PRESENT`",
    );
    constraint("ok == ⟦TRUE⟧", Code::LowercaseKeyword, "write `true`");
    constraint(
        "customer.region IN ⟦(⟧\"EU\", \"US\")",
        Code::UnexpectedToken,
        "brackets",
    );
    constraint("{ ok AND ⟦{⟧ ok OR ok } }", Code::UnexpectedToken, "parentheses");
    constraint(
        "tags ⟦NOT⟧ CONTAINS \"x\"",
        Code::UnexpectedToken,
        "before the whole condition",
    );
    constraint("customer.region IS ⟦\"EU\"⟧", Code::UnexpectedToken, "`==`");
    expect(
        "⟦policy⟧ p { SCOPE: requests CONSTRAINT: ok ENFORCEMENT: BLOCKING }",
        Code::LowercaseKeyword,
        "`POLICY`",
    );
    expect(
        "POLICY p { ⟦scope⟧: requests CONSTRAINT: ok ENFORCEMENT: BLOCKING }",
        Code::LowercaseKeyword,
        "`SCOPE`",
    );
}

#[test]
fn structure_is_checked() {
    constraint("ok ⟦ok⟧", Code::MissingConnective, "AND");
    constraint("1 < customer.age ⟦<⟧ 5", Code::UnexpectedToken, "AND");
    constraint("customer.region IN [\"a\" ⟦\"b\"⟧]", Code::UnexpectedToken, "");
    constraint("customer⟦-⟧region == \"EU\"", Code::MalformedName, "write `_`");
    constraint(
        "customer ⟦.⟧ region == \"EU\"",
        Code::MalformedName,
        "without spaces",
    );
    constraint("⟦größe⟧ == \"EU\"", Code::UnexpectedCharacter, "a to z");
    expect(
        "POLICY p { SCOPE: requests CONSTRAINT: (ok OR ok\n ⟦ENFORCEMENT⟧: BLOCKING }",
        Code::Unclosed,
        "close it with `)`",
    );
    expect(
        "POLICY p { SCOPE: requests CONSTRAINT: { ok\n ⟦ENFORCEMENT⟧: BLOCKING }",
        Code::Unclosed,
        "close it with `}`",
    );
    expect(
        "POLICY p { SCOPE: requests CONSTRAINT: ok ENFORCEMENT: BLOCKING\n⟦CLASS⟧ c: ok POLICY q { SCOPE: c \
         CONSTRAINT: ok ENFORCEMENT: BLOCKING }",
        Code::Unclosed,
        "close it with `}`",
    );
    expect(
        "⟦}⟧ CLASS c: ok POLICY p { SCOPE: c CONSTRAINT: ok ENFORCEMENT: BLOCKING }",
        Code::UnexpectedToken,
        "",
    );
    expect(
        "POLICY p { SCOPE: ⟦customer.region⟧ == \"EU\" CONSTRAINT: ok ENFORCEMENT: BLOCKING }",
        Code::UnexpectedToken,
        "requests WHERE",
    );
    expect(
        "POLICY p { SCOPE: requests ⟦customer.region⟧ == \"EU\" CONSTRAINT: ok ENFORCEMENT: BLOCKING }",
        Code::UnexpectedToken,
        "WHERE",
    );
    expect(
        "POLICY ⟦a.b⟧ { SCOPE: requests CONSTRAINT: ok ENFORCEMENT: BLOCKING }",
        Code::MalformedName,
        "one word",
    );
    expect(
        "POLICY a⟦-⟧b { SCOPE: requests CONSTRAINT: ok ENFORCEMENT: BLOCKING }",
        Code::MalformedName,
        "write `_`",
    );
    expect(
        "POLICY ⟦default⟧ { SCOPE: requests CONSTRAINT: ok ENFORCEMENT: BLOCKING }",
        Code::ReservedName,
        "",
    );
    expect("CLASS ⟦requests⟧: ok", Code::ReservedName, "another name");
    expect("SCHEMA { ⟦AUDIT⟧: TEXT }", Code::ReservedName, "another name");
}

#[test]
fn schemas_are_checked() {
    expect("SCHEMA { a: ⟦SET OF CIDR⟧ }", Code::UnavailableType, "`SET OF`");
    expect("SCHEMA { a: ⟦TIMESTAMP⟧ }", Code::UnknownType, "`INSTANT`");
    expect(
        "SCHEMA { a: ⟦STRING⟧ }",
        Code::UnknownType,
        "did you mean `TEXT`?",
    );
    expect(
        "SCHEMA { a: ⟦text⟧, b: TEXT }",
        Code::UnknownType,
        "did you mean `TEXT`?",
    );
    expect("SCHEMA { a: ⟦}⟧", Code::UnexpectedToken, "");
    expect("SCHEMA { a: ⟦b⟧: TEXT }", Code::UnexpectedToken, "");
    let name = "a".repeat(129);
    expect(&format!("SCHEMA {{ ⟦{name}⟧: TEXT }}"), Code::MalformedName, "");
}

#[test]
fn what_stands_twice_is_shown_twice() {
    let twice = |marked: &str, code: Code, first: &str| {
        let error = one_error(marked);
        assert_eq!(error.code, code);
        let text = format!("{HEADER}{}", marked.replace(['⟦', '⟧'], ""));
        assert_eq!(text.get(error.secondary[0].place.span.range()), Some(first));
    };
    let class = "POLICY p { SCOPE: c CONSTRAINT: ok ENFORCEMENT: BLOCKING }";
    twice(
        &format!("CLASS c: ok CLASS ⟦c⟧: ok {class}"),
        Code::DuplicateClass,
        "c",
    );
    twice(
        "SCHEMA { ⟦customer.region⟧: TEXT }",
        Code::DuplicateAttribute,
        "customer.region",
    );
    twice(
        "PACKAGE ⟦other⟧ { VERSION: \"1.0.0\" }",
        Code::DuplicatePackage,
        "sample",
    );
    let second = "POLICY ⟦p⟧ { SCOPE: requests CONSTRAINT: ok ENFORCEMENT: BLOCKING }";
    twice(&format!("{} {second}", policy("ok")), Code::DuplicatePolicy, "p");
    twice(
        "POLICY p { SCOPE: requests CONSTRAINT: ok ENFORCEMENT: BLOCKING ⟦ENFORCEMENT: ADVISORY⟧ }",
        Code::DuplicateField,
        "ENFORCEMENT: BLOCKING",
    );
}

#[test]
fn headers_are_checked() {
    let code = |text: &str| {
        let checked = check_text(text);
        let codes: Vec<Code> = checked.errors().map(|error| error.code).collect();
        assert!(checked.package.is_none());
        codes
    };
    assert_eq!(code("SCHEMA { a: TEXT }"), [Code::MissingPackage]);
    assert_eq!(code("PACKAGE p { }"), [Code::MissingVersion]);
    assert_eq!(code("PACKAGE p { VERSION: \"1.0\" }"), [Code::InvalidVersion]);
    assert_eq!(code("PACKAGE p { VERSION: 1.0.0 }"), [Code::UnexpectedToken]);
    assert_eq!(
        code("PACKAGE p { VERSION: \"1.0.0\" DEFAULT: allow }"),
        [Code::UnknownValue]
    );
    assert_eq!(
        code("PACKAGE p { VERSION: \"1.0.0\" VERSION: \"1.0.0\" }"),
        [Code::DuplicateField]
    );
    assert_eq!(code("PACKAGE { VERSION: \"1.0.0\" }"), [Code::UnexpectedToken]);
    assert_eq!(code("PACKAGE p { VERSION: \"1.0.0\""), [Code::Unclosed]);
    assert_eq!(code(""), [Code::MissingPackage]);
    assert_eq!(check(&[]).diagnostics[0].code, Code::NoSources);
    assert_eq!(check(&[]).diagnostics[0].primary, None);
}

#[test]
fn a_policy_says_which_field_it_lacks() {
    for (text, lacking) in [
        ("POLICY p { CONSTRAINT: ok ENFORCEMENT: BLOCKING }", "SCOPE"),
        ("POLICY p { SCOPE: requests ENFORCEMENT: BLOCKING }", "CONSTRAINT"),
        ("POLICY p { SCOPE: requests CONSTRAINT: ok }", "ENFORCEMENT"),
    ] {
        let marked = text.replacen('p', "⟦p⟧", 1);
        let error = one_error(&marked);
        assert_eq!(
            (error.code, error.message),
            (Code::MissingField, format!("policy `p` has no {lacking}"))
        );
    }
}

#[test]
fn one_run_reports_several_mistakes_in_order() {
    let text = format!(
        "{HEADER}POLICY a {{ SCOPE: nobody CONSTRAINT: customer.regoin == 1 ENFORCEMENT: HARD }}\n\
         POLICY b {{ SCOPE: requests WHERE ( CONSTRAINT: ok ENFORCEMENT: BLOCKING }}\n\
         garbage here\n\
         POLICY c {{ SCOPE: requests CONSTRAINT: customer.age == \"x\" ENFORCEMENT: BLOCKING }}\n"
    );
    let checked = check_text(&text);
    let codes: Vec<Code> = checked
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.code)
        .collect();
    let expected = [
        Code::UnknownClass,
        Code::UnknownAttribute,
        Code::UnknownValue,
        Code::UnexpectedToken,
        Code::UnexpectedToken,
        Code::TypeMismatch,
    ];
    assert_eq!(codes, expected, "{:#?}", checked.diagnostics);
}

#[test]
fn warnings_do_not_forbid() {
    let checked = check_text(&format!("{HEADER}CLASS c: ok {}", policy("ok")));
    assert!(checked.package.is_some());
    assert_eq!(checked.diagnostics.len(), 1);
    assert_eq!(
        (checked.diagnostics[0].severity, checked.diagnostics[0].code),
        (Severity::Warning, Code::UnusedClass)
    );
    let empty = check_text(HEADER);
    assert!(empty.package.is_some());
    assert_eq!(empty.diagnostics[0].code, Code::EmptyPackage);
}

#[test]
fn nesting_has_a_limit_and_no_depth_overflows() {
    for (open, close) in [("(", ")"), ("NOT ", ""), ("{", "}"), ("NOT (", ")")] {
        let deep = |depth: usize| {
            format!(
                "{HEADER}{}",
                policy(&format!("{}ok{}", open.repeat(depth), close.repeat(depth)))
            )
        };
        if open != "{" {
            assert!(check_text(&deep(64)).package.is_some(), "{open}");
        }
        let checked = check_text(&deep(100_000));
        assert!(
            checked.errors().any(|error| error.code == Code::NestedTooDeeply),
            "{open}"
        );
        assert!(checked.diagnostics.len() <= 257, "{open}");
        let unclosed = check_text(&format!("{HEADER}{}", policy(&open.repeat(100_000))));
        assert!(unclosed.package.is_none());
    }
    assert!(
        check_text(&format!(
            "{HEADER}{}",
            policy(&format!("{}ok{}", "(".repeat(128), ")".repeat(128)))
        ))
        .package
        .is_some()
    );
    constraint(
        &format!("{}⟦(⟧ok){}", "(".repeat(128), ")".repeat(128)),
        Code::NestedTooDeeply,
        "CLASS",
    );
}

#[test]
fn long_files_and_many_errors_have_limits() {
    let huge = check_text(&" ".repeat(FILE_LIMIT + 1));
    assert!(huge.errors().any(|error| error.code == Code::FileTooLarge));
    let text = format!("{HEADER}{}", "; x ".repeat(5_000));
    let checked = check_text(&text);
    assert!(checked.package.is_none());
    assert!(checked.diagnostics.len() <= 257);
    let unknown: String = (0..400)
        .map(|n| policy("nobody == 1").replacen('p', &format!("p{n}"), 1))
        .collect();
    let checked = check_text(&format!("{HEADER}{unknown}").replace("POLICY p", "POLICY p"));
    assert_eq!(checked.diagnostics.last().unwrap().code, Code::TooManyErrors);
}

#[test]
fn a_small_source_does_not_become_a_large_package() {
    let wide = vec!["ok"; 10_000].join(" AND ");
    let policies: String = (0..300)
        .map(|n| format!("POLICY p{n} {{ SCOPE: c CONSTRAINT: ok ENFORCEMENT: BLOCKING }}\n"))
        .collect();
    let checked = check_text(&format!("{HEADER}CLASS c: {wide}\n{policies}"));
    let codes: Vec<Code> = checked.errors().map(|error| error.code).collect();
    assert_eq!(codes, [Code::PackageTooLarge]);
}

#[test]
fn places_are_told_as_people_count() {
    let files = [
        SourceFile::new("b.aecp", HEADER),
        SourceFile::new("a.aecp", "// größe\r\nCLASS c: \"größe\" == nix\r\n"),
    ];
    let checked = check(&files);
    let error = checked.errors().next().unwrap();
    let located = error.located(&files);
    let label = located.primary.unwrap();
    assert_eq!(
        (
            label.file.as_str(),
            label.start.line,
            label.start.column,
            label.end.column
        ),
        ("a.aecp", 2, 21, 24)
    );
    let json = serde_json::to_value(error).unwrap();
    assert_eq!(
        (json["code"].as_str(), json["severity"].as_str()),
        (Some("unknown-attribute"), Some("error"))
    );
}

#[test]
fn values_of_all_types_are_checked() {
    let typed = |condition: &str, code, help: &str| {
        expect(
            &format!(
                "SCHEMA {{ price: DECIMAL  at: INSTANT  age: DURATION  peer: ADDRESS  net: CIDR  ports: SET OF INTEGER }}
                 POLICY p {{ SCOPE: requests CONSTRAINT: {condition} ENFORCEMENT: BLOCKING }}"
            ),
            code,
            help,
        );
    };
    let mismatch = Code::TypeMismatch;
    typed("at < ⟦\"2026-01-01\"⟧", mismatch, "INSTANT");
    typed("peer == ⟦\"10.0.0\"⟧", mismatch, "ADDRESS");
    typed("price < ⟦9300000000000⟧", mismatch, "DECIMAL");
    typed("peer WITHIN ⟦\"10.0.0.1/8\"⟧", mismatch, "`\"10.0.0.0/8\"`");
    typed(
        "peer WITHIN [\"10.0.0.0/8\", ⟦\"x\"⟧]",
        mismatch,
        "`\"10.0.0.0/8\"`",
    );
    typed("peer WITHIN ⟦[]⟧", Code::InvalidList, "one network");
    typed("age < ⟦15⟧", mismatch, "");
    typed("net == ⟦\"10.0.0.0/8\"⟧", mismatch, "WITHIN");
    typed("net IN ⟦[\"10.0.0.0/8\"]⟧", Code::InvalidList, "WITHIN");
    typed("ports CONTAINS ⟦[80, 443]⟧", mismatch, "CONTAINS ANY");
    typed("ports CONTAINS ANY ⟦80⟧", mismatch, "`[80]`");
    typed("ports CONTAINS ALL [80, ⟦\"x\"⟧]", mismatch, "INTEGER");
    typed("age STARTS WITH ⟦\"x\"⟧", mismatch, "");
    typed("⟦peer⟧", Code::NotACondition, "WITHIN");
    constraint(
        "customer.region STARTS ⟦\"EU\"⟧",
        Code::UnexpectedToken,
        "STARTS WITH",
    );
    constraint("customer.region STARTS WITH ⟦[\"EU\"]⟧", mismatch, "OR");
    typed("peer ⟦within⟧ \"10.0.0.0/8\"", Code::LowercaseKeyword, "`WITHIN`");
}

#[test]
fn calculations_are_checked_and_both_types_are_told() {
    let sum = |marked: &str, help: &str| constraint(marked, Code::TypeMismatch, help);
    let error = one_error(&policy("customer.age + ⟦tags⟧ < 5"));
    assert_eq!(
        error.message,
        "`+` has INTEGER before it and SET OF TEXT behind it"
    );
    sum(
        "customer.region + ⟦\"x\"⟧ == \"y\"",
        "texts are not calculated with",
    );
    sum("customer.age + 1 + ⟦15m⟧ < 5", "unit");
    sum("1.5 * customer.age * ⟦2.5⟧ == 5", "multiplied by an INTEGER");
    sum("-⟦ok⟧ == 1", "");
    constraint(
        "9223372036854775807 + ⟦1⟧ < customer.age",
        Code::ConstantOverflow,
        "smaller",
    );
    constraint(
        "-⟦(-9223372036854775807 - 1)⟧ < customer.age",
        Code::ConstantOverflow,
        "",
    );
    constraint("⟦customer.age * 2⟧", Code::NotACondition, "compare it");
    constraint("⟦customer.age + 2⟧ IS PRESENT", Code::TypeMismatch, "");
    constraint(
        "(customer.age < 5) ⟦+⟧ 1 < 7",
        Code::UnexpectedToken,
        "compare what comes out",
    );
    let long = format!("⟦customer.age{}⟧ < 7", " + 1".repeat(256));
    constraint(&long, Code::TermTooLong, "extractor");
}

#[test]
fn parentheses_enclose_operands_and_conditions() {
    for text in [
        "(customer.age + 1) * 2 < 5",
        "((customer.age)) == 5 AND ((ok) OR (customer.age < 5))",
        "NOT (customer.age) < 5",
        "(ok)",
        "((customer.age - 1) < (5) AND NOT ((ok)))",
        "customer.age - 1 < -customer.age * -3",
    ] {
        let checked = check_text(&format!("{HEADER}{}", policy(text)));
        assert!(checked.package.is_some(), "{text}\n{:#?}", checked.diagnostics);
    }
}

#[test]
fn windows_have_zones_and_proper_ends() {
    let at = |marked: &str, code: Code, help: &str| {
        let policy = policy(marked);
        expect(&format!("SCHEMA {{ time.now: INSTANT }} {policy}"), code, help);
    };
    at(
        "time.now WITHIN MONDAY IN ⟦\"Europe/Berln\"⟧",
        Code::UnknownZone,
        "did you mean `Europe/Berlin`?",
    );
    at(
        "time.now WITHIN MONDAY IN ⟦\"Berlin\"⟧",
        Code::UnknownZone,
        "did you mean `Europe/Berlin`?",
    );
    at(
        "time.now WITHIN MONDAY IN ⟦\"europe/berlin\"⟧",
        Code::UnknownZone,
        "did you mean `Europe/Berlin`?",
    );
    at(
        "time.now WITHIN MONDAY IN ⟦\"the moon and more\"⟧",
        Code::UnknownZone,
        "IANA",
    );
    at(
        "⟦time.now WITHIN MONDAY⟧",
        Code::InvalidWindow,
        "IN \"Europe/Berlin\"",
    );
    at(
        "⟦time.now WITHIN [MONDAY, friday]⟧",
        Code::InvalidWindow,
        "IN \"Europe/Berlin\"",
    );
    at(
        "time.now WITHIN ⟦MONTAG⟧ IN \"UTC\"",
        Code::InvalidWindow,
        "MONDAY",
    );
    at(
        "time.now WITHIN ⟦monday⟧ TO FRIDAY IN \"UTC\"",
        Code::LowercaseKeyword,
        "write `MONDAY`",
    );
    at(
        "time.now WITHIN [MONDAY, ⟦\"09:00\"⟧] IN \"UTC\"",
        Code::InvalidWindow,
        "",
    );
    at(
        "time.now WITHIN MONDAY TO ⟦\"09:00\"⟧ IN \"UTC\"",
        Code::InvalidWindow,
        "",
    );
    at(
        "time.now WITHIN \"09:00\" TO ⟦\"9:30\"⟧ IN \"UTC\"",
        Code::InvalidWindow,
        "two digits",
    );
    at(
        "time.now WITHIN \"09:00\" TO ⟦\"09:00\"⟧ IN \"UTC\"",
        Code::InvalidWindow,
        "24:00",
    );
    at(
        "time.now WITHIN ⟦\"24:00\"⟧ TO \"09:00\" IN \"UTC\"",
        Code::InvalidWindow,
        "00:00",
    );
    at(
        "time.now WITHIN ⟦\"09:00\"⟧ IN \"UTC\"",
        Code::InvalidWindow,
        "MONDAY TO FRIDAY",
    );
    at(
        "⟦customer.age⟧ WITHIN MONDAY IN \"UTC\"",
        Code::TypeMismatch,
        "time.now",
    );
    at(
        "time.now WITHIN MONDAY IN ⟦UTC⟧",
        Code::UnexpectedToken,
        "whose clocks",
    );
}

/// One error in the obligations of a policy.
#[track_caller]
fn obligation(marked: &str, code: Code, help: &str) {
    let policy = format!("POLICY p {{ SCOPE: requests CONSTRAINT: ok ENFORCEMENT: BLOCKING {marked} }}");
    expect(&policy, code, help);
}

#[test]
fn obligations_say_what_can_be_met() {
    use Code::{InvalidObligation as Invalid, TypeMismatch, UnexpectedToken, UnknownAttribute};
    obligation(
        "OBLIGATION: ⟦MASKE⟧ response.body.ssn",
        UnexpectedToken,
        "did you mean `MASK`?",
    );
    obligation(
        "OBLIGATION: ⟦encrypt⟧ response.body.ssn",
        UnexpectedToken,
        "`FILTER`",
    );
    obligation(
        "OBLIGATION: ⟦mask⟧ response.body.ssn",
        Code::LowercaseKeyword,
        "write `MASK`",
    );
    obligation("OBLIGATION: MASK ⟦ssn⟧", Invalid, "write `response.body.ssn`");
    obligation(
        "OBLIGATION: MASK ⟦response.ssn⟧",
        Invalid,
        "write `response.body.ssn`",
    );
    obligation("OBLIGATION: MASK ⟦response⟧", Invalid, "a path inside of it");
    obligation(
        "OBLIGATION: MASK ⟦\"response.body.ssn\"⟧",
        UnexpectedToken,
        "MASK response.body.ssn",
    );
    obligation(
        "OBLIGATION: MASK response.body.ssn KEEP ⟦4⟧",
        UnexpectedToken,
        "KEEP LAST 4",
    );
    obligation(
        "OBLIGATION: MASK response.body.ssn KEEP LAST ⟦0⟧",
        Invalid,
        "inside that range",
    );
    obligation(
        "OBLIGATION: MASK response.body.ssn KEEP LAST ⟦\"4\"⟧",
        Invalid,
        "inside that range",
    );
    obligation(
        "OBLIGATION: LIMIT ⟦0⟧ PER 1m BY customer.region",
        Invalid,
        "inside that range",
    );
    obligation(
        "OBLIGATION: LIMIT ⟦-1⟧ PER 1m BY customer.region",
        Invalid,
        "inside that range",
    );
    obligation("OBLIGATION: LIMIT 5 PER ⟦60⟧ BY customer.region", Invalid, "`1m`");
    obligation(
        "OBLIGATION: LIMIT 5 PER ⟦1ms⟧ BY customer.region",
        Invalid,
        "`1m`",
    );
    obligation(
        "OBLIGATION: LIMIT 5 ⟦BY⟧ customer.region",
        UnexpectedToken,
        "LIMIT 100 PER 1m",
    );
    obligation(
        "OBLIGATION: LIMIT 5 PER 1m BY ⟦customer.regoin⟧",
        UnknownAttribute,
        "did you mean",
    );
    obligation("OBLIGATION: LIMIT 5 PER 1m BY ⟦tags⟧", TypeMismatch, "one value");
    obligation(
        "OBLIGATION: NOTIFY ⟦security⟧",
        UnexpectedToken,
        "NOTIFY \"security@example.com\"",
    );
    obligation("OBLIGATION: NOTIFY ⟦\" \"⟧", Invalid, "name of a channel");
    obligation(
        "OBLIGATION: NOTIFY \"a\" WITH \"{⟦regoin⟧}\"",
        UnknownAttribute,
        "",
    );
    obligation(
        "OBLIGATION: NOTIFY \"a\" WITH ⟦\"\"⟧",
        Code::EmptyText,
        "fill it in",
    );
}

#[test]
fn rows_are_filtered_by_comparisons() {
    use Code::{InvalidObligation as Invalid, TypeMismatch, UnknownAttribute};
    let rows = |marked: &str, code, help: &str| {
        obligation(&format!("OBLIGATION: FILTER rows WHERE {marked}"), code, help);
    };
    rows("⟦row.a == 1 OR row.b == 2⟧", Invalid, "joined by AND");
    rows("row.a == 1 AND ⟦NOT row.b == 2⟧", Invalid, "joined by AND");
    rows("⟦row.a⟧", Invalid, "joined by AND");
    rows("⟦row.a == row.b⟧", Invalid, "joined by AND");
    rows("⟦customer.region == \"EU\"⟧", Invalid, "joined by AND");
    rows("row.a == ⟦customer.regoin⟧", UnknownAttribute, "did you mean");
    rows("row.a == ⟦tags⟧", TypeMismatch, "one value");
    rows("row.a < ⟦ok⟧", TypeMismatch, "numbers");
    rows("row.a < ⟦\"b\"⟧", TypeMismatch, "INSTANT");
    rows("row.a IN ⟦tags⟧", Invalid, "where it stands");
    rows("row.a IN [1, ⟦\"b\"⟧]", TypeMismatch, "");
    rows("row.a IN ⟦[]⟧", Code::InvalidList, "at least one");
    rows(
        &format!("⟦{}⟧", ["row.a == 1"; 17].join(" AND ")),
        Invalid,
        "split it",
    );
    obligation(
        "OBLIGATION: FILTER rows ⟦row.a⟧ == 1",
        Code::UnexpectedToken,
        "WHERE",
    );
    obligation(
        "OBLIGATION: FILTER ⟦items⟧ WHERE row.a == 1",
        Invalid,
        "`response.body.items`",
    );
}

#[test]
fn obligations_of_one_policy_fit_together() {
    obligation(
        "OBLIGATION: MASK response.body.a WITH \"x\" OBLIGATION: MASK response.body.a KEEP LAST 4 \
         ⟦OBLIGATION: MASK response.body.a WITH \"y\"⟧",
        Code::ClashingObligations,
        "keep one of them",
    );
    obligation(
        "OBLIGATION: FILTER rows WHERE row.a == 1 ⟦OBLIGATION: FILTER rows WHERE row.b == 2 AND row.a == \"x\"⟧",
        Code::ClashingObligations,
        "keep one of them",
    );
    let idle = check_text(&format!(
        "{HEADER}POLICY p {{ SCOPE: requests CONSTRAINT: ok ENFORCEMENT: ADVISORY OBLIGATION: MASK response.body }}"
    ));
    let codes: Vec<Code> = idle.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::IdleObligation]);
}

/// Checks a package with the list file `l.txt`.
fn with_list(sources: &str, list: &str) -> Checked {
    let text = format!("{HEADER}SCHEMA {{ peer: ADDRESS  price: DECIMAL }}\n{sources}");
    check(&[SourceFile::new("a.aecp", text), SourceFile::new("l.txt", list)])
}

#[test]
fn lists_are_checked_where_they_stand() {
    let used = "POLICY p { SCOPE: requests CONSTRAINT: customer.region IN l ENFORCEMENT: BLOCKING }";
    let data = |marked: &str, code, help: &str| expect(&format!("{marked}\n{used}"), code, help);
    data(
        "DATA l FROM ⟦\"l.txt\"⟧",
        Code::MissingList,
        "one entry on each line",
    );
    data(
        "DATA l FROM ⟦\"../l.txt\"⟧",
        Code::InvalidPath,
        "package's folder",
    );
    data(
        "DATA l FROM ⟦\"/etc/l.txt\"⟧",
        Code::InvalidPath,
        "package's folder",
    );
    data(
        "DATA l FROM ⟦\"a//l.txt\"⟧",
        Code::InvalidPath,
        "package's folder",
    );
    data("DATA l FROM ⟦\"a.aecp\"⟧", Code::InvalidPath, "package's folder");
    data(
        "DATA l FROM ⟦l⟧",
        Code::UnexpectedToken,
        "`FROM \"lists/countries.txt\"`",
    );
    data(
        "DATA l ⟦[⟧\"EU\"]",
        Code::UnexpectedToken,
        "`DATA name: [\"a\", \"b\"]`",
    );
    data("DATA l: ⟦[]⟧", Code::InvalidList, "at least one");
    data("DATA l: [\"EU\", ⟦1⟧]", Code::InvalidEntry, "`\"1\"`");
    data("DATA l: [\"EU\", ⟦US⟧]", Code::InvalidEntry, "`\"US\"`");
    data("DATA l: ⟦BOOLEAN⟧ [true]", Code::UnknownType, "`TEXT`");
    data("DATA l: ⟦SET OF TEXT⟧ [\"a\"]", Code::UnknownType, "`TEXT`");
    data("DATA l: CIDR [⟦\"10.0.0.1/8\"⟧]", Code::InvalidEntry, "CIDR");
    data(
        "DATA l: [\"EU\"] DATA ⟦l⟧: [\"US\"]",
        Code::DuplicateData,
        "rename",
    );
    data("DATA l: [\"EU\"] CLASS ⟦l⟧: ok", Code::AmbiguousName, "rename");
    data(
        "DATA l: [\"EU\"] DATA ⟦ok⟧: [\"US\"]",
        Code::AmbiguousName,
        "rename",
    );
    data("⟦data⟧ l: [\"EU\"]", Code::LowercaseKeyword, "`DATA`");
    let typed = |condition: &str, code, help: &str| {
        let text = format!(
            "DATA ages: INTEGER [18, 21] DATA inside: CIDR [\"10.0.0.0/8\"] SCHEMA {{ peer: ADDRESS price: DECIMAL }} \
            POLICY q {{ SCOPE: requests CONSTRAINT: customer.age IN ages AND peer WITHIN inside AND {condition} \
            ENFORCEMENT: BLOCKING }}"
        );
        expect(&text, code, help);
    };
    let mismatch = Code::TypeMismatch;
    typed("customer.region IN ⟦ages⟧", mismatch, "`DATA ages: TEXT");
    typed("price IN ⟦ages⟧", mismatch, "`DATA ages: DECIMAL");
    typed("peer IN ⟦inside⟧", mismatch, "`peer WITHIN inside`");
    typed("peer WITHIN ⟦ages⟧", mismatch, "`DATA ages: CIDR");
    typed("tags CONTAINS ANY ⟦ages⟧", mismatch, "`DATA ages: TEXT");
    typed("tags CONTAINS ⟦ages⟧", mismatch, "CONTAINS ANY");
    typed("customer.age == ⟦ages⟧", Code::InvalidList, "IN");
    typed("⟦ages⟧", Code::NotACondition, "IN");
    typed("customer.age IN [18, ⟦ages⟧]", Code::InvalidList, "");
    typed("customer.age IN ⟦agess⟧", Code::UnknownAttribute, "`ages`");

    let checked = check_text(&format!("{HEADER}DATA l: [\"EU\"]\n{}", policy("ok")));
    let codes: Vec<Code> = checked.diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::UnusedData]);
}

#[test]
fn lines_of_list_files_are_pointed_at() {
    let source =
        |listed: &str, condition: &str| format!("DATA l: {listed} FROM \"l.txt\"\n{}", policy(condition));
    let list = "\u{feff}# networks\r\n\r\n  10.0.0.0/8  \r\n10.0.0.1/8\r\n10.0.0.0/8\r\n";
    let checked = with_list(&source("CIDR", "peer WITHIN l"), list);
    let [error] = checked.diagnostics.as_slice() else {
        panic!("{:#?}", checked.diagnostics)
    };
    assert_eq!(error.code, Code::InvalidEntry);
    let place = error.primary.as_ref().unwrap().place;
    assert_eq!(
        (place.file, list.get(place.span.range())),
        (1, Some("10.0.0.1/8"))
    );
    assert_eq!(error.secondary[0].place.file, 0);

    let code = |listed: &str, condition: &str, list: &str| {
        let checked = with_list(&source(listed, condition), list);
        let codes: Vec<Code> = checked.diagnostics.iter().map(|found| found.code).collect();
        codes
    };
    let text = |list: &str| code("TEXT", "customer.region IN l", list);
    assert_eq!(text("EU\nEU\n"), []);
    assert_eq!(text("# nothing\n\n"), [Code::InvalidList]);
    assert_eq!(text("\"EU\"\n"), [Code::InvalidEntry]);
    assert_eq!(text("E\u{200b}U\n"), [Code::HiddenCharacter]);
    assert_eq!(text(&"x".repeat(70_000)), [Code::TextTooLong]);
    assert_eq!(text(&" \n".repeat(17_000_000)), [Code::ListTooLong]);
    assert_eq!(text(&"x\n".repeat(1_000_001)), [Code::ListTooLong]);
    assert_eq!(code("INTEGER", "customer.age IN l", "1\n"), []);
    assert_eq!(code("DECIMAL", "price IN l", "1\n1.5\n"), []);
    assert_eq!(
        code("INTEGER", "customer.age IN l", &"x\n".repeat(100_000)),
        [Code::InvalidEntry; 9]
    );
    let many: String = (0..5_000).map(|number| format!("{number}\n")).collect();
    assert_eq!(code("TEXT", "tags CONTAINS ALL l", &many), [Code::InvalidList]);
    assert_eq!(code("TEXT", "tags CONTAINS ANY l", &many), []);
}

#[test]
fn patterns_are_checked() {
    constraint(
        "customer.region LIKE \"a⟦\\\\x⟧b\"",
        Code::MalformedPattern,
        "`\\\\*`",
    );
    constraint("customer.region LIKE \"a⟦***⟧\"", Code::MalformedPattern, "`**`");
    constraint(
        "customer.region LIKE [\"a\", \"\\u{e9}é\\n⟦***⟧\"]",
        Code::MalformedPattern,
        "any run",
    );
    constraint("customer.region MATCHES \"⟦(⟧a\"", Code::MalformedPattern, "");
    constraint(
        "customer.region MATCHES \"a⟦(?!⟧b)\"",
        Code::UnsupportedPattern,
        "join two conditions",
    );
    constraint(
        "customer.region MATCHES \"(a)⟦\\\\1⟧\"",
        Code::UnsupportedPattern,
        "",
    );
    constraint(
        "customer.region MATCHES \"⟦\\\\b⟧EU\"",
        Code::UnsupportedPattern,
        "between the words",
    );
    constraint(
        "customer.region MATCHES \"a⟦$⟧b\"",
        Code::UnsupportedPattern,
        "leave it out",
    );
    for complex in [
        "(a{1000}){1000}",
        ".*a.{64}",
        "(.{0,200}x){0,100}",
        "(a|b|ab|c{0,50}){0,60}",
    ] {
        constraint(
            &format!("customer.region NOT MATCHES \"⟦{complex}⟧\""),
            Code::PatternTooComplex,
            "split it",
        );
    }
    constraint("customer.region LIKE ⟦[]⟧", Code::InvalidList, "at least one");
    constraint("customer.region LIKE [\"a\", ⟦1⟧]", Code::TypeMismatch, "quotes");
    constraint(
        "customer.region LIKE ⟦customer.region⟧",
        Code::TypeMismatch,
        "`==`",
    );
    constraint("tags LIKE ⟦\"a\"⟧", Code::TypeMismatch, "");
    constraint("customer.age MATCHES ⟦\"a\"⟧", Code::TypeMismatch, "");
    constraint("customer.region ⟦like⟧ \"a\"", Code::LowercaseKeyword, "`LIKE`");
    constraint(
        "customer.region NOT ⟦matches⟧ \"a\"",
        Code::LowercaseKeyword,
        "`MATCHES`",
    );
}

#[test]
fn values_that_the_schema_lists_are_the_only_ones() {
    let tier = |rest: &str, code, help: &str| {
        expect(
            &format!("SCHEMA {{ tier: ONE OF [\"gold\", \"silver\"]  other: TEXT }}\n{rest}"),
            code,
            help,
        );
    };
    let asked = |condition: &str, code, help: &str| tier(&policy(condition), code, help);
    asked("tier == ⟦\"Gold\"⟧", Code::UnknownChoice, "`gold`");
    asked("⟦\"silber\"⟧ != tier", Code::UnknownChoice, "`silver`");
    asked(
        "tier IN [\"gold\", ⟦\"platinum\"⟧]",
        Code::UnknownChoice,
        "`gold` and `silver`",
    );
    asked("tier < ⟦\"gold\"⟧", Code::TypeMismatch, "");
    asked("tier == ⟦1⟧", Code::TypeMismatch, "`\"1\"`");
    let used = policy("tier == other");
    tier(
        &format!("{used} TEST \"t\" {{ GIVEN {{ tier: ⟦\"golf\"⟧ }} EXPECT DENY }}"),
        Code::UnknownChoice,
        "`gold`",
    );
    let schema = |marked: &str, code, help: &str| {
        expect(
            &format!("SCHEMA {{ tier: {marked} }}\n{}", policy("ok")),
            code,
            help,
        );
    };
    schema(
        "ONE OF [\"gold\", \"silver\"] OPTIONAL DEFAULT ⟦\"golf\"⟧",
        Code::UnknownChoice,
        "`gold`",
    );
    schema("ONE OF ⟦[]⟧", Code::InvalidList, "can have");
    schema("ONE OF [\"gold\", ⟦2⟧]", Code::InvalidEntry, "`\"2\"`");
    schema("⟦one of [\"gold\"]⟧", Code::UnknownType, "`ONE OF`");
    schema(
        "ONE OF ⟦TEXT⟧",
        Code::UnexpectedToken,
        "`ONE OF [\"gold\", \"silver\"]`",
    );
    expect("DATA l: ⟦ONE OF [\"a\"]⟧ [\"a\"]", Code::UnknownType, "");
}

#[test]
fn where_one_word_is_asked_for_none_has_dots() {
    let policy = |fields: &str| format!("POLICY p {{ SCOPE: requests CONSTRAINT: ok {fields} }}");
    for field in [
        "ENFORCEMENT: ⟦advisory.only⟧",
        "ENFORCEMENT: ⟦BLOCKING.x⟧",
        "ENFORCEMENT: BLOCKING AUDIT: ⟦a.b⟧",
        "ENFORCEMENT: BLOCKING SEVERITY: ⟦LOW.er⟧",
        "ENFORCEMENT: BLOCKING EXCEPTION: ⟦a.b⟧",
    ] {
        assert_eq!(one_error(&policy(field)).code, Code::UnexpectedToken, "{field}");
    }
    let expecting = format!(
        "{} TEST \"t\" {{ GIVEN {{ ok: true }} EXPECT ⟦DENY.ALLOW⟧ }}",
        policy("ENFORCEMENT: BLOCKING")
    );
    assert_eq!(one_error(&expecting).code, Code::UnexpectedToken);
    let header = "PACKAGE p { VERSION: \"1.0.0\" DEFAULT: allow.all } SCHEMA { ok: BOOLEAN }";
    let checked = check_text(&format!("{header} {}", policy("ENFORCEMENT: BLOCKING")));
    let codes: Vec<Code> = checked.errors().map(|error| error.code).collect();
    assert_eq!(codes, [Code::UnexpectedToken]);
}
