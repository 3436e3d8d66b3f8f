//! The reference interpreter: a direct walk of the typed core. It defines the meaning; compiled code is tested
//! against it.
//!
//! Conditions have three values and strong Kleene connectives, so their meaning does not depend on the order of
//! operands. An atom that reads an absent value, a failed one, one of another type than declared, a sum or product that
//! does not fit 64 bits, or the local time of an instant outside of the span of [`crate::core::time`], is unknown. Where
//! the schema has a DEFAULT, that is read in the place of an absent value.
//!
//! | scope | constraint | outcome |
//! |---|---|---|
//! | false | any | not applicable |
//! | true | true | satisfied |
//! | true | false | violated |
//! | true | unknown | indeterminate |
//! | unknown | any | indeterminate |

use aecp_vocabulary::policy::PolicyFinding;
use aecp_vocabulary::value::Address;
use aecp_vocabulary::{Outcome, Outcomes, Type, Value};
use serde::Serialize;

use crate::core::{
    Atom, Condition, Constant, InputIndex, Members, Operand, Package, Policy, Quantifier, Relation, Side,
};

/// What a condition is of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Truth {
    /// It does not hold.
    False,
    /// It cannot be told.
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// Strong Kleene conjunction: the lesser of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Strong Kleene disjunction: the greater of both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Strong Kleene negation: unknown stays unknown.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// What each policy of the package says of one request.
///
/// `values` has one value for each of [`Package::inputs`]; with another number, every policy is indeterminate.
/// A policy raises all its obligations when it is satisfied, and none otherwise. Findings are in the order of
/// policies: the violated, the indeterminate, and the satisfied with obligations.
pub fn evaluate(package: &Package, values: &[Value]) -> Outcomes {
    let readable = values.len() == package.inputs.len();
    let mut outcomes = Outcomes::default();
    for (index, policy) in (0_u32..).zip(&package.policies) {
        let scope = if readable {
            condition(package, values, &policy.scope)
        } else {
            Truth::Unknown
        };
        if scope == Truth::True {
            outcomes.applied.push(index);
        }
        let outcome = match scope {
            Truth::False => continue,
            Truth::Unknown => Outcome::Indeterminate,
            Truth::True => match condition(package, values, &policy.constraint) {
                Truth::True => Outcome::Satisfied,
                Truth::False => Outcome::Violated,
                Truth::Unknown => Outcome::Indeterminate,
            },
        };
        let obligations = raised(policy, outcome);
        if outcome != Outcome::Satisfied || !obligations.is_empty() {
            outcomes.findings.push(PolicyFinding {
                policy: index,
                outcome,
                obligations,
            });
        }
    }
    outcomes
}

/// What one condition of the package is of one request. A position without a value is unknown.
pub fn condition(package: &Package, values: &[Value], asked: &Condition) -> Truth {
    match asked {
        Condition::Constant(holds) => Truth::from(*holds),
        Condition::Atom(asked) => atom(package, values, asked),
        Condition::All(parts) => parts.iter().fold(Truth::True, |truth, part| {
            truth.and(condition(package, values, part))
        }),
        Condition::Any(parts) => parts.iter().fold(Truth::False, |truth, part| {
            truth.or(condition(package, values, part))
        }),
        Condition::Not(part) => condition(package, values, part).negated(),
    }
}

fn raised(policy: &Policy, outcome: Outcome) -> Vec<u32> {
    match outcome {
        Outcome::Satisfied => (0_u32..)
            .zip(&policy.obligations)
            .map(|(index, _)| index)
            .collect(),
        Outcome::Violated | Outcome::Indeterminate => Vec::new(),
    }
}

/// What one atom is of one request.
pub(crate) fn atom(package: &Package, values: &[Value], asked: &Atom) -> Truth {
    if let Atom::IsPresent(input) = asked {
        return is_present(package, values, *input);
    }
    known_atom(package, values, asked).map_or(Truth::Unknown, Truth::from)
}

fn is_present(package: &Package, values: &[Value], input: InputIndex) -> Truth {
    match value(values, input) {
        Some(Value::Absent) => Truth::False,
        _ => known(package, values, input).map_or(Truth::Unknown, |_| Truth::True),
    }
}

