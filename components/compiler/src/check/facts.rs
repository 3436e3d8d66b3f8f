//! Fields that change no outcome: owner, justification, severity, controls. They become annotations.

use std::collections::BTreeMap;

use aecp_vocabulary::policy::Annotation;

use super::policies::Read;
use super::{Checker, place};
use crate::catalogue::{self, UnknownControl};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::suggest::listed;
use crate::syntax::ast::{self, Field};

const SEVERITIES: [(&str, &str); 4] = [
    ("LOW", "LOW"),
    ("MEDIUM", "MEDIUM"),
    ("HIGH", "HIGH"),
    ("CRITICAL", "CRITICAL"),
];

/// What a policy says of itself for people.
#[derive(Default)]
pub(super) struct Facts {
    owner: Read<String>,
    justification: Read<String>,
    severity: Read<&'static str>,
    /// In the catalogue's spelling, in the order of the source.
    controls: Read<Vec<String>>,
}

impl Facts {
    pub(super) fn annotations(self) -> impl Iterator<Item = Annotation> {
        let single = [
            ("justification", meaning(self.justification)),
            ("severity", meaning(self.severity).map(str::to_owned)),
        ];
        let single = single
            .into_iter()
            .filter_map(|(key, value)| value.map(|value| annotation(key, value)));
        let controls = meaning(self.controls).unwrap_or_default();
        let controls = controls.into_iter().map(|control| annotation("control", control));
        meaning(self.owner)
            .map(owner)
            .into_iter()
            .chain(single)
            .chain(controls)
    }
}

fn meaning<T>(read: Read<T>) -> Option<T> {
    read.and_then(|(_, meaning)| meaning)
}

/// Who answers for a policy or package.
pub(super) fn owner(value: String) -> Annotation {
    annotation("owner", value)
}

fn annotation(key: &str, value: String) -> Annotation {
    Annotation {
        key: key.to_owned(),
        value,
    }
}

impl Checker {
    pub(super) fn fact(&mut self, file: u32, field: &Field, facts: &mut Facts) {
        let here = place(file, field);
        match field {
            Field::OwnerField(field) => {
                let value = self.statement(file, "OWNER", field.value());
                self.once("OWNER", &mut facts.owner, here, value);
            }
            Field::JustificationField(field) => {
                let value = self.statement(file, "JUSTIFICATION", field.value());
                self.once("JUSTIFICATION", &mut facts.justification, here, value);
            }
            Field::SeverityField(field) => {
                let value = field
                    .value()
                    .and_then(|token| self.word(file, "SEVERITY", &token, &SEVERITIES));
                self.once("SEVERITY", &mut facts.severity, here, value);
            }
            Field::ControlsField(field) => {
                let value = field.list().map(|list| self.controls(file, &list));
                self.once("CONTROLS", &mut facts.controls, here, value);
            }
            _ => {}
        }
    }

    /// A text that must say something.
    pub(super) fn statement(
        &mut self,
        file: u32,
        field: &str,
        written: Option<ast::Literal>,
    ) -> Option<String> {
        let literal = written?;
        let text = self.text(file, &literal)?;
        if text.trim().is_empty() {
            let message = format!("{field} says nothing");
            let diagnostic = Diagnostic::error(Code::EmptyText, place(file, &literal), message);
            self.report(diagnostic.help("fill it in, or leave the field out"));
            return None;
        }
        Some(text)
    }

    fn controls(&mut self, file: u32, list: &ast::List) -> Vec<String> {
        let mut seen: BTreeMap<String, Place> = BTreeMap::new();
        let mut controls = Vec::new();
        let mut members = 0_usize;
        for member in list.members() {
            members = members.saturating_add(1);
            let here = place(file, &member);
            let Some(control) = self.control(file, member, here) else {
                continue;
            };
            if let Some(first) = seen.get(&control) {
                let message = format!("the control `{control}` is named twice");
                let diagnostic = Diagnostic::error(Code::DuplicateControl, here, message)
                    .label("named again here")
                    .also(*first, "first named here")
                    .help("keep one of them");
                self.report(diagnostic);
                continue;
            }
            seen.insert(control.clone(), here);
            controls.push(control);
        }
        if members == 0 {
            let message = "CONTROLS names no control";
            let diagnostic = Diagnostic::error(Code::InvalidList, place(file, list), message);
            self.report(diagnostic.help("name at least one, or leave the field out"));
        }
        controls
    }

    /// The catalogue's spelling of one control.
    fn control(&mut self, file: u32, member: ast::Operand, here: Place) -> Option<String> {
        let text = match &member {
            ast::Operand::Literal(literal) if is_text(literal) => self.text(file, literal)?,
            ast::Operand::Literal(literal) if is_broken(literal) => return None,
            _ => {
                let message = "a control is a text in quotes";
                let diagnostic = Diagnostic::error(Code::InvalidList, here, message);
                self.report(diagnostic.help("write it so: `\"GDPR Art. 44\"`"));
                return None;
            }
        };
        if self.is_full() {
            // Nobody will read it, and the search for near ones costs.
            self.errors = self
                .errors
                .saturating_add(usize::from(catalogue::find(&text).is_err()));
            return None;
        }
        match catalogue::find(&text) {
            Ok(control) => Some(control.to_string()),
            Err(error) => {
                let diagnostic = Diagnostic::error(Code::UnknownControl, here, error.to_string());
                self.report(diagnostic.help(help(&error)));
                None
            }
        }
    }
}

