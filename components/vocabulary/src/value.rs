//! What an attribute can be for one request, and its type.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};

use crate::text;

/// Most bytes of a [`Value::Text`].
pub const TEXT_LIMIT: usize = 65_536;

/// Most members of a set.
pub const SET_LIMIT: usize = 4_096;

/// Most bytes of the reason in a [`Value::Failed`].
pub const FAILURE_LIMIT: usize = 1_024;

/// How many units of a [`Value::Decimal`] make one.
pub const DECIMAL_UNIT: i64 = 1_000_000;

/// A type of the policy language, spelled as the language spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Type {
    /// Unicode text, compared byte by byte.
    #[serde(rename = "TEXT")]
    Text,
    /// Signed, 64 bits.
    #[serde(rename = "INTEGER")]
    Integer,
    /// Fixed point, in units of 1 / [`DECIMAL_UNIT`].
    #[serde(rename = "DECIMAL")]
    Decimal,
    /// True or false.
    #[serde(rename = "BOOLEAN")]
    Boolean,
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[serde(rename = "INSTANT")]
    Instant,
    /// Nanoseconds.
    #[serde(rename = "DURATION")]
    Duration,
    /// An IP address.
    #[serde(rename = "ADDRESS")]
    Address,
    /// A CIDR block.
    #[serde(rename = "CIDR")]
    Network,
    /// A set of texts.
    #[serde(rename = "SET OF TEXT")]
    SetOfText,
    /// A set of integers.
    #[serde(rename = "SET OF INTEGER")]
    SetOfInteger,
    /// A set of decimals.
    #[serde(rename = "SET OF DECIMAL")]
    SetOfDecimal,
    /// A set of instants.
    #[serde(rename = "SET OF INSTANT")]
    SetOfInstant,
    /// A set of durations.
    #[serde(rename = "SET OF DURATION")]
    SetOfDuration,
    /// A set of addresses.
    #[serde(rename = "SET OF ADDRESS")]
    SetOfAddress,
    /// A set of CIDR blocks.
    #[serde(rename = "SET OF CIDR")]
    SetOfNetwork,
}

impl Type {
    /// All of them, each once.
    pub const ALL: [Self; 15] = [
        Self::Text,
        Self::Integer,
        Self::Decimal,
        Self::Boolean,
        Self::Instant,
        Self::Duration,
        Self::Address,
        Self::Network,
        Self::SetOfText,
        Self::SetOfInteger,
        Self::SetOfDecimal,
        Self::SetOfInstant,
        Self::SetOfDuration,
        Self::SetOfAddress,
        Self::SetOfNetwork,
    ];

    /// The type's name in the policy language.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Integer => "INTEGER",
            Self::Decimal => "DECIMAL",
            Self::Boolean => "BOOLEAN",
            Self::Instant => "INSTANT",
            Self::Duration => "DURATION",
            Self::Address => "ADDRESS",
            Self::Network => "CIDR",
            Self::SetOfText => "SET OF TEXT",
            Self::SetOfInteger => "SET OF INTEGER",
            Self::SetOfDecimal => "SET OF DECIMAL",
            Self::SetOfInstant => "SET OF INSTANT",
            Self::SetOfDuration => "SET OF DURATION",
            Self::SetOfAddress => "SET OF ADDRESS",
            Self::SetOfNetwork => "SET OF CIDR",
        }
    }
}

impl Type {
    /// The type of a set's members; none for other types.
    pub fn member(self) -> Option<Self> {
        Some(match self {
            Self::SetOfText => Self::Text,
            Self::SetOfInteger => Self::Integer,
            Self::SetOfDecimal => Self::Decimal,
            Self::SetOfInstant => Self::Instant,
            Self::SetOfDuration => Self::Duration,
            Self::SetOfAddress => Self::Address,
            Self::SetOfNetwork => Self::Network,
            _ => return None,
        })
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An IP address in 128 bits; IPv4 is mapped into IPv6 (RFC 4291 section 2.5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address(pub u128);

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self(u128::from(v4.to_ipv6_mapped())),
            IpAddr::V6(v6) => Self(u128::from(v6)),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::write_address(f, *self)
    }
}

/// A CIDR block over 128-bit addresses; the bits behind `prefix` are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Network {
    /// The block's first address.
    pub address: Address,
    /// 0 to 128.
    pub prefix: u8,
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let v4 = Ipv6Addr::from(self.address.0)
            .to_ipv4_mapped()
            .and(self.prefix.checked_sub(96));
        write!(f, "{}/{}", self.address, v4.unwrap_or(self.prefix))
    }
}

