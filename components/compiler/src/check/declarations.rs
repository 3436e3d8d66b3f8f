//! The header, attributes and classes.

use aecp_vocabulary::policy::{Annotation, DefaultDecision};
use aecp_vocabulary::{AttributeName, Type, Value};

use super::choices::is_choice;
use super::{Attribute, Checker, Class, Header, facts, place, token_place};
use crate::core::{Constant, InputKind};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::suggest::did_you_mean;
use crate::syntax::ast::{self, Field};

/// The class that every request is in.
pub(super) const EVERY_REQUEST: &str = "requests";

/// Types that the contract has, and the language will.
const LATER_TYPES: [Type; 1] = [Type::SetOfNetwork];

/// The types that a schema can declare.
fn types() -> impl Iterator<Item = Type> {
    Type::ALL.into_iter().filter(|known| !LATER_TYPES.contains(known))
}

/// What other languages call our types.
const FOREIGN_TYPES: [(&str, &str); 17] = [
    ("STRING", "TEXT"),
    ("STR", "TEXT"),
    ("VARCHAR", "TEXT"),
    ("INT", "INTEGER"),
    ("LONG", "INTEGER"),
    ("NUMBER", "INTEGER"),
    ("BOOL", "BOOLEAN"),
    ("FLOAT", "DECIMAL"),
    ("DOUBLE", "DECIMAL"),
    ("TIMESTAMP", "INSTANT"),
    ("DATETIME", "INSTANT"),
    ("IP", "ADDRESS"),
    ("IPADDR", "ADDRESS"),
    ("NETWORK", "CIDR"),
    ("SET", "SET OF TEXT"),
    ("LIST", "SET OF TEXT"),
    ("SET OF STRING", "SET OF TEXT"),
];

impl Checker {
    pub(super) fn header(&mut self, file: u32, package: &ast::Package) {
        let token = package.name().or_else(|| package.keyword());
        let name_place = token.map_or_else(|| place(file, package), |token| token_place(file, &token));
        if let Some(first) = &self.header {
            let diagnostic = Diagnostic::error(Code::DuplicatePackage, name_place, "a second PACKAGE header")
                .label("second header")
                .also(first.place, "first header")
                .help("a package has one header; keep one, or move one package's files to a folder of their own");
            self.report(diagnostic);
            return;
        }
        let (version, default, annotations) = self.header_fields(file, package, name_place);
        let name = package
            .name()
            .and_then(|token| self.name(file, &token))
            .unwrap_or_default();
        self.header = Some(Header {
            name,
            version,
            default,
            annotations,
            place: name_place,
        });
    }

    fn header_fields(
        &mut self,
        file: u32,
        package: &ast::Package,
        name: Place,
    ) -> (String, DefaultDecision, Vec<Annotation>) {
        let mut version: Option<(Place, String)> = None;
        let mut default: Option<(Place, DefaultDecision)> = None;
        let mut owner = None;
        let mut acknowledged = Vec::new();
        for field in package.fields() {
            let here = place(file, &field);
            match field {
                Field::VersionField(field) => {
                    if let Some((first, _)) = version {
                        self.duplicate_field("VERSION", first, here);
                    } else {
                        version = Some((here, self.version(file, &field)));
                    }
                }
                Field::DefaultField(field) => {
                    if let Some((first, _)) = default {
                        self.duplicate_field("DEFAULT", first, here);
                    } else {
                        default = Some((here, self.default_decision(file, &field)));
                    }
                }
                Field::OwnerField(field) => {
                    let value = self.statement(file, "OWNER", field.value());
                    self.once("OWNER", &mut owner, here, value);
                }
                Field::AcknowledgeField(field) => {
                    acknowledged.extend(self.acknowledgement(file, &field, None));
                }
                _ => {}
            }
        }
        if version.is_none() {
            let diagnostic =
                Diagnostic::error(Code::MissingVersion, name, "the PACKAGE header has no VERSION")
                    .help("add `VERSION: \"1.0.0\"`");
            self.report(diagnostic);
        }
        (
            version.map(|(_, version)| version).unwrap_or_default(),
            default.map(|(_, d)| d).unwrap_or_default(),
            owner
                .and_then(|(_, owner)| owner)
                .into_iter()
                .map(facts::owner)
                .chain(acknowledged)
                .collect(),
        )
    }

    fn version(&mut self, file: u32, field: &ast::VersionField) -> String {
        let Some(literal) = field.value() else {
            return String::new();
        };
        let Some(text) = self.text(file, &literal) else {
            return String::new();
        };
        if let Err(error) = semver::Version::parse(&text) {
            let message = format!("`{text}` is not a semantic version: {error}");
            let diagnostic = Diagnostic::error(Code::InvalidVersion, place(file, &literal), message)
                .help("write three numbers, as in `\"1.0.0\"` or `\"2.1.0-draft.3\"` (semver.org)");
            self.report(diagnostic);
        }
        text
    }

