//! `aecp push`: a component and its signature, into a registry.

use std::collections::BTreeMap;
use std::path::PathBuf;

use aecp_oci::{Tag, media};

use crate::component;
use crate::error::{Error, Outcome, While};
use crate::files;
use crate::place::PlaceArguments;
use crate::report::{FAINT, GOOD};

/// Put a component and its signature into an OCI image layout folder or registry
///
/// The component is stored as a CNCF Wasm OCI artifact, its signature as a referrer, so that standard tools (oras,
/// skopeo) understand both. The folder is made if it is not there.
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
    let identity = component::identify(&wasm)?;
    let pushed = arguments.place.create()?.publish(&tag, |store| {
        let pushed = store
            .push_component(&wasm, &identity.info, BTreeMap::new())
            .when("storing the component")?;
        store
            .attach(&pushed.digest, media::IN_TOTO, &envelope)
            .when("storing the signature")?;
        store.tag(&tag, &pushed.digest).when("tagging the component")
    })?;
    anstream::println!("{GOOD}pushed{GOOD:#} {tag} {FAINT}{}{FAINT:#}", pushed.digest);
    Ok(Outcome::Good)
}
