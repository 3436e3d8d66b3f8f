//! Conditions, and what operands are made of.
//!
//! NOT binds tighter than AND, AND tighter than OR; comparisons bind tighter and do not chain. Nothing is read twice: a
//! parenthesis may open a condition or an operand, and what is found inside tells which.

use rowan::Checkpoint;

use super::{DEPTH_LIMIT, K, Parser};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::syntax::lexer::Token;

/// What was read where a condition or a part of one may stand.
///
/// Only what follows tells what an operand is for: it may be compared, calculated with, or stand for itself. So it is
/// read once, and whoever asked for it decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A condition, or a mistake in its place.
    Condition,
    /// An operand, which is no condition yet.
    Operand,
    /// Neither; it was reported.
    Nothing,
}

/// What may stand behind NOT inside of a comparison.
const NEGATED: [K; 3] = [K::InKeyword, K::LikeKeyword, K::MatchesKeyword];

impl K {
    pub(super) fn compares(self) -> bool {
        matches!(
            self,
            K::Equal | K::EqualEqual | K::NotEqual | K::Less | K::LessEqual | K::Greater | K::GreaterEqual
        )
    }

    /// Whether it can stand behind the first operand of a condition.
    pub(super) fn joins_operands(self) -> bool {
        self.compares()
            || self.calculates()
            || matches!(
                self,
                K::InKeyword
                    | K::NotKeyword
                    | K::ContainsKeyword
                    | K::StartsKeyword
                    | K::EndsKeyword
                    | K::LikeKeyword
                    | K::MatchesKeyword
                    | K::WithinKeyword
                    | K::IsKeyword
                    | K::AndKeyword
                    | K::OrKeyword
            )
    }
}

