//! The typed core: what a package means, after all checks, before any code.
//!
//! Everything here is well typed: the checker builds it, the interpreter walks it, the code generator compiles it.
//! Meaning lives in [`crate::interpreter`]; this module is data. [`term`] is arithmetic,
//! [`time`] are weekdays and times of day.

pub mod term;
pub mod time;

use self::term::Term;
use self::time::{Window, Zone};
use aecp_vocabulary::policy::{self, Annotation, DefaultDecision, Obligation, OverrideRule, Segment};
use aecp_vocabulary::value::{Address, Network};
use aecp_vocabulary::{AttributeName, AuditClass, Mode, Type, Value, parameter};

pub use crate::members::Members;
use crate::pattern::Pattern;

/// A package, ready to be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The package's name.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// What holds for requests that it does not cover.
    pub default: DefaultDecision,
    /// What policies read; policies point here. Attributes and parameters by name, the time last.
    pub inputs: Vec<Input>,
    /// In the order of the source.
    pub policies: Vec<Policy>,
    /// Facts for people.
    pub annotations: Vec<Annotation>,
}

/// Something that some policy of the package reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// Its name; `now` for the time.
    pub name: AttributeName,
    /// Its type.
    pub value_type: Type,
    /// Where its value comes from.
    pub kind: InputKind,
}

/// What sentences call the moment of the decision.
const NOW: &str = "now";

/// Where the value of an input comes from. These are the cases of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// The request.
    Attribute {
        /// Whether the schema expects requests without it.
        optional: bool,
        /// What is read in the place of an absent value, of the input's type. `IS PRESENT` does not read it.
        default: Option<Box<Value>>,
        /// The texts that it can be, if the schema lists them; any other is unknown where it is read, as a value of
        /// another type is.
        choices: Option<Members<Constant>>,
    },
    /// The package, or a bundle that sets it. Never absent and never failed.
    Parameter(Box<Parameter>),
    /// The moment of the decision. Never absent and never failed.
    Now,
}

impl InputKind {
    /// What is read in the place of an absent value, if the schema says so.
    pub fn absent_as(&self) -> Option<&Value> {
        match self {
            Self::Attribute { default, .. } => default.as_deref(),
            Self::Parameter(_) | Self::Now => None,
        }
    }
}

/// What a package says of a parameter; all values have the input's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// What holds if no bundle sets it.
    pub default: Value,
    /// The lowest value that a bundle may set; for types with an order only.
    pub minimum: Option<Value>,
    /// The highest value that a bundle may set; for types with an order only.
    pub maximum: Option<Value>,
}

impl Input {
    /// A fact about the request.
    pub fn attribute(name: AttributeName, value_type: Type, optional: bool) -> Self {
        let kind = InputKind::Attribute {
            optional,
            default: None,
            choices: None,
        };
        Self {
            name,
            value_type,
            kind,
        }
    }

    /// The moment of the decision.
    pub fn now() -> Option<Self> {
        Some(Self {
            name: NOW.parse().ok()?,
            value_type: Type::Instant,
            kind: InputKind::Now,
        })
    }

    /// Whether the schema expects requests without it.
    pub fn is_optional(&self) -> bool {
        matches!(self.kind, InputKind::Attribute { optional: true, .. })
    }

    /// Whether every request has it, with a value of its type.
    pub fn is_certain(&self) -> bool {
        !matches!(self.kind, InputKind::Attribute { .. })
    }

    /// What it is where nobody says anything of it: the default of a parameter, absence otherwise.
    pub fn plain(&self) -> Value {
        self.parameter()
            .map_or(Value::Absent, |parameter| parameter.default.clone())
    }

    /// The texts that it can be, if the schema lists them.
    pub fn choices(&self) -> Option<&Members<Constant>> {
        match &self.kind {
            InputKind::Attribute { choices, .. } => choices.as_ref(),
            InputKind::Parameter(_) | InputKind::Now => None,
        }
    }

    /// Whether it can have a value, as far as the schema lists its values.
    pub fn can_be(&self, value: &Value) -> bool {
        self.choices().is_none_or(|choices| match value {
            Value::Text(text) => choices
                .binary_search_by(|choice| choice.text().cmp(&Some(text)))
                .is_ok(),
            _ => false,
        })
    }

    /// What is read in the place of an absent value, if the schema says so.
    pub fn absent_as(&self) -> Option<&Value> {
        self.kind.absent_as()
    }

