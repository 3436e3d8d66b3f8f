//! The formatter: one way to write a file, its comments included.
//!
//! - Two spaces of indent, one field on a line, at most [`WIDTH`] columns where something can be broken.
//! - One blank line between blocks; items of one line, such as classes, stand together if they did. Inside blocks and
//!   lists a blank line that separated groups stays, as one. Comments stay with what they are about.
//! - A condition is bare where it fits on its field's line. Otherwise it stands in braces, each part of AND and OR on
//!   a line of its own that begins with the operator, deeper ones indented. Parentheses stay, needed or not: they
//!   help a reader.
//! - A list stands on one line if it fits, otherwise one member on a line, each with a comma.
//! - Entries of blocks have no commas, comparisons have `==`, trailing comments of schema entries are aligned.
//! - Lines end with a line feed and without white space, the last one too; a byte order mark goes.
//!
//! Layout follows brackets and a few kinds of nodes, so fields and blocks that are added to the language need no code
//! here. What is written is read again, and given out only if nothing but the layout has changed.
//!
//! A comment that parts a word from an opening bracket moves into the bracket; one behind AND or OR moves before it.
//!
//! - `printer`: the tree becomes lines.
//! - `flat`: what a piece is on one line, and which tokens the formatter itself decides on.
//! - `lines`: lines become text.

mod flat;
mod lines;
mod printer;

use rowan::{NodeOrToken, WalkEvent};

use self::printer::Printer;
use crate::diagnostic::{Code, Diagnostic, Place, Severity, Span};
use crate::syntax::{SyntaxKind as K, SyntaxNode, parse};

/// Most columns of a line, in characters. Only texts, names and comments make one longer.
pub const WIDTH: usize = 100;

/// Spaces of one step of indent.
const INDENT: usize = 2;

/// The canonical form of one file.
///
/// # Errors
///
/// The diagnostics of a file that cannot be read; nothing is changed then. Their places are in file 0.
/// [`Code::NotFormatted`] if the form would mean something else than the file, which is a mistake of the formatter.
pub fn source(text: &str) -> Result<String, Vec<Diagnostic>> {
    let before = parse(0, text);
    if before
        .diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error)
    {
        return Err(before.diagnostics);
    }
    let formatted = Printer::print(&before.syntax());
    let after = parse(0, &formatted);
    if after.diagnostics.len() > before.diagnostics.len()
        || essence(&before.syntax()) != essence(&after.syntax())
    {
        let place = Place {
            file: 0,
            span: Span::default(),
        };
        let message = "the formatter cannot write this file without changing it";
        let help =
            "keep the file as it is, and report it: this is a mistake of the formatter, not of the file";
        return Err(vec![
            Diagnostic::error(Code::NotFormatted, place, message).help(help),
        ]);
    }
    Ok(formatted)
}

/// What must be the same before and after: nodes and tokens in their order, and comments in theirs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Essence {
    /// A node's kind where it begins, nothing where it ends, and a token's kind and text.
    tree: Vec<(Option<K>, String)>,
    comments: Vec<String>,
}

fn essence(root: &SyntaxNode) -> Essence {
    let mut found = Essence::default();
    for event in root.preorder_with_tokens() {
        match event {
            WalkEvent::Enter(NodeOrToken::Node(node)) => found.tree.push((Some(node.kind()), String::new())),
            WalkEvent::Leave(NodeOrToken::Node(_)) => found.tree.push((None, String::new())),
            WalkEvent::Enter(NodeOrToken::Token(token)) if token.kind() == K::Comment => {
                found.comments.push(token.text().trim_end().to_owned());
            }
            WalkEvent::Enter(NodeOrToken::Token(token)) => {
                if !token.kind().is_trivia() && !flat::is_layout(&token) {
                    // `=` and `==` are one token to the meaning.
                    let kind = if token.kind() == K::Equal {
                        K::EqualEqual
                    } else {
                        token.kind()
                    };
                    found.tree.push((Some(kind), flat::spelling(&token).to_owned()));
                }
            }
            WalkEvent::Leave(NodeOrToken::Token(_)) => {}
        }
    }
    found
}
