//! Atoms of every kind over some inputs.

use aecp_vocabulary::Type;
use proptest::prelude::{BoxedStrategy, Strategy, any};
use proptest::sample::{select, subsequence};

use super::domain::{AFFIXES, NETWORKS, constants, networks, patterns, window, zones};
use super::inputs_of;
use super::operands::Operands;
use crate::core::{Atom, Constant, Input, InputIndex, Members, Quantifier, Relation, Side};

pub(super) fn atom(inputs: &[Input]) -> BoxedStrategy<Atom> {
    let operands = Operands::new(inputs);
    let operand = |value_type| operands.of(value_type);
    let compare = |relation, value_type| {
        (operand(value_type), operand(value_type))
            .prop_map(move |(left, right)| Atom::Compare {
                left,
                relation,
                right,
            })
            .boxed()
    };
    let one_of = |value_type| {
        let constants = constants(value_type);
        let most = constants.len();
        let members = subsequence(constants, 1..=most);
        (operand(value_type), list(members))
            .prop_map(|(element, members)| Atom::OneOf { element, members })
            .boxed()
    };
    let mut atoms = vec![
        (4, compare(Relation::Equal, Type::Text)),
        (2, compare(Relation::Equal, Type::Integer)),
        (1, compare(Relation::Equal, Type::Boolean)),
        (3, compare(Relation::Less, Type::Integer)),
        (3, compare(Relation::LessOrEqual, Type::Integer)),
        (1, compare(Relation::Equal, Type::Decimal)),
        (1, compare(Relation::Less, Type::Decimal)),
        (1, compare(Relation::Less, Type::Instant)),
        (1, compare(Relation::LessOrEqual, Type::Duration)),
        (2, compare(Relation::Equal, Type::Address)),
        (2, one_of(Type::Address)),
        (1, one_of(Type::Decimal)),
        (1, one_of(Type::Duration)),
        (4, one_of(Type::Text)),
        (2, one_of(Type::Integer)),
        (1, one_of(Type::Boolean)),
    ];
    let instants = operand(Type::Instant);
    let during = (instants, window(), select(zones())).prop_map(|(instant, window, zone)| Atom::During {
        instant,
        window,
        zone,
    });
    atoms.push((2, during.boxed()));
    let all: Vec<InputIndex> = (0_u32..)
        .zip(inputs)
        .map(|(index, _)| InputIndex(index))
        .collect();
    if !all.is_empty() {
        atoms.push((3, select(all).prop_map(Atom::IsPresent).boxed()));
    }
    let booleans = inputs_of(inputs, Type::Boolean);
    if !booleans.is_empty() {
        atoms.push((4, select(booleans).prop_map(Atom::IsTrue).boxed()));
    }
    let sets: Vec<(InputIndex, Type)> = (0_u32..)
        .zip(inputs)
        .filter_map(|(index, input)| Some((InputIndex(index), input.value_type.member()?)))
        .collect();
    for (set, member) in sets {
        let contains = operand(member).prop_map(move |element| Atom::Contains { set, element });
        atoms.push((2, contains.boxed()));
        let constants = constants(member);
        let most = constants.len();
        let quantifiers = select(vec![Quantifier::Any, Quantifier::All]);
        let contains =
            (quantifiers, list(subsequence(constants, 1..=most))).prop_map(move |(quantifier, members)| {
                Atom::ContainsOf {
                    set,
                    quantifier,
                    members,
                }
            });
        atoms.push((2, contains.boxed()));
    }
    let texts = inputs_of(inputs, Type::Text);
    if !texts.is_empty() {
        let sides = select(vec![Side::Start, Side::End]);
        let affix = (select(texts), sides, select(&AFFIXES[..])).prop_map(|(text, side, part)| Atom::Affix {
            text,
            side,
            part: part.to_owned(),
        });
        atoms.push((3, affix.boxed()));
        let matches = (select(inputs_of(inputs, Type::Text)), patterns());
        let matches = matches.prop_map(|(text, patterns)| Atom::Matches { text, patterns });
        atoms.push((5, matches.boxed()));
    }
    let addresses = inputs_of(inputs, Type::Address);
    if !addresses.is_empty() {
        let networks = subsequence(networks(), 1..=NETWORKS.len());
        let within =
            (select(addresses.clone()), networks, any::<bool>()).prop_map(|(address, networks, named)| {
                let networks = Members::from(networks);
                let networks = if named {
                    networks.named("networks")
                } else {
                    networks
                };
                Atom::WithinOneOf { address, networks }
            });
        atoms.push((4, within.boxed()));
        let networks = inputs_of(inputs, Type::Network);
        if !networks.is_empty() {
            let within = (select(addresses), select(networks))
                .prop_map(|(address, network)| Atom::Within { address, network });
            atoms.push((4, within.boxed()));
        }
    }
    proptest::strategy::Union::new_weighted(atoms).boxed()
}

/// Lists, half of them with a name.
pub(super) fn list(
    members: impl Strategy<Value = Vec<Constant>>,
) -> impl Strategy<Value = Members<Constant>> {
    (members, any::<bool>()).prop_map(|(members, named)| {
        let members = Members::from(members);
        if named { members.named("values") } else { members }
    })
}
