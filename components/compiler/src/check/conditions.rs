//! Conditions: types are checked, and operators become the few of the core.
//!
//! Every part is looked at, so that all its mistakes are reported; a condition with a mistake in it is `None`.

use aecp_vocabulary::Type;
use aecp_vocabulary::value::SET_LIMIT;

use super::operands::{Meaning, Typed};
use super::{Checker, place};
use crate::core::{
    Atom, Condition, Constant, InputIndex, Members, Operand, Quantifier, Relation, is_ordered,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::SyntaxKind as K;
use crate::syntax::ast;

impl Checker {
    pub(super) fn body(&mut self, file: u32, body: &ast::Body) -> Option<Condition> {
        body.condition()
            .and_then(|condition| self.condition(file, &condition))
    }

    fn condition(&mut self, file: u32, condition: &ast::Condition) -> Option<Condition> {
        match condition {
            ast::Condition::Or(or) => self.parts(file, or.parts()).map(Condition::Any),
            ast::Condition::And(and) => self.parts(file, and.parts()).map(Condition::All),
            ast::Condition::Not(not) => {
                let part = self.condition(file, &not.part()?)?;
                Some(Condition::Not(Box::new(part)))
            }
            ast::Condition::Paren(paren) => self.condition(file, &paren.part()?),
            ast::Condition::Comparison(comparison) => self.comparison(file, comparison),
            ast::Condition::Membership(membership) => self.membership(file, membership),
            ast::Condition::Containment(containment) => self.containment(file, containment),
            ast::Condition::Affixing(affixing) => self.affixing(file, affixing),
            ast::Condition::Matching(matching) => self.matching(file, matching),
            ast::Condition::Location(location) => self.location(file, location),
            ast::Condition::During(during) => self.during(file, during),
            ast::Condition::Presence(presence) => self.presence(file, presence),
            ast::Condition::Bare(bare) => self.bare(file, bare),
        }
    }

    fn parts(&mut self, file: u32, parts: impl Iterator<Item = ast::Condition>) -> Option<Vec<Condition>> {
        let parts: Vec<Option<Condition>> = parts.map(|part| self.condition(file, &part)).collect();
        parts.into_iter().collect()
    }

    /// Left and right of an operator, both looked at before either is missed.
    pub(super) fn both(
        &mut self,
        file: u32,
        mut operands: impl Iterator<Item = ast::Operand>,
    ) -> Option<(Typed, Typed)> {
        let left = operands
            .next()
            .and_then(|operand| self.operand(file, operand, false));
        let right = operands
            .next()
            .and_then(|operand| self.operand(file, operand, true));
        left.zip(right)
    }

    fn comparison(&mut self, file: u32, comparison: &ast::Comparison) -> Option<Condition> {
        let (left, right) = self.both(file, comparison.operands())?;
        let (left, right) = match (left.value_type(), right.value_type()) {
            (Some(left_type), Some(right_type)) => {
                let (left, right) = (self.fitted(left, right_type), self.fitted(right, left_type));
                left.zip(right)?
            }
            _ => (left, right),
        };
        let operator = comparison.operator()?;
        let (Some(left_type), Some(right_type)) = (left.value_type(), right.value_type()) else {
            let list = if left.value_type().is_none() {
                &left
            } else {
                &right
            };
            let message = format!("`{}` does not compare lists", operator.text());
            let diagnostic = Diagnostic::error(Code::InvalidList, list.place, message)
                .help("ask with IN whether a value is one of several: `a IN [\"x\", \"y\"]`");
            self.report(diagnostic);
            return None;
        };
        match operator.kind() {
            K::Equal | K::EqualEqual | K::NotEqual => {
                if left_type.member().is_some() || right_type.member().is_some() {
                    let message = format!("`{}` does not compare sets", operator.text());
                    let help = "ask with CONTAINS whether a set has a member: `tags CONTAINS \"x\"`";
                    self.mismatch(message, &left, &right, Some(help.to_owned()));
                    return None;
                }
                if left_type == Type::Network || right_type == Type::Network {
                    let message = format!("`{}` does not compare networks", operator.text());
                    let help = "ask with WITHIN whether an address is in one: `peer WITHIN \"10.0.0.0/8\"`";
                    self.mismatch(message, &left, &right, Some(help.to_owned()));
                    return None;
                }
                if left_type != right_type {
                    let message = format!(
                        "`{}` is {left_type} and cannot be compared with `{}`, which is {right_type}",
                        left.written(),
                        right.written()
                    );
                    let help = right
                        .as_written_in(left_type)
                        .or_else(|| left.as_written_in(right_type));
                    self.mismatch(message, &left, &right, help);
                    return None;
                }
            }
            _ => {
                if left_type != right_type || !is_ordered(left_type) {
                    let message = format!(
                        "`{}` compares numbers, instants or durations of one type, not {left_type} with {right_type}",
                        operator.text()
                    );
                    let help = right
                        .as_written_in(left_type)
                        .or_else(|| left.as_written_in(right_type));
                    self.mismatch(message, &left, &right, help);
                    return None;
                }
            }
        }
        if self.is_outside(&left, &right) || self.is_outside(&right, &left) {
            return None;
        }
        let (left, right) = (left.operand()?, right.operand()?);
        let compare = |left, relation, right| {
            Condition::Atom(Atom::Compare {
                left,
                relation,
                right,
            })
        };
        Some(match operator.kind() {
            K::NotEqual => Condition::Not(Box::new(compare(left, Relation::Equal, right))),
            K::Less => compare(left, Relation::Less, right),
            K::LessEqual => compare(left, Relation::LessOrEqual, right),
            K::Greater => compare(right, Relation::Less, left),
            K::GreaterEqual => compare(right, Relation::LessOrEqual, left),
            _ => compare(left, Relation::Equal, right),
        })
    }

    fn membership(&mut self, file: u32, membership: &ast::Membership) -> Option<Condition> {
        let (left, right) = self.both(file, membership.operands())?;
        let Some(left_type) = left.value_type() else {
            let diagnostic =
                Diagnostic::error(Code::InvalidList, left.place, "a list cannot stand before IN")
                    .help("the value stands before IN, the list behind it");
            self.report(diagnostic);
            return None;
        };
        if left_type.member().is_some() {
            let message = format!("`{}` is {left_type}, and IN asks for one value", left.written());
            let help = format!("ask for each member: `{} CONTAINS \"x\"`", left.written());
            self.mismatch(message, &left, &right, Some(help));
            return None;
        }
        let atom = match &right.meaning {
            Meaning::List(list) if left_type == Type::Network => {
                let message = "IN does not compare networks";
                let help = "ask with WITHIN whether an address is in one: `peer WITHIN [\"10.0.0.0/8\"]`";
                self.report(Diagnostic::error(Code::InvalidList, place(file, list), message).help(help));
                return None;
            }
            Meaning::List(list) => {
                let members = self.members(file, list, left.written(), left.input(), left_type)?;
                Atom::OneOf {
                    element: left.operand()?,
                    members,
                }
            }
            Meaning::Data(entries) => Atom::OneOf {
                members: self.data_of(entries, &left, &right, left_type)?,
                element: left.operand()?,
            },
            Meaning::Input(set, set_type) if set_type.member().is_some() => {
                let (set, wanted) = (*set, set_type.member()?);
                let left = self.fitted(left, wanted)?;
                if left.value_type() != Some(wanted) {
                    let message = format!(
                        "`{}` is {}, and the set has {wanted} members",
                        left.written(),
                        left.kind()
                    );
                    let help = left.as_written_in(wanted);
                    self.mismatch(message, &left, &right, help);
                    return None;
                }
                Atom::Contains {
                    set,
                    element: left.operand()?,
                }
            }
            _ => {
                let message = format!(
                    "IN needs a list or a set, and `{}` is {}",
                    right.written(),
                    right.kind()
                );
                let help = match right.meaning {
                    Meaning::Constant(_) => format!("write a list: `[{}]`", right.written()),
                    _ => "compare two values with `==`".to_owned(),
                };
                self.mismatch(message, &left, &right, Some(help));
                return None;
            }
        };
        let condition = Condition::Atom(atom);
        Some(if membership.negation().is_some() {
            Condition::Not(Box::new(condition))
        } else {
            condition
        })
    }

    /// The members of a list, sorted, each once. `element` is what is compared with them, of type `wanted`, and
    /// `compared` its index if it is an input.
    pub(super) fn members(
        &mut self,
        file: u32,
        list: &ast::List,
        element: String,
        compared: Option<InputIndex>,
        wanted: Type,
    ) -> Option<Members<Constant>> {
        let mut members = Vec::new();
        let mut proper = true;
        for member in list.members() {
            let member = self.operand(file, member, true);
            let Some(member) = member.and_then(|member| self.fitted(member, wanted)) else {
                proper = false;
                continue;
            };
            let found = member.value_type();
            match member.meaning {
                Meaning::Constant(constant) if found == Some(wanted) => match compared {
                    Some(input) if self.is_no_choice(input, &constant, member.place) => {
                        proper = false;
                    }
                    _ => members.push(constant),
                },
                Meaning::Constant(_) => {
                    let message = format!(
                        "`{element}` is {wanted}, and the list has `{}`, which is {}",
                        member.written(),
                        member.kind()
                    );
                    let help = member.as_written_in(wanted);
                    let help = help.unwrap_or_else(|| format!("write a value of type {wanted}"));
                    let diagnostic = Diagnostic::error(Code::TypeMismatch, member.place, message);
                    self.report(diagnostic.label(format!("this is {}", member.kind())).help(help));
                    proper = false;
                }
                Meaning::Input(..) | Meaning::Term(_) | Meaning::List(_) | Meaning::Data(_) => {
                    let message = "lists hold values that stand in the policy";
                    let help = format!("compare with the attribute by itself: `… OR {element} == …`");
                    self.report(Diagnostic::error(Code::InvalidList, member.place, message).help(help));
                    proper = false;
                }
            }
        }
        if proper && members.is_empty() {
            let diagnostic = Diagnostic::error(Code::InvalidList, place(file, list), "the list is empty")
                .help("nothing is in an empty list; write at least one value, or `false`");
            self.report(diagnostic);
            return None;
        }
        proper.then(|| members.into())
    }

    fn containment(&mut self, file: u32, containment: &ast::Containment) -> Option<Condition> {
        let (left, right) = self.both(file, containment.operands())?;
        let (Meaning::Input(set, _), Some(wanted)) =
            (&left.meaning, left.value_type().and_then(Type::member))
        else {
            let message = format!(
                "CONTAINS needs a set before it, and `{}` is {}",
                left.written(),
                left.kind()
            );
            let help = match left.meaning {
                Meaning::List(_) | Meaning::Data(_) => {
                    format!("write `{} IN {}`", right.written(), left.written())
                }
                _ => format!(
                    "compare it with `==`, or with a list: `{} IN [\"x\"]`",
                    left.written()
                ),
            };
            self.mismatch(message, &left, &right, Some(help));
            return None;
        };
        let set = *set;
        let contains = |element| Condition::Atom(Atom::Contains { set, element });
        if containment.any().is_some() || containment.all().is_some() {
            let quantifier = match containment.any() {
                Some(_) => Quantifier::Any,
                None => Quantifier::All,
            };
            if let Meaning::Data(entries) = &right.meaning {
                let members = self.data_of(entries, &left, &right, wanted)?;
                if quantifier == Quantifier::All && members.len() > SET_LIMIT {
                    let message = format!(
                        "`{}` has {} members, and no set has more than {SET_LIMIT}",
                        right.written(),
                        members.len()
                    );
                    let diagnostic = Diagnostic::error(Code::InvalidList, right.place, message)
                        .help("no set contains all of them; ask for one: `CONTAINS ANY`");
                    self.report(diagnostic);
                    return None;
                }
                return Some(Condition::Atom(Atom::ContainsOf {
                    set,
                    quantifier,
                    members,
                }));
            }
            let Meaning::List(list) = &right.meaning else {
                let message = format!(
                    "ANY and ALL need a list, and `{}` is {}",
                    right.written(),
                    right.kind()
                );
                let help = format!("write a list: `[{}]`", right.written());
                self.mismatch(message, &left, &right, Some(help));
                return None;
            };
            let members = self.members(file, list, left.written(), None, wanted)?;
            let each = members
                .iter()
                .map(|member| contains(Operand::Constant(member.clone())))
                .collect();
            return Some(match quantifier {
                Quantifier::Any => Condition::Any(each),
                Quantifier::All => Condition::All(each),
            });
        }
        let right = self.fitted(right, wanted)?;
        if right.value_type() != Some(wanted) {
            let message = format!(
                "the members of `{}` are {wanted}, and `{}` is {}",
                left.written(),
                right.written(),
                right.kind()
            );
            let help = match right.meaning {
                Meaning::List(_) | Meaning::Data(_) => Some(
                    "ask for one or all of them: `tags CONTAINS ANY [\"x\", \"y\"]`, `tags CONTAINS ALL [\"x\", \"y\"]`"
                        .to_owned(),
                ),
                _ => right.as_written_in(wanted),
            };
            self.mismatch(message, &left, &right, help);
            return None;
        }
        Some(contains(right.operand()?))
    }

    fn presence(&mut self, file: u32, presence: &ast::Presence) -> Option<Condition> {
        let operand = self.operand(file, presence.operand()?, false)?;
        let Meaning::Input(input, _) = operand.meaning else {
            let message = format!(
                "IS PRESENT asks for an attribute, and `{}` is none",
                operand.written()
            );
            let diagnostic = Diagnostic::error(Code::TypeMismatch, operand.place, message)
                .help("write the attribute's name: `customer.region IS PRESENT`");
            self.report(diagnostic);
            return None;
        };
        if let Some(parameter) = self.parameter_at(input) {
            let message = format!("the parameter `{parameter}` is always present");
            let diagnostic = Diagnostic::error(Code::TypeMismatch, operand.place, message)
                .help("IS PRESENT asks whether a request has an attribute; leave it out here");
            self.report(diagnostic);
            return None;
        }
        let condition = Condition::Atom(Atom::IsPresent(input));
        Some(if presence.negation().is_some() {
            Condition::Not(Box::new(condition))
        } else {
            condition
        })
    }

    fn bare(&mut self, file: u32, bare: &ast::Bare) -> Option<Condition> {
        let operand = self.operand(file, bare.operand()?, false)?;
        match operand.meaning {
            Meaning::Input(input, Type::Boolean) => Some(Condition::Atom(Atom::IsTrue(input))),
            Meaning::Constant(Constant::Boolean(holds)) => Some(Condition::Constant(holds)),
            _ => {
                let (written, kind) = (operand.written(), operand.kind());
                let help = match operand.value_type() {
                    Some(set) if set.member().is_some() => {
                        format!("ask for a member: `{written} CONTAINS \"x\"`")
                    }
                    Some(Type::Integer | Type::Decimal) => format!("compare it: `{written} >= 1`"),
                    Some(Type::Duration) => format!("compare it: `{written} <= 15m`"),
                    Some(Type::Address) => format!("ask where it is: `{written} WITHIN \"10.0.0.0/8\"`"),
                    Some(_) => format!("compare it: `{written} == \"x\"`"),
                    None => "a list stands behind IN: `a IN [\"x\", \"y\"]`".to_owned(),
                };
                let message = format!("`{written}` is {kind}, not a condition");
                let mut diagnostic =
                    Diagnostic::error(Code::NotACondition, operand.place, message).help(help);
                if let Some(declared) = operand.declared {
                    diagnostic = diagnostic.also(declared, format!("declared as {kind} here"));
                }
                self.report(diagnostic);
                None
            }
        }
    }

    /// Reports operands that do not fit, with both types and where they come from.
    pub(super) fn mismatch(&mut self, message: String, left: &Typed, right: &Typed, help: Option<String>) {
        let is = |typed: &Typed| format!("this is {}", typed.kind());
        let mut diagnostic = Diagnostic::error(Code::TypeMismatch, right.place, message)
            .label(is(right))
            .also(left.place, is(left));
        for typed in [left, right] {
            if let Some(declared) = typed.declared {
                diagnostic = diagnostic.also(declared, format!("declared as {} here", typed.kind()));
            }
        }
        let help =
            help.unwrap_or_else(|| "compare values of one type, or change the type in the schema".to_owned());
        self.report(diagnostic.help(help));
    }
}
