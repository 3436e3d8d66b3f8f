//! What the packages role and the reviewers say of a component, out of everything that is attached to it.

use aecp_oci::{Envelope, Limits, PulledComponent, Reference, Store, media};
use aecp_trust::attestation::{self, Attestation};
use aecp_trust::review::{self, Reviews};
use aecp_trust::{Digest, TrustRoot};

use crate::error::{Error, While};

/// An attestation that holds, and the envelope that it came in.
pub(crate) struct Attested {
    pub(crate) envelope: Vec<u8>,
    pub(crate) attestation: Attestation,
}

/// A component of a store, with what is known of it.
pub(crate) struct Known {
    pub(crate) pulled: PulledComponent,
    /// All attestations that hold, oldest first; at least one.
    pub(crate) history: Vec<Attested>,
    /// The latest of them.
    pub(crate) attested: Attested,
    pub(crate) reviews: Reviews,
}

/// Takes a component out of a store, with an attestation that holds and all reviews.
pub(crate) fn take(store: &dyn Store, reference: &Reference, root: &TrustRoot) -> Result<Known, Error> {
    let context = || format!("reading component `{reference}`");
    let limits = Limits::default();
    let pulled = store
        .pull_component(reference, limits.file_bytes)
        .when(context())?;
    let digest = Digest::of(&pulled.bytes);
    let envelopes = store.envelopes(&pulled.manifest, media::IN_TOTO, &limits);
    let envelopes = envelopes.when(context())?;
    let attested = latest(&envelopes, root, digest).when(context())?;
    let history = all(&envelopes, root, digest).0;
    let reviews = reviews(store, &pulled.manifest, digest, &attested, root).when(context())?;
    Ok(Known {
        pulled,
        history,
        attested,
        reviews,
    })
}

/// The latest envelope that holds under the root and is about `component`: who signs again has more to say.
pub(crate) fn latest(
    envelopes: &[Envelope],
    root: &TrustRoot,
    component: Digest,
) -> Result<Attested, String> {
    let (mut found, problems) = all(envelopes, root, component);
    let none = || format!("no signature by the packages role holds: {}", problems.join("; "));
    found.pop().ok_or_else(none)
}

/// All that hold and are about `component`, oldest first, and why the others do not.
fn all(envelopes: &[Envelope], root: &TrustRoot, component: Digest) -> (Vec<Attested>, Vec<String>) {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for envelope in envelopes {
        match attestation::open(&envelope.bytes, root) {
            Ok(opened) if opened.statement.is_about([component]) => found.push(Attested {
                envelope: envelope.bytes.clone(),
                attestation: opened.statement.predicate,
            }),
            Ok(_) => problems.push("a signature is about another component".to_owned()),
            Err(error) => problems.push(error.to_string()),
        }
    }
    found.sort_by_key(|attested| attested.attestation.time);
    (found, problems)
}

/// What the reviewers say of the component `component`, under the manifest `manifest` of a store.
pub(crate) fn reviews(
    store: &dyn Store,
    manifest: &Digest,
    component: Digest,
    attested: &Attested,
    root: &TrustRoot,
) -> Result<Reviews, aecp_oci::Error> {
    // Where no review is asked for, whatever is attached as one cannot stop anything.
    let envelopes = match root.reviewers() {
        None => Vec::new(),
        Some(_) => match store.envelopes(manifest, media::REVIEW, &Limits::default()) {
            Err(aecp_oci::Error::NoReferrer { .. }) => Vec::new(),
            found => found?,
        },
    };
    let envelopes = envelopes.iter().map(|envelope| envelope.bytes.as_slice());
    let Attested {
        envelope,
        attestation,
    } = attested;
    Ok(review::of(envelopes, component, envelope, attestation, root))
}
