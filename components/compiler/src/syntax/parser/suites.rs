//! TEST and FIXTURE blocks.
//!
//! ```text
//! TEST "title" { NOW: "…"  GIVEN { … }  EXPECT … }
//! TEST "title" { GIVEN fixture WITH { … }  CASE "title" { … } EXPECT …  CASE { … } EXPECT … }
//! FIXTURE name { … }
//! ```
//!
//! `BY`, `BECAUSE`, `ABSENT` and `FAILED` mean something in their places only, and are not reserved.

use super::{K, Parser};
use crate::diagnostic::{Code, Diagnostic};

const TEST_ENTRIES: [&str; 4] = ["GIVEN", "CASE", "EXPECT", "NOW"];

impl Parser<'_> {
    pub(super) fn test(&mut self) {
        self.start(K::Test);
        self.bump_keyword();
        if !self.text_literal() {
            let help = "say what the test shows: `TEST \"EU data in the US is denied\" { … }`";
            self.expected_with_help("a title in quotes", help);
            if self.at_name() {
                self.bump_mistake();
            }
        }
        self.block(Self::test_entry);
        self.finish();
    }

    pub(super) fn fixture(&mut self) {
        self.start(K::Fixture);
        self.bump_keyword();
        self.plain_name("a fixture name", "eu_customer");
        self.settings();
        self.finish();
    }

    fn test_entry(&mut self) {
        match self.entry_meant() {
            K::GivenKeyword => self.given(),
            K::CaseKeyword => self.case(),
            K::ExpectKeyword => self.expectation(),
            K::NowKeyword => self.clock(),
            _ if self.at(K::DottedWord) => {
                let message = format!("the attribute `{}` stands outside of GIVEN", self.text());
                let help = "values stand in braces: `GIVEN { customer.region: \"EU\" }`";
                self.report(Diagnostic::error(Code::UnexpectedToken, self.place(), message).help(help));
                self.skip_until(|parser| {
                    parser.at(K::RightBrace) || parser.entry_meant().begins_test_entry()
                });
            }
            _ => self.unknown_field("TEST", &TEST_ENTRIES),
        }
    }

    /// The word that stands here; entries of tests in small letters too, where nothing else can be meant.
    fn entry_meant(&self) -> K {
        match self.kind() {
            K::Word if self.next_kind() != K::Colon => match self.meant() {
                meant if meant.begins_test_entry() => meant,
                _ => K::Word,
            },
            _ => self.field_meant(),
        }
    }

    fn given(&mut self) {
        self.start(K::Given);
        self.bump_keyword();
        self.needless_colon("GIVEN");
        if self.at(K::Word) && !self.at_contextual("WITH") {
            self.bump();
            if self.contextual("WITH") {
                self.settings();
            } else if self.at(K::LeftBrace) {
                let help = "`GIVEN fixture WITH { … }` adds values to those of the fixture, or replaces them";
                self.expected_with_help("`WITH`", help);
                self.settings();
            }
        } else if self.at(K::LeftBrace) {
            self.settings();
        } else {
            let help = "write `GIVEN { attribute: value }`, `GIVEN fixture` or `GIVEN fixture WITH { attribute: value }`";
            self.expected_with_help("`{` or the name of a fixture", help);
            if self.at_contextual("WITH") {
                self.bump_mistake();
                self.settings();
            }
        }
        self.finish();
    }

    fn case(&mut self) {
        self.start(K::Case);
        self.bump_keyword();
        self.needless_colon("CASE");
        self.text_literal();
        self.settings();
        while self.entry_meant() == K::ExpectKeyword {
            self.expectation();
        }
        self.finish();
    }

    fn expectation(&mut self) {
        self.start(K::Expect);
        self.bump_keyword();
        self.needless_colon("EXPECT");
        self.word("`ALLOW` or `DENY`");
        let mut said = [("BY", false), ("BECAUSE", false)];
        loop {
            for (word, already) in &mut said {
                if self.at_contextual(word) {
                    if *already {
                        let message = format!("this EXPECT says {word} twice");
                        let diagnostic = Diagnostic::error(Code::DuplicateField, self.place(), message);
                        self.report(diagnostic.help("keep one of them; a second case can expect the other"));
                    }
                    *already = true;
                }
            }
            if self.at_contextual("BY") {
                self.start(K::By);
                self.contextual("BY");
                self.decider();
                self.finish();
            } else if self.at_contextual("BECAUSE") {
                self.start(K::Because);
                self.contextual("BECAUSE");
                let help = "a reason is told by a part of it: `BECAUSE CONTAINS \"us-east-1\"`";
                if self.meant() == K::ContainsKeyword {
                    self.bump_keyword();
                } else {
                    self.expected_with_help("`CONTAINS`", help);
                }
                if !self.text_literal() {
                    self.expected_with_help("a text in quotes", help);
                }
                self.finish();
            } else if self.at_contextual("OBLIGING") {
                self.obliging();
            } else {
                break;
            }
        }
        self.finish();
    }

    fn decider(&mut self) {
        if self.at(K::DefaultKeyword) {
            let message = "the default is written in small letters here";
            let diagnostic = Diagnostic::error(Code::LowercaseKeyword, self.place(), message);
            self.report(diagnostic.help("write `BY default`"));
            self.bump_mistake();
        } else if self.at(K::Text) {
            let message = "policies are named without quotes";
            let help = format!("write `BY {}`", self.text().trim_matches('"'));
            self.report(Diagnostic::error(Code::UnexpectedToken, self.place(), message).help(help));
            self.bump_mistake();
        } else {
            self.plain_name("a policy name or `default`", "data_residency_eu");
        }
    }

    /// `{ attribute: value … }`
    fn settings(&mut self) {
        let open = self.span();
        if !self.eat(K::LeftBrace) {
            self.expected("`{`");
            if !self.at_labelled_word() {
                return;
            }
        }
        loop {
            if self.eat(K::RightBrace) {
                return;
            }
            let kind = self.kind();
            if kind == K::End || kind.begins_item() || kind.begins_test_entry() {
                self.unclosed(open, "}");
                return;
            }
            let before = self.cursor;
            self.setting();
            if self.cursor == before {
                self.bump_mistake();
            }
        }
    }

    fn setting(&mut self) {
        if self.at(K::NowKeyword) {
            self.clock();
            self.eat(K::Comma);
            return;
        }
        if !self.at_name() {
            let help = "values are given by the attribute's name: `customer.region: \"EU\"`";
            self.expected_with_help("an attribute, `NOW` or `}`", help);
            self.skip_until(|parser| parser.at(K::RightBrace) || parser.at_labelled_word());
            return;
        }
        self.start(K::Setting);
        self.name();
        if matches!(self.kind(), K::Equal | K::EqualEqual) {
            let help = "a test gives values: `customer.region: \"EU\"`";
            self.expected_with_help("`:`", help);
            self.bump_mistake();
            self.value();
        } else if self.expect(K::Colon, "`:` and a value") {
            self.value();
        }
        self.eat(K::Comma);
        self.finish();
    }

    fn value(&mut self) {
        match self.kind() {
            K::LeftBracket => self.list(K::RightBracket, "]"),
            K::Word if self.at_contextual("ABSENT") => {
                self.start(K::Unavailable);
                self.contextual("ABSENT");
                self.finish();
            }
            K::Word if self.at_contextual("FAILED") => {
                self.start(K::Unavailable);
                self.contextual("FAILED");
                if !self.text_literal() {
                    self.expected_with_help("why, in quotes", "write `FAILED \"token expired\"`");
                }
                self.finish();
            }
            K::Word if matches!(self.meant(), K::TrueKeyword | K::FalseKeyword) => {
                self.start(K::Literal);
                self.bump_keyword();
                self.finish();
            }
            _ if self.literal() => {}
            _ => {
                let what = "a value, `ABSENT` or `FAILED \"why\"`";
                if self.at_name() && !self.at_labelled_word() {
                    let help = format!("a text stands in quotes: `\"{}\"`", self.text());
                    self.expected_with_help(what, help);
                    self.bump_mistake();
                } else {
                    self.expected(what);
                }
            }
        }
    }

    fn clock(&mut self) {
        self.field(K::Clock, |parser| {
            if !parser.text_literal() {
                let help = "write the time with its offset: `NOW: \"2026-01-01T00:00:00Z\"`";
                parser.expected_with_help("a time in quotes", help);
            }
        });
    }

    /// GIVEN, CASE and EXPECT are no fields, but look like some.
    fn needless_colon(&mut self, before: &str) {
        if self.at(K::Colon) {
            let message = format!("no `:` follows {before}");
            self.report(Diagnostic::error(Code::UnexpectedToken, self.place(), message).help("leave it out"));
            self.bump_mistake();
        }
    }

    pub(super) fn at_contextual(&self, word: &str) -> bool {
        matches!(self.kind(), K::Word | K::WithKeyword)
            && self.next_kind() != K::Colon
            && self.text().eq_ignore_ascii_case(word)
    }

    /// Takes a word that is a keyword in this place; false if it is not there.
    pub(super) fn contextual(&mut self, word: &str) -> bool {
        let found = self.at_contextual(word);
        if found {
            if self.text() != word {
                let message = format!("the keyword `{word}` is written in capitals");
                let diagnostic = Diagnostic::error(Code::LowercaseKeyword, self.place(), message);
                self.report(diagnostic.help(format!("write `{word}`")));
            }
            self.bump();
        }
        found
    }
}
