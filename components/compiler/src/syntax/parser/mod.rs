//! Tokens to a lossless tree, by recursive descent.
//!
//! The parser reports at most one mistake for each token and reads on behind it. Blocks are found again by the words
//! that begin them, which are reserved for that.
//!
//! - `items`: PACKAGE, SCHEMA, CLASS and POLICY blocks with their fields.
//! - `obligations`: what an OBLIGATION field says.
//! - `suites`: TEST and FIXTURE blocks.
//! - `conditions`: conditions.
//! - `terms`: operands and arithmetic.

mod conditions;
mod items;
mod obligations;
mod suites;
mod terms;

use rowan::{Checkpoint, GreenNode, GreenNodeBuilder, Language as _};

use super::ast::Root;
use super::kind::{Language, SyntaxKind as K, SyntaxNode};
use super::lexer::{self, Token};
use crate::diagnostic::{Code, Diagnostic, Place, Span};
use crate::source::FILE_LIMIT;

/// Deepest nesting of conditions: parentheses and NOT.
pub const DEPTH_LIMIT: u32 = 128;

/// Most diagnostics of one file; what comes behind them is not read. One more than a package shows, so that it is
/// noticed that there are more.
const DIAGNOSTIC_LIMIT: usize = crate::check::DIAGNOSTIC_LIMIT.saturating_add(1);

/// A file's tree, and what is wrong with it.
#[derive(Clone, Debug)]
pub struct Parse {
    green: GreenNode,
    /// In the order in which they were found.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parse {
    /// The tree; its text is the file's.
    pub fn root(&self) -> Root {
        Root(self.syntax())
    }

    /// The tree without types.
    pub fn syntax(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.green.clone())
    }
}

/// Reads one file. `file` is its index, for the places of diagnostics.
///
/// A text longer than [`FILE_LIMIT`] is not read: its tree is empty.
pub fn parse(file: u32, text: &str) -> Parse {
    let mut builder = GreenNodeBuilder::new();
    if text.len() > FILE_LIMIT {
        builder.start_node(Language::kind_to_raw(K::Root));
        builder.finish_node();
        let place = Place {
            file,
            span: Span::default(),
        };
        let message = format!(
            "this file has {} bytes, at most {FILE_LIMIT} are read",
            text.len()
        );
        let error = Diagnostic::error(Code::FileTooLarge, place, message).help("split it into several files");
        return Parse {
            green: builder.finish(),
            diagnostics: vec![error],
        };
    }
    let mut diagnostics = Vec::new();
    let tokens = lexer::tokens(file, text, &mut |diagnostic| {
        if diagnostics.len() < DIAGNOSTIC_LIMIT {
            diagnostics.push(diagnostic());
        }
    });
    let mut parser = Parser {
        file,
        text,
        tokens,
        emitted: 0,
        cursor: 0,
        builder,
        diagnostics,
        reported_at: None,
        depth: 0,
    };
    parser.settle(0);
    parser.root();
    Parse {
        green: parser.builder.finish(),
        diagnostics: parser.diagnostics,
    }
}

struct Parser<'a> {
    file: u32,
    text: &'a str,
    tokens: Vec<Token>,
    /// How many tokens are in the tree.
    emitted: usize,
    /// The current token, which is no trivia.
    cursor: usize,
    builder: GreenNodeBuilder<'static>,
    diagnostics: Vec<Diagnostic>,
    /// The token at which a mistake was reported last.
    reported_at: Option<usize>,
    depth: u32,
}

// Looking.
impl<'a> Parser<'a> {
    fn token(&self, index: usize) -> Token {
        let end = Token {
            kind: K::End,
            span: Span::default(),
        };
        self.tokens
            .get(index)
            .or(self.tokens.last())
            .copied()
            .unwrap_or(end)
    }

    fn kind(&self) -> K {
        if self.is_exhausted() {
            K::End
        } else {
            self.token(self.cursor).kind
        }
    }

    /// Whether so much is wrong that the rest is left alone.
    fn is_exhausted(&self) -> bool {
        self.diagnostics.len() >= DIAGNOSTIC_LIMIT
    }

    fn at(&self, kind: K) -> bool {
        self.kind() == kind
    }

    /// The kind of the token behind the current one.
    fn next_kind(&self) -> K {
        let behind = self.tokens.get(self.cursor.saturating_add(1)..).unwrap_or(&[]);
        behind
            .iter()
            .map(|token| token.kind)
            .find(|kind| !kind.is_trivia())
            .unwrap_or(K::End)
    }

    fn span(&self) -> Span {
        self.token(self.cursor).span
    }

    fn text(&self) -> &'a str {
        self.text.get(self.span().range()).unwrap_or("")
    }

    fn place(&self) -> Place {
        self.place_of(self.span())
    }

    fn place_of(&self, span: Span) -> Place {
        Place {
            file: self.file,
            span,
        }
    }

    /// The current token's kind, taking keywords for what they are however their letters are written.
    fn meant(&self) -> K {
        match self.kind() {
            K::Word => K::keyword_like(self.text()).unwrap_or(K::Word),
            kind => kind,
        }
    }

    fn at_name(&self) -> bool {
        matches!(self.kind(), K::Word | K::DottedWord | K::ForeignWord)
    }

    /// Whether `word:` stands here, the beginning of a field that the block may or may not know.
    fn at_labelled_word(&self) -> bool {
        self.at_name() && self.next_kind() == K::Colon
    }

    /// Whether whatever is being read must have ended before this token.
    fn at_boundary(&self) -> bool {
        let kind = self.kind();
        kind == K::End || kind.begins_item() || kind.begins_field() || kind.begins_test_entry()
    }
}

