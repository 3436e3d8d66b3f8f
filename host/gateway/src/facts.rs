//! What evidence says was known about a request. Personal values become commitments; their openings go to the
//! erasable side store.

use std::sync::Arc;

use aecp_engine::Failure;
use aecp_evidence::{ComponentRecord, ComponentResult, Fact, Intent, Opening, Question, Recorded};
use aecp_vocabulary::value::Address;
use aecp_vocabulary::{Digest, Outcomes, Value};

use crate::context::{Facts, Plan};
use crate::guard::{Asked, Refused};

/// What stands in a sentence in place of a personal value.
const HIDDEN: &str = "[personal]";

/// One attribute of a request, before it is written.
struct Known {
    question: Question,
    name: Arc<str>,
    value: Value,
    personal: bool,
    read: bool,
}

/// What was known about a request.
pub(crate) struct Account {
    known: Vec<Known>,
}

/// What policies read, and what evidence records beside it.
pub(crate) fn account(plan: &Plan, facts: &Facts<'_>, table: Vec<Value>) -> Account {
    let read = plan.table().iter().zip(table).map(|(planned, value)| Known {
        question: planned.question,
        name: Arc::clone(&planned.label),
        value,
        personal: planned.personal,
        read: true,
    });
    let beside = plan.beside(facts).into_iter().map(|(planned, value)| Known {
        question: planned.question,
        name: Arc::clone(&planned.label),
        value,
        personal: planned.personal,
        read: false,
    });
    Account {
        known: read.chain(beside).collect(),
    }
}

/// What each component said, in the order of the bundle. Takes the answers.
pub(crate) fn components(
    digests: &[Digest],
    answers: &mut Vec<Result<Outcomes, Failure>>,
) -> Vec<ComponentRecord> {
    let record = |(digest, answer): (&Digest, Result<Outcomes, Failure>)| ComponentRecord {
        digest: *digest,
        result: match answer {
            Ok(outcomes) => ComponentResult::Outcomes(outcomes),
            Err(failure) => ComponentResult::Failed(failure.denial().name().to_owned()),
        },
    };
    digests.iter().zip(answers.drain(..)).map(record).collect()
}

impl Account {
    /// Of a request that no policy was asked about.
    pub(crate) fn of_request(asked: &Asked<'_>) -> Self {
        Self::of(Some(asked.head), asked.peer)
    }

    /// Of a request that was refused before.
    pub(crate) fn of_refused(refused: &Refused<'_>) -> Self {
        Self::of(refused.head, refused.peer)
    }

    fn of(head: Option<&crate::canonical::Head>, peer: std::net::IpAddr) -> Self {
        let known = |name: &str, value| Known {
            question: Question::of_attribute(name),
            name: name.into(),
            value,
            personal: false,
            read: false,
        };
        let text = |name: &str, text: &str| known(name, Value::Text(text.to_owned()));
        let mut account = Self {
            known: vec![known("connection.peer", Value::Address(Address::from(peer)))],
        };
        if let Some(head) = head {
            account.known.push(text("request.method", head.method.as_str()));
            account.known.push(text("request.host", head.host.as_str()));
            account.known.push(text("request.path", &head.path));
        }
        account
    }

    /// Writes the facts into `intent`, and takes personal values out of its sentences. Gives the openings of
    /// the commitments in it.
    ///
    /// # Errors
    /// The operating system gives no randomness.
    pub(crate) fn write(&mut self, intent: &mut Intent) -> std::io::Result<Vec<Opening>> {
        let mut openings = Vec::new();
        intent.facts.reserve_exact(self.known.len());
        for Known {
            question,
            name,
            value,
            personal,
            read,
        } in self.known.drain(..)
        {
            let recorded = if personal && value != Value::Absent {
                hide(intent, &value);
                let opening = Opening::new(&*name, value)?;
                let commitment = opening.commitment();
                openings.push(opening);
                Recorded::Commitment(commitment)
            } else {
                Recorded::Value(value)
            };
            intent.facts.push(Fact {
                question,
                read,
                name,
                value: recorded,
            });
        }
        Ok(openings)
    }
}

/// Reasons are sentences that may hold values. A personal one must not come into the log that way.
fn hide(intent: &mut Intent, value: &Value) {
    let mut hidden = match value {
        Value::SetOfText(members) => members.clone(),
        _ => Vec::new(),
    };
    hidden.push(value.to_string());
    for text in hidden.iter().filter(|text| !text.is_empty()) {
        let replace = |sentence: &mut String| {
            if sentence.contains(text.as_str()) {
                *sentence = sentence.replace(text.as_str(), HIDDEN);
            }
        };
        replace(&mut intent.reason);
        intent
            .findings
            .iter_mut()
            .for_each(|finding| replace(&mut finding.reason));
        for obligation in &mut intent.obligations {
            obligation
                .arguments
                .iter_mut()
                .for_each(|(_, argument)| replace(argument));
        }
    }
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::{Decision, Denial};

    use super::*;

    #[test]
    fn personal_values_leave_only_commitments() {
        let decision = Decision::refused(Denial::Violated, "alice@example.org may not read this");
        let mut intent = Intent::of("1", [0; 32], &decision);
        let mail = Known {
            question: Question::Identity,
            name: "identity.mail".into(),
            value: Value::Text("alice@example.org".into()),
            personal: true,
            read: true,
        };
        let region = Known {
            question: Question::Resource,
            name: "customer.region".into(),
            value: Value::Text("EU".into()),
            personal: false,
            read: true,
        };
        let openings = Account {
            known: vec![mail, region],
        }
        .write(&mut intent)
        .unwrap();
        assert_eq!(intent.inputs().count(), 2);
        assert_eq!(
            intent.facts[0].value,
            Recorded::Commitment(openings[0].commitment())
        );
        assert!(!format!("{intent:?}").contains("alice"));
        assert_eq!(intent.reason, "[personal] may not read this");
    }
}
