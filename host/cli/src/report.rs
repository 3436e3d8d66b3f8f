//! Diagnostics and failures as people see them. Colours only on a terminal, and never with NO_COLOR.

use aecp_compiler::diagnostic::{Diagnostic, Severity};
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

/// Shows diagnostics on standard error, each with its place in the source.
pub(crate) fn diagnostics(folder: &PackageFolder, diagnostics: &[Diagnostic]) {
    let renderer = Renderer::styled();
    for diagnostic in diagnostics {
        anstream::eprintln!("{}\n", renderer.render(&groups(folder, diagnostic)));
    }
}

fn groups<'a>(folder: &'a PackageFolder, diagnostic: &'a Diagnostic) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.name());
    let mut labels: Vec<_> = diagnostic
        .primary
        .iter()
        .map(|label| (AnnotationKind::Primary, label))
        .collect();
    labels.extend(
        diagnostic
            .secondary
            .iter()
            .map(|label| (AnnotationKind::Context, label)),
    );

    // One snippet for each file, the primary one first.
    let mut snippets: Vec<(u32, Snippet<'a, annotate_snippets::Annotation<'a>>)> = Vec::new();
    for (kind, label) in labels {
        let file = usize::try_from(label.place.file)
            .ok()
            .and_then(|index| folder.files.get(index));
        let Some(file) = file else { continue };
        let mut annotation = kind.span(within(label.place.span.range(), &file.text));
        if !label.message.is_empty() {
            annotation = annotation.label(label.message.as_str());
        }
        let snippet = match snippets.iter().position(|(index, _)| *index == label.place.file) {
            Some(position) => snippets.remove(position).1,
            None => Snippet::source(file.text.as_str())
                .path(shown_path(folder, &file.name))
                .line_start(1),
        };
        snippets.push((label.place.file, snippet.annotation(annotation)));
    }
    let mut group = Group::with_title(title);
    for (_, snippet) in snippets {
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    vec![group]
}

/// Spans come from the compiler and fit its text; should one not, the end of the text is shown.
fn within(span: std::ops::Range<usize>, text: &str) -> std::ops::Range<usize> {
    span.start.min(text.len())..span.end.min(text.len())
}

fn shown_path(folder: &PackageFolder, file: &str) -> String {
    let path = if folder.path.is_dir() {
        folder.path.join(file)
    } else {
        folder.path.clone()
    };
    path.display().to_string()
}
