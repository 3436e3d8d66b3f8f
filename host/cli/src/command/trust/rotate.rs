//! Making roots: the first one, and those that follow.

use std::path::{Path, PathBuf};

use aecp_trust::key::KeyId;
use aecp_trust::root::{RootBuilder, RootDocument};
use aecp_trust::{Role, TrustRoot};

use super::{Terms, shown};
use crate::error::{Error, Outcome, While};
use crate::files::{self, Privacy};
use crate::keyfiles;
use crate::report::{BAD, FAINT, GOOD, NOTABLE};

/// Make the first trust root (TUF root.json)
///
/// Every role needs keys: root, packages (sign components), releases (sign bundles), freshness (say which bundle is
/// current), enrolment (say who an enforcement point is), authorizations, break-glass. Keys for the role reviewers make
/// that packages need approvals, as many as --reviews says. One key may have several roles;
/// for anything but trying out, give each role keys of its own and the root role several, and keep those offline.
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    #[command(flatten)]
    terms: Terms,
    /// Private keys of the root role, to sign with; others add theirs with `aecp trust sign`
    #[arg(long, required = true, value_name = "FILE.key")]
    key: Vec<PathBuf>,
    /// Where to write it
    #[arg(short, long, default_value = "root.json")]
    output: PathBuf,
}

/// Make the next version of the trust root: other keys, another threshold, a later end
///
/// What is not said stays as it is. Enough root keys of the old version and of the new one must sign; those that are not
/// at hand add their signatures with `aecp trust sign`. A version that lacks signatures is written as a draft, and nobody
/// follows it.
#[derive(Debug, clap::Args)]
pub(super) struct Rotate {
    /// The trust root; versions that follow it in its folder are followed
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
    #[command(flatten)]
    terms: Terms,
    /// Private keys of the root role, old and new
    #[arg(long, required = true, value_name = "FILE.key")]
    key: Vec<PathBuf>,
}

/// Make the next version of the trust root without some keys
///
/// Each key is taken out of all its roles. What it signed does not hold any more wherever this version arrives: sign
/// components and bundles that shall stay in force anew, release them, and publish.
#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    /// The keys: public key files, or ids as `aecp trust show` prints them
    #[arg(required = true, value_name = "FILE.pub|ID")]
    keys: Vec<String>,
    /// The trust root; versions that follow it in its folder are followed
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
    #[command(flatten)]
    terms: Terms,
    /// Private keys of the root role
    #[arg(long, required = true, value_name = "FILE.key")]
    key: Vec<PathBuf>,
}

/// Add signatures to the draft of a trust root
#[derive(Debug, clap::Args)]
pub(super) struct Sign {
    /// The draft
    draft: PathBuf,
    /// The trust root that it follows; none for a first one
    #[arg(long)]
    root: Option<PathBuf>,
    /// Private keys of the root role, old or new
    #[arg(long, required = true, value_name = "FILE.key")]
    key: Vec<PathBuf>,
}

/// How the name of a root ends that lacks signatures.
const DRAFT: &str = ".draft";

pub(super) fn init(arguments: &Init) -> Result<Outcome, Error> {
    let builder = arguments
        .terms
        .apply(RootBuilder::new(1, arguments.terms.expires()?))?;
    finish(builder, None, &arguments.key, &arguments.output)
}

pub(super) fn rotate(arguments: &Rotate) -> Result<Outcome, Error> {
    let before = keyfiles::root_chain(&arguments.root)?.newest().clone();
    let builder = RootBuilder::after(&before, arguments.terms.expires()?).when("rotating the trust root")?;
    let builder = arguments.terms.apply(builder)?;
    let output = keyfiles::next_root(&arguments.root, &before);
    finish(builder, Some(&before), &arguments.key, &output)
}

