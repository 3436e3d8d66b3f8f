//! The values that tests give, checked against the schema.

use aecp_vocabulary::value::SET_LIMIT;
use aecp_vocabulary::{AttributeName, Type, Value};

use super::declarations::find;
use super::operands::Meaning;
use super::{Checker, place, token_place};
use crate::core::Constant;
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
        let here = token_place(file, &token);
        // Without a type there is a mistake in the schema, which is reported there.
        let value = match (attribute.value_type, setting.value()) {
            (Some(value_type), Some(value)) => self.given(file, (&name, value_type, declared), &value),
            _ => None,
        };
        Some((name, here, value))
    }

    fn given(
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
                match (attribute.1, typed.meaning) {
                    (Type::Text, Meaning::Constant(Constant::Text(text))) => Some(Value::Text(text)),
                    (Type::Integer, Meaning::Constant(Constant::Integer(number))) => {
                        Some(Value::Integer(number))
                    }
                    (Type::Boolean, Meaning::Constant(Constant::Boolean(holds))) => {
                        Some(Value::Boolean(holds))
                    }
                    (Type::SetOfText, Meaning::Constant(Constant::Text(_))) => {
                        let help = format!("a set is given by its members: `[{}]`", literal.syntax().text());
                        self.wrong_value(attribute, typed.place, Some(help));
                        None
                    }
                    _ => {
                        self.wrong_value(attribute, typed.place, rewritten);
                        None
                    }
                }
            }
            GivenValue::List(list) if attribute.1 == Type::SetOfText => self.set(file, attribute, list),
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
                member => self.operand(file, member, true),
            };
            match typed.map(|typed| (typed.as_written_in(Type::Text), typed.meaning)) {
                Some((_, Meaning::Constant(Constant::Text(text)))) => members.push(text),
                Some((rewritten, _)) => {
                    let message = format!("`{}` is {}, its members are texts", attribute.0, attribute.1);
                    let help = rewritten.unwrap_or_else(|| "write texts in quotes".to_owned());
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
        proper.then_some(Value::SetOfText(members))
    }

    fn wrong_value(&mut self, attribute: (&AttributeName, Type, Place), here: Place, help: Option<String>) {
        let (name, declared, declaration) = attribute;
        let example = match declared {
            Type::Text => "write a text in quotes",
            Type::Integer => "write an integer",
            Type::Boolean => "write `true` or `false`",
            Type::SetOfText => "write a list of texts: `[\"a\", \"b\"]`",
            _ => "values of this type cannot be given in this version; write `ABSENT` or `FAILED \"why\"`",
        };
        let message = format!("`{name}` is {declared}, and this value is not");
        let diagnostic = Diagnostic::error(Code::TypeMismatch, here, message)
            .also(declaration, format!("declared {declared} here"))
            .help(help.unwrap_or_else(|| example.to_owned()));
        self.report(diagnostic);
    }
}
