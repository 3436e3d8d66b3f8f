//! Operands: attributes are looked up, literals are read.

use aecp_vocabulary::value::DECIMAL_UNIT;
use aecp_vocabulary::{Type, text};

use super::data::Entries;
use super::declarations::find;
use super::{Checker, place, token_place};
use crate::core::term::Term;
use crate::core::{Constant, InputIndex, Operand};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::suggest::nearest;
use crate::syntax::ast::{self, AstNode};
use crate::syntax::literal::{self, NumberError};
use crate::syntax::{SyntaxKind as K, SyntaxToken};

/// An operand whose type is known.
pub(super) struct Typed {
    pub(super) meaning: Meaning,
    pub(super) place: Place,
    /// Where the schema declares the attribute.
    pub(super) declared: Option<Place>,
    pub(super) node: ast::Operand,
}

/// What an operand is.
pub(super) enum Meaning {
    Input(InputIndex, Type),
    Constant(Constant),
    Term(Box<Term>),
    List(ast::List),
    /// A named list.
    Data(Entries),
}

impl Typed {
    pub(super) fn value_type(&self) -> Option<Type> {
        match &self.meaning {
            Meaning::Input(_, value_type) => Some(*value_type),
            Meaning::Constant(constant) => Some(constant.value_type()),
            Meaning::Term(term) => Some(term.value_type()),
            Meaning::List(_) | Meaning::Data(_) => None,
        }
    }

    /// The input that it is.
    pub(super) fn input(&self) -> Option<InputIndex> {
        match self.meaning {
            Meaning::Input(index, _) => Some(index),
            _ => None,
        }
    }

    pub(super) fn operand(self) -> Option<Operand> {
        match self.meaning {
            Meaning::Input(index, _) => Some(Operand::Input(index)),
            Meaning::Constant(constant) => Some(Operand::Constant(constant)),
            Meaning::Term(term) => Some(Operand::Term(term)),
            Meaning::List(_) | Meaning::Data(_) => None,
        }
    }

    /// How it is written.
    pub(super) fn node(&self) -> &ast::Operand {
        &self.node
    }

    pub(super) fn written(&self) -> String {
        let text = one_line(&self.node.syntax().text().to_string());
        let mut shown: String = text.chars().take(60).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        shown
    }

    pub(super) fn kind(&self) -> &'static str {
        match &self.meaning {
            Meaning::Data(entries) => entries.kind(),
            _ => self.value_type().map_or("a list", Type::name),
        }
    }

    /// How the same value would be written in another type.
    pub(super) fn as_written_in(&self, wanted: Type) -> Option<String> {
        match (&self.meaning, wanted) {
            (Meaning::Constant(Constant::Text(text)), Type::Integer) => text
                .parse::<i64>()
                .ok()
                .map(|number| format!("write `{number}` without quotes")),
            (Meaning::Constant(Constant::Text(text)), Type::Boolean) if text == "true" || text == "false" => {
                Some(format!("write `{text}` without quotes"))
            }
            (Meaning::Constant(Constant::Integer(_) | Constant::Boolean(_)), Type::Text) => {
                Some(format!("write `\"{}\"`", self.written()))
            }
            _ => None,
        }
    }
}

/// What may be written on several lines, on one.
fn one_line(text: &str) -> String {
    if text.contains('\n') {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        lines.join(" ")
    } else {
        text.to_owned()
    }
}

/// An integer, a decimal or a duration.
pub(super) fn number(negative: bool, digits: &str) -> Result<Constant, NumberError> {
    let signed = || format!("{}{digits}", if negative { "-" } else { "" });
    if digits.contains('.') {
        let units = text::decimal(&signed()).map_err(|_| NumberError::NotDigits)?;
        return Ok(Constant::Decimal(units));
    }
    match literal::integer(negative, digits) {
        Err(NumberError::NotDigits) => text::duration(&signed())
            .map(Constant::Duration)
            .map_err(|_| NumberError::NotDigits),
        integer => integer.map(Constant::Integer),
    }
}

/// A constant as one of another type, if it stands for one there; why not, if it should.
fn as_type(constant: &Constant, wanted: Type) -> Option<Result<Constant, String>> {
    Some(match (constant, wanted) {
        (Constant::Text(written), Type::Instant) => text::instant(written)
            .map(Constant::Instant)
            .map_err(|error| error.to_string()),
        (Constant::Text(written), Type::Address) => text::address(written)
            .map(Constant::Address)
            .map_err(|error| error.to_string()),
        (Constant::Integer(number), Type::Decimal) => number
            .checked_mul(DECIMAL_UNIT)
            .map(Constant::Decimal)
            .ok_or_else(|| "larger than decimals are".to_owned()),
        _ => return None,
    })
}

