//! `aecp verify`: is what lies in a registry what somebody signed?

use std::path::PathBuf;

use aecp_oci::{Limits, PulledBundle, Reference, Store, Tag, media};
use aecp_trust::bundle::Bundle;
use aecp_trust::{Delivery, Digest, Expectations, TrustRoot, attestation, statement, verify};
use jiff::Timestamp;

use crate::error::{Error, Outcome, While};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::report::{self, BAD, FAINT, GOOD};

/// Verify a bundle or a component in a layout folder or registry, as an enforcement point would
///
/// Exits with 1 if anything does not hold, and names it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The tag, or the digest of a component's manifest; or with the registry in front of it, as in
    /// `registry.example/aecp/policies:tag`
    #[arg(value_name = "TAG|DIGEST")]
    reference: String,
    #[command(flatten)]
    place: PlaceArguments,
    /// The trust root
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let root = keyfiles::trust_root(&arguments.root)?;
    let (place, reference) = arguments.place.open_for(&arguments.reference)?;
    let store = place.store();
    let verified = match is_bundle(store, &reference) {
        Ok(Some(tag)) => verify_bundle(store, &tag, &root),
        Ok(None) => verify_component(store, &reference, &root),
        Err(error) => Err(error),
    };
    match verified {
        Ok(sentence) => {
            anstream::println!("{GOOD}verified{GOOD:#} {sentence}");
            Ok(Outcome::Good)
        }
        Err(error) => {
            report::failure(&error);
            anstream::println!("{BAD}not verified{BAD:#} {}", arguments.reference);
            Ok(Outcome::Bad)
        }
    }
}

fn is_bundle(store: &dyn Store, reference: &Reference) -> Result<Option<Tag>, Error> {
    let context = || format!("reading `{reference}`");
    let descriptor = store.resolve(reference).when(context())?;
    let manifest = store
        .manifest(&descriptor, Limits::default().manifest_bytes)
        .when(context())?;
    Ok(match reference {
        Reference::Tag(tag) if manifest.kind() == media::BUNDLE => Some(tag.clone()),
        _ => None,
    })
}

fn verify_bundle(store: &dyn Store, tag: &Tag, root: &TrustRoot) -> Result<String, Error> {
    let pulled = store
        .pull_bundle(tag, &Limits::default())
        .when(format!("reading bundle `{tag}`"))?;
    let delivery = delivery(pulled);
    let context = || format!("verifying bundle `{tag}`");
    // Which enforcement points it is for is not asked here, so it gets the labels that it selects.
    let labels = statement::open_unverified::<Bundle>(&delivery.bundle)
        .when(context())?
        .statement
        .predicate
        .selectors;
    let expectations = Expectations {
        now: Timestamp::now(),
        high_water: None,
        labels,
        platform: None,
    };
    let verified = verify(&delivery, root, &expectations).when(context())?;
    let bundle = verified.bundle();
    Ok(format!(
        "bundle {} epoch {}, {} components, {} {FAINT}{}{FAINT:#}",
        bundle.name,
        bundle.epoch,
        bundle.components().count(),
        keyfiles::fresh_until(verified.fresh_until()),
        verified.digest()
    ))
}

/// A pulled bundle as what trust verifies.
fn delivery(pulled: PulledBundle) -> Delivery {
    let mut delivery = Delivery {
        freshness: pulled.freshness.unwrap_or_default(),
        ..Delivery::default()
    };
    for (name, bytes) in pulled.files {
        // A file that means nothing to an enforcement point needs no verification.
        delivery.add_file(&name, bytes);
    }
    delivery
}

fn verify_component(store: &dyn Store, reference: &Reference, root: &TrustRoot) -> Result<String, Error> {
    let context = || format!("verifying component `{reference}`");
    let limits = Limits::default();
    let pulled = store
        .pull_component(reference, limits.file_bytes)
        .when(context())?;
    let envelopes = store
        .envelopes(&pulled.manifest, media::IN_TOTO, &limits)
        .when(context())?;
    let digest = Digest::of(&pulled.bytes);
    let mut problems = Vec::new();
    for envelope in envelopes {
        match attestation::open(&envelope.bytes, root) {
            Ok(opened) if opened.statement.is_about([digest]) => {
                let said = opened.statement.predicate;
                let (kind, compiler) = (said.kind.name(), &said.compiler);
                return Ok(format!(
                    "{kind} component built by {} {} {FAINT}{digest}{FAINT:#}",
                    compiler.name, compiler.version
                ));
            }
            Ok(_) => problems.push("a signature is about another component".to_owned()),
            Err(error) => problems.push(error.to_string()),
        }
    }
    Err(Error::part(context())(format!(
        "no signature by the packages role holds: {}",
        problems.join("; ")
    )))
}
