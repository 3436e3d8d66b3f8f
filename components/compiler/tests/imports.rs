//! What packages share: schemas and classes of folders beside them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_compiler::diagnostic::{Code, Diagnostic};
use aecp_compiler::emit;
use aecp_compiler::package::{Checked, check, wanted_imports};
use aecp_compiler::source::{SourceFile, import_path, source_digest};

const OWN: &str = "PACKAGE own { VERSION: \"1.0.0\" }\nIMPORT \"../common\"\n";
const POLICY: &str =
    "POLICY p { SCOPE: europeans CONSTRAINT: storage.location == \"eu\" ENFORCEMENT: BLOCKING }\n";
const COMMON: &str = "PACKAGE common { VERSION: \"1.0.0\" }\n\
    SCHEMA { customer.region: TEXT OPTIONAL  storage.location: TEXT  unread: INTEGER }\n\
    CLASS europeans: customer.region IS PRESENT AND customer.region == \"EU\"\n\
    CLASS unused: unread > 1\n\
    POLICY p { SCOPE: nobody }\n\
    TEST \"t\" { EXPECT DENY }\n";

fn files(given: &[(&str, &str)]) -> Vec<SourceFile> {
    given
        .iter()
        .map(|(name, text)| SourceFile::new(*name, *text))
        .collect()
}

fn checked(given: &[(&str, &str)]) -> Checked {
    check(&files(given))
}

/// The one error, and the names of the files of its places.
#[track_caller]
fn error(given: &[(&str, &str)]) -> (Diagnostic, Vec<String>) {
    let files = files(given);
    let checked = check(&files);
    assert!(checked.package.is_none());
    assert_eq!(checked.diagnostics.len(), 1, "{:#?}", checked.diagnostics);
    let found = checked.diagnostics[0].clone();
    let located = found.located(&files);
    let places = located.primary.into_iter().chain(located.secondary);
    (found, places.map(|label| label.file).collect())
}

#[test]
fn schemas_and_classes_come_and_nothing_else() {
    let given = [("a.aecp", OWN), ("b.aecp", POLICY), ("../common/c.aecp", COMMON)];
    let checked = checked(&given);
    assert_eq!(checked.diagnostics, []);
    assert_eq!(checked.tests.len(), 0);
    let package = checked.package.unwrap();
    assert_eq!(package.name, "own");
    let inputs: Vec<&str> = package.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(inputs, ["customer.region", "storage.location"]);
    assert_eq!(package.policies.len(), 1);

    let written = COMMON.lines().take(4).skip(1).collect::<Vec<_>>().join("\n");
    let alone = format!("PACKAGE own {{ VERSION: \"1.0.0\" }}\n{written}\n{POLICY}");
    let alone = check(&[SourceFile::new("a.aecp", alone)]);
    assert_eq!(alone.package, Some(package));
}

#[test]
fn the_order_of_files_does_not_matter() {
    let mut given = files(&[("a.aecp", OWN), ("b.aecp", POLICY), ("../common/c.aecp", COMMON)]);
    let bytes = |files: &[SourceFile]| {
        let package = check(files).package.unwrap();
        (emit::component(&[package]).unwrap(), source_digest(files))
    };
    let first = bytes(&given);
    given.reverse();
    assert_eq!(bytes(&given), first);
}

#[test]
fn imports_of_imports_come_too() {
    let given = [
        ("a.aecp", OWN),
        ("b.aecp", POLICY),
        (
            "../common/c.aecp",
            "IMPORT \"../base\" CLASS europeans: customer.region == \"EU\"",
        ),
        (
            "../base/d.aecp",
            "SCHEMA { customer.region: TEXT storage.location: TEXT }",
        ),
    ];
    assert_eq!(checked(&given).diagnostics, []);
    assert_eq!(wanted_imports(&files(&given[..2])), ["common"]);
    assert_eq!(wanted_imports(&files(&given[..3])), ["base"]);
    assert!(wanted_imports(&files(&given)).is_empty());
}

