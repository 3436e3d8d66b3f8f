//! What the packages role says of a component, out of everything that is attached to it.

use aecp_oci::{Envelope, Limits, Store, media};
use aecp_trust::attestation::{self, Attestation};
use aecp_trust::{Digest, TrustRoot};

/// An attestation that holds, and the envelope that it came in.
pub(crate) struct Attested {
    pub(crate) envelope: Vec<u8>,
    pub(crate) attestation: Attestation,
}

/// The latest envelope that holds under the root and is about `component`: who signs again has more to say.
pub(crate) fn latest(
    envelopes: &[Envelope],
    root: &TrustRoot,
    component: Digest,
) -> Result<Attested, String> {
    let mut problems = Vec::new();
    let mut latest: Option<Attested> = None;
    for envelope in envelopes {
        match attestation::open(&envelope.bytes, root) {
            Ok(opened) if opened.statement.is_about([component]) => {
                let attestation = opened.statement.predicate;
                let newer = |known: &Attested| known.attestation.time < attestation.time;
                if latest.as_ref().is_none_or(newer) {
                    latest = Some(Attested {
                        envelope: envelope.bytes.clone(),
                        attestation,
                    });
                }
            }
            Ok(_) => problems.push("a signature is about another component".to_owned()),
            Err(error) => problems.push(error.to_string()),
        }
    }
    latest.ok_or_else(|| format!("no signature by the packages role holds: {}", problems.join("; ")))
}

/// The latest attestation of the component with the digest `component`, under the manifest `manifest` of a store.
pub(crate) fn of(
    store: &dyn Store,
    manifest: &Digest,
    component: Digest,
    root: &TrustRoot,
) -> Result<Attested, String> {
    let envelopes = store.envelopes(manifest, media::IN_TOTO, &Limits::default());
    latest(&envelopes.map_err(|error| error.to_string())?, root, component)
}
