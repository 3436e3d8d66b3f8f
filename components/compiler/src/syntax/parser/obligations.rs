//! What an OBLIGATION field says.
//!
//! ```text
//! MASK path [ WITH "text" | KEEP LAST number ]
//! FILTER path WHERE condition
//! LIMIT number PER duration BY attribute
//! NOTIFY "recipient" [ WITH "template" ]
//! ```
//!
//! `MASK`, `FILTER`, `LIMIT`, `NOTIFY`, `KEEP`, `LAST`, `PER` and `BY` mean something here only, and are not reserved.

use super::{K, Parser};
use crate::suggest::{did_you_mean, listed};

const VERBS: [&str; 4] = ["MASK", "FILTER", "LIMIT", "NOTIFY"];

impl Parser<'_> {
    pub(super) fn obligation(&mut self) {
        let kinds = [K::Mask, K::Filter, K::Limit, K::Notify];
        let mut forms = VERBS.into_iter().zip(kinds);
        if let Some((verb, kind)) = forms.find(|(verb, _)| self.at_contextual(verb)) {
            self.start(kind);
            self.contextual(verb);
            match kind {
                K::Mask => self.mask(),
                K::Filter => self.filter(),
                K::Limit => self.limit(),
                _ => self.notify(),
            }
            self.finish();
            return;
        }
        let known = || {
            let verbs = listed(VERBS);
            format!("obligations begin with {verbs}: `OBLIGATION: MASK response.body.ssn`")
        };
        let help = match self.kind() {
            K::Word => did_you_mean(self.text(), VERBS, known),
            _ => known(),
        };
        self.expected_with_help("`MASK`, `FILTER`, `LIMIT` or `NOTIFY`", help);
        if !self.at_labelled_word() {
            self.skip_until(|parser| parser.at(K::RightBrace) || parser.at_labelled_word());
        }
    }

    /// `OBLIGING MASK response.body.ssn`: an obligation by its kind and what it is about.
    pub(super) fn obliging(&mut self) {
        const HELP: &str = "an obligation is named by what it is about: `OBLIGING MASK response.body.ssn`, \
                            `OBLIGING FILTER rows`, `OBLIGING LIMIT BY identity.subject`, `OBLIGING NOTIFY \"security\"`";
        self.start(K::Obliging);
        self.contextual("OBLIGING");
        if self.contextual("MASK") {
            self.path("a part of the response", HELP);
        } else if self.contextual("FILTER") {
            self.path("`rows` or a list inside of the response", HELP);
        } else if self.contextual("LIMIT") {
            if !self.contextual("BY") {
                self.expected_with_help("`BY`", HELP);
            }
            self.path("an attribute", HELP);
        } else if self.contextual("NOTIFY") {
            if !self.text_literal() {
                self.expected_with_help("a recipient in quotes", HELP);
                self.skip_obliging();
            }
        } else {
            self.expected_with_help("`MASK`, `FILTER`, `LIMIT` or `NOTIFY`", HELP);
            self.skip_obliging();
        }
        let more = ["KEEP", "WITH", "PER"]
            .into_iter()
            .any(|word| self.at_contextual(word));
        if more || self.meant() == K::WhereKeyword {
            self.expected_with_help("the end of the expectation", HELP);
            self.skip_obliging();
        }
        self.finish();
    }

    fn skip_obliging(&mut self) {
        let next = |parser: &Self| {
            let words = ["BY", "BECAUSE", "OBLIGING"];
            words.into_iter().any(|word| parser.at_contextual(word))
        };
        if !self.at(K::RightBrace) {
            self.skip_until(|parser| parser.at(K::RightBrace) || parser.at_labelled_word() || next(parser));
        }
    }

    fn mask(&mut self) {
        self.path("a part of the response", "as in `MASK response.body.ssn`");
        if self.meant() == K::WithKeyword {
            self.bump_keyword();
            self.text_in_quotes();
        } else if self.contextual("KEEP") {
            const HELP: &str = "as in `MASK response.body.ssn KEEP LAST 4`";
            if !self.contextual("LAST") {
                self.expected_with_help("`LAST`", HELP);
            }
            if !self.literal() {
                self.expected_with_help("a number", HELP);
            }
        }
    }

    fn filter(&mut self) {
        const HELP: &str = "as in `FILTER rows WHERE row.region == customer.region`";
        self.path("`rows` or a list inside of the response", HELP);
        if self.meant() == K::WhereKeyword {
            self.bump_keyword();
            self.body();
        } else {
            self.expected_with_help("`WHERE`", HELP);
            if self.at_condition() {
                self.body();
            }
        }
    }

    fn limit(&mut self) {
        const HELP: &str = "as in `LIMIT 100 PER 1m BY identity.subject`";
        if !self.literal() {
            self.expected_with_help("a number of requests", HELP);
        }
        if !self.contextual("PER") {
            self.expected_with_help("`PER`", HELP);
        }
        if !self.literal() {
            self.expected_with_help("a duration", HELP);
        }
        if !self.contextual("BY") {
            self.expected_with_help("`BY`", HELP);
        }
        self.path("an attribute", HELP);
    }

    fn notify(&mut self) {
        if !self.text_literal() {
            let help = "as in `NOTIFY \"security@example.com\"`";
            self.expected_with_help("a recipient in quotes", help);
        }
        if self.meant() == K::WithKeyword {
            self.bump_keyword();
            self.text_in_quotes();
        }
    }

    fn path(&mut self, what: &str, help: &str) {
        if self.at_name() && !self.at_labelled_word() {
            self.name();
        } else {
            self.expected_with_help(what, help);
        }
    }
}
