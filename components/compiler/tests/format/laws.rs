//! What holds for every source.
//!
//! A token of a generated source may be a choice that the language leaves to the writer: `=?` is `=` or `==`, `,?` is
//! `,` or nothing, and `{?` with its `}?` are braces or nothing.

use aecp_compiler::format::source;
use aecp_compiler::package::check;
use aecp_compiler::source::SourceFile;
use aecp_compiler::syntax::parse;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::canonical;

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn atoms() -> impl Strategy<Value = Vec<String>> {
    let fixed = select(vec![
        "urgent",
        "storage.location =? \"eu-west-1\"",
        "request.size >= - 1",
        "NOT urgent",
        "tags CONTAINS \"a\"",
        "request.size + 1 - 2 * request.size < - ( request.size - 7 )",
        "( urgent )",
        "now WITHIN MONDAY TO FRIDAY IN \"UTC\"",
        "now - 1h WITHIN [ MONDAY , SUNDAY ,? ] IN \"Europe/Berlin\"",
        "now WITHIN \"22:00\" TO \"06:00\" IN \"UTC\"",
        "( ( request.size ) ) + 1 == 1",
        "customer.region IS NOT PRESENT",
        "storage.location != compute.location",
        "\"größe\" IN tags",
        "true",
    ]);
    let member = select(vec!["\"eu-west-1\"", "\"eu-central-1\"", "\"a,b{c//d\"", "\"\""]);
    let list = (select(vec!["IN", "NOT IN"]), vec(member, 1..9)).prop_map(|(operator, members)| {
        let mut tokens = words(&format!("storage.location {operator} ["));
        tokens.extend(words(&members.join(" , ")));
        tokens.extend(words(",? ]"));
        tokens
    });
    prop_oneof![3 => fixed.prop_map(words), 1 => list]
}

fn conditions() -> impl Strategy<Value = Vec<String>> {
    atoms().prop_recursive(5, 24, 4, |inner| {
        let wrapped = inner
            .clone()
            .prop_map(|part| [words("("), part, words(")")].concat());
        let negated = inner
            .clone()
            .prop_map(|part| [words("NOT ("), part, words(")")].concat());
        let joined = (vec(inner, 2..5), select(vec!["AND", "OR"]))
            .prop_map(|(parts, word)| parts.join(&word.to_owned()));
        prop_oneof![1 => wrapped, 1 => negated, 3 => joined]
    })
}

fn files() -> impl Strategy<Value = Vec<String>> {
    let policy = (conditions(), conditions(), any::<bool>());
    vec(policy, 1..3).prop_map(|policies| {
        let mut tokens = words(
            "PACKAGE p { VERSION : \"1.0.0\" } SCHEMA { storage.location : TEXT ,? compute.location : TEXT OPTIONAL DEFAULT \"none\" ,? \
             customer.region : TEXT OPTIONAL request.size : INTEGER ,? urgent : BOOLEAN now : INSTANT tags : SET OF TEXT ,? } \
             PARAM limit : INTEGER = - 1 RANGE - 9 .. 10 PARAM places : SET OF TEXT = [ \"a\" , \"b\" ,? ] \
             CLASS k : {? urgent }? CLASS l : request.size =? 1",
        );
        for (index, (scope, constraint, is_described)) in policies.into_iter().enumerate() {
            tokens.extend(words(&format!("POLICY q{index} {{ SCOPE : k WHERE {{?")));
            tokens.extend(scope);
            tokens.extend(words("}? CONSTRAINT : {?"));
            tokens.extend(constraint);
            tokens.extend(words("}? ENFORCEMENT : BLOCKING"));
            if is_described {
                tokens.extend(words("DESCRIPTION : \"x\""));
                tokens.extend(words(
                    "OBLIGATION : MASK response.body.a KEEP LAST 4 OBLIGATION : FILTER rows WHERE {? row.a =? \
                     customer.region AND row.b IN [ 1 , 2 ,? ] }? OBLIGATION : LIMIT 5 PER 1m BY customer.region \
                     OBLIGATION : NOTIFY \"x\" WITH \"{customer.region}\"",
                ));
            }
            tokens.extend(words("}"));
        }
        tokens
    })
}

