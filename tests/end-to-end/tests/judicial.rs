//! The compiler as a component says and builds what the native one does, to the byte.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    missing_docs
)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aecp_compiler::diagnostic::{self, Diagnostic};
use aecp_compiler::source::SourceFile;
use aecp_compiler::suite::decision::decide;
use aecp_compiler::{analysis, emit, format, package, suite};
use aecp_end_to_end::tools::{Tools, repository};
use aecp_engine::judicial::contract::{self, BuildError, Request, Source};
use aecp_engine::judicial::{Compiler, LIMITS};
use aecp_engine::{CallLimits, Failure, LoadError};
use aecp_vocabulary::Value;

/// Translated once for all tests.
static COMPILER: LazyLock<Compiler> = LazyLock::new(|| Compiler::load(&guest("judicial"), LIMITS).unwrap());

fn guest(name: &str) -> Vec<u8> {
    let path = Tools::from_environment().unwrap().guest(name).unwrap();
    std::fs::read(path).unwrap()
}

fn library() -> Vec<(PathBuf, Vec<SourceFile>)> {
    let folders = std::fs::read_dir(repository().join("policies")).unwrap();
    let mut packages: Vec<_> = folders.map(|entry| entry.unwrap().path()).collect();
    packages.retain(|path| path.join("package.aecp").is_file());
    packages.sort();
    assert!(packages.len() >= 7, "{packages:?}");
    packages
        .into_iter()
        .map(|path| {
            let files = sources(&path);
            (path, files)
        })
        .collect()
}

/// A package with the lists that it names and the packages that it imports.
fn sources(folder: &Path) -> Vec<SourceFile> {
    let mut files = policies(folder, "");
    let mut asked = Vec::new();
    loop {
        let mut wanted = package::wanted_imports(&files);
        wanted.retain(|name| !asked.contains(name));
        if wanted.is_empty() {
            break;
        }
        for name in &wanted {
            files.extend(policies(&folder.join("..").join(name), &format!("../{name}/")));
        }
        asked.extend(wanted);
    }
    for name in package::wanted_lists(&files) {
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        files.push(SourceFile::new(name, text));
    }
    files
}

/// The `.aecp` files of a folder, with `before` their names.
fn policies(folder: &Path, before: &str) -> Vec<SourceFile> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "aecp"));
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        SourceFile::new(format!("{before}{name}"), std::fs::read_to_string(path).unwrap())
    };
    paths.iter().map(read).collect()
}

fn wire(files: &[SourceFile]) -> Vec<Source> {
    let source = |file: &SourceFile| Source {
        path: file.name.clone(),
        content: file.text.clone().into_bytes(),
    };
    files.iter().map(source).collect()
}

/// What the native compiler says, in the contract's words.
fn told(found: &[Diagnostic]) -> Vec<contract::Diagnostic> {
    let label = |label: &diagnostic::Label| contract::Label {
        source: label.place.file,
        start: label.place.span.start,
        end: label.place.span.end,
        message: label.message.clone(),
    };
    let told = |found: &Diagnostic| contract::Diagnostic {
        severity: match found.severity {
            diagnostic::Severity::Error => contract::Severity::Error,
            diagnostic::Severity::Warning => contract::Severity::Warning,
        },
        code: found.code.name().to_owned(),
        message: found.message.clone(),
        primary: found.primary.as_ref().map(label),
        secondary: found.secondary.iter().map(label).collect(),
        help: found.help.clone(),
    };
    found.iter().map(told).collect()
}

/// Both compilers say the same of one text, and build the same if there is something to build.
#[track_caller]
fn agree(text: &str) -> package::Checked {
    let files = [SourceFile::new("a.aecp", text)];
    let native = package::check(&files);
    let start: String = text.chars().take(200).collect();
    let component = COMPILER
        .check(&wire(&files))
        .unwrap_or_else(|error| panic!("{start}: {error}"));
    assert_eq!(component.diagnostics, told(&native.diagnostics), "{start}");
    assert_eq!(component.summary.is_some(), native.package.is_some(), "{start}");
    let built = COMPILER
        .build(&[wire(&files)])
        .unwrap_or_else(|error| panic!("{start}: {error}"));
    match (&native.package, built) {
        (None, Err(BuildError::Sources(checked))) => assert_eq!(checked, [component]),
        (Some(package), Ok(built)) => {
            let expected = emit::component(std::slice::from_ref(package)).unwrap();
            assert!(built.component == expected, "other bytes: {start}");
        }
        (Some(package), Err(BuildError::Packages(why))) => {
            let expected = emit::component(std::slice::from_ref(package)).unwrap_err();
            assert_eq!(why, expected.to_string());
        }
        (native, built) => panic!("{start}: {native:?}, {built:?}"),
    }
    let formatted = COMPILER
        .format(text)
        .unwrap_or_else(|error| panic!("{start}: {error}"));
    assert_eq!(
        formatted,
        format::source(text).map_err(|found| told(&found)),
        "{start}"
    );
    native
}

