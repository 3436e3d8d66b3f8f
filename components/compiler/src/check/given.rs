//! The values that tests give, checked against the schema.

use aecp_vocabulary::value::SET_LIMIT;
use aecp_vocabulary::{AttributeName, Type, Value, text};

use super::declarations::find;
use super::operands::Meaning;
use super::{Checker, place, token_place};
use crate::core::{Constant, InputKind};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::syntax::ast::{self, AstNode, GivenValue};

impl Checker {
    /// The attribute, where it stands, and its value if that is proper.
    pub(super) fn setting(
        &mut self,
        file: u32,
        setting: &ast::Setting,
    ) -> Option<(AttributeName, Place, Option<Value>)> {
        let token = setting.name()?.token()?;
        let Some((_, attribute)) = find(&self.attributes, token.text()) else {
            self.unknown_attribute(file, &token, false);
            return None;
        };
        let (name, declared) = (attribute.name.clone(), attribute.place);
        let parameter = match &attribute.kind {
            InputKind::Parameter(parameter) => Some(parameter.clone()),
            InputKind::Attribute { .. } | InputKind::Now => None,
        };
        let choices = attribute.choices().cloned();
        let here = token_place(file, &token);
        // Without a type there is a mistake in the schema, which is reported there.
        let value = match (attribute.value_type, setting.value()) {
            (Some(_), Some(GivenValue::Unavailable(value))) if parameter.is_some() => {
                let message = format!("the parameter `{name}` always has a value");
                let diagnostic = Diagnostic::error(Code::TypeMismatch, place(file, &value), message)
                    .also(declared, "declared here")
                    .help("give it a value, or leave it out for its default");
                self.report(diagnostic);
                None
            }
            (Some(value_type), Some(value)) => {
                let given = self.given(file, (&name, value_type, declared), &value);
                let here = place(file, &value);
                let given = given.filter(|value| match (&choices, value) {
                    (Some(choices), Value::Text(text)) => {
                        let known = choices.iter().any(|choice| choice.text() == Some(text));
                        if !known {
                            self.no_choice(&name, choices, declared, text, here);
                        }
                        known
                    }
                    _ => true,
                });
                given.filter(|value| {
                    parameter.is_none_or(|parameter| self.inside(here, &name, &parameter, value))
                })
            }
            _ => None,
        };
        Some((name, here, value))
    }

    pub(super) fn given(
        &mut self,
        file: u32,
        attribute: (&AttributeName, Type, Place),
        value: &GivenValue,
    ) -> Option<Value> {
        match value {
            GivenValue::Unavailable(unavailable) => self.unavailable(file, unavailable),
            GivenValue::Literal(literal) => {
                let typed = self.operand(file, ast::Operand::Literal(literal.clone()), true)?;
                let rewritten = typed.as_written_in(attribute.1);
                let (here, typed) = (typed.place, self.fitted(typed, attribute.1)?);
                match (attribute.1, typed.meaning) {
                    (Type::Network, Meaning::Constant(Constant::Text(text))) => {
                        let network = text::network(&text).map(Value::Network);
                        if let Err(error) = &network {
                            self.wrong_value(attribute, here, Some(error.to_string()));
                        }
                        network.ok()
                    }
                    (wanted, Meaning::Constant(constant)) if constant.value_type() == wanted => {
                        Some(constant.value())
                    }
                    (set, Meaning::Constant(_)) if set.member().is_some() => {
                        let help = format!("a set is given by its members: `[{}]`", literal.syntax().text());
                        self.wrong_value(attribute, here, Some(help));
                        None
                    }
                    _ => {
                        self.wrong_value(attribute, here, rewritten);
                        None
                    }
                }
            }
            GivenValue::List(list) if attribute.1.member().is_some() => self.set(file, attribute, list),
            GivenValue::List(list) => {
                self.wrong_value(attribute, place(file, list), None);
                None
            }
        }
    }

    fn unavailable(&mut self, file: u32, unavailable: &ast::Unavailable) -> Option<Value> {
        let word = unavailable.word()?;
        if word.text().eq_ignore_ascii_case("ABSENT") {
            return Some(Value::Absent);
        }
        let reason = self.text(file, &unavailable.reason()?)?;
        Some(Value::failed(reason))
    }

    fn set(
        &mut self,
        file: u32,
        attribute: (&AttributeName, Type, Place),
        list: &ast::List,
    ) -> Option<Value> {
        let wanted = attribute.1.member()?;
        let mut members = Vec::new();
        let mut proper = true;
        for member in list.members() {
            let here = place(file, &member);
            let typed = match member {
                ast::Operand::Name(name) => {
                    if let Some(token) = name.token() {
                        let message = format!("`{}` is not a value", token.text());
                        let help = format!("a text stands in quotes: `\"{}\"`", token.text());
                        self.report(Diagnostic::error(Code::InvalidList, here, message).help(help));
                    }
                    None
                }
                member => self
                    .operand(file, member, true)
                    .and_then(|typed| self.fitted(typed, wanted)),
            };
            match typed.map(|typed| (typed.as_written_in(wanted), typed.meaning)) {
                Some((_, Meaning::Constant(constant))) if constant.value_type() == wanted => {
                    members.push(constant.value());
                }
                Some((rewritten, _)) => {
                    let message = format!("`{}` is {}, its members are {wanted}", attribute.0, attribute.1);
                    let help = rewritten.unwrap_or_else(|| format!("write values of type {wanted}"));
                    let diagnostic = Diagnostic::error(Code::TypeMismatch, here, message).help(help);
                    self.report(diagnostic.also(attribute.2, "declared here"));
                    proper = false;
                }
                None => proper = false,
            }
        }
        if members.len() > SET_LIMIT {
            let message = format!(
                "this set has {} members, sets have at most {SET_LIMIT}",
                members.len()
            );
            let diagnostic = Diagnostic::error(Code::InvalidList, place(file, list), message);
            self.report(diagnostic.help("a longer one is unknown to policies: write `FAILED \"too long\"`"));
            return None;
        }
        proper.then(|| Value::set_of(wanted, members))
    }

    fn wrong_value(&mut self, attribute: (&AttributeName, Type, Place), here: Place, help: Option<String>) {
        let (name, declared, declaration) = attribute;
        let example = match declared {
            Type::Text => "write a text in quotes".to_owned(),
            Type::Boolean => "write `true` or `false`".to_owned(),
            set if set.member().is_some() => "write a list: `[\"a\", \"b\"]`".to_owned(),
            other => format!("write a value of type {other}"),
        };
        let message = format!("`{name}` is {declared}, and this value is not");
        let diagnostic = Diagnostic::error(Code::TypeMismatch, here, message)
            .also(declaration, format!("declared {declared} here"))
            .help(help.unwrap_or(example));
        self.report(diagnostic);
    }
}
