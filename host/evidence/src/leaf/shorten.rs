//! What a leaf leaves out when it would be too large, so that no ordinary request is ever refused for its size.

use sha2::{Digest, Sha256};

use super::fields::write_recorded;
use super::{Event, Fact, Intent, Recorded, Shortened};
use crate::cbor::Writer;

/// How often a leaf can be shortened, each time further.
pub(super) const ROUNDS: usize = 4;

/// Most bytes of a text or value, and most members of a list, in each round.
const LIMITS: [(usize, usize); ROUNDS] = [(4_096, 512), (1_024, 128), (256, 64), (64, 32)];

impl Event {
    pub(super) fn shorten(&mut self, round: usize) {
        let Some(&(text, list)) = LIMITS.get(round) else {
            return;
        };
        match self {
            Self::Intent(intent) => shorten_intent(intent, text, list),
            Self::Outcome(outcome) => {
                cut(&mut outcome.detail, text);
            }
            Self::Lifecycle(lifecycle) => {
                cut(&mut lifecycle.subject, text);
                cut(&mut lifecycle.detail, text);
            }
        }
    }
}

fn shorten_intent(intent: &mut Intent, text: usize, list: usize) {
    let mut tally = intent.shortened;
    shorten_list(&mut intent.findings, list, &mut tally);
    shorten_list(&mut intent.covered_by, list, &mut tally);
    shorten_list(&mut intent.obligations, list, &mut tally);
    shorten_list(&mut intent.lineage, list, &mut tally);
    let texts = [&mut intent.request_id, &mut intent.policy_id, &mut intent.reason]
        .into_iter()
        .chain(intent.route.as_mut())
        .chain(intent.lineage.iter_mut())
        .chain(intent.findings.iter_mut().map(|finding| &mut finding.reason))
        .chain(
            intent
                .obligations
                .iter_mut()
                .flat_map(|raised| raised.arguments.iter_mut().map(|(_, value)| value)),
        );
    for each in texts {
        if cut(each, text) {
            tally.texts = tally.texts.saturating_add(1);
        }
    }
    // What policies read stays whole as a list: it is what a replay needs.
    let (mut facts, mut beside): (Vec<Fact>, Vec<Fact>) = std::mem::take(&mut intent.facts)
        .into_iter()
        .partition(|fact| fact.read);
    shorten_list(&mut beside, list, &mut tally);
    facts.append(&mut beside);
    shorten_facts(&mut facts, text, &mut tally);
    intent.facts = facts;
    intent.shortened = tally;
}

fn shorten_list<T>(members: &mut Vec<T>, limit: usize, tally: &mut Shortened) {
    let excess = members.len().saturating_sub(limit);
    members.truncate(limit);
    tally.entries = tally
        .entries
        .saturating_add(u64::try_from(excess).unwrap_or(u64::MAX));
}

fn shorten_facts(facts: &mut [Fact], limit: usize, tally: &mut Shortened) {
    for fact in facts {
        if !matches!(fact.value, Recorded::Value(_)) {
            continue;
        }
        let mut writer = Writer::default();
        write_recorded(&mut writer, &fact.value);
        if writer.len() > limit {
            let bytes = writer.into_bytes();
            fact.value = Recorded::Omitted {
                bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                sha256: Sha256::digest(&bytes).into(),
            };
            tally.texts = tally.texts.saturating_add(1);
        }
    }
}

/// Cuts `text` to about `limit` bytes and says so at its end. Gives whether it did.
fn cut(text: &mut String, limit: usize) -> bool {
    // A mark needs some bytes itself; a text that is just over the limit would not get shorter.
    if text.len() <= limit.saturating_add(32) {
        return false;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    let lost = text.len().saturating_sub(end);
    text.truncate(end);
    text.push_str(&format!("…[+{lost} bytes]"));
    true
}
