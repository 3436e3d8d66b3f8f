//! Texts held against many patterns at once, in one automaton and in several.

use aecp_compiler::core::{Atom, Condition, InputIndex, Side};
use aecp_compiler::pattern::{Notation, Pattern};
use aecp_vocabulary::{Type, Value};

use crate::build::{Dice, holds, package};
use crate::{assert_same, load};

fn matches(input: u32, notation: Notation, written: &[String]) -> Condition {
    let mut patterns: Vec<Pattern> = written
        .iter()
        .map(|written| Pattern::new(notation, written).unwrap())
        .collect();
    patterns.sort();
    Condition::Atom(Atom::Matches {
        text: InputIndex(input),
        patterns,
    })
}

fn like(written: String) -> Condition {
    matches(0, Notation::Glob, &[written])
}

fn affix(input: u32, side: Side, part: String) -> Condition {
    let text = InputIndex(input);
    Condition::Atom(Atom::Affix { text, side, part })
}

/// A text of pieces that patterns have.
fn text(dice: &mut Dice, pieces: &[&str]) -> String {
    let count = dice.roll(6);
    (0..count)
        .map(|_| {
            let index = dice.roll(u64::try_from(pieces.len()).unwrap());
            pieces[usize::try_from(index).unwrap()]
        })
        .collect()
}

#[test]
fn many_patterns_are_told_in_one_walk() {
    let mut policies = Vec::new();
    for index in 0..70 {
        policies.push((like(format!("/api/v{index}/*")), like(format!("**{index}.css"))));
        policies.push((holds(), Condition::Not(Box::new(like(format!("/api/*/{index}"))))));
    }
    let lists = [
        matches(0, Notation::Glob, &["/api/**".to_owned(), "*.css".to_owned()]),
        matches(
            0,
            Notation::Expression,
            &["/(api|v1)/.*[0-9]+".to_owned(), "[^a]*".to_owned()],
        ),
        matches(0, Notation::Expression, &["[a&&b]".to_owned()]),
        matches(0, Notation::Glob, &["**".to_owned()]),
        affix(0, Side::Start, "/api/v1".to_owned()),
        affix(0, Side::End, String::new()),
    ];
    for list in lists {
        policies.push((list.clone(), Condition::Not(Box::new(list))));
    }
    let packages = [package(&[("a.path", Type::Text)], policies)];
    let component = load(&packages);
    let pieces = [
        "/api/", "v1", "v6", "9", "/", "0.css", "69.css", ".", "größe", "api",
    ];
    let mut dice = Dice(7);
    for _ in 0..500 {
        assert_same(&packages, &component, &[Value::Text(text(&mut dice, &pieces))]);
    }
    for other in [
        Value::Absent,
        Value::failed("expired"),
        Value::Integer(1),
        Value::Text("/".repeat(65_536)),
    ] {
        assert_same(&packages, &component, &[other]);
    }
}

#[test]
fn patterns_beyond_one_automaton_are_told_by_several() {
    let wide = |input: u32, index: u32| {
        let written = [format!(".*{index}.{{8}}{index}"), format!("{index}+")];
        matches(input, Notation::Expression, &written)
    };
    let mut policies = Vec::new();
    for index in 0..6 {
        policies.push((wide(0, index), wide(1, index)));
        policies.push((
            wide(0, index),
            Condition::Any(vec![wide(0, index / 2), wide(1, 5)]),
        ));
        policies.push((holds(), affix(1, Side::Start, format!("{index}0"))));
    }
    let packages = [package(
        &[("a.one", Type::Text), ("b.other", Type::Text)],
        policies,
    )];
    let component = load(&packages);
    let pieces = [
        "0",
        "1",
        "2",
        "3",
        "4",
        "5",
        "00",
        "éé",
        "xxxxxxxx",
        "1xxxxxxxx1",
        "4éééééééé4",
    ];
    let mut dice = Dice(11);
    for _ in 0..500 {
        let values = [text(&mut dice, &pieces), text(&mut dice, &pieces)].map(Value::Text);
        assert_same(&packages, &component, &values);
    }
    assert_same(
        &packages,
        &component,
        &[Value::Absent, Value::Text("50".to_owned())],
    );
}
