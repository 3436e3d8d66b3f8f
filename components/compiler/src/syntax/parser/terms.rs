//! Operands and arithmetic: `*` binds tighter than `+` and `-`, a sign tighter than both.
//!
//! A chain of one precedence is one node, however long it is, so that only parentheses and signs nest.

use super::conditions::Found;
use super::{K, Parser};
use crate::diagnostic::{Code, Diagnostic};

const ZONE_HELP: &str = "say whose clocks tell: `time.now WITHIN MONDAY TO FRIDAY IN \"Europe/Berlin\"`";

impl K {
    /// Whether it joins operands to a new one.
    pub(super) fn calculates(self) -> bool {
        matches!(self, K::Plus | K::Star)
    }
}

impl Parser<'_> {
    /// One operand; false if there is none.
    pub(super) fn operand(&mut self, what: &str) -> bool {
        let before = self.place();
        match self.sum(what) {
            Found::Operand => true,
            Found::Nothing => false,
            Found::Condition => {
                let message = format!("expected {what}, found a condition");
                let help = "join conditions by AND and OR; what is compared are values";
                self.report(Diagnostic::error(Code::UnexpectedToken, before, message).help(help));
                false
            }
        }
    }

    /// An operand with its additions, or a condition in parentheses.
    pub(super) fn sum(&mut self, what: &str) -> Found {
        self.chain(
            what,
            K::Sum,
            |kind| matches!(kind, K::Plus | K::Minus),
            Self::product,
        )
    }

    fn product(&mut self, what: &str) -> Found {
        self.chain(what, K::Product, |kind| kind == K::Star, Self::signed)
    }

    fn chain(
        &mut self,
        what: &str,
        node: K,
        joins: fn(K) -> bool,
        part: fn(&mut Self, &str) -> Found,
    ) -> Found {
        let checkpoint = self.checkpoint();
        let found = part(self, what);
        if found == Found::Nothing || !joins(self.kind()) {
            return found;
        }
        if found == Found::Condition {
            self.report_condition();
        }
        self.start_at(checkpoint, node);
        while joins(self.kind()) {
            self.bump();
            match part(self, "an attribute or a value") {
                Found::Operand => {}
                Found::Condition => self.report_condition(),
                Found::Nothing => break,
            }
        }
        self.finish();
        Found::Operand
    }

    fn report_condition(&mut self) {
        let message = "a condition is not calculated with";
        let help = "calculate with numbers, durations and instants, and compare what comes out: `a + b < c`";
        self.report(Diagnostic::error(Code::UnexpectedToken, self.place(), message).help(help));
    }

    fn signed(&mut self, what: &str) -> Found {
        if self.at(K::Minus) && self.next_kind() != K::Number {
            self.nested(K::Negative, |parser| {
                parser.bump();
                if parser.signed("an attribute or a value") == Found::Condition {
                    parser.report_condition();
                }
            });
            return Found::Operand;
        }
        self.primary(what)
    }

    fn primary(&mut self, what: &str) -> Found {
        match self.kind() {
            K::LeftParen => return self.parenthesised(),
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
                    return Found::Nothing;
                }
            }
        }
        Found::Operand
    }

    /// What stands behind WITHIN: networks, or a part of the week or of the day in a zone. Gives the kind of condition.
    pub(super) fn within(&mut self) -> K {
        let checkpoint = self.checkpoint();
        self.operand("a network, a list of networks in `[ ]`, a CIDR attribute, weekdays or times of day");
        let is_range = self.at_contextual("TO");
        if !is_range && self.meant() != K::InKeyword {
            return K::Location;
        }
        self.start_at(checkpoint, K::Window);
        if is_range {
            self.contextual("TO");
            self.operand("the last weekday, or the time of day at which it ends");
        }
        self.finish();
        if self.meant() == K::InKeyword {
            self.start(K::Zone);
            self.bump_keyword();
            if !self.text_literal() {
                self.expected_with_help("a time zone in quotes", ZONE_HELP);
                if self.at_name() && !self.at_labelled_word() {
                    self.bump_mistake();
                }
            }
            self.finish();
        } else {
            self.expected_with_help("`IN` and a time zone", ZONE_HELP);
        }
        K::During
    }
}
