//! Values of every type: ordinary ones, those at the limits of the contract, and those of another type.

use aecp_vocabulary::value::{Address, Network, SET_LIMIT, TEXT_LIMIT};
use aecp_vocabulary::{Type, Value};

use crate::generator::Generator;

/// Texts and numbers that inputs are made of. What a component's description mentions makes them more telling: a
/// policy that compares with "EU" shows little to values that are never "EU".
#[derive(Clone, Debug)]
pub(crate) struct Words {
    texts: Vec<String>,
    numbers: Vec<i64>,
}

impl Words {
    /// Common words, and what stands between quotes, or is a number, in `sentences`.
    pub(crate) fn of<'a>(sentences: impl Iterator<Item = &'a str>) -> Self {
        /// More would only thin out what is telling.
        const LIMIT: usize = 256;
        let common = ["", "EU", "US", "admin", "alice", "eu-west-1", "GET", "naïve"];
        let mut texts: Vec<String> = common.map(str::to_owned).into();
        let mut numbers = vec![0, 1, -1, 10, 1_000];
        for sentence in sentences {
            let between = sentence.split(['"', '`']).skip(1).step_by(2);
            texts.extend(between.map(str::to_owned));
            let digits = sentence.split(|letter: char| !letter.is_ascii_digit() && letter != '-');
            numbers.extend(digits.filter_map(|digits| digits.parse::<i64>().ok()));
        }
        texts.truncate(LIMIT);
        numbers.truncate(LIMIT);
        Self { texts, numbers }
    }

    fn text(&self, generator: &mut Generator) -> String {
        if generator.one_in(6) {
            return generator.word();
        }
        generator.pick(&self.texts).cloned().unwrap_or_default()
    }

    fn number(&self, generator: &mut Generator) -> i64 {
        let number = generator.pick(&self.numbers).copied().unwrap_or_default();
        match generator.below(4) {
            0 => number.saturating_add(1),
            1 => number.saturating_sub(1),
            _ => number,
        }
    }

    /// An ordinary value of a type.
    pub(crate) fn value(&self, of: Type, generator: &mut Generator) -> Value {
        let members = generator.below(4);
        let number = |generator: &mut Generator| self.number(generator);
        match of {
            Type::Text => Value::Text(self.text(generator)),
            Type::Integer => Value::Integer(number(generator)),
            Type::Decimal => Value::Decimal(number(generator)),
            Type::Boolean => Value::Boolean(generator.one_in(2)),
            Type::Instant => Value::Instant(instant(generator)),
            Type::Duration => Value::Duration(number(generator)),
            Type::Address => Value::Address(address(generator)),
            Type::Network => Value::Network(network(generator)),
            Type::SetOfText => Value::SetOfText(several(members, || self.text(generator))),
            Type::SetOfInteger => Value::SetOfInteger(several(members, || number(generator))),
            Type::SetOfDecimal => Value::SetOfDecimal(several(members, || number(generator))),
            Type::SetOfInstant => Value::SetOfInstant(several(members, || instant(generator))),
            Type::SetOfDuration => Value::SetOfDuration(several(members, || number(generator))),
            Type::SetOfAddress => Value::SetOfAddress(several(members, || address(generator))),
            Type::SetOfNetwork => Value::SetOfNetwork(several(members, || network(generator))),
        }
    }
}

fn several<T>(count: usize, mut one: impl FnMut() -> T) -> Vec<T> {
    (0..count).map(|_| one()).collect()
}

/// An instant between 2001 and 2033.
fn instant(generator: &mut Generator) -> i64 {
    let seconds = i64::try_from(generator.next() >> 34).unwrap_or_default();
    seconds
        .saturating_add(1_000_000_000)
        .saturating_mul(1_000_000_000)
}

const MAPPED: u128 = 0xffff_0000_0000;

fn address(generator: &mut Generator) -> Address {
    let private = MAPPED | 0x0a00_0000 | u128::from(generator.next() & 0xff);
    match generator.below(3) {
        0 => Address((u128::from(generator.next()) << 64) | u128::from(generator.next())),
        _ => Address(private),
    }
}

fn network(generator: &mut Generator) -> Network {
    let prefix = generator
        .pick(&[0_u8, 64, 96, 104, 120, 128])
        .copied()
        .unwrap_or(0);
    block(address(generator), prefix)
}

/// The block of this prefix that an address is in.
fn block(address: Address, prefix: u8) -> Network {
    let behind = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
    Network {
        address: Address(address.0 & !behind),
        prefix,
    }
}

/// Whether a block is one: a prefix that exists and no bit behind it.
pub(crate) fn is_block(network: &Network) -> bool {
    network.prefix <= 128 && block(network.address, network.prefix) == *network
}

