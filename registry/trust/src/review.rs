//! What reviewers say of a component, and whether enough of them approve.
//!
//! The trust root may name reviewers and how many of them must approve a policy component ([`TrustRoot::reviewers`]).
//! Whoever wrote it does not count: neither a key that signed its attestation, nor the name that the attestation gives
//! as the author's.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attestation::Attestation;
use crate::dsse::Envelope;
use crate::key::{KeyId, Quorum, Signer};
use crate::root::TrustRoot;
use crate::statement::{self, Predicate, REVIEW_TYPE, SignError, Statement, Subject};
use aecp_vocabulary::digest::Digest;

/// Whether a reviewer wants a component released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes.
    Approve,
    /// No. It stands until the same reviewer approves.
    Reject,
}

/// What a reviewer says of a component, whose digest is the statement's one subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Yes or no.
    pub verdict: Verdict,
    /// Who says it.
    pub reviewer: String,
    /// What there is to say about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When.
    pub time: Timestamp,
}

/// A review by a key that may review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// What was said.
    pub review: Review,
    /// The reviewer's key.
    pub key: KeyId,
    /// The envelope that it came in.
    pub envelope: Vec<u8>,
    /// Why it does not count as an approval, if it does not.
    pub not_counted: Option<NotCounted>,
}

/// Why an approval is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotCounted {
    /// It is a rejection.
    Rejects,
    /// The same key, or somebody of the same name, has spoken later.
    Superseded,
    /// Its key signed the component's attestation.
    AuthorsKey,
    /// The reviewer has the author's name.
    AuthorsName,
}

/// All reviews of a component that hold, by time, and how many approvals it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviews {
    /// What was said.
    pub all: Vec<Reviewed>,
    /// How many must approve.
    pub needed: u32,
    /// What is attached as a review and is none: it counts for nothing.
    pub ignored: Vec<String>,
}

/// A component that not enough reviewers approve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewsMissing {
    /// A reviewer rejects it.
    #[error("`{reviewer}` rejects it{}", comment.as_ref().map_or_else(String::new, |comment| format!(": “{comment}”")))]
    Rejected {
        /// Who.
        reviewer: String,
        /// Why.
        comment: Option<String>,
    },
    /// Too few approve it.
    #[error("{} of {needed} approvals that the trust root asks for{}", by.len(), Details { by, not_counted })]
    TooFew {
        /// How many are needed.
        needed: u32,
        /// Who approved.
        by: Vec<String>,
        /// Whose approval does not count, and why.
        not_counted: Vec<String>,
    },
}

/// Who approved, and whose approval does not count.
struct Details<'a> {
    by: &'a [String],
    not_counted: &'a [String],
}

impl fmt::Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.by.is_empty() {
            write!(f, ", by {}", self.by.join(", "))?;
        }
        if !self.not_counted.is_empty() {
            write!(f, "; not counted: {}", self.not_counted.join("; "))?;
        }
        Ok(())
    }
}

impl Predicate for Review {
    const TYPE: &'static str = REVIEW_TYPE;
}

impl Verdict {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
        }
    }
}

impl fmt::Display for NotCounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rejects => "it is a rejection",
            Self::Superseded => "the same reviewer spoke later",
            Self::AuthorsKey => "this key signed the component",
            Self::AuthorsName => "the author cannot approve",
        })
    }
}

impl Review {
    /// The signed envelope, JSON, that says this of `component`.
    ///
    /// # Errors
    /// A signer did not sign.
    pub fn seal(self, component: Digest, signers: &[&dyn Signer]) -> Result<Vec<u8>, SignError> {
        let subject = vec![Subject::new("component", component)];
        let envelope = Statement::new(subject, self).seal(signers)?;
        envelope
            .to_json()
            .map_err(|error| SignError::Unwritable(error.to_string()))
    }
}

impl Reviews {
    /// The approvals that count, by time.
    pub fn approvals(&self) -> impl Iterator<Item = &Reviewed> {
        self.all.iter().filter(|reviewed| reviewed.not_counted.is_none())
    }