#[test]
fn the_library_is_built_to_the_same_bytes() {
    let library = library();
    let mut all = Vec::new();
    for (path, files) in &library {
        let native = package::check(files);
        let package = native.package.unwrap();
        let built = COMPILER.build(&[wire(files)]).unwrap().unwrap();
        let expected = emit::component(std::slice::from_ref(&package)).unwrap();
        assert!(built.component == expected, "{}: other bytes", path.display());
        let [checked] = built.packages.as_slice() else {
            panic!("{:?}", built.packages)
        };
        assert_eq!(checked.diagnostics, told(&native.diagnostics));
        let summary = checked.summary.as_ref().unwrap();
        assert_eq!(
            (&summary.name, &summary.version),
            (&package.name, &package.version)
        );
        let names: Vec<&String> = package.policies.iter().map(|policy| &policy.name).collect();
        assert_eq!(summary.policies.iter().collect::<Vec<_>>(), names);
        assert_eq!(summary.tests as usize, native.tests.len());
        all.push(package);
    }
    // All of them as one component, or why not.
    let together: Vec<_> = library.iter().map(|(_, files)| wire(files)).collect();
    match (COMPILER.build(&together).unwrap(), emit::component(&all)) {
        (Ok(built), Ok(expected)) => assert!(built.component == expected, "other bytes"),
        (Err(BuildError::Packages(why)), Err(expected)) => assert_eq!(why, expected.to_string()),
        (built, expected) => panic!("{:?}, {:?}", built.is_ok(), expected.is_ok()),
    }
}

#[test]
fn requests_are_decided_alike() {
    let mut decided = 0;
    for (path, files) in library() {
        let package = package::check(&files).package.unwrap();
        let folder = std::fs::read_dir(path.join("requests")).unwrap();
        let mut requests: Vec<String> = folder
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        requests.push("{}".to_owned());
        for text in &requests {
            let attributes = aecp_vocabulary::input::Attributes::from_json(text).unwrap();
            let given: suite::Layer = package
                .inputs
                .iter()
                .filter(|input| !input.is_certain())
                .map(|input| {
                    (
                        input.name.clone(),
                        attributes.value(&input.name, input.value_type),
                    )
                })
                .collect();
            let by_name = given
                .iter()
                .map(|(name, value)| (name.to_string(), value.clone().into()));
            let by_name: Vec<_> = by_name.collect();
            let values = suite::Givens::default()
                .with(Arc::new(given))
                .values(&package, Some(0));
            let request = [Request::Json(text.clone()), Request::Values(by_name)];
            let decisions = COMPILER.evaluate(&wire(&files), &request, 0).unwrap().unwrap();
            let expected = decide(&package, &values);
            for decision in decisions {
                assert_eq!(
                    decision.verdict == contract::Verdict::Deny,
                    expected.denial.is_some()
                );
                assert_eq!(
                    decision.denial.as_deref(),
                    expected.denial.map(|denial| denial.name())
                );
                let found = decision.findings.iter();
                let found: Vec<_> = found.map(|one| (&*one.policy, &*one.reason)).collect();
                let wanted = expected.findings.iter();
                let wanted: Vec<_> = wanted.map(|one| (&*one.policy, &*one.reason)).collect();
                assert_eq!(found, wanted, "{}: {text}", path.display());
                let covered: Vec<&str> = expected.covered_by.iter().map(|name| &*name.policy).collect();
                assert_eq!(decision.covered_by, covered);
                decided += 1;
            }
        }
    }
    assert!(decided > 40, "{decided}");
}

