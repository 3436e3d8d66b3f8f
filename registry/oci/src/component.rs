//! A WebAssembly component as an artifact: the CNCF Wasm OCI artifact layout
//! (<https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>).
//!
//! One layer `application/wasm`; the configuration lists what the component imports and exports. `created` is left
//! out, because equal components must have equal digests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::document::{Descriptor, Manifest};
use crate::error::{Error, shown};
use crate::media;
use crate::name::Reference;
use crate::store::{DOCUMENT_LIMIT, Publication, Store};
use aecp_vocabulary::digest::Digest;

/// What a component offers and needs, for people and registries. Nothing is decided on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentInfo {
    /// Interfaces and functions that it exports, as `aecp:policy/evaluator@0.1.0`.
    pub exports: Vec<String>,
    /// Interfaces and functions that it imports.
    pub imports: Vec<String>,
    /// The world that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// A component as it came out of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledComponent {
    /// The digest of the manifest: what signatures are attached to.
    pub manifest: Digest,
    /// The digest of the bytes: what signatures speak of.
    pub component: Digest,
    /// The component.
    pub bytes: Vec<u8>,
    /// Facts about the artifact.
    pub annotations: BTreeMap<String, String>,
}

/// The configuration of the artifact.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Config<'a> {
    architecture: &'static str,
    os: &'static str,
    layer_digests: [Digest; 1],
    component: &'a ComponentInfo,
}

pub(crate) fn push<S: Store + ?Sized>(
    store: &S,
    bytes: &[u8],
    info: &ComponentInfo,
    annotations: BTreeMap<String, String>,
) -> Result<Descriptor, Error> {
    let layer = store.put_blob(media::WASM, bytes)?;
    let config = store.put_blob(media::WASM_CONFIG, &configuration(layer.digest, info)?)?;
    let mut manifest = Manifest::new(config, vec![layer]);
    manifest.annotations = annotations;
    publish_one(store, Publication::of(manifest)?)
}

/// The digest of the manifest under which [`crate::Store::push_component`] would list a component without annotations.
///
/// # Errors
/// [`Error::Malformed`] if it has no JSON.
pub fn manifest_digest(bytes: &[u8], info: &ComponentInfo) -> Result<Digest, Error> {
    let layer = Descriptor::of(media::WASM, bytes);
    let config = Descriptor::of(media::WASM_CONFIG, &configuration(layer.digest, info)?);
    Publication::of(Manifest::new(config, vec![layer])).map(|publication| publication.descriptor().digest)
}

/// The bytes of the configuration.
fn configuration(layer: Digest, info: &ComponentInfo) -> Result<Vec<u8>, Error> {
    let config = Config {
        architecture: "wasm",
        os: "wasip2",
        layer_digests: [layer],
        component: info,
    };
    serde_json::to_vec(&config).map_err(|error| Error::Malformed {
        location: "config".to_owned(),
        reason: error.to_string(),
    })
}

pub(crate) fn pull<S: Store + ?Sized>(
    store: &S,
    reference: &Reference,
    limit: u64,
) -> Result<PulledComponent, Error> {
    let descriptor = store.resolve(reference)?;
    let manifest = store.manifest(&descriptor, DOCUMENT_LIMIT)?;
    // The configuration is not looked at: a component pushed by another tool counts as much as one of ours.
    let [layer] = manifest.layers.as_slice() else {
        let found = format!("{} layers", manifest.layers.len());
        return Err(wrong_kind(store, &descriptor, "one layer", found));
    };
    if layer.media_type != media::WASM {
        return Err(wrong_kind(
            store,
            &descriptor,
            media::WASM,
            shown(&layer.media_type),
        ));
    }
    let bytes = store.fetch(layer, limit)?;
    let annotations = manifest.annotations;
    Ok(PulledComponent {
        manifest: descriptor.digest,
        component: layer.digest,
        bytes,
        annotations,
    })
}

/// Lists one artifact.
pub(crate) fn publish_one<S: Store + ?Sized>(
    store: &S,
    publication: Publication,
) -> Result<Descriptor, Error> {
    let published = store.publish(&[publication])?;
    let nothing = || Error::Unreachable {
        action: "publish",
        location: store.location(),
        reason: "it did not say under what digest".to_owned(),
    };
    published.into_iter().next().ok_or_else(nothing)
}

/// The artifact under `descriptor` is not what was asked for.
pub(crate) fn wrong_kind<S: Store + ?Sized>(
    store: &S,
    descriptor: &Descriptor,
    expected: &str,
    found: String,
) -> Error {
    let location = format!("{} {}", store.location(), descriptor.digest);
    Error::WrongKind {
        location,
        expected: expected.to_owned(),
        found,
    }
}