fn known_atom(package: &Package, values: &[Value], asked: &Atom) -> Option<bool> {
    match asked {
        Atom::IsPresent(input) => known(package, values, *input).map(|_| true),
        Atom::IsTrue(input) => match known(package, values, *input)? {
            Value::Boolean(holds) => Some(*holds),
            _ => None,
        },
        Atom::Compare {
            left,
            relation,
            right,
        } => {
            let (left, right) = (operand(package, values, left)?, operand(package, values, right)?);
            match relation {
                Relation::Equal => Some(left == right),
                Relation::Less => Some(left < right),
                Relation::LessOrEqual => Some(left <= right),
            }
        }
        Atom::OneOf { element, members } => {
            let element = operand(package, values, element)?;
            Some(
                members
                    .binary_search_by(|member| Scalar::from(member).cmp(&element))
                    .is_ok(),
            )
        }
        Atom::Contains { set, element } => {
            let (set, element) = (known(package, values, *set)?, operand(package, values, element)?);
            has(set, element)
        }
        Atom::During {
            instant,
            window,
            zone,
        } => match operand(package, values, instant)? {
            Scalar::Instant(instant) => window.holds(zone, instant),
            _ => None,
        },
        Atom::ContainsOf {
            set,
            quantifier,
            members,
        } => has_of(known(package, values, *set)?, *quantifier, members),
        Atom::Affix { text, side, part } => match known(package, values, *text)? {
            Value::Text(text) => Some(match side {
                Side::Start => text.starts_with(part),
                Side::End => text.ends_with(part),
            }),
            _ => None,
        },
        Atom::Matches { text, patterns } => match known(package, values, *text)? {
            Value::Text(text) => Some(patterns.iter().any(|pattern| pattern.matches(text))),
            _ => None,
        },
        Atom::WithinOneOf { address, networks } => match known(package, values, *address)? {
            Value::Address(address) => Some(networks.have(*address)),
            _ => None,
        },
        Atom::Within { address, network } => {
            match (
                known(package, values, *address)?,
                known(package, values, *network)?,
            ) {
                (Value::Address(address), Value::Network(network)) => Some(network.has(*address)),
                _ => None,
            }
        }
    }
}

/// A value that can be compared with one of its own kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scalar<'a> {
    Text(&'a str),
    Integer(i64),
    Boolean(bool),
    Decimal(i64),
    Instant(i64),
    Duration(i64),
    Address(Address),
}

impl Scalar<'_> {
    /// The 64 bits of a value that can be calculated with.
    fn number(self) -> Option<i64> {
        match self {
            Self::Integer(number)
            | Self::Decimal(number)
            | Self::Instant(number)
            | Self::Duration(number) => Some(number),
            Self::Text(_) | Self::Boolean(_) | Self::Address(_) => None,
        }
    }

    fn of_number(value_type: Type, number: i64) -> Option<Self> {
        Some(match value_type {
            Type::Integer => Self::Integer(number),
            Type::Decimal => Self::Decimal(number),
            Type::Instant => Self::Instant(number),
            Type::Duration => Self::Duration(number),
            _ => return None,
        })
    }
}

/// Whether a set has a member of its type.
fn has(set: &Value, element: Scalar<'_>) -> Option<bool> {
    Some(match (set, element) {
        (Value::SetOfText(members), Scalar::Text(text)) => members.iter().any(|member| member == text),
        (Value::SetOfInteger(members), Scalar::Integer(number))
        | (Value::SetOfDecimal(members), Scalar::Decimal(number))
        | (Value::SetOfInstant(members), Scalar::Instant(number))
        | (Value::SetOfDuration(members), Scalar::Duration(number)) => members.contains(&number),
        (Value::SetOfAddress(members), Scalar::Address(address)) => members.contains(&address),
        _ => return None,
    })
}

/// Whether a set has some or all of the members, which are of its type.
fn has_of(set: &Value, quantifier: Quantifier, members: &Members<Constant>) -> Option<bool> {
    let by = |member: &Constant, element: &Scalar<'_>| Scalar::from(member).cmp(element);
    let found = match set {
        Value::SetOfText(texts) => members.count_found(texts.iter().map(|text| Scalar::Text(text)), by),
        Value::SetOfInteger(numbers) => members.count_found(numbers.iter().copied().map(Scalar::Integer), by),
        Value::SetOfDecimal(numbers) => members.count_found(numbers.iter().copied().map(Scalar::Decimal), by),
        Value::SetOfInstant(numbers) => members.count_found(numbers.iter().copied().map(Scalar::Instant), by),
        Value::SetOfDuration(numbers) => {
            members.count_found(numbers.iter().copied().map(Scalar::Duration), by)
        }
        Value::SetOfAddress(addresses) => {
            members.count_found(addresses.iter().copied().map(Scalar::Address), by)
        }
        _ => return None,
    };
    Some(match quantifier {
        Quantifier::Any => found > 0,
        Quantifier::All => found == members.len(),
    })
}

