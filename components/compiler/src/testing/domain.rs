//! What generated packages and requests are about: few values of each type, so that they often meet.

use std::sync::OnceLock;

use aecp_vocabulary::value::{Address, Network};
use aecp_vocabulary::{Type, Value};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};

use crate::core::Constant;
use crate::core::time::{DAY, Window, Zone};
use crate::pattern::{Notation, Pattern};

/// The types that policies can read, those of most policies more often.
pub(super) const TYPES: [Type; 18] = [
    Type::Text,
    Type::Text,
    Type::Integer,
    Type::Integer,
    Type::Boolean,
    Type::SetOfText,
    Type::SetOfText,
    Type::Decimal,
    Type::Instant,
    Type::Duration,
    Type::Address,
    Type::Address,
    Type::Network,
    Type::SetOfInteger,
    Type::SetOfDecimal,
    Type::SetOfInstant,
    Type::SetOfDuration,
    Type::SetOfAddress,
];
pub(super) const TEXTS: [&str; 8] = [
    "",
    "a",
    "b",
    "EU",
    "eu-west-1",
    "eu-west-2",
    "eu-central-1",
    "größe",
];
pub(super) const INTEGERS: [i64; 7] = [i64::MIN, -2, -1, 0, 1, 2, i64::MAX];
/// Neighbours, halves that differ, and the ends of what networks below hold.
pub(super) const ADDRESSES: [u128; 9] = [
    0,
    1,
    u128::MAX,
    0xffff_0a00_0001,
    0xffff_0aff_ffff,
    0xffff_0b00_0000,
    0x2001_0db8 << 96,
    (0x2001_0db8 << 96) | 0xffff_ffff_ffff_ffff,
    (0x2001_0db9 << 96) - 1,
];
/// First address and prefix.
pub(super) const NETWORKS: [(u128, u8); 8] = [
    (0, 0),
    (0xffff_0a00_0000, 104),
    (0xffff_0a00_0000, 127),
    (0x2001_0db8 << 96, 32),
    (0x2001_0db8 << 96, 64),
    (0x2001_0db8 << 96, 65),
    (u128::MAX, 128),
    (1 << 127, 1),
];
/// Around the changes of zones, and around the ends of what their tables span.
pub(super) const INSTANTS: [i64; 8] = [
    1_774_745_999_999_999_999,
    1_774_746_000_000_000_000,
    1_792_889_999_999_999_999,
    1_792_890_000_000_000_000,
    1_772_953_200_000_000_000,
    1_800_000_000_000_000_000,
    4_102_444_799_999_999_999,
    4_102_444_800_000_000_000,
];
pub(super) const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"];
pub(super) const AFFIXES: [&str; 6] = ["", "e", "eu-", "eu-west-1", "1", "xxxxxxxxxxxx"];
pub(super) const GLOBS: [&str; 12] = [
    "",
    "*",
    "**",
    "a",
    "eu-*",
    "*-1",
    "e**-*1",
    "*/*",
    "gr*e",
    "\\*",
    "**.*",
    "eu-west-*/**",
];
pub(super) const EXPRESSIONS: [&str; 12] = [
    "",
    ".*",
    ".{5}",
    "eu-(west|central)-[12]",
    "[a-z]{1,3}",
    "(?i)eu.*",
    "[^a]",
    "a|b|größe",
    "x+",
    "[a&&b]",
    "^.*-1$",
    "\\w*[^\\w-].*",
];
/// Texts that are no constants, and that patterns tell apart.
pub(super) const OTHER_TEXTS: [&str; 8] = [
    "A",
    "eu-west-10",
    "eu",
    "*",
    "a/b",
    "eu-west-1/a.b",
    "x.1",
    "grüße\n",
];
pub(super) fn zones() -> Vec<Zone> {
    static ALL: OnceLock<Vec<Zone>> = OnceLock::new();
    let all = || {
        ZONES
            .iter()
            .map(|name| Zone::new(name).expect("a zone"))
            .collect()
    };
    ALL.get_or_init(all).clone()
}

