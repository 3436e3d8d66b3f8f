//! Which values a scope allows an input to have at all, and which policies can meet for it.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::Value;

use crate::core::{Atom, Condition, Constant, InputIndex, Operand, Relation};

/// How many checks of two policies are allowed for each pair that may be found.
const CHECKS: usize = 32;

/// Lists of at most this many policies are compared each with each.
const FEW: usize = 8;

/// Longer lists do not tell policies apart well enough to be worth their place.
const MEMBERS: usize = 64;

/// For an input, the only known values with which a scope is not false.
pub(super) type Pins<'p> = BTreeMap<InputIndex, BTreeSet<&'p Constant>>;

static FALSE: Constant = Constant::Boolean(false);
static TRUE: Constant = Constant::Boolean(true);

/// The pins of a condition: a known value of a pinned input that is not among the pins makes it false.
pub(super) fn pins(condition: &Condition) -> Pins<'_> {
    match condition {
        Condition::Constant(_) => Pins::new(),
        Condition::Atom(atom) => match atom {
            Atom::IsTrue(input) => Pins::from([(*input, BTreeSet::from([&TRUE]))]),
            Atom::Compare {
                left: Operand::Input(input),
                relation: Relation::Equal,
                right: Operand::Constant(constant),
            }
            | Atom::Compare {
                left: Operand::Constant(constant),
                relation: Relation::Equal,
                right: Operand::Input(input),
            } => Pins::from([(*input, BTreeSet::from([constant]))]),
            Atom::OneOf {
                element: Operand::Input(input),
                members,
            } if members.len() <= MEMBERS => Pins::from([(*input, members.iter().collect())]),
            _ => Pins::new(),
        },
        Condition::All(parts) => {
            let mut all = Pins::new();
            for (input, values) in parts.iter().flat_map(pins) {
                all.entry(input)
                    .and_modify(|others| others.retain(|value| values.contains(value)))
                    .or_insert(values);
            }
            all
        }
        Condition::Any(parts) => {
            let mut parts = parts.iter().map(pins);
            let mut any = parts.next().unwrap_or_default();
            for part in parts {
                any.retain(|input, _| part.contains_key(input));
                for (input, values) in part {
                    if let Some(others) = any.get_mut(&input) {
                        others.extend(values);
                    }
                }
            }
            any
        }
        Condition::Not(part) => match part.as_ref() {
            Condition::Atom(Atom::IsTrue(input)) => Pins::from([(*input, BTreeSet::from([&FALSE]))]),
            _ => Pins::new(),
        },
    }
}

/// Whether a request without unknown values among the pinned inputs may be in both scopes. `except` is not looked at.
pub(super) fn meet(one: &Pins<'_>, other: &Pins<'_>, except: Option<InputIndex>) -> bool {
    one.iter()
        .filter(|(input, _)| Some(**input) != except)
        .all(|(input, values)| other.get(input).is_none_or(|others| !values.is_disjoint(others)))
}

/// The pairs of policies whose scopes may meet, each ascending, in ascending order.
pub(super) struct Meeting {
    pub(super) pairs: Vec<(u32, u32)>,
    /// Whether the search for pairs was given up.
    pub(super) incomplete: bool,
}

/// Finds pairs among `policies`, at most about `limit`.
pub(super) fn meeting(pins: &[Pins<'_>], policies: &[u32], limit: usize) -> Meeting {
    let mut search = Search {
        pins,
        pairs: Vec::new(),
        limit,
        checks: limit.saturating_mul(CHECKS),
    };
    search.within(policies, &mut Vec::new());
    let mut pairs = search.pairs;
    pairs.sort_unstable();
    pairs.dedup();
    Meeting {
        pairs,
        incomplete: search.checks == 0,
    }
}

struct Search<'a, 'p> {
    pins: &'a [Pins<'p>],
    pairs: Vec<(u32, u32)>,
    limit: usize,
    checks: usize,
}