/// What an attribute is for one request.
///
/// There is no wrong type here: whoever fills a position with a declared type turns a value of another type into
/// [`Value::Failed`], because that is what it means to the language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// The request does not have this attribute.
    Absent,
    /// The attribute could not be determined, and why. At most [`FAILURE_LIMIT`] bytes.
    Failed(String),
    /// True or false.
    Boolean(bool),
    /// Signed, 64 bits.
    Integer(i64),
    /// In units of 1 / [`DECIMAL_UNIT`].
    Decimal(i64),
    /// At most [`TEXT_LIMIT`] bytes.
    Text(String),
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// Nanoseconds.
    Duration(i64),
    /// An IP address.
    Address(Address),
    /// A CIDR block.
    Network(Network),
    /// Sets: at most [`SET_LIMIT`] members; order and repetition carry no meaning.
    SetOfText(Vec<String>),
    /// See [`Value::SetOfText`].
    SetOfInteger(Vec<i64>),
    /// See [`Value::SetOfText`].
    SetOfDecimal(Vec<i64>),
    /// See [`Value::SetOfText`].
    SetOfInstant(Vec<i64>),
    /// See [`Value::SetOfText`].
    SetOfDuration(Vec<i64>),
    /// See [`Value::SetOfText`].
    SetOfAddress(Vec<Address>),
    /// See [`Value::SetOfText`].
    SetOfNetwork(Vec<Network>),
}

impl Value {
    /// The value's type; none for an absent or failed one.
    pub fn value_type(&self) -> Option<Type> {
        Some(match self {
            Self::Absent | Self::Failed(_) => return None,
            Self::Boolean(_) => Type::Boolean,
            Self::Integer(_) => Type::Integer,
            Self::Decimal(_) => Type::Decimal,
            Self::Text(_) => Type::Text,
            Self::Instant(_) => Type::Instant,
            Self::Duration(_) => Type::Duration,
            Self::Address(_) => Type::Address,
            Self::Network(_) => Type::Network,
            Self::SetOfText(_) => Type::SetOfText,
            Self::SetOfInteger(_) => Type::SetOfInteger,
            Self::SetOfDecimal(_) => Type::SetOfDecimal,
            Self::SetOfInstant(_) => Type::SetOfInstant,
            Self::SetOfDuration(_) => Type::SetOfDuration,
            Self::SetOfAddress(_) => Type::SetOfAddress,
            Self::SetOfNetwork(_) => Type::SetOfNetwork,
        })
    }

    /// The 64 bits of a value whose type has an order; none for others.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Integer(number)
            | Self::Decimal(number)
            | Self::Instant(number)
            | Self::Duration(number) => Some(*number),
            _ => None,
        }
    }

    /// The set of `members`, which are of type `of`; a failure if that type has no sets or a member has another type.
    pub fn set_of(of: Type, members: impl IntoIterator<Item = Self>) -> Self {
        let members = members.into_iter();
        let other = || Self::failed(format!("a set with members that are not {of}"));
        macro_rules! gather {
            ($($kind:ident => $set:ident),*) => {
                match of {
                    $(Type::$kind => members
                        .map(|member| match member {
                            Self::$kind(member) => Some(member),
                            _ => None,
                        })
                        .collect::<Option<Vec<_>>>()
                        .map_or_else(other, Self::$set),)*
                    _ => other(),
                }
            };
        }
        gather!(
            Text => SetOfText, Integer => SetOfInteger, Decimal => SetOfDecimal, Instant => SetOfInstant,
            Duration => SetOfDuration, Address => SetOfAddress, Network => SetOfNetwork
        )
    }

    /// A failure, its reason cut to [`FAILURE_LIMIT`] bytes at a character boundary.
    pub fn failed(reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if reason.len() > FAILURE_LIMIT {
            let mut end = FAILURE_LIMIT;
            while !reason.is_char_boundary(end) {
                end = end.saturating_sub(1);
            }
            reason.truncate(end);
        }
        Self::Failed(reason)
    }

    /// The value as it stands at a position of type `declared`: itself if it fits the type and the limits, else the
    /// failure that says why not.
    pub fn at_position_of(self, declared: Type) -> Self {
        match self.value_type() {
            Some(given) if given != declared => Self::failed(format!("expected {declared}, got {given}")),
            _ => self.within_limits(),
        }
    }

    fn within_limits(self) -> Self {
        let members = match &self {
            Self::Text(text) if text.len() > TEXT_LIMIT => {
                return Self::failed(format!(
                    "text of {} bytes, at most {TEXT_LIMIT} are read",
                    text.len()
                ));
            }
            Self::SetOfText(members) => {
                if let Some(long) = members.iter().find(|text| text.len() > TEXT_LIMIT) {
                    return Self::failed(format!(
                        "text of {} bytes, at most {TEXT_LIMIT} are read",
                        long.len()
                    ));
                }
                members.len()
            }
            Self::SetOfInteger(members)
            | Self::SetOfDecimal(members)
            | Self::SetOfInstant(members)
            | Self::SetOfDuration(members) => members.len(),
            Self::SetOfAddress(members) => members.len(),
            Self::SetOfNetwork(members) => members.len(),
            _ => 0,
        };
        if members > SET_LIMIT {
            return Self::failed(format!("set of {members} members, at most {SET_LIMIT} are read"));
        }
        self
    }
}

