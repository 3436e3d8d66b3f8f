//! Tests and fixtures: their names are resolved, and their values are checked against the schema.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aecp_vocabulary::decision::DEFAULT_POLICY;
use aecp_vocabulary::obligation::Kind;
use aecp_vocabulary::policy::DefaultDecision;
use aecp_vocabulary::{AttributeName, Mode, Verdict};

use super::{Checker, place, token_place};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::suggest::{did_you_mean, listed};
use crate::suite::{Case, Expected, Givens, Layer, Obliged, Test};
use crate::syntax::SyntaxToken;
use crate::syntax::ast::{self, Item};

const VERDICTS: [(&str, Verdict); 2] = [("ALLOW", Verdict::Allow), ("DENY", Verdict::Deny)];

/// What is known of tests so far.
#[derive(Default)]
pub(super) struct Suite {
    pub(super) tests: Vec<Test>,
    titles: BTreeMap<String, Place>,
    fixtures: BTreeMap<String, Fixture>,
    modes: BTreeMap<String, Mode>,
    /// What BLOCKING policies can raise.
    obligations: BTreeSet<Obliged>,
}

/// Most obligations that a diagnostic names.
const NAMED: usize = 8;

struct Fixture {
    block: Block,
    place: Place,
    used: bool,
}

/// The content of a GIVEN, CASE or FIXTURE block.
#[derive(Clone, Default)]
struct Block {
    layer: Arc<Layer>,
    now: Option<i64>,
    clock: Option<Place>,
}

impl Checker {
    /// All tests and fixtures, once attributes and policies are known.
    pub(super) fn suite(&mut self, items: &[(u32, Item)]) {
        for (file, item) in items {
            if let Item::Fixture(fixture) = item {
                self.fixture(*file, fixture);
            }
        }
        if items.iter().any(|(_, item)| matches!(item, Item::Test(_))) {
            let modes = self
                .policies
                .iter()
                .map(|policy| (policy.name.clone(), policy.mode));
            self.suite.modes = modes.collect();
            let blocking = self
                .policies
                .iter()
                .filter(|policy| policy.mode == Mode::Blocking);
            let obligations = blocking.flat_map(|policy| &policy.obligations);
            self.suite.obligations = obligations.filter_map(Obliged::described).collect();
        }
        for (file, item) in items {
            if let Item::Test(test) = item {
                self.test(*file, test);
            }
        }
        let fixtures = std::mem::take(&mut self.suite.fixtures);
        for (name, fixture) in fixtures.iter().filter(|(_, fixture)| !fixture.used) {
            let message = format!("no test uses the fixture `{name}`");
            let warning = Diagnostic::warning(Code::UnusedFixture, fixture.place, message);
            self.report(warning.help(format!("remove it, or use it: `GIVEN {name}`")));
        }
    }

    fn fixture(&mut self, file: u32, fixture: &ast::Fixture) {
        let block = self.block(file, fixture.settings(), fixture.clocks());
        let Some(token) = fixture.name() else { return };
        let Some(name) = self.name(file, &token) else {
            return;
        };
        let here = token_place(file, &token);
        if let Some(first) = self.suite.fixtures.get(&name) {
            let message = format!("fixture `{name}` is defined twice");
            let diagnostic = Diagnostic::error(Code::DuplicateFixture, here, message)
                .label("defined again here")
                .also(first.place, "first defined here")
                .help("keep one of the definitions, or rename one");
            self.report(diagnostic);
            return;
        }
        let fixture = Fixture {
            block,
            place: here,
            used: false,
        };
        self.suite.fixtures.insert(name, fixture);
    }

    fn test(&mut self, file: u32, test: &ast::Test) {
        let title = test.title().and_then(|literal| self.title(file, &literal));
        let here = match (&title, test.keyword()) {
            (Some((_, here)), _) => *here,
            (None, Some(keyword)) => token_place(file, &keyword),
            (None, None) => place(file, test),
        };
        let (given, mut now) = self.givens(file, test);
        if let Some((clock, time)) = self.clocks(file, test.clocks()) {
            if let (_, Some(first)) = now {
                self.duplicate_field("NOW", first, clock);
            }
            now.0 = time.or(now.0);
        }
        let expected = self.expectations(file, "test", here, test.expects(), test.cases().next().is_some());
        let mut cases = Vec::new();
        for case in test.cases() {
            cases.extend(self.case(file, &case, &given, now.0));
        }
        let Some((title, _)) = title else { return };
        if let Some(expected) = expected {
            cases.push(Case {
                title: None,
                place: here,
                given,
                now: now.0,
                expected,
            });
        }
        self.timeless(&cases, here);
        self.suite.tests.push(Test {
            title,
            place: here,
            cases,
        });
    }

