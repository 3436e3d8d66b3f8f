//! No text makes parser or checker panic, hang or forget a byte.

use aecp_compiler::package::check;
use aecp_compiler::source::SourceFile;
use aecp_compiler::syntax::parse;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::sample::Index;
use proptest::strategy::Strategy as _;
use proptest::test_runner::TestRunner;

use crate::pairs::new;

/// Sources that are well formed before they are mangled.
const SEEDS: [&str; 5] = [
    include_str!("../../../policies/eu_residency/package.aecp"),
    include_str!("../../../policies/eu_residency/residency.aecp"),
    include_str!("../../../policies/customer_api/package.aecp"),
    include_str!("../../../policies/customer_api/access.aecp"),
    "PACKAGE p { VERSION: \"1.0.0\" } SCHEMA { a: SET OF ADDRESS  b: DURATION OPTIONAL  c: CIDR  d: ADDRESS }
     POLICY q { SCOPE: requests WHERE d WITHIN [\"10.0.0.0/8\", \"::/0\"] CONSTRAINT: (b <= 1h30m OR NOT d IN a)
       AND a CONTAINS ANY [\"::1\"] AND d WITHIN c ENFORCEMENT: BLOCKING }",
];

/// What is put into sources: signs, words, and what is rare.
const PIECES: [&str; 30] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ":",
    ",",
    ".",
    "-",
    "\"",
    "\\",
    "//",
    "=",
    "NOT ",
    "AND",
    "OR",
    "IN",
    "POLICY x {",
    "TEST \"t\" {",
    "STARTS WITH",
    "LIKE \"a*/**\"",
    "MATCHES \"(a|b)*[^c]{2,3}\"",
    "WITHIN",
    "1.5",
    "99999999999999999999",
    "1h",
    "\u{202e}",
    "\u{0}",
    "ß",
    "\r",
    "\u{feff}",
];

/// One way to mangle a text.
#[derive(Clone, Debug)]
enum Change {
    Insert(Index, Index),
    Remove(Index, Index),
    Repeat(Index, Index),
}

/// Mangled sources: each is parsed and checked. Gives how many.
pub(crate) fn round(runner: &mut TestRunner) -> Result<u64, String> {
    let change = (any::<Index>(), any::<Index>(), 0..3_u8).prop_map(|(first, second, kind)| match kind {
        0 => Change::Insert(first, second),
        1 => Change::Remove(first, second),
        _ => Change::Repeat(first, second),
    });
    let mangled = (any::<Index>(), vec(change, 0..12));
    const TEXTS: u64 = 50;
    for _ in 0..TEXTS {
        let (seed, changes) = new(runner, &mangled)?;
        let mut text: Vec<char> = seed.get(&SEEDS).chars().collect();
        changes.iter().for_each(|change| change.apply(&mut text));
        let text: String = text.into_iter().collect();
        let tree = parse(0, &text);
        if tree.syntax().text() != text.as_str() {
            return Err(format!("the tree forgets what the text has: {text:?}"));
        }
        let files = [SourceFile::new("a.aecp", text.clone())];
        let checked = check(&files);
        if checked.package.is_none() && checked.errors().next().is_none() {
            return Err(format!("no package and no error: {text:?}"));
        }
        if check(&files) != checked {
            return Err(format!("two checks of one text differ: {text:?}"));
        }
    }
    Ok(TEXTS)
}

impl Change {
    fn apply(&self, text: &mut Vec<char>) {
        let behind = text.len().saturating_add(1);
        match self {
            Self::Insert(place, piece) => {
                let place = place.index(behind);
                text.splice(place..place, piece.get(&PIECES).chars());
            }
            Self::Remove(from, length) => {
                let from = from.index(behind);
                let to = from.saturating_add(length.index(40)).min(text.len());
                text.drain(from..to);
            }
            Self::Repeat(from, length) => {
                let from = from.index(behind);
                let to = from.saturating_add(length.index(200)).min(text.len());
                let again: Vec<char> = text.get(from..to).unwrap_or_default().to_vec();
                text.splice(from..from, again);
            }
        }
    }
}
