//! What a bundle was made of, as if a release file said it: the way back to an earlier epoch.
//!
//! The components come out of the bundle itself, so that an epoch can be released again although the tags of its
//! components have moved on. From there everything goes as for any release: each signature is verified by the newest
//! trust root, each component is compiled and tried out anew.

use std::collections::BTreeMap;

use aecp_oci::{ComponentInfo, Layout, PulledBundle, Store, Tag, media};
use aecp_trust::Digest;
use aecp_trust::attestation::ComponentKind;
use aecp_trust::bundle::{Bundle, ComponentUse, PolicyEntry};
use aecp_trust::handover::{ATTESTATIONS, BLOBS, REVIEWS};
use serde_json::{Value, json};

use super::ReleaseFile;
use crate::error::{Error, While};

/// Puts the components of a pulled bundle into an empty layout, with all that was signed about them, under the names that
/// [`release_file`] uses.
pub(crate) fn stage(layout: &Layout, pulled: &PulledBundle, bundle: &Bundle) -> Result<(), Error> {
    for used in bundle.components() {
        let name = reference(&used);
        let context = || format!("taking component `{name}` out of epoch {}", bundle.epoch);
        let digest = used.component.digest;
        let bytes = pulled
            .file(&format!("{BLOBS}/{}", digest.hex()))
            .ok_or("its bytes are missing")
            .when(context())?;
        let pushed = layout
            .push_component(bytes, &ComponentInfo::default(), BTreeMap::new())
            .when(context())?;
        for (folder, kind) in [(ATTESTATIONS, media::IN_TOTO), (REVIEWS, media::REVIEW)] {
            let about = format!("{folder}/{}", digest.hex());
            for (_, envelope) in pulled.files.iter().filter(|(file, _)| file.starts_with(&about)) {
                layout.attach(&pushed.digest, kind, envelope).when(context())?;
            }
        }
        let tag: Tag = name.parse().when(context())?;
        layout.tag(&tag, &pushed.digest).when(context())?;
    }
    Ok(())
}

/// The release file that makes the same bundle out of what [`stage`] has put into a layout.
///
/// What the release of that epoch has accepted (a component without proof) is accepted again: its signature says so.
pub(crate) fn release_file(bundle: &Bundle, valid_days: u32) -> Result<ReleaseFile, Error> {
    let names: Vec<String> = bundle.components().map(|used| reference(&used)).collect();
    let mut names = names.into_iter();
    let mut next = || names.next().unwrap_or_default();
    let policies: Vec<Value> = bundle
        .policies
        .iter()
        .map(|entry| policy(entry, next()))
        .collect();
    let extractors: Vec<Value> = bundle
        .extractors
        .iter()
        .map(|entry| {
            json!({
                "name": entry.name,
                "component": next(),
                "authenticating": entry.authenticating,
                "configuration": entry.configuration,
            })
        })
        .collect();
    let sinks: Vec<Value> = bundle
        .sinks
        .iter()
        .map(|entry| {
            json!({
                "name": entry.name,
                "component": next(),
                "configuration": entry.configuration,
                "endpoints": entry.endpoints,
            })
        })
        .collect();
    let file = json!({
        "name": bundle.name,
        "valid_days": valid_days,
        "profile": bundle.profile,
        "observe_only": bundle.observe_only,
        "selectors": bundle.selectors,
        "policies": policies,
        "extractors": extractors,
        "sinks": sinks,
        "attributes": bundle.attributes,
        "routes": bundle.routes,
    });
    serde_json::from_value(file).when(format!("reading what epoch {} was made of", bundle.epoch))
}

fn policy(entry: &PolicyEntry, component: String) -> Value {
    let ceilings: BTreeMap<&str, Value> = entry
        .packages
        .iter()
        .map(|package| (package.name.as_str(), json!(package.ceiling)))
        .collect();
    json!({
        "component": component,
        "ceilings": ceilings,
        "parameters": entry.parameters,
        "unproven": true,
    })
}

/// What messages call a component: by the package, extractor or sink where that is a tag, else by its digest.
fn reference(used: &ComponentUse<'_>) -> String {
    let name = match used.kind {
        ComponentKind::Policy => used.name.to_owned(),
        ComponentKind::Context => format!("extractor-{}", used.name),
        ComponentKind::Audit => format!("sink-{}", used.name),
    };
    let unnamed = |digest: Digest| format!("component-{}", digest.hex());
    match name.parse::<Tag>() {
        Ok(_) => name,
        Err(_) => unnamed(used.component.digest),
    }
}