    /// What a test says must not change by itself, so that one that depends on the time has to say what time it is.
    fn timeless(&mut self, cases: &[Case], here: Place) {
        let missing = cases.iter().any(|case| case.now.is_none());
        let Some(policy) = self.timed.as_ref().filter(|_| missing) else {
            return;
        };
        let message =
            format!("this test does not say what time it is, and policy `{policy}` is not always EFFECTIVE");
        let help = "add `NOW: \"2026-01-01T00:00:00Z\"` to the test, its GIVEN, its cases or its fixture";
        self.report(Diagnostic::error(Code::MissingNow, here, message).help(help));
    }

    fn title(&mut self, file: u32, literal: &ast::Literal) -> Option<(String, Place)> {
        let here = place(file, literal);
        let title = self.text(file, literal)?;
        if title.trim().is_empty() {
            let diagnostic = Diagnostic::error(Code::MalformedName, here, "this test has an empty title");
            self.report(diagnostic.help("say what it shows: `TEST \"EU data in the US is denied\"`"));
            return None;
        }
        if let Some(first) = self.suite.titles.get(&title) {
            let message = format!("test `{title}` exists twice");
            let diagnostic = Diagnostic::error(Code::DuplicateTest, here, message)
                .label("second test of this title")
                .also(*first, "first test of this title")
                .help("rename one of them, or make one test with several cases: `CASE { … } EXPECT …`");
            self.report(diagnostic);
        } else {
            self.suite.titles.insert(title.clone(), here);
        }
        Some((title, here))
    }

    /// The common values of a test, and its time with the place of the NOW that a GIVEN block of it has.
    fn givens(&mut self, file: u32, test: &ast::Test) -> (Givens, (Option<i64>, Option<Place>)) {
        let mut read: Option<Place> = None;
        let mut found = (Givens::default(), (None, None));
        for given in test.givens() {
            let here = place(file, &given);
            let block = self.block(file, given.settings(), given.clocks());
            let fixture = given
                .fixture()
                .and_then(|token| self.fixture_named(file, &token))
                .unwrap_or_default();
            match read {
                Some(first) => self.duplicate_field("GIVEN", first, here),
                None => {
                    read = Some(here);
                    let layers = Givens::default().with(fixture.layer).with(block.layer);
                    found = (layers, (block.now.or(fixture.now), block.clock));
                }
            }
        }
        found
    }

    fn fixture_named(&mut self, file: u32, token: &SyntaxToken) -> Option<Block> {
        if let Some(fixture) = self.suite.fixtures.get_mut(token.text()) {
            fixture.used = true;
            return Some(fixture.block.clone());
        }
        let may_search = self.may_search(self.suite.fixtures.len());
        let written = token.text();
        let names = self.suite.fixtures.keys().map(String::as_str);
        let help = did_you_mean(written, names.filter(|_| may_search), || {
            format!("define it: `FIXTURE {written} {{ customer.region: \"EU\" }}`")
        });
        let message = format!("there is no fixture `{written}`");
        self.report(Diagnostic::error(Code::UnknownFixture, token_place(file, token), message).help(help));
        None
    }

    fn case(&mut self, file: u32, case: &ast::Case, given: &Givens, now: Option<i64>) -> Option<Case> {
        let keyword = case.keyword();
        let here = keyword.map_or_else(|| place(file, case), |token| token_place(file, &token));
        let title = case.title().and_then(|literal| self.text(file, &literal));
        let block = self.block(file, case.settings(), case.clocks());
        let expected = self.expectations(file, "case", here, case.expects(), false)?;
        Some(Case {
            title,
            place: here,
            given: given.with(block.layer),
            now: block.now.or(now),
            expected,
        })
    }

