//! Making a component and its native code again, and comparing the bytes.

use aecp_compiler::package::Checked;
use aecp_engine::{Limits as EngineLimits, Runtime, TARGET};
use aecp_oci::{Limits, Store};
use aecp_trust::Digest;
use aecp_trust::attestation::{Attestation, ComponentKind};
use aecp_trust::bundle::NativeCode;
use aecp_trust::verify::VerifiedBundle;

use crate::component;
use crate::error::{Error, While};
use crate::package::PackageFolder;
use crate::report::{BAD, FAINT, GOOD, NOTABLE};
use crate::sources;

/// A verified component, with all that is needed to make it again.
pub(crate) struct Subject {
    /// What it is called in messages.
    pub(crate) name: String,
    /// The manifest that its sources refer to; none if it is the one that `aecp push` makes.
    pub(crate) manifest: Option<Digest>,
    /// Its bytes.
    pub(crate) wasm: Vec<u8>,
    pub(crate) attestation: Attestation,
    /// The native code that a bundle binds to it.
    pub(crate) native: Vec<NativeCode>,
    /// Whether its sources are asked for.
    pub(crate) from_source: bool,
}

/// Why something could not be made again as it is.
#[derive(Debug, thiserror::Error)]
enum NotReproduced {
    #[error("`{0}` made it, and this tool has no such compiler")]
    Foreign(String),
    #[error(
        "its attestation names no stored sources; sign it again with `aecp sign --source FOLDER`, and push it"
    )]
    NoSources,
    #[error("its sources cannot be had: {0}; `aecp push` stores them")]
    Unavailable(aecp_oci::Error),
    #[error("the archive of its sources: {0}")]
    Archive(String),
    #[error("its sources are {found}, the attestation says {signed}")]
    OtherSources { found: Digest, signed: Digest },
    #[error("its sources do not compile: {0}")]
    Errors(String),
    #[error(
        "version {theirs} of the compiler built it, this is version {ours}, and gives other bytes ({rebuilt}); \
         verify it with version {theirs}"
    )]
    OtherCompiler {
        theirs: String,
        ours: &'static str,
        rebuilt: Digest,
    },
    #[error("its sources give {rebuilt}, which differs from it from byte {at} on")]
    OtherBytes { rebuilt: Digest, at: usize },
    #[error("native code for `{target}`: it is {given}, compiling the component gives {made}")]
    OtherNative {
        target: String,
        given: Digest,
        made: Digest,
    },
    #[error("native code for `{target}` was made by engine `{theirs}`, this is `{ours}`")]
    OtherEngine {
        target: String,
        theirs: String,
        ours: String,
    },
    #[error("the component cannot be compiled: {0}")]
    Compile(String),
}

/// The components of a verified bundle.
pub(crate) fn subjects(verified: &VerifiedBundle) -> Vec<Subject> {
    let subject = |used: aecp_trust::bundle::ComponentUse<'_>| {
        let digest = used.component.digest;
        Some(Subject {
            name: format!("{} component `{}`", used.kind.name(), used.name),
            manifest: None,
            wasm: verified.wasm(&digest)?.to_vec(),
            attestation: verified.attestation(&digest)?.clone(),
            native: used.component.native.clone(),
            from_source: used.kind == ComponentKind::Policy,
        })
    };
    verified.bundle().components().filter_map(subject).collect()
}

/// Makes everything again and says what came out. False if something is not as it was.
pub(crate) fn all(subjects: &[Subject], store: &dyn Store) -> Result<bool, Error> {
    let runtime = Runtime::new(EngineLimits::default()).when("setting up the engine")?;
    let mut good = true;
    for subject in subjects {
        let name = &subject.name;
        if subject.from_source {
            match from_sources(subject, store) {
                Ok(()) => {
                    let Attestation { compiler, .. } = &subject.attestation;
                    anstream::println!(
                        "{GOOD}reproduced{GOOD:#} {name} from its sources, by {} {} {FAINT}{}{FAINT:#}",
                        compiler.name,
                        env!("CARGO_PKG_VERSION"),
                        Digest::of(&subject.wasm)
                    );
                }
                Err(problem) => {
                    good = false;
                    anstream::println!("{BAD}not reproduced{BAD:#} {name}: {problem}");
                }
            }
        }
        for native in &subject.native {
            if native.target != TARGET {
                let target = &native.target;
                anstream::println!(
                    "{NOTABLE}not looked at{NOTABLE:#} {name}: native code for `{target}`, which is made on such a machine"
                );
                continue;
            }
            match recompile(&subject.wasm, native, &runtime) {
                Ok(()) => anstream::println!(
                    "{GOOD}reproduced{GOOD:#} {name}: native code for `{TARGET}` {FAINT}{}{FAINT:#}",
                    native.digest
                ),
                Err(problem) => {
                    good = false;
                    anstream::println!("{BAD}not reproduced{BAD:#} {name}: {problem}");
                }
            }
        }
    }
    Ok(good)
}

