//! A composed bundle, signed and put under its tag, and under the tag of its epoch.

use std::path::PathBuf;

use aecp_oci::{NamedBlob, Store, Tag, history};
use aecp_trust::bundle::Bundle;
use aecp_trust::freshness::{self, Freshness};
use aecp_trust::root::RootChain;
use aecp_trust::{Role, Signer, TrustRoot, statement};
use jiff::Timestamp;
use serde::Serialize;

use super::past::Release;
use super::{Composed, root_files};
use crate::command::{Format, print_json};
use crate::error::{Error, While};
use crate::keyfiles;
use crate::place::Place;
use crate::report::{FAINT, GOOD};

/// Where a bundle goes, and who signs it.
pub(crate) struct Publisher<'a> {
    pub(crate) place: &'a Place,
    pub(crate) tag: &'a Tag,
    pub(crate) chain: &'a RootChain,
    /// The newest root of the chain.
    pub(crate) root: &'a TrustRoot,
    /// Private keys of the releases role.
    pub(crate) keys: &'a [PathBuf],
    /// Private keys of the freshness role.
    pub(crate) freshness_keys: &'a [PathBuf],
    pub(crate) now: Timestamp,
}

/// What was published.
#[derive(Serialize)]
pub(crate) struct Published {
    bundle: String,
    name: String,
    epoch: u64,
    manifest: String,
    not_after: Timestamp,
    /// None where freshness is off.
    fresh_until: Option<Timestamp>,
    components: usize,
}

impl Publisher<'_> {
    /// Signs and publishes what follows `before`, the bundle that the tag has now.
    pub(crate) fn publish(&self, composed: Composed, before: Option<&Release>) -> Result<Published, Error> {
        let Composed { bundle, mut files } = composed;
        let epoch = bundle.epoch;
        // A tag that is too long for its epochs is told before anything moves.
        self.tag.epoch(epoch).when("naming the epoch")?;
        let signing = keyfiles::signing_keys(self.keys)?;
        let signers: Vec<&dyn Signer> = signing.iter().map(|key| key as &dyn Signer).collect();
        let sealed = bundle.seal(&signers).when("signing the bundle")?;
        // A signature that the trust root does not accept must not be published as if it were one.
        statement::open::<Bundle>(&sealed.envelope, self.root.quorum(Role::Releases))
            .when("checking the bundle's signature")?;
        let freshness = match Freshness::new(sealed.digest, epoch, self.now, self.root) {
            Some(freshness) => {
                let until = freshness.expires;
                let envelope = keyfiles::seal(self.freshness_keys, |signers| freshness.seal(signers))?;
                freshness::check(&envelope, self.root, sealed.digest, epoch, self.now)
                    .when("checking the freshness statement")?;
                Some((envelope, until))
            }
            None => None,
        };
        let fresh_until = freshness.as_ref().map(|(_, until)| *until);
        files.extend(root_files(self.chain)?);
        files.insert(0, NamedBlob::bundle(sealed.envelope));
        let freshness = freshness.as_ref().map(|(envelope, _)| envelope.as_slice());
        if let Some(before) = before {
            // It has its tag already, unless it was published by an older version of this, or the end was cut off.
            self.remember(before.bundle.epoch, &before.manifest)?;
        }
        let push = |store: &dyn Store| {
            store
                .push_bundle(self.tag, &files, freshness)
                .when("storing the bundle")
        };
        let pushed = self.place.publish(self.tag, push)?;
        self.remember(epoch, &pushed.bundle.digest)?;
        Ok(Published {
            bundle: sealed.digest.to_string(),
            name: bundle.name.clone(),
            epoch,
            manifest: pushed.bundle.digest.to_string(),
            not_after: bundle.not_after,
            fresh_until,
            components: bundle.components().count(),
        })
    }

    fn remember(&self, epoch: u64, manifest: &aecp_trust::Digest) -> Result<(), Error> {
        history::remember(self.place.store(), self.tag, epoch, manifest)
            .when(format!("keeping epoch {epoch} of `{}`", self.tag))
    }
}

impl Published {
    /// Says what was published; `how` is `released` or the like.
    pub(crate) fn show(&self, how: &str, format: Format) -> Result<(), Error> {
        if format == Format::Json {
            return print_json(self);
        }
        let Self {
            bundle,
            name,
            epoch,
            components,
            not_after,
            fresh_until,
            ..
        } = self;
        anstream::println!(
            "{GOOD}{how}{GOOD:#} {name} epoch {epoch}, {components} components {FAINT}{bundle}{FAINT:#}"
        );
        anstream::println!("valid until {not_after}, {}", keyfiles::fresh_until(*fresh_until));
        Ok(())
    }
}