    fn block(
        &mut self,
        file: u32,
        settings: impl Iterator<Item = ast::Setting>,
        clocks: impl Iterator<Item = ast::Clock>,
    ) -> Block {
        let mut layer = Layer::new();
        let mut places: BTreeMap<AttributeName, Place> = BTreeMap::new();
        for setting in settings {
            let Some((name, here, value)) = self.setting(file, &setting) else {
                continue;
            };
            if let Some(first) = places.get(&name) {
                let message = format!("`{name}` is given twice");
                let diagnostic = Diagnostic::error(Code::DuplicateGiven, here, message)
                    .label("given again here")
                    .also(*first, "first given here")
                    .help("keep one of them; several requests are several cases: `CASE { … } EXPECT …`");
                self.report(diagnostic);
                continue;
            }
            places.insert(name.clone(), here);
            if let Some(value) = value {
                layer.insert(name, value);
            }
        }
        let clock = self.clocks(file, clocks);
        Block {
            layer: Arc::new(layer),
            now: clock.and_then(|(_, now)| now),
            clock: clock.map(|(place, _)| place),
        }
    }

    /// The first clock, and what it says if it can be read.
    fn clocks(
        &mut self,
        file: u32,
        clocks: impl Iterator<Item = ast::Clock>,
    ) -> Option<(Place, Option<i64>)> {
        let mut found: Option<(Place, Option<i64>)> = None;
        for clock in clocks {
            let here = place(file, &clock);
            let now = clock.value().and_then(|literal| self.instant(file, &literal));
            match found {
                Some((first, _)) => self.duplicate_field("NOW", first, here),
                None => found = Some((here, now)),
            }
        }
        found
    }

    pub(super) fn instant(&mut self, file: u32, literal: &ast::Literal) -> Option<i64> {
        let text = self.text(file, literal)?;
        let now = aecp_vocabulary::text::instant(&text).ok();
        if now.is_none() {
            let message = format!("`{text}` is not a time");
            let diagnostic = Diagnostic::error(Code::InvalidInstant, place(file, literal), message);
            self.report(diagnostic.help(
                "write date, time and offset: `\"2026-01-01T00:00:00Z\"` or `\"2026-01-01T01:00:00+01:00\"`",
            ));
        }
        now
    }

    /// What the test or case expects; none if it is malformed, or if it is said elsewhere.
    fn expectations(
        &mut self,
        file: u32,
        what: &str,
        here: Place,
        expects: impl Iterator<Item = ast::Expect>,
        has_cases: bool,
    ) -> Option<Expected> {
        let mut first: Option<(Place, Option<Expected>)> = None;
        for expect in expects {
            let place = place(file, &expect);
            let expected = self.expected(file, &expect);
            if has_cases {
                let message = "this EXPECT belongs to no case";
                let help =
                    "a test with cases says behind each of them what is expected: `CASE { … } EXPECT …`";
                self.report(Diagnostic::error(Code::MisplacedExpectation, place, message).help(help));
            } else if let Some((first, _)) = first {
                self.duplicate_field("EXPECT", first, place);
            } else {
                first = Some((place, expected));
            }
        }
        if first.is_none() && !has_cases {
            let message = format!("this {what} expects nothing");
            let help = "say what must be decided: `EXPECT ALLOW` or `EXPECT DENY BY policy`";
            self.report(Diagnostic::error(Code::MissingExpectation, here, message).help(help));
        }
        first.and_then(|(_, expected)| expected)
    }

    fn expected(&mut self, file: u32, expect: &ast::Expect) -> Option<Expected> {
        let by = expect.by().map(|by| by.policy());
        let because = expect
            .because()
            .map(|because| because.text().and_then(|literal| self.text(file, &literal)));
        let verdict = expect
            .verdict()
            .and_then(|token| self.word(file, "EXPECT", &token, &VERDICTS))?;
        if let (Verdict::Allow, Some(because)) = (verdict, expect.because()) {
            let message = "an allowed request has no reason";
            let help = "leave BECAUSE out, or expect DENY";
            let place = place(file, &because);
            self.report(Diagnostic::error(Code::ImpossibleExpectation, place, message).help(help));
            return None;
        }
        // A part that was written and is malformed makes the whole malformed.
        let because = match because {
            Some(text) => Some(text?),
            None => None,
        };
        let by = match by {
            Some(token) => Some(self.decider(file, verdict, &token?)?),
            None => None,
        };
        let obliging = self.obliging(file, verdict, expect)?;
        Some(Expected {
            verdict,
            by,
            because,
            obliging,
        })
    }

