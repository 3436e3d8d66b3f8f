//! `aecp keys`: key pairs.

use std::path::{Path, PathBuf};

use aecp_evidence::checkpoint::LogSigner;
use aecp_trust::SigningKey;
use clap::Subcommand;
use zeroize::Zeroizing;

use crate::error::{Error, Outcome, While};
use crate::files::{self, Privacy};
use crate::keyfiles::{self, passphrase};
use crate::report::{FAINT, GOOD};

/// Make key pairs, and protect them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(Generate),
    Passphrase(Passphrase),
    LogVerifier(LogVerifier),
}

/// Make an Ed25519 key pair: NAME.key (PKCS#8, keep it secret) and NAME.pub
///
/// The private key is encrypted with a passphrase, which is asked for at the terminal or read from AECP_KEY_PASSPHRASE.
/// Nothing is ever overwritten.
#[derive(Debug, clap::Args)]
struct Generate {
    /// Path of the pair, without ending
    #[arg(required = true, value_name = "NAME")]
    names: Vec<PathBuf>,
    /// Write the private key in the clear, readable by its owner only: for enforcement points, which nobody can ask
    #[arg(long)]
    plain: bool,
}

/// Encrypt a private key with a new passphrase
///
/// The key stays the same. The old passphrase, if there is one, is asked for first; without a terminal it must be in
/// AECP_KEY_PASSPHRASE, and the new one in AECP_NEW_KEY_PASSPHRASE.
#[derive(Debug, clap::Args)]
struct Passphrase {
    /// The private key
    #[arg(value_name = "FILE.key")]
    key: PathBuf,
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
        Command::Passphrase(arguments) => change(arguments)?,
        Command::LogVerifier(arguments) => {
            anstream::println!("{}", log_signer(&arguments.name, &arguments.key)?.verifier());
        }
    }
    Ok(Outcome::Good)
}

fn generate(arguments: &Generate) -> Result<(), Error> {
    let passphrase = if arguments.plain {
        None
    } else {
        let context = "making a key";
        let missing = || {
            Error::part(context)(format!(
                "it needs a passphrase, and nobody can be asked; set {}, or say --plain for a key in the clear",
                passphrase::VARIABLE
            ))
        };
        Some(passphrase::new(passphrase::VARIABLE)?.ok_or_else(missing)?)
    };
    for name in &arguments.names {
        let (private, public) = (with_ending(name, "key"), with_ending(name, "pub"));
        if let Some(there) = [&private, &public].into_iter().find(|path| path.exists()) {
            return Err(Error::part("making a key")(format!(
                "`{}` is there already, and keys are never overwritten; give another name",
                there.display()
            )));
        }
        let key = SigningKey::generate().when("making a key")?;
        files::write(
            &private,
            written(&key, passphrase.as_ref())?.as_bytes(),
            Privacy::Private,
        )?;
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

fn written(key: &SigningKey, passphrase: Option<&Zeroizing<String>>) -> Result<Zeroizing<String>, Error> {
    let pem = match passphrase {
        Some(passphrase) => key.to_encrypted_pem(passphrase.as_bytes()),
        None => key.to_pem(),
    };
    pem.when("writing a key")
}

fn change(arguments: &Passphrase) -> Result<(), Error> {
    let key = keyfiles::signing_key(&arguments.key)?;
    let chosen = passphrase::new(passphrase::NEW_VARIABLE)?;
    let missing = || {
        let problem = format!("nobody can be asked for it; set {}", passphrase::NEW_VARIABLE);
        Error::part("choosing a passphrase")(problem)
    };
    let chosen = chosen.ok_or_else(missing)?;
    files::write(
        &arguments.key,
        written(&key, Some(&chosen))?.as_bytes(),
        Privacy::Private,
    )?;
    anstream::println!(
        "{GOOD}encrypted{GOOD:#} {} {FAINT}id {}{FAINT:#}",
        arguments.key.display(),
        key.public_key().id()
    );
    Ok(())
}

fn with_ending(name: &Path, ending: &str) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}

/// Reads the private key of a log, which must be in the clear: the recorder can ask nobody.
pub(crate) fn log_signer(name: &str, key: &Path) -> Result<LogSigner, Error> {
    let context = || format!("reading the log key `{}`", key.display());
    let text = Zeroizing::new(files::read_text(key)?);
    if aecp_trust::key::is_encrypted(&text) {
        let problem =
            "it is encrypted, and a recorder can ask nobody; make it with `aecp keys generate --plain`";
        return Err(Error::part(context())(problem.to_owned()));
    }
    LogSigner::from_pem(name, &text).when(context())
}
