//! Values as texts: how people write them in policies, headers, queries and tests, and how reasons show them.
//!
//! A text that is not in the one form of its type is no value: two readers must not see two values.
//!
//! | type | text |
//! |---|---|
//! | INTEGER | digits, `-` before them, no leading zeros |
//! | DECIMAL | as INTEGER, with up to six digits behind a point |
//! | BOOLEAN | `true`, `false` |
//! | INSTANT | RFC 3339, with an offset: `2026-01-31T08:00:00Z` |
//! | DURATION | numbers with units, the largest first: `1h30m`; `d h m s ms us ns` |
//! | ADDRESS | IPv4 in four decimal parts, or IPv6 (RFC 4291) |
//! | CIDR | an address without bits behind the prefix, `/`, the prefix: `10.0.0.0/8` |
//! | SET OF … | its members with commas between them; empty ones do not count (RFC 9110 section 5.6.1) |

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use crate::value::{Address, DECIMAL_UNIT, Network, Type, Value};

/// Why a text is not a value of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotInForm(&'static str);

/// Digits behind the point of a decimal.
const DECIMAL_DIGITS: usize = 6;

/// The units of durations in nanoseconds, the largest first.
const UNITS: [(&str, i64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// The value of type `declared` that `text` writes.
///
/// # Errors
/// It is not in the one form that the type has; see the module.
pub fn read(text: &str, declared: Type) -> Result<Value, NotInForm> {
    Ok(match declared {
        Type::Text => Value::Text(text.to_owned()),
        Type::Integer => Value::Integer(integer(text)?),
        Type::Decimal => Value::Decimal(decimal(text)?),
        Type::Boolean => match text {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => return Err(NotInForm("not `true` or `false`")),
        },
        Type::Instant => Value::Instant(instant(text)?),
        Type::Duration => Value::Duration(duration(text)?),
        Type::Address => Value::Address(address(text)?),
        Type::Network => Value::Network(network(text)?),
        Type::SetOfText => Value::SetOfText(members(text).map(str::to_owned).collect()),
        Type::SetOfInteger => Value::SetOfInteger(each(text, integer)?),
        Type::SetOfDecimal => Value::SetOfDecimal(each(text, decimal)?),
        Type::SetOfInstant => Value::SetOfInstant(each(text, instant)?),
        Type::SetOfDuration => Value::SetOfDuration(each(text, duration)?),
        Type::SetOfAddress => Value::SetOfAddress(each(text, address)?),
        Type::SetOfNetwork => Value::SetOfNetwork(each(text, network)?),
    })
}

fn members(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|member| !member.is_empty())
}

fn each<T>(text: &str, one: fn(&str) -> Result<T, NotInForm>) -> Result<Vec<T>, NotInForm> {
    members(text).map(one).collect()
}

fn is_number(digits: &str) -> bool {
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'))
}

/// An INTEGER.
///
/// # Errors
/// Not in form, or beyond 64 bits.
pub fn integer(text: &str) -> Result<i64, NotInForm> {
    let wrong = NotInForm("not an integer of 64 bits");
    let digits = text.strip_prefix('-').unwrap_or(text);
    if is_number(digits) && text != "-0" {
        text.parse().map_err(|_| wrong)
    } else {
        Err(wrong)
    }
}

/// A DECIMAL, in units of 1 / [`DECIMAL_UNIT`].
///
/// # Errors
/// Not in form, with more digits behind the point than there are units for, or beyond 64 bits.
pub fn decimal(text: &str) -> Result<i64, NotInForm> {
    let wrong = NotInForm("not a decimal with at most six digits behind its point, of 64 bits");
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1_i64, rest),
        None => (1, text),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, "0"));
    let proper = is_number(whole)
        && (1..=DECIMAL_DIGITS).contains(&fraction.len())
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !proper {
        return Err(wrong);
    }
    let whole: i64 = whole.parse().map_err(|_| wrong)?;
    let fraction: i64 = format!("{fraction:0<DECIMAL_DIGITS$}")
        .parse()
        .map_err(|_| wrong)?;
    let units = whole
        .checked_mul(DECIMAL_UNIT)
        .and_then(|units| units.checked_mul(sign))
        .and_then(|units| units.checked_add(fraction.checked_mul(sign)?));
    units.ok_or(wrong)
}