impl<'a> From<&'a Constant> for Scalar<'a> {
    fn from(constant: &'a Constant) -> Self {
        match constant {
            Constant::Text(text) => Self::Text(text),
            Constant::Integer(number) => Self::Integer(*number),
            Constant::Boolean(holds) => Self::Boolean(*holds),
            Constant::Decimal(units) => Self::Decimal(*units),
            Constant::Instant(nanoseconds) => Self::Instant(*nanoseconds),
            Constant::Duration(nanoseconds) => Self::Duration(*nanoseconds),
            Constant::Address(address) => Self::Address(*address),
        }
    }
}

fn operand<'a>(package: &'a Package, values: &'a [Value], asked: &'a Operand) -> Option<Scalar<'a>> {
    match asked {
        Operand::Constant(constant) => Some(constant.into()),
        Operand::Term(term) => {
            let number = |part: &Operand| operand(package, values, part)?.number();
            Scalar::of_number(term.value_type(), term.evaluate(&number)?)
        }
        Operand::Input(input) => match known(package, values, *input)? {
            Value::Text(text) => Some(Scalar::Text(text)),
            Value::Integer(number) => Some(Scalar::Integer(*number)),
            Value::Boolean(holds) => Some(Scalar::Boolean(*holds)),
            Value::Decimal(units) => Some(Scalar::Decimal(*units)),
            Value::Instant(nanoseconds) => Some(Scalar::Instant(*nanoseconds)),
            Value::Duration(nanoseconds) => Some(Scalar::Duration(*nanoseconds)),
            Value::Address(address) => Some(Scalar::Address(*address)),
            _ => None,
        },
    }
}

fn value(values: &[Value], input: InputIndex) -> Option<&Value> {
    values.get(usize::try_from(input.0).ok()?)
}

