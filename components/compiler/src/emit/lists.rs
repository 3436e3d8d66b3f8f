//! Lists of numbers, addresses and networks as sorted ranges apart from each other, made once for each list.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::condition::halves;
use super::link::Linked;
use super::memory::{Data, Record, size};
use super::{DEPTH_LIMIT, EmitError};
use crate::core::{Atom, Condition, Constant, Members};

/// Ranges, bounds included; sorted, apart from each other.
pub(super) type Ranges<T> = Arc<[(T, T)]>;

/// The ranges of lists, by where the lists are in memory: a list that many policies share is worked on once.
#[derive(Default)]
pub(super) struct Lists {
    numbers: BTreeMap<usize, Ranges<i64>>,
    addresses: BTreeMap<usize, Ranges<u128>>,
}

impl Lists {
    pub(super) fn of(linked: &Linked<'_>) -> Self {
        let mut lists = Self::default();
        for reader in linked.policies() {
            lists.collect(&reader.policy.scope, 0);
            lists.collect(&reader.policy.constraint, 0);
        }
        lists
    }

    fn collect(&mut self, condition: &Condition, depth: usize) {
        // Deeper ones are refused elsewhere.
        if depth > DEPTH_LIMIT {
            return;
        }
        let deeper = depth.saturating_add(1);
        match condition {
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| self.collect(part, deeper));
            }
            Condition::Not(part) => self.collect(part, deeper),
            Condition::Atom(Atom::OneOf { members, .. } | Atom::ContainsOf { members, .. }) => {
                if members.first().is_some_and(|first| first.number().is_some()) {
                    let ranges = || {
                        let numbers = members.iter().filter_map(Constant::number);
                        apart(numbers.map(|number| (number, number)), |high| high.checked_add(1))
                    };
                    self.numbers.entry(members.identity()).or_insert_with(ranges);
                } else if let Some(Constant::Address(_)) = members.first() {
                    let ranges = || {
                        let addresses = members.iter().filter_map(|member| match member {
                            Constant::Address(address) => Some((address.0, address.0)),
                            _ => None,
                        });
                        apart(addresses, |high| high.checked_add(1))
                    };
                    self.addresses.entry(members.identity()).or_insert_with(ranges);
                }
            }
            Condition::Atom(Atom::WithinOneOf { networks, .. }) => {
                let ranges = || {
                    let bounds = networks
                        .iter()
                        .map(|network| (network.address.0, network.last().0));
                    apart(bounds, |high| high.checked_add(1))
                };
                self.addresses.entry(networks.identity()).or_insert_with(ranges);
            }
            Condition::Constant(_) | Condition::Atom(_) => {}
        }
    }

    pub(super) fn numbers(&self, members: &Members<Constant>) -> Ranges<i64> {
        self.numbers.get(&members.identity()).cloned().unwrap_or_default()
    }

    pub(super) fn addresses<T>(&self, members: &Members<T>) -> Ranges<u128> {
        self.addresses
            .get(&members.identity())
            .cloned()
            .unwrap_or_default()
    }
}

/// Sorted ranges, those that touch as one. `next` is what follows a bound; nothing lies behind the greatest one.
pub(super) fn apart<T: Copy + Ord>(
    ranges: impl IntoIterator<Item = (T, T)>,
    next: impl Fn(T) -> Option<T>,
) -> Ranges<T> {
    let mut apart: Vec<(T, T)> = Vec::new();
    for (low, high) in ranges {
        match apart.last_mut() {
            Some(last) if next(last.1).is_none_or(|next| low <= next) => last.1 = last.1.max(high),
            _ => apart.push((low, high)),
        }
    }
    apart.into()
}

/// Where a table is, and how many entries it has.
#[derive(Clone, Copy)]
pub(super) struct Table {
    pub(super) address: u32,
    pub(super) count: u32,
}

impl Table {
    fn put(data: &mut Data, bytes: &[u8], entry: u32) -> Result<Self, EmitError> {
        let count = size(bytes.len())?.checked_div(entry).unwrap_or_default();
        // Equal short ones are there once; of a long one nobody wants a second copy, to find out that it is new.
        let address = if bytes.len() <= SHORT {
            data.share(bytes, 8)?
        } else {
            data.put(bytes, 8)?
        };
        Ok(Self { address, count })
    }
}