/// An INSTANT, in nanoseconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// Not in form, or outside the years 1677 to 2262.
pub fn instant(text: &str) -> Result<i64, NotInForm> {
    let wrong = NotInForm("not an instant of RFC 3339 between 1678 and 2262, as in `2026-01-31T08:00:00Z`");
    // The parser takes more spellings than RFC 3339 has.
    let strict = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T') && !text.contains(['[', ' ']);
    let time: jiff::Timestamp = text.parse().ok().filter(|_| strict).ok_or(wrong)?;
    i64::try_from(time.as_nanosecond()).map_err(|_| wrong)
}

/// A DURATION, in nanoseconds.
///
/// # Errors
/// Not in form, or beyond 64 bits.
pub fn duration(text: &str) -> Result<i64, NotInForm> {
    let wrong =
        NotInForm("not a duration, as in `1h30m`: numbers with units `d h m s ms us ns`, the largest first");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1_i64, rest),
        None => (1, text),
    };
    let mut total = 0_i64;
    let mut units = UNITS.iter();
    if rest.is_empty() {
        return Err(wrong);
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(wrong)?;
        let (number, behind) = rest.split_at_checked(digits).ok_or(wrong)?;
        let end = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(end).ok_or(wrong)?;
        let (_, nanoseconds) = units.find(|(name, _)| *name == unit).ok_or(wrong)?;
        if !is_number(number) {
            return Err(wrong);
        }
        let number: i64 = number.parse().map_err(|_| wrong)?;
        let part = number
            .checked_mul(*nanoseconds)
            .and_then(|part| part.checked_mul(sign));
        total = part.and_then(|part| total.checked_add(part)).ok_or(wrong)?;
        rest = behind;
    }
    Ok(total)
}

/// An ADDRESS.
///
/// # Errors
/// Not in form.
pub fn address(text: &str) -> Result<Address, NotInForm> {
    let address: IpAddr = text.parse().map_err(|_| NotInForm("not an IP address"))?;
    Ok(Address::from(address))
}

/// A CIDR block.
///
/// # Errors
/// Not in form; above all, bits behind the prefix, because then it is not clear which block is meant.
pub fn network(text: &str) -> Result<Network, NotInForm> {
    let wrong = NotInForm("not a CIDR block, as in `10.0.0.0/8` or `2001:db8::/32`");
    let (first, prefix) = text.split_once('/').ok_or(wrong)?;
    let ip: IpAddr = first.parse().map_err(|_| wrong)?;
    let given: u8 = Some(prefix)
        .filter(|prefix| is_number(prefix))
        .and_then(|p| p.parse().ok())
        .ok_or(wrong)?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    if given > most {
        return Err(wrong);
    }
    // IPv4 is mapped into the last 32 of 128 bits.
    let prefix = given.saturating_add(128_u8.saturating_sub(most));
    let network = Network {
        address: Address::from(ip),
        prefix,
    };
    if network.last().0 ^ network.address.0 == network.host_bits()
        && network.address.0 & network.host_bits() == 0
    {
        Ok(network)
    } else {
        Err(NotInForm(
            "the address of the CIDR block has bits behind its prefix; write them as zeros",
        ))
    }
}

impl Network {
    fn host_bits(&self) -> u128 {
        u128::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0)
    }

    /// The block's last address.
    pub fn last(&self) -> Address {
        Address(self.address.0 | self.host_bits())
    }

    /// Whether an address is in the block.
    pub fn has(&self, address: Address) -> bool {
        let behind = 128_u32.checked_sub(u32::from(self.prefix));
        let differs = self.address.0 ^ address.0;
        // A shift by all bits is the empty prefix.
        behind.is_some_and(|behind| differs.checked_shr(behind).unwrap_or(0) == 0)
    }
}

/// An instant as [`read`] reads it.
pub(crate) fn write_instant(f: &mut fmt::Formatter<'_>, nanoseconds: i64) -> fmt::Result {
    match jiff::Timestamp::from_nanosecond(nanoseconds.into()) {
        Ok(time) => write!(f, "{time}"),
        // Cannot happen: 64 bits of nanoseconds lie inside the range of calendars.
        Err(_) => write!(f, "{nanoseconds}ns"),
    }
}

/// A duration as [`read`] reads it.
pub(crate) fn write_duration(f: &mut fmt::Formatter<'_>, nanoseconds: i64) -> fmt::Result {
    if nanoseconds == 0 {
        return f.write_str("0s");
    }
    if nanoseconds < 0 {
        f.write_str("-")?;
    }
    let mut rest = nanoseconds.unsigned_abs();
    for (name, unit) in UNITS {
        let unit = unit.unsigned_abs();
        let (count, left) = (
            rest.checked_div(unit).unwrap_or(0),
            rest.checked_rem(unit).unwrap_or(0),
        );
        if count > 0 {
            write!(f, "{count}{name}")?;
        }
        rest = left;
    }
    Ok(())
}

