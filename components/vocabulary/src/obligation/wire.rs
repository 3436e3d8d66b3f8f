//! Arguments into duties and back.

use std::collections::BTreeMap;

use super::{
    CONDITION_LIMIT, COUNT_LIMIT, Duty, KEEP_LIMIT, Kind, LimitKey, MEMBER_LIMIT, Masking, Notification,
    RowCondition, RowRelation, WINDOW_LIMITS, WORD_LIMIT, is_of_response, is_recipient,
};
use crate::decision::RaisedObligation;
use crate::policy::{Obligation, Segment};
use crate::schema::AttributeName;
use crate::text;
use crate::value::{Type, Value};

/// What an argument holds: segments in a description, a text once they are filled in.
pub trait Argument: Clone {
    /// The argument that says just this.
    fn literal(text: String) -> Self;
    /// What it says, if it holds no value of the request.
    fn as_literal(&self) -> Option<String>;
}

impl Argument for String {
    fn literal(text: String) -> Self {
        text
    }

    fn as_literal(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl Argument for Vec<Segment> {
    fn literal(text: String) -> Self {
        vec![Segment::Literal(text)]
    }

    fn as_literal(&self) -> Option<String> {
        let mut text = String::new();
        for segment in self {
            match segment {
                Segment::Literal(literal) => text.push_str(literal),
                Segment::Input(_) => return None,
            }
        }
        Some(text)
    }
}

/// Why an obligation is none that is defined here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No kind of that name is defined.
    #[error("there is no kind of obligation `{0}`")]
    UnknownKind(String),
    /// The kind has an argument that is not there.
    #[error("the argument `{0}` is missing")]
    Missing(String),
    /// The kind does not have this argument, or not so often.
    #[error("the argument `{0}` does not belong here")]
    Superfluous(String),
    /// An argument is not in the form that it must have.
    #[error("the argument `{argument}` is not {wanted}")]
    NotInForm {
        /// Which argument.
        argument: String,
        /// What it should be.
        wanted: &'static str,
    },
}

impl<A: Argument> Duty<A> {
    /// The duty as it goes over the wire: its arguments by name, in the order of the table.
    pub fn arguments(self) -> Vec<(String, A)> {
        let mut arguments = Vec::new();
        let mut put = |name: &str, argument: A| arguments.push((name.to_owned(), argument));
        match self {
            Self::Mask { path, how } => {
                put("path", A::literal(path.into()));
                match how {
                    Masking::Hide(None) => {}
                    Masking::Hide(Some(with)) => put("with", A::literal(with)),
                    Masking::KeepLast(count) => put("keep_last", A::literal(count.to_string())),
                }
            }
            Self::Filter { rows, conditions } => {
                put("rows", A::literal(rows.into()));
                for (number, condition) in (1_usize..).zip(conditions) {
                    put(&format!("{number}.field"), A::literal(condition.field.into()));
                    put(
                        &format!("{number}.type"),
                        A::literal(condition.value_type.name().to_owned()),
                    );
                    put(
                        &format!("{number}.relation"),
                        A::literal(condition.relation.name().to_owned()),
                    );
                    for value in condition.values {
                        put(&format!("{number}.value"), value);
                    }
                }
            }
            Self::Limit { key, count } => {
                put("count", A::literal(count.to_string()));
                put("window", A::literal(Value::Duration(key.window).to_string()));
                put("key", A::literal(key.key.into()));
                put("value", key.value);
            }
            Self::Notify(notification) => {
                put("to", A::literal(notification.to));
                if let Some(message) = notification.message {
                    put("message", message);
                }
            }
        }
        arguments
    }

    /// Reads what came over the wire.
    ///
    /// # Errors
    /// A kind that is not defined; an argument that is missing, superfluous or not in form.
    pub fn read(kind: &str, arguments: &[(String, A)]) -> Result<Self, Malformed> {
        let known = Kind::ALL.into_iter().find(|known| known.name() == kind);
        let known = known.ok_or_else(|| Malformed::UnknownKind(kind.chars().take(WORD_LIMIT).collect()))?;
        let mut given: BTreeMap<&str, Vec<A>> = BTreeMap::new();
        for (name, argument) in arguments {
            given.entry(name).or_default().push(argument.clone());
        }
        let mut given = Given { by_name: given };
        let duty = match known {
            Kind::Mask => mask(&mut given),
            Kind::Filter => filter(&mut given),
            Kind::Limit => limit(&mut given),
            Kind::Notify => notify(&mut given),
        }?;
        match given.by_name.into_keys().next() {
            Some(name) => Err(Malformed::Superfluous(name.to_owned())),
            None => Ok(duty),
        }
    }
}

impl Duty<String> {
    /// The duty that was raised.
    ///
    /// # Errors
    /// As [`Duty::read`].
    pub fn of(raised: &RaisedObligation) -> Result<Self, Malformed> {
        Self::read(&raised.kind, &raised.arguments)
    }
}

impl Duty<Vec<Segment>> {
    /// The duty that a policy can raise.
    ///
    /// # Errors
    /// As [`Duty::read`].
    pub fn described(obligation: &Obligation) -> Result<Self, Malformed> {
        Self::read(&obligation.kind, &obligation.arguments)
    }

