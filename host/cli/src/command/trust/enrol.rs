//! Saying who an enforcement point is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aecp_trust::enrolment::Enrolment;

use super::shown;
use crate::command::keys::log_signer;
use crate::error::{Error, Outcome};
use crate::files::{self, Privacy};
use crate::keyfiles;
use crate::report::{FAINT, GOOD};

/// Say who an enforcement point is: a signed statement of its name, labels and keys
///
/// The enforcement point starts from this statement and the trust root alone.
#[derive(Debug, clap::Args)]
pub(super) struct Enrol {
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

pub(super) fn enrol(arguments: &Enrol) -> Result<Outcome, Error> {
    let log = log_signer(&arguments.name, &arguments.log_key)?;
    let enrolment = Enrolment {
        name: arguments.name.clone(),
        labels: arguments.labels.iter().cloned().collect::<BTreeMap<_, _>>(),
        log_key: log.verifier().to_string(),
        receipt_key: keyfiles::public_key(&arguments.receipt_key)?,
    };
    let envelope = keyfiles::seal(&arguments.key, |signers| enrolment.seal(signers))?;
    files::write(&arguments.output, &envelope, Privacy::Public)?;
    anstream::println!(
        "{GOOD}enrolled{GOOD:#} {} {FAINT}{}{FAINT:#}",
        arguments.name,
        shown(&arguments.output)
    );
    Ok(Outcome::Good)
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, as in region=eu")?;
    Ok((key.to_owned(), value.to_owned()))
}