/// The tokens as a source. Both lists are walked round and round; `#` becomes a comment with a number of its own.
fn written(tokens: &[String], choices: &[bool], gaps: &[&str]) -> String {
    let mut choices = choices.iter().cycle();
    let mut braces = false;
    let mut text = String::new();
    let mut comments = 0;
    for (token, gap) in tokens.iter().zip(gaps.iter().cycle()) {
        let word = match token.as_str() {
            "=?" if *choices.next().unwrap() => "=",
            "=?" => "==",
            ",?" if *choices.next().unwrap() => ",",
            "{?" => {
                braces = *choices.next().unwrap();
                if braces { "{" } else { "" }
            }
            "}?" if braces => "}",
            ",?" | "}?" => "",
            other => other,
        };
        if word.is_empty() {
            continue;
        }
        for piece in gap.split_inclusive('#') {
            text.push_str(piece.trim_end_matches('#'));
            if piece.ends_with('#') {
                comments += 1;
                text.push_str(&format!("// {comments}"));
            }
        }
        text.push_str(word);
    }
    text
}

const PLAIN_GAPS: &[&str] = &[" ", "  ", "\n", "\r\n", "\t", "\n    "];
const GAPS: &[&str] = &[
    " ",
    "\n",
    "\n\n",
    " \r\n\r\n\n",
    " #\n",
    "\n#\n",
    "#  \t\r\n  ",
    "\n\n#\n",
    "\n#\n\n",
    " #\n#\n\n\n#\n\n",
    "\n\n#\n\n#\n",
];

/// Any tokens, most of them no policy.
const TOKENS: &[&str] = &[
    "PACKAGE p {",
    "SCHEMA {",
    "CLASS k:",
    "POLICY q {",
    "SCOPE: requests WHERE",
    "CONSTRAINT: {",
    "CONSTRAINT:",
    "a: TEXT,",
    "b.c: INTEGER",
    "AUDIT: REQUIRED",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS PRESENT",
    "WITHIN",
    "TO",
    "a",
    "b.c",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    "-",
    "+",
    "*",
    "=",
    "==",
    "1",
    "\"x\"",
    "// comment\n",
    "\n\n",
    "\r",
    ";",
];

fn obeys_the_laws_or_is_refused(text: &str) {
    if parse(0, text).diagnostics.is_empty() {
        canonical(text);
    } else {
        assert!(!source(text).unwrap_err().is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn comments_stand_anywhere_and_nothing_is_lost(
        tokens in files(),
        choices in vec(any::<bool>(), 1..8),
        comments in vec((0_usize..20, select(GAPS)), 1..40),
    ) {
        // Mostly spaces, so that lines stay whole here and there.
        let gaps: Vec<&str> = comments.iter().map(|(dice, gap)| if *dice < 8 { *gap } else { " " }).collect();
        let text = written(&tokens, &choices, &gaps);
        let formatted = canonical(&text);
        let package = |text: &str| check(&[SourceFile::new("a.aecp", text)]).package;
        prop_assert!(package(&text).is_some(), "{}", text);
        prop_assert_eq!(package(&text), package(&formatted));
    }

    #[test]
    fn one_comment_between_any_two_tokens(tokens in files(), at in any::<prop::sample::Index>(), gap in select(GAPS)) {
        let mut gaps = vec![" "; tokens.len()];
        gaps[at.index(tokens.len())] = gap;
        canonical(&written(&tokens, &[false, true], &gaps));
    }

    #[test]
    fn all_ways_to_write_the_same_become_one(
        tokens in files(),
        choices in vec(any::<bool>(), 1..8),
        gaps in vec(select(PLAIN_GAPS), 1..40),
    ) {
        let plain = canonical(&written(&tokens, &[true], &[" "]));
        prop_assert_eq!(canonical(&written(&tokens, &choices, &gaps)), plain);
    }

    #[test]
    fn any_text_is_formatted_or_refused(text in any::<String>()) {
        obeys_the_laws_or_is_refused(&text);
    }

    #[test]
    fn any_tokens_are_formatted_or_refused(tokens in vec(select(TOKENS), 0..40), glue in select(&[" ", "", "\n"][..])) {
        obeys_the_laws_or_is_refused(&tokens.join(glue));
    }
}