fn is_text(literal: &ast::Literal) -> bool {
    literal
        .token()
        .is_some_and(|(_, token)| token.kind() == crate::syntax::SyntaxKind::Text)
}

/// Whether the parser or the lexer has said already that it is malformed.
fn is_broken(literal: &ast::Literal) -> bool {
    literal.token().is_none_or(|(_, token)| {
        matches!(
            token.kind(),
            crate::syntax::SyntaxKind::UnterminatedText | crate::syntax::SyntaxKind::WronglyQuotedText
        )
    })
}

fn help(error: &UnknownControl) -> String {
    let near = |near: &[String]| listed(near.iter().map(String::as_str));
    match error {
        UnknownControl::Framework { near: found, .. } if !found.is_empty() => {
            format!("did you mean {}?", near(found))
        }
        UnknownControl::Framework { .. } => {
            let names = listed(catalogue::FRAMEWORKS.iter().map(|framework| framework.name));
            format!("the catalogue has {names}; a control is written so: `GDPR Art. 44`")
        }
        UnknownControl::Control { near: found, .. } => format!("near ones are {}", near(found)),
        UnknownControl::Part { form, .. } => (*form).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::{Code, Diagnostic};
    use crate::package::check;
    use crate::source::SourceFile;

    const HEADER: &str = "PACKAGE p { VERSION: \"1.0.0\" OWNER: \"risk office\" } SCHEMA { a: TEXT }\n";

    fn checked(fields: &str) -> (Option<Vec<(String, String)>>, Vec<Diagnostic>) {
        let policy =
            format!("POLICY q {{ SCOPE: requests CONSTRAINT: a == \"x\" ENFORCEMENT: BLOCKING {fields} }}");
        let checked = check(&[SourceFile::new("a.aecp", format!("{HEADER}{policy}"))]);
        let annotations = checked.package.map(|package| {
            assert_eq!(package.annotations.len(), 1);
            assert_eq!(
                (&*package.annotations[0].key, &*package.annotations[0].value),
                ("owner", "risk office")
            );
            let all = package.policies[0].annotations.iter();
            all.map(|each| (each.key.clone(), each.value.clone())).collect()
        });
        (annotations, checked.diagnostics)
    }

    #[track_caller]
    fn error(fields: &str, code: Code, says: &str) {
        let (annotations, diagnostics) = checked(fields);
        assert!(annotations.is_none(), "{fields}");
        assert_eq!(diagnostics.len(), 1, "{fields}\n{diagnostics:#?}");
        let found = &diagnostics[0];
        assert_eq!(found.code, code, "{found:#?}");
        let text = format!("{} / {}", found.message, found.help.clone().unwrap_or_default());
        assert!(text.contains(says), "{text}");
    }

    #[test]
    fn facts_become_annotations_in_one_order() {
        let (annotations, diagnostics) = checked(
            "CONTROLS: [\"PCI-DSS 7.2.1\", \"GDPR Article 44\"] SEVERITY: HIGH JUSTIFICATION: \"because\" \
             OWNER: \"dpo\" DESCRIPTION: \"what\"",
        );
        assert_eq!(diagnostics, []);
        let expected = [
            ("description", "what"),
            ("owner", "dpo"),
            ("justification", "because"),
            ("severity", "HIGH"),
            ("control", "PCI DSS 7.2.1"),
            ("control", "GDPR Art. 44"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(annotations, Some(expected.to_vec()));
    }

    #[test]
    fn mistakes_in_facts_are_named() {
        error("SEVERITY: SEVERE", Code::UnknownValue, "`CRITICAL`");
        error("SEVERITY: high", Code::UnknownValue, "did you mean `HIGH`?");
        error("OWNER: \" \"", Code::EmptyText, "OWNER says nothing");
        error("OWNER: risk", Code::UnexpectedToken, "a text in quotes");
        error("OWNR: \"risk\"", Code::UnknownField, "did you mean `OWNER`?");
        error("owner: \"risk\"", Code::LowercaseKeyword, "write `OWNER`");
        error(
            "OWNER: \"a\" OWNER: \"b\"",
            Code::DuplicateField,
            "`OWNER` is given twice",
        );
        error("CONTROLS: []", Code::InvalidList, "at least one");
        error("CONTROLS: [a]", Code::InvalidList, "GDPR Art. 44");
        error("CONTROLS: [44]", Code::InvalidList, "GDPR Art. 44");
        error("CONTROLS: \"GDPR Art. 44\"", Code::UnexpectedToken, "brackets");
        error(
            "CONTROLS: [\"GDPR Art. 44\", \"gdpr 44\"]",
            Code::DuplicateControl,
            "named twice",
        );
        error(
            "CONTROLS: [\"PCI DSS 7.2.9\"]",
            Code::UnknownControl,
            "`PCI DSS 7.2.6`",
        );
        error(
            "CONTROLS: [\"GPDR Art. 44\"]",
            Code::UnknownControl,
            "did you mean `GDPR Art. 44`?",
        );
        error(
            "CONTROLS: [\"ISO 27001 A.5.1\"]",
            Code::UnknownControl,
            "the catalogue has `GDPR`",
        );
        error(
            "CONTROLS: [\"HIPAA 164.312(1)\"]",
            Code::UnknownControl,
            "164.312(a)(2)(iv)",
        );
    }
}
