//! A log, entry by entry.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use aecp_evidence::show::{Filter, Leaves, ShowError, leaves};

use crate::format::{Format, evidence};
use crate::lines::{Line, Lines};
use crate::mapping::Mapping;
use crate::request::Request;

/// How a log is read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The format; recognised by the first line that is a JSON object, if none is given.
    pub format: Option<Format>,
    /// Attributes that the log names otherwise.
    pub mapping: Mapping,
    /// Where a line says what was decided, as a JSON pointer, if the format does not know.
    pub decision: Option<String>,
}

/// Why a log cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum TrafficError {
    /// The file or folder.
    #[error("cannot read `{}`: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The evidence.
    #[error("reading the evidence in `{}`: {source}", path.display())]
    Evidence {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        source: ShowError,
    },
}

/// What stands at one place of a log.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A request.
    Request(Box<Request>),
    /// Something that is none.
    Unreadable(Unreadable),
}

/// A place of a log that says no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The line, from 1.
    pub line: u64,
    /// Why it says none.
    pub reason: String,
}

/// A log that is being read.
pub struct Traffic {
    path: PathBuf,
    options: Options,
    source: Source,
    text: String,
}

enum Source {
    Lines(Lines),
    Evidence(Box<Leaves>),
}

impl Traffic {
    /// Opens a log: a file, a folder of evidence, or standard input for `-`.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(path: &Path, options: Options) -> Result<Self, TrafficError> {
        let failed = |source| TrafficError::File {
            path: path.to_owned(),
            source,
        };
        let source = if path == Path::new("-") {
            Source::Lines(Lines::new(Box::new(io::stdin())))
        } else if options.format == Some(Format::Evidence) || path.is_dir() {
            let source = leaves(path, Filter::default(), true).map_err(|source| TrafficError::Evidence {
                path: path.to_owned(),
                source,
            })?;
            Source::Evidence(Box::new(source))
        } else {
            let file: Box<dyn Read> = Box::new(File::open(path).map_err(failed)?);
            Source::Lines(Lines::new(file))
        };
        Ok(Self {
            path: path.to_owned(),
            options,
            source,
            text: String::new(),
        })
    }

    /// The format, once it is known.
    pub fn format(&self) -> Option<Format> {
        match self.source {
            Source::Evidence(_) => Some(Format::Evidence),
            Source::Lines(_) => self.options.format,
        }
    }

    /// How many bytes have been read; of evidence none are counted.
    pub fn bytes(&self) -> u64 {
        match &self.source {
            Source::Lines(lines) => lines.bytes,
            Source::Evidence(_) => 0,
        }
    }

    /// The next entry; none at the end.
    ///
    /// # Errors
    /// The log cannot be read any further.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, TrafficError> {
        let path = || self.path.clone();
        let lines = match &mut self.source {
            Source::Lines(lines) => lines,
            Source::Evidence(leaves) => {
                for shown in leaves.by_ref() {
                    let shown = shown.map_err(|source| TrafficError::Evidence { path: path(), source })?;
                    if let Some(request) = evidence::request(shown.leaf) {
                        return Ok(Some(Entry::Request(Box::new(request))));
                    }
                }
                return Ok(None);
            }
        };
        let line = lines
            .next(&mut self.text)
            .map_err(|source| TrafficError::File { path: path(), source })?;
        let unreadable = |reason: String| {
            Entry::Unreadable(Unreadable {
                line: lines.number,
                reason,
            })
        };
        Ok(Some(match line {
            Line::End => return Ok(None),
            Line::Unreadable(reason) => unreadable(reason.to_owned()),
            Line::Text => {
                self.options.format = self.options.format.or_else(|| Format::of_line(&self.text));
                let format = self.options.format.unwrap_or(Format::Requests);
                let decision = self.options.decision.as_deref();
                match format.read(&self.text, &self.options.mapping, decision) {
                    Ok(request) => Entry::Request(Box::new(request)),
                    Err(reason) => unreadable(reason),
                }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use aecp_vocabulary::Verdict;

    use super::*;

    fn entries(text: &str, options: Options) -> (Vec<Entry>, Option<Format>) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let mut traffic = Traffic::open(file.path(), options).unwrap();
        let mut entries = Vec::new();
        while let Some(entry) = traffic.next_entry().unwrap() {
            entries.push(entry);
        }
        (entries, traffic.format())
    }

    #[test]
    fn what_is_no_request_is_told_with_its_line() {
        let text = "not json\n{\"a\": 1}\n\n{\"a\": 1, \"a\": 2}\n[1]\n";
        let (entries, format) = entries(text, Options::default());
        assert_eq!(format, Some(Format::Requests));
        let lines: Vec<u64> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Unreadable(unreadable) => Some(unreadable.line),
                Entry::Request(_) => None,
            })
            .collect();
        assert_eq!((entries.len(), lines), (4, vec![1, 4, 5]));
    }

    #[test]
    fn a_decision_stands_where_it_is_said_to() {
        let options = Options {
            decision: Some("/outcome/verdict".into()),
            ..Options::default()
        };
        let text = r#"{"a": 1, "outcome": {"verdict": "DENY"}}"#;
        let (entries, _) = entries(text, options);
        let [Entry::Request(request)] = entries.as_slice() else {
            panic!("{entries:?}");
        };
        assert_eq!(request.decided, Some(Verdict::Deny));
    }

    #[test]
    fn what_cannot_be_opened_is_named() {
        let error = Traffic::open(Path::new("/no/such/log"), Options::default())
            .err()
            .unwrap();
        assert!(error.to_string().contains("/no/such/log"));
    }
}
