//! The tree becomes lines.
//!
//! A piece that fits on the rest of its line is written there. One that does not is opened at its brackets, or before
//! its ANDs and ORs, and its parts are treated alike. A comment ends its line, so it opens everything around it.

use rowan::NodeOrToken;

use super::WIDTH;
use super::flat::{flat, is_chain, is_connective, is_layout, is_tight_before, is_tight_behind, spelling};
use super::lines::{Line, render};
use crate::syntax::{SyntaxKind as K, SyntaxNode, SyntaxToken};

/// A comment that was read and not yet written.
struct Comment {
    text: String,
    /// Whether nothing stood before it on its line.
    is_alone: bool,
    has_blank: bool,
}

/// Whether a blank line comes before what begins a line.
#[derive(Clone, Copy, PartialEq)]
enum Blank {
    Never,
    /// Nothing stands before it in its block: not here, but behind a comment.
    First,
    /// If there was one.
    Kept,
    Always,
}

impl Blank {
    fn applies(self, there_was_one: bool) -> bool {
        match self {
            Self::Never | Self::First => false,
            Self::Kept => there_was_one,
            Self::Always => true,
        }
    }

    fn behind_comment(self) -> Self {
        match self {
            Self::Never => Self::Never,
            Self::First | Self::Kept | Self::Always => Self::Kept,
        }
    }
}

/// What comes before the next token.
#[derive(Clone, Copy)]
enum Gap {
    /// A space, if tokens need one.
    Flow,
    /// Nothing: its place is found.
    Settled,
    /// A new line.
    Line {
        depth: usize,
        blank: Blank,
        is_aligned: bool,
    },
}

/// What was written last inside of brackets.
#[derive(Clone, Copy, PartialEq)]
enum Previous {
    Bracket,
    Comma,
    Word,
    Piece,
}

pub(super) struct Printer {
    lines: Vec<Line>,
    gap: Gap,
    /// Whether no space follows the last token.
    is_tight: bool,
    comments: Vec<Comment>,
    /// Most line feeds in a row since the last token or comment.
    feeds: usize,
}

impl Printer {
    pub(super) fn print(root: &SyntaxNode) -> String {
        let mut printer = Self {
            lines: Vec::new(),
            gap: Gap::Flow,
            is_tight: false,
            comments: Vec::new(),
            feeds: 0,
        };
        let mut blank = Blank::First;
        let mut is_below_line = true;
        for element in root.children_with_tokens() {
            match element {
                NodeOrToken::Token(token) => printer.read(&token),
                NodeOrToken::Node(item) => {
                    let is_line = flat(&item, WIDTH).is_some();
                    if blank != Blank::First && !(is_line && is_below_line) {
                        blank = Blank::Always;
                    }
                    printer.begin(0, blank, false);
                    printer.piece(&item);
                    is_below_line = is_line;
                    blank = Blank::Kept;
                }
            }
        }
        if blank != Blank::First && !is_below_line {
            blank = Blank::Always;
        }
        printer.write_comments(0, blank);
        render(&printer.lines)
    }

    /// Takes note of a token that is not written now.
    fn read(&mut self, token: &SyntaxToken) {
        match token.kind() {
            K::Whitespace => {
                let feeds = token.text().bytes().filter(|byte| *byte == b'\n').count();
                // Not the sum: a comma on a line of its own, which goes, leaves no blank line.
                self.feeds = self.feeds.max(feeds);
            }
            K::Comment => {
                self.comments.push(Comment {
                    text: token.text().trim_end().to_owned(),
                    is_alone: self.feeds > 0,
                    has_blank: self.feeds > 1,
                });
                self.feeds = 0;
            }
            _ => {}
        }
    }

