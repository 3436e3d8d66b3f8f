//! What an enforcement point must do when it lets a request through: the kinds of obligations, what they mean, and how
//! all those of a decision become one.
//!
//! This page is the contract for enforcement points. On the wire an obligation has a kind and arguments, each a text.
//! Arguments come in any order; one that the kind does not have, one that is missing and one that is not in form make
//! the obligation malformed. A malformed obligation and one of another kind cannot be discharged, so the request is
//! denied.
//!
//! | kind | argument | what it is |
//! |---|---|---|
//! | `mask` | `path` | what is hidden, inside of `response.body` |
//! | | `with` | may be left out: the text that stands in its place |
//! | | `keep_last` | may be left out, not beside `with`: how many characters stay, 1 to [`KEEP_LIMIT`] |
//! | `filter` | `rows` | the list whose members are rows: `response.body`, or inside of it |
//! | | `1.field` | a field of each row |
//! | | `1.type` | the type that it is read as: TEXT, INTEGER, DECIMAL, BOOLEAN, INSTANT, DURATION or ADDRESS |
//! | | `1.relation` | `==`, `!=`, `<`, `<=`, `>`, `>=` or `in`; those of order not for TEXT, BOOLEAN and ADDRESS |
//! | | `1.value` | what it is compared with, in the form of [`crate::text`]; for `in` once or more often |
//! | | `2.field`, … | the next comparison, up to [`CONDITION_LIMIT`] |
//! | `limit` | `count` | most requests, 1 to [`COUNT_LIMIT`] |
//! | | `window` | in so much time, [`WINDOW_LIMITS`], as a DURATION |
//! | | `key` | the attribute whose values are counted apart |
//! | | `value` | its value for this request |
//! | `notify` | `to` | a mail address, or a channel that the enforcement point knows by this name |
//! | | `message` | may be left out: what is said |
//!
//! Paths are names with dots. A part that meets a list means each of its members; one that meets nothing means
//! nothing. Values of the request stand in arguments of their own and are never part of a path or a relation, so no
//! request can change what is asked. An attribute that is absent or failed is shown as `(absent)` or `(failed: …)`.
//! What a request wrote into a `message` is as trustworthy as the request.
//!
//! Filters come before masks, inner masks before outer ones. Meaning:
//!
//! - **mask**: [`Masking::apply`] to texts, and to numbers as they are written, which become texts; anything else is
//!   replaced whole, by [`HIDDEN`] if the obligation has no other text.
//! - **filter**: a row stays if [`RowCondition::holds`] for all conditions. What cannot be told does not hold: a field
//!   that is absent or of another type, and an attribute that is absent or failed.
//! - **limit**: a request is let through only if less than `count` of the same `key`, `value` and `window` were in the
//!   time `window` before it. All policies of a bundle count together.
//! - **notify**: one message for each request, sent at least once.
//!
//! All obligations of a decision become one by [`Merged`]: strictest mask of each path, all conditions of all filters,
//! lowest count of each key and window, all notifications. What cannot be merged is a [`Clash`], and the request is
//! denied.
//!
//! - [`wire`]: arguments into duties and back.
//! - [`merge`]: many duties as one.

pub mod merge;
pub mod wire;

#[cfg(test)]
mod tests;

use std::fmt;

pub use merge::{Clash, LimitKey, Merged};
pub use wire::{Argument, Malformed};

use crate::input::Attributes;
use crate::schema::AttributeName;
use crate::text;
use crate::value::{Type, Value};

/// What stands in the place of what is hidden, if nobody says otherwise.
pub const HIDDEN: &str = "***";

/// Most characters that a mask keeps.
pub const KEEP_LIMIT: u32 = 64;

/// Most bytes of the text that stands in the place of what is hidden, and of a recipient.
pub const WORD_LIMIT: usize = 256;

/// Most comparisons of one filter.
pub const CONDITION_LIMIT: usize = 16;

/// Most values that one field is compared with.
pub const MEMBER_LIMIT: usize = 64;

/// Highest count of a limit.
pub const COUNT_LIMIT: u64 = 1_000_000_000;

/// Shortest and longest window of a limit in nanoseconds: a second and 31 days.
pub const WINDOW_LIMITS: (i64, i64) = (1_000_000_000, 31 * 86_400_000_000_000);

/// The kinds of obligations that are defined here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A part of the response is hidden.
    Mask,
    /// Rows of the response are left out.
    Filter,
    /// No more than so many requests in so much time.
    Limit,
    /// Somebody is told.
    Notify,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Mask, Self::Filter, Self::Limit, Self::Notify];

    /// The kind on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mask => "mask",
            Self::Filter => "filter",
            Self::Limit => "limit",
            Self::Notify => "notify",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One obligation, typed. `A` is what holds values of the request: segments before it is known, texts after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Duty<A> {
    /// A part of the response is hidden.
    Mask {
        /// Inside of `response.body`.
        path: AttributeName,
        /// How much of it.
        how: Masking,
    },
    /// Rows of the response are left out.
    Filter {
        /// The list whose members are rows: `response.body`, or inside of it.
        rows: AttributeName,
        /// What holds for rows that stay; 1 to [`CONDITION_LIMIT`].
        conditions: Vec<RowCondition<A>>,
    },
    /// No more than so many requests in so much time.
    Limit {
        /// What is counted.
        key: LimitKey<A>,
        /// 1 to [`COUNT_LIMIT`].
        count: u64,
    },
    /// Somebody is told.
    Notify(Notification<A>),
}

