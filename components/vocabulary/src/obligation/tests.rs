#![allow(clippy::arithmetic_side_effects)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::policy::Segment;

fn name(text: &str) -> AttributeName {
    text.parse().unwrap()
}

fn path() -> impl Strategy<Value = AttributeName> {
    select(vec![
        "response.body",
        "response.body.ssn",
        "response.body.card.number",
    ])
    .prop_map(name)
}

fn masking() -> impl Strategy<Value = Masking> {
    prop_oneof![
        (1_u32..6).prop_map(Masking::KeepLast),
        Just(Masking::Hide(None)),
        select(vec!["", "x", "removed"]).prop_map(|text| Masking::Hide(Some(text.to_owned()))),
    ]
}

fn condition<A: fmt::Debug + Clone + 'static>(
    holder: impl Strategy<Value = A> + Clone + 'static,
) -> impl Strategy<Value = RowCondition<A>> {
    let types = select(vec![
        Type::Text,
        Type::Integer,
        Type::Decimal,
        Type::Boolean,
        Type::Instant,
        Type::Address,
    ]);
    let fields = select(vec!["a", "b.c"]).prop_map(name);
    (fields, types, select(&RowRelation::ALL[..]), vec(holder, 1..4)).prop_filter_map(
        "a relation that the type has",
        |(field, value_type, relation, mut values)| {
            if relation != RowRelation::In {
                values.truncate(1);
            }
            relation.takes(value_type).then_some(RowCondition {
                field,
                value_type,
                relation,
                values,
            })
        },
    )
}

fn duty<A: fmt::Debug + Clone + 'static>(
    holder: impl Strategy<Value = A> + Clone + 'static,
) -> impl Strategy<Value = Duty<A>> {
    let keys = (
        select(vec!["identity.subject", "tenant"]).prop_map(name),
        holder.clone(),
        1_i64..3,
    );
    prop_oneof![
        (path(), masking()).prop_map(|(path, how)| Duty::Mask { path, how }),
        (path(), vec(condition(holder.clone()), 1..4))
            .prop_map(|(rows, conditions)| Duty::Filter { rows, conditions }),
        (keys, 1_u64..5).prop_map(|((key, value, seconds), count)| Duty::Limit {
            key: LimitKey {
                key,
                value,
                window: seconds * WINDOW_LIMITS.0
            },
            count,
        }),
        (
            select(vec!["security", "a@example.com"]),
            proptest::option::of(holder)
        )
            .prop_map(|(to, message)| {
                Duty::Notify(Notification {
                    to: to.to_owned(),
                    message,
                })
            }),
    ]
}

fn text() -> impl Strategy<Value = String> + Clone {
    select(vec![
        "",
        "a",
        "1",
        "2.5",
        "true",
        "(absent)",
        "(failed: no answer)",
        "2026-01-01T00:00:00Z",
        "10.0.0.1",
    ])
    .prop_map(str::to_owned)
}

fn segments() -> impl Strategy<Value = Vec<Segment>> + Clone {
    let segment = prop_oneof![
        text().prop_map(Segment::Literal),
        (0_u32..3).prop_map(Segment::Input)
    ];
    vec(segment, 0..3)
}

fn merged() -> impl Strategy<Value = Merged> {
    vec(duty(text()), 0..6).prop_map(Merged::of)
}

fn row() -> impl Strategy<Value = Attributes> {
    let value = select(vec![
        "null",
        "\"a\"",
        "1",
        "2.5",
        "true",
        "\"10.0.0.1\"",
        "\"2026-01-01T00:00:00Z\"",
        "[1]",
    ]);
    (value.clone(), value).prop_map(|(a, c)| {
        let json = format!("{{\"a\": {a}, \"b\": {{\"c\": {c}}}}}");
        Attributes::from_json(&json).unwrap()
    })
}

