//! What an editor waits for: one policy of a thousand has changed, and the package is checked and analysed again.

use std::time::Instant;

use aecp_compiler::analysis::{Analysis, Budget};
use aecp_compiler::session::Session;
use aecp_compiler::source::SourceFile;
use serde_json::json;

use crate::corpus::{Corpus, Shape};
use crate::error::Error;
use crate::report::{Spread, Table, figure, milliseconds, rounded};

/// How many policies the package has.
pub(crate) const POLICIES: usize = 1_000;
/// What it is called.
pub(crate) const PACKAGE: &str = "bench";

/// How many policies are changed, one after the other.
const EDITS: usize = 40;

/// Measures some edits.
pub(crate) fn run() -> Result<(), Error> {
    let mut sources = Corpus::new(POLICIES, Shape::Distinct).sources(PACKAGE);
    let mut session = Session::new();
    let (first, _) = timed(&mut session, &sources)?;
    let mut again = Vec::with_capacity(EDITS);
    for edit in 0..EDITS {
        change(&mut sources, edit.saturating_mul(23))?;
        again.push(timed(&mut session, &sources)?.0);
    }
    let spread = Spread::of(again);
    let fields = json!({
        "policies": POLICIES,
        "edits": EDITS,
        "first_ms": rounded(first),
        "again_ms": rounded(spread.median),
        "again_ms_min": rounded(spread.least),
        "again_ms_max": rounded(spread.most),
    });
    figure("edit", &format!("1 of {POLICIES} policies changed"), fields);
    let mut table = Table::new(&["check and analysis", "median ms", "least", "most"]);
    table.row(["at first".to_owned(), format!("{first:.1}")]);
    let numbers = [spread.median, spread.least, spread.most].map(|number| format!("{number:.1}"));
    table.row(["after one policy changed".to_owned()].into_iter().chain(numbers));
    table.print(&format!(
        "edit: a package of {POLICIES} policies in one file, {EDITS} edits"
    ));
    Ok(())
}

/// Milliseconds of a round, and what it found.
fn timed(session: &mut Session, sources: &[SourceFile]) -> Result<(f64, Analysis), Error> {
    let started = Instant::now();
    let checked = session.check(sources);
    let package = checked.package.ok_or_else(|| Error::Part {
        doing: "checking the generated package",
        detail: format!("{:?}", checked.diagnostics.first()),
    })?;
    let analysis = session.analyse(&package, Budget::scaled(package.policies.len()));
    Ok((milliseconds(started.elapsed()), analysis))
}

/// Makes a policy ask for one thing more.
pub(crate) fn change(sources: &mut [SourceFile], policy: usize) -> Result<(), Error> {
    let begin = format!("POLICY rule_{policy:05} ");
    for source in sources {
        let Some((before, rest)) = source.text.split_once(&begin) else {
            continue;
        };
        let changed = rest.replacen(
            "CONSTRAINT: { ",
            "CONSTRAINT: { request.method == \"GET\" AND ",
            1,
        );
        source.text = format!("{before}{begin}{changed}");
        return Ok(());
    }
    Err(Error::Worthless(format!("there is no policy {policy}")))
}