#[test]
fn what_is_not_imported_is_not_looked_at() {
    let own = OWN.replace(
        "IMPORT \"../common\"",
        "SCHEMA { storage.location: TEXT } CLASS europeans: true",
    );
    let given = [
        ("a.aecp", own.as_str()),
        ("b.aecp", POLICY),
        ("../common/c.aecp", "SCHEMA {{{"),
    ];
    assert!(checked(&given).package.is_some());
}

#[test]
fn one_attribute_has_one_type() {
    let own = |schema: &str| format!("{OWN}SCHEMA {{ {schema} }}");
    let with = |schema: &str| {
        let own = own(schema);
        let files = files(&[
            ("a.aecp", own.as_str()),
            ("b.aecp", POLICY),
            ("../common/c.aecp", COMMON),
        ]);
        check(&files)
    };
    let same = with("customer.region: TEXT");
    assert_eq!(same.diagnostics, []);
    // Whoever says that it is always there is held to it.
    assert!(!same.package.unwrap().inputs[0].is_optional());
    assert!(with("customer.region: TEXT OPTIONAL").package.unwrap().inputs[0].is_optional());
    let policy = "POLICY p { SCOPE: requests CONSTRAINT: true ENFORCEMENT: BLOCKING }";
    let own = own("storage.location: SET OF TEXT") + policy;
    let given = [("a.aecp", own.as_str()), ("../common/c.aecp", COMMON)];
    let (found, places) = error(&given);
    assert_eq!(found.code, Code::DuplicateAttribute);
    assert_eq!(
        found.message,
        "attribute `storage.location` is declared as TEXT and as SET OF TEXT"
    );
    assert_eq!(places, ["a.aecp", "../common/c.aecp"]);
}

#[test]
fn classes_of_one_name_clash() {
    let own = format!("{OWN}CLASS europeans: customer.region == \"CH\" {POLICY}");
    let (found, places) = error(&[("a.aecp", &own), ("../common/c.aecp", COMMON)]);
    assert_eq!(found.code, Code::DuplicateClass);
    assert_eq!(places, ["a.aecp", "../common/c.aecp"]);
}

#[test]
fn mistakes_of_imports_are_shown_where_they_are() {
    let policy = "POLICY p { SCOPE: requests CONSTRAINT: true ENFORCEMENT: BLOCKING }";
    let own = format!("{OWN}{policy}");
    let (found, places) = error(&[("a.aecp", &own)]);
    assert_eq!(
        (found.code, places),
        (Code::UnknownImport, vec!["a.aecp".to_owned()])
    );
    let (found, places) = error(&[("a.aecp", &own), ("../common/c.aecp", "SCHEMA { a: TEXTE }")]);
    assert_eq!(
        (found.code, places),
        (Code::UnknownType, vec!["../common/c.aecp".to_owned()])
    );
    for path in [
        "common",
        "/common",
        "../../common",
        "..",
        "../",
        "../a/b",
        "../.git",
        "../a\\\\b",
        "C:",
        "../größe",
    ] {
        let own = own.replace("../common", path);
        let (found, _) = error(&[("a.aecp", &own)]);
        assert_eq!(found.code, Code::InvalidImport, "{path}");
        assert!(wanted_imports(&files(&[("a.aecp", &own)])).is_empty());
    }
    assert_eq!(
        (import_path("../a_b-1"), import_path("../a/")),
        (Ok("a_b-1"), Ok("a"))
    );
    let (found, _) = error(&[("a.aecp", &own.replace("\"../common\"", "common"))]);
    assert_eq!(found.code, Code::UnexpectedToken);
}

