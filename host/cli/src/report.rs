//! Diagnostics and failures as people see them. Colours only on a terminal, and never with NO_COLOR.

use aecp_compiler::diagnostic::{self, Diagnostic, Severity, Span};
use aecp_engine::judicial::contract;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};

use crate::error::Error;
use crate::package::PackageFolder;

/// Green, for what came out well.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Red, for what did not.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Yellow, for what somebody should look at.
pub(crate) const NOTABLE: Style = AnsiColor::Yellow.on_default().bold();
/// For what is said beside the point.
pub(crate) const FAINT: Style = Style::new().dimmed();

/// Says on standard error why a command could not answer.
pub(crate) fn failure(error: &Error) {
    anstream::eprintln!("{BAD}error{BAD:#}: {error}");
}

/// A diagnostic, of this program's compiler or of one that is a component.
pub(crate) struct Shown<'a> {
    error: bool,
    code: &'a str,
    message: &'a str,
    /// The primary one first.
    marks: Vec<Mark<'a>>,
    help: Option<&'a str>,
}

/// A place in a file of the package, by its index.
struct Mark<'a> {
    kind: AnnotationKind,
    file: u32,
    span: Span,
    message: &'a str,
}

impl<'a> From<&'a Diagnostic> for Shown<'a> {
    fn from(found: &'a Diagnostic) -> Self {
        let mark = |kind| {
            move |label: &'a diagnostic::Label| Mark {
                kind,
                file: label.place.file,
                span: label.place.span,
                message: &label.message,
            }
        };
        let primary = found.primary.iter().map(mark(AnnotationKind::Primary));
        let secondary = found.secondary.iter().map(mark(AnnotationKind::Context));
        Self {
            error: found.severity == Severity::Error,
            code: found.code.name(),
            message: &found.message,
            marks: primary.chain(secondary).collect(),
            help: found.help.as_deref(),
        }
    }
}

impl<'a> From<&'a contract::Diagnostic> for Shown<'a> {
    fn from(found: &'a contract::Diagnostic) -> Self {
        let mark = |kind| {
            move |label: &'a contract::Label| Mark {
                kind,
                file: label.source,
                span: Span {
                    start: label.start,
                    end: label.end,
                },
                message: &label.message,
            }
        };
        let primary = found.primary.iter().map(mark(AnnotationKind::Primary));
        let secondary = found.secondary.iter().map(mark(AnnotationKind::Context));
        Self {
            error: found.severity == contract::Severity::Error,
            code: &found.code,
            message: &found.message,
            marks: primary.chain(secondary).collect(),
            help: found.help.as_deref(),
        }
    }
}

/// Shows diagnostics on standard error, each with its place in the source.
pub(crate) fn diagnostics<'a, D>(folder: &'a PackageFolder, diagnostics: &'a [D])
where
    Shown<'a>: From<&'a D>,
{
    let renderer = Renderer::styled();
    for diagnostic in diagnostics {
        anstream::eprintln!("{}\n", renderer.render(&[group(folder, diagnostic.into())]));
    }
}

fn group<'a>(folder: &'a PackageFolder, diagnostic: Shown<'a>) -> Group<'a> {
    let level = if diagnostic.error {
        Level::ERROR
    } else {
        Level::WARNING
    };
    let title = level.primary_title(diagnostic.message).id(diagnostic.code);

    // One snippet for each file, the primary one first.
    let mut snippets: Vec<(u32, Snippet<'a, annotate_snippets::Annotation<'a>>)> = Vec::new();
    for mark in diagnostic.marks {
        let file = usize::try_from(mark.file)
            .ok()
            .and_then(|index| folder.files.get(index));
        let Some(file) = file else { continue };
        let mut annotation = mark.kind.span(within(mark.span.range(), &file.text));
        if !mark.message.is_empty() {
            annotation = annotation.label(mark.message);
        }
        let snippet = match snippets.iter().position(|(index, _)| *index == mark.file) {
            Some(position) => snippets.remove(position).1,
            None => Snippet::source(file.text.as_str())
                .path(shown_path(folder, &file.name))
                .line_start(1),
        };
        snippets.push((mark.file, snippet.annotation(annotation)));
    }
    let mut group = Group::with_title(title);
    for (_, snippet) in snippets {
        group = group.element(snippet);
    }
    if let Some(help) = diagnostic.help {
        group = group.element(Level::HELP.message(help));
    }
    group
}

/// Spans of our compiler fit its text. Another one may say anything: what is outside of the text is shown at its end,
/// and what is inside of a character at its beginning.
fn within(span: std::ops::Range<usize>, text: &str) -> std::ops::Range<usize> {
    let inside = |offset| text.floor_char_boundary(offset);
    let start = inside(span.start);
    start..inside(span.end).max(start)
}

fn shown_path(folder: &PackageFolder, file: &str) -> String {
    let path = if folder.path.is_dir() {
        folder.path.join(file)
    } else {
        folder.path.clone()
    };
    path.display().to_string()
}
