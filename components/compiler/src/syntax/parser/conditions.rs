//! Conditions and operands.
//!
//! NOT binds tighter than AND, AND tighter than OR; comparisons bind tightest and do not chain.

use rowan::Checkpoint;

use super::{DEPTH_LIMIT, K, Parser};
use crate::diagnostic::{Code, Diagnostic};

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
            self.disjunction();
            if self.at_boundary() {
                self.unclosed(open, "}");
            } else if !self.at(K::RightBrace) {
                self.expected("`AND`, `OR` or `}`");
                self.skip_until(|parser| parser.at(K::RightBrace));
            }
            self.eat(K::RightBrace);
        } else {
            self.disjunction();
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

    fn disjunction(&mut self) {
        let checkpoint = self.checkpoint();
        self.conjunction();
        if self.meant() == K::OrKeyword {
            self.start_at(checkpoint, K::Or);
            while self.meant() == K::OrKeyword {
                self.bump_keyword();
                self.conjunction();
            }
            self.finish();
        }
    }

    fn conjunction(&mut self) {
        let checkpoint = self.checkpoint();
        self.negation();
        if self.joins() {
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
                self.negation();
            }
            self.finish();
        }
    }

    /// Whether another operand of AND follows; one without AND before it is read as if it were there.
    fn joins(&self) -> bool {
        self.meant() == K::AndKeyword || self.at_condition()
    }

    fn negation(&mut self) {
        match self.kind() {
            K::NotKeyword => self.nested(K::Not, |parser| {
                parser.bump();
                parser.negation();
            }),
            // A word `not` that nothing but a condition can follow.
            K::Word
                if self.meant() == K::NotKeyword
                    && matches!(self.next_kind(), K::Word | K::DottedWord | K::LeftParen) =>
            {
                self.nested(K::Not, |parser| {
                    parser.bump_keyword();
                    parser.negation();
                });
            }
            K::LeftParen => self.nested(K::Paren, |parser| parser.group(K::RightParen, ")")),
            K::LeftBrace => {
                // Beyond the limit the depth is what is wrong.
                if self.depth < DEPTH_LIMIT {
                    let message = "braces stand around a whole condition only";
                    let diagnostic = Diagnostic::error(Code::UnexpectedToken, self.place(), message)
                        .help("group conditions with parentheses: `(a OR b) AND c`");
                    self.report(diagnostic);
                }
                self.nested(K::Paren, |parser| parser.group(K::RightBrace, "}"));
            }
            _ => self.comparison(),
        }
    }

    fn group(&mut self, close: K, closing: &str) {
        let open = self.span();
        self.bump();
        self.disjunction();
        if !self.eat(close) {
            self.unclosed(open, closing);
        }
    }

    fn nested(&mut self, kind: K, content: impl FnOnce(&mut Self)) {
        if self.depth >= DEPTH_LIMIT {
            let message = format!("conditions are nested deeper than {DEPTH_LIMIT}");
            let diagnostic = Diagnostic::error(Code::NestedTooDeeply, self.place(), message)
                .help("name inner conditions with CLASS, or split the policy");
            self.report(diagnostic);
            self.skip_until(|parser| matches!(parser.kind(), K::RightParen | K::RightBrace));
            return;
        }
        self.depth = self.depth.saturating_add(1);
        self.start(kind);
        content(self);
        self.finish();
        self.depth = self.depth.saturating_sub(1);
    }

    fn comparison(&mut self) {
        let checkpoint = self.checkpoint();
        if !self.operand("a condition") {
            return;
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
                self.start_at(checkpoint, K::Location);
                self.bump_keyword();
                self.operand("a network, a list of networks in `[ ]` or a CIDR attribute");
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
            _ => self.start_at(checkpoint, K::Bare),
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

    /// One operand; false if there is none.
    fn operand(&mut self, what: &str) -> bool {
        match self.kind() {
            K::Word if matches!(self.meant(), K::TrueKeyword | K::FalseKeyword) => {
                self.start(K::Literal);
                self.bump_keyword();
                self.finish();
            }
            K::Word | K::DottedWord | K::ForeignWord => self.name(),
            K::LeftBracket => self.list(K::RightBracket, "]"),
            _ => {
                if !self.literal() {
                    self.expected(what);
                    let ends = matches!(
                        self.kind(),
                        K::RightBrace | K::RightParen | K::RightBracket | K::AndKeyword | K::OrKeyword
                    );
                    if !ends && !self.at_boundary() {
                        self.bump_mistake();
                    }
                    return false;
                }
            }
        }
        true
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
        self.name_tail();
        self.finish();
    }

    /// Takes what somebody wrote into a name that does not belong there.
    pub(super) fn name_tail(&mut self) {
        if !matches!(self.kind(), K::Dot | K::DotDot | K::Minus) {
            return;
        }
        let help = match self.kind() {
            K::Dot | K::DotDot => "the parts of a name are joined by `.` without spaces: `customer.region`",
            _ => "names have no `-`, write `_`; and there is no arithmetic",
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
