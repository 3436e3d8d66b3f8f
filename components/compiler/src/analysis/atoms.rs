//! What the analysis knows of each kind of atom: what it can tell apart. A new atom of the core needs a line here;
//! until it has one it is opaque, and questions that hang on it are not decided.

use std::collections::BTreeSet;

use aecp_vocabulary::{Type, Value};

use super::affine::{self, Cuts};
use crate::core::time::{Window, Zone};
use crate::core::{
    Atom, Condition, Constant, InputIndex, Operand, Package, Quantifier, Relation, is_ordered,
};

/// Most members of a list that are looked for in a set.
const MEMBERS: usize = 64;

/// Most members of a list that an input is held against.
const CONSTANTS: usize = 4_096;

/// What an atom looks at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape<'p> {
    /// Constants alone.
    Fixed,
    /// Whether an input is present.
    Presence(InputIndex),
    /// One scalar input, held against constants of its type.
    Test(InputIndex, &'p [Constant]),
    /// One input of an ordered type, in arithmetic with constants: it may be unknown although the input is not.
    Turning(InputIndex, Cuts),
    /// An instant, asked for its weekday or time of day.
    During(InputIndex, Window, &'p Zone),
    /// Two scalar inputs of one type, held against each other.
    Link(InputIndex, InputIndex),
    /// A text input, held against patterns or a part.
    Pattern(InputIndex),
    /// A set of texts and a text.
    Member(InputIndex, &'p str),
    /// A set of texts and some texts, of which it may have any or must have all.
    Members(InputIndex, Quantifier, &'p [Constant]),
    /// A set of texts and a text input.
    LinkedMember(InputIndex, InputIndex),
    /// Something else: it may be anything.
    Opaque,
}

impl Shape<'_> {
    /// The inputs that the atom reads, if the analysis can choose values for them.
    pub(super) fn inputs(self) -> impl Iterator<Item = InputIndex> {
        let (one, other) = match self {
            Self::Fixed | Self::Opaque => (None, None),
            Self::Presence(input)
            | Self::Test(input, _)
            | Self::Turning(input, _)
            | Self::During(input, ..)
            | Self::Pattern(input)
            | Self::Member(input, _)
            | Self::Members(input, ..) => (Some(input), None),
            Self::Link(left, right) => (Some(left), Some(right)),
            Self::LinkedMember(set, element) => (Some(set), Some(element)),
        };
        one.into_iter().chain(other)
    }
}

/// What an atom of the package looks at.
pub(super) fn shape<'p>(package: &Package, atom: &'p Atom) -> Shape<'p> {
    let type_of = |input: InputIndex| {
        let input = package.inputs.get(usize::try_from(input.0).ok()?)?;
        Some(input.value_type)
    };
    let ordered = |relation: &Relation, input: InputIndex| {
        *relation == Relation::Equal || type_of(input).is_some_and(is_ordered)
    };
    let is_constant = |operand: &Operand| {
        let mut reads = false;
        operand.each_input(&mut |_| reads = true);
        !reads
    };
    match atom {
        Atom::During { instant, .. } if is_constant(instant) => Shape::Fixed,
        Atom::Compare { left, right, .. } if is_constant(left) && is_constant(right) => Shape::Fixed,
        Atom::OneOf { element, .. } if is_constant(element) => Shape::Fixed,
        Atom::IsPresent(input) => Shape::Presence(*input),
        Atom::IsTrue(input) => Shape::Test(*input, &[]),
        Atom::Compare {
            left,
            relation,
            right,
        } => match (left, right) {
            (Operand::Input(left), Operand::Input(right)) => match (type_of(*left), type_of(*right)) {
                (Some(known), other)
                    if is_told_apart(known) && other == Some(known) && ordered(relation, *left) =>
                {
                    Shape::Link(*left, *right)
                }
                _ => Shape::Opaque,
            },
            (Operand::Input(input), Operand::Constant(constant))
            | (Operand::Constant(constant), Operand::Input(input)) => {
                if ordered(relation, *input) {
                    test(type_of(*input), *input, std::slice::from_ref(constant))
                } else {
                    Shape::Opaque
                }
            }
            _ => match affine::cuts(left, *relation, right) {
                Some((input, cuts)) if type_of(input).is_some_and(is_ordered) => Shape::Turning(input, cuts),
                _ => Shape::Opaque,
            },
        },
        Atom::OneOf { element, members } => match element {
            Operand::Input(_) if members.len() > CONSTANTS => Shape::Opaque,
            Operand::Input(input) => test(type_of(*input), *input, members),
            Operand::Constant(_) | Operand::Term(_) => Shape::Opaque,
        },
        Atom::Contains { set, element } => match (type_of(*set), element) {
            (Some(Type::SetOfText), Operand::Constant(Constant::Text(text))) => Shape::Member(*set, text),
            (Some(Type::SetOfText), Operand::Input(element)) if type_of(*element) == Some(Type::Text) => {
                Shape::LinkedMember(*set, *element)
            }
            _ => Shape::Opaque,
        },
        Atom::During {
            instant: Operand::Input(input),
            window,
            zone,
        } if type_of(*input) == Some(Type::Instant) => Shape::During(*input, *window, zone),
        Atom::ContainsOf {
            set,
            quantifier,
            members,
        } if type_of(*set) == Some(Type::SetOfText) && members.len() <= MEMBERS => {
            Shape::Members(*set, *quantifier, members)
        }
        Atom::Affix { text, .. } | Atom::Matches { text, .. } if type_of(*text) == Some(Type::Text) => {
            Shape::Pattern(*text)
        }
        Atom::ContainsOf { .. }
        | Atom::Affix { .. }
        | Atom::Matches { .. }
        | Atom::WithinOneOf { .. }
        | Atom::Within { .. }
        | Atom::During { .. } => Shape::Opaque,
    }
}

