//! Conditions about where something stands: parts of texts, addresses in networks.

use aecp_vocabulary::value::Network;
use aecp_vocabulary::{Type, text};

use super::Checker;
use super::data::Entries;
use super::operands::{Meaning, Typed};
use super::windows::is_weekdays;
use crate::core::{Atom, Condition, Constant, InputIndex, Side};
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast;

impl Checker {
    pub(super) fn affixing(&mut self, file: u32, affixing: &ast::Affixing) -> Option<Condition> {
        let (left, right) = self.both(file, affixing.operands())?;
        let operator = if affixing.ends().is_some() {
            "ENDS WITH"
        } else {
            "STARTS WITH"
        };
        let text = self.attribute_of(operator, &left, &right, Type::Text)?;
        let Meaning::Constant(Constant::Text(part)) = &right.meaning else {
            let message = format!(
                "{operator} needs a text behind it, and `{}` is {}",
                right.written(),
                right.kind()
            );
            let help = match right.meaning {
                Meaning::List(_) | Meaning::Data(_) => "join conditions by OR, one for each text",
                _ => "write the text in quotes",
            };
            self.mismatch(message, &left, &right, Some(help.to_owned()));
            return None;
        };
        let side = if affixing.ends().is_some() {
            Side::End
        } else {
            Side::Start
        };
        let part = part.clone();
        Some(Condition::Atom(Atom::Affix { text, side, part }))
    }

    pub(super) fn location(&mut self, file: u32, location: &ast::Location) -> Option<Condition> {
        if location
            .operands()
            .nth(1)
            .is_some_and(|right| is_weekdays(&right))
        {
            self.no_zone(file, location);
            return None;
        }
        let (left, right) = self.both(file, location.operands())?;
        let address = self.attribute_of("WITHIN", &left, &right, Type::Address)?;
        let networks = match &right.meaning {
            Meaning::Input(network, Type::Network) => {
                let network = *network;
                return Some(Condition::Atom(Atom::Within { address, network }));
            }
            Meaning::Data(Entries::Networks(networks)) => {
                let networks = networks.clone();
                return Some(Condition::Atom(Atom::WithinOneOf { address, networks }));
            }
            Meaning::Data(entries) => {
                let message = format!(
                    "WITHIN needs networks, and `{}` is {}",
                    right.written(),
                    entries.kind()
                );
                let help = format!("declare it so: `DATA {}: CIDR …`", right.written());
                self.mismatch(message, &left, &right, Some(help));
                return None;
            }
            Meaning::Constant(Constant::Text(_)) => vec![self.network(&right)?],
            Meaning::List(list) => {
                let members: Vec<Option<Network>> = list
                    .members()
                    .map(|member| {
                        let member = self.operand(file, member, true)?;
                        self.network(&member)
                    })
                    .collect();
                members.into_iter().collect::<Option<Vec<_>>>()?
            }
            _ => {
                let message = format!(
                    "WITHIN needs a network, a list of networks or a CIDR attribute behind it, and `{}` is {}",
                    right.written(),
                    right.kind()
                );
                let help = "as in `connection.peer WITHIN \"10.0.0.0/8\"`";
                self.mismatch(message, &left, &right, Some(help.to_owned()));
                return None;
            }
        };
        if networks.is_empty() {
            let diagnostic = Diagnostic::error(Code::InvalidList, right.place, "the list is empty")
                .help("no address is in an empty list; write at least one network, or `false`");
            self.report(diagnostic);
            return None;
        }
        let networks = networks.into();
        Some(Condition::Atom(Atom::WithinOneOf { address, networks }))
    }

    /// The attribute before an operator that asks for one type.
    pub(super) fn attribute_of(
        &mut self,
        operator: &str,
        left: &Typed,
        right: &Typed,
        wanted: Type,
    ) -> Option<InputIndex> {
        match left.meaning {
            Meaning::Input(input, found) if found == wanted => Some(input),
            _ => {
                let message = format!(
                    "{operator} needs an attribute of type {wanted} before it, and `{}` is {}",
                    left.written(),
                    left.kind()
                );
                self.mismatch(message, left, right, None);
                None
            }
        }
    }

    fn network(&mut self, literal: &Typed) -> Option<Network> {
        let found = match &literal.meaning {
            Meaning::Constant(Constant::Text(written)) => {
                text::network(written).map_err(|error| error.to_string())
            }
            _ => Err(literal.kind().to_owned()),
        };
        match found {
            Ok(network) => Some(network),
            Err(why) => {
                let message = format!("`{}` should be a network here, and is {why}", literal.written());
                let diagnostic = Diagnostic::error(Code::TypeMismatch, literal.place, message);
                self.report(diagnostic.help("write it as in `\"10.0.0.0/8\"` or `\"2001:db8::/32\"`"));
                None
            }
        }
    }
}