    /// A node that is no file.
    fn piece(&mut self, node: &SyntaxNode) {
        let is_body = node.kind() == K::Body;
        let opens = is_body
            || node
                .first_child_or_token()
                .is_some_and(|first| matches!(first.kind(), K::LeftBrace | K::LeftParen | K::LeftBracket));
        if !(opens && self.is_interrupted()) {
            self.settle(node.first_token().is_some_and(|first| is_tight_before(&first)));
            let rest = WIDTH.saturating_sub(self.lines.last().map_or(0, Line::width));
            if let Some(text) = flat(node, rest) {
                self.write(&text, false);
                return;
            }
        }
        if is_body {
            self.body(node);
        } else if is_chain(node) {
            self.chain(node);
        } else {
            self.open_piece(node);
        }
    }

    /// A condition in braces, whether or not it stood in some.
    fn body(&mut self, node: &SyntaxNode) {
        let depth = self.open("{");
        self.begin(depth.saturating_add(1), Blank::Never, false);
        for element in node.children_with_tokens() {
            match element {
                NodeOrToken::Token(token) => self.read(&token),
                NodeOrToken::Node(condition) => self.piece(&condition),
            }
        }
        self.close("}", depth, Blank::Never);
    }

    /// Parts joined by AND, OR or an operator of arithmetic. Comments around the operator come before it: most of those behind one are about
    /// the part that it ends.
    fn chain(&mut self, node: &SyntaxNode) {
        let line_is_empty = self.lines.last().is_none_or(|line| line.text.is_empty());
        let is_condition = matches!(node.kind(), K::And | K::Or);
        let is_inner =
            !is_condition || node.parent().is_some_and(|parent| is_chain(&parent)) || !line_is_empty;
        let depth = self.depth().saturating_add(usize::from(is_inner));
        let mut connective = None;
        for element in node.children_with_tokens() {
            match element {
                NodeOrToken::Token(token) if is_connective(&token) => connective = Some(token),
                NodeOrToken::Token(token) if token.kind().is_trivia() => self.read(&token),
                NodeOrToken::Token(token) => self.token(&token),
                NodeOrToken::Node(part) => {
                    if let Some(token) = connective.take() {
                        self.begin(depth, Blank::Never, false);
                        self.token(&token);
                    }
                    self.piece(&part);
                }
            }
        }
    }

    /// Any other node: what is outside of its brackets goes on, and what is inside gets lines of its own.
    fn open_piece(&mut self, node: &SyntaxNode) {
        let is_list = node.kind() == K::List;
        let is_aligned = node.kind() == K::Schema;
        let mut brackets: Vec<(K, usize)> = Vec::new();
        let mut previous = Previous::Word;
        for element in node.children_with_tokens() {
            let kind = element.kind();
            let glues = matches!(
                kind,
                K::Comma | K::Colon | K::RightBrace | K::RightParen | K::RightBracket
            );
            if let Some((bracket, depth)) = brackets.last() {
                let begins = match previous {
                    Previous::Bracket | Previous::Comma => true,
                    Previous::Piece => *bracket == K::LeftBrace,
                    Previous::Word => false,
                };
                if begins && !glues && !kind.is_trivia() {
                    let blank = match bracket {
                        K::LeftParen => Blank::Never,
                        _ if previous == Previous::Bracket => Blank::First,
                        _ => Blank::Kept,
                    };
                    self.begin(depth.saturating_add(1), blank, is_aligned);
                }
            }
            match element {
                NodeOrToken::Node(part) => {
                    self.piece(&part);
                    if is_list {
                        self.write(",", false);
                    }
                    previous = Previous::Piece;
                }
                NodeOrToken::Token(token) if kind.is_trivia() => self.read(&token),
                NodeOrToken::Token(token) => match kind {
                    K::Comma if is_layout(&token) => previous = Previous::Comma,
                    K::LeftBrace | K::LeftParen | K::LeftBracket => {
                        brackets.push((kind, self.open(token.text())));
                        previous = Previous::Bracket;
                    }
                    K::RightBrace | K::RightParen | K::RightBracket => {
                        let (bracket, depth) = brackets.pop().unwrap_or((K::LeftParen, self.depth()));
                        let is_empty = previous == Previous::Bracket;
                        match bracket {
                            _ if is_empty && self.comments.is_empty() => self.write(token.text(), false),
                            K::LeftParen => self.close(token.text(), depth, Blank::Never),
                            _ if is_empty => self.close(token.text(), depth, Blank::First),
                            _ => self.close(token.text(), depth, Blank::Kept),
                        }
                        previous = Previous::Piece;
                    }
                    _ => {
                        self.token(&token);
                        previous = if kind == K::Comma {
                            Previous::Comma
                        } else {
                            Previous::Word
                        };
                    }
                },
            }
        }
    }
}

