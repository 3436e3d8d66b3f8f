//! The formatter writes one form, keeps every comment and changes no meaning.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod laws;

use std::path::Path;

use aecp_compiler::diagnostic::Code;
use aecp_compiler::format::{WIDTH, source};
use aecp_compiler::package::{check, wanted_lists};
use aecp_compiler::source::SourceFile;
use aecp_compiler::syntax::parser::DEPTH_LIMIT;
use aecp_compiler::syntax::{SyntaxKind, parse};

/// Tokens without those that the formatter decides on, and comments.
fn content(text: &str) -> (Vec<String>, Vec<String>) {
    let root = parse(0, text).syntax();
    let tokens = root
        .descendants_with_tokens()
        .filter_map(|element| element.into_token());
    let (mut words, mut comments) = (Vec::new(), Vec::new());
    for token in tokens {
        match token.kind() {
            SyntaxKind::Comment => comments.push(token.text().trim_end().to_owned()),
            SyntaxKind::Comma | SyntaxKind::LeftBrace | SyntaxKind::RightBrace => {}
            SyntaxKind::Equal => words.push("==".to_owned()),
            kind if kind.is_trivia() => {}
            _ => words.push(token.text().to_owned()),
        }
    }
    (words, comments)
}

/// The canonical form of `text`, for which the laws hold.
fn canonical(text: &str) -> String {
    let formatted = source(text).unwrap_or_else(|found| panic!("{text}\n{found:#?}"));
    assert_eq!(source(&formatted).as_ref(), Ok(&formatted), "{text}");
    assert_eq!(content(text), content(&formatted), "{text}\n{formatted}");
    for line in formatted.lines() {
        assert_eq!(line, line.trim_end());
        assert!(!line.contains(['\r', '\u{feff}']));
    }
    assert!(formatted.is_empty() || formatted.ends_with('\n'));
    assert!(!formatted.contains("\n\n\n") && !formatted.starts_with('\n') && !formatted.ends_with("\n\n"));
    formatted
}

fn becomes(text: &str, expected: &str) {
    let formatted = canonical(text);
    assert_eq!(formatted, expected, "\n{formatted}");
}