    fn default_decision(&mut self, file: u32, field: &ast::DefaultField) -> DefaultDecision {
        let words = [("DENY", DefaultDecision::Deny), ("ALLOW", DefaultDecision::Allow)];
        field
            .value()
            .and_then(|token| self.word(file, "DEFAULT", &token, &words))
            .unwrap_or_default()
    }

    pub(super) fn schema(&mut self, file: u32, schema: &ast::Schema) {
        for attribute in schema.attributes() {
            let (value_type, choices) = match attribute.type_name() {
                Some(written) if is_choice(&written) => {
                    let choices = self.choices(file, &written);
                    (choices.as_ref().map(|_| Type::Text), choices)
                }
                Some(written) => (self.value_type(file, &written), None),
                None => (None, None),
            };
            let Some(token) = attribute.name().and_then(|name| name.token()) else {
                continue;
            };
            let here = token_place(file, &token);
            match token.text().parse() {
                Ok(name) => {
                    let optional = attribute.optional().is_some();
                    let default = value_type
                        .zip(attribute.default())
                        .and_then(|(value_type, written)| {
                            let declared = (&name, value_type, here);
                            self.attribute_default(file, declared, optional, &written)
                        })
                        .map(Box::new);
                    let default =
                        default.filter(
                            |default| match (&choices, default.as_ref(), attribute.default()) {
                                (Some(choices), Value::Text(text), Some(written)) => {
                                    let choice = Constant::Text(text.clone());
                                    let known = choices.binary_search(&choice).is_ok();
                                    if !known {
                                        self.no_choice(&name, choices, here, text, place(file, &written));
                                    }
                                    known
                                }
                                _ => true,
                            },
                        );
                    self.attributes.push(Attribute {
                        name,
                        value_type,
                        kind: InputKind::Attribute {
                            optional,
                            default,
                            choices,
                        },
                        place: here,
                    });
                }
                Err(error) => {
                    let error: aecp_vocabulary::schema::InvalidAttributeName = error;
                    self.report(
                        Diagnostic::error(Code::MalformedName, here, error.to_string())
                            .help("choose another name"),
                    );
                }
            }
        }
    }

    /// What is read where an attribute is absent.
    fn attribute_default(
        &mut self,
        file: u32,
        declared: (&AttributeName, Type, Place),
        optional: bool,
        written: &ast::GivenValue,
    ) -> Option<Value> {
        if !optional {
            let message = format!(
                "a DEFAULT is read where `{}` is absent, and no request is expected without it",
                declared.0
            );
            let diagnostic = Diagnostic::error(Code::InvalidDefault, place(file, written), message)
                .also(declared.2, "declared without OPTIONAL here")
                .help("write `OPTIONAL DEFAULT …` if requests may lack it, or leave the DEFAULT out");
            self.report(diagnostic);
        }
        self.given(file, declared, written)
    }

    /// Sorts attributes and parameters by name and reports those that are declared twice.
    pub(super) fn settle_attributes(&mut self) {
        // The sort is stable: of two declarations the first one stays.
        let mut sorted = std::mem::take(&mut self.attributes);
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        for attribute in sorted {
            match self.attributes.last_mut() {
                Some(first)
                    if first.name == attribute.name
                        && first.what() == attribute.what()
                        && [first.place, attribute.place]
                            .iter()
                            .any(|place| self.imported.contains(&place.file)) =>
                {
                    let types = (first.value_type, attribute.value_type);
                    let first_place = first.place;
                    let differ = first.kind.absent_as() != attribute.kind.absent_as();
                    let mut same_choices = true;
                    if let (
                        InputKind::Attribute {
                            optional, choices, ..
                        },
                        InputKind::Attribute {
                            optional: second_optional,
                            choices: second_choices,
                            ..
                        },
                    ) = (&mut first.kind, &attribute.kind)
                    {
                        *optional &= *second_optional;
                        same_choices = choices == second_choices;
                    }
                    if differ {
                        let message = format!("attribute `{}` has two different defaults", attribute.name);
                        let diagnostic = Diagnostic::error(Code::InvalidDefault, attribute.place, message)
                            .label("declared again here")
                            .also(first_place, "first declared here")
                            .help("give it one DEFAULT in all packages that share it, or none");
                        self.report(diagnostic);
                    }
                    if !same_choices && types.0.is_some() && types.0 == types.1 {
                        let message = format!(
                            "attribute `{}` is declared with other values than elsewhere",
                            attribute.name
                        );
                        let diagnostic =
                            Diagnostic::error(Code::DuplicateAttribute, attribute.place, message)
                                .also(first_place, "declared here too")
                                .help("list the same values in all packages that share it, or give it another name here");
                        self.report(diagnostic);
                    } else if let ((Some(first_type), Some(second_type)), true) = (types, types.0 != types.1)
                    {
                        let message = format!(
                            "attribute `{}` is declared as {first_type} and as {second_type}",
                            attribute.name
                        );
                        let diagnostic =
                            Diagnostic::error(Code::DuplicateAttribute, attribute.place, message)
                                .label(format!("declared as {second_type} here"))
                                .also(first_place, format!("declared as {first_type} here"))
                                .help("give it one type in all packages that share it, or another name here");
                        self.report(diagnostic);
                    }
                }
                Some(first) if first.name == attribute.name => {
                    let first = (first.what(), first.place);
                    if first.0 != attribute.what() {
                        self.ambiguous(attribute.name.as_str(), first, attribute.place);
                        continue;
                    }
                    let code = match attribute.kind {
                        InputKind::Parameter(_) => Code::DuplicateParameter,
                        InputKind::Attribute { .. } | InputKind::Now => Code::DuplicateAttribute,
                    };
                    let (_, what) = first.0.split_once(' ').unwrap_or_default();
                    let message = format!("{what} `{}` is declared twice", attribute.name);
                    let diagnostic = Diagnostic::error(code, attribute.place, message)
                        .label("declared again here")
                        .also(first.1, "first declared here")
                        .help("keep one of the declarations");
                    self.report(diagnostic);
                }
                _ => self.attributes.push(attribute),
            }
        }
    }