// Writing.
impl Printer {
    fn depth(&self) -> usize {
        self.lines.last().map_or(0, |line| line.depth)
    }

    /// Whether comments stand between the last token and a next one that would go on behind it.
    fn is_interrupted(&self) -> bool {
        matches!(self.gap, Gap::Flow) && !self.lines.is_empty() && !self.comments.is_empty()
    }

    /// Lets the next token begin a line.
    fn begin(&mut self, depth: usize, blank: Blank, is_aligned: bool) {
        self.gap = Gap::Line {
            depth,
            blank,
            is_aligned,
        };
    }

    /// Finds the place of the next token, behind the comments before it.
    fn settle(&mut self, is_tight: bool) {
        let interrupted = self.is_interrupted();
        match std::mem::replace(&mut self.gap, Gap::Settled) {
            Gap::Settled => {}
            Gap::Flow if interrupted => {
                let is_continued = self.lines.last().is_some_and(|line| line.is_continued);
                let depth = self.depth().saturating_add(usize::from(!is_continued));
                self.write_comments(depth, Blank::Never);
                self.lines.push(Line {
                    depth,
                    is_continued: true,
                    ..Line::default()
                });
            }
            Gap::Flow => self.space(is_tight),
            Gap::Line {
                depth,
                blank,
                is_aligned,
            } => {
                let has_blank = self.feeds > 1;
                let blank = self.write_comments(depth, blank);
                self.lines.push(Line {
                    depth,
                    has_blank: blank.applies(has_blank) && !self.lines.is_empty(),
                    is_aligned,
                    ..Line::default()
                });
            }
        }
    }

    fn space(&mut self, is_tight: bool) {
        if let Some(line) = self.lines.last_mut() {
            if !self.is_tight && !is_tight {
                line.text.push(' ');
            }
        }
    }

    fn write(&mut self, text: &str, is_tight: bool) {
        if let Some(line) = self.lines.last_mut() {
            line.text.push_str(text);
        }
        self.is_tight = is_tight;
        self.gap = Gap::Flow;
        self.feeds = 0;
    }

    fn token(&mut self, token: &SyntaxToken) {
        self.settle(is_tight_before(token));
        self.write(spelling(token), is_tight_behind(token));
    }

    /// Writes an opening bracket, and gives the depth of its line. Comments that would part it from what is before
    /// it come behind it instead.
    fn open(&mut self, bracket: &str) -> usize {
        if self.is_interrupted() {
            self.space(false);
        } else {
            self.settle(false);
        }
        self.write(bracket, true);
        self.depth()
    }

    /// Writes a closing bracket on a line of its own.
    fn close(&mut self, bracket: &str, depth: usize, blank: Blank) {
        self.write_comments(depth.saturating_add(1), blank);
        self.begin(depth, Blank::Never, false);
        self.settle(true);
        self.write(bracket, false);
    }

    /// Writes the comments that were read, and says what is then to be done about a blank line.
    fn write_comments(&mut self, depth: usize, mut blank: Blank) -> Blank {
        for comment in std::mem::take(&mut self.comments) {
            let is_first = self.lines.is_empty();
            match self.lines.last_mut() {
                Some(line) if !comment.is_alone && !line.is_comment && line.comment.is_none() => {
                    line.comment = Some(comment.text);
                }
                _ => {
                    self.lines.push(Line {
                        depth,
                        text: comment.text,
                        has_blank: blank.applies(comment.has_blank) && !is_first,
                        is_comment: true,
                        ..Line::default()
                    });
                    blank = blank.behind_comment();
                }
            }
        }
        blank
    }
}