impl Parser<'_> {
    /// A condition, in braces or bare.
    pub(super) fn body(&mut self) {
        self.start(K::Body);
        let open = self.span();
        if self.eat(K::LeftBrace) {
            self.condition();
            if self.at_boundary() {
                self.unclosed(open, "}");
            } else if !self.at(K::RightBrace) {
                self.expected("`AND`, `OR` or `}`");
                self.skip_until(|parser| parser.at(K::RightBrace));
            }
            self.eat(K::RightBrace);
        } else {
            self.condition();
        }
        self.finish();
    }

    /// Whether a condition begins here, and not the next field or block.
    pub(super) fn at_condition(&self) -> bool {
        match self.kind() {
            K::Word => self.next_kind() != K::Colon && K::keyword_like(self.text()).is_none(),
            K::DottedWord
            | K::ForeignWord
            | K::Number
            | K::Text
            | K::UnterminatedText
            | K::WronglyQuotedText
            | K::Minus
            | K::LeftParen
            | K::NotKeyword
            | K::TrueKeyword
            | K::FalseKeyword => true,
            _ => false,
        }
    }

    fn condition(&mut self) {
        let checkpoint = self.checkpoint();
        let found = self.disjunction();
        self.stand_alone(checkpoint, found);
    }

    /// Makes a condition of an operand that begins at `checkpoint` and that nothing takes as its own.
    fn stand_alone(&mut self, checkpoint: Checkpoint, found: Found) {
        if found == Found::Operand {
            self.start_at(checkpoint, K::Bare);
            self.finish();
        }
    }

    fn disjunction(&mut self) -> Found {
        let checkpoint = self.checkpoint();
        let first = self.conjunction();
        if self.meant() != K::OrKeyword {
            return first;
        }
        self.stand_alone(checkpoint, first);
        self.start_at(checkpoint, K::Or);
        while self.meant() == K::OrKeyword {
            self.bump_keyword();
            let checkpoint = self.checkpoint();
            let next = self.conjunction();
            self.stand_alone(checkpoint, next);
        }
        self.finish();
        Found::Condition
    }

    fn conjunction(&mut self) -> Found {
        let checkpoint = self.checkpoint();
        let first = self.negation();
        if !self.joins() {
            return first;
        }
        self.stand_alone(checkpoint, first);
        self.start_at(checkpoint, K::And);
        while self.joins() {
            if self.meant() == K::AndKeyword {
                self.bump_keyword();
            } else {
                let message = format!(
                    "expected `AND`, `OR` or the end of the condition, found {}",
                    self.found()
                );
                let diagnostic = Diagnostic::error(Code::MissingConnective, self.place(), message)
                    .label("a second condition begins here")
                    .help("join the conditions by AND if both must hold, by OR if one is enough");
                self.report(diagnostic);
            }
            let checkpoint = self.checkpoint();
            let next = self.negation();
            self.stand_alone(checkpoint, next);
        }
        self.finish();
        Found::Condition
    }

    /// Whether another operand of AND follows; one without AND before it is read as if it were there.
    fn joins(&self) -> bool {
        self.meant() == K::AndKeyword || self.at_condition()
    }

    fn negation(&mut self) -> Found {
        match self.kind() {
            K::NotKeyword => {
                self.nested(K::Not, |parser| {
                    parser.bump();
                    parser.negated();
                });
                Found::Condition
            }
            // A word `not` that nothing but a condition can follow.
            K::Word
                if self.meant() == K::NotKeyword
                    && matches!(self.next_kind(), K::Word | K::DottedWord | K::LeftParen) =>
            {
                self.nested(K::Not, |parser| {
                    parser.bump_keyword();
                    parser.negated();
                });
                Found::Condition
            }
            K::LeftBrace => {
                // Beyond the limit the depth is what is wrong.
                if self.depth < DEPTH_LIMIT {
                    let message = "braces stand around a whole condition only";
                    let diagnostic = Diagnostic::error(Code::UnexpectedToken, self.place(), message)
                        .help("group conditions with parentheses: `(a OR b) AND c`");
                    self.report(diagnostic);
                }
                self.nested(K::Paren, |parser| {
                    let open = parser.span();
                    parser.bump();
                    parser.condition();
                    parser.close(open, K::RightBrace, "}");
                });
                Found::Condition
            }
            _ => self.comparison(),
        }
    }

    fn negated(&mut self) {
        let checkpoint = self.checkpoint();
        let found = self.negation();
        self.stand_alone(checkpoint, found);
    }

    /// What stands in parentheses: a condition, or an operand that goes on behind them.
    pub(super) fn parenthesised(&mut self) -> Found {
        let checkpoint = self.checkpoint();
        let mut found = Found::Nothing;
        let entered = self.deeper(|parser| {
            let open = parser.span();
            parser.bump();
            found = parser.disjunction();
            parser.close(open, K::RightParen, ")");
        });
        if entered {
            let kind = match found {
                Found::Operand => K::Group,
                Found::Condition | Found::Nothing => K::Paren,
            };
            self.start_at(checkpoint, kind);
            self.finish();
        }
        match found {
            Found::Operand => Found::Operand,
            Found::Condition | Found::Nothing => Found::Condition,
        }
    }

    fn close(&mut self, open: Span, close: K, closing: &str) {
        if !self.eat(close) {
            self.unclosed(open, closing);
        }
    }

    pub(super) fn nested(&mut self, kind: K, content: impl FnOnce(&mut Self)) {
        let checkpoint = self.checkpoint();
        if self.deeper(content) {
            self.start_at(checkpoint, kind);
            self.finish();
        }
    }

    /// Reads something that may have more of its kind inside; false if that would be too deep.
    fn deeper(&mut self, content: impl FnOnce(&mut Self)) -> bool {
        if self.depth >= DEPTH_LIMIT {
            let message = format!("conditions are nested deeper than {DEPTH_LIMIT}");
            let diagnostic = Diagnostic::error(Code::NestedTooDeeply, self.place(), message)
                .help("name inner conditions with CLASS, or split the policy");
            self.report(diagnostic);
            self.skip_until(|parser| matches!(parser.kind(), K::RightParen | K::RightBrace));
            return false;
        }
        self.depth = self.depth.saturating_add(1);
        content(self);
        self.depth = self.depth.saturating_sub(1);
        true
    }

    fn comparison(&mut self) -> Found {
        let checkpoint = self.checkpoint();
        match self.sum("a condition") {
            Found::Operand => {}
            other => return other,
        }
        if self.meant() == K::NotKeyword && !NEGATED.contains(&self.meant_behind()) {
            let help = "NOT stands before the whole condition, as in `NOT tags CONTAINS \"x\"`; only IN, LIKE and MATCHES \
                        have it inside: `a NOT IN [\"x\"]`";
            self.expected_with_help("an operator", help);
            self.bump_mistake();
        }
        match self.meant() {
            kind if kind.compares() => {
                self.start_at(checkpoint, K::Comparison);
                self.bump();
                self.operand("an attribute or a value");
            }
            K::NotKeyword if matches!(self.meant_behind(), K::LikeKeyword | K::MatchesKeyword) => {
                self.matching(checkpoint);
            }
            K::LikeKeyword | K::MatchesKeyword => self.matching(checkpoint),
            K::InKeyword | K::NotKeyword => {
                self.start_at(checkpoint, K::Membership);
                if self.meant() == K::NotKeyword {
                    self.bump_keyword();
                }
                self.bump_keyword();
                if self.at(K::LeftParen) {
                    self.expected_with_help("`[`", "lists stand in brackets: `[\"a\", \"b\"]`");
                    self.list(K::RightParen, ")");
                } else {
                    self.operand("a list in `[ ]` or a set attribute");
                }
            }
            K::ContainsKeyword => {
                self.start_at(checkpoint, K::Containment);
                self.bump_keyword();
                if matches!(self.meant(), K::AnyKeyword | K::AllKeyword) {
                    self.bump_keyword();
                    self.operand("a list in `[ ]`");
                } else {
                    self.operand("an attribute or a text");
                }
            }
            K::StartsKeyword | K::EndsKeyword => {
                self.start_at(checkpoint, K::Affixing);
                self.bump_keyword();
                if self.meant() == K::WithKeyword {
                    self.bump_keyword();
                } else {
                    self.expected_with_help("`WITH`", "as in `request.path STARTS WITH \"/admin/\"`");
                }
                self.operand("a text");
            }
            K::WithinKeyword => {
                self.bump_keyword();
                let kind = self.within();
                self.start_at(checkpoint, kind);
            }
            K::IsKeyword => {
                self.start_at(checkpoint, K::Presence);
                self.bump_keyword();
                if self.meant() == K::NotKeyword {
                    self.bump_keyword();
                }
                if self.meant() == K::PresentKeyword {
                    self.bump_keyword();
                } else {
                    let help = "IS asks whether an attribute is there; compare values with `==` and `!=`";
                    self.expected_with_help("`PRESENT`", help);
                    if self.at_condition() {
                        self.start(K::Mistake);
                        self.operand("`PRESENT`");
                        self.finish();
                    }
                }
            }
            // Whoever asked for it says what it is for.
            _ => return Found::Operand,
        }
        if self.kind().compares() {
            let message = format!("`{}` cannot follow another comparison", self.text());
            let diagnostic = Diagnostic::error(Code::UnexpectedToken, self.place(), message)
                .help("write each comparison by itself and join them: `a < b AND b < c`");
            self.report(diagnostic);
            self.start(K::Mistake);
            self.bump();
            self.operand("an attribute or a value");
            self.finish();
        }
        self.finish();
        Found::Condition
    }

    /// `LIKE` or `MATCHES`, with or without NOT before it.
    fn matching(&mut self, checkpoint: Checkpoint) {
        self.start_at(checkpoint, K::Matching);
        if self.meant() == K::NotKeyword {
            self.bump_keyword();
        }
        self.bump_keyword();
        self.operand("a pattern in quotes or a list of patterns in `[ ]`");
    }

    /// The keyword that the token behind the next one is, however its letters are written.
    fn meant_behind(&self) -> K {
        let behind = self.tokens.get(self.cursor.saturating_add(1)..).unwrap_or(&[]);
        let next = behind.iter().find(|token| !token.kind.is_trivia());
        next.and_then(|token| K::keyword_like(self.text.get(token.span.range())?))
            .unwrap_or(K::End)
    }

    pub(super) fn literal(&mut self) -> bool {
        match self.kind() {
            K::Minus => {
                self.start(K::Literal);
                self.bump();
                self.expect(K::Number, "digits behind `-`");
                self.finish();
                true
            }
            K::Number | K::TrueKeyword | K::FalseKeyword => {
                self.start(K::Literal);
                self.bump();
                self.finish();
                true
            }
            _ => self.text_literal(),
        }
    }

    /// A text; false if there is none.
    pub(super) fn text_literal(&mut self) -> bool {
        let found = matches!(self.kind(), K::Text | K::UnterminatedText | K::WronglyQuotedText);
        if found {
            self.start(K::Literal);
            self.bump();
            self.finish();
        }
        found
    }

    pub(super) fn list(&mut self, close: K, closing: &str) {
        self.start(K::List);
        let open = self.span();
        self.bump();
        while !self.eat(close) {
            if self.at_boundary() || matches!(self.kind(), K::RightBrace | K::RightParen | K::RightBracket) {
                self.unclosed(open, closing);
                break;
            }
            if self.at_name() {
                self.name();
            } else if !self.literal() {
                self.expected(&format!("a value or `{closing}`"));
                self.bump_mistake();
            }
            if !self.eat(K::Comma) && !self.at(close) {
                self.expected(&format!("`,` or `{closing}`"));
            }
        }
        self.finish();
    }

    /// The name of an attribute.
    pub(super) fn name(&mut self) {
        self.start(K::Name);
        self.bump();
        if !self.at_difference() {
            self.name_tail();
        }
        self.finish();
    }

    /// Whether a `-` stands here that is not written as if it were a part of a name.
    fn at_difference(&self) -> bool {
        let touches = |one: Option<&Token>, other: Option<&Token>| {
            one.zip(other)
                .is_some_and(|(one, other)| one.span.end == other.span.start && !other.kind.is_trivia())
        };
        let at = |index: usize| self.tokens.get(index);
        let (before, behind) = (
            self.cursor.checked_sub(1).and_then(at),
            at(self.cursor.saturating_add(1)),
        );
        let before = before.filter(|token| !token.kind.is_trivia());
        self.at(K::Minus) && !(touches(before, at(self.cursor)) && touches(at(self.cursor), behind))
    }

    /// Takes what somebody wrote into a name that does not belong there.
    pub(super) fn name_tail(&mut self) {
        if !matches!(self.kind(), K::Dot | K::DotDot | K::Minus) {
            return;
        }
        let help = match self.kind() {
            K::Dot | K::DotDot => "the parts of a name are joined by `.` without spaces: `customer.region`",
            _ => "names have no `-`, write `_`; a difference has spaces: `a - b`",
        };
        let message = format!("`{}` cannot follow a name", self.text());
        self.report(Diagnostic::error(Code::MalformedName, self.place(), message).help(help));
        self.start(K::Mistake);
        while matches!(self.kind(), K::Dot | K::DotDot | K::Minus) {
            self.bump();
            if self.at_name() || self.at(K::Number) {
                self.bump();
            }
        }
        self.finish();
    }
}