/// An IPv6 address, or an IPv4 one that is mapped into it, as [`read`] reads it.
pub(crate) fn write_address(f: &mut fmt::Formatter<'_>, address: Address) -> fmt::Result {
    let v6 = Ipv6Addr::from(address.0);
    match v6.to_ipv4_mapped() {
        Some(v4) => write!(f, "{v4}"),
        None => write!(f, "{v6}"),
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(bits in any::<i64>(), address in any::<u128>(), prefix in 0_u8..=128) {
            for value in [Value::Integer(bits), Value::Decimal(bits), Value::Instant(bits), Value::Duration(bits)] {
                let shown = value.to_string();
                let declared = value.value_type().unwrap();
                prop_assert_eq!(read(&shown, declared), Ok(value), "{}", shown);
            }
            let address = Address(address);
            prop_assert_eq!(read(&Value::Address(address).to_string(), Type::Address), Ok(Value::Address(address)));
            let network = Network { address, prefix };
            let network = Network { address: Address(address.0 & !network.host_bits()), prefix };
            // What is written as IPv4 has at least the prefix of the mapping.
            let shown = Value::Network(network).to_string();
            prop_assert_eq!(read(&shown, Type::Network), Ok(Value::Network(network)), "{}", shown);
            prop_assert!(network.has(address) && network.has(network.last()));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,24}") {
            for declared in [Type::Integer, Type::Decimal, Type::Instant, Type::Duration, Type::Address, Type::Network] {
                if let Ok(value) = read(&text, declared) {
                    prop_assert_eq!(value.value_type(), Some(declared));
                }
            }
        }
    }

    #[test]
    fn texts_are_read_strictly() {
        let good = [
            ("-42", Value::Integer(-42)),
            ("true", Value::Boolean(true)),
            ("1.5", Value::Decimal(1_500_000)),
            ("-0.000001", Value::Decimal(-1)),
            ("7", Value::Decimal(7_000_000)),
            ("1h30m", Value::Duration(5_400_000_000_000)),
            ("-1d1ns", Value::Duration(-86_400_000_000_001)),
            ("0s", Value::Duration(0)),
            ("1970-01-01T00:00:01Z", Value::Instant(1_000_000_000)),
            ("1970-01-01T01:00:00+01:00", Value::Instant(0)),
            ("::1", Value::Address(Address(1))),
            (" a, ,b", Value::SetOfText(vec!["a".into(), "b".into()])),
            ("", Value::SetOfText(vec![])),
            ("3, 1", Value::SetOfInteger(vec![3, 1])),
        ];
        for (text, value) in good {
            assert_eq!(read(text, value.value_type().unwrap()), Ok(value), "{text}");
        }
        let bad: [(Type, &[&str]); 7] = [
            (
                Type::Integer,
                &[
                    "",
                    "+1",
                    "01",
                    "-0",
                    "1 ",
                    "1.0",
                    "0x1",
                    "9223372036854775808",
                    "-",
                ],
            ),
            (Type::Boolean, &["", "TRUE", "1", "yes"]),
            (
                Type::Decimal,
                &["", ".5", "1.", "1.0000001", "1e3", "9223372036855", "1,5", "--1"],
            ),
            (
                Type::Duration,
                &["", "1", "h", "1m1h", "1h 30m", "01s", "1.5h", "300000d", "1h1h"],
            ),
            (
                Type::Instant,
                &[
                    "2026-01-01",
                    "2026-01-01T00:00:00",
                    "2026-01-01 00:00:00Z",
                    "2300-01-01T00:00:00Z",
                ],
            ),
            (
                Type::Address,
                &["", "10.0.0", "010.0.0.1", "1.2.3.4/32", "fe80::1%eth0"],
            ),
            (
                Type::Network,
                &[
                    "10.0.0.0",
                    "10.0.0.1/8",
                    "10.0.0.0/33",
                    "10.0.0.0/08",
                    "::/129",
                    "10.0.0.0/",
                ],
            ),
        ];
        for (declared, texts) in bad {
            for text in texts {
                assert!(read(text, declared).is_err(), "{text} as {declared}");
            }
        }
    }
}
