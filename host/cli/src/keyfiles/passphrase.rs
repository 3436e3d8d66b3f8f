//! Passphrases of private keys: from the environment, or from whoever sits at the terminal.

use std::io::IsTerminal;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{Error, While};

/// The passphrase of the keys that a command reads, for programs.
pub(crate) const VARIABLE: &str = "AECP_KEY_PASSPHRASE";

/// The passphrase that a key is to have from now on.
pub(crate) const NEW_VARIABLE: &str = "AECP_NEW_KEY_PASSPHRASE";

/// Fewest characters of a new passphrase.
const SHORTEST: usize = 8;

/// The passphrase that opens a key.
pub(crate) fn of(key: &Path) -> Result<Zeroizing<String>, Error> {
    if let Some(known) = from_environment(VARIABLE)? {
        return Ok(known);
    }
    let context = || format!("opening the private key `{}`", key.display());
    if !std::io::stdin().is_terminal() {
        let problem = format!("it is encrypted, and nobody can be asked; set {VARIABLE}");
        return Err(Error::part(context())(problem));
    }
    ask(&format!("Passphrase of {}: ", key.display())).when(context())
}

/// A passphrase to encrypt with. None if there is neither one in the variable nor anybody to ask.
pub(crate) fn new(variable: &str) -> Result<Option<Zeroizing<String>>, Error> {
    let context = || "choosing a passphrase".to_owned();
    let chosen = match from_environment(variable)? {
        Some(known) => known,
        None if !std::io::stdin().is_terminal() => return Ok(None),
        None => {
            let first = ask("New passphrase: ").when(context())?;
            if *first != *ask("The same again: ").when(context())? {
                return Err(Error::part(context())(
                    "the two are not the same; nothing was written".to_owned(),
                ));
            }
            first
        }
    };
    if chosen.chars().count() < SHORTEST {
        let problem = format!("it is shorter than {SHORTEST} characters");
        return Err(Error::part(context())(problem));
    }
    Ok(Some(chosen))
}

fn from_environment(variable: &str) -> Result<Option<Zeroizing<String>>, Error> {
    match std::env::var(variable) {
        Ok(text) => Ok(Some(Zeroizing::new(text))),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(error) => Err(Error::part(format!("reading {variable}"))(error.to_string())),
    }
}

fn ask(prompt: &str) -> std::io::Result<Zeroizing<String>> {
    rpassword::prompt_password(prompt).map(Zeroizing::new)
}