#[test]
fn what_gives_something_twice_is_denied_by_name() {
    let files = wire(&sources(&repository().join("policies/eu_residency")));
    let twice = ("customer.region".to_owned(), Value::Text("EU".to_owned()).into());
    let requests = [
        Request::Json(r#"{"a": 1, "a": 1}"#.to_owned()),
        Request::Json("[]".to_owned()),
        Request::Values(vec![twice.clone(), twice]),
    ];
    let decisions = COMPILER.evaluate(&files, &requests, 0).unwrap().unwrap();
    assert_eq!(decisions.len(), requests.len());
    for decision in decisions {
        assert_eq!(decision.denial.as_deref(), Some("context_malformed"));
        assert!(!decision.findings[0].reason.is_empty());
    }
}

#[test]
fn tests_and_analysis_of_the_library_come_out_alike() {
    for (path, files) in library() {
        let checked = package::check(&files);
        let package = checked.package.unwrap();
        let report = suite::run(&package, &checked.tests);
        let component = COMPILER.test(&wire(&files)).unwrap().unwrap();
        let titles = |test: &contract::TestResult| (test.title.clone(), test.cases.len());
        let expected = report.tests.iter();
        let expected: Vec<_> = expected
            .map(|test| (test.title.clone(), test.cases.len()))
            .collect();
        assert_eq!(component.iter().map(titles).collect::<Vec<_>>(), expected);
        let failures = component.iter().flat_map(|test| &test.cases);
        assert!(
            failures.map(|case| &case.failure).all(Option::is_none),
            "{}",
            path.display()
        );

        let budget = analysis::Budget::scaled(package.policies.len());
        let expected = analysis::analyse(&package, budget);
        let analysis = COMPILER.analyse(&wire(&files)).unwrap().unwrap();
        let sentences = |proven: &contract::Proven| (proven.kind.clone(), proven.sentence.clone());
        let expected: Vec<_> = expected
            .findings
            .iter()
            .map(|finding| (finding.kind.name().to_owned(), finding.sentence.clone()))
            .collect();
        assert_eq!(
            analysis.proven.iter().map(sentences).collect::<Vec<_>>(),
            expected
        );
        assert!(analysis.stale.is_empty(), "{:?}", analysis.stale);
        for policy in analysis.proven.iter().flat_map(|proven| &proven.policies) {
            let file = &files[policy.source as usize];
            let name = &file.text[policy.start as usize..policy.end as usize];
            assert_eq!(name, policy.message, "a policy's label is at its name");
        }
    }
}

#[test]
fn broken_sources_have_the_same_diagnostics() {
    for text in [
        "",
        "PACKAGE",
        "policy x {}",
        "PACKAGE p { VERSION: \"1.0.0\" } SCHEMA { a: TEXT } POLICY q { SCOPE: requests CONSTRAINT: b == 1 }",
        "PACKAGE p { VERSION: \"one\" } SCHEMA { a: TEXT a: INTEGER } CLASS c: a == 1",
        "\u{feff}PACKAGE p { VERSION: 'größe' && \"\u{202e}\" }",
    ] {
        assert!(agree(text).package.is_none(), "{text}");
    }
    // The library's texts, each cut off and each with a hole, at several places.
    for (_, files) in library() {
        for file in &files {
            for part in 1..6 {
                let middle = file.text.len() * part / 6;
                let middle = file.text.floor_char_boundary(middle);
                agree(&file.text[..middle]);
                let hole = file.text.ceil_char_boundary((middle + 7).min(file.text.len()));
                agree(&format!("{}{}", &file.text[..middle], &file.text[hole..]));
            }
        }
    }
}

#[test]
fn what_is_no_text_has_a_diagnostic() {
    let source = |path: &str, content: &[u8]| Source {
        path: path.to_owned(),
        content: content.to_vec(),
    };
    let checked = COMPILER
        .check(&[source("a.aecp", b"PACKAGE \xff"), source("a.aecp", b"")])
        .unwrap();
    assert_eq!(checked.summary, None);
    let codes: Vec<_> = checked.diagnostics.iter().map(|found| &*found.code).collect();
    assert_eq!(codes, ["not-text", "duplicate-file"]);
    let label = checked.diagnostics[0].primary.as_ref().unwrap();
    assert_eq!((label.source, label.start), (0, 8));
}

/// The limits of depth and size hold in WebAssembly as well, whose stack is smaller: nothing may trap.
#[test]
fn hostile_sources_end_in_diagnostics() {
    let policy = |constraint: &str| {
        format!(
            "PACKAGE p {{ VERSION: \"1.0.0\" }} SCHEMA {{ a: TEXT b: BOOLEAN n: INTEGER s: SET OF TEXT }}\n\
             POLICY q {{ SCOPE: requests CONSTRAINT: {constraint} ENFORCEMENT: BLOCKING }}"
        )
    };
    // As deep as it may be, and in every way to be deep: this builds.
    let mut deepest = 0;
    for depth in (1..130).rev() {
        let mut text = "b".to_owned();
        for level in 0..depth {
            text = match level % 3 {
                0 => format!("(b AND {text})"),
                1 => format!("(b OR n > {level} OR {text})"),
                _ => format!("NOT ({text})"),
            };
        }
        if package::check(&[SourceFile::new("a.aecp", policy(&text))])
            .package
            .is_some()
        {
            assert!(agree(&policy(&text)).package.is_some());
            let files = wire(&[SourceFile::new("a.aecp", policy(&text))]);
            COMPILER.analyse(&files).unwrap().unwrap();
            let request = [Request::Json("{}".to_owned())];
            COMPILER.evaluate(&files, &request, 0).unwrap().unwrap();
            deepest = depth;
            break;
        }
    }
    assert!(deepest >= 40, "{deepest}");
    let deep = 10_000;
    for text in [
        format!("{}b{}", "(".repeat(deep), ")".repeat(deep)),
        "(".repeat(deep),
        "NOT ".repeat(deep) + "b",
        "(NOT (".repeat(deep),
        "[".repeat(deep),
        format!("a IN {}", "[\"x\", ".repeat(deep)),
        "{".repeat(deep),
        "b AND ".repeat(deep),
        "n > - ".repeat(deep),
    ] {
        assert!(agree(&policy(&text)).package.is_none());
    }
    for text in [
        "POLICY x { ".repeat(deep),
        "TEST \"t\" { GIVEN { ".repeat(deep),
        "\"".repeat(deep),
        "SCHEMA { a: b } ".repeat(1_000),
    ] {
        assert!(agree(&text).package.is_none());
    }
    // Wide, and right.
    assert!(agree(&policy(&vec!["b"; 2_000].join(" AND "))).package.is_some());
    let too_long = "x".repeat(aecp_compiler::source::FILE_LIMIT + 1);
    assert!(agree(&too_long).package.is_none());
}

#[test]
fn what_is_wanted_is_named() {
    let text =
        "PACKAGE p { VERSION: \"1.0.0\" } IMPORT \"../common\" DATA banned: TEXT FROM \"lists/banned.txt\"";
    let files = [SourceFile::new("a.aecp", text)];
    let wanted = COMPILER.wanted(&wire(&files)).unwrap();
    assert_eq!(wanted.imports, ["common"]);
    assert_eq!(wanted.lists, ["lists/banned.txt"]);
    let all = [
        files[0].clone(),
        SourceFile::new("../common/schema.aecp", "PACKAGE common { VERSION: \"1.0.0\" }"),
        SourceFile::new("lists/banned.txt", "x"),
    ];
    let wanted = COMPILER.wanted(&wire(&all)).unwrap();
    assert!(wanted.imports.is_empty() && wanted.lists.is_empty());
}

#[test]
fn a_call_ends_at_its_limits() {
    let wasm = guest("judicial");
    let time = CallLimits {
        time: Duration::from_millis(1),
        ..LIMITS
    };
    let files = vec![SourceFile::new("a.aecp", "POLICY x { b AND ".repeat(200_000))];
    let failure = Compiler::load(&wasm, time).unwrap().check(&wire(&files));
    assert_eq!(failure.unwrap_err(), Failure::Deadline);
}

#[test]
fn another_contract_is_refused() {
    for name in ["policy-traps", "policy-imports"] {
        let error = Compiler::load(&guest(name), LIMITS).map(|_| ()).unwrap_err();
        assert!(matches!(error, LoadError::Contract { .. }), "{error}");
        assert!(error.to_string().contains("aecp:judicial"), "{error}");
    }
}

#[test]
fn it_says_which_compiler_it_is_and_that_it_needs_nothing() {
    let described = COMPILER.describe().unwrap();
    assert_eq!(
        (described.name.as_str(), described.version.as_str()),
        (emit::PRODUCER, emit::VERSION)
    );
    let surface = aecp_engine::surface::of(&guest("judicial")).unwrap();
    assert_eq!(surface.imports, Vec::<String>::new());
    assert_eq!(surface.exports, ["aecp:judicial/compiler@0.1.0"]);
}