    /// What policies read where the request has this value.
    pub fn read<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value {
            Value::Absent => self.absent_as().unwrap_or(value),
            _ => value,
        }
    }

    /// The values in its declaration: defaults and bounds.
    pub fn mentions(&self) -> impl Iterator<Item = &Value> {
        let parameter = self.parameter().into_iter().flat_map(Parameter::mentions);
        parameter.chain(self.absent_as())
    }

    /// What the package says of it, if it is a parameter.
    pub fn parameter(&self) -> Option<&Parameter> {
        match &self.kind {
            InputKind::Parameter(parameter) => Some(parameter),
            InputKind::Attribute { .. } | InputKind::Now => None,
        }
    }
}

/// As a component describes it.
impl From<&Input> for policy::Input {
    fn from(input: &Input) -> Self {
        let value_type = input.value_type;
        match &input.kind {
            InputKind::Attribute {
                optional, default, ..
            } => Self::Attribute {
                name: input.name.clone(),
                value_type,
                optional: *optional,
                default: default.as_deref().cloned(),
            },
            InputKind::Parameter(parameter) => Self::Parameter {
                name: input.name.to_string(),
                value_type,
                default: parameter.default.clone(),
                minimum: parameter.minimum.clone(),
                maximum: parameter.maximum.clone(),
            },
            InputKind::Now => Self::Now,
        }
    }
}

impl Parameter {
    /// Its default and its bounds.
    pub fn mentions(&self) -> impl Iterator<Item = &Value> {
        [Some(&self.default), self.minimum.as_ref(), self.maximum.as_ref()]
            .into_iter()
            .flatten()
    }

    /// Whether the range allows a value of the parameter's type.
    pub fn allows(&self, value: &Value) -> bool {
        parameter::within(value, self.minimum.as_ref(), self.maximum.as_ref())
    }
}

/// Index into [`Package::inputs`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputIndex(pub u32);

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Unique in the package.
    pub name: String,
    /// Which requests it is about: the class and the WHERE condition, both.
    pub scope: Condition,
    /// What must hold in its scope.
    pub constraint: Condition,
    /// What a violation does.
    pub mode: Mode,
    /// How far evidence must have come.
    pub audit: AuditClass,
    /// How a denial may be overridden.
    pub exception: OverrideRule,
    /// Why a violation is one; inputs are indices into [`Package::inputs`].
    pub reason: Vec<Segment>,
    /// What it can raise; arguments' inputs are indices into [`Package::inputs`].
    pub obligations: Vec<Obligation>,
    /// Facts for people: `description` and the like.
    pub annotations: Vec<Annotation>,
}

/// Something that is true, false or unknown of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `true` or `false`.
    Constant(bool),
    /// A comparison of values.
    Atom(Atom),
    /// Strong Kleene conjunction; true if empty.
    All(Vec<Condition>),
    /// Strong Kleene disjunction; false if empty.
    Any(Vec<Condition>),
    /// Strong Kleene negation.
    Not(Box<Condition>),
}

/// A condition without parts. Unknown if any value that it reads is unknown, except for `IsPresent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Atom {
    /// `a IS PRESENT`: false for absent, unknown for failed, else true.
    IsPresent(InputIndex),
    /// A BOOLEAN attribute standing for itself.
    IsTrue(InputIndex),
    /// Both operands have one type; `Less` and `LessOrEqual` compare numbers, instants or durations.
    Compare {
        /// Left of the operator.
        left: Operand,
        /// The operator.
        relation: Relation,
        /// Right of the operator.
        right: Operand,
    },
    /// `a IN ["x", "y"]`, `a IN name`: the element is one of the constants, which have its type; at least one.
    OneOf {
        /// Whose membership is asked.
        element: Operand,
        /// The members.
        members: Members<Constant>,
    },
    /// `s CONTAINS x` and `x IN s`: the element is a member of a set attribute.
    Contains {
        /// A set attribute.
        set: InputIndex,
        /// Of the set's member type.
        element: Operand,
    },
    /// `s CONTAINS ANY name` and `s CONTAINS ALL name`: of the list, which has constants of the set's member type, at
    /// least one, some or all are members of a set attribute.
    ContainsOf {
        /// A set attribute.
        set: InputIndex,
        /// How many of the list are asked for.
        quantifier: Quantifier,
        /// The list.
        members: Members<Constant>,
    },
    /// `a STARTS WITH "x"` and `a ENDS WITH "x"`, byte by byte.
    Affix {
        /// A text attribute.
        text: InputIndex,
        /// Where the part must stand.
        side: Side,
        /// The part.
        part: String,
    },
    /// `a LIKE "…"`, `a MATCHES "…"` and both with a list: one of the patterns matches the whole text. Sorted, each
    /// once, at least one, all in one notation.
    Matches {
        /// A text attribute.
        text: InputIndex,
        /// The patterns.
        patterns: Vec<Pattern>,
    },
    /// `a WITHIN "10.0.0.0/8"`, `a WITHIN ["…", …]`, `a WITHIN name`: the address is in one of the networks; at least
    /// one.
    WithinOneOf {
        /// An address attribute.
        address: InputIndex,
        /// The networks.
        networks: Members<Network>,
    },
    /// `t WITHIN MONDAY TO FRIDAY IN "Europe/Berlin"`: the instant is in a part of the week or of the day, as clocks of
    /// the zone show them. Unknown outside of the span of [`time`].
    During {
        /// Of type INSTANT.
        instant: Operand,
        /// When it must be.
        window: Window,
        /// Whose clocks tell.
        zone: Zone,
    },
    /// `a WITHIN n`: the address is in the network.
    Within {
        /// An address attribute.
        address: InputIndex,
        /// A network attribute.
        network: InputIndex,
    },
}

