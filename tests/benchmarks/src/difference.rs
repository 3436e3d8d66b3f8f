//! What a reviewer waits for: which requests a new version of a package of a thousand policies decides otherwise.

use std::time::Instant;

use aecp_compiler::diff::{Budget, Decided, diff};
use serde_json::json;

use crate::corpus::{Corpus, Shape};
use crate::decide::checked;
use crate::edit::{PACKAGE, POLICIES, change};
use crate::error::Error;
use crate::report::{Spread, Table, figure, milliseconds, rounded};

/// How many policies differ, out of [`POLICIES`].
const CHANGED: [usize; 4] = [0, 1, 20, POLICIES];

/// How often each pair is compared.
const ROUNDS: usize = 7;

/// Measures pairs of packages, whose policies are about different requests, and about the same ones.
pub(crate) fn run() -> Result<(), Error> {
    let mut table = Table::new(&[
        "policies",
        "changed",
        "median ms",
        "least",
        "most",
        "conditions",
        "not decided",
    ]);
    for (name, shape) in [("distinct", Shape::Distinct), ("overlapping", Shape::Overlapping)] {
        for changed in CHANGED {
            measure(name, shape, changed, &mut table)?;
        }
    }
    table.print(&format!(
        "difference: two packages of {POLICIES} policies each, checked beforehand, {ROUNDS} rounds"
    ));
    Ok(())
}

fn measure(name: &str, shape: Shape, changed: usize, table: &mut Table) -> Result<(), Error> {
    let mut sources = Corpus::new(POLICIES, shape).sources(PACKAGE);
    let old = checked(&sources)?;
    let step = POLICIES.checked_div(changed).unwrap_or(1);
    for policy in (0..POLICIES).step_by(step).take(changed) {
        change(&mut sources, policy)?;
    }
    let new = checked(&sources)?;
    let mut rounds = Vec::with_capacity(ROUNDS);
    let (mut conditions, mut open) = (0, 0);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let difference = diff(&old, &new, Budget::default());
        rounds.push(milliseconds(started.elapsed()));
        let count =
            |of: fn(&Decided) -> usize| of(&difference.denied).saturating_add(of(&difference.allowed));
        conditions = count(|decided| decided.conditions.len().saturating_add(decided.more));
        open = count(|decided| decided.not_decided.len());
    }
    let spread = Spread::of(rounds);
    let fields = json!({
        "policies": POLICIES,
        "shape": name,
        "changed": changed,
        "diff_ms": rounded(spread.median),
        "diff_ms_min": rounded(spread.least),
        "diff_ms_max": rounded(spread.most),
        "conditions": conditions,
        "not_decided": open,
    });
    figure("difference", &format!("{changed} of {POLICIES}, {name}"), fields);
    let numbers = [spread.median, spread.least, spread.most].map(|number| format!("{number:.1}"));
    let words = [format!("{POLICIES} {name}"), changed.to_string()];
    let counts = [conditions, open].map(|number| number.to_string());
    table.row(words.into_iter().chain(numbers).chain(counts));
    Ok(())
}
