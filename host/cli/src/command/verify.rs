//! `aecp verify`: is what lies in a registry what somebody signed?

use std::path::PathBuf;

use aecp_oci::{Limits, PulledBundle, Reference, Store, Tag, media};
use aecp_trust::attestation::ComponentKind;
use aecp_trust::bundle::Bundle;
use aecp_trust::review::Reviews;
use aecp_trust::{Delivery, Digest, Expectations, TrustRoot, statement, verify};
use jiff::Timestamp;

use crate::attested::{self, Known};
use crate::error::{Error, Outcome, While};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::rebuild::{self, Subject};
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
    /// Build policy components again from the stored sources, and native code from components, and compare the bytes
    #[arg(long)]
    rebuild: bool,
}

/// What holds, and what it is made of.
struct Verified {
    sentence: String,
    subjects: Vec<Subject>,
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
        Ok(Verified { sentence, subjects }) => {
            anstream::println!("{GOOD}verified{GOOD:#} {sentence}");
            if arguments.rebuild && !rebuild::all(&subjects, store)? {
                return Ok(Outcome::Bad);
            }
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

fn verify_bundle(store: &dyn Store, tag: &Tag, root: &TrustRoot) -> Result<Verified, Error> {
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
    let sentence = format!(
        "bundle {} epoch {}, {} components, {} {FAINT}{}{FAINT:#}",
        bundle.name,
        bundle.epoch,
        bundle.components().count(),
        keyfiles::fresh_until(verified.fresh_until()),
        verified.digest()
    );
    let subjects = rebuild::subjects(&verified);
    Ok(Verified { sentence, subjects })
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

fn verify_component(store: &dyn Store, reference: &Reference, root: &TrustRoot) -> Result<Verified, Error> {
    let Known {
        pulled,
        attested,
        reviews,
        ..
    } = attested::take(store, reference, root)?;
    let digest = Digest::of(&pulled.bytes);
    let attestation = attested.attestation;
    let (kind, compiler) = (attestation.kind.name(), &attestation.compiler);
    let sentence = format!(
        "{kind} component built by {} {}{} {FAINT}{digest}{FAINT:#}",
        compiler.name,
        compiler.version,
        approvals(attestation.kind, &reviews)
    );
    let subject = Subject {
        name: format!("{kind} component `{reference}`"),
        manifest: Some(pulled.manifest),
        wasm: pulled.bytes,
        attestation,
        native: Vec::new(),
        from_source: true,
    };
    Ok(Verified {
        sentence,
        subjects: vec![subject],
    })
}

/// How many approve a component, where the trust root asks for any.
fn approvals(kind: ComponentKind, reviews: &Reviews) -> String {
    match (kind, reviews.needed) {
        (ComponentKind::Context | ComponentKind::Audit, _) | (_, 0) => String::new(),
        (ComponentKind::Policy, needed) => {
            format!(", {} of {needed} approvals", reviews.approvals().count())
        }
    }
}
