#![allow(clippy::arithmetic_side_effects)]

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn glob(written: &str) -> Pattern {
    Pattern::new(Notation::Glob, written).unwrap()
}

fn expression(written: &str) -> Pattern {
    Pattern::new(Notation::Expression, written).unwrap()
}

#[track_caller]
fn check(pattern: &Pattern, matching: &[&str], others: &[&str]) {
    for text in matching {
        assert!(pattern.matches(text), "{pattern:?} {text:?}");
    }
    for text in others {
        assert!(!pattern.matches(text), "{pattern:?} {text:?}");
    }
}

#[test]
fn a_star_stops_at_separators_and_two_do_not() {
    check(
        &glob("/api/*"),
        &["/api/", "/api/users", "/api/größe"],
        &["/api", "/api/a/b", "/api/a.b", "x/api/a"],
    );
    check(
        &glob("/api/**"),
        &["/api/", "/api/a/b.c", "/api/\n"],
        &["/api", "/ap"],
    );
    check(
        &glob("*.example.com"),
        &["www.example.com", ".example.com"],
        &["a.b.example.com", "example.com", "www.example.comx"],
    );
    check(&glob("**.example.com"), &["a.b.example.com"], &["example.com"]);
    check(&glob("a\\*b\\\\"), &["a*b\\"], &["ab\\", "axb\\"]);
    check(&glob("[a-z]?.{1}$^|()"), &["[a-z]?.{1}$^|()"], &["a"]);
    check(&glob(""), &[""], &["a"]);
}

#[test]
fn an_expression_matches_the_whole_text() {
    check(&expression("a|ab"), &["a", "ab"], &["", "abb", "xa"]);
    check(&expression("^a.c$"), &["abc", "a\nc", "aéc"], &["ac", "abcd"]);
    check(&expression("^a|b$"), &["a", "b"], &["ax", "xb"]);
    check(&expression(""), &[""], &["a"]);
    check(&expression("\\d{2,3}"), &["12", "123"], &["1", "1234", "٣٤"]);
    check(&expression("[\\w--\\d]+"), &["ab_"], &["a1", "é"]);
    check(&expression("[^a-c&&[^x]]"), &["d", "é", "x"], &["a", "dd"]);
    check(
        &expression("(?i)straße[k-m]"),
        &["STRAßEK", "straßel"],
        &["STRASSEK", "strassek", "straße\u{212a}"],
    );
    check(&expression("(?i)[^a]"), &["b"], &["a", "A"]);
    check(
        &expression("[[:upper:]x]\\x41\\u{e9}\\.\\S"),
        &["XAé.y", "xAé.."],
        &["XAé. ", "aAé.y"],
    );
    check(
        &expression("(?:a(?P<name>b)?){2}"),
        &["aa", "aba", "abab"],
        &["a", "aaa"],
    );
    check(&expression("[a&&b]"), &[], &["", "a", "b"]);
    check(&expression(".{2}"), &["éé", "a😀"], &["é", "abc"]);
}

fn error(notation: Notation, written: &str) -> (PatternErrorKind, &str) {
    let error = Pattern::new(notation, written).unwrap_err();
    (error.kind, written.get(error.span).unwrap())
}

#[test]
fn what_is_no_pattern_is_told_with_its_place() {
    use PatternErrorKind::{Malformed, TooComplex, Unsupported};
    let in_glob = |written| error(Notation::Glob, written);
    assert_eq!(in_glob("a\\?b"), (Malformed, "\\?"));
    assert_eq!(in_glob("a\\"), (Malformed, "\\"));
    assert_eq!(in_glob("a/***"), (Malformed, "***"));
    let in_expression = |written| error(Notation::Expression, written);
    assert_eq!(in_expression("a(?=b)"), (Unsupported, "(?="));
    assert_eq!(in_expression("(?i)a(?<!b)"), (Unsupported, "(?<!"));
    assert_eq!(in_expression("(a)\\1"), (Unsupported, "\\1"));
    assert_eq!(in_expression("a\\bb"), (Unsupported, "\\b"));
    assert_eq!(in_expression("a^b"), (Unsupported, "^"));
    assert_eq!(in_expression("\\Aa"), (Unsupported, "\\A"));
    assert_eq!(in_expression("a(?m)b"), (Unsupported, "(?m)"));
    assert_eq!(in_expression("(?s:a)"), (Unsupported, "s"));
    assert_eq!(in_expression("\\p{Greek}"), (Unsupported, "\\p{Greek}"));
    assert_eq!(in_expression("[a\\pL]"), (Unsupported, "\\pL"));
    assert_eq!(in_expression("(a"), (Malformed, "("));
    assert_eq!(in_expression("a{3,1}"), (Malformed, "{3,1}"));
    assert_eq!(in_expression("*").0, Malformed);
    assert_eq!(in_expression("(a{1000}){1000}").0, TooComplex);
    assert_eq!(in_expression("((a{99}){99}){99}").0, TooComplex);
    assert_eq!(in_expression("(.*)(.*)(.*)a.{40}").0, TooComplex);
    for (open, close) in [("(", ")"), ("[a&&", "]"), ("(?:a|", ")")] {
        let deep = format!("{}b{}", open.repeat(5_000), close.repeat(5_000));
        assert_eq!(error(Notation::Expression, &deep).0, TooComplex);
        let unclosed = open.repeat(5_000);
        assert_eq!(error(Notation::Expression, &unclosed).0, Malformed);
    }
}