    pub(super) fn value_type(&mut self, file: u32, written: &ast::Type) -> Option<Type> {
        let words = written.words();
        if let Some(found) = types().find(|known| known.name() == words) {
            return Some(found);
        }
        let here = place(file, written);
        let upper = words.to_ascii_uppercase();
        let available = "the types are `TEXT`, `INTEGER`, `DECIMAL`, `BOOLEAN`, `INSTANT`, `DURATION`, `ADDRESS`, `CIDR`, \
                         and `SET OF` each of them but `BOOLEAN` and `CIDR`; attributes can be `ONE OF [\"a\", \"b\"]`";
        if LATER_TYPES.iter().any(|later| later.name() == upper) {
            let message = format!("the type `{upper}` is not available in this version");
            self.report(Diagnostic::error(Code::UnavailableType, here, message).help(available));
            return None;
        }
        let foreign = FOREIGN_TYPES
            .iter()
            .find(|(name, _)| *name == upper)
            .map(|(_, ours)| *ours);
        let help = foreign.map_or_else(
            || did_you_mean(&words, types().map(|known| known.name()), || available.to_owned()),
            |ours| format!("did you mean `{ours}`?"),
        );
        let message = format!("there is no type `{words}`");
        self.report(Diagnostic::error(Code::UnknownType, here, message).help(help));
        None
    }

    pub(super) fn class(&mut self, file: u32, class: &ast::Class) {
        let body = class.body();
        let condition = body.as_ref().and_then(|body| self.body(file, body));
        let Some(token) = class.name() else { return };
        let Some(name) = self.name(file, &token) else {
            return;
        };
        let here = token_place(file, &token);
        if name == EVERY_REQUEST {
            let message = format!("`{EVERY_REQUEST}` means every request and cannot be redefined");
            self.report(Diagnostic::error(Code::ReservedName, here, message).help("choose another name"));
            return;
        }
        if self.is_taken("a class", &name, here) {
            return;
        }
        if let Some(first) = self.classes.get(&name) {
            let diagnostic = Diagnostic::error(
                Code::DuplicateClass,
                here,
                format!("class `{name}` is defined twice"),
            )
            .label("defined again here")
            .also(first.place, "first defined here")
            .help("keep one of the definitions, or rename one");
            self.report(diagnostic);
            return;
        }
        self.classes.insert(
            name,
            Class {
                condition,
                body,
                place: here,
                used: false,
            },
        );
    }

    /// The meaning of a word in a field that knows a few.
    pub(super) fn word<T: Copy>(
        &mut self,
        file: u32,
        field: &str,
        token: &crate::syntax::SyntaxToken,
        words: &[(&str, T)],
    ) -> Option<T> {
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == token.text()) {
            return Some(*meaning);
        }
        let known = || {
            format!(
                "it is one of {}",
                crate::suggest::listed(words.iter().map(|(word, _)| *word))
            )
        };
        let help = did_you_mean(token.text(), words.iter().map(|(word, _)| *word), known);
        let message = format!("{field} cannot be `{}`", token.text());
        self.report(Diagnostic::error(Code::UnknownValue, token_place(file, token), message).help(help));
        None
    }
}

/// Attributes and parameters by name, for search.
pub(super) fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<(u32, &'a Attribute)> {
    let index = attributes
        .binary_search_by(|attribute| attribute.name.as_str().cmp(name))
        .ok()?;
    Some((u32::try_from(index).ok()?, attributes.get(index)?))
}
