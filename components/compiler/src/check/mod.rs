//! Names are resolved, types are checked, and the typed core comes out.
//!
//! - `declarations`: the header, attributes and classes.
//! - `choices`: attributes whose values the schema lists.
//! - `data`: named lists, and `entries`: the lines of their files.
//! - `policies`: policies and their fields.
//! - `period`: when a policy applies.
//! - `parameters`: values that a bundle may set.
//! - `imports`: schemas and classes of other packages.
//! - `obligations`, `rows`: what must be done when a request goes through.
//! - `facts`: fields that change no outcome: owner, justification, severity, controls.
//! - `template`: the sentence of a REASON.
//! - `conditions`: conditions and the types of what they compare.
//! - `places`: parts of texts, addresses in networks.
//! - `patterns`: patterns of texts.
//! - `operands`: attributes and literals.
//! - `terms`: arithmetic.
//! - `windows`: weekdays and times of day in zones.
//! - `acknowledge`: findings of the analysis that stay on purpose.
//! - `suite`: tests and fixtures.
//! - `given`: the values that they give.
//! - `guards`: attributes that a policy reads although requests may lack them.
//! - `reason`: the sentence that says why a constraint does not hold.

mod acknowledge;
mod choices;
mod conditions;
mod data;
mod declarations;
mod entries;
mod facts;
mod given;
mod guards;
mod imports;
mod obligations;
mod operands;
mod parameters;
mod patterns;
mod period;
mod places;
mod policies;
mod reason;
mod rows;
mod suite;
mod template;
mod terms;
mod windows;

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::Type;
use aecp_vocabulary::policy::{Annotation, DefaultDecision};
use rowan::TextRange;

use crate::core::{self, Condition, InputKind};
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::package::Checked;
use crate::source::SourceFile;
use crate::syntax::ast::{self, AstNode, Item};
use crate::syntax::{self, SyntaxToken};

/// Most diagnostics of one package.
pub(crate) const DIAGNOSTIC_LIMIT: usize = 256;

/// Most attributes that a component can read, as the contract says.
const INPUT_LIMIT: usize = 4_096;

/// Most conditions and list members that classes bring into the scopes of a package.
const SIZE_LIMIT: usize = 2_000_000;

/// Most names that are looked at to find near ones, over all mistakes of a package.
const SEARCH_LIMIT: usize = 300_000;

/// An attribute of the schema, or a parameter.
struct Attribute {
    name: aecp_vocabulary::AttributeName,
    /// None if the declaration has no proper type; that is reported where it stands.
    value_type: Option<Type>,
    kind: InputKind,
    place: Place,
}

impl Attribute {
    /// What messages call it.
    fn what(&self) -> &'static str {
        match self.kind {
            InputKind::Parameter(_) => "a parameter",
            InputKind::Attribute { .. } | InputKind::Now => "an attribute",
        }
    }
}

/// A class of requests.
struct Class {
    /// None if the condition is malformed; that is reported where it stands.
    condition: Option<Condition>,
    body: Option<ast::Body>,
    place: Place,
    used: bool,
}

struct Header {
    name: String,
    version: String,
    default: DefaultDecision,
    annotations: Vec<Annotation>,
    place: Place,
}

#[derive(Default)]
pub(crate) struct Checker {
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    header: Option<Header>,
    /// Sorted by name once all are known; conditions point here.
    attributes: Vec<Attribute>,
    classes: BTreeMap<String, Class>,
    data: BTreeMap<String, data::Data>,
    /// Entries of all lists.
    entries: usize,
    policies: Vec<core::Policy>,
    policy_places: BTreeMap<String, Place>,
    /// The first policy that reads the moment of the decision.
    timed: Option<String>,
    acknowledgements: acknowledge::Acknowledgements,
    guards: guards::Guards,
    suite: suite::Suite,
    /// The zones that conditions name.
    zones: BTreeMap<String, core::time::Zone>,
    size: usize,
    searched: usize,
    patterns: patterns::Known,
    /// The files of other packages.
    imported: BTreeSet<u32>,
}

