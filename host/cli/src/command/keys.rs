//! `aecp keys`: keys, the trust root, and who an enforcement point is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aecp_evidence::checkpoint::LogSigner;
use aecp_trust::enrolment::Enrolment;
use aecp_trust::key::Quorum;
use aecp_trust::root::RootBuilder;
use aecp_trust::{PublicKey, Role, SigningKey, TrustRoot};
use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};

use crate::error::{Error, Outcome, While};
use crate::files::{self, Privacy};
use crate::report::{FAINT, GOOD};

/// Make keys, the trust root, and the enrolment of enforcement points
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Generate(Generate),
    Root(Root),
    Show(Show),
    Enrol(Enrol),
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

/// Make a trust root (TUF root.json): which keys may do what
///
/// Every role needs keys: root, packages (sign components), releases (sign bundles), freshness (say which bundle is
/// current), enrolment (say who an enforcement point is), authorizations, break-glass. One key may have several roles;
/// for anything but trying out, give each role keys of its own and the root role several.
#[derive(Debug, clap::Args)]
struct Root {
    /// A role and the public key files that have it, as in `--role releases=a.pub,b.pub`; repeat for each role
    #[arg(long = "role", required = true, value_name = "ROLE=FILE.pub[,…]", value_parser = role)]
    roles: Vec<(Role, Vec<PathBuf>)>,
    /// How many keys of a role must sign, as in `--threshold releases=2`; 1 if not given
    #[arg(long = "threshold", value_name = "ROLE=N", value_parser = threshold)]
    thresholds: Vec<(Role, u32)>,
    /// Private keys of the root role, to sign with
    #[arg(long, required = true, value_name = "FILE.key")]
    key: Vec<PathBuf>,
    /// Days until the root expires
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// Longest life of a freshness statement, in seconds (at most 86400)
    #[arg(long, default_value_t = 86_400)]
    freshness_period: u32,
    /// Where to write it
    #[arg(short, long, default_value = "root.json")]
    output: PathBuf,
}

/// Show what a trust root says
#[derive(Debug, clap::Args)]
struct Show {
    /// The trust root
    root: PathBuf,
}

/// Say who an enforcement point is: a signed statement of its name, labels and keys
#[derive(Debug, clap::Args)]
struct Enrol {
    /// Its name, also the name of its log
    #[arg(long)]
    name: String,
    /// A label that bundles can select it by; repeat
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = label)]
    labels: Vec<(String, String)>,
    /// The private key of its log, whose verifier key is enrolled
    #[arg(long, value_name = "FILE.key")]
    log_key: PathBuf,
    /// The public key of its receipts
    #[arg(long, value_name = "FILE.pub")]
    receipt_key: PathBuf,
    /// A private key of the enrolment role, to sign with
    #[arg(long, required = true, value_name = "FILE.key")]
    key: Vec<PathBuf>,
    /// Where to write it
    #[arg(short, long, default_value = "enrolment.dsse.json")]
    output: PathBuf,
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
        Command::Root(arguments) => make_root(arguments)?,
        Command::Show(arguments) => show(arguments)?,
        Command::Enrol(arguments) => enrol(arguments)?,
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

fn make_root(arguments: &Root) -> Result<(), Error> {
    let days = SignedDuration::from_hours(i64::from(arguments.days).saturating_mul(24));
    let expires = Timestamp::now().checked_add(days).when("reading --days")?;
    let mut builder = RootBuilder::new(1, expires).freshness_period(arguments.freshness_period);
    for (role, paths) in &arguments.roles {
        let keys = paths
            .iter()
            .map(|path| public_key(path))
            .collect::<Result<Vec<_>, _>>()?;
        let threshold = arguments
            .thresholds
            .iter()
            .find(|(of, _)| of == role)
            .map_or(1, |(_, threshold)| *threshold);
        let quorum = Quorum::new(keys, threshold).when(format!("giving role `{role}` its keys"))?;
        builder = builder.role(*role, quorum);
    }
    let mut document = builder.build().when("making the trust root")?;
    for path in &arguments.key {
        document
            .sign(&signing_key(path)?)
            .when("signing the trust root")?;
    }
    let bytes = document.to_json().when("writing the trust root")?;
    // What this command writes, an enforcement point must accept.
    let root = TrustRoot::parse(&bytes, Timestamp::now()).when("checking the trust root that was made")?;
    files::write(&arguments.output, &bytes, Privacy::Public)?;
    anstream::println!(
        "{GOOD}made{GOOD:#} {} {FAINT}{}{FAINT:#}",
        arguments.output.display(),
        root.digest()
    );
    Ok(())
}

