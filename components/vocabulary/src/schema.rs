//! Attribute names, and which types attributes have.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::value::Type;

/// Most bytes of an attribute name.
pub const NAME_LIMIT: usize = 128;

/// The name of an attribute: one or more dotted parts, each a letter or underscore followed by letters, digits and
/// underscores, all ASCII.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AttributeName(Box<str>);

/// A text that is not the name of an attribute.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an attribute name: write dotted parts of ASCII letters, digits and `_`, none beginning with a \
     digit, {NAME_LIMIT} bytes at most, as in `customer.region`"
)]
pub struct InvalidAttributeName {
    text: String,
}

impl AttributeName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name's parts, first to last.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether the name is in the name space `space`: `identity.subject` is in `identity`.
    pub fn is_in(&self, space: &str) -> bool {
        self.parts().next() == Some(space)
    }
}

impl FromStr for AttributeName {
    type Err = InvalidAttributeName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let part_is_valid = |part: &str| {
            let mut bytes = part.bytes();
            bytes
                .next()
                .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        if text.len() <= NAME_LIMIT && text.split('.').all(part_is_valid) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidAttributeName {
                text: text.chars().take(NAME_LIMIT).collect(),
            })
        }
    }
}

impl TryFrom<String> for AttributeName {
    type Error = InvalidAttributeName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AttributeName> for String {
    fn from(name: AttributeName) -> Self {
        name.0.into()
    }
}

impl fmt::Display for AttributeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a schema says of one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declaration {
    /// The attribute's type.
    pub value_type: Type,
    /// Whether requests without it are expected. Matters to the checker alone.
    #[serde(default)]
    pub optional: bool,
}

/// Which attributes there are, and their types.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schema {
    attributes: BTreeMap<AttributeName, Declaration>,
}

/// One name declared with two types.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("attribute `{name}` is declared as {first} and as {second}")]
pub struct TypeConflict {
    /// The attribute.
    pub name: AttributeName,
    /// The type declared first.
    pub first: Type,
    /// The type declared later.
    pub second: Type,
}

impl Schema {
    /// Adds a declaration. One that stands already with the same type is kept, optional only if both are.
    ///
    /// # Errors
    /// The attribute has another type already; the schema is as it was.
    pub fn declare(&mut self, name: AttributeName, declaration: Declaration) -> Result<(), TypeConflict> {
        match self.attributes.get_mut(&name) {
            Some(known) if known.value_type != declaration.value_type => Err(TypeConflict {
                name,
                first: known.value_type,
                second: declaration.value_type,
            }),
            Some(known) => {
                known.optional = known.optional && declaration.optional;
                Ok(())
            }
            None => {
                self.attributes.insert(name, declaration);
                Ok(())
            }
        }
    }

    /// What is declared of `name`.
    pub fn declaration(&self, name: &AttributeName) -> Option<Declaration> {
        self.attributes.get(name).copied()
    }

    /// All declarations, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&AttributeName, Declaration)> {
        self.attributes
            .iter()
            .map(|(name, declaration)| (name, *declaration))
    }

    /// How many attributes are declared.
    pub fn len(&self) -> usize {
        self.attributes.len()
    }

    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_dotted_words() {
        for good in ["a", "customer.region", "_x.y2.z_"] {
            assert!(good.parse::<AttributeName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "2a",
            "a.2",
            "a-b",
            "ä",
            &"a".repeat(NAME_LIMIT + 1),
        ] {
            assert!(bad.parse::<AttributeName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn one_name_has_one_type() {
        let name: AttributeName = "a.b".parse().unwrap();
        let mut schema = Schema::default();
        let text = Declaration {
            value_type: Type::Text,
            optional: true,
        };
        schema.declare(name.clone(), text).unwrap();
        schema
            .declare(
                name.clone(),
                Declaration {
                    optional: false,
                    ..text
                },
            )
            .unwrap();
        assert_eq!(
            schema.declaration(&name),
            Some(Declaration {
                optional: false,
                ..text
            })
        );
        let clash = schema.declare(
            name.clone(),
            Declaration {
                value_type: Type::Integer,
                optional: true,
            },
        );
        assert_eq!(
            clash,
            Err(TypeConflict {
                name,
                first: Type::Text,
                second: Type::Integer
            })
        );
    }
}