impl Checker {
    /// `parse` reads a file that has this index.
    pub(crate) fn check(
        files: &[SourceFile],
        parse: &mut dyn FnMut(u32, &SourceFile) -> syntax::Parse,
    ) -> Checked {
        let mut checker = Self::default();
        let mut sorted: Vec<(u32, &SourceFile)> = (0_u32..).zip(files).collect();
        sorted.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        let parses = sorted
            .iter()
            .filter(|(_, file)| file.has_policies())
            .map(|(index, file)| (*index, parse(*index, file)));
        let parses: Vec<(u32, syntax::parser::Parse)> = parses.collect();
        let mut items: Vec<(u32, Item)> = Vec::new();
        for (index, parse) in &parses {
            items.extend(parse.root().items().map(|item| (*index, item)));
        }
        let reached = checker.imports(&sorted, &items);
        // What was given but is not imported is none of the package's business.
        sorted.retain(|(_, file)| file.imported_from().is_none_or(|folder| reached.contains(folder)));
        let imported = sorted.iter().filter(|(_, file)| file.imported_from().is_some());
        checker.imported = imported.map(|(index, _)| *index).collect();
        let taken: BTreeSet<u32> = sorted.iter().map(|(index, _)| *index).collect();
        for (_, parse) in parses.iter().filter(|(index, _)| taken.contains(index)) {
            parse
                .diagnostics
                .iter()
                .cloned()
                .for_each(|diagnostic| checker.report(diagnostic));
        }
        items.retain(|(file, item)| {
            let is_shared = matches!(item, Item::Schema(_) | Item::Class(_));
            taken.contains(file) && (is_shared || !checker.imported.contains(file))
        });
        let mut own = sorted
            .iter()
            .filter(|(index, _)| !checker.imported.contains(index));
        let lists = own.clone().filter(|(_, file)| !file.has_policies());
        let lists = lists.map(|(index, file)| (file.name.as_str(), (*index, file.text.as_str())));
        let lists: data::Files<'_> = lists.collect();
        let first = own.find(|(_, file)| file.has_policies()).map(|(first, _)| *first);
        match first {
            Some(first) => checker.items(first, &items, &lists),
            None => checker.report(Diagnostic {
                severity: Severity::Error,
                code: Code::NoSources,
                message: "there is no source file".to_owned(),
                primary: None,
                secondary: Vec::new(),
                help: Some("a package is a folder of `.aecp` files".to_owned()),
            }),
        }
        checker.finish(&sorted)
    }

    fn items(&mut self, first_file: u32, items: &[(u32, Item)], lists: &data::Files<'_>) {
        // What is declared may be used before it is declared, and in other files.
        for (file, item) in items {
            match item {
                Item::Package(package) => self.header(*file, package),
                Item::Schema(schema) => self.schema(*file, schema),
                Item::Parameter(parameter) => self.parameter(*file, parameter),
                Item::Data(_) | Item::Class(_) | Item::Policy(_) | Item::Test(_) | Item::Fixture(_) => {}
                Item::Import(_) => {}
            }
        }
        self.settle_attributes();
        for (file, item) in items {
            if let Item::Data(data) = item {
                self.data(*file, data, lists);
            }
        }
        for (file, item) in items {
            if let Item::Class(class) = item {
                self.class(*file, class);
            }
        }
        for (file, item) in items {
            if let Item::Policy(policy) = item {
                self.policy(*file, policy);
            }
        }
        self.acknowledged_policies();
        self.suite(items);
        self.remaining(first_file, items);
    }

    /// What can only be said once everything is known.
    fn remaining(&mut self, first_file: u32, items: &[(u32, Item)]) {
        let has_header = items.iter().any(|(_, item)| matches!(item, Item::Package(_)));
        if !has_header {
            let place = Place {
                file: first_file,
                span: Default::default(),
            };
            let message = "no file of the package has a PACKAGE header";
            let help = "write one, in any file: `PACKAGE name { VERSION: \"1.0.0\" }`";
            self.report(Diagnostic::error(Code::MissingPackage, place, message).help(help));
        }
        self.unused_data();
        let unused: Vec<Diagnostic> = self
            .classes
            .iter()
            .filter(|(_, class)| !class.used && !self.imported.contains(&class.place.file))
            .map(|(name, class)| {
                Diagnostic::warning(
                    Code::UnusedClass,
                    class.place,
                    format!("no policy uses the class `{name}`"),
                )
                .help("remove it, or use it: `SCOPE: …`")
            })
            .collect();
        unused.into_iter().for_each(|warning| self.report(warning));
        self.unused_parameters();
        self.unguarded();
        let has_policies = items.iter().any(|(_, item)| matches!(item, Item::Policy(_)));
        if let (Some(header), false) = (&self.header, has_policies) {
            let effect = match header.default {
                DefaultDecision::Deny => "it covers no request, so `DEFAULT: DENY` denies them all",
                DefaultDecision::Allow => "it changes no decision",
            };
            let message = format!("the package `{}` has no policies: {effect}", header.name);
            let warning =
                Diagnostic::warning(Code::EmptyPackage, header.place, message).help("add a POLICY block");
            self.report(warning);
        }
    }