#[test]
fn circles_are_found() {
    let policy = "POLICY p { SCOPE: requests CONSTRAINT: true ENFORCEMENT: BLOCKING }";
    let own = format!("{OWN}{policy}");
    let (found, places) = error(&[
        ("a.aecp", &own),
        ("../common/c.aecp", "IMPORT \"../base\""),
        ("../base/d.aecp", "IMPORT \"../common\""),
    ]);
    assert_eq!(found.code, Code::ImportCycle);
    assert_eq!(places, ["../base/d.aecp", "a.aecp", "../common/c.aecp"]);
    // A package that imports itself is read a second time, as one that is imported.
    let own = own.replace("common", "own");
    let (found, _) = error(&[("a.aecp", &own), ("../own/a.aecp", &own)]);
    assert_eq!(found.code, Code::ImportCycle);
}

#[test]
fn imports_end_somewhere() {
    let policy = "POLICY p { SCOPE: requests CONSTRAINT: true ENFORCEMENT: BLOCKING }";
    let chain = |length: usize| {
        let own = format!("PACKAGE own {{ VERSION: \"1.0.0\" }} IMPORT \"../f0\" {policy}");
        let mut files = vec![SourceFile::new("a.aecp", own)];
        for at in 0..length {
            let text = if at + 1 < length {
                format!("IMPORT \"../f{}\"", at + 1)
            } else {
                String::new()
            };
            files.push(SourceFile::new(format!("../f{at}/a.aecp"), text));
        }
        check(&files)
    };
    assert_eq!(chain(8).diagnostics, []);
    let codes: Vec<Code> = chain(9).diagnostics.iter().map(|found| found.code).collect();
    assert_eq!(codes, [Code::ImportTooDeep]);
    let many: String = (0..1_000).map(|at| format!("IMPORT \"../f{at}\"\n")).collect();
    assert_eq!(wanted_imports(&[SourceFile::new("a.aecp", many)]).len(), 64);
}

#[test]
fn one_attribute_has_one_default() {
    let with = |own: &str, common: &str| {
        let own = format!("{OWN}SCHEMA {{ customer.region: TEXT {own} }}");
        let common = COMMON.replace(
            "customer.region: TEXT OPTIONAL",
            &format!("customer.region: TEXT {common}"),
        );
        let files = files(&[
            ("a.aecp", own.as_str()),
            ("b.aecp", POLICY),
            ("../common/c.aecp", common.as_str()),
        ]);
        let checked = check(&files);
        let codes: Vec<Code> = checked.diagnostics.iter().map(|found| found.code).collect();
        let input = checked.package.map(|package| package.inputs[0].clone());
        let default = input.and_then(|input| input.absent_as().map(ToString::to_string));
        (codes, default)
    };
    let none = "OPTIONAL DEFAULT \"none\"";
    assert_eq!(with(none, none), (vec![], Some("none".to_owned())));
    for (own, common) in [
        (none, "OPTIONAL DEFAULT \"EU\""),
        (none, "OPTIONAL"),
        (none, ""),
        ("OPTIONAL", none),
        ("", none),
    ] {
        assert_eq!(
            with(own, common),
            (vec![Code::InvalidDefault], None),
            "{own} / {common}"
        );
    }
}

#[test]
fn a_class_of_another_package_is_warned_of_where_it_reads() {
    let common = COMMON.replace("customer.region IS PRESENT AND ", "");
    let own = |schema: &str| {
        let own = format!("{OWN}SCHEMA {{ {schema} }}");
        let files = files(&[
            ("a.aecp", own.as_str()),
            ("b.aecp", POLICY),
            ("../common/c.aecp", common.as_str()),
        ]);
        let found = check(&files).diagnostics;
        found
            .iter()
            .map(|found| found.located(&files))
            .collect::<Vec<_>>()
    };
    let found = own("");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].code, Code::UnguardedOptional);
    assert_eq!(found[0].primary.as_ref().unwrap().file, "../common/c.aecp");
    assert_eq!(found[0].secondary[0].file, "b.aecp");
    // Where the package says that every request has it, nobody has to ask.
    assert_eq!(own("customer.region: TEXT"), []);
}
