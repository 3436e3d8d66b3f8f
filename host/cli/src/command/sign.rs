//! `aecp sign`: where a component comes from, signed.

use std::path::PathBuf;

use aecp_trust::Digest;
use aecp_trust::attestation::{Attestation, COMPILER_ID, Compiler, PackageResults};
use jiff::Timestamp;

use crate::command::build;
use crate::component;
use crate::error::{Error, Outcome, While};
use crate::files::{self, Privacy};
use crate::keyfiles;
use crate::proof;
use crate::report::{FAINT, GOOD, NOTABLE};
use crate::sources;

/// Sign a component, saying where it comes from (DSSE envelope over an in-toto statement)
///
/// With --source, the packages are rebuilt, and the statement says that this compiler emitted the component only if
/// the bytes are the same. Enforcement points keep instances of such components between requests. Their tests and the
/// analysis are run, and the statement says what came out: `aecp release` refuses a component whose tests failed, or
/// that has findings which cannot be meant and which nobody has acknowledged. The sources are written as an archive,
/// FILE.wasm.sources.tar, whose digest is signed too: `aecp push` stores it beside the component.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    component: PathBuf,
    /// A private key of the packages role; repeat where several must sign
    #[arg(long, required = true, value_name = "FILE.key")]
    key: Vec<PathBuf>,
    /// The package folders that it was built from
    #[arg(long, value_name = "PACKAGE", num_args = 1..)]
    source: Vec<PathBuf>,
    /// Who wrote it
    #[arg(long)]
    author: Option<String>,
    /// Why it was written or changed
    #[arg(long, value_name = "TEXT")]
    justification: Option<String>,
    /// Where to write the envelope; FILE.wasm.dsse.json if not given
    #[arg(short, long)]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let wasm = files::read(&arguments.component)?;
    let digest = Digest::of(&wasm);
    let identity = component::identify(&wasm)?;
    let (compiler, source, archive, results) = if arguments.source.is_empty() {
        let compiler = Compiler {
            id: "urn:aecp:unknown".into(),
            name: "unknown".into(),
            version: String::new(),
        };
        (compiler, None, None, Vec::new())
    } else {
        let Some(built) = build::build(&arguments.source)? else {
            return Ok(Outcome::Bad);
        };
        if built.component != wasm {
            return Err(Error::part(format!(
                "comparing `{}` with its sources",
                arguments.component.display()
            ))(format!(
                "a build of the sources gives {}, the file is {digest}; build it again with `aecp build`",
                Digest::of(&built.component)
            )));
        }
        let checked = built.sources.iter().map(|(_, checked)| checked);
        let results: Vec<PackageResults> = checked.filter_map(proof::results).collect();
        results.iter().for_each(warn);
        let archive = sources::pack(&built.sources).when("packing the sources")?;
        (
            ours(),
            Some(sources::digest(&built.sources)),
            Some(archive),
            results,
        )
    };
    let attestation = Attestation {
        kind: identity.kind,
        packages: identity.packages,
        source,
        source_archive: archive.as_deref().map(Digest::of),
        schema: None,
        results,
        compiler,
        author: arguments.author.clone(),
        justification: arguments.justification.clone(),
        time: Some(Timestamp::now()),
    };
    let envelope = keyfiles::seal(&arguments.key, |signers| attestation.seal(digest, signers))?;
    let output = arguments.output.clone().unwrap_or_else(|| {
        let mut path = arguments.component.clone().into_os_string();
        path.push(".dsse.json");
        path.into()
    });
    files::write(&output, &envelope, Privacy::Public)?;
    if let Some(archive) = archive {
        files::write(
            &sources::archive_path(&arguments.component),
            &archive,
            Privacy::Public,
        )?;
    }
    anstream::println!(
        "{GOOD}signed{GOOD:#} {digest} {FAINT}{}{FAINT:#}",
        output.display()
    );
    Ok(Outcome::Good)
}

/// Says what a release will refuse, or may.
fn warn(results: &PackageResults) {
    let PackageResults {
        package,
        tests_passed,
        tests_failed,
        critical,
        ..
    } = results;
    let warning =
        |what: String| anstream::eprintln!("{NOTABLE}warning{NOTABLE:#}: package `{package}` {what}");
    for title in tests_failed {
        warning(format!("fails the test “{title}”; no release will take it"));
    }
    for sentence in critical {
        warning(format!(
            "has what cannot be meant: {sentence}; no release will take it"
        ));
    }
    if *tests_passed == 0 && tests_failed.is_empty() {
        warning("has no tests; write TEST blocks".to_owned());
    }
}

fn ours() -> Compiler {
    Compiler {
        id: COMPILER_ID.to_owned(),
        name: "aecp-compiler".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}
