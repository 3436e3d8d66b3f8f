//! No text makes the front end panic, hang or forget a byte.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_compiler::package::{check, wanted_imports, wanted_lists};
use aecp_compiler::source::SourceFile;
use aecp_compiler::suite;
use aecp_compiler::syntax::parse;
use proptest::prelude::*;
use proptest::sample::select;

const TOKENS: &[&str] = &[
    "PACKAGE",
    "VERSION",
    "DEFAULT",
    "SCHEMA",
    "IMPORT",
    "\"../common\"",
    "OPTIONAL",
    "CLASS",
    "PARAM",
    "RANGE",
    "EFFECTIVE",
    "FROM",
    "UNTIL",
    "..",
    "POLICY",
    "DESCRIPTION",
    "SCOPE",
    "WHERE",
    "CONSTRAINT",
    "ENFORCEMENT",
    "AUDIT",
    "EXCEPTION",
    "OWNER",
    "JUSTIFICATION",
    "SEVERITY",
    "CONTROLS",
    "REASON",
    "OBLIGATION",
    "OBLIGING",
    "MASK",
    "KEEP LAST",
    "FILTER",
    "LIMIT",
    "PER",
    "NOTIFY",
    "rows",
    "row.a",
    "response.body.x",
    "1m",
    "ACKNOWLEDGE",
    "coverage_gap",
    "\"GDPR Art. 44\"",
    "\"{a} {b.c\"",
    "TEST",
    "FIXTURE",
    "GIVEN",
    "CASE",
    "EXPECT",
    "NOW",
    "DATA",
    "FROM",
    "\"l.txt\"",
    "WITH",
    "BY",
    "BECAUSE",
    "WITHIN",
    "TO",
    "MONDAY",
    "\"09:00\"",
    "\"UTC\"",
    "f.now",
    "ABSENT",
    "FAILED",
    "AND",
    "OR",
    "NOT",
    "IN",
    "CONTAINS",
    "LIKE",
    "MATCHES",
    "IS",
    "PRESENT",
    "true",
    "false",
    "TEXT",
    "INTEGER",
    "SET OF TEXT",
    "BLOCKING",
    "DENY",
    "requests",
    "a",
    "b.c",
    "and",
    "not",
    "policy",
    "scope",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    ",",
    ".",
    "-",
    "+",
    "*",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    "!",
    "1",
    "99999999999999999999",
    "1.5",
    "\"x\"",
    "\"1.0.0\"",
    "\"\\q\"",
    "\"open",
    "'x'",
    "“x”",
    "// comment\n",
    "\n",
    "\r",
    ";",
    "größe",
    "\u{feff}",
    "\u{202e}",
    "\0",
];

/// Pieces of real policies, so that deeper parts of the checker are reached.
const PIECES: &[&str] = &[
    "PACKAGE p { VERSION: \"1.0.0\" }",
    "SCHEMA { a: TEXT b.c: INTEGER d: BOOLEAN e: SET OF TEXT }",
    "CLASS k: a == \"x\"",
    "SCHEMA { g: ONE OF [\"x\", \"y\"] OPTIONAL }",
    "g == \"x\" AND g IN [\"y\"]",
    "DATA l FROM \"l.txt\"",
    "DATA m: CIDR FROM \"m.txt\"",
    "DATA n: INTEGER [1, -2]",
    "a NOT IN l AND e CONTAINS ALL l",
    "POLICY q { SCOPE: k WHERE d CONSTRAINT: b.c >= 1 ENFORCEMENT: BLOCKING }",
    "a IN [\"x\", \"y\"]",
    "\"x\" IN e",
    "b.c != -1",
    "a LIKE \"*/**\"",
    "a NOT MATCHES [\"(x|y)*\", \"(?=\"]",
    "a LIKE \"***\\\\\"",
    "FIXTURE f { a: \"x\" NOW: \"2026-01-01T00:00:00Z\" }",
    "TEST \"t\" { GIVEN f WITH { b.c: -1 e: [\"y\"] d: ABSENT } EXPECT DENY BY q BECAUSE CONTAINS \"x\" }",
    "CASE \"c\" { d: true } EXPECT ALLOW",
    "GIVEN { a: FAILED \"why\"",
    "EXPECT DENY BY default",
    "d AND (d OR NOT d)",
    "SCHEMA { f.now: INSTANT }",
    "f.now WITHIN MONDAY TO FRIDAY IN \"Europe/Berlin\"",
    "f.now + 1h WITHIN \"22:00\" TO \"06:00\" IN \"UTC\"",
    "f.now WITHIN [MONDAY,",
    "(b.c + 1) * 2 < -(b.c - 7)",
    "SCOPE: requests WHERE",
    "CONSTRAINT: {",
    "CONTROLS: [\"GDPR Art. 44\", \"PCI DSS 7.2.11\", \"HIPAA 164.312(a)(1)(\"]",
    "REASON: \"{{ {a} \\u{7b}b.c} }\"",
    "OWNER: \"me\" SEVERITY: HIGH",
    "OBLIGATION: MASK response.body.x KEEP LAST 4",
    "OBLIGATION: FILTER rows WHERE row.a == a AND row.n IN [1, 2]",
    "OBLIGATION: LIMIT 100 PER 1m BY a",
    "OBLIGATION: NOTIFY \"security\" WITH \"{a}\"",
];

