//! No JSON makes a request panic, and what it gives fits the declared type.

use aecp_vocabulary::input::Attributes;
use aecp_vocabulary::{AttributeName, Type, Value};
use proptest::collection::vec;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use crate::pairs::new;

/// What JSON is made of, and texts that stand for values.
const PIECES: [&str; 30] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"a\"",
    "\"a.b\"",
    "\"b\"",
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "1e400",
    "9223372036854775807",
    "9223372036854775808",
    "\"10.0.0.0/8\"",
    "\"::1\"",
    "\"1h30m\"",
    "\"2026-01-01T00:00:00Z\"",
    "\"1.000001\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    " ",
    "\"a\":",
    "{\"a\":",
    "[1,",
    "\"x\"",
];

/// Texts that are nearly JSON. Gives how many.
pub(crate) fn round(runner: &mut TestRunner) -> Result<u64, String> {
    let names: Vec<AttributeName> = ["a", "a.b", "b"]
        .iter()
        .filter_map(|name| name.parse().ok())
        .collect();
    let pieces = vec(select(&PIECES[..]), 1..12);
    const TEXTS: u64 = 500;
    for _ in 0..TEXTS {
        let text = new(runner, &pieces)?.concat();
        for text in [
            &text,
            &format!("{{\"a\":{text}}}"),
            &format!("{{\"a\":[{text}],\"b\":{text}}}"),
        ] {
            let Ok(attributes) = Attributes::from_json(text) else {
                continue;
            };
            for (name, declared) in names
                .iter()
                .flat_map(|name| Type::ALL.map(|declared| (name, declared)))
            {
                let value = attributes.value(name, declared);
                let fits = match &value {
                    Value::Absent | Value::Failed(_) => true,
                    known => known.value_type() == Some(declared),
                };
                if !fits {
                    return Err(format!("{text:?} gives {value:?} for {declared}"));
                }
            }
        }
    }
    Ok(TEXTS)
}
