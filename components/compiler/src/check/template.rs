//! The sentence of a REASON or NOTIFY: text with attributes in braces.

use std::ops::Range;

use aecp_vocabulary::AttributeName;
use aecp_vocabulary::policy::Segment;

use super::declarations::find;
use super::{Checker, place};
use crate::diagnostic::{Code, Diagnostic, Place, Span};
use crate::syntax::ast;
use crate::syntax::literal::place_in_token;

/// Most bytes of a template: it is rendered for every violation.
const TEXT_LIMIT: usize = 2_048;

/// Most attributes that a template shows.
const ATTRIBUTE_LIMIT: usize = 16;

/// A piece of a template, or what is wrong with it; ranges are bytes of the template.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Attribute(Range<usize>),
    /// A `{` without its `}`.
    Unclosed(usize),
    /// A `}` without its `{`.
    Unopened(usize),
}

fn pieces(template: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut pending = String::new();
    let mut at = 0_usize;
    let rest_at = |at: usize| template.get(at..).unwrap_or("");
    while let Some(found) = rest_at(at).find(['{', '}']) {
        pending.push_str(rest_at(at).get(..found).unwrap_or(""));
        let brace = at.saturating_add(found);
        let behind = brace.saturating_add(1);
        let rest = rest_at(brace);
        at = behind;
        if rest.starts_with("{{") || rest.starts_with("}}") {
            pending.extend(rest.chars().next());
            at = behind.saturating_add(1);
            continue;
        }
        if !pending.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut pending)));
        }
        if rest.starts_with('}') {
            pieces.push(Piece::Unopened(brace));
            continue;
        }
        let end = rest_at(behind)
            .find(['{', '}'])
            .map(|length| behind.saturating_add(length));
        match end {
            Some(end) if rest_at(end).starts_with('}') => {
                pieces.push(Piece::Attribute(behind..end));
                at = end.saturating_add(1);
            }
            _ => pieces.push(Piece::Unclosed(brace)),
        }
    }
    pending.push_str(rest_at(at));
    if !pending.is_empty() {
        pieces.push(Piece::Literal(pending));
    }
    pieces
}

impl Checker {
    /// The segments of a `what`, whose inputs are indices into the attributes; none after an error, which is reported.
    pub(super) fn template(&mut self, file: u32, what: &str, literal: &ast::Literal) -> Option<Vec<Segment>> {
        let text = self.statement(file, what, Some(literal.clone()))?;
        let (_, token) = literal.token()?;
        if text.len() > TEXT_LIMIT {
            let message = format!(
                "this {what} has {} bytes, a {what} has at most {TEXT_LIMIT}",
                text.len()
            );
            let diagnostic = Diagnostic::error(Code::TextTooLong, place(file, literal), message);
            self.report(diagnostic.help("shorten it; DESCRIPTION and JUSTIFICATION have room for more"));
            return None;
        }
        let start = ast::span(token.text_range()).start;
        let place_of = |range: Range<usize>| {
            let offset = |at: usize| {
                let at = place_in_token(token.text(), at);
                start.saturating_add(u32::try_from(at).unwrap_or(u32::MAX))
            };
            Place {
                file,
                span: Span {
                    start: offset(range.start),
                    end: offset(range.end),
                },
            }
        };
        let mut segments = Vec::new();
        let mut shown = 0_usize;
        let mut sound = true;
        for piece in pieces(&text) {
            let segment = match piece {
                Piece::Literal(literal) => Some(Segment::Literal(literal)),
                Piece::Attribute(range) => {
                    shown = shown.saturating_add(1);
                    let name = text.get(range.clone()).unwrap_or("");
                    self.shown(place_of(range), name)
                }
                Piece::Unclosed(at) => {
                    let here = place_of(at..at.saturating_add(1));
                    let diagnostic =
                        Diagnostic::error(Code::MalformedTemplate, here, "this `{` is never closed").help(
                            "close it behind an attribute's name: `{storage.location}`; write `{{` for a brace itself",
                        );
                    self.report(diagnostic);
                    None
                }
                Piece::Unopened(at) => {
                    let here = place_of(at..at.saturating_add(1));
                    let diagnostic =
                        Diagnostic::error(Code::MalformedTemplate, here, "this `}` closes nothing").help(
                            "open it before an attribute's name: `{storage.location}`; write `}}` for a brace itself",
                        );
                    self.report(diagnostic);
                    None
                }
            };
            sound &= segment.is_some();
            segments.extend(segment);
        }
        if shown > ATTRIBUTE_LIMIT {
            let message =
                format!("this {what} shows {shown} attributes, a {what} shows at most {ATTRIBUTE_LIMIT}");
            let diagnostic = Diagnostic::error(Code::MalformedTemplate, place(file, literal), message);
            self.report(
                diagnostic.help("show those that explain the violation; evidence has all that policies read"),
            );
            return None;
        }
        sound.then_some(segments)
    }

