//! Lists that are long enough for tables of their own.
#![allow(clippy::cast_possible_truncation)]

use aecp_compiler::core::{Atom, Condition, Constant, InputIndex, Members, Quantifier};
use aecp_vocabulary::value::{Address, Network};
use aecp_vocabulary::{Type, Value};

use crate::build::{Dice, holds, input, is, package, text};
use crate::{assert_same, load};

const COUNT: u64 = 2_000;

fn pick(dice: &mut Dice, among: usize) -> usize {
    usize::try_from(dice.roll(among as u64)).unwrap()
}

fn one_of(index: u32, members: &Members<Constant>) -> Condition {
    Condition::Atom(Atom::OneOf {
        element: input(index),
        members: members.clone(),
    })
}

fn contains(set: u32, quantifier: Quantifier, members: &Members<Constant>) -> Condition {
    Condition::Atom(Atom::ContainsOf {
        set: InputIndex(set),
        quantifier,
        members: members.clone(),
    })
}

fn address(dice: &mut Dice) -> u128 {
    let rest = u128::from(dice.roll(1 << 20));
    match dice.roll(4) {
        0 => rest,
        1 => 0xffff_0a00_0000 + rest,
        2 => (0x2001_0db8 << 96) + (rest << 64),
        _ => (0x2001_0db8 << 96) + (rest << 64) + rest,
    }
}

fn network(dice: &mut Dice) -> Network {
    let prefix = u8::try_from([24, 48, 64, 65, 96, 100, 112, 120, 127, 128][pick(dice, 10)]).unwrap();
    let bits = u128::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
    Network {
        address: Address(address(dice) & !bits),
        prefix,
    }
}

#[test]
fn long_lists_mean_what_the_interpreter_says() {
    let mut dice = Dice(11);
    let texts = |from: u64, count: u64| {
        let texts = (from..from + count).map(|number| text(format!("text-{number}")));
        Members::from(texts.collect::<Vec<_>>()).named("texts")
    };
    let (low, high, few) = (texts(0, COUNT), texts(COUNT / 2, COUNT), texts(7, 3));
    let numbers = (0..COUNT).map(|number| Constant::Integer((number * 3 + number % 2).cast_signed()));
    let numbers = Members::from(numbers.collect::<Vec<_>>());
    let addresses = (0..COUNT).map(|_| Constant::Address(Address(address(&mut dice))));
    let addresses = Members::from(addresses.collect::<Vec<_>>());
    let networks = (0..COUNT).map(|_| network(&mut dice));
    let networks = Members::from(networks.collect::<Vec<_>>());
    let within = Condition::Atom(Atom::WithinOneOf {
        address: InputIndex(2),
        networks: networks.clone(),
    });
    let inputs = [
        ("a", Type::Text),
        ("b", Type::Integer),
        ("c", Type::Address),
        ("d", Type::SetOfText),
        ("e", Type::SetOfInteger),
        ("f", Type::SetOfAddress),
    ];
    let policies = vec![
        (one_of(0, &low), one_of(0, &high)),
        (is(0, "text-1500"), one_of(0, &high)),
        (one_of(0, &high), one_of(1, &numbers)),
        (one_of(2, &addresses), within.clone()),
        (within, contains(3, Quantifier::Any, &low)),
        (
            contains(3, Quantifier::Any, &high),
            contains(3, Quantifier::All, &few),
        ),
        (
            contains(4, Quantifier::Any, &numbers),
            contains(5, Quantifier::Any, &addresses),
        ),
        (holds(), contains(5, Quantifier::Any, &addresses)),
    ];
    let packages = [package(&inputs, policies)];
    let component = load(&packages);
    for _ in 0..3_000 {
        let some_text = |dice: &mut Dice| format!("text-{}", dice.roll(COUNT * 2));
        let some_number = |dice: &mut Dice| dice.roll(COUNT * 4).cast_signed();
        let some_address = |dice: &mut Dice| {
            let member = |dice: &mut Dice| match &addresses[pick(dice, addresses.len())] {
                Constant::Address(address) => *address,
                _ => Address(0),
            };
            let network = networks[pick(dice, networks.len())];
            match dice.roll(5) {
                0 => member(dice),
                1 => network.address,
                2 => network.last(),
                3 => Address(network.last().0.wrapping_add(1)),
                _ => Address(address(dice)),
            }
        };
        let mut values = vec![
            Value::Text(some_text(&mut dice)),
            Value::Integer(some_number(&mut dice)),
            Value::Address(some_address(&mut dice)),
            Value::SetOfText((0..dice.roll(5)).map(|_| some_text(&mut dice)).collect()),
            Value::SetOfInteger((0..dice.roll(5)).map(|_| some_number(&mut dice)).collect()),
            Value::SetOfAddress((0..dice.roll(5)).map(|_| some_address(&mut dice)).collect()),
        ];
        if dice.roll(10) == 0 {
            values[3] = Value::SetOfText((7..10).map(|number| format!("text-{number}")).collect());
        }
        if dice.roll(10) == 0 {
            let place = pick(&mut dice, 6);
            values[place] = Value::Absent;
        }
        assert_same(&packages, &component, &values);
    }
}
