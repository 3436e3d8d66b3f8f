//! `aecp keys`: key pairs.

use std::path::{Path, PathBuf};

use aecp_evidence::checkpoint::LogSigner;
use aecp_trust::SigningKey;
use clap::Subcommand;

use crate::error::{Error, Outcome, While};
use crate::files::{self, Privacy};
use crate::report::{FAINT, GOOD};

/// Make key pairs
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(Generate),
    LogVerifier(LogVerifier),
}

/// Make an Ed25519 key pair: NAME.key (PKCS#8, keep it secret) and NAME.pub
///
/// The private key is written in the clear, readable by its owner only. Nothing is ever overwritten.
#[derive(Debug, clap::Args)]
struct Generate {
    /// Path of the pair, without ending
    #[arg(required = true, value_name = "NAME")]
    names: Vec<PathBuf>,
}

/// Print the verifier key of a log, which `aecp evidence verify` takes
#[derive(Debug, clap::Args)]
struct LogVerifier {
    /// Name of the log: the enforcement point's name
    #[arg(long)]
    name: String,
    /// Its private key
    key: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    match &arguments.command {
        Command::Generate(arguments) => generate(arguments)?,
        Command::LogVerifier(arguments) => {
            anstream::println!("{}", log_signer(&arguments.name, &arguments.key)?.verifier());
        }
    }
    Ok(Outcome::Good)
}

fn generate(arguments: &Generate) -> Result<(), Error> {
    for name in &arguments.names {
        let (private, public) = (with_ending(name, "key"), with_ending(name, "pub"));
        if let Some(there) = [&private, &public].into_iter().find(|path| path.exists()) {
            return Err(Error::part("making a key")(format!(
                "`{}` is there already, and keys are never overwritten; give another name",
                there.display()
            )));
        }
        let key = SigningKey::generate().when("making a key")?;
        let pem = key.to_pem().when("writing a key")?;
        files::write(&private, pem.as_bytes(), Privacy::Private)?;
        let pem = key.public_key().to_pem().when("writing a key")?;
        files::write(&public, pem.as_bytes(), Privacy::Public)?;
        anstream::println!(
            "{GOOD}made{GOOD:#} {} {FAINT}id {}{FAINT:#}",
            private.display(),
            key.public_key().id()
        );
    }
    Ok(())
}

fn with_ending(name: &Path, ending: &str) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}

/// Reads the private key of a log.
pub(crate) fn log_signer(name: &str, key: &Path) -> Result<LogSigner, Error> {
    LogSigner::from_pem(name, &files::read_text(key)?)
        .when(format!("reading the log key `{}`", key.display()))
}
