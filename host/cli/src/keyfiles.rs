//! Keys and trust roots in files, as every command reads them.

use std::path::{Path, PathBuf};

use aecp_trust::handover::ROOT_SUFFIX;
use aecp_trust::key::is_encrypted;
use aecp_trust::root::RootChain;
use aecp_trust::statement::SignError;
use aecp_trust::{PublicKey, Signer, SigningKey, TrustRoot};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::error::{Error, While};
use crate::files;

pub(crate) mod passphrase;

/// Reads a private key file, and asks for its passphrase if it has one.
pub(crate) fn signing_key(path: &Path) -> Result<SigningKey, Error> {
    let context = || format!("reading the private key `{}`", path.display());
    let text = Zeroizing::new(files::read_text(path)?);
    if !is_encrypted(&text) {
        return SigningKey::from_pem(&text).when(context());
    }
    let passphrase = passphrase::of(path)?;
    SigningKey::from_encrypted_pem(&text, passphrase.as_bytes()).when(context())
}

/// Reads private key files.
pub(crate) fn signing_keys(paths: &[PathBuf]) -> Result<Vec<SigningKey>, Error> {
    paths.iter().map(|path| signing_key(path)).collect()
}

/// Reads a public key file.
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Error> {
    PublicKey::from_pem(&files::read_text(path)?).when(format!("reading the public key `{}`", path.display()))
}

/// Signs with key files.
pub(crate) fn seal(
    keys: &[PathBuf],
    seal: impl FnOnce(&[&dyn Signer]) -> Result<Vec<u8>, SignError>,
) -> Result<Vec<u8>, Error> {
    let keys = signing_keys(keys)?;
    let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
    seal(&signers).when("signing")
}

/// Reads a trust root and those that follow it: `2.root.json`, `3.root.json` and so on in the same folder.
pub(crate) fn root_chain(path: &Path) -> Result<RootChain, Error> {
    let mut chain =
        RootChain::new(&files::read(path)?).when(format!("reading the trust root `{}`", path.display()))?;
    loop {
        let next = next_root(path, chain.newest());
        if !next.exists() {
            return Ok(chain);
        }
        let context = || format!("following the trust root to `{}`", next.display());
        let added = chain.advance([files::read(&next)?]).when(context())?;
        if added == 0 {
            let problem = format!("it is not version {}", chain.newest().version().saturating_add(1));
            return Err(Error::part(context())(problem));
        }
    }
}

/// Where the version after `root` belongs, which was reached from the file `first`.
pub(crate) fn next_root(first: &Path, root: &TrustRoot) -> PathBuf {
    first.with_file_name(format!("{}{ROOT_SUFFIX}", root.version().saturating_add(1)))
}

/// Reads the trust root that counts now: the newest of a chain, which must not have expired.
pub(crate) fn trust_root(path: &Path) -> Result<TrustRoot, Error> {
    let root = root_chain(path)?.newest().clone();
    if root.is_expired(Timestamp::now()) {
        return Err(Error::part(format!(
            "reading the trust root `{}`",
            path.display()
        ))(format!(
            "version {} expired at {}; `aecp trust rotate` makes the next one",
            root.version(),
            root.expires()
        )));
    }
    Ok(root)
}

/// Until when a bundle is fresh, in words.
pub(crate) fn fresh_until(until: Option<Timestamp>) -> String {
    until.map_or_else(
        || "freshness off".to_owned(),
        |until| format!("fresh until {until}"),
    )
}