/// What is shown of `text`: the number of its last characters.
fn shown(how: &Masking, text: &str) -> usize {
    match how {
        Masking::Hide(_) => 0,
        Masking::KeepLast(_) => how.apply(text).chars().filter(|c| *c != '*').count(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_goes_over_the_wire_comes_back(raised in duty(text()), described in duty(segments())) {
        let kind = raised.kind().name();
        prop_assert_eq!(Duty::read(kind, &raised.clone().arguments()), Ok(raised));
        let obligation = described.clone().obligation();
        prop_assert_eq!(Duty::described(&obligation), Ok(described));
    }

    #[test]
    fn damaged_arguments_are_refused_or_something_else(duty in duty(text()), at in 0_usize..8, text in text(), name in "[a-z.1]{0,6}") {
        let kind = duty.kind().name();
        let mut arguments = duty.clone().arguments();
        arguments.push((name, text));
        prop_assert!(Duty::read(kind, &arguments) != Ok(duty.clone()));
        arguments.pop();
        arguments.remove(at % arguments.len());
        prop_assert!(Duty::read(kind, &arguments) != Ok(duty));
    }

    #[test]
    fn merging_is_commutative_associative_and_idempotent(a in merged(), b in merged(), c in merged()) {
        prop_assert_eq!(a.clone().and(b.clone()), b.clone().and(a.clone()));
        prop_assert_eq!(a.clone().and(b.clone()).and(c.clone()), a.clone().and(b.clone().and(c)));
        prop_assert_eq!(a.clone().and(a.clone()), a.clone());
        prop_assert_eq!(a.clone().and(Merged::default()), a);
    }

    #[test]
    fn what_is_merged_is_never_weaker(a in merged(), b in merged(), text in "[a-f]{0,9}", row in row()) {
        let both = a.clone().and(b.clone());
        for part in [a, b] {
            prop_assert!(both.is_at_least(&part));
            // By what it does, not by what it is.
            for (path, how) in part.masks() {
                let (_, found) = both.masks().find(|(other, _)| *other == path).unwrap();
                prop_assert!(shown(&found, &text) <= shown(&how, &text));
            }
            for (rows, conditions) in part.filters() {
                let (_, found) = both.filters().find(|(other, _)| *other == rows).unwrap();
                let stays = found.iter().all(|condition| condition.holds(&row));
                prop_assert!(!stays || conditions.iter().all(|condition| condition.holds(&row)));
            }
            for (key, count) in part.limits() {
                prop_assert!(both.limits().any(|(other, lowest)| other == key && lowest <= count));
            }
            for notification in part.notifications() {
                prop_assert!(both.notifications().any(|other| other == notification));
            }
            prop_assert!(part.clashes().is_empty() || !both.clashes().is_empty());
        }
    }

    #[test]
    fn the_order_of_duties_does_not_matter(duties in vec(duty(text()), 0..6)) {
        let mut other = duties.clone();
        other.reverse();
        other.extend(duties.iter().cloned());
        prop_assert_eq!(Merged::of(other), Merged::of(duties));
    }
}

fn mask(how: Masking) -> Duty<String> {
    Duty::Mask {
        path: name("response.body.ssn"),
        how,
    }
}

#[test]
fn masks_show_no_more_than_half() {
    let apply = |count, text| Masking::KeepLast(count).apply(text);
    assert_eq!(apply(4, "123-45-6789"), "*******6789");
    assert_eq!(apply(4, "größe"), "***ße");
    assert_eq!(apply(9, "ab"), "*b");
    assert_eq!((apply(1, "a"), apply(1, "")), ("*".to_owned(), String::new()));
    assert_eq!(Masking::Hide(None).apply("secret"), "***");
    assert_eq!(Masking::Hide(Some("gone".into())).apply("secret"), "gone");
}

#[test]
fn the_strictest_mask_holds_and_two_texts_clash() {
    let merged = Merged::of([mask(Masking::KeepLast(4)), mask(Masking::KeepLast(2))]);
    assert_eq!(merged.masks().next().unwrap().1, Masking::KeepLast(2));
    let hidden = merged.and(Merged::of([
        mask(Masking::Hide(None)),
        mask(Masking::Hide(Some("x".into()))),
    ]));
    assert_eq!(hidden.masks().next().unwrap().1, Masking::Hide(Some("x".into())));
    assert!(hidden.clashes().is_empty());
    let clash = hidden.and(Merged::of([mask(Masking::Hide(Some("y".into())))]));
    let told: Vec<String> = clash.clashes().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["`response.body.ssn` is to be masked with different texts"]);
}

#[test]
fn fields_that_no_row_can_have_clash() {
    let filter = |value_type| Duty::Filter {
        rows: name("response.body"),
        conditions: vec![RowCondition {
            field: name("age"),
            value_type,
            relation: RowRelation::Equal,
            values: vec!["1".to_owned()],
        }],
    };
    let clashes = |types: [Type; 2]| Merged::of(types.map(filter)).clashes().len();
    assert_eq!(clashes([Type::Integer, Type::Decimal]), 0);
    assert_eq!(clashes([Type::Integer, Type::Text]), 1);
}

#[test]
fn what_cannot_be_told_of_a_row_does_not_hold() {
    let row = Attributes::from_json(r#"{"region": "(absent)", "age": 3, "who": {"tier": "gold"}}"#).unwrap();
    let holds = |field: &str, value_type, relation, value: &str| {
        let condition = RowCondition {
            field: name(field),
            value_type,
            relation,
            values: vec![value.to_owned()],
        };
        condition.holds(&row)
    };
    assert!(holds("who.tier", Type::Text, RowRelation::Equal, "gold"));
    assert!(holds("age", Type::Integer, RowRelation::LessOrEqual, "3"));
    assert!(holds("age", Type::Decimal, RowRelation::Greater, "2.5"));
    assert!(holds("who.tier", Type::Text, RowRelation::NotEqual, "silver"));
    assert!(!holds("region", Type::Text, RowRelation::Equal, "(absent)"));
    assert!(!holds(
        "region",
        Type::Text,
        RowRelation::NotEqual,
        "(failed: no answer)"
    ));
    assert!(!holds("tier", Type::Text, RowRelation::NotEqual, "gold"));
    assert!(!holds("age", Type::Text, RowRelation::NotEqual, "x"));
}

#[test]
fn arguments_are_read_strictly() {
    let read = |kind: &str, arguments: &[(&str, &str)]| {
        let arguments: Vec<(String, String)> = arguments
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        Duty::read(kind, &arguments)
    };
    let told = |kind: &str, arguments: &[(&str, &str)]| read(kind, arguments).unwrap_err().to_string();
    assert_eq!(told("encrypt", &[]), "there is no kind of obligation `encrypt`");
    assert_eq!(told("mask", &[]), "the argument `path` is missing");
    let path = ("path", "response.body.ssn");
    assert_eq!(
        told("mask", &[path, path]),
        "the argument `path` does not belong here"
    );
    assert_eq!(
        told("mask", &[path, ("keep_last", "4"), ("with", "")]),
        "the argument `with` does not belong here"
    );
    for bad in ["0", "65", "04", "-1", "x"] {
        assert!(read("mask", &[path, ("keep_last", bad)]).is_err(), "{bad}");
    }
    assert!(read("mask", &[("path", "request.body")]).is_err());
    let limit = |count, window| {
        read(
            "limit",
            &[
                ("count", count),
                ("window", window),
                ("key", "a.b"),
                ("value", "x"),
            ],
        )
        .is_ok()
    };
    assert!(limit("100", "1m") && limit("1", "31d"));
    assert!(!limit("0", "1m") && !limit("1", "1ms") && !limit("1", "32d") && !limit("1", "60"));
    let rows = ("rows", "response.body");
    let first = [
        rows,
        ("1.field", "age"),
        ("1.type", "TEXT"),
        ("1.relation", "<"),
        ("1.value", "1"),
    ];
    assert_eq!(
        told("filter", &first),
        "the argument `1.relation` is not a relation that the type has"
    );
    assert_eq!(told("filter", &[rows]), "the argument `1.field` is missing");
    assert!(read("notify", &[("to", " ")]).is_err() && read("notify", &[("to", "a\nb")]).is_err());
}
