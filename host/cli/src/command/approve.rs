//! `aecp approve`: a reviewer's yes or no.

use std::path::PathBuf;

use aecp_oci::{Reference, media};
use aecp_trust::Digest;
use aecp_trust::review::{self, NotCounted, Review, Verdict};
use jiff::Timestamp;

use crate::attested;
use crate::error::{Error, Outcome, While};
use crate::keyfiles;
use crate::place::PlaceArguments;
use crate::report::{BAD, FAINT, GOOD};

/// Approve or reject a component, as a reviewer
///
/// The review is signed and stored beside the component. The trust root says who may review, and how many must approve a
/// component before it can be released; whoever wrote it does not count. A rejection stands until its reviewer approves.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The component: its tag, or the digest of its manifest
    #[arg(value_name = "TAG|DIGEST")]
    reference: Reference,
    #[command(flatten)]
    place: PlaceArguments,
    /// The trust root
    #[arg(long, default_value = "root.json")]
    root: PathBuf,
    /// The reviewer's private key
    #[arg(long, value_name = "FILE.key")]
    key: PathBuf,
    /// The reviewer's name
    #[arg(long, value_name = "NAME")]
    reviewer: String,
    /// What there is to say
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Reject it
    #[arg(long)]
    reject: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let reference = &arguments.reference;
    let refused = |detail: String| Err(Error::part(format!("reviewing component `{reference}`"))(detail));
    let root = keyfiles::trust_root(&arguments.root)?;
    let key = keyfiles::signing_key(&arguments.key)?;
    let Some(reviewers) = root.reviewers() else {
        return refused(
            "the trust root asks for no reviews; `aecp trust rotate --role reviewers=FILE.pub --reviews N` makes it"
                .to_owned(),
        );
    };
    let id = key.public_key().id();
    if !reviewers.keys().any(|known| known.id() == id) {
        return refused(format!(
            "the key {id} is none of the reviewers' that the trust root names; `aecp trust show` lists them"
        ));
    }
    if arguments.reviewer.trim().is_empty() {
        return refused("give the reviewer's name".to_owned());
    }
    let place = arguments.place.open()?;
    let store = place.store();
    let known = attested::take(store, reference, &root)?;
    let digest = Digest::of(&known.pulled.bytes);
    let verdict = if arguments.reject {
        Verdict::Reject
    } else {
        Verdict::Approve
    };
    let review = Review {
        verdict,
        reviewer: arguments.reviewer.clone(),
        comment: arguments.comment.clone(),
        time: Timestamp::now(),
    };
    let envelope = review.seal(digest, &[&key]).when("signing")?;
    let before = known
        .reviews
        .all
        .iter()
        .map(|reviewed| reviewed.envelope.as_slice());
    let attested = &known.attested;
    let after = review::of(
        before.chain([envelope.as_slice()]),
        digest,
        &attested.envelope,
        &attested.attestation,
        &root,
    );
    let own = after.all.iter().find(|reviewed| reviewed.envelope == envelope);
    match own.and_then(|reviewed| reviewed.not_counted) {
        Some(NotCounted::AuthorsKey) => {
            return refused("this key signed the component, and its author cannot approve it".to_owned());
        }
        Some(NotCounted::AuthorsName) => {
            let name = &arguments.reviewer;
            return refused(format!(
                "`{name}` wrote the component, and its author cannot approve it"
            ));
        }
        _ => {}
    }
    store
        .attach(&known.pulled.manifest, media::REVIEW, &envelope)
        .when("storing the review")?;
    let (count, needed) = (after.approvals().count(), after.needed);
    let said = format!("{reference}, {count} of {needed} approvals {FAINT}{digest}{FAINT:#}");
    match verdict {
        Verdict::Approve => anstream::println!("{GOOD}approved{GOOD:#} {said}"),
        Verdict::Reject => anstream::println!("{BAD}rejected{BAD:#} {said}"),
    }
    Ok(Outcome::Good)
}
