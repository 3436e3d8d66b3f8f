//! The condition of a FILTER: comparisons of a row's fields, joined by AND.

use aecp_vocabulary::obligation::{CONDITION_LIMIT, MEMBER_LIMIT, RowCondition, RowRelation};
use aecp_vocabulary::policy::Segment;
use aecp_vocabulary::{AttributeName, Type};

use super::declarations::find;
use super::operands::{Meaning, Typed};
use super::{Checker, place, token_place};
use crate::core::Constant;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::syntax::SyntaxKind as K;
use crate::syntax::ast::{self, Condition};

/// What the names of fields begin with.
const ROW: &str = "row.";

const FORM: &str = "rows are filtered by comparisons of their fields, joined by AND: \
                    `row.region == customer.region AND row.tier IN [\"a\", \"b\"]`";

type Described = RowCondition<Vec<Segment>>;

/// A field of a row.
struct Field {
    name: AttributeName,
    place: Place,
}

impl Checker {
    pub(super) fn row_conditions(&mut self, file: u32, body: &ast::Body) -> Option<Vec<Described>> {
        let condition = body.condition()?;
        let mut found = Vec::new();
        let sound = self.row_condition(file, &condition, &mut found);
        if found.len() > CONDITION_LIMIT {
            let message = format!("a filter has at most {CONDITION_LIMIT} comparisons");
            self.refused(
                place(file, body),
                message,
                "split it into several obligations: all of them hold",
            );
            return None;
        }
        sound.then_some(found)
    }

    /// Gathers the comparisons of a condition; false if something is wrong, which is reported.
    fn row_condition(&mut self, file: u32, condition: &Condition, found: &mut Vec<Described>) -> bool {
        let comparison = match condition {
            Condition::And(and) => {
                // Every part is looked at, so that all its mistakes are reported.
                let mut sound = true;
                for part in and.parts() {
                    sound &= self.row_condition(file, &part, found);
                }
                return sound;
            }
            Condition::Paren(paren) => {
                let Some(part) = paren.part() else { return false };
                return self.row_condition(file, &part, found);
            }
            Condition::Comparison(comparison) => self.row_comparison(file, comparison),
            Condition::Membership(membership) if membership.negation().is_none() => {
                self.row_membership(file, membership)
            }
            _ => {
                self.refused(
                    place(file, condition),
                    "this is no comparison that rows are filtered by",
                    FORM,
                );
                None
            }
        };
        let sound = comparison.is_some();
        found.extend(comparison);
        sound
    }

    fn row_comparison(&mut self, file: u32, comparison: &ast::Comparison) -> Option<Described> {
        let mut operands = comparison.operands();
        let (left, right) = (operands.next()?, operands.next()?);
        let operator = comparison.operator()?;
        let is_left = is_field(&left);
        if is_left == is_field(&right) {
            let message = if is_left {
                "two fields of a row are not compared with each other"
            } else {
                "this compares no field of the row"
            };
            self.refused(place(file, comparison), message, FORM);
            return None;
        }
        let (field, other) = if is_left { (left, right) } else { (right, left) };
        let field = self.field(file, &field);
        let other = self.operand(file, other, true);
        let (field, other) = (field?, other?);
        let relation = match (operator.kind(), is_left) {
            (K::NotEqual, _) => RowRelation::NotEqual,
            (K::Less, true) | (K::Greater, false) => RowRelation::Less,
            (K::LessEqual, true) | (K::GreaterEqual, false) => RowRelation::LessOrEqual,
            (K::Greater, true) | (K::Less, false) => RowRelation::Greater,
            (K::GreaterEqual, true) | (K::LessEqual, false) => RowRelation::GreaterOrEqual,
            _ => RowRelation::Equal,
        };
        // A text has no order, so what has one and is written in quotes is an instant.
        let other = match other.meaning {
            Meaning::Constant(Constant::Text(_)) if relation.is_of_order() => {
                self.fitted(other, Type::Instant)?
            }
            _ => other,
        };
        let Some(value_type) = other.value_type() else {
            self.refused(
                other.place,
                "rows are compared with one value, or by IN with a list",
                FORM,
            );
            return None;
        };
        if !relation.takes(value_type) {
            self.not_compared(&field, &other, operator.text());
            return None;
        }
        let value = match other.meaning {
            Meaning::Input(index, _) => vec![Segment::Input(index.0)],
            Meaning::Constant(constant) => literal(&constant),
            Meaning::Term(_) => {
                let message = "rows are not compared with what is calculated";
                self.refused(other.place, message, "let an extractor calculate it");
                return None;
            }
            Meaning::List(_) | Meaning::Data(_) => return None,
        };
        Some(RowCondition {
            field: field.name,
            value_type,
            relation,
            values: vec![value],
        })
    }