fn lossless(text: &str) {
    wanted_imports(&[SourceFile::new("a.aecp", text)]);
    let parsed = parse(0, text);
    assert_eq!(parsed.syntax().text().to_string(), text);
    let imported = SourceFile::new("../common/a.aecp", text);
    check(&[SourceFile::new("a.aecp", "IMPORT \"../common\""), imported]);
    let list = SourceFile::new("l.txt", "x\n# y\n\n z \n");
    let files = [SourceFile::new("a.aecp", text), list];
    wanted_lists(&files);
    let checked = check(&files);
    assert_eq!(checked.package.is_some(), checked.errors().next().is_none());
    if let Some(package) = &checked.package {
        suite::run(package, &checked.tests);
    }
    for label in checked
        .diagnostics
        .iter()
        .flat_map(|found| found.primary.iter().chain(&found.secondary))
    {
        let file = &files[label.place.file as usize];
        assert!(file.text.get(label.place.span.range()).is_some(), "{label:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_is_kept(text in any::<String>()) {
        lossless(&text);
    }

    #[test]
    fn any_tokens_are_kept(
        tokens in prop::collection::vec(prop_oneof![4 => select(TOKENS), 1 => select(PIECES)], 0..60),
        glue in select(&[" ", "", "\n"][..]),
    ) {
        lossless(&tokens.join(glue));
    }

    #[test]
    fn any_list_file_is_read(
        text in prop_oneof![any::<String>(), "([0-9a-f.:/#\" -]{0,12}\r?\n){0,20}", "(\u{feff}|\u{85}|\u{2028}|x|\n){0,20}"],
        listed in select(&["TEXT", "INTEGER", "DECIMAL", "INSTANT", "DURATION", "ADDRESS", "CIDR"][..]),
    ) {
        let source = format!("PACKAGE p {{ VERSION: \"1.0.0\" }} SCHEMA {{ a: {listed} b: ADDRESS }} DATA l: {listed} FROM \"l\" \
            POLICY q {{ SCOPE: requests CONSTRAINT: {} l ENFORCEMENT: BLOCKING }}", if listed == "CIDR" { "b WITHIN" } else { "a IN" });
        let files = [SourceFile::new("l", text), SourceFile::new("a.aecp", source)];
        let checked = check(&files);
        assert_eq!(checked.package.is_some(), checked.errors().next().is_none());
        for label in checked.diagnostics.iter().flat_map(|found| found.primary.iter().chain(&found.secondary)) {
            let file = &files[label.place.file as usize];
            assert!(file.text.get(label.place.span.range()).is_some(), "{label:?}");
        }
    }

    #[test]
    fn a_damaged_test_is_kept(from in 0_usize..420, length in 0_usize..40, token in select(TOKENS)) {
        let mut text: Vec<char> = "PACKAGE p { VERSION: \"1.0.0\" } SCHEMA { a: TEXT b.c: INTEGER d: BOOLEAN e: SET OF \
            TEXT } POLICY q { SCOPE: requests CONSTRAINT: a == \"x\" ENFORCEMENT: BLOCKING } FIXTURE f { a: \"größe\", \
            e: [\"u\", \"v\"] } TEST \"t\" { NOW: \"2026-01-01T00:00:00Z\" GIVEN f WITH { b.c: 1 d: FAILED \"why\" } CASE \
            \"one\" { a: \"x\" } EXPECT ALLOW BY q CASE { a: ABSENT } EXPECT DENY BY q BECAUSE CONTAINS \"absent\" } // end"
            .chars().collect();
        let start = from.min(text.len());
        let end = (start + length).min(text.len());
        text.splice(start..end, token.chars());
        lossless(&text.into_iter().collect::<String>());
    }

    #[test]
    fn a_damaged_policy_is_kept(from in 0_usize..400, length in 0_usize..40, token in select(TOKENS)) {
        let mut text: Vec<char> = "PACKAGE p { VERSION: \"1.0.0\" } SCHEMA { a: TEXT b.c: INTEGER d: BOOLEAN e: SET OF \
            TEXT } CLASS k: a == \"x\" POLICY q { DESCRIPTION: \"größe\" SCOPE: k WHERE { d AND b.c > 1 } CONSTRAINT: a IN \
            [\"x\", \"y\"] OR NOT (e CONTAINS \"z\" AND d) ENFORCEMENT: BLOCKING AUDIT: REQUIRED EXCEPTION: \
            break_glass_token_required } // end".chars().collect();
        let start = from.min(text.len());
        let end = (start + length).min(text.len());
        text.splice(start..end, token.chars());
        lossless(&text.into_iter().collect::<String>());
    }
}

#[test]
fn a_flood_of_mistakes_ends_and_is_kept() {
    for piece in [
        "; ",
        "' x ",
        "a ",
        "POLICY x { ",
        "[a, ",
        "(1 ",
        "SCHEMA { a: b } ",
        "TEST \"t\" { GIVEN { ",
        "CASE { a: 1 } EXPECT ",
        "EXPECT DENY BY ",
        "\"",
        "- ",
        "-(",
        "( ",
        "(b.c * ",
        "b.c + ",
        "b.c * ",
        "1 + ",
        "NOT (b.c + ",
        "OBLIGATION: ",
        "OBLIGATION: FILTER rows WHERE (",
    ] {
        for before in [
            "",
            "POLICY p { SCOPE: requests CONSTRAINT: ",
            "SCHEMA { ",
            "POLICY p { OBLIGATION: MASK ",
            "TEST \"t\" { GIVEN { ",
            "PACKAGE p { VERSION: \"1.0.0\" } SCHEMA { b.c: INTEGER } POLICY p { SCOPE: requests CONSTRAINT: ",
        ] {
            lossless(&format!("{before}{}", piece.repeat(5_000)));
        }
    }
}