#[test]
fn a_file_written_in_haste() {
    becomes(
        "\u{feff}// Who may.\r\n// And who not.\r\n\r\nPACKAGE   p{VERSION:\"1.0.0\"DEFAULT:DENY}\r\nSCHEMA{\r\n\
         a.b:TEXT,// one\r\nlonger.name :SET  OF TEXT OPTIONAL,   // two\t\r\nc:INTEGER}\r\n\
         CLASS k:a.b=\"x\"\r\nCLASS l : { NOT (c<-1) }\r\n\
         // what it is for\r\nPOLICY q{DESCRIPTION:\"d\"\r\n\r\n\r\n SCOPE:k WHERE{a.b IN[\"x\",\"y\",]}\r\n\
         CONSTRAINT :c>=1 ENFORCEMENT:BLOCKING ACKNOWLEDGE :policies_conflict\nWITH r BECAUSE\"why\"} // end",
        "\
// Who may.
// And who not.

PACKAGE p {
  VERSION: \"1.0.0\"
  DEFAULT: DENY
}

SCHEMA {
  a.b: TEXT                          // one
  longer.name: SET OF TEXT OPTIONAL  // two
  c: INTEGER
}

CLASS k: a.b == \"x\"
CLASS l: NOT (c < -1)

// what it is for
POLICY q {
  DESCRIPTION: \"d\"

  SCOPE: k WHERE a.b IN [\"x\", \"y\"]
  CONSTRAINT: c >= 1
  ENFORCEMENT: BLOCKING
  ACKNOWLEDGE: policies_conflict WITH r BECAUSE \"why\"
}  // end
",
    );
}

#[test]
fn declarations_of_values() {
    becomes(
        "PARAM  x :INTEGER=-5 RANGE - 9 .. 1\nPARAM y: SET OF TEXT=[\"a\",\"b\",]\n\nPARAM z:DECIMAL = 0.5 RANGE 0.1..1 \
         POLICY p{EFFECTIVE:FROM\n\"2026-01-01T00:00:00Z\"UNTIL \"2027-01-01T00:00:00Z\"}",
        "\
PARAM x: INTEGER = -5 RANGE -9..1
PARAM y: SET OF TEXT = [\"a\", \"b\"]

PARAM z: DECIMAL = 0.5 RANGE 0.1..1

POLICY p {
  EFFECTIVE: FROM \"2026-01-01T00:00:00Z\" UNTIL \"2027-01-01T00:00:00Z\"
}
",
    );
}

#[test]
fn conditions_that_do_not_fit_stand_in_braces() {
    becomes(
        "POLICY p { CONSTRAINT: storage.location IN [\"eu-west-1\", \"eu-central-1\"] AND compute.location IN \
         [\"eu-west-1\", \"eu-central-1\"] SCOPE: requests WHERE { resource.type == \"customer_data\" AND NOT \
         (identity.roles CONTAINS \"account_manager\" OR identity.roles CONTAINS \"data_steward\" AND purpose == \
         \"contract\") OR customer.region == \"EU\" } }",
        "\
POLICY p {
  CONSTRAINT: {
    storage.location IN [\"eu-west-1\", \"eu-central-1\"]
    AND compute.location IN [\"eu-west-1\", \"eu-central-1\"]
  }
  SCOPE: requests WHERE {
    resource.type == \"customer_data\"
      AND NOT (
        identity.roles CONTAINS \"account_manager\"
        OR identity.roles CONTAINS \"data_steward\" AND purpose == \"contract\"
      )
    OR customer.region == \"EU\"
  }
}
",
    );
}

#[test]
fn imports_stand_together_and_filters_open_their_condition() {
    becomes(
        "IMPORT   \"../common\"\nIMPORT \"../base\" POLICY p { OBLIGATION:MASK response.body.ssn KEEP  LAST 4 OBLIGATION: FILTER \
         response.body.items WHERE row.region=customer.region AND row.classification IN [\"public\", \"internal\"] \
         OBLIGATION: LIMIT 100 PER 1m BY identity.subject }",
        "\
IMPORT \"../common\"
IMPORT \"../base\"

POLICY p {
  OBLIGATION: MASK response.body.ssn KEEP LAST 4
  OBLIGATION: FILTER response.body.items WHERE {
    row.region == customer.region AND row.classification IN [\"public\", \"internal\"]
  }
  OBLIGATION: LIMIT 100 PER 1m BY identity.subject
}
",
    );
}

#[test]
fn a_condition_may_fill_the_line_and_no_more() {
    let policy = |name: &str| format!("POLICY p {{\n  CONSTRAINT: {name} == 1\n}}\n");
    let fits = "a".repeat(WIDTH - "  CONSTRAINT:  == 1".len());
    becomes(&policy(&fits), &policy(&fits));
    let longer = format!("{fits}a");
    becomes(
        &policy(&longer),
        &format!("POLICY p {{\n  CONSTRAINT: {{\n    {longer} == 1\n  }}\n}}\n"),
    );
}

#[test]
fn lists_that_do_not_fit_have_a_member_on_each_line() {
    let members: Vec<String> = (0..12).map(|n| format!("\"eu-central-{n}\"")).collect();
    becomes(
        &format!(
            "POLICY p {{ CONSTRAINT: urgent AND storage.location IN [{}] }}",
            members.join(",\n\n")
        ),
        &format!(
            "POLICY p {{\n  CONSTRAINT: {{\n    urgent\n    AND storage.location IN [\n      {},\n    ]\n  }}\n}}\n",
            members.join(",\n\n      ")
        ),
    );
}

#[test]
fn comments_stay_where_they_say_something() {
    becomes(
        "// file\n\n// block\nPOLICY p // beside the name\n{\n\n// first\n\nSCOPE: // before a word\nrequests WHERE \
         // before a condition\na AND // about a\n// about b\nb\nOR NOT ( // inside\nc) // behind\nCONSTRAINT: d IN \
         // members\n[\"x\" // about x\n, \"y\"\n// none\n]\n// about audit\nAUDIT: REQUIRED // beside audit\n// last\n}\n\
         // end",
        "\
// file

// block
POLICY p {  // beside the name
  // first

  SCOPE:  // before a word
    requests WHERE {  // before a condition
      a  // about a
        // about b
        AND b
      OR NOT (  // inside
        c
      )
    }  // behind
  CONSTRAINT: {
    d IN [  // members
      \"x\",  // about x
      \"y\",
      // none
    ]
  }
  // about audit
  AUDIT: REQUIRED  // beside audit
  // last
}

// end
",
    );
    becomes(
        "SCHEMA { // names\na: TEXT // a\nlong.name: TEXT // b\n\nc: TEXT // c\nmuch.longer.name: TEXT\n// alone\nd: // d\n\
         TEXT, // e\n}",
        "\
SCHEMA {  // names
  a: TEXT          // a
  long.name: TEXT  // b

  c: TEXT  // c
  much.longer.name: TEXT
  // alone
  d:  // d
    TEXT  // e
}
",
    );
}

#[test]
fn blank_lines_part_groups_and_nothing_else() {
    becomes(
        "\n\n\nCLASS a: b\n\n\n\nCLASS c: d\nCLASS e: f\n// below\n\n\nPOLICY p {\n\n  AUDIT: REQUIRED\n\n\n  \
         // about the rest\n\n  SCOPE: requests\n  ENFORCEMENT: BLOCKING\n\n  // last\n\n}\nSCHEMA { }\n\n\n",
        "\
CLASS a: b

CLASS c: d
CLASS e: f

// below

POLICY p {
  AUDIT: REQUIRED

  // about the rest

  SCOPE: requests
  ENFORCEMENT: BLOCKING

  // last
}

SCHEMA {}
",
    );
    becomes("", "");
    becomes(" \r\n\t", "");
    becomes("\n// alone", "// alone\n");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_diagnostics() {
    let text = "POLICY p { CONSTRAINT: a &&\n b ]";
    let found = source(text).unwrap_err();
    assert_eq!(found, parse(0, text).diagnostics);
    assert_eq!(found[0].code, Code::ForeignOperator);
}

#[test]
fn the_deepest_condition_is_written() {
    let depth = DEPTH_LIMIT as usize;
    let deep = |open: &str, close: &str| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        canonical(&format!("POLICY p {{ CONSTRAINT: {open}urgent{close} }}"));
    };
    deep("(", ")");
    deep("NOT ", "");
    deep("(a OR b AND // why\n", ")");
}

#[test]
fn a_large_file_is_written_in_time_that_grows_with_it() {
    let schema = "a.b: TEXT, // why\n".repeat(20_000);
    let list = "\"a\",".repeat(100_000);
    let chain = "a AND ".repeat(20_000);
    let text = format!(
        "SCHEMA {{ {schema} }} POLICY p {{ SCOPE: requests WHERE {chain} a CONSTRAINT: b IN [{list}] }}"
    );
    canonical(&text);
}

#[test]
fn the_policies_of_this_repository_keep_their_meaning() {
    let folder = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../policies");
    let mut packages = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.is_dir() {
            continue;
        }
        let mut files = Vec::new();
        for file in std::fs::read_dir(&path).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "aecp") {
                let text = std::fs::read_to_string(&file).unwrap();
                files.push(SourceFile::new(file.file_name().unwrap().to_str().unwrap(), text));
            }
        }
        if files.is_empty() {
            continue;
        }
        let mut formatted: Vec<SourceFile> = files
            .iter()
            .map(|file| SourceFile::new(&file.name, canonical(&file.text)))
            .collect();
        assert_eq!(wanted_lists(&files), wanted_lists(&formatted));
        for name in wanted_lists(&files) {
            let list = SourceFile::new(&name, std::fs::read_to_string(path.join(&name)).unwrap());
            files.push(list.clone());
            formatted.push(list);
        }
        let before = check(&files).package;
        assert!(before.is_some());
        assert_eq!(before, check(&formatted).package);
        packages += 1;
    }
    assert!(packages > 0);
}

#[test]
fn calculations_have_spaces_and_break_before_their_operators() {
    becomes(
        "CLASS k: (a+ -b)*2<-(c)- -1",
        "CLASS k: (a + -b) * 2 < -(c) - -1\n",
    );
    let name = |letter: &str| letter.repeat(30);
    let (a, b, c) = (name("a"), name("b"), name("c"));
    becomes(
        &format!("CLASS k: {a} + {b} * 2 - {c} < 1"),
        &format!("CLASS k: {{\n  {a}\n    + {b} * 2\n    - {c} < 1\n}}\n"),
    );
}
