//! Sending newer roots to enforcement points, without a new bundle.

use std::path::PathBuf;

use aecp_oci::{Limits, NamedBlob, Store, Tag, media};
use aecp_trust::handover::ROOTS;

use crate::error::{Error, Outcome, While};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::release::root_files;
use crate::report::{FAINT, GOOD};

/// Send the versions of the trust root to the enforcement points that follow a tag
///
/// The bundle under the tag stays the same bundle, with the same epoch; the roots are put beside it. Enforcement points
/// follow them at once, and stop what does not hold by the newest one.
#[derive(Debug, clap::Args)]
pub(super) struct Publish {
    #[command(flatten)]
    place: PlaceArguments,
    /// The tag that enforcement points follow
    #[arg(long)]
    tag: String,
    /// The trust root; versions that follow it in its folder are sent
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
}

pub(super) fn publish(arguments: &Publish) -> Result<Outcome, Error> {
    let chain = keyfiles::root_chain(&arguments.root)?;
    let tag: Tag = arguments.tag.parse().when("reading --tag")?;
    let place = arguments.place.open()?;
    let context = || format!("reading the bundle under `{tag}`");
    let pulled = place
        .store()
        .pull_bundle(&tag, &Limits::default())
        .when(context())?;
    let mut files = Vec::new();
    for (name, bytes) in pulled.files {
        if name.strip_prefix(ROOTS).is_some_and(|rest| rest.starts_with('/')) {
            continue;
        }
        let kind = media_type(&name, &bytes);
        files.push(NamedBlob::new(&name, kind, bytes).when(context())?);
    }
    files.extend(root_files(&chain)?);
    let freshness = pulled.freshness.as_deref();
    let push = |store: &dyn Store| {
        store
            .push_bundle(&tag, &files, freshness)
            .when("storing the bundle")
    };
    place.publish(&tag, push)?;
    let root = chain.newest();
    anstream::println!(
        "{GOOD}published{GOOD:#} trust root version {} under {tag} {FAINT}{}{FAINT:#}",
        root.version(),
        root.digest()
    );
    Ok(Outcome::Good)
}

/// The media type that a file of a bundle has, by what it is.
fn media_type(name: &str, bytes: &[u8]) -> &'static str {
    if !name.starts_with("blobs/") {
        media::DSSE
    } else if bytes.starts_with(b"\0asm") {
        media::WASM
    } else {
        media::NATIVE
    }
}