/// How many members of a list are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantifier {
    /// At least one.
    Any,
    /// All of them.
    All,
}

/// The two ends of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The first bytes.
    Start,
    /// The last bytes.
    End,
}

/// How two operands are compared. `!=`, `>` and `>=` are expressed by negation and exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `==`: anything but sets and networks.
    Equal,
    /// `<`: integers, decimals, instants, durations.
    Less,
    /// `<=`: as `<`.
    LessOrEqual,
}

/// A value to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// What the request has.
    Input(InputIndex),
    /// What the policy says.
    Constant(Constant),
    /// What is calculated.
    Term(Box<Term>),
}

/// A literal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Constant {
    /// Unicode text.
    Text(String),
    /// Signed, 64 bits.
    Integer(i64),
    /// True or false.
    Boolean(bool),
    /// In the units of [`aecp_vocabulary::Value::Decimal`].
    Decimal(i64),
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Instant(i64),
    /// Nanoseconds.
    Duration(i64),
    /// An IP address.
    Address(Address),
}

impl Constant {
    /// Its type.
    pub fn value_type(&self) -> Type {
        match self {
            Self::Text(_) => Type::Text,
            Self::Integer(_) => Type::Integer,
            Self::Boolean(_) => Type::Boolean,
            Self::Decimal(_) => Type::Decimal,
            Self::Instant(_) => Type::Instant,
            Self::Duration(_) => Type::Duration,
            Self::Address(_) => Type::Address,
        }
    }

    /// The 64 bits of a constant whose type [`is_ordered`].
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::Integer(number)
            | Self::Decimal(number)
            | Self::Instant(number)
            | Self::Duration(number) => Some(*number),
            Self::Text(_) | Self::Boolean(_) | Self::Address(_) => None,
        }
    }

    /// The text that it is.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A value that the language can write as one literal: all but sets, networks and what is unknown.
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Text(text) => Self::Text(text.clone()),
            Value::Integer(number) => Self::Integer(*number),
            Value::Boolean(holds) => Self::Boolean(*holds),
            Value::Decimal(units) => Self::Decimal(*units),
            Value::Instant(nanoseconds) => Self::Instant(*nanoseconds),
            Value::Duration(nanoseconds) => Self::Duration(*nanoseconds),
            Value::Address(address) => Self::Address(*address),
            _ => return None,
        })
    }

    /// The constant as the value that an attribute would have.
    pub fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::Text(text.clone()),
            Self::Integer(number) => Value::Integer(*number),
            Self::Boolean(holds) => Value::Boolean(*holds),
            Self::Decimal(units) => Value::Decimal(*units),
            Self::Instant(nanoseconds) => Value::Instant(*nanoseconds),
            Self::Duration(nanoseconds) => Value::Duration(*nanoseconds),
            Self::Address(address) => Value::Address(*address),
        }
    }
}

/// Whether values of a type have an order: `<` compares them.
pub fn is_ordered(value_type: Type) -> bool {
    matches!(
        value_type,
        Type::Integer | Type::Decimal | Type::Instant | Type::Duration
    )
}