    /// What a policy says that it can raise.
    pub fn obligation(self) -> Obligation {
        Obligation {
            kind: self.kind().name().to_owned(),
            arguments: self.arguments(),
        }
    }
}

/// The arguments that were not taken yet.
struct Given<'a, A> {
    by_name: BTreeMap<&'a str, Vec<A>>,
}

impl<A: Argument> Given<'_, A> {
    fn optional(&mut self, name: &str) -> Result<Option<A>, Malformed> {
        match self.by_name.remove(name) {
            None => Ok(None),
            Some(mut all) if all.len() == 1 => Ok(all.pop()),
            Some(_) => Err(Malformed::Superfluous(name.to_owned())),
        }
    }

    fn one(&mut self, name: &str) -> Result<A, Malformed> {
        self.optional(name)?
            .ok_or_else(|| Malformed::Missing(name.to_owned()))
    }

    /// An argument that holds no value of the request, and what `read` finds in it.
    fn settled<T>(
        &mut self,
        name: &str,
        wanted: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, Malformed> {
        let found = self.one(name)?.as_literal();
        found
            .as_deref()
            .and_then(read)
            .ok_or_else(|| Malformed::NotInForm {
                argument: name.to_owned(),
                wanted,
            })
    }
}

fn response_path(text: &str) -> Option<AttributeName> {
    text.parse().ok().filter(is_of_response)
}

fn number<T: TryFrom<i64>>(text: &str) -> Option<T> {
    text::integer(text)
        .ok()
        .and_then(|number| T::try_from(number).ok())
}

const PATH: &str = "a path inside of `response.body`";

fn mask<A: Argument>(given: &mut Given<'_, A>) -> Result<Duty<A>, Malformed> {
    let path = given.settled("path", PATH, response_path)?;
    let how = if given.by_name.contains_key("keep_last") {
        let count = |text: &str| number(text).filter(|count| (1..=KEEP_LIMIT).contains(count));
        Masking::KeepLast(given.settled("keep_last", "a number from 1 to 64", count)?)
    } else if given.by_name.contains_key("with") {
        let with = |text: &str| (text.len() <= WORD_LIMIT).then(|| text.to_owned());
        Masking::Hide(Some(given.settled(
            "with",
            "a text of at most 256 bytes",
            with,
        )?))
    } else {
        Masking::Hide(None)
    };
    Ok(Duty::Mask { path, how })
}

fn filter<A: Argument>(given: &mut Given<'_, A>) -> Result<Duty<A>, Malformed> {
    let rows = given.settled("rows", PATH, response_path)?;
    let mut conditions = Vec::new();
    for number in 1..=CONDITION_LIMIT {
        let name = |part: &str| format!("{number}.{part}");
        if number > 1 && !given.by_name.contains_key(name("field").as_str()) {
            break;
        }
        let field = given.settled(&name("field"), "the name of a field", |text| text.parse().ok())?;
        let types = |text: &str| {
            let known = [
                Type::Text,
                Type::Integer,
                Type::Decimal,
                Type::Boolean,
                Type::Instant,
                Type::Duration,
                Type::Address,
            ];
            known.into_iter().find(|known| known.name() == text)
        };
        let value_type: Type = given.settled(&name("type"), "a type that rows are compared by", types)?;
        let relations = |text: &str| {
            let known = RowRelation::ALL.into_iter().find(|known| known.name() == text);
            known.filter(|relation| relation.takes(value_type))
        };
        let wanted = "a relation that the type has";
        let relation = given.settled(&name("relation"), wanted, relations)?;
        let values = given.by_name.remove(name("value").as_str());
        let values = values.ok_or_else(|| Malformed::Missing(name("value")))?;
        let most = if relation == RowRelation::In {
            MEMBER_LIMIT
        } else {
            1
        };
        if values.len() > most {
            return Err(Malformed::Superfluous(name("value")));
        }
        conditions.push(RowCondition {
            field,
            value_type,
            relation,
            values,
        });
    }
    Ok(Duty::Filter { rows, conditions })
}

fn limit<A: Argument>(given: &mut Given<'_, A>) -> Result<Duty<A>, Malformed> {
    let counts = |text: &str| number(text).filter(|count| (1..=COUNT_LIMIT).contains(count));
    let count = given.settled("count", "a number from 1 to 1,000,000,000", counts)?;
    let (shortest, longest) = WINDOW_LIMITS;
    let windows = |text: &str| {
        let window = text::duration(text).ok();
        window.filter(|window| (shortest..=longest).contains(window))
    };
    let window = given.settled("window", "a duration from one second to 31 days", windows)?;
    let key = given.settled("key", "the name of an attribute", |text| text.parse().ok())?;
    let value = given.one("value")?;
    let key = LimitKey { key, value, window };
    Ok(Duty::Limit { key, count })
}

fn notify<A: Argument>(given: &mut Given<'_, A>) -> Result<Duty<A>, Malformed> {
    let recipient = |text: &str| is_recipient(text).then(|| text.to_owned());
    let to = given.settled("to", "the name of a recipient, at most 256 bytes", recipient)?;
    let message = given.optional("message")?;
    Ok(Duty::Notify(Notification { to, message }))
}
