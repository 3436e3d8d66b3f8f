//! TOML with the places of its keys, so that every problem can be told with its line.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::Problem;

/// A file that is TOML, and what was found to be wrong in it.
pub(super) struct Document<'a> {
    text: &'a str,
    places: Spanned<DeTable<'a>>,
    table: Table,
    problems: Vec<Problem>,
}

impl<'a> Document<'a> {
    /// Reads the text.
    ///
    /// # Errors
    /// The text is no TOML; one problem, with its line.
    pub(super) fn parse(text: &'a str) -> Result<Self, Vec<Problem>> {
        let told = |error: toml::de::Error| {
            let line = error.span().map(|span| line_of(text, span.start));
            vec![Problem {
                line,
                key: String::new(),
                message: error.message().to_owned(),
            }]
        };
        let places = DeTable::parse(text).map_err(told)?;
        let table = toml::from_str(text).map_err(told)?;
        Ok(Self {
            text,
            places,
            table,
            problems: Vec::new(),
        })
    }

    /// What was found to be wrong, in the order of lines.
    pub(super) fn problems(self) -> Vec<Problem> {
        let mut problems = self.problems;
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    /// Notes a problem with a key, `agent.poll_ms`. Its line is that of the nearest key above that is there.
    pub(super) fn problem(&mut self, key: &str, message: impl Into<String>) {
        let names: Vec<Step<'_>> = key.split('.').map(Step::Key).collect();
        let line = self.line(&names);
        self.problems.push(Problem {
            line,
            key: key.to_owned(),
            message: message.into(),
        });
    }

    /// Refuses sections of other names.
    pub(super) fn only(&mut self, names: &[&str]) {
        let others: Vec<String> = self
            .table
            .keys()
            .filter(|name| !names.contains(&name.as_str()))
            .cloned()
            .collect();
        let known = names
            .iter()
            .map(|name| format!("`[{name}]`"))
            .collect::<Vec<_>>()
            .join(", ");
        for other in others {
            let line = self.line(&[Step::Key(&other)]);
            let message = format!("no such section; there are {known}");
            self.problems.push(Problem {
                line,
                key: other,
                message,
            });
        }
    }

    /// The section of this name.
    pub(super) fn table(&mut self, name: &str) -> Option<Table> {
        match self.table.get(name) {
            Some(Value::Table(table)) => Some(table.clone()),
            Some(_) => {
                self.problem(name, format!("this must be a section: `[{name}]`"));
                None
            }
            None => {
                self.problem(name, format!("the section `[{name}]` is missing"));
                None
            }
        }
    }

    /// Reads the section of this name.
    pub(super) fn section<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        let table = self.table(name)?;
        self.read(name, table)
    }

    /// Reads a table in place of the section of this name.
    pub(super) fn read<T: DeserializeOwned>(&mut self, name: &str, table: Table) -> Option<T> {
        match serde_path_to_error::deserialize(Value::Table(table)) {
            Ok(section) => Some(section),
            Err(error) => {
                let (key, line) = self.place(name, error.path());
                let message = error.inner().message().trim().to_owned();
                self.problems.push(Problem { line, key, message });
                None
            }
        }
    }

    fn place(&self, section: &str, path: &Path) -> (String, Option<usize>) {
        let mut key = section.to_owned();
        let mut steps = vec![Step::Key(section)];
        for segment in path.iter() {
            match segment {
                Segment::Map { key: name } => {
                    key.push('.');
                    key.push_str(name);
                    steps.push(Step::Key(name));
                }
                Segment::Seq { index } => {
                    key.push_str(&format!("[{index}]"));
                    steps.push(Step::Index(*index));
                }
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        let line = self.line(&steps);
        (key, line)
    }

    /// The line of the last step that is there.
    fn line(&self, steps: &[Step<'_>]) -> Option<usize> {
        let mut offset = None;
        let mut table = Some(self.places.get_ref());
        let mut value: Option<&DeValue<'_>> = None;
        for step in steps {
            let found = match step {
                Step::Key(name) => {
                    let entry = table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == name));
                    entry.map(|(key, value)| (key.span().start, value))
                }
                Step::Index(index) => match value {
                    Some(DeValue::Array(items)) => items.get(*index).map(|item| (item.span().start, item)),
                    _ => None,
                },
            };
            let Some((start, found)) = found else { break };
            offset = Some(start);
            value = Some(found.get_ref());
            table = match found.get_ref() {
                DeValue::Table(table) => Some(table),
                _ => None,
            };
        }
        offset.map(|offset| line_of(self.text, offset))
    }
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    before
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        .saturating_add(1)
}
