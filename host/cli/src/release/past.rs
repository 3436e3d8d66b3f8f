//! What was released under a tag, now and before.

use aecp_oci::history::{self, Document};
use aecp_oci::{Limits, Store, Tag};
use aecp_trust::bundle::Bundle;
use aecp_trust::key::{KeyId, Quorum};
use aecp_trust::root::RootChain;
use aecp_trust::statement::{self, Opened, StatementError};
use aecp_trust::{Digest, Envelope, PublicKey, Role, TrustRoot};
use jiff::Timestamp;

use super::BACKDATED;
use crate::error::{Error, While};

/// A bundle that was released, as its signed document says.
pub(crate) struct Release {
    pub(crate) bundle: Bundle,
    /// The bundle's digest.
    pub(crate) digest: Digest,
    /// The digest of its manifest in the store.
    pub(crate) manifest: Digest,
    /// The version of the newest trust root by which the signatures hold.
    pub(crate) holds_by: u64,
    /// The keys of the releases role that have signed it.
    pub(crate) signers: Vec<KeyId>,
}

impl Release {
    /// When it was made: a bundle begins to hold a little earlier.
    pub(crate) fn made(&self) -> Timestamp {
        let begin = self.bundle.not_before;
        begin.checked_add(BACKDATED).unwrap_or(begin)
    }

    /// The epoch of what is released next.
    pub(crate) fn next_epoch(&self) -> Result<u64, Error> {
        self.bundle
            .epoch
            .checked_add(1)
            .ok_or("it is the last one")
            .when("counting the epoch")
    }
}

/// What `tag` has now, which must be signed itself: by the newest trust root, or by an earlier one, whose key was revoked
/// since.
pub(crate) fn current(store: &dyn Store, tag: &Tag, chain: &RootChain) -> Result<Option<Release>, Error> {
    let context = || format!("reading the bundle that `{tag}` has now");
    let found = history::document(store, tag, &Limits::default()).when(context())?;
    found
        .map(|document| open(document, chain).when(context()))
        .transpose()
}

/// What `tag` had in these epochs, in their order; none where the store has nothing.
pub(crate) fn of_epochs(
    store: &dyn Store,
    tag: &Tag,
    chain: &RootChain,
    epochs: &[u64],
) -> Result<Vec<Option<Release>>, Error> {
    let found = history::epochs(store, tag, epochs, &Limits::default())
        .when(format!("reading earlier epochs of `{tag}`"))?;
    let open_one = |(document, epoch): (Option<Document>, &u64)| {
        let context = || format!("reading epoch {epoch} of `{tag}`");
        let Some(document) = document else { return Ok(None) };
        let release = open(document, chain).when(context())?;
        if release.bundle.epoch != *epoch {
            return Err(format!(
                "its bundle says that it is epoch {}",
                release.bundle.epoch
            ))
            .when(context());
        }
        Ok(Some(release))
    };
    found.into_iter().zip(epochs).map(open_one).collect()
}

fn open(document: Document, chain: &RootChain) -> Result<Release, StatementError> {
    let envelope = &document.envelope;
    let by = |root: &TrustRoot| statement::open::<Bundle>(envelope, root.quorum(Role::Releases));
    let (opened, root): (Opened<Bundle>, &TrustRoot) = match by(chain.newest()) {
        Ok(opened) => (opened, chain.newest()),
        Err(error) => {
            let mut earlier: Vec<&TrustRoot> = chain.all().collect();
            earlier.reverse();
            let held = |root: &&TrustRoot| by(root).is_ok();
            let root = earlier.into_iter().find(held).ok_or(error)?;
            (by(root)?, root)
        }
    };
    Ok(Release {
        signers: signers(envelope, root.quorum(Role::Releases)),
        holds_by: root.version(),
        bundle: opened.statement.predicate,
        digest: opened.digest,
        manifest: document.manifest,
    })
}

/// The keys of a quorum whose signatures hold.
fn signers(envelope: &[u8], quorum: &Quorum) -> Vec<KeyId> {
    let Ok(envelope) = Envelope::from_json(envelope) else {
        return Vec::new();
    };
    let signed = |key: &&PublicKey| {
        Quorum::new([(*key).clone()], 1).is_ok_and(|alone| envelope.verify(&alone).is_ok())
    };
    quorum.keys().filter(signed).map(PublicKey::id).collect()
}