    /// The attribute `name` in a template.
    fn shown(&mut self, here: Place, name: &str) -> Option<Segment> {
        if let Some((index, attribute)) = find(&self.attributes, name) {
            return attribute.value_type.map(|_| Segment::Input(index));
        }
        if name.parse::<AttributeName>().is_ok() {
            self.no_such_attribute(here, name, false);
            return None;
        }
        let message = format!("`{{{name}}}` does not show an attribute");
        let help = if find(&self.attributes, name.trim()).is_some() {
            format!("leave out the spaces: `{{{}}}`", name.trim())
        } else {
            "an attribute's name stands alone in braces: `{storage.location}`; write `{{` and `}}` for braces"
                .to_owned()
        };
        // Empty braces have no name to point at.
        let brace = here.span.start.saturating_sub(1);
        let here = Place {
            span: Span {
                start: brace,
                end: here.span.end.saturating_add(1),
            },
            ..here
        };
        self.report(Diagnostic::error(Code::MalformedTemplate, here, message).help(help));
        None
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use crate::package::check;
    use crate::source::SourceFile;

    const HEADER: &str = "PACKAGE p { VERSION: \"1.0.0\" } SCHEMA { storage.location: TEXT size: INTEGER }\n";

    fn source(reason: &str) -> String {
        format!(
            "{HEADER}POLICY q {{ SCOPE: requests CONSTRAINT: size > 1 ENFORCEMENT: BLOCKING REASON: {reason} }}"
        )
    }

    fn rendered(reason: &str) -> String {
        let checked = check(&[SourceFile::new("a.aecp", source(reason))]);
        assert_eq!(checked.diagnostics, []);
        let package = checked.package.unwrap();
        let show = |segment: &Segment| match segment {
            Segment::Literal(text) => text.clone(),
            Segment::Input(position) => format!("<{}>", package.inputs[*position as usize].name),
        };
        package.policies[0].reason.iter().map(show).collect()
    }

    /// One error where `⟦` and `⟧` mark it.
    #[track_caller]
    fn error(marked: &str, code: Code, says: &str) {
        let marked = source(marked);
        let (before, rest) = marked.split_once('⟦').unwrap();
        let (inside, after) = rest.split_once('⟧').unwrap();
        let checked = check(&[SourceFile::new("a.aecp", format!("{before}{inside}{after}"))]);
        assert_eq!(checked.diagnostics.len(), 1, "{:#?}", checked.diagnostics);
        let found = &checked.diagnostics[0];
        assert_eq!(found.code, code, "{found:#?}");
        let span = found.primary.as_ref().unwrap().place.span.range();
        assert_eq!(span, before.len()..before.len() + inside.len(), "{found:#?}");
        let text = format!("{} / {}", found.message, found.help.clone().unwrap_or_default());
        assert!(text.contains(says), "{text}");
    }

    #[test]
    fn a_reason_replaces_the_generated_one_and_may_show_what_no_condition_reads() {
        assert_eq!(
            rendered("\"storage in {storage.location} violates EU residency\""),
            "storage in <storage.location> violates EU residency"
        );
        assert_eq!(rendered("\"{size}{size}\""), "<size><size>");
        assert_eq!(rendered("\"no attribute\""), "no attribute");
        assert_eq!(rendered("\"{{a}} {{{size}}}\""), "{a} {<size>}");
        assert_eq!(rendered("\"größe\\n\\u{7b}size}\""), "größe\n<size>");
    }

    #[test]
    fn mistakes_are_shown_inside_the_text() {
        error(
            "\"in {⟦storage.loction⟧}\"",
            Code::UnknownAttribute,
            "did you mean `storage.location`?",
        );
        error(
            "\"\\\"ö\\u{1F600}{⟦location⟧}\"",
            Code::UnknownAttribute,
            "`storage.location`",
        );
        error("\"{⟦purpose⟧}\"", Code::UnknownAttribute, "declare it");
        error("\"a ⟦{⟧size\"", Code::MalformedTemplate, "never closed");
        error("\"⟦{⟧size {size}\"", Code::MalformedTemplate, "never closed");
        error("\"a ⟦}⟧ b\"", Code::MalformedTemplate, "`}}`");
        error("\"⟦{}⟧\"", Code::MalformedTemplate, "stands alone");
        error("\"⟦{ size }⟧\"", Code::MalformedTemplate, "leave out the spaces");
        error("⟦\"\"⟧", Code::EmptyText, "REASON says nothing");
        error(
            &format!("⟦\"{}\"⟧", "x".repeat(2_049)),
            Code::TextTooLong,
            "shorten",
        );
        error(
            &format!("⟦\"{}\"⟧", "{size}".repeat(17)),
            Code::MalformedTemplate,
            "at most 16",
        );
        error(
            "\"a\" ⟦REASON: \"b\"⟧",
            Code::DuplicateField,
            "`REASON` is given twice",
        );
    }
}
