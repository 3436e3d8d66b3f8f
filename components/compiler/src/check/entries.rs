//! The lines of list files.

use aecp_vocabulary::Type;
use aecp_vocabulary::value::TEXT_LIMIT;

use super::Checker;
use super::data::Values;
use crate::diagnostic::{Code, Diagnostic, Place, Span};
use crate::source::LIST_LIMIT;
use crate::syntax::hidden;

/// Most entries of all list files of a package.
pub(super) const ENTRY_LIMIT: usize = 1_000_000;

/// Most mistakes of one file that are told one by one: a file of another kind has one on every line.
const MISTAKE_LIMIT: usize = 8;

/// A line that is no entry.
struct Mistake {
    span: Span,
    code: Code,
    message: String,
    help: String,
}

impl Checker {
    /// Reads the entries of a list file; none if something is wrong, which is said. `named` is where its path stands.
    pub(super) fn entries(&mut self, file: u32, text: &str, named: Place, values: &mut Values) -> Option<()> {
        if text.len() > LIST_LIMIT {
            let message = format!(
                "this list has {} bytes, lists have at most {LIST_LIMIT}",
                text.len()
            );
            let diagnostic = Diagnostic::error(Code::ListTooLong, named, message);
            self.report(diagnostic.help("a list of this size is better asked by an extractor"));
            return None;
        }
        let mut mistakes = 0_usize;
        for (span, entry) in lines(text) {
            let mistake = match mistake(entry, values) {
                None => {
                    self.entries = self.entries.saturating_add(1);
                    if self.entries > ENTRY_LIMIT {
                        let message =
                            format!("the lists of this package have more than {ENTRY_LIMIT} entries");
                        let diagnostic = Diagnostic::error(Code::ListTooLong, named, message);
                        self.report(diagnostic.help("a list of this size is better asked by an extractor"));
                        return None;
                    }
                    continue;
                }
                Some((code, message, help)) => Mistake {
                    span,
                    code,
                    message,
                    help,
                },
            };
            mistakes = mistakes.saturating_add(1);
            let here = Place {
                file,
                span: mistake.span,
            };
            if mistakes > MISTAKE_LIMIT {
                let message = "there are more lines of this file that are no entries";
                let help = "mend these first, then check again";
                self.report(Diagnostic::error(Code::InvalidEntry, here, message).help(help));
                return None;
            }
            self.report(
                Diagnostic::error(mistake.code, here, mistake.message)
                    .also(named, "the list is read here")
                    .help(mistake.help),
            );
        }
        (mistakes == 0).then_some(())
    }
}

/// What is wrong with an entry, if it is not taken: code, message and help.
fn mistake(entry: &str, values: &mut Values) -> Option<(Code, String, String)> {
    if let Some((_, found)) = hidden(entry) {
        let message = format!(
            "the invisible character U+{:04X} may not stand here",
            u32::from(found)
        );
        return Some((Code::HiddenCharacter, message, "remove it".to_owned()));
    }
    let shown = || {
        let mut shown: String = entry.chars().take(60).collect();
        if shown.len() < entry.len() {
            shown.push('…');
        }
        shown
    };
    let listed = values.listed();
    if entry.len() > TEXT_LIMIT {
        let message = format!(
            "this entry has {} bytes, values have at most {TEXT_LIMIT}",
            entry.len()
        );
        return Some((
            Code::TextTooLong,
            message,
            "no attribute can be equal to it; shorten it".to_owned(),
        ));
    }
    if entry.len() > 1 && entry.starts_with('"') && entry.ends_with('"') {
        let message = format!("`{}` is in quotes", shown());
        return Some((
            Code::InvalidEntry,
            message,
            "entries of list files stand without quotes, one on each line".to_owned(),
        ));
    }
    let error = values.read(entry).err()?;
    let help = match listed {
        Type::Network => "the list has one network on each line, as in `10.0.0.0/8`".to_owned(),
        _ => format!("the list has one value of type {listed} on each line"),
    };
    Some((
        Code::InvalidEntry,
        format!("`{}` should be {listed}, and is {error}", shown()),
        help,
    ))
}

/// The entries: lines without white space around them, but for empty ones and comments.
fn lines(text: &str) -> impl Iterator<Item = (Span, &str)> {
    let mut offset = 0_usize;
    text.split_inclusive('\n').filter_map(move |line| {
        let start = offset;
        offset = offset.saturating_add(line.len());
        // A byte order mark may begin a file.
        let bare = if start == 0 {
            line.strip_prefix('\u{feff}').unwrap_or(line)
        } else {
            line
        };
        let mark = line.len().saturating_sub(bare.len());
        let before = bare.len().saturating_sub(bare.trim_start().len());
        let entry = bare.trim();
        let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        let from = start.saturating_add(mark).saturating_add(before);
        let span = Span {
            start: at(from),
            end: at(from.saturating_add(entry.len())),
        };
        (!entry.is_empty() && !entry.starts_with('#')).then_some((span, entry))
    })
}