fn show(arguments: &Show) -> Result<(), Error> {
    let root = trust_root(&arguments.root)?;
    anstream::println!("trust root version {}, {}", root.version(), root.digest());
    anstream::println!(
        "expires {}, freshness statements live {} s",
        root.expires(),
        root.freshness_period()
    );
    for role in ROLES {
        let quorum = root.quorum(role);
        let keys: Vec<String> = quorum.keys().map(|key| key.id().to_string()).collect();
        anstream::println!(
            "{role}: {} of {}  {FAINT}{}{FAINT:#}",
            quorum.threshold(),
            keys.len(),
            keys.join(" ")
        );
    }
    Ok(())
}

fn enrol(arguments: &Enrol) -> Result<(), Error> {
    let log = log_signer(&arguments.name, &arguments.log_key)?;
    let enrolment = Enrolment {
        name: arguments.name.clone(),
        labels: arguments.labels.iter().cloned().collect::<BTreeMap<_, _>>(),
        log_key: log.verifier().to_string(),
        receipt_key: public_key(&arguments.receipt_key)?,
    };
    let envelope = seal(&arguments.key, |signers| enrolment.seal(signers))?;
    files::write(&arguments.output, &envelope, Privacy::Public)?;
    anstream::println!(
        "{GOOD}enrolled{GOOD:#} {} {FAINT}{}{FAINT:#}",
        arguments.name,
        arguments.output.display()
    );
    Ok(())
}

/// All roles, in the order in which they are shown.
const ROLES: [Role; 7] = [
    Role::Root,
    Role::Packages,
    Role::Releases,
    Role::Freshness,
    Role::Enrolment,
    Role::Authorizations,
    Role::BreakGlass,
];

fn role_name(text: &str) -> Result<Role, String> {
    let names = || {
        ROLES
            .iter()
            .map(|role| role.name())
            .collect::<Vec<_>>()
            .join(", ")
    };
    ROLES
        .into_iter()
        .find(|role| role.name() == text)
        .ok_or_else(|| format!("no role `{text}`; there are {}", names()))
}

fn role(text: &str) -> Result<(Role, Vec<PathBuf>), String> {
    let (name, paths) = text
        .split_once('=')
        .ok_or("write ROLE=FILE.pub, as in releases=a.pub,b.pub")?;
    Ok((role_name(name)?, paths.split(',').map(PathBuf::from).collect()))
}

fn threshold(text: &str) -> Result<(Role, u32), String> {
    let (name, number) = text.split_once('=').ok_or("write ROLE=N, as in releases=2")?;
    Ok((
        role_name(name)?,
        number
            .parse()
            .map_err(|_| format!("`{number}` is not a number of keys"))?,
    ))
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, as in region=eu")?;
    Ok((key.to_owned(), value.to_owned()))
}

fn with_ending(name: &Path, ending: &str) -> PathBuf {
    let mut path = name.as_os_str().to_owned();
    path.push(".");
    path.push(ending);
    path.into()
}

fn log_signer(name: &str, key: &Path) -> Result<LogSigner, Error> {
    LogSigner::from_pem(name, &files::read_text(key)?)
        .when(format!("reading the log key `{}`", key.display()))
}

/// Reads a private key file.
pub(crate) fn signing_key(path: &Path) -> Result<SigningKey, Error> {
    SigningKey::from_pem(&files::read_text(path)?)
        .when(format!("reading the private key `{}`", path.display()))
}

fn public_key(path: &Path) -> Result<PublicKey, Error> {
    PublicKey::from_pem(&files::read_text(path)?).when(format!("reading the public key `{}`", path.display()))
}

/// Reads a trust root.
pub(crate) fn trust_root(path: &Path) -> Result<TrustRoot, Error> {
    TrustRoot::parse(&files::read(path)?, Timestamp::now())
        .when(format!("reading the trust root `{}`", path.display()))
}

/// Signs with key files.
pub(crate) fn seal(
    keys: &[PathBuf],
    seal: impl FnOnce(&[&dyn aecp_trust::Signer]) -> Result<Vec<u8>, aecp_trust::statement::SignError>,
) -> Result<Vec<u8>, Error> {
    let keys = keys
        .iter()
        .map(|path| signing_key(path))
        .collect::<Result<Vec<_>, _>>()?;
    let signers: Vec<&dyn aecp_trust::Signer> =
        keys.iter().map(|key| key as &dyn aecp_trust::Signer).collect();
    seal(&signers).when("signing")
}
