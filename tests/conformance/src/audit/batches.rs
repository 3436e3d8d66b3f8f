//! What a sink is given.

use aecp_engine::sink::Entry;

/// Most bytes of a leaf.
const LEAF_LIMIT: usize = 65_535;

/// The place of the first entry in the log.
const FIRST: u64 = 41;

/// How many large entries make a batch that does not fit one message of 4 MiB.
const LARGE: u32 = 100;

/// Begins every marker; nothing else of an entry holds it.
const MARK: &str = "conformance-entry-";

/// Digits of the number behind [`MARK`].
const DIGITS: usize = 8;

/// A batch with a name.
pub(super) struct Batch {
    /// A phrase: "a batch of one entry".
    pub(super) name: &'static str,
    pub(super) entries: Vec<Entry>,
}

impl Batch {
    /// A batch of `count` entries, with leaves of at least `size` bytes.
    pub(super) fn new(name: &'static str, count: u32, size: usize) -> Self {
        let indices = FIRST..FIRST.saturating_add(count.into());
        Self {
            name,
            entries: indices.map(|index| entry(index, size)).collect(),
        }
    }
}

/// The batches that a sink must take, none larger than it wants.
pub(super) fn valid(limit: u32) -> Vec<Batch> {
    vec![
        Batch::new("a batch of one entry", 1, 0),
        Batch::new("a batch of seven entries", limit.min(7), 0),
        Batch::new("a full batch", limit, 0),
        Batch::new("a batch of one entry of 65,535 bytes", 1, LEAF_LIMIT),
        Batch::new("a batch of large entries", limit.min(LARGE), LEAF_LIMIT),
    ]
}

/// A text that stands in one entry alone.
pub(super) fn marker(index: u64) -> String {
    format!("{MARK}{index:08}")
}

/// The indices of the entries whose markers stand in a message, ascending.
pub(super) fn markers(message: &[u8]) -> Vec<u64> {
    let mut found = Vec::new();
    let mut rest = message;
    while let Some(place) = rest.windows(MARK.len()).position(|part| part == MARK.as_bytes()) {
        rest = rest.get(place.saturating_add(MARK.len())..).unwrap_or_default();
        let number = rest
            .get(..DIGITS)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        found.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// `{"marker": …, "padding": …}`, as deterministic CBOR (RFC 8949 section 4.2) and as JSON.
fn entry(index: u64, size: usize) -> Entry {
    const MAP_OF_TWO: u8 = 0xa2;
    let marker = marker(index);
    let mut leaf = vec![MAP_OF_TWO];
    text(&mut leaf, "marker");
    text(&mut leaf, &marker);
    text(&mut leaf, "padding");
    // The head of a long text is three bytes.
    let padding = "x".repeat(size.saturating_sub(leaf.len().saturating_add(3)));
    text(&mut leaf, &padding);
    let json = format!(r#"{{"marker":"{marker}","padding":"{padding}"}}"#);
    Entry { index, leaf, json }
}

/// A text string of less than 64 KiB in CBOR.
fn text(into: &mut Vec<u8>, text: &str) {
    const TEXT: u8 = 0x60;
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    match u8::try_from(length) {
        Ok(short @ 0..24) => into.push(TEXT | short),
        Ok(byte) => into.extend([TEXT | 24, byte]),
        Err(_) => {
            into.push(TEXT | 25);
            into.extend(length.to_be_bytes());
        }
    }
    into.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_as_large_as_they_can_be_and_no_larger() {
        let large = entry(41, LEAF_LIMIT);
        assert_eq!(large.leaf.len(), LEAF_LIMIT);
        assert_eq!(
            entry(41, 0).leaf,
            b"\xa2\x66marker\x78\x1aconformance-entry-00000041\x67padding\x60"
        );
        let json: serde_json::Value = serde_json::from_str(&large.json).unwrap();
        assert_eq!(json["marker"], "conformance-entry-00000041");
    }

    #[test]
    fn markers_are_found_in_leaves_and_in_json() {
        let batch = Batch::new("three", 3, 300);
        let leaves: Vec<u8> = batch
            .entries
            .iter()
            .rev()
            .flat_map(|entry| entry.leaf.clone())
            .collect();
        assert_eq!(markers(&leaves), [41, 42, 43]);
        assert_eq!(markers(batch.entries[1].json.as_bytes()), [42]);
        assert_eq!(markers(b"conformance-entry-"), [0; 0]);
    }

    #[test]
    fn no_batch_is_larger_than_wanted() {
        for limit in [1, 3, 500] {
            let wanted = usize::try_from(limit).unwrap();
            assert!(valid(limit).iter().all(|batch| batch.entries.len() <= wanted));
            assert!(valid(limit).iter().any(|batch| batch.entries.len() == wanted));
        }
    }
}
