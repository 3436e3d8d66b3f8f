//! PACKAGE, SCHEMA, CLASS, PARAM and POLICY blocks with their fields.

use super::{K, Parser};
use crate::diagnostic::{Code, Diagnostic};
use crate::suggest::{did_you_mean, listed};

const POLICY_FIELDS: [&str; 14] = [
    "DESCRIPTION",
    "SCOPE",
    "CONSTRAINT",
    "ENFORCEMENT",
    "AUDIT",
    "EXCEPTION",
    "EFFECTIVE",
    "OWNER",
    "JUSTIFICATION",
    "SEVERITY",
    "CONTROLS",
    "REASON",
    "OBLIGATION",
    "ACKNOWLEDGE",
];
const PACKAGE_FIELDS: [&str; 4] = ["VERSION", "DEFAULT", "OWNER", "ACKNOWLEDGE"];
const BLOCKS: &str = "`PACKAGE`, `IMPORT`, `SCHEMA`, `DATA`, `CLASS`, `PARAM`, `POLICY`, `TEST` or `FIXTURE`";

impl Parser<'_> {
    pub(super) fn root(&mut self) {
        // Not `start`: what stands before the first token belongs into the root.
        self.builder.start_node(rowan::SyntaxKind(K::Root as u16));
        while !self.at(K::End) {
            match self.meant() {
                K::PackageKeyword => self.package(),
                K::SchemaKeyword => self.schema(),
                K::ImportKeyword => self.import(),
                K::ClassKeyword => self.class(),
                K::ParamKeyword => self.parameter(),
                K::PolicyKeyword => self.policy(),
                K::DataKeyword => self.data(),
                K::TestKeyword => self.test(),
                K::FixtureKeyword => self.fixture(),
                _ => {
                    let help = "a file consists of PACKAGE, IMPORT, SCHEMA, DATA, CLASS, PARAM, POLICY, TEST and FIXTURE blocks";
                    self.expected_with_help(BLOCKS, help);
                    // A closing bracket too many, or a field that lost its block: on to the next block.
                    self.start(K::Mistake);
                    self.bump();
                    while !self.at(K::End) && !self.meant().begins_item() {
                        self.bump();
                    }
                    self.finish();
                }
            }
        }
        // Usually no more than trivia.
        self.cursor = self.tokens.len().saturating_sub(1);
        self.flush();
        self.finish();
    }

    fn package(&mut self) {
        self.start(K::Package);
        self.bump_keyword();
        self.plain_name("a package name", "eu_residency");
        self.block(Self::package_field);
        self.finish();
    }

    fn schema(&mut self) {
        self.start(K::Schema);
        self.bump_keyword();
        self.block(Self::attribute);
        self.finish();
    }

    fn import(&mut self) {
        self.start(K::Import);
        self.bump_keyword();
        if !self.text_literal() {
            let help = "name the folder of a package beside this one: `IMPORT \"../common\"`";
            self.expected_with_help("a folder in quotes", help);
            if self.at_name() {
                self.bump_mistake();
            }
        }
        self.finish();
    }

    fn class(&mut self) {
        self.start(K::Class);
        self.bump_keyword();
        self.plain_name("a class name", "customer_data");
        self.expect(K::Colon, "`:`");
        self.body();
        self.finish();
    }

    /// `PARAM name: TYPE = value RANGE low..high`
    fn parameter(&mut self) {
        let help = "a parameter has a type and a value that holds if no bundle sets it: \
                    `PARAM threshold: INTEGER = 10 RANGE 1..100`";
        self.start(K::Parameter);
        self.bump_keyword();
        self.plain_name("a parameter name", "threshold");
        if self.expect(K::Colon, "`:` and a type") {
            self.type_name();
        }
        if matches!(self.kind(), K::EqualEqual | K::Colon) {
            self.expected_with_help("`=`", help);
            self.bump_mistake();
            self.declared_value(help);
        } else if self.eat(K::Equal) {
            self.declared_value(help);
        } else {
            self.expected_with_help("`=` and a value", help);
        }
        if self.at_contextual("RANGE") {
            self.range();
        }
        self.finish();
    }

    /// A value that stands in a declaration.
    fn declared_value(&mut self, help: &str) {
        if self.at(K::LeftBracket) {
            self.list(K::RightBracket, "]");
        } else if matches!(self.meant(), K::TrueKeyword | K::FalseKeyword) {
            self.start(K::Literal);
            self.bump_keyword();
            self.finish();
        } else if !self.literal() {
            self.expected_with_help("a value", help);
            if self.at_name() && !self.at_contextual("RANGE") && !self.at_labelled_word() {
                self.bump_mistake();
            }
        }
    }

    /// `RANGE low..high`
    fn range(&mut self) {
        let help = "a range has its lowest and its highest value: `RANGE 1..100`";
        self.start(K::Range);
        self.contextual("RANGE");
        if !self.literal() {
            self.expected_with_help("the lowest value", help);
        }
        if !self.eat(K::DotDot) {
            self.expected_with_help("`..`", help);
            if matches!(self.kind(), K::Minus | K::Comma | K::Dot) {
                self.bump_mistake();
            }
        }
        if !self.literal() {
            self.expected_with_help("the highest value", help);
        }
        self.finish();
    }

    /// `DATA name FROM "path"`, `DATA name: TYPE FROM "path"`, `DATA name: ["a"]`, `DATA name: TYPE ["a"]`.
    fn data(&mut self) {
        self.start(K::Data);
        self.bump_keyword();
        self.plain_name("a name for the list", "sanctioned_countries");
        let has_colon = self.eat(K::Colon);
        if has_colon && self.at(K::Word) && self.meant() != K::FromKeyword {
            self.type_name();
        }
        if self.meant() == K::FromKeyword {
            self.bump_keyword();
            if !self.text_literal() {
                self.expected_with_help(
                    "the path of a list file in quotes",
                    "write it from the package's folder on: `FROM \"lists/countries.txt\"`",
                );
            }
        } else if self.at(K::LeftBracket) && has_colon {
            self.list(K::RightBracket, "]");
        } else {
            self.expected_with_help(
                if has_colon {
                    "`FROM` or a list"
                } else {
                    "`FROM` or `:`"
                },
                "write `DATA name FROM \"lists/name.txt\"` or `DATA name: [\"a\", \"b\"]`",
            );
            if self.at(K::LeftBracket) {
                self.list(K::RightBracket, "]");
            }
        }
        self.finish();
    }

    fn policy(&mut self) {
        self.start(K::Policy);
        self.bump_keyword();
        self.plain_name("a policy name", "data_residency_eu");
        self.block(Self::policy_field);
        self.finish();
    }

    /// `{ … }`, its content read by `entry` piece by piece.
    pub(super) fn block(&mut self, entry: fn(&mut Self)) {
        let open = self.span();
        if !self.eat(K::LeftBrace) {
            self.expected("`{`");
            // A lost brace before the first entry is no reason to lose the entries.
            if !self.kind().begins_field() && !self.kind().begins_test_entry() && !self.at_labelled_word() {
                self.skip_until(|parser| parser.meant().begins_item());
                return;
            }
        }
        loop {
            if self.eat(K::RightBrace) {
                return;
            }
            if self.at(K::End) || self.kind().begins_item() {
                self.unclosed(open, "}");
                return;
            }
            let before = self.cursor;
            entry(self);
            if self.cursor == before {
                self.bump_mistake();
            }
        }
    }

    fn package_field(&mut self) {
        match self.field_meant() {
            K::VersionKeyword => self.field(K::VersionField, |parser| {
                if !parser.text_literal() {
                    parser.expected_with_help("a version in quotes", "write `VERSION: \"1.0.0\"`");
                }
            }),
            K::DefaultKeyword => self.field(K::DefaultField, |parser| parser.word("`DENY` or `ALLOW`")),
            K::OwnerKeyword => self.field(K::OwnerField, Self::text_in_quotes),
            K::AcknowledgeKeyword => self.field(K::AcknowledgeField, Self::acknowledgement),
            _ => self.unknown_field("PACKAGE", &PACKAGE_FIELDS),
        }
    }

    fn policy_field(&mut self) {
        match self.field_meant() {
            K::DescriptionKeyword => self.field(K::DescriptionField, Self::text_in_quotes),
            K::ScopeKeyword => self.field(K::ScopeField, Self::scope),
            K::ConstraintKeyword => self.field(K::ConstraintField, Self::body),
            K::EnforcementKeyword => {
                self.field(K::EnforcementField, |parser| {
                    parser.word("`BLOCKING`, `ADVISORY` or `AUDIT_ONLY`")
                });
            }
            K::AuditKeyword => self.field(K::AuditField, |parser| parser.word("`REQUIRED` or `DURABLE`")),
            K::ExceptionKeyword => {
                self.field(K::ExceptionField, |parser| {
                    parser.word("`break_glass_token_required`")
                });
            }
            K::EffectiveKeyword => self.field(K::EffectiveField, Self::period),
            K::OwnerKeyword => self.field(K::OwnerField, Self::text_in_quotes),
            K::JustificationKeyword => self.field(K::JustificationField, Self::text_in_quotes),
            K::SeverityKeyword => self.field(K::SeverityField, |parser| {
                parser.word("`LOW`, `MEDIUM`, `HIGH` or `CRITICAL`");
            }),
            K::ControlsKeyword => self.field(K::ControlsField, Self::controls),
            K::ReasonKeyword => self.field(K::ReasonField, Self::text_in_quotes),
            K::ObligationKeyword => self.field(K::ObligationField, Self::obligation),
            K::AcknowledgeKeyword => self.field(K::AcknowledgeField, Self::acknowledgement),
            _ => self.unknown_field("POLICY", &POLICY_FIELDS),
        }
    }

    pub(super) fn text_in_quotes(&mut self) {
        if !self.text_literal() {
            self.expected("a text in quotes");
        }
    }

    /// `kind BECAUSE "reason"`, `kind WITH other BECAUSE "reason"`
    fn acknowledgement(&mut self) {
        let help = "name the finding as `aecp analyse` does, and say why it stays: \
                    `ACKNOWLEDGE: coverage_gap BECAUSE \"all other requests are to be denied\"`";
        if self.at(K::Word) && !self.at_labelled_word() && !self.at_contextual("BECAUSE") {
            self.bump();
        } else {
            self.expected_with_help("the kind of a finding", help);
            if self.at_name() && !self.at_labelled_word() && !self.at_contextual("BECAUSE") {
                self.bump_mistake();
            }
        }
        if self.contextual("WITH") {
            if self.at_name() && !self.at_labelled_word() {
                self.name();
            } else {
                self.expected_with_help("the other policy, or the attribute", help);
            }
        }
        if !self.at_contextual("BECAUSE") {
            self.expected_with_help("`BECAUSE` and a reason", help);
            return;
        }
        self.start(K::Because);
        self.contextual("BECAUSE");
        if !self.text_literal() {
            self.expected_with_help("a text in quotes", help);
        }
        self.finish();
    }

    /// `FROM "…" UNTIL "…"`, either of them alone too.
    fn period(&mut self) {
        let help =
            "write `FROM \"2026-01-01T00:00:00Z\"`, `UNTIL \"2027-01-01T00:00:00Z\"`, or both in this order";
        let mut found = false;
        for kind in [K::From, K::Until] {
            let begins = match kind {
                K::From => self.at_from(),
                _ => self.at_contextual("UNTIL"),
            };
            if begins {
                found = true;
                self.start(kind);
                if kind == K::From {
                    self.bump_keyword();
                } else {
                    self.contextual("UNTIL");
                }
                if !self.text_literal() {
                    self.expected_with_help("a time in quotes", help);
                }
                self.finish();
            }
        }
        if !found || self.at_from() || self.at_contextual("UNTIL") {
            self.expected_with_help("`FROM` or `UNTIL`", help);
            if !self.at_boundary() && !self.at_labelled_word() && !self.at(K::RightBrace) {
                self.skip_until(|parser| parser.at(K::RightBrace) || parser.at_labelled_word());
            }
        }
    }

    fn at_from(&self) -> bool {
        self.meant() == K::FromKeyword && self.next_kind() != K::Colon
    }

    fn controls(&mut self) {
        if self.at(K::LeftBracket) {
            self.list(K::RightBracket, "]");
        } else {
            self.expected_with_help(
                "`[`",
                "controls stand in brackets: `CONTROLS: [\"GDPR Art. 44\"]`",
            );
            if self.text_literal() {
                while self.eat(K::Comma) && self.text_literal() {}
            }
        }
    }

    /// The field keyword that stands here; one in small letters only before its colon.
    pub(super) fn field_meant(&self) -> K {
        match self.kind() {
            K::Word if self.next_kind() == K::Colon => self.meant(),
            kind => kind,
        }
    }

    pub(super) fn field(&mut self, kind: K, value: impl FnOnce(&mut Self)) {
        self.start(kind);
        self.bump_keyword();
        self.expect(K::Colon, "`:`");
        value(self);
        self.finish();
    }

    pub(super) fn unknown_field(&mut self, block: &str, fields: &[&str]) {
        let known = || format!("{block} has the fields {}", listed(fields.iter().copied()));
        if self.next_kind() == K::Colon && (self.at_name() || self.kind().begins_field()) {
            let written = self.text();
            let help = did_you_mean(written, fields.iter().copied(), known);
            let message = format!("{block} has no field `{written}`");
            self.report(Diagnostic::error(Code::UnknownField, self.place(), message).help(help));
            self.start(K::Mistake);
            self.bump();
            self.bump();
            self.finish();
        } else {
            self.expected_with_help(&format!("a field of {block} or `}}`"), known());
        }
        self.skip_until(|parser| parser.at(K::RightBrace) || parser.at_labelled_word());
    }

    pub(super) fn word(&mut self, what: &str) {
        if self.at(K::DottedWord) {
            self.expected(what);
            if !self.at_labelled_word() {
                self.bump_mistake();
            }
        } else if self.at_name() {
            self.bump();
        } else {
            self.expected(what);
        }
    }

    fn scope(&mut self) {
        const HELP: &str = "a scope is a class, or `requests` for every request, and then WHERE with a condition: \
                            `requests WHERE customer.region == \"EU\"`";
        let is_class = self.at(K::Word) && !self.next_kind().joins_operands();
        if is_class || self.at(K::ForeignWord) {
            self.bump();
            if self.meant() == K::WhereKeyword {
                self.bump_keyword();
                self.body();
            } else if self.at_condition() {
                self.expected_with_help("`WHERE`", HELP);
                self.body();
            }
        } else if self.meant() == K::WhereKeyword {
            self.expected_with_help("a class or `requests`", HELP);
            self.bump_keyword();
            self.body();
        } else if self.at_condition() || self.at(K::LeftBrace) {
            self.expected_with_help("a class or `requests`", HELP);
            self.body();
        } else {
            self.expected_with_help("a class or `requests`", HELP);
        }
    }

    fn attribute(&mut self) {
        let is_reserved = self.kind().spelling().is_some();
        if !self.at_name() && !is_reserved {
            self.expected_with_help(
                "an attribute or `}`",
                "a schema lists attributes with their types: `customer.region: TEXT`",
            );
            self.skip_until(|parser| parser.at(K::RightBrace) || parser.at_labelled_word());
            return;
        }
        self.start(K::Attribute);
        if is_reserved {
            let message = format!("`{}` is a keyword and cannot name an attribute", self.text());
            let help = "choose another name, or put a part before it: `request.…`";
            self.report(Diagnostic::error(Code::ReservedName, self.place(), message).help(help));
            self.bump();
        } else {
            self.name();
        }
        if self.expect(K::Colon, "`:` and a type") {
            self.type_name();
        }
        if self.meant() == K::OptionalKeyword && self.next_kind() != K::Colon {
            self.bump_keyword();
        }
        if self.meant() == K::DefaultKeyword && self.next_kind() != K::Colon {
            self.bump_keyword();
            self.declared_value(
                "a default stands in the place of an absent value: `customer.tier: TEXT OPTIONAL DEFAULT \"none\"`",
            );
        }
        self.eat(K::Comma);
        self.finish();
    }

    fn type_name(&mut self) {
        if !self.at(K::Word) || self.next_kind() == K::Colon {
            self.expected("a type: `TEXT`, `INTEGER`, `BOOLEAN` or `SET OF TEXT`");
            return;
        }
        self.start(K::Type);
        let is_set = self.text().eq_ignore_ascii_case("SET");
        let is_choice = self.text().eq_ignore_ascii_case("ONE");
        self.bump();
        if is_choice && self.at(K::Word) && self.text().eq_ignore_ascii_case("OF") {
            self.bump();
            if self.at(K::LeftBracket) {
                self.list(K::RightBracket, "]");
            } else {
                self.expected_with_help("`[`", "list the values: `ONE OF [\"gold\", \"silver\"]`");
                if self.at(K::Word) && self.next_kind() != K::Colon {
                    self.bump_mistake();
                }
            }
        } else if is_set
            && self.at(K::Word)
            && self.text().eq_ignore_ascii_case("OF")
            && self.next_kind() != K::Colon
        {
            self.bump();
            if self.at(K::Word) && self.next_kind() != K::Colon {
                self.bump();
            }
        }
        self.finish();
    }

    /// A name of one word, for something that is not an attribute.
    pub(super) fn plain_name(&mut self, what: &str, example: &str) {
        let help = || format!("a name is one word of letters, digits and `_`: `{example}`");
        match self.kind() {
            K::Word | K::ForeignWord => {
                // With a tail it is no name, and nothing should be concluded from its beginning.
                let has_tail = matches!(self.next_kind(), K::Dot | K::DotDot | K::Minus);
                self.bump_as(if has_tail { K::ForeignWord } else { self.kind() });
                self.name_tail();
            }
            K::DottedWord | K::Text | K::WronglyQuotedText | K::UnterminatedText | K::Number => {
                let message = format!("`{}` is not {what}", self.text());
                self.report(Diagnostic::error(Code::MalformedName, self.place(), message).help(help()));
                self.bump_mistake();
                self.name_tail();
            }
            kind if kind.spelling().is_some() && matches!(self.next_kind(), K::LeftBrace | K::Colon) => {
                let message = format!("`{}` is a keyword and cannot be {what}", self.text());
                self.report(Diagnostic::error(Code::ReservedName, self.place(), message).help(help()));
                self.bump_mistake();
            }
            _ => self.expected_with_help(what, help()),
        }
    }
}
