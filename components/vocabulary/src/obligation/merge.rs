//! Many duties as one.
//!
//! Merging is the join of a semilattice: neither the order nor the number of times that a duty is merged in matters,
//! and what comes out is at least as strict as each duty that went in.

use std::collections::{BTreeMap, BTreeSet};

use super::{Duty, Masking, Notification, RowCondition};
use crate::schema::AttributeName;
use crate::value::Type;

/// What a limit counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LimitKey<A> {
    /// The attribute whose values are counted apart.
    pub key: AttributeName,
    /// Its value for this request.
    pub value: A,
    /// In nanoseconds, inside of [`super::WINDOW_LIMITS`].
    pub window: i64,
}

/// Duties that cannot be one. The request that raises them is denied.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Clash {
    /// Different texts are to stand in the place of one value.
    #[error("`{path}` is to be masked with different texts")]
    Replacements {
        /// What is masked.
        path: AttributeName,
    },
    /// One field of rows is read as different types, so that no row can stay. INTEGER and DECIMAL do not clash.
    #[error("the field `{field}` of the rows in `{rows}` is compared as {first} and as {second}")]
    FieldTypes {
        /// The rows.
        rows: AttributeName,
        /// Their field.
        field: AttributeName,
        /// One type.
        first: Type,
        /// Another.
        second: Type,
    },
}

/// The strictness of a mask: fewer characters kept, then none.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mask {
    KeepLast(u32),
    /// With these texts in its place: none for the usual one, more than one for a clash.
    Hide(BTreeSet<String>),
}

impl Mask {
    fn of(how: Masking) -> Self {
        match how {
            Masking::KeepLast(count) => Self::KeepLast(count),
            Masking::Hide(with) => Self::Hide(with.into_iter().collect()),
        }
    }

    fn join(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::KeepLast(kept), Self::KeepLast(other)) => *kept = other.min(*kept),
            (Self::Hide(texts), Self::Hide(others)) => texts.extend(others),
            (Self::KeepLast(_), hidden @ Self::Hide(_)) => *self = hidden,
            (Self::Hide(_), Self::KeepLast(_)) => {}
        }
    }

    fn is_at_least(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::KeepLast(kept), Self::KeepLast(other)) => kept <= other,
            (Self::Hide(texts), Self::Hide(others)) => texts.is_superset(others),
            (Self::Hide(_), Self::KeepLast(_)) => true,
            (Self::KeepLast(_), Self::Hide(_)) => false,
        }
    }
}

/// All duties of a decision as one. Duties that clash are kept, and [`Merged::clashes`] names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    masks: BTreeMap<AttributeName, Mask>,
    filters: BTreeMap<AttributeName, BTreeSet<RowCondition<String>>>,
    limits: BTreeMap<LimitKey<String>, u64>,
    notifications: BTreeSet<Notification<String>>,
}

impl Merged {
    /// These duties as one.
    pub fn of(duties: impl IntoIterator<Item = Duty<String>>) -> Self {
        let mut merged = Self::default();
        for duty in duties {
            match duty {
                Duty::Mask { path, how } => merged.mask(path, Mask::of(how)),
                Duty::Filter { rows, conditions } => {
                    merged.filters.entry(rows).or_default().extend(conditions)
                }
                Duty::Limit { key, count } => merged.limit(key, count),
                Duty::Notify(notification) => {
                    merged.notifications.insert(notification);
                }
            }
        }
        merged
    }

    /// Both as one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (path, mask) in other.masks {
            self.mask(path, mask);
        }
        for (rows, conditions) in other.filters {
            self.filters.entry(rows).or_default().extend(conditions);
        }
        for (key, count) in other.limits {
            self.limit(key, count);
        }
        self.notifications.extend(other.notifications);
        self
    }

    fn mask(&mut self, path: AttributeName, mask: Mask) {
        match self.masks.get_mut(&path) {
            Some(found) => found.join(mask),
            None => {
                self.masks.insert(path, mask);
            }
        }
    }

    fn limit(&mut self, key: LimitKey<String>, count: u64) {
        let lowest = self.limits.entry(key).or_insert(count);
        *lowest = count.min(*lowest);
    }

    /// Whether what this asks is at least as strict as what `other` asks, in every part.
    pub fn is_at_least(&self, other: &Self) -> bool {
        let mut masks = other.masks.iter();
        let mut filters = other.filters.iter();
        let mut limits = other.limits.iter();
        masks.all(|(path, mask)| self.masks.get(path).is_some_and(|found| found.is_at_least(mask)))
            && filters.all(|(rows, conditions)| {
                let found = self.filters.get(rows);
                found.is_some_and(|found| found.is_superset(conditions))
            })
            && limits.all(|(key, count)| self.limits.get(key).is_some_and(|found| found <= count))
            && self.notifications.is_superset(&other.notifications)
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// What cannot be discharged because it contradicts itself, in the order of paths and fields.
    pub fn clashes(&self) -> Vec<Clash> {
        let replaced = self.masks.iter().filter_map(|(path, mask)| match mask {
            Mask::Hide(texts) if texts.len() > 1 => Some(Clash::Replacements { path: path.clone() }),
            _ => None,
        });
        let mut clashes: Vec<Clash> = replaced.collect();
        for (rows, conditions) in &self.filters {
            let mut types: BTreeMap<&AttributeName, BTreeSet<Type>> = BTreeMap::new();
            for condition in conditions {
                let kind = Self::field_type(condition.value_type);
                types.entry(&condition.field).or_default().insert(kind);
            }
            for (field, types) in types {
                let mut types = types.into_iter();
                if let (Some(first), Some(second)) = (types.next(), types.next()) {
                    clashes.push(Clash::FieldTypes {
                        rows: rows.clone(),
                        field: field.clone(),
                        first,
                        second,
                    });
                }
            }
        }
        clashes
    }

    /// The type that stands for all types that a field can have at once.
    pub fn field_type(value_type: Type) -> Type {
        match value_type {
            Type::Integer => Type::Decimal,
            other => other,
        }
    }

    /// What is masked and how, by path. Of a clash, the first text in byte order.
    pub fn masks(&self) -> impl Iterator<Item = (&AttributeName, Masking)> {
        self.masks.iter().map(|(path, mask)| {
            let how = match mask {
                Mask::KeepLast(count) => Masking::KeepLast(*count),
                Mask::Hide(texts) => Masking::Hide(texts.first().cloned()),
            };
            (path, how)
        })
    }

    /// The lists that are filtered, and all that must hold for rows that stay.
    pub fn filters(&self) -> impl Iterator<Item = (&AttributeName, &BTreeSet<RowCondition<String>>)> {
        self.filters.iter()
    }

    /// What is counted, and the highest count.
    pub fn limits(&self) -> impl Iterator<Item = (&LimitKey<String>, u64)> {
        self.limits.iter().map(|(key, count)| (key, *count))
    }

    /// Who is told what.
    pub fn notifications(&self) -> impl Iterator<Item = &Notification<String>> {
        self.notifications.iter()
    }
}