/// Most bytes of a table that is looked for among those already there.
const SHORT: usize = 4_096;

/// The tables that addresses are looked up in, each sorted; one that has nothing is left out.
#[derive(Clone, Copy, Default)]
pub(super) struct AddressTables {
    /// IPv4: two words of 32 bits for each range.
    pub(super) four: Option<Table>,
    /// Ranges of whole upper halves: two numbers of 64 bits, signed, so with the upper bit turned.
    pub(super) halves: Option<Table>,
    /// Any others: two times two words of 64 bits.
    pub(super) others: Option<Table>,
}

/// IPv4 addresses are mapped behind these bits.
pub(super) const MAPPED: u64 = 0xffff;

impl AddressTables {
    pub(super) fn put(data: &mut Data, ranges: &[(u128, u128)]) -> Result<Self, EmitError> {
        let (mut four, mut wide, mut others) = (Record::default(), Record::default(), Record::default());
        for (low, high) in ranges {
            let ([low_high, low_low], [high_high, high_low]) = (halves(*low), halves(*high));
            let is_four = |half: u64, rest: u64| half == 0 && rest >> 32 == MAPPED;
            if is_four(low_high, low_low) && is_four(high_high, high_low) {
                four.word(lower(low_low)).word(lower(high_low));
            } else if low_low == 0 && high_low == u64::MAX {
                wide.long(low_high ^ TOP).long(high_high ^ TOP);
            } else {
                others.long(low_high).long(low_low).long(high_high).long(high_low);
            }
        }
        let mut table = |record: Record, entry| {
            let wanted = (!record.0.is_empty()).then_some(record);
            wanted
                .map(|record| Table::put(data, &record.0, entry))
                .transpose()
        };
        Ok(Self {
            four: table(four, 8)?,
            halves: table(wide, 16)?,
            others: table(others, 32)?,
        })
    }
}

/// The bit that tells negative numbers.
pub(super) const TOP: u64 = 1 << 63;

#[allow(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
fn lower(half: u64) -> u32 {
    half as u32
}

/// The tables that numbers are looked up in, each sorted; one that has nothing is left out.
#[derive(Clone, Copy, Default)]
pub(super) struct NumberTables {
    /// Single numbers.
    pub(super) points: Option<Table>,
    /// Ranges: two numbers each.
    pub(super) ranges: Option<Table>,
}

impl NumberTables {
    pub(super) fn put(data: &mut Data, ranges: &[(i64, i64)]) -> Result<Self, EmitError> {
        let (mut points, mut wide) = (Record::default(), Record::default());
        let bits = |number: i64| u64::from_ne_bytes(number.to_ne_bytes());
        for (low, high) in ranges {
            if low == high {
                points.long(bits(*low));
            } else {
                wide.long(bits(*low)).long(bits(*high));
            }
        }
        let mut table = |record: Record, entry| {
            let wanted = (!record.0.is_empty()).then_some(record);
            wanted
                .map(|record| Table::put(data, &record.0, entry))
                .transpose()
        };
        Ok(Self {
            points: table(points, 8)?,
            ranges: table(wide, 16)?,
        })
    }
}

/// Tables that are there already, by where their ranges are in memory.
#[derive(Default)]
pub(super) struct Tables {
    numbers: BTreeMap<usize, NumberTables>,
    addresses: BTreeMap<usize, AddressTables>,
}

impl Tables {
    pub(super) fn numbers(
        &mut self,
        data: &mut Data,
        ranges: &Ranges<i64>,
    ) -> Result<NumberTables, EmitError> {
        let identity = ranges.as_ptr().addr();
        if let Some(known) = self.numbers.get(&identity) {
            return Ok(*known);
        }
        let tables = NumberTables::put(data, ranges)?;
        self.numbers.insert(identity, tables);
        Ok(tables)
    }

    pub(super) fn addresses(
        &mut self,
        data: &mut Data,
        ranges: &Ranges<u128>,
    ) -> Result<AddressTables, EmitError> {
        let identity = ranges.as_ptr().addr();
        if let Some(known) = self.addresses.get(&identity) {
            return Ok(*known);
        }
        let tables = AddressTables::put(data, ranges)?;
        self.addresses.insert(identity, tables);
        Ok(tables)
    }
}
