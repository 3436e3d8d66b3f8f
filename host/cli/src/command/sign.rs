//! `aecp sign`: where a component comes from, signed.

use std::path::PathBuf;

use aecp_trust::Digest;
use aecp_trust::attestation::{Attestation, COMPILER_ID, Compiler};
use jiff::Timestamp;

use crate::command::{build, keys};
use crate::component;
use crate::error::{Error, Outcome, While};
use crate::files::{self, Privacy};
use crate::package::PackageFolder;
use crate::report::{FAINT, GOOD};

/// Sign a component, saying where it comes from (DSSE envelope over an in-toto statement)
///
/// With --source, the packages are rebuilt, and the statement says that this compiler emitted the component only if
/// the bytes are the same. Enforcement points keep instances of such components between requests.
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
    /// Where to write the envelope; FILE.wasm.dsse.json if not given
    #[arg(short, long)]
    output: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let wasm = files::read(&arguments.component)?;
    let digest = Digest::of(&wasm);
    let identity = component::identify(&wasm)?;
    let (compiler, source) = if arguments.source.is_empty() {
        let compiler = Compiler {
            id: "urn:aecp:unknown".into(),
            name: "unknown".into(),
            version: String::new(),
        };
        (compiler, None)
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
        (ours(), Some(source_digest(&arguments.source)?))
    };
    let attestation = Attestation {
        kind: identity.kind,
        packages: identity.packages,
        source,
        schema: None,
        compiler,
        author: arguments.author.clone(),
        time: Some(Timestamp::now()),
    };
    let envelope = keys::seal(&arguments.key, |signers| attestation.seal(digest, signers))?;
    let output = arguments.output.clone().unwrap_or_else(|| {
        let mut path = arguments.component.clone().into_os_string();
        path.push(".dsse.json");
        path.into()
    });
    files::write(&output, &envelope, Privacy::Public)?;
    anstream::println!(
        "{GOOD}signed{GOOD:#} {digest} {FAINT}{}{FAINT:#}",
        output.display()
    );
    Ok(Outcome::Good)
}

fn ours() -> Compiler {
    Compiler {
        id: COMPILER_ID.to_owned(),
        name: "aecp-compiler".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// The digest of all sources; a file's name has its package's folder in front where there are several.
fn source_digest(paths: &[PathBuf]) -> Result<Digest, Error> {
    let mut all = Vec::new();
    for path in paths {
        let folder = PackageFolder::read(path)?;
        let package = folder.check().package.map(|package| package.name);
        let package = package
            .ok_or("it has errors")
            .when(format!("reading `{}`", path.display()))?;
        for mut file in folder.files {
            if paths.len() > 1 {
                file.name = format!("{package}/{}", file.name);
            }
            all.push(file);
        }
    }
    Ok(Digest::from_bytes(aecp_compiler::source::source_digest(&all)))
}