impl Checker {
    /// Gives a literal the type of what it stands beside, where it can be read so: texts stand for instants and
    /// addresses, integers for decimals. None if it should and cannot, which is reported.
    pub(super) fn fitted(&mut self, mut typed: Typed, wanted: Type) -> Option<Typed> {
        if let Meaning::Constant(constant) = &typed.meaning {
            match as_type(constant, wanted) {
                Some(Ok(constant)) => typed.meaning = Meaning::Constant(constant),
                Some(Err(why)) => {
                    let message = format!("`{}` should be {wanted} here, and is {why}", typed.written());
                    let diagnostic = Diagnostic::error(Code::TypeMismatch, typed.place, message);
                    self.report(diagnostic.help(format!("write a value of type {wanted}")));
                    return None;
                }
                None => {}
            }
        }
        Some(typed)
    }

    pub(super) fn operand(&mut self, file: u32, node: ast::Operand, is_right: bool) -> Option<Typed> {
        let here = place(file, &node);
        let (meaning, declared) = match &node {
            ast::Operand::Name(name) => {
                let token = name.token()?;
                match find(&self.attributes, token.text()) {
                    Some((index, attribute)) => (
                        Meaning::Input(InputIndex(index), attribute.value_type?),
                        Some(attribute.place),
                    ),
                    None => match self.named_data(token.text()) {
                        Some((entries, declared)) => (Meaning::Data(entries?), Some(declared)),
                        None => {
                            self.unknown_attribute(file, &token, is_right);
                            return None;
                        }
                    },
                }
            }
            ast::Operand::Literal(literal) => (Meaning::Constant(self.constant(file, literal)?), None),
            ast::Operand::List(list) => (Meaning::List(list.clone()), None),
            ast::Operand::Sum(_)
            | ast::Operand::Product(_)
            | ast::Operand::Negative(_)
            | ast::Operand::Group(_) => return self.term(file, &node),
        };
        Some(Typed {
            meaning,
            place: here,
            declared,
            node,
        })
    }

    pub(super) fn constant(&mut self, file: u32, written: &ast::Literal) -> Option<Constant> {
        let (negative, token) = written.token()?;
        match token.kind() {
            K::TrueKeyword => Some(Constant::Boolean(true)),
            K::FalseKeyword => Some(Constant::Boolean(false)),
            K::Number => match number(negative, token.text()) {
                Ok(constant) => Some(constant),
                Err(error) => {
                    self.number_error(place(file, written), &token, error);
                    None
                }
            },
            _ => self.text(file, written).map(Constant::Text),
        }
    }

    fn number_error(&mut self, here: Place, token: &SyntaxToken, error: NumberError) {
        let written = token.text();
        let diagnostic = match error {
            NumberError::OutOfRange => {
                let message = format!(
                    "the integer does not fit 64 bits: they reach from {} to {}",
                    i64::MIN,
                    i64::MAX
                );
                Diagnostic::error(Code::IntegerOutOfRange, here, message)
                    .help("write a number inside that range")
            }
            NumberError::NotDigits if written.contains('.') => {
                let message = format!("`{written}` is not a decimal");
                Diagnostic::error(Code::InvalidInteger, here, message)
                    .help("decimals have up to 12 digits before the point and up to six behind it")
            }
            NumberError::NotDigits => Diagnostic::error(
                Code::InvalidInteger,
                here,
                format!("`{written}` is neither an integer nor a name"),
            )
            .help(
                "integers have digits only, durations numbers with units (`1h30m`), names do not begin with a digit, \
                 texts stand in `\"`",
            ),
        };
        self.report(diagnostic);
    }

    pub(super) fn unknown_attribute(&mut self, file: u32, token: &SyntaxToken, is_right: bool) {
        let may_be_text = is_right && token.kind() == K::Word;
        self.no_such_attribute(token_place(file, token), token.text(), may_be_text);
    }

    pub(super) fn no_such_attribute(&mut self, here: Place, written: &str, may_be_text: bool) {
        if self.is_full() {
            // Nobody will read it, and the search for near names costs.
            self.errors = self.errors.saturating_add(1);
            return;
        }
        let may_search = self.may_search(self.attributes.len().saturating_add(self.data.len()));
        let names = || {
            let attributes = self.attributes.iter().map(|attribute| attribute.name.as_str());
            attributes
                .chain(self.data.keys().map(String::as_str))
                .filter(|_| may_search)
        };
        let last_part = written.rsplit('.').next();
        let of_same_part = || names().find(|name| name.rsplit('.').next() == last_part);
        let help = match nearest(written, names()).or_else(of_same_part) {
            Some(name) => format!("did you mean `{name}`?"),
            None if may_be_text => {
                format!("a text stands in quotes: `\"{written}\"`")
            }
            None => format!("declare it: `SCHEMA {{ {written}: TEXT }}`"),
        };
        let message = format!("no schema declares the attribute `{written}`");
        self.report(Diagnostic::error(Code::UnknownAttribute, here, message).help(help));
    }
}