impl<'p> Search<'_, 'p> {
    fn of(&self, policy: u32) -> Option<&Pins<'p>> {
        super::at(self.pins, policy)
    }

    /// Pairs inside of a list. Inputs in `used` have told what they can.
    fn within(&mut self, policies: &[u32], used: &mut Vec<InputIndex>) {
        let key = (policies.len() > FEW)
            .then(|| most_pinned(self.pins, policies, used))
            .flatten();
        let Some(key) = key else {
            for (place, one) in policies.iter().enumerate() {
                for other in policies.iter().skip(place.saturating_add(1)) {
                    self.check(*one, *other);
                }
            }
            return;
        };
        let index = Index::by(self.pins, policies, key);
        used.push(key);
        for bucket in index.pinned.values() {
            self.within(bucket, used);
        }
        self.within(&index.wide, used);
        used.pop();
        let narrow: BTreeSet<u32> = index.pinned.values().flatten().copied().collect();
        for one in &index.wide {
            for other in &narrow {
                self.check(*one, *other);
            }
        }
    }

    fn check(&mut self, one: u32, other: u32) {
        self.checks = self.checks.saturating_sub(1);
        if self.pairs.len() >= self.limit {
            self.checks = 0;
        }
        if self.checks == 0 {
            return;
        }
        if let (Some(left), Some(right)) = (self.of(one), self.of(other)) {
            if meet(left, right, None) {
                self.pairs.push((one.min(other), one.max(other)));
            }
        }
    }
}

/// The input that most of the policies pin, the first of equals; none if none pins any.
fn most_pinned(pins: &[Pins<'_>], policies: &[u32], used: &[InputIndex]) -> Option<InputIndex> {
    let mut counts: BTreeMap<InputIndex, usize> = BTreeMap::new();
    let pinned = policies.iter().filter_map(|policy| super::at(pins, *policy));
    for input in pinned
        .flat_map(BTreeMap::keys)
        .filter(|input| !used.contains(input))
    {
        let count = counts.entry(*input).or_default();
        *count = count.saturating_add(1);
    }
    let most = counts.values().max().copied()?;
    counts
        .into_iter()
        .find(|(_, count)| *count == most)
        .map(|(input, _)| input)
}

/// Policies by the values that they pin one input to.
pub(super) struct Index<'p> {
    key: Option<InputIndex>,
    pinned: BTreeMap<&'p Constant, Vec<u32>>,
    /// Those that do not pin it.
    wide: Vec<u32>,
    all: Vec<u32>,
}

impl<'p> Index<'p> {
    /// By the input that most of them pin.
    pub(super) fn new(pins: &[Pins<'p>], policies: &[u32]) -> Self {
        match most_pinned(pins, policies, &[]) {
            Some(key) => Self::by(pins, policies, key),
            None => Self {
                key: None,
                pinned: BTreeMap::new(),
                wide: policies.to_vec(),
                all: policies.to_vec(),
            },
        }
    }

    fn by(pins: &[Pins<'p>], policies: &[u32], key: InputIndex) -> Self {
        let mut pinned: BTreeMap<&Constant, Vec<u32>> = BTreeMap::new();
        let mut wide = Vec::new();
        for policy in policies {
            match super::at(pins, *policy).and_then(|pins| pins.get(&key)) {
                None => wide.push(*policy),
                Some(values) => {
                    for value in values {
                        pinned.entry(*value).or_default().push(*policy);
                    }
                }
            }
        }
        Self {
            key: Some(key),
            pinned,
            wide,
            all: policies.to_vec(),
        }
    }

    /// The input.
    pub(super) fn key(&self) -> Option<InputIndex> {
        self.key
    }

    /// The policies whose scope is not false for the pinned input's value alone, ascending.
    pub(super) fn candidates(&self, values: &[Value]) -> Vec<u32> {
        let value = self.key.and_then(|key| super::at(values, key.0));
        let constant = match value {
            Some(Value::Text(text)) => Some(Constant::Text(text.clone())),
            Some(Value::Integer(number)) => Some(Constant::Integer(*number)),
            Some(Value::Decimal(units)) => Some(Constant::Decimal(*units)),
            Some(Value::Instant(time)) => Some(Constant::Instant(*time)),
            Some(Value::Duration(time)) => Some(Constant::Duration(*time)),
            Some(Value::Boolean(holds)) => Some(Constant::Boolean(*holds)),
            _ => None,
        };
        let Some(constant) = constant else {
            // A scope that allows no value at all is unknown too where the value is.
            return self.all.clone();
        };
        let mut found = self.wide.clone();
        found.extend(self.pinned.get(&constant).into_iter().flatten());
        found.sort_unstable();
        found
    }
}