    /// The obligations that are expected, if policies can raise them.
    fn obliging(&mut self, file: u32, verdict: Verdict, expect: &ast::Expect) -> Option<Vec<Obliged>> {
        let mut found = Vec::new();
        for written in expect.obliging() {
            let here = place(file, &written);
            if verdict == Verdict::Deny {
                let message = "a denied request obliges to nothing";
                let help = "leave OBLIGING out, or expect ALLOW";
                self.report(Diagnostic::error(Code::ImpossibleExpectation, here, message).help(help));
                return None;
            }
            let verb = written.verb()?;
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| kind.name().eq_ignore_ascii_case(verb.text()))?;
            let subject = match kind {
                Kind::Notify => self.text(file, &written.text()?)?,
                _ => written.name()?.token()?.text().to_owned(),
            };
            let asked = Obliged::new(kind, &subject);
            if !self.suite.obligations.contains(&asked) {
                self.unknown_obligation(here, &asked);
                return None;
            }
            found.push(asked);
        }
        Some(found)
    }

    fn unknown_obligation(&mut self, here: Place, asked: &Obliged) {
        let known: Vec<String> = self.suite.obligations.iter().map(Obliged::to_string).collect();
        let may_search = self.may_search(known.len());
        let search = known.iter().map(String::as_str).filter(|_| may_search);
        let help = did_you_mean(&asked.to_string(), search, || match known.as_slice() {
            [] => "policies say what they oblige to: `OBLIGATION: MASK response.body.ssn`".to_owned(),
            known => format!(
                "they have {}",
                listed(known.iter().take(NAMED).map(String::as_str))
            ),
        });
        let message = format!("no BLOCKING policy has the obligation `{asked}`");
        self.report(Diagnostic::error(Code::ImpossibleExpectation, here, message).help(help));
    }

    /// The policy that is expected to decide so, if it can.
    fn decider(&mut self, file: u32, verdict: Verdict, token: &SyntaxToken) -> Option<String> {
        let name = token.text();
        let here = token_place(file, token);
        let guardrail = match &self.header {
            Some(header) => header.default == DefaultDecision::Allow,
            // Reported already; nothing should be concluded from it.
            None => return None,
        };
        let mode = self.suite.modes.get(name).copied();
        if name != DEFAULT_POLICY && mode.is_none() {
            if !self.policy_places.contains_key(name) {
                self.unknown_policy(here, name);
            }
            return None;
        }
        let impossible = match (verdict, mode) {
            (Verdict::Allow, None) => Some((
                "the default allows nothing: it denies what no policy covers".to_owned(),
                "leave `BY default` out",
            )),
            (Verdict::Deny, None) if guardrail => Some((
                "the package says `DEFAULT: ALLOW`, so nothing is denied by default".to_owned(),
                "expect ALLOW, or name the policy that denies",
            )),
            (_, Some(mode)) if mode != Mode::Blocking => Some((
                format!("policy `{name}` is {}, so it decides nothing", mode.name()),
                "only BLOCKING policies allow and deny; leave BY out",
            )),
            (Verdict::Allow, Some(_)) if guardrail => Some((
                format!("the package says `DEFAULT: ALLOW`, so `{name}` covers no request"),
                "policies of such a package deny and never allow; leave BY out",
            )),
            _ => None,
        };
        if let Some((message, help)) = impossible {
            self.report(Diagnostic::error(Code::ImpossibleExpectation, here, message).help(help));
            return None;
        }
        Some(name.to_owned())
    }

    fn unknown_policy(&mut self, here: Place, written: &str) {
        let may_search = self.may_search(self.policy_places.len());
        let policies = self
            .policy_places
            .keys()
            .map(String::as_str)
            .filter(|_| may_search);
        let help = did_you_mean(written, policies.chain([DEFAULT_POLICY]), || {
            "name a policy of this package, or `default` for requests that none covers".to_owned()
        });
        let message = format!("there is no policy `{written}`");
        self.report(Diagnostic::error(Code::UnknownPolicy, here, message).help(help));
    }
}