impl<A> Duty<A> {
    /// What it is about: the path, the rows, what is counted, or who is told.
    pub fn subject(&self) -> &str {
        match self {
            Self::Mask { path, .. } => path.as_str(),
            Self::Filter { rows, .. } => rows.as_str(),
            Self::Limit { key, .. } => key.key.as_str(),
            Self::Notify(notification) => &notification.to,
        }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Mask { .. } => Kind::Mask,
            Self::Filter { .. } => Kind::Filter,
            Self::Limit { .. } => Kind::Limit,
            Self::Notify(_) => Kind::Notify,
        }
    }

    /// The same duty with other holders of values.
    pub fn map<B>(self, mut holder: impl FnMut(A) -> B) -> Duty<B> {
        match self {
            Self::Mask { path, how } => Duty::Mask { path, how },
            Self::Filter { rows, conditions } => {
                let conditions = conditions.into_iter().map(|condition| RowCondition {
                    field: condition.field,
                    value_type: condition.value_type,
                    relation: condition.relation,
                    values: condition.values.into_iter().map(&mut holder).collect(),
                });
                Duty::Filter {
                    rows,
                    conditions: conditions.collect(),
                }
            }
            Self::Limit { key, count } => Duty::Limit {
                key: LimitKey {
                    key: key.key,
                    value: holder(key.value),
                    window: key.window,
                },
                count,
            },
            Self::Notify(notification) => Duty::Notify(Notification {
                to: notification.to,
                message: notification.message.map(holder),
            }),
        }
    }
}

/// How much of a value is hidden.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Masking {
    /// All but its last characters; never more than half of them are shown.
    KeepLast(u32),
    /// All of it. Another text stands in its place: this one, or [`HIDDEN`].
    Hide(Option<String>),
}

impl Masking {
    /// What is shown of a text.
    pub fn apply(&self, text: &str) -> String {
        match self {
            Self::Hide(with) => with.as_deref().unwrap_or(HIDDEN).to_owned(),
            Self::KeepLast(most) => {
                let length = text.chars().count();
                let half = length.checked_div(2).unwrap_or(0);
                let shown = usize::try_from(*most).map_or(half, |most| most.min(half));
                let hidden = length.saturating_sub(shown);
                let stars = std::iter::repeat_n('*', hidden);
                stars.chain(text.chars().skip(hidden)).collect()
            }
        }
    }
}

/// How a field of a row is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowRelation {
    /// It is the value.
    Equal,
    /// It is another value.
    NotEqual,
    /// It is less.
    Less,
    /// It is less or the value.
    LessOrEqual,
    /// It is greater.
    Greater,
    /// It is greater or the value.
    GreaterOrEqual,
    /// It is one of the values.
    In,
}

impl RowRelation {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessOrEqual,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::In,
    ];

    /// The relation on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::In => "in",
        }
    }

    /// Whether it needs a type with an order: INTEGER, DECIMAL, INSTANT or DURATION.
    pub fn is_of_order(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual | Self::In)
    }

    /// Whether values of a type can be compared so.
    pub fn takes(self, value_type: Type) -> bool {
        match value_type {
            Type::Integer | Type::Decimal | Type::Instant | Type::Duration => true,
            Type::Text | Type::Boolean | Type::Address => !self.is_of_order(),
            _ => false,
        }
    }
}

/// One comparison that rows must fulfil.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowCondition<A> {
    /// Of the row; parts with dots are fields of objects inside.
    pub field: AttributeName,
    /// What it is read as.
    pub value_type: Type,
    /// How it is compared.
    pub relation: RowRelation,
    /// With what: one value, for [`RowRelation::In`] up to [`MEMBER_LIMIT`].
    pub values: Vec<A>,
}

impl RowCondition<String> {
    /// Whether it holds for a row. What cannot be told does not.
    pub fn holds(&self, row: &Attributes) -> bool {
        let found = row.value(&self.field, self.value_type);
        if found.value_type() != Some(self.value_type) {
            return false;
        }
        let wanted = self.values.iter().map(|text| given(text, self.value_type));
        let Some(wanted) = wanted.collect::<Option<Vec<Value>>>() else {
            return false;
        };
        match self.relation {
            RowRelation::In => wanted.contains(&found),
            RowRelation::NotEqual => !wanted.contains(&found),
            relation => {
                let holds = |wanted: &Value| match relation {
                    RowRelation::Equal => *wanted == found,
                    relation => {
                        number(&found)
                            .zip(number(wanted))
                            .is_some_and(|(found, wanted)| match relation {
                                RowRelation::Less => found < wanted,
                                RowRelation::LessOrEqual => found <= wanted,
                                RowRelation::Greater => found > wanted,
                                RowRelation::GreaterOrEqual => found >= wanted,
                                _ => false,
                            })
                    }
                };
                !wanted.is_empty() && wanted.iter().all(holds)
            }
        }
    }
}

/// The value that an argument shows; none if it cannot be told.
fn given(shown: &str, value_type: Type) -> Option<Value> {
    let unknown = shown == "(absent)" || shown.starts_with("(failed: ");
    if unknown {
        return None;
    }
    text::read(shown, value_type).ok()
}

fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(number)
        | Value::Decimal(number)
        | Value::Instant(number)
        | Value::Duration(number) => Some(*number),
        _ => None,
    }
}

/// Somebody is told something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notification<A> {
    /// A mail address, or the name of a channel that the enforcement point knows. At most [`WORD_LIMIT`] bytes.
    pub to: String,
    /// What is said; the enforcement point has a sentence of its own if there is none.
    pub message: Option<A>,
}

/// Whether a path is `response.body` or inside of it: what masks and filters reach.
pub fn is_of_response(path: &AttributeName) -> bool {
    let mut parts = path.parts();
    parts.next() == Some("response") && parts.next() == Some("body")
}

/// Whether a text can name a recipient.
pub fn is_recipient(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= WORD_LIMIT && !text.chars().any(char::is_control)
}