    fn row_membership(&mut self, file: u32, membership: &ast::Membership) -> Option<Described> {
        let mut operands = membership.operands();
        let (left, right) = (operands.next()?, operands.next()?);
        let ast::Operand::List(list) = &right else {
            let help = "write the list where it stands: `row.region IN [\"a\", \"b\"]`";
            self.refused(
                place(file, &right),
                "rows are filtered by lists that stand in the policy",
                help,
            );
            return None;
        };
        if !is_field(&left) {
            self.refused(place(file, &left), "this is no field of the row", FORM);
            return None;
        }
        let field = self.field(file, &left)?;
        let wanted = list
            .members()
            .next()
            .map_or(Type::Text, |first| self.type_of(&first));
        let members = self.members(file, list, format!("{ROW}{}", field.name), None, wanted)?;
        if members.len() > MEMBER_LIMIT {
            let message = format!("rows are compared with at most {MEMBER_LIMIT} values");
            self.refused(place(file, list), message, "shorten the list");
            return None;
        }
        Some(RowCondition {
            field: field.name,
            value_type: wanted,
            relation: RowRelation::In,
            values: members.iter().map(literal).collect(),
        })
    }

    /// The type of a literal, as far as can be told without reporting anything.
    fn type_of(&self, member: &ast::Operand) -> Type {
        let ast::Operand::Literal(written) = member else {
            return Type::Text;
        };
        match written.token() {
            Some((_, token)) if matches!(token.kind(), K::TrueKeyword | K::FalseKeyword) => Type::Boolean,
            Some((negative, token)) if token.kind() == K::Number => {
                super::operands::number(negative, token.text())
                    .map_or(Type::Integer, |constant| constant.value_type())
            }
            _ => Type::Text,
        }
    }

    /// A field by its name without `row.`.
    fn field(&mut self, file: u32, operand: &ast::Operand) -> Option<Field> {
        let ast::Operand::Name(name) = operand else {
            return None;
        };
        let token = name.token()?;
        let here = token_place(file, &token);
        if let Some((_, attribute)) = find(&self.attributes, token.text()) {
            let message = format!("`{}` is both a field of the rows and an attribute", token.text());
            let diagnostic = Diagnostic::error(Code::ReservedName, here, message)
                .also(attribute.place, "the attribute is declared here")
                .help("give the attribute another name");
            self.report(diagnostic);
            return None;
        }
        let Some(name) = token.text().strip_prefix(ROW).and_then(|name| name.parse().ok()) else {
            let message = "the name of this field is too long";
            self.refused(here, message, "names have at most 128 bytes");
            return None;
        };
        Some(Field { name, place: here })
    }

    fn not_compared(&mut self, field: &Field, other: &Typed, operator: &str) {
        let message = format!(
            "`{operator}` does not compare a field of the row with `{}`, which is {}",
            other.written(),
            other.kind()
        );
        let mut diagnostic = Diagnostic::error(Code::TypeMismatch, other.place, message)
            .label(format!("this is {}", other.kind()))
            .also(field.place, "compared with this field");
        if let Some(declared) = other.declared {
            diagnostic = diagnostic.also(declared, format!("declared as {} here", other.kind()));
        }
        let help = "rows are compared with one value; `<` and its kin need numbers, instants or durations";
        self.report(diagnostic.help(help));
    }
}

fn is_field(operand: &ast::Operand) -> bool {
    match operand {
        ast::Operand::Name(name) => name.token().is_some_and(|token| token.text().starts_with(ROW)),
        _ => false,
    }
}

fn literal(constant: &Constant) -> Vec<Segment> {
    vec![Segment::Literal(constant.value().to_string())]
}
