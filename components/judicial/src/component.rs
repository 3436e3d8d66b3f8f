//! The library behind the contract.
//!
//! - `requests`: the attributes of a request as a package reads them.
//! - `told`: what the library found out, in the contract's words.
//! - `values`: values, there and back.

// The macros of wit-bindgen expand to the raw side of the canonical ABI.
#![allow(unsafe_code)]

mod requests;
mod told;
mod values;

use aecp_compiler::diagnostic::Diagnostic;
use aecp_compiler::package::{self, Checked};
use aecp_compiler::source::{self, SourceFile};
use aecp_compiler::suite::decision::decide;
use aecp_compiler::{analysis, emit, format, suite};
use aecp_vocabulary::{Decision, Denial};
use bindings::exports::aecp::judicial::compiler as wire;

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../wit/judicial", world: "judicial" });
}

struct Component;

impl wire::Guest for Component {
    fn describe() -> wire::Description {
        wire::Description {
            name: emit::PRODUCER.to_owned(),
            version: emit::VERSION.to_owned(),
        }
    }

    fn wanted(sources: Vec<wire::Source>) -> wire::References {
        // What is no text names nothing; `check` says that it is none.
        let files = read(sources).unwrap_or_default();
        let mut lists = package::wanted_lists(&files);
        lists.retain(|path| files.iter().all(|file| file.name != *path));
        wire::References {
            lists,
            imports: package::wanted_imports(&files),
        }
    }

    fn check(sources: Vec<wire::Source>) -> wire::Checked {
        told::checked(&check(sources))
    }

    fn format(text: String) -> Result<String, Vec<wire::Diagnostic>> {
        format::source(&text).map_err(|found| told::diagnostics(&found))
    }

    fn build(packages: Vec<Vec<wire::Source>>) -> Result<wire::Built, wire::BuildError> {
        let checked: Vec<Checked> = packages.into_iter().map(check).collect();
        let told = checked.iter().map(told::checked).collect();
        let cores = checked.into_iter().map(|checked| checked.package).collect();
        let Some(cores): Option<Vec<_>> = cores else {
            return Err(wire::BuildError::Sources(told));
        };
        match emit::component(&cores) {
            Ok(component) => Ok(wire::Built {
                component,
                packages: told,
            }),
            Err(error) => Err(wire::BuildError::Packages(error.to_string())),
        }
    }

    fn evaluate(
        sources: Vec<wire::Source>,
        requests: Vec<wire::Request>,
        now: i64,
    ) -> Result<Vec<wire::Decision>, Vec<wire::Diagnostic>> {
        let package = sound(check(sources))?;
        let decision = |request| match requests::values(&package, request, now) {
            Ok(values) => told::decision(decide(&package, &values)),
            Err(error) => told::decision(Decision::refused(Denial::ContextMalformed, error)),
        };
        Ok(requests.into_iter().map(decision).collect())
    }

    fn analyse(sources: Vec<wire::Source>) -> Result<wire::Analysis, Vec<wire::Diagnostic>> {
        let checked = check(sources);
        let Some(package) = &checked.package else {
            return Err(told::diagnostics(&checked.diagnostics));
        };
        let budget = analysis::Budget::scaled(package.policies.len());
        let found = analysis::analyse(package, budget);
        let acknowledged = analysis::acknowledge(package, &found, &checked.acknowledgements);
        Ok(told::analysis(package, &checked.places, &found, &acknowledged))
    }

    fn test(sources: Vec<wire::Source>) -> Result<Vec<wire::TestResult>, Vec<wire::Diagnostic>> {
        let mut checked = check(sources);
        let tests = std::mem::take(&mut checked.tests);
        let package = sound(checked)?;
        Ok(told::tests(suite::run(&package, &tests)))
    }
}

fn read(sources: Vec<wire::Source>) -> Result<Vec<SourceFile>, Vec<Diagnostic>> {
    let files = sources.into_iter().map(|source| (source.path, source.content));
    source::read(files.collect())
}

fn check(sources: Vec<wire::Source>) -> Checked {
    match read(sources) {
        Ok(files) => package::check(&files),
        Err(diagnostics) => Checked {
            diagnostics,
            ..Checked::default()
        },
    }
}

fn sound(checked: Checked) -> Result<aecp_compiler::core::Package, Vec<wire::Diagnostic>> {
    checked
        .package
        .ok_or_else(|| told::diagnostics(&checked.diagnostics))
}

bindings::export!(Component with_types_in bindings);
