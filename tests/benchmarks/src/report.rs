//! Figures: one JSON line each for machines, tables for people, and the little statistics behind both.

use std::io::Write as _;
use std::time::Duration;

use serde_json::{Map, Value};

/// The processors that this process may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Writes one figure to standard output: `bench`, `case`, its fields, and `machine_cores`.
pub(crate) fn figure(bench: &str, case: &str, fields: Value) {
    let mut line = Map::new();
    line.insert("bench".to_owned(), bench.into());
    line.insert("case".to_owned(), case.into());
    if let Value::Object(fields) = fields {
        line.extend(fields);
    }
    line.insert("machine_cores".to_owned(), cores().into());
    // Whoever closed the pipe does not want to know more.
    let _ = writeln!(std::io::stdout().lock(), "{}", Value::Object(line));
}

/// A table for people, on standard error.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self {
            rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()],
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Writes it: the first column to the left, numbers to the right.
    pub(crate) fn print(&self, title: &str) {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        eprintln!("\n{title}");
        for row in &self.rows {
            let mut line = String::new();
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                let width = *width;
                line.push_str(&match column {
                    0 => format!("  {cell:<width$}"),
                    _ => format!("  {cell:>width$}"),
                });
            }
            eprintln!("{}", line.trim_end());
        }
    }
}

/// The value that `percent` of 100 do not exceed; `sorted` is ascending. Zero of nothing.
pub(crate) fn quantile(sorted: &[u64], percent: usize) -> u64 {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The lower median, the least and the most of some numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Spread {
    /// Half of the numbers are not above it.
    pub(crate) median: f64,
    /// The least.
    pub(crate) least: f64,
    /// The most.
    pub(crate) most: f64,
}

impl Spread {
    /// Zeros of nothing.
    pub(crate) fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = numbers.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len().saturating_sub(1) / 2;
        let at = |found: Option<&f64>| found.copied().unwrap_or_default();
        Self {
            median: at(sorted.get(middle)),
            least: at(sorted.first()),
            most: at(sorted.last()),
        }
    }
}

/// Nanoseconds as microseconds.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e3
}

/// A span in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A count as a number to reckon with.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn number(count: u64) -> f64 {
    count as f64
}

/// Three digits behind the point are more than any of this is worth.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let values: Vec<u64> = (1..=200).collect();
        assert_eq!(quantile(&values, 50), 100);
        assert_eq!(quantile(&values, 99), 198);
        assert_eq!(quantile(&values[..1], 99), 1);
        assert_eq!(quantile(&[], 50), 0);
    }

    #[test]
    fn a_spread_is_of_the_numbers_themselves() {
        let spread = Spread::of([3.0, 1.0, 2.0]);
        assert_eq!((spread.least, spread.median, spread.most), (1.0, 2.0, 3.0));
        assert_eq!(Spread::of([]), Spread::default());
    }
}