/// Whether [`candidates`] has a value of this type for every arrangement among constants.
fn is_told_apart(value_type: Type) -> bool {
    is_ordered(value_type) || matches!(value_type, Type::Text | Type::Boolean)
}

fn test(declared: Option<Type>, input: InputIndex, constants: &[Constant]) -> Shape<'_> {
    let same = |constant: &Constant| declared == Some(constant.value_type());
    if declared.is_some_and(is_told_apart) && constants.iter().all(same) {
        Shape::Test(input, constants)
    } else {
        Shape::Opaque
    }
}

/// The atoms of a condition, in the order of the source.
pub(super) fn atoms<'p>(condition: &'p Condition, found: &mut Vec<&'p Atom>) {
    match condition {
        Condition::Constant(_) => {}
        Condition::Atom(atom) => found.push(atom),
        Condition::All(parts) | Condition::Any(parts) => {
            for part in parts {
                atoms(part, found);
            }
        }
        Condition::Not(part) => atoms(part, found),
    }
}

/// Values of one type that `count` inputs, compared with each other, with `constants` and with the `members` of sets,
/// and told apart at `cuts`, need at most: every arrangement of that many values among the constants can be made of
/// them. `fresh` are texts that the package does not have: those that patterns can tell apart, if there are any.
pub(super) fn candidates<'c>(
    value_type: Type,
    constants: impl Iterator<Item = &'c Constant>,
    cuts: impl Iterator<Item = i64>,
    members: impl Iterator<Item = &'c str>,
    count: usize,
    fresh: &[String],
) -> Vec<Value> {
    match value_type {
        Type::Text => {
            let texts = constants.filter_map(|constant| match constant {
                Constant::Text(text) => Some(text.as_str()),
                _ => None,
            });
            let texts: BTreeSet<&str> = texts.chain(members).collect();
            let others = fresh.iter().take(count).map(String::as_str);
            texts
                .into_iter()
                .chain(others)
                .map(|text| Value::Text(text.to_owned()))
                .collect()
        }
        Type::Integer | Type::Decimal | Type::Instant | Type::Duration => {
            let value: fn(i64) -> Value = match value_type {
                Type::Decimal => Value::Decimal,
                Type::Instant => Value::Instant,
                Type::Duration => Value::Duration,
                _ => Value::Integer,
            };
            let mut numbers = BTreeSet::new();
            let constants = constants.filter(|constant| constant.value_type() == value_type);
            for number in constants.filter_map(Constant::number).chain(cuts) {
                numbers.insert(number);
                // Between two constants that are near each other, the steps from both meet: no more is needed.
                for step in 1_i64.. {
                    if usize::try_from(step).is_ok_and(|step| step > count) {
                        break;
                    }
                    numbers.extend(number.checked_sub(step));
                    numbers.extend(number.checked_add(step));
                }
            }
            if numbers.is_empty() {
                numbers.extend((0_i64..).take(count));
            }
            numbers.into_iter().map(value).collect()
        }
        Type::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
        Type::Address => vec![Value::Address(aecp_vocabulary::value::Address(0xffff_0000_0000))],
        Type::Network => vec![Value::Network(aecp_vocabulary::value::Network {
            address: aecp_vocabulary::value::Address(0xffff_0000_0000),
            prefix: 96,
        })],
        Type::SetOfText => vec![Value::SetOfText(Vec::new())],
        Type::SetOfInteger => vec![Value::SetOfInteger(Vec::new())],
        Type::SetOfDecimal => vec![Value::SetOfDecimal(Vec::new())],
        Type::SetOfInstant => vec![Value::SetOfInstant(Vec::new())],
        Type::SetOfDuration => vec![Value::SetOfDuration(Vec::new())],
        Type::SetOfAddress => vec![Value::SetOfAddress(Vec::new())],
        Type::SetOfNetwork => vec![Value::SetOfNetwork(Vec::new())],
    }
}