    /// Whether enough approve, and nobody rejects.
    ///
    /// # Errors
    /// Who rejects it, or how many approvals are missing.
    pub fn enough(&self) -> Result<(), ReviewsMissing> {
        if self.needed == 0 {
            return Ok(());
        }
        let rejection = self
            .all
            .iter()
            .find(|reviewed| reviewed.not_counted == Some(NotCounted::Rejects));
        if let Some(Reviewed { review, .. }) = rejection {
            return Err(ReviewsMissing::Rejected {
                reviewer: review.reviewer.clone(),
                comment: review.comment.clone(),
            });
        }
        let by: Vec<String> = self
            .approvals()
            .map(|reviewed| format!("`{}`", reviewed.review.reviewer))
            .collect();
        if usize::try_from(self.needed).is_ok_and(|needed| by.len() >= needed) {
            return Ok(());
        }
        let reason = |reviewed: &Reviewed| {
            let why = reviewed.not_counted?;
            Some(format!("`{}` ({why})", reviewed.review.reviewer))
        };
        let mut not_counted: Vec<String> = self.all.iter().filter_map(reason).collect();
        not_counted.extend(self.ignored.iter().cloned());
        Err(ReviewsMissing::TooFew {
            needed: self.needed,
            by,
            not_counted,
        })
    }
}

/// What the root's reviewers say of `component` in these envelopes. `attestation` is the envelope that says where it comes
/// from, and `said` what is in it, verified.
pub fn of<'a>(
    envelopes: impl IntoIterator<Item = &'a [u8]>,
    component: Digest,
    attestation: &[u8],
    said: &Attestation,
    root: &TrustRoot,
) -> Reviews {
    let Some(quorum) = root.reviewers() else {
        return Reviews {
            all: Vec::new(),
            needed: 0,
            ignored: Vec::new(),
        };
    };
    let needed = quorum.threshold();
    let one = quorum.any();
    let (mut all, mut ignored) = (Vec::new(), Vec::new());
    for envelope in envelopes {
        match read(envelope, component, &one) {
            Ok(found) => all.extend(found),
            Err(problem) => ignored.push(problem),
        }
    }
    // The digest decides between reviews of the same moment, so that all readers count the same.
    all.sort_by_cached_key(|reviewed: &Reviewed| {
        (reviewed.review.time, Digest::of(&reviewed.envelope), reviewed.key)
    });
    let author = Author {
        keys: signers(attestation, &one),
        name: said.author.as_deref().map(folded),
    };
    count(&mut all, &author);
    Reviews { all, needed, ignored }
}

/// Who wrote a component.
struct Author {
    keys: BTreeSet<KeyId>,
    name: Option<String>,
}

/// A review for each reviewer's key that signed it.
fn read(bytes: &[u8], component: Digest, reviewers: &Quorum) -> Result<Vec<Reviewed>, String> {
    let opened = statement::open::<Review>(bytes, reviewers).map_err(|error| error.to_string())?;
    if !opened.statement.is_about([component]) {
        return Err("a review is about another component".to_owned());
    }
    let review = opened.statement.predicate;
    let reviewed = |key| Reviewed {
        review: review.clone(),
        key,
        envelope: bytes.to_vec(),
        not_counted: None,
    };
    Ok(signers(bytes, reviewers).into_iter().map(reviewed).collect())
}

/// The keys of `quorum` that signed an envelope.
fn signers(envelope: &[u8], quorum: &Quorum) -> BTreeSet<KeyId> {
    let envelope = Envelope::from_json(envelope);
    envelope
        .and_then(|envelope| envelope.signers(quorum))
        .unwrap_or_default()
}

/// One name however it is written.
fn folded(name: &str) -> String {
    let words: Vec<String> = name.split_whitespace().map(str::to_lowercase).collect();
    words.join(" ")
}

/// Says of each review, given by time, why it does not count.
fn count(all: &mut [Reviewed], author: &Author) {
    let mut keys: BTreeSet<KeyId> = BTreeSet::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    // What was said last counts; so one key is one reviewer, and so is one name.
    for reviewed in all.iter_mut().rev() {
        let name = folded(&reviewed.review.reviewer);
        // A rejection is taken back by its own key alone: anybody can write any name.
        reviewed.not_counted = if !keys.insert(reviewed.key) {
            Some(NotCounted::Superseded)
        } else if reviewed.review.verdict == Verdict::Reject {
            Some(NotCounted::Rejects)
        } else if author.keys.contains(&reviewed.key) {
            Some(NotCounted::AuthorsKey)
        } else if author.name.as_ref() == Some(&name) {
            Some(NotCounted::AuthorsName)
        } else if !names.insert(name) {
            Some(NotCounted::Superseded)
        } else {
            None
        };
    }
}