fn from_sources(subject: &Subject, store: &dyn Store) -> Result<(), NotReproduced> {
    let said = &subject.attestation;
    if !said.is_ours() {
        return Err(NotReproduced::Foreign(said.compiler.id.clone()));
    }
    let (Some(wanted), Some(signed)) = (said.source_archive, said.source) else {
        return Err(NotReproduced::NoSources);
    };
    let manifest = match subject.manifest {
        Some(manifest) => manifest,
        None => pushed_as(&subject.wasm)?,
    };
    let archive = store.sources(&manifest, &wanted, Limits::default().file_bytes);
    let archive = archive.map_err(NotReproduced::Unavailable)?;
    let sources = checked(&archive)?;
    let found = sources::digest(&sources);
    if found != signed {
        return Err(NotReproduced::OtherSources { found, signed });
    }
    compare(subject, &sources)
}

/// The manifest under which `aecp push` lists a component.
fn pushed_as(wasm: &[u8]) -> Result<Digest, NotReproduced> {
    let identity = component::identify(wasm).map_err(|error| NotReproduced::Compile(error.to_string()))?;
    aecp_oci::component::manifest_digest(wasm, &identity.info).map_err(NotReproduced::Unavailable)
}

/// The packages in an archive, which must be the archive of just these.
pub(crate) fn packages(archive: &[u8]) -> Result<Vec<(PackageFolder, Checked)>, String> {
    checked(archive).map_err(|problem| problem.to_string())
}

fn checked(archive: &[u8]) -> Result<Vec<(PackageFolder, Checked)>, NotReproduced> {
    let mut sources = Vec::new();
    for folder in sources::unpack(archive).map_err(NotReproduced::Archive)? {
        let checked = folder.check();
        if checked.package.is_none() {
            let first = checked.diagnostics.first();
            let said = first.map_or_else(String::new, |diagnostic| diagnostic.message.clone());
            return Err(NotReproduced::Errors(said));
        }
        sources.push((folder, checked));
    }
    if !sources::is_archive_of(archive, &sources) {
        let problem = "it has more in it than the sources, or has them in another form".to_owned();
        return Err(NotReproduced::Archive(problem));
    }
    Ok(sources)
}

fn compare(subject: &Subject, sources: &sources::Sources) -> Result<(), NotReproduced> {
    let packages: Vec<_> = sources
        .iter()
        .filter_map(|(_, checked)| checked.package.clone())
        .collect();
    let built = aecp_compiler::emit::component(&packages);
    let built = built.map_err(|error| NotReproduced::Errors(error.to_string()))?;
    if built == subject.wasm {
        return Ok(());
    }
    let rebuilt = Digest::of(&built);
    let theirs = &subject.attestation.compiler.version;
    let ours = env!("CARGO_PKG_VERSION");
    if theirs != ours {
        return Err(NotReproduced::OtherCompiler {
            theirs: theirs.clone(),
            ours,
            rebuilt,
        });
    }
    let pairs = built.iter().zip(&subject.wasm);
    let at = pairs.take_while(|(ours, theirs)| ours == theirs).count();
    Err(NotReproduced::OtherBytes { rebuilt, at })
}

fn recompile(wasm: &[u8], native: &NativeCode, runtime: &Runtime) -> Result<(), NotReproduced> {
    let target = || native.target.clone();
    if native.engine != runtime.identity() {
        return Err(NotReproduced::OtherEngine {
            target: target(),
            theirs: native.engine.clone(),
            ours: runtime.identity().to_owned(),
        });
    }
    let made = runtime.compile(wasm);
    let made = Digest::of(&made.map_err(|error| NotReproduced::Compile(error.to_string()))?);
    if made == native.digest {
        Ok(())
    } else {
        Err(NotReproduced::OtherNative {
            target: target(),
            given: native.digest,
            made,
        })
    }
}