/// The value that is read, if it is known, of the declared type, and one of those that the schema lists, if it lists them.
fn known<'a>(package: &'a Package, values: &'a [Value], input: InputIndex) -> Option<&'a Value> {
    let declared = package.inputs.get(usize::try_from(input.0).ok()?)?;
    let read = declared.read(value(values, input)?);
    (read.value_type() == Some(declared.value_type) && declared.can_be(read)).then_some(read)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use proptest::prelude::*;

    use aecp_vocabulary::Type;

    use super::*;
    use crate::core::Input;
    use crate::testing;

    fn inputs() -> Vec<Input> {
        [
            Type::Text,
            Type::Integer,
            Type::Boolean,
            Type::SetOfText,
            Type::Text,
            Type::Integer,
        ]
        .into_iter()
        .zip('a'..='f')
        .map(|(value_type, name)| Input::attribute(name.to_string().parse().unwrap(), value_type, false))
        .collect()
    }

    fn package(inputs: Vec<Input>, policies: Vec<Policy>) -> Package {
        let (name, version) = ("p".to_owned(), "1.0.0".to_owned());
        Package {
            name,
            version,
            default: Default::default(),
            inputs,
            policies,
            annotations: vec![],
        }
    }

    fn policy(scope: Condition, constraint: Condition) -> Policy {
        Policy {
            name: "q".to_owned(),
            scope,
            constraint,
            mode: aecp_vocabulary::Mode::Blocking,
            audit: Default::default(),
            exception: Default::default(),
            reason: vec![],
            obligations: vec![],
            annotations: vec![],
        }
    }

    fn not(part: Condition) -> Condition {
        Condition::Not(Box::new(part))
    }

    /// Conditions with values for the inputs that they read.
    fn conditions() -> impl Strategy<Value = (Package, Vec<Condition>, Vec<Value>)> {
        let package = package(inputs(), vec![]);
        let conditions = prop::collection::vec(testing::condition(&package.inputs), 0..5);
        (conditions, testing::values(&package))
            .prop_map(move |(conditions, values)| (package.clone(), conditions, values))
    }

    proptest! {
        #[test]
        fn negation_twice_is_none((package, conditions, values) in conditions()) {
            for part in conditions {
                let twice = not(not(part.clone()));
                prop_assert_eq!(condition(&package, &values, &twice), condition(&package, &values, &part));
            }
        }

        #[test]
        fn de_morgan_holds((package, conditions, values) in conditions()) {
            let negated: Vec<Condition> = conditions.iter().cloned().map(not).collect();
            let truth = |asked: &Condition| condition(&package, &values, asked);
            let all = not(Condition::All(conditions.clone()));
            prop_assert_eq!(truth(&all), truth(&Condition::Any(negated.clone())));
            let any = not(Condition::Any(conditions));
            prop_assert_eq!(truth(&any), truth(&Condition::All(negated)));
        }

        #[test]
        fn operands_have_no_order((package, conditions, values) in conditions(), by in 0_usize..5) {
            let mut turned = conditions.clone();
            turned.reverse();
            let by = by.checked_rem(turned.len()).unwrap_or(0);
            turned.rotate_left(by);
            let truth = |asked: &Condition| condition(&package, &values, asked);
            prop_assert_eq!(truth(&Condition::All(conditions.clone())), truth(&Condition::All(turned.clone())));
            prop_assert_eq!(truth(&Condition::Any(conditions)), truth(&Condition::Any(turned)));
        }

        #[test]
        fn outcomes_keep_the_contract((package, values) in testing::package().prop_flat_map(|package| {
            let values = testing::values(&package);
            (Just(package), values)
        })) {
            let outcomes = evaluate(&package, &values);
            prop_assert!(outcomes.applied.is_sorted_by(|a, b| a < b));
            prop_assert!(outcomes.findings.is_sorted_by(|a, b| a.policy < b.policy));
            for finding in &outcomes.findings {
                let applied = outcomes.applied.contains(&finding.policy);
                match finding.outcome {
                    Outcome::Violated => prop_assert!(applied && finding.obligations.is_empty()),
                    Outcome::Satisfied => prop_assert!(applied && !finding.obligations.is_empty()),
                    Outcome::Indeterminate => prop_assert!(finding.obligations.is_empty()),
                }
            }
            for read in package.policies.iter().flat_map(Policy::reads) {
                prop_assert!((read.0 as usize) < package.inputs.len());
            }
        }

        #[test]
        fn what_is_not_read_changes_nothing((package, values) in testing::package().prop_flat_map(|package| {
            let values = testing::values(&package);
            (Just(package), values)
        })) {
            let mut widened = package.clone();
            widened.inputs.push(inputs().remove(0));
            let mut more = values.clone();
            more.push(Value::Absent);
            prop_assert_eq!(evaluate(&widened, &more), evaluate(&package, &values));
            widened.drop_unread_inputs();
            prop_assert_eq!(widened, package);
        }
    }

    #[test]
    fn scope_and_constraint_make_the_outcome() {
        // Input 0 says the scope, input 1 the constraint.
        let booleans = inputs()
            .into_iter()
            .map(|input| Input {
                value_type: Type::Boolean,
                ..input
            })
            .take(2);
        let is = |index| Condition::Atom(Atom::IsTrue(InputIndex(index)));
        let package = package(booleans.collect(), vec![policy(is(0), is(1))]);
        let values = [Value::Boolean(false), Value::Absent, Value::Boolean(true)];
        let outcome = |scope: usize, constraint: usize| {
            let found = evaluate(&package, &[values[scope].clone(), values[constraint].clone()]);
            (
                found.applied.len(),
                found.findings.first().map(|finding| finding.outcome),
            )
        };
        let (no, unknown, yes) = (0, 1, 2);
        for constraint in [no, unknown, yes] {
            assert_eq!(outcome(no, constraint), (0, None));
            assert_eq!(outcome(unknown, constraint), (0, Some(Outcome::Indeterminate)));
        }
        assert_eq!(outcome(yes, yes), (1, None));
        assert_eq!(outcome(yes, no), (1, Some(Outcome::Violated)));
        assert_eq!(outcome(yes, unknown), (1, Some(Outcome::Indeterminate)));
    }

    #[test]
    fn absence_failure_and_wrong_types_are_unknown_where_they_are_read() {
        let package = package(inputs(), vec![]);
        let asked = |values: Value, asked: Atom| {
            let mut all = vec![Value::Absent; package.inputs.len()];
            all[0] = values;
            condition(&package, &all, &Condition::Atom(asked))
        };
        let equal = Atom::Compare {
            left: Operand::Input(InputIndex(0)),
            relation: Relation::Equal,
            right: Operand::Constant(Constant::Text("x".to_owned())),
        };
        let present = Atom::IsPresent(InputIndex(0));
        for (value, equality, presence) in [
            (Value::Text("x".to_owned()), Truth::True, Truth::True),
            (Value::Text("y".to_owned()), Truth::False, Truth::True),
            (Value::Absent, Truth::Unknown, Truth::False),
            (Value::failed("expired"), Truth::Unknown, Truth::Unknown),
            (Value::Integer(1), Truth::Unknown, Truth::Unknown),
        ] {
            assert_eq!(asked(value.clone(), equal.clone()), equality, "{value:?}");
            assert_eq!(asked(value.clone(), present.clone()), presence, "{value:?}");
        }
    }

    #[test]
    fn a_wrong_number_of_values_makes_every_policy_indeterminate() {
        let package = package(
            vec![],
            vec![policy(Condition::Constant(false), Condition::Constant(true))],
        );
        assert_eq!(evaluate(&package, &[]), Outcomes::default());
        assert_eq!(
            evaluate(&package, &[Value::Absent]).findings[0].outcome,
            Outcome::Indeterminate
        );
    }
}
