//! Sets of requests in words.

use crate::analysis::{Cube, Part, Truths};
use crate::core::{Condition, Input};
use crate::words::Words;

/// Which requests are in a set, as the language writes it. Every part is true of them, none is unknown.
pub(super) fn of(inputs: &[Input], cube: &Cube) -> String {
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let words = Words { names: &names };
    let mut parts: Vec<String> = Vec::new();
    for part in &cube.parts {
        let text = self::part(&words, part);
        if !parts.contains(&text) {
            parts.push(text);
        }
    }
    if parts.is_empty() {
        return "true".to_owned();
    }
    parts.join(" AND ")
}

fn part(words: &Words<'_>, part: &Part) -> String {
    match part {
        Part::Known { condition, .. } => {
            let text = words.of(condition);
            match condition {
                Condition::Any(parts) if parts.len() > 1 => format!("({text})"),
                _ => text,
            }
        }
        Part::Unknown {
            input,
            absent,
            failed,
            ..
        } => {
            let name = words.name(*input);
            match (absent, failed) {
                (true, false) => format!("{name} IS NOT PRESENT"),
                (false, true) => format!("{name} IS FAILED"),
                _ => format!("{name} IS UNKNOWN"),
            }
        }
        Part::Literal { atom, allowed } => {
            let plain = Condition::Atom(atom.clone());
            let negated = || words.of(&Condition::Not(Box::new(plain.clone())));
            let subject = || {
                let mut inputs = atom.inputs();
                inputs.dedup();
                match inputs.as_slice() {
                    [only] => words.name(*only).to_owned(),
                    _ => format!("({})", words.of(&plain)),
                }
            };
            if *allowed == Truths::TRUE {
                words.of(&plain)
            } else if *allowed == Truths::FALSE {
                negated()
            } else if *allowed == Truths::UNKNOWN {
                format!("{} IS UNKNOWN", subject())
            } else if atom.inputs().len() == 1 {
                format!("{} IS PRESENT", subject())
            } else {
                format!("{} IS KNOWN", subject())
            }
        }
    }
}
