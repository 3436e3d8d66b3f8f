//! The language reference says what is so: its examples compile, their tests pass, and those that are marked as errors
//! or warnings give that.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use std::path::Path;

use aecp_compiler::package::check;
use aecp_compiler::source::SourceFile;
use aecp_compiler::suite;

const HEADER: &str = "PACKAGE example { VERSION: \"1.0.0\" }\n";

/// What the examples without a schema of their own read.
const SCHEMA: &str =
    "SCHEMA { resource.type: TEXT  customer.region: TEXT  storage.location: TEXT  compute.location: TEXT }\n";

/// The examples with what stands behind `aecp` on their first line.
fn examples(page: &str) -> Vec<(String, String)> {
    let mut examples = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(mark) = line.strip_prefix("```aecp") {
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            examples.push((mark.trim().to_owned(), body.join("\n")));
        }
    }
    examples
}

#[test]
fn every_example_is_what_the_page_says() {
    let page = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../docs/language.md");
    let examples = examples(&std::fs::read_to_string(page).unwrap());
    assert!(examples.len() >= 5);
    for (mark, body) in examples {
        let mut text = String::new();
        if !body.contains("PACKAGE ") {
            text.push_str(HEADER);
        }
        if !body.contains("SCHEMA ") {
            text.push_str(SCHEMA);
        }
        text.push_str(&body);
        let checked = check(&[SourceFile::new("example.aecp", text)]);
        let codes: Vec<&str> = checked
            .diagnostics
            .iter()
            .map(|found| found.code.name())
            .collect();
        let package = checked.package.as_ref();
        let failed = package.map_or(0, |package| suite::run(package, &checked.tests).failures());
        assert_eq!(failed, 0, "{body}");
        match mark.split_once(':') {
            Some((severity, code)) => {
                assert_eq!(
                    (codes, package.is_some()),
                    (vec![code], severity == "warning"),
                    "{body}"
                );
            }
            None => assert!(
                mark.is_empty() && codes.is_empty(),
                "{body}\n{:#?}",
                checked.diagnostics
            ),
        }
    }
}