/// Values at the limits of a type, with a name for each.
pub(crate) fn boundaries(of: Type) -> Vec<(&'static str, Value)> {
    const NUMBERS: [(&str, i64); 4] = [
        ("the lowest number", i64::MIN),
        ("the highest number", i64::MAX),
        ("zero", 0),
        ("minus one", -1),
    ];
    let scalar = |make: fn(i64) -> Value| NUMBERS.map(|(name, number)| (name, make(number))).to_vec();
    let set = |make: fn(Vec<i64>) -> Value| {
        let full = (0..SET_LIMIT).map(|member| i64::try_from(member).unwrap_or_default());
        vec![
            ("a set without members", make(Vec::new())),
            ("a set of 4,096 members", make(full.collect())),
            ("a set of one member, 4,096 times", make(vec![7; SET_LIMIT])),
            (
                "a set of the lowest and the highest number",
                make(vec![i64::MAX, i64::MIN]),
            ),
        ]
    };
    let addresses = || {
        let lowest = (0..SET_LIMIT).map(|member| u128::try_from(member).unwrap_or_default());
        lowest.map(Address)
    };
    match of {
        Type::Text => texts().map(|(name, text)| (name, Value::Text(text))).into(),
        Type::Boolean => vec![("true", Value::Boolean(true)), ("false", Value::Boolean(false))],
        Type::Integer => scalar(Value::Integer),
        Type::Decimal => scalar(Value::Decimal),
        Type::Instant => scalar(Value::Instant),
        Type::Duration => scalar(Value::Duration),
        Type::SetOfInteger => set(Value::SetOfInteger),
        Type::SetOfDecimal => set(Value::SetOfDecimal),
        Type::SetOfInstant => set(Value::SetOfInstant),
        Type::SetOfDuration => set(Value::SetOfDuration),
        Type::Address => vec![
            ("the lowest address", Value::Address(Address(0))),
            ("the highest address", Value::Address(Address(u128::MAX))),
            ("255.255.255.255", Value::Address(Address(MAPPED | 0xffff_ffff))),
        ],
        Type::Network => vec![
            ("the block of everything", Value::Network(block(Address(0), 0))),
            (
                "a block of one address",
                Value::Network(block(Address(u128::MAX), 128)),
            ),
            ("0.0.0.0/0", Value::Network(block(Address(MAPPED), 96))),
        ],
        Type::SetOfText => {
            let numbered = (0..SET_LIMIT).map(|member| format!("member {member}"));
            let mut sets = vec![
                ("a set without members", Value::SetOfText(Vec::new())),
                ("a set of 4,096 members", Value::SetOfText(numbered.collect())),
                (
                    "a set of one member, 4,096 times",
                    Value::SetOfText(vec!["again".to_owned(); SET_LIMIT]),
                ),
            ];
            sets.extend(texts().map(|(name, text)| (name, Value::SetOfText(vec![text]))));
            sets
        }
        Type::SetOfAddress => vec![
            ("a set without members", Value::SetOfAddress(Vec::new())),
            (
                "a set of 4,096 members",
                Value::SetOfAddress(addresses().collect()),
            ),
        ],
        Type::SetOfNetwork => vec![
            ("a set without members", Value::SetOfNetwork(Vec::new())),
            (
                "a set of 4,096 members",
                Value::SetOfNetwork(addresses().map(|address| block(address, 128)).collect()),
            ),
        ],
    }
}

fn texts() -> [(&'static str, String); 5] {
    [
        ("an empty text", String::new()),
        ("a text of 65,536 bytes", "x".repeat(TEXT_LIMIT)),
        (
            "65,536 bytes of characters of four bytes",
            "🦀".repeat(TEXT_LIMIT >> 2),
        ),
        (
            "a text of many scripts",
            "Grüße, Ελλάδα, 日本, \u{202e}\u{301}".to_owned(),
        ),
        (
            "a text of control characters",
            "\0\u{1}\u{7f}\r\n\"\\\u{feff}\u{10ffff}".to_owned(),
        ),
    ]
}

/// Values of other types than this one.
pub(crate) fn of_other_types(than: Type) -> impl Iterator<Item = Value> {
    let values = [
        Value::Boolean(true),
        Value::Integer(1),
        Value::Text("1".to_owned()),
        Value::SetOfText(vec!["1".to_owned()]),
        Value::Network(block(Address(MAPPED), 96)),
        Value::SetOfNetwork(vec![block(Address(0), 0)]),
    ];
    values
        .into_iter()
        .filter(move |value| value.value_type() != Some(than))
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn valid_values_have_their_type_and_keep_its_limits() {
        let words = Words::of([r#"region is not "EU" or 42"#].into_iter());
        let mut generator = Generator::new(1);
        for of in Type::ALL {
            let ordinary = (0..50).map(|_| ("ordinary", words.value(of, &mut generator)));
            for (name, value) in ordinary.chain(boundaries(of)).collect::<Vec<_>>() {
                assert_eq!(value.clone().at_position_of(of), value, "{name}");
                if let Value::Network(network) = &value {
                    assert!(is_block(network), "{name}: {network}");
                }
            }
            assert!(of_other_types(of).all(|value| value.value_type() != Some(of)));
        }
    }

    #[test]
    fn words_come_from_quotes_and_numbers() {
        let words = Words::of([r#"not in ["a", "b"], at most -42"#].into_iter());
        for text in ["a", "b"] {
            assert!(words.texts.iter().any(|known| known == text), "{text}");
        }
        assert!(words.numbers.contains(&-42));
    }

    #[test]
    fn bits_behind_the_prefix_make_no_block() {
        for (address, prefix) in [(1, 0), (1, 127), (0, 129)] {
            assert!(!is_block(&Network {
                address: Address(address),
                prefix
            }));
        }
    }
}
