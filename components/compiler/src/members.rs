//! The members of a list, which may be many.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use aecp_vocabulary::value::Network;

use crate::core::Constant;

/// The members of a list in their one form: constants sorted, each once; networks sorted, none inside of another. A
/// copy shares them, so that a list that many policies name exists once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members<T> {
    name: Option<Arc<str>>,
    members: Arc<[T]>,
}

impl<T> Members<T> {
    /// The list under a name, which is shown in its place.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        Self {
            name: Some(name.into()),
            ..self
        }
    }

    /// The name of a DATA list; none of a list that stands in a condition.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The same for copies of one list, and for no other while one of them lives: for tables that are made once.
    pub(crate) fn identity(&self) -> usize {
        self.members.as_ptr().addr()
    }
}

impl<T> Deref for Members<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.members
    }
}

impl From<Vec<Constant>> for Members<Constant> {
    fn from(mut members: Vec<Constant>) -> Self {
        members.sort_unstable();
        members.dedup();
        Self {
            name: None,
            members: members.into(),
        }
    }
}

impl From<Vec<Network>> for Members<Network> {
    fn from(mut networks: Vec<Network>) -> Self {
        // Of networks that begin alike the widest comes first, and has the others.
        networks.sort_unstable();
        networks.dedup_by(|later, kept| kept.has(later.address));
        Self {
            name: None,
            members: networks.into(),
        }
    }
}

impl Members<Network> {
    /// Whether one of the networks has the address.
    pub fn have(&self, address: aecp_vocabulary::value::Address) -> bool {
        let behind = self.partition_point(|network| network.address <= address);
        let last = behind.checked_sub(1).and_then(|index| self.get(index));
        last.is_some_and(|network| network.has(address))
    }
}

impl Members<Constant> {
    /// How many of the list `found` finds, given each of some values as a comparison with a member.
    pub(crate) fn count_found<V>(
        &self,
        values: impl IntoIterator<Item = V>,
        compare: impl Fn(&Constant, &V) -> std::cmp::Ordering,
    ) -> usize {
        let places: BTreeSet<usize> = values
            .into_iter()
            .filter_map(|value| self.binary_search_by(|member| compare(member, &value)).ok())
            .collect();
        places.len()
    }
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::text;

    use super::*;

    #[test]
    fn networks_inside_of_others_go() {
        let networks = [
            "10.1.0.0/16",
            "10.0.0.0/8",
            "192.168.0.0/16",
            "10.0.0.0/24",
            "192.169.0.0/16",
        ];
        let members: Members<Network> = networks
            .iter()
            .map(|network| text::network(network).unwrap())
            .collect::<Vec<_>>()
            .into();
        let left: Vec<String> = members.iter().map(ToString::to_string).collect();
        assert_eq!(left, ["10.0.0.0/8", "192.168.0.0/16", "192.169.0.0/16"]);
        for (address, inside) in [
            ("10.1.2.3", true),
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("192.169.1.1", true),
            ("192.170.0.0", false),
            ("::", false),
        ] {
            assert_eq!(members.have(text::address(address).unwrap()), inside, "{address}");
        }
    }
}