// Building.
impl Parser<'_> {
    fn settle(&mut self, from: usize) {
        self.cursor = from;
        while self.token(self.cursor).kind.is_trivia() {
            self.cursor = self.cursor.saturating_add(1);
        }
    }

    fn emit(&mut self, kind: K, span: Span) {
        let text = self.text.get(span.range()).unwrap_or("");
        self.builder.token(Language::kind_to_raw(kind), text);
        self.emitted = self.emitted.saturating_add(1);
    }

    /// Puts the trivia before the current token into the tree, so that nodes begin with what they are about.
    fn flush(&mut self) {
        while self.emitted < self.cursor {
            let token = self.token(self.emitted);
            self.emit(token.kind, token.span);
        }
    }

    fn start(&mut self, kind: K) {
        self.flush();
        self.builder.start_node(Language::kind_to_raw(kind));
    }

    fn checkpoint(&mut self) -> Checkpoint {
        self.flush();
        self.builder.checkpoint()
    }

    fn start_at(&mut self, checkpoint: Checkpoint, kind: K) {
        self.builder
            .start_node_at(checkpoint, Language::kind_to_raw(kind));
    }

    fn finish(&mut self) {
        self.builder.finish_node();
    }

    fn bump_as(&mut self, kind: K) {
        if self.at(K::End) {
            return;
        }
        self.flush();
        self.emit(kind, self.span());
        self.settle(self.emitted);
    }

    fn bump(&mut self) {
        self.bump_as(self.kind());
    }

    fn eat(&mut self, kind: K) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    /// Takes the current token as the keyword that it is meant to be, and reports it if it is not written so.
    fn bump_keyword(&mut self) {
        let meant = self.meant();
        if meant != self.kind() {
            let right = meant.spelling().unwrap_or_default();
            let case = if matches!(meant, K::TrueKeyword | K::FalseKeyword) {
                "small letters"
            } else {
                "capitals"
            };
            let message = format!("the keyword `{right}` is written in {case}");
            self.report(
                Diagnostic::error(Code::LowercaseKeyword, self.place(), message)
                    .help(format!("write `{right}`")),
            );
        }
        self.bump_as(meant);
    }

    fn expect(&mut self, kind: K, what: &str) -> bool {
        let found = self.eat(kind);
        if !found {
            self.expected(what);
        }
        found
    }
}

// Reporting and recovering.
impl Parser<'_> {
    /// Reports a mistake at the current token, unless there is one already or a stray character explains it.
    fn report(&mut self, diagnostic: Diagnostic) {
        let skipped = self.tokens.get(self.emitted..self.cursor).unwrap_or(&[]);
        let explained = skipped.iter().any(|token| token.kind == K::Stray);
        if !explained && self.reported_at != Some(self.cursor) && !self.is_exhausted() {
            self.diagnostics.push(diagnostic);
        }
        self.reported_at = Some(self.cursor);
    }

    fn found(&self) -> String {
        match self.kind() {
            K::End => "the end of the file".to_owned(),
            _ => {
                let text = self.text();
                let mut shown: String = text.chars().take(40).collect();
                if shown.len() < text.len() {
                    shown.push('…');
                }
                format!("`{shown}`")
            }
        }
    }

    fn unexpected(&self, what: &str) -> Diagnostic {
        let message = format!("expected {what}, found {}", self.found());
        Diagnostic::error(Code::UnexpectedToken, self.place(), message).label(format!("expected {what}"))
    }

    fn expected(&mut self, what: &str) {
        self.report(self.unexpected(what));
    }

    fn expected_with_help(&mut self, what: &str, help: impl Into<String>) {
        self.report(self.unexpected(what).help(help));
    }

    fn unclosed(&mut self, open: Span, closing: &str) {
        let message = format!("expected `{closing}`, found {}", self.found());
        let diagnostic = Diagnostic::error(Code::Unclosed, self.place(), message)
            .label(format!("`{closing}` is missing before this"))
            .also(self.place_of(open), "opened here")
            .help(format!("close it with `{closing}`"));
        self.report(diagnostic);
    }

    /// Takes one token as a mistake.
    fn bump_mistake(&mut self) {
        self.start(K::Mistake);
        self.bump();
        self.finish();
    }

    /// Takes tokens as a mistake until `stop` holds outside brackets that opened on the way, or a boundary comes.
    fn skip_until(&mut self, stop: impl Fn(&Self) -> bool) {
        self.start(K::Mistake);
        let mut open = 0_u32;
        while !(self.at_boundary() || open == 0 && stop(self)) {
            match self.kind() {
                K::LeftBrace | K::LeftParen | K::LeftBracket => open = open.saturating_add(1),
                K::RightBrace | K::RightParen | K::RightBracket => open = open.saturating_sub(1),
                _ => {}
            }
            self.bump();
        }
        self.finish();
    }
}
