//! Texts that are hard to tell apart.

use aecp_compiler::core::{Atom, Condition, InputIndex, Relation};
use aecp_vocabulary::{Type, Value};

use crate::build::{Dice, holds, input, is, package};
use crate::{assert_same, load};

/// A step of the hash by which emitted code finds the class of a text.
fn step(hash: u64, word: u64) -> u64 {
    let hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ (hash >> 32)
}

/// A text of 16 bytes that emitted code cannot tell from `text` by hash, with one of its seeds.
fn colliding(text: &str, seed: u64, dice: &mut Dice) -> String {
    // The multiplier's inverse, by Newton's method: each round doubles the correct bits.
    let inverse = (0..6).fold(1_u64, |inverse, _| {
        inverse.wrapping_mul(2_u64.wrapping_sub(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(inverse)))
    });
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().unwrap());
    let goal = step(
        step(seed, word(&text.as_bytes()[..8])),
        word(&text.as_bytes()[8..]),
    );
    let before = (goal ^ (goal >> 32)).wrapping_mul(inverse);
    loop {
        let first: Vec<u8> = (0..8)
            .map(|_| u8::try_from(u64::from(b'a') + dice.roll(26)).unwrap())
            .collect();
        let second = before ^ step(seed, word(&first));
        let bytes = [first, second.to_le_bytes().to_vec()].concat();
        if let Ok(found) = String::from_utf8(bytes)
            && found != text
        {
            return found;
        }
    }
}

#[test]
fn texts_with_equal_hashes_are_told_apart() {
    let mut dice = Dice(1);
    let constant = "resource-type-16";
    let seeds = (1..=8_u64).map(|attempt| 0x9e37_79b9_7f4a_7c15_u64.rotate_left(7).wrapping_mul(attempt));
    let others: Vec<String> = seeds.map(|seed| colliding(constant, seed, &mut dice)).collect();
    let inputs = [("a.text", Type::Text)];
    let alone = [package(&inputs, vec![(holds(), is(0, constant))])];
    let component = load(&alone);
    for other in others.iter().map(String::as_str).chain([constant]) {
        assert_same(&alone, &component, &[Value::Text(other.to_owned())]);
    }
    // Both as constants: a chain in the table, whatever the seed.
    let both = others
        .iter()
        .map(|other| (is(0, other.as_str()), is(0, constant)));
    let both = [package(
        &inputs,
        both.chain([(is(0, constant), holds())]).collect(),
    )];
    let component = load(&both);
    for other in others.iter().map(String::as_str).chain([constant]) {
        assert_same(&both, &component, &[Value::Text(other.to_owned())]);
    }
}

#[test]
fn texts_of_every_length_and_shared_prefix_are_told_apart() {
    let long = |length: usize, last: char| {
        let mut text = "x".repeat(length);
        text.push(last);
        text
    };
    let lengths = [
        0, 1, 2, 3, 6, 7, 8, 9, 14, 15, 16, 17, 30, 31, 32, 63, 64, 65, 1_000, 65_535,
    ];
    let mut constants = vec![String::new()];
    constants.extend(lengths.iter().map(|length| long(*length, 'a')));
    let inputs = [
        ("a.text", Type::Text),
        ("b.text", Type::Text),
        ("c.set", Type::SetOfText),
    ];
    let same = Condition::Atom(Atom::Compare {
        left: input(0),
        relation: Relation::Equal,
        right: input(1),
    });
    let has = |index| {
        Condition::Atom(Atom::Contains {
            set: InputIndex(2),
            element: input(index),
        })
    };
    let mut policies: Vec<_> = constants
        .iter()
        .map(|constant| (holds(), is(0, constant.as_str())))
        .collect();
    policies.extend([(same, holds()), (has(0), has(1))]);
    let packages = [package(&inputs, policies)];
    let component = load(&packages);
    for length in lengths {
        for last in ['a', 'b'] {
            for other in [
                long(length, 'a'),
                String::new(),
                long(length.saturating_sub(1), 'a'),
            ] {
                let set = Value::SetOfText(vec![long(length, 'b'), other.clone(), String::new()]);
                let values = [Value::Text(long(length, last)), Value::Text(other), set];
                assert_same(&packages, &component, &values);
            }
        }
    }
    let empty = [
        Value::Text(String::new()),
        Value::Text(String::new()),
        Value::SetOfText(Vec::new()),
    ];
    assert_same(&packages, &component, &empty);
}