    fn finish(mut self, sorted: &[(u32, &SourceFile)]) -> Checked {
        let package = self.assemble();
        let mut rank = BTreeMap::new();
        for (order, (index, _)) in sorted.iter().enumerate() {
            rank.insert(*index, order);
        }
        let position = |diagnostic: &Diagnostic| {
            let place = diagnostic.primary.as_ref().map(|label| label.place);
            place.map(|place| (rank.get(&place.file).copied(), place.span))
        };
        let mut diagnostics = self.diagnostics;
        diagnostics.sort_by_key(position);
        let shown = diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .count();
        if let (Some(last), true) = (diagnostics.last().cloned(), self.errors > shown) {
            diagnostics.push(Diagnostic {
                severity: Severity::Error,
                code: Code::TooManyErrors,
                message: format!("there are more errors, only the first {shown} are shown"),
                primary: last.primary,
                secondary: Vec::new(),
                help: Some("mend these first, then check again".to_owned()),
            });
        }
        let (package, tests, acknowledgements) = match self.errors {
            0 => (package, self.suite.tests, self.acknowledgements.all),
            _ => (None, Vec::new(), Vec::new()),
        };
        let places = package.iter().flat_map(|package| &package.policies);
        let places = places
            .filter_map(|policy| self.policy_places.get(&policy.name).copied())
            .collect();
        Checked {
            package,
            tests,
            places,
            acknowledgements,
            diagnostics,
        }
    }

    fn assemble(&mut self) -> Option<core::Package> {
        let header = self.header.take()?;
        // A type is missing only after an error, and then the package is thrown away.
        let inputs = self.attributes.iter().map(|attribute| core::Input {
            name: attribute.name.clone(),
            value_type: attribute.value_type.unwrap_or(Type::Text),
            kind: attribute.kind.clone(),
        });
        let inputs = inputs.chain([core::Input::now()?]);
        let mut package = core::Package {
            name: header.name,
            version: header.version,
            default: header.default,
            inputs: inputs.collect(),
            policies: std::mem::take(&mut self.policies),
            annotations: header.annotations,
        };
        package.drop_unread_inputs();
        if package.inputs.len() > INPUT_LIMIT {
            let message = format!(
                "the package reads {} attributes, a component has at most {INPUT_LIMIT}",
                package.inputs.len()
            );
            let error = Diagnostic::error(Code::TooManyInputs, header.place, message);
            self.report(error.help("split it into several packages"));
        }
        Some(package)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.errors = self.errors.saturating_add(1);
        }
        if !self.is_full() {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether near names may be looked for among so many.
    fn may_search(&mut self, names: usize) -> bool {
        self.searched = self.searched.saturating_add(names);
        self.searched <= SEARCH_LIMIT
    }

    fn is_full(&self) -> bool {
        self.diagnostics.len() >= DIAGNOSTIC_LIMIT
    }

    fn duplicate_field(&mut self, field: &str, first: Place, second: Place) {
        let diagnostic = Diagnostic::error(Code::DuplicateField, second, format!("`{field}` is given twice"))
            .label("given again here")
            .also(first, "first given here")
            .help("keep one of them");
        self.report(diagnostic);
    }

    /// The meaning of a text literal; none if it has none, which is reported.
    fn text(&mut self, file: u32, literal: &ast::Literal) -> Option<String> {
        let (_, token) = literal.token()?;
        if token.kind() != syntax::SyntaxKind::Text {
            return None;
        }
        let start = ast::span(token.text_range()).start;
        let value = match syntax::literal::text(token.text()) {
            Ok(value) => value,
            Err(errors) => {
                for error in errors {
                    let offset = |at: usize| start.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
                    let span = crate::diagnostic::Span {
                        start: offset(error.start),
                        end: offset(error.end),
                    };
                    let written = token.text().get(error.start..error.end).unwrap_or("");
                    let message = format!("`{written}` is not an escape");
                    let help = "texts have the escapes `\\\"`, `\\\\`, `\\n` and `\\u{…}` with the hexadecimal \
                                number of a character";
                    let place = Place { file, span };
                    self.report(Diagnostic::error(Code::InvalidEscape, place, message).help(help));
                }
                return None;
            }
        };
        let limit = aecp_vocabulary::value::TEXT_LIMIT;
        if value.len() > limit {
            let message = format!("this text has {} bytes, values have at most {limit}", value.len());
            let diagnostic = Diagnostic::error(Code::TextTooLong, place(file, literal), message);
            self.report(diagnostic.help("no attribute can be equal to it; shorten it"));
            return None;
        }
        Some(value)
    }

    /// A name of the package, a class or a policy; none if it is longer than names are.
    fn name(&mut self, file: u32, token: &SyntaxToken) -> Option<String> {
        let limit = aecp_vocabulary::schema::NAME_LIMIT;
        if token.text().len() > limit {
            let message = format!(
                "this name has {} bytes, names have at most {limit}",
                token.text().len()
            );
            let diagnostic = Diagnostic::error(Code::MalformedName, token_place(file, token), message);
            self.report(diagnostic.help("shorten it; DESCRIPTION has room for more"));
            return None;
        }
        Some(token.text().to_owned())
    }
}

fn place(file: u32, node: &impl AstNode) -> Place {
    Place {
        file,
        span: node.span(),
    }
}

fn token_place(file: u32, token: &SyntaxToken) -> Place {
    range_place(file, token.text_range())
}

fn range_place(file: u32, range: TextRange) -> Place {
    Place {
        file,
        span: ast::span(range),
    }
}
