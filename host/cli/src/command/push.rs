//! `aecp push`: a component and its signature, into a registry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aecp_oci::{Tag, media};
use aecp_trust::attestation::Attestation;
use aecp_trust::{Digest, statement};

use crate::component;
use crate::error::{Error, Outcome, While};
use crate::files;
use crate::place::PlaceArguments;
use crate::report::{FAINT, GOOD};
use crate::sources;

/// Put a component and its signature into an OCI image layout folder or registry
///
/// The component is stored as a CNCF Wasm OCI artifact, its signature as a referrer, so that standard tools (oras,
/// skopeo) understand both. So are its sources, in the archive FILE.wasm.sources.tar that `aecp sign --source` made. The
/// folder is made if it is not there.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component
    #[arg(value_name = "FILE.wasm")]
    component: PathBuf,
    #[command(flatten)]
    place: PlaceArguments,
    /// The tag to give it, as in `eu_residency-1.0.0`
    #[arg(long)]
    tag: String,
    /// The envelope that `aecp sign` made; FILE.wasm.dsse.json if not given
    #[arg(long, value_name = "FILE.dsse.json")]
    signature: Option<PathBuf>,
    /// Leave the sources out: whoever reads the store shall not see them, and cannot build the component again
    #[arg(long)]
    without_sources: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let tag: Tag = arguments.tag.parse().when("reading --tag")?;
    arguments.place.check()?;
    let wasm = files::read(&arguments.component)?;
    let signature = arguments.signature.clone().unwrap_or_else(|| {
        let mut path = arguments.component.clone().into_os_string();
        path.push(".dsse.json");
        path.into()
    });
    let envelope = files::read(&signature)?;
    let sources = if arguments.without_sources {
        None
    } else {
        signed_sources(&arguments.component, &envelope)?
    };
    let identity = component::identify(&wasm)?;
    let pushed = arguments.place.create()?.publish(&tag, |store| {
        let pushed = store
            .push_component(&wasm, &identity.info, BTreeMap::new())
            .when("storing the component")?;
        store
            .attach(&pushed.digest, media::IN_TOTO, &envelope)
            .when("storing the signature")?;
        if let Some(archive) = &sources {
            store
                .attach_sources(&pushed.digest, archive)
                .when("storing the sources")?;
        }
        store.tag(&tag, &pushed.digest).when("tagging the component")
    })?;
    anstream::println!("{GOOD}pushed{GOOD:#} {tag} {FAINT}{}{FAINT:#}", pushed.digest);
    Ok(Outcome::Good)
}

/// The archive of sources that was signed with the component; none if none was.
fn signed_sources(component: &Path, envelope: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    // What is no attestation of ours is stored as it is: others verify it, or refuse it.
    let Ok(said) = statement::open_unverified::<Attestation>(envelope) else {
        return Ok(None);
    };
    let Some(signed) = said.statement.predicate.source_archive else {
        return Ok(None);
    };
    let path = sources::archive_path(component);
    if !path.exists() {
        return Err(Error::part(format!("storing `{}`", path.display()))(
            "the sources that were signed are not here; sign the component again with `aecp sign --source`, or leave them \
             out with --without-sources"
                .to_owned(),
        ));
    }
    let archive = files::read(&path)?;
    let found = Digest::of(&archive);
    if found != signed {
        return Err(Error::part(format!("storing `{}`", path.display()))(format!(
            "it is {found}, the signature says {signed}; sign the component again with `aecp sign --source`"
        )));
    }
    Ok(Some(archive))
}