/// Times of day are whole quarters of an hour, so that they often meet the changes of zones.
pub(super) fn window() -> impl Strategy<Value = Window> {
    let quarter = DAY / 96;
    prop_oneof![
        (1_u8..128).prop_map(Window::Days),
        (0_i64..96, 1_i64..96).prop_map(move |(from, length)| Window::Hours {
            from: from * quarter,
            to: match (from + length) % 96 {
                0 => DAY,
                end => end * quarter,
            },
        }),
    ]
}

/// Sorted patterns in one notation.
pub(super) fn patterns() -> impl Strategy<Value = Vec<Pattern>> {
    let notation = |notation: Notation, written: &[&str]| {
        let compiled = |written: &&str| Pattern::new(notation, written).expect("a proper pattern");
        let mut patterns: Vec<Pattern> = written.iter().map(compiled).collect();
        patterns.sort();
        subsequence(patterns, 1..=3)
    };
    prop_oneof![
        notation(Notation::Glob, &GLOBS),
        notation(Notation::Expression, &EXPRESSIONS)
    ]
}

pub(super) fn constants(value_type: Type) -> Vec<Constant> {
    match value_type {
        Type::Integer => INTEGERS.iter().map(|number| Constant::Integer(*number)).collect(),
        Type::Boolean => vec![Constant::Boolean(false), Constant::Boolean(true)],
        Type::Decimal => INTEGERS.iter().map(|number| Constant::Decimal(*number)).collect(),
        Type::Instant => INTEGERS
            .iter()
            .chain(&INSTANTS)
            .map(|number| Constant::Instant(*number))
            .collect(),
        Type::Duration => INTEGERS
            .iter()
            .map(|number| Constant::Duration(*number))
            .collect(),
        Type::Address => ADDRESSES
            .iter()
            .map(|bits| Constant::Address(Address(*bits)))
            .collect(),
        _ => TEXTS
            .iter()
            .map(|text| Constant::Text((*text).to_owned()))
            .collect(),
    }
}

pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(&TEXTS[..]).prop_map(str::to_owned),
        2 => select(&OTHER_TEXTS[..]).prop_map(str::to_owned),
        1 => Just("x".repeat(300)),
    ]
}

pub(super) fn networks() -> Vec<Network> {
    let network = |(bits, prefix): &(u128, u8)| Network {
        address: Address(*bits),
        prefix: *prefix,
    };
    NETWORKS.iter().map(network).collect()
}

pub(super) fn value_of(declared: Type) -> BoxedStrategy<Value> {
    let integer = || select(&INTEGERS[..]);
    let integers = || vec(integer(), 0..5);
    let address = || select(&ADDRESSES[..]).prop_map(Address);
    match declared {
        Type::Text => text().prop_map(Value::Text).boxed(),
        Type::Integer => integer().prop_map(Value::Integer).boxed(),
        Type::Decimal => integer().prop_map(Value::Decimal).boxed(),
        Type::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Type::Instant => prop_oneof![integer(), select(&INSTANTS[..])]
            .prop_map(Value::Instant)
            .boxed(),
        Type::Duration => integer().prop_map(Value::Duration).boxed(),
        Type::Address => address().prop_map(Value::Address).boxed(),
        Type::Network => select(networks()).prop_map(Value::Network).boxed(),
        Type::SetOfText => vec(text(), 0..5).prop_map(Value::SetOfText).boxed(),
        Type::SetOfInteger => integers().prop_map(Value::SetOfInteger).boxed(),
        Type::SetOfDecimal => integers().prop_map(Value::SetOfDecimal).boxed(),
        Type::SetOfInstant => integers().prop_map(Value::SetOfInstant).boxed(),
        Type::SetOfDuration => integers().prop_map(Value::SetOfDuration).boxed(),
        Type::SetOfAddress => vec(address(), 0..5).prop_map(Value::SetOfAddress).boxed(),
        Type::SetOfNetwork => vec(select(networks()), 0..3)
            .prop_map(Value::SetOfNetwork)
            .boxed(),
    }
}

/// A value of any type of the contract.
pub(super) fn other_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        9 => select(&TYPES[..]).prop_flat_map(value_of),
        1 => value_of(Type::SetOfNetwork),
    ]
}
