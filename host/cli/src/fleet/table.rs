//! A fleet, for people.

use std::collections::BTreeMap;

use anstyle::Style;
use jiff::Timestamp;

use super::judge::{Judged, PackageLevel, State};
use super::observed::Source;
use crate::report::{BAD, FAINT, GOOD, NOTABLE};

/// The columns of the table.
const HEADS: [&str; 7] = ["POINT", "STATE", "EPOCH", "SINCE", "FRESH UNTIL", "ROOT", "LEVEL"];

/// The table of points, what there is to say of them, and the packages with their levels.
pub(crate) fn write(points: &[Judged], now: Timestamp) -> String {
    let rows: Vec<[String; 7]> = points.iter().map(|point| row(point, now)).collect();
    let mut widths = HEADS.map(|head| head.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = line(&HEADS.map(str::to_owned), &widths, FAINT, FAINT);
    for (point, row) in points.iter().zip(&rows) {
        text.push_str(&line(row, &widths, Style::new(), style(point.state)));
        if let Some(detail) = &point.detail {
            text.push_str(&format!("  {FAINT}{detail}{FAINT:#}\n"));
        }
    }
    text.push_str(&packages(points));
    text
}

fn style(state: State) -> Style {
    match state {
        State::Current => GOOD,
        State::Lagging | State::Ahead => NOTABLE,
        _ => BAD,
    }
}

fn row(point: &Judged, now: Timestamp) -> [String; 7] {
    let nothing = || "-".to_owned();
    let epoch = match (point.epoch, &point.lag) {
        (Some(epoch), Some(lag)) => {
            let behind = lag
                .epochs
                .map_or_else(String::new, |epochs| format!(", {epochs} behind"));
            format!(
                "{epoch}/{}{behind} for {}",
                point.released_epoch,
                span(lag.seconds)
            )
        }
        (Some(epoch), None) => format!("{epoch}/{}", point.released_epoch),
        (None, _) => format!("-/{}", point.released_epoch),
    };
    let ago = |since: Timestamp| span(since.duration_until(now).as_secs());
    let since = point.since.map_or_else(nothing, |since| match point.source {
        Some(Source::Receipt) => format!("receipt of {} ago", ago(since)),
        _ => ago(since),
    });
    [
        point.name.clone(),
        point.state.word().to_owned(),
        epoch,
        since,
        point.fresh_until.clone().unwrap_or_else(nothing),
        point
            .trust_root
            .map_or_else(nothing, |version| version.to_string()),
        point.level.map_or_else(nothing, |level| level.word().to_owned()),
    ]
}

/// One line; the second cell, the state, in a style of its own.
fn line(cells: &[String; 7], widths: &[usize; 7], all: Style, second: Style) -> String {
    let mut text = String::new();
    for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let style = if index == 1 { second } else { all };
        let padding = " ".repeat(width.saturating_sub(cell.chars().count()).saturating_add(2));
        text.push_str(&format!("{style}{cell}{style:#}{padding}"));
    }
    format!("{}\n", text.trim_end())
}

/// Each package with its version and level, and where it has them.
fn packages(points: &[Judged]) -> String {
    let mut known: BTreeMap<&PackageLevel, Vec<&str>> = BTreeMap::new();
    for point in points {
        for package in &point.packages {
            known.entry(package).or_default().push(&point.name);
        }
    }
    let width = known.keys().map(|package| package.name.chars().count()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    for (PackageLevel { name, version, level }, at) in known {
        let (count, total) = (at.len(), points.len());
        let level = level.word();
        let where_else = if count == total {
            String::new()
        } else {
            format!(": {}", at.join(", "))
        };
        text.push_str(&format!(
            "{name:width$}  {version}  {level:10}  {FAINT}at {count} of {total}{where_else}{FAINT:#}\n"
        ));
    }
    if text.is_empty() {
        text
    } else {
        format!("\n{text}")
    }
}

/// Seconds in the largest unit that fits.
fn span(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (unit, length) = match seconds {
        86_400.. => ("d", 86_400),
        3_600.. => ("h", 3_600),
        60.. => ("min", 60),
        _ => ("s", 1),
    };
    format!("{} {unit}", seconds.checked_div(length).unwrap_or_default())
}