/// As reasons show it: texts bare, sets in brackets.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, members: &[T]) -> fmt::Result {
            f.write_str("[")?;
            for (index, member) in members.iter().enumerate() {
                if index > 0 {
                    f.write_str(", ")?;
                }
                member.fmt(f)?;
            }
            f.write_str("]")
        }
        match self {
            Self::Absent => f.write_str("(absent)"),
            Self::Failed(reason) => write!(f, "(failed: {reason})"),
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Instant(nanoseconds) => text::write_instant(f, *nanoseconds),
            Self::Duration(nanoseconds) => text::write_duration(f, *nanoseconds),
            Self::Decimal(units) => decimal(f, *units),
            Self::Text(text) => f.write_str(text),
            Self::Address(address) => address.fmt(f),
            Self::Network(network) => network.fmt(f),
            Self::SetOfText(members) => list(f, members),
            Self::SetOfInteger(members) => list(f, members),
            Self::SetOfInstant(members) => list(f, &shown(members, Self::Instant)),
            Self::SetOfDuration(members) => list(f, &shown(members, Self::Duration)),
            Self::SetOfDecimal(members) => list(f, &shown(members, Self::Decimal)),
            Self::SetOfAddress(members) => list(f, members),
            Self::SetOfNetwork(members) => list(f, members),
        }
    }
}

fn shown(members: &[i64], value: fn(i64) -> Value) -> Vec<Value> {
    members.iter().map(|member| value(*member)).collect()
}

fn decimal(f: &mut fmt::Formatter<'_>, units: i64) -> fmt::Result {
    let sign = if units < 0 { "-" } else { "" };
    let unit = DECIMAL_UNIT.unsigned_abs();
    let magnitude = units.unsigned_abs();
    let (whole, rest) = (
        magnitude.checked_div(unit).unwrap_or(0),
        magnitude.checked_rem(unit).unwrap_or(0),
    );
    if rest == 0 {
        return write!(f, "{sign}{whole}");
    }
    let digits = format!("{rest:06}");
    write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_type_than_declared_is_a_failure() {
        let value = Value::Integer(7).at_position_of(Type::Text);
        assert_eq!(value, Value::Failed("expected TEXT, got INTEGER".into()));
    }

    #[test]
    fn absence_and_failure_fit_every_type() {
        assert_eq!(Value::Absent.at_position_of(Type::Text), Value::Absent);
        assert_eq!(
            Value::failed("expired").at_position_of(Type::Integer),
            Value::failed("expired")
        );
    }

    #[test]
    fn what_exceeds_a_limit_is_a_failure() {
        let long = Value::Text("x".repeat(TEXT_LIMIT + 1)).at_position_of(Type::Text);
        assert!(matches!(long, Value::Failed(_)));
        let full = Value::SetOfInteger(vec![0; SET_LIMIT]).at_position_of(Type::SetOfInteger);
        assert!(matches!(full, Value::SetOfInteger(_)));
        let crowded = Value::SetOfInteger(vec![0; SET_LIMIT + 1]).at_position_of(Type::SetOfInteger);
        assert!(matches!(crowded, Value::Failed(_)));
    }

    #[test]
    fn a_failure_is_cut_at_a_character() {
        let Value::Failed(reason) = Value::failed("é".repeat(FAILURE_LIMIT)) else {
            panic!("not a failure")
        };
        assert_eq!(reason.len(), FAILURE_LIMIT);
    }

    #[test]
    fn values_read_as_people_write_them() {
        for (units, text) in [
            (-1_500_000, "-1.5"),
            (2_000_000, "2"),
            (-1, "-0.000001"),
            (0, "0"),
            (10_000_100, "10.0001"),
        ] {
            assert_eq!(Value::Decimal(units).to_string(), text);
        }
        assert_eq!(
            Value::SetOfText(vec!["a".into(), "b".into()]).to_string(),
            "[a, b]"
        );
        let home = Address::from(IpAddr::from([10, 0, 0, 0]));
        assert_eq!(
            Value::Network(Network {
                address: home,
                prefix: 104
            })
            .to_string(),
            "10.0.0.0/8"
        );
    }
}