pub(super) fn revoke(arguments: &Revoke) -> Result<Outcome, Error> {
    let before = keyfiles::root_chain(&arguments.root)?.newest().clone();
    let builder = RootBuilder::after(&before, arguments.terms.expires()?).when("rotating the trust root")?;
    let mut builder = arguments.terms.apply(builder)?;
    for text in &arguments.keys {
        let context = || format!("revoking `{text}`");
        let key: KeyId = match text.parse() {
            Ok(id) => id,
            Err(_) => keyfiles::public_key(Path::new(text))?.id(),
        };
        let roles = builder.revoke(key).map_err(|error| {
            Error::part(context())(format!("{error}; give the role other keys with --role"))
        })?;
        if roles.is_empty() && !had(&before, key) {
            return Err(Error::part(context())(
                "no role has this key; `aecp trust show` lists them".to_owned(),
            ));
        }
        let names: Vec<&str> = roles.into_iter().map(Role::name).collect();
        anstream::println!("{BAD}revoked{BAD:#} {key} {FAINT}{}{FAINT:#}", names.join(", "));
    }
    let output = keyfiles::next_root(&arguments.root, &before);
    finish(builder, Some(&before), &arguments.key, &output)
}

/// Whether a role had this key, also one that was given other keys just now.
fn had(root: &TrustRoot, key: KeyId) -> bool {
    Role::ALL
        .into_iter()
        .chain([Role::Reviewers])
        .any(|role| root.quorum(role).keys().any(|known| known.id() == key))
}

pub(super) fn sign(arguments: &Sign) -> Result<Outcome, Error> {
    let before = match &arguments.root {
        Some(root) => Some(keyfiles::root_chain(root)?.newest().clone()),
        None => None,
    };
    let bytes = files::read(&arguments.draft)?;
    let context = || format!("reading the draft `{}`", arguments.draft.display());
    let document = RootDocument::from_json(&bytes).when(context())?;
    let name = arguments.draft.file_name().and_then(|name| name.to_str());
    let output = match name.and_then(|name| name.strip_suffix(DRAFT)) {
        Some(name) => arguments.draft.with_file_name(name),
        None => arguments.draft.clone(),
    };
    complete(document, before.as_ref(), &arguments.key, &output)
}

fn finish(
    builder: RootBuilder,
    before: Option<&TrustRoot>,
    keys: &[PathBuf],
    output: &Path,
) -> Result<Outcome, Error> {
    let document = builder.build().when("making the trust root")?;
    complete(document, before, keys, output)
}

/// Signs, and writes the root if enough keys have signed, else its draft.
fn complete(
    mut document: RootDocument,
    before: Option<&TrustRoot>,
    keys: &[PathBuf],
    output: &Path,
) -> Result<Outcome, Error> {
    for path in keys {
        document
            .sign(&keyfiles::signing_key(path)?)
            .when("signing the trust root")?;
    }
    let bytes = document.to_json().when("writing the trust root")?;
    let mut draft = output.as_os_str().to_owned();
    draft.push(DRAFT);
    let draft = PathBuf::from(draft);
    match document
        .missing(before)
        .when("checking the trust root that was made")?
    {
        None => {
            if output.exists() {
                return Err(Error::part("writing the trust root")(format!(
                    "`{}` is there already, and roots are never overwritten",
                    output.display()
                )));
            }
            files::write(output, &bytes, Privacy::Public)?;
            // The root itself is there; a draft that stays is followed by nobody.
            let _ = std::fs::remove_file(&draft);
            anstream::println!(
                "{GOOD}made{GOOD:#} {} {FAINT}{}{FAINT:#}",
                shown(output),
                aecp_trust::Digest::of(&bytes)
            );
        }
        Some(missing) => {
            files::write(&draft, &bytes, Privacy::Public)?;
            anstream::println!("{NOTABLE}draft{NOTABLE:#} {}: {missing}", shown(&draft));
            anstream::println!(
                "who has such a key adds a signature: aecp trust sign {} --key FILE.key",
                shown(&draft)
            );
        }
    }
    Ok(Outcome::Good)
}
