//! Obligations as the language writes them.

use aecp_vocabulary::obligation::{Duty, Masking, RowCondition, RowRelation};
use aecp_vocabulary::policy::{Obligation, Segment};
use aecp_vocabulary::{Type, Value};

use super::Words;
use crate::core::InputIndex;
use crate::syntax::literal::quoted;

impl Words<'_> {
    /// An obligation without its field's name; one that the language does not have by its kind alone.
    pub(crate) fn obligation(&self, obligation: &Obligation) -> String {
        let mut text = match Duty::described(obligation) {
            Ok(duty) => self.duty(&duty),
            Err(_) => obligation.kind.clone(),
        };
        super::cut(&mut text);
        text
    }

    fn duty(&self, duty: &Duty<Vec<Segment>>) -> String {
        match duty {
            Duty::Mask { path, how } => match how {
                Masking::Hide(None) => format!("MASK {path}"),
                Masking::Hide(Some(with)) => format!("MASK {path} WITH {}", quoted(with)),
                Masking::KeepLast(count) => format!("MASK {path} KEEP LAST {count}"),
            },
            Duty::Filter { rows, conditions } => {
                let conditions: Vec<String> = conditions
                    .iter()
                    .map(|condition| self.row_condition(condition))
                    .collect();
                let rows = if rows.as_str() == "response.body" {
                    "rows"
                } else {
                    rows.as_str()
                };
                format!("FILTER {rows} WHERE {}", conditions.join(" AND "))
            }
            Duty::Limit { key, count } => {
                format!("LIMIT {count} PER {} BY {}", Value::Duration(key.window), key.key)
            }
            Duty::Notify(notification) => {
                let to = quoted(&notification.to);
                match &notification.message {
                    None => format!("NOTIFY {to}"),
                    Some(message) => format!("NOTIFY {to} WITH {}", quoted(&self.template(message))),
                }
            }
        }
    }

    fn row_condition(&self, condition: &RowCondition<Vec<Segment>>) -> String {
        let value = |value: &Vec<Segment>| match value.as_slice() {
            [Segment::Input(position)] => self.name(InputIndex(*position)).to_owned(),
            segments => {
                let text: String = segments.iter().map(literal).collect();
                match condition.value_type {
                    Type::Text | Type::Instant | Type::Address => quoted(&text),
                    _ => text,
                }
            }
        };
        let values: Vec<String> = condition.values.iter().map(value).collect();
        let field = &condition.field;
        match condition.relation {
            RowRelation::In => format!("row.{field} IN [{}]", values.join(", ")),
            relation => format!("row.{field} {} {}", relation.name(), values.join(", ")),
        }
    }

    /// A sentence as REASON and NOTIFY write it.
    fn template(&self, segments: &[Segment]) -> String {
        let piece = |segment: &Segment| match segment {
            Segment::Literal(text) => text.replace('{', "{{").replace('}', "}}"),
            Segment::Input(position) => format!("{{{}}}", self.name(InputIndex(*position))),
        };
        segments.iter().map(piece).collect()
    }
}

fn literal(segment: &Segment) -> &str {
    match segment {
        Segment::Literal(text) => text,
        Segment::Input(_) => "",
    }
}