#[test]
fn automata_are_small_and_written_in_one_way() {
    let states = |pattern: &Pattern| pattern.automaton().states().count();
    // One for each byte, the end, and the dead end.
    assert_eq!(states(&glob("abc")), 5);
    assert_eq!(states(&glob("abc**")), 5);
    assert_eq!(
        expression("(a|b)*").automaton(),
        expression("[ab]*[ba]*").automaton()
    );
    assert_eq!(glob("/a/**").automaton(), &affix(Side::Start, "/a/").unwrap());
    assert_eq!(glob("**.css").automaton(), &affix(Side::End, ".css").unwrap());
    assert_eq!(glob("abc**").automaton().sinks(), 2);
}

#[test]
fn patterns_beyond_the_limits_of_one_automaton_stay_apart() {
    let wide = |index: usize| expression(&format!(".*{index}.{{8}}{index}"));
    let automata: Vec<Automaton> = (0_u32..6)
        .zip(0..)
        .map(|(number, index)| wide(index).automaton().numbered(number))
        .collect();
    let gathered = Automaton::gathered(automata);
    assert!(gathered.len() > 1);
    let told: Vec<u32> = gathered
        .iter()
        .flat_map(|one| one.run(b"x4abcdefgh4"))
        .copied()
        .collect();
    assert_eq!(told, [4]);
}

/// What the reference says, word for word.
fn naive(glob: &[u8], text: &[u8]) -> bool {
    match (glob, text) {
        ([], []) => true,
        ([b'*', b'*', glob @ ..], _) => (0..=text.len()).any(|skip| naive(glob, &text[skip..])),
        ([b'*', glob @ ..], _) => {
            let run = text
                .iter()
                .position(|byte| b"/.".contains(byte))
                .unwrap_or(text.len());
            (0..=run).any(|skip| naive(glob, &text[skip..]))
        }
        ([first, glob @ ..], [byte, text @ ..]) => first == byte && naive(glob, text),
        _ => false,
    }
}

fn globs() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&["a", "b", "/", ".", "*", "**", "é"][..]), 0..6)
        .prop_map(|parts| parts.concat())
        .prop_filter("three stars", |glob| !glob.contains("***"))
}

fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&["a", "b", "/", ".", "é", "c"][..]), 0..7).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn globs_mean_what_the_reference_says(glob in globs(), texts in prop::collection::vec(texts(), 1..20)) {
        let pattern = self::glob(&glob);
        for text in texts {
            prop_assert_eq!(pattern.matches(&text), naive(glob.as_bytes(), text.as_bytes()), "{} {:?}", glob, text);
        }
    }

    #[test]
    fn one_automaton_tells_what_many_tell(
        globs in prop::collection::vec(globs(), 1..8),
        texts in prop::collection::vec(texts(), 1..20),
    ) {
        let patterns: Vec<Pattern> = globs.iter().map(|written| glob(written)).collect();
        let numbered = |(number, pattern): (u32, &Pattern)| pattern.automaton().numbered(number);
        let gathered = Automaton::gathered((0_u32..).zip(&patterns).map(numbered).collect());
        prop_assert_eq!(gathered.len(), 1);
        for text in texts {
            let matching = (0_u32..).zip(&patterns).filter(|(_, pattern)| pattern.matches(&text));
            let matching: Vec<u32> = matching.map(|(number, _)| number).collect();
            prop_assert_eq!(gathered[0].run(text.as_bytes()), matching);
        }
    }

    #[test]
    fn no_text_is_a_pattern_that_panics(written in "[a(){}|*+?.^$\\\\\\[\\]&~-]{0,20}|.{0,20}") {
        for notation in [Notation::Glob, Notation::Expression] {
            match Pattern::new(notation, &written) {
                Ok(pattern) => drop(pattern.matches("aa")),
                Err(error) => prop_assert!(written.get(error.span.clone()).is_some(), "{:?}", error),
            }
        }
    }
}
