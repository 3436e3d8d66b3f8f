//! More policies than one function or one block of the dispatcher holds.

use aecp_compiler::core::{Atom, Condition, Constant, InputIndex, Operand, Package, Relation};
use aecp_vocabulary::{Type, Value};

use crate::build::{Dice, input, is, is_one_of, package, text};
use crate::{assert_same, load};

/// Policies that select by type and region, with exceptions: more than fit into one block of the dispatcher.
fn many(count: u64) -> Package {
    let names = [
        "resource.type",
        "customer.region",
        "storage.location",
        "request.size",
        "data.tags",
    ];
    let types = [Type::Text, Type::Text, Type::Text, Type::Integer, Type::SetOfText];
    let inputs: Vec<_> = names.into_iter().zip(types).collect();
    let mut dice = Dice(7);
    let mut policies = Vec::new();
    for _ in 0..count {
        let kind = is(0, format!("type-{}", dice.roll(12)));
        let region = format!("region-{}", dice.roll(9));
        let region = match dice.roll(5) {
            0 => Condition::Not(Box::new(is(1, region))),
            1 => is_one_of(1, (0..4).map(|_| text(format!("region-{}", dice.roll(9))))),
            2 => Condition::Any(vec![
                is(1, region),
                Condition::Atom(Atom::IsPresent(InputIndex(1))),
            ]),
            3 => Condition::Any(vec![
                is(1, region),
                Condition::Not(Box::new(Condition::Atom(Atom::IsPresent(InputIndex(1))))),
            ]),
            _ => is(1, region),
        };
        let large = Condition::Atom(Atom::Compare {
            left: Operand::Constant(Constant::Integer(i64::try_from(dice.roll(4)).unwrap())),
            relation: Relation::Less,
            right: input(3),
        });
        let tagged = Condition::Atom(Atom::Contains {
            set: InputIndex(4),
            element: if dice.roll(2) == 0 {
                input(0)
            } else {
                Operand::Constant(text(format!("type-{}", dice.roll(12))))
            },
        });
        let scope = match dice.roll(4) {
            0 => Condition::All(vec![kind, region, large]),
            1 => Condition::All(vec![kind, tagged]),
            2 => Condition::Any(vec![Condition::All(vec![kind, region]), tagged]),
            _ => Condition::All(vec![kind, region]),
        };
        let locations = (0..=dice.roll(90)).map(|_| text(format!("location-{}", dice.roll(200))));
        policies.push((scope, is_one_of(2, locations.collect::<Vec<_>>())));
    }
    package(&inputs, policies)
}

fn some_text(dice: &mut Dice, kind: &str, sides: u64) -> Value {
    match dice.roll(10) {
        0 => Value::Absent,
        1 => Value::failed("expired"),
        2 => Value::Text(format!("{kind}-")),
        3 => Value::Integer(3),
        _ => Value::Text(format!("{kind}-{}", dice.roll(sides))),
    }
}

#[test]
fn many_policies_mean_what_the_interpreter_says() {
    for count in [1, 63, 64, 65, 300, 1_200] {
        let packages = [many(count)];
        let component = load(&packages);
        let mut dice = Dice(count);
        for _ in 0..300 {
            let tags = (0..dice.roll(4))
                .map(|_| format!("type-{}", dice.roll(14)))
                .collect();
            // Sorted by name: location, region, size, tags, type.
            let mut values = vec![
                some_text(&mut dice, "region", 10),
                Value::SetOfText(tags),
                Value::Integer(i64::try_from(dice.roll(6)).unwrap()),
                some_text(&mut dice, "type", 13),
                some_text(&mut dice, "location", 210),
            ];
            if dice.roll(8) == 0 {
                values[1] = Value::Absent;
            }
            assert_same(&packages, &component, &values);
        }
        for unknown in [Value::Absent, Value::failed("expired")] {
            assert_same(&packages, &component, &vec![unknown; 5]);
        }
    }
}
