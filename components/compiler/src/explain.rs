//! Why a request was judged as it was: each policy's conditions as trees, with the truth of every part.
//!
//! The truths are the interpreter's; nothing here decides anything.

use aecp_vocabulary::{Outcome, Value};
use serde::Serialize;

use crate::core::{Atom, Condition, InputIndex, Package, Policy};
use crate::interpreter::{Truth, condition};
use crate::words::Words;

/// What one policy says of one request, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The policy's name.
    pub policy: String,
    /// What it says; none if it does not apply.
    pub outcome: Option<Outcome>,
    /// Which requests it is about.
    pub scope: Part,
    /// What must hold of them. None if the scope is false, for then nobody asks.
    pub constraint: Option<Part>,
    /// What it raises, as the language writes it; for policies that are satisfied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obligations: Vec<String>,
}

/// A condition or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it is of the request.
    pub truth: Truth,
    /// The condition as the language writes it, or what joins its parts: `AND`, `OR`, `NOT`.
    pub text: String,
    /// What the request has of the attributes that it reads, by name; for conditions without parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<(String, String)>,
    /// What it joins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// Explains every policy of the package, in the order of the source. `values` has one value for each of
/// [`Package::inputs`]; what is missing is unknown.
pub fn explain(package: &Package, values: &[Value]) -> Vec<Explanation> {
    let names: Vec<&str> = package.inputs.iter().map(|input| input.name.as_str()).collect();
    let teller = Teller {
        package,
        values,
        words: Words { names: &names },
    };
    package
        .policies
        .iter()
        .map(|policy| teller.policy(policy))
        .collect()
}

struct Teller<'a> {
    package: &'a Package,
    values: &'a [Value],
    words: Words<'a>,
}

impl Teller<'_> {
    fn policy(&self, policy: &Policy) -> Explanation {
        let scope = self.part(&policy.scope);
        let constraint = (scope.truth != Truth::False).then(|| self.part(&policy.constraint));
        let outcome = match (
            scope.truth,
            constraint.as_ref().map(|constraint| constraint.truth),
        ) {
            (Truth::False, _) => None,
            (Truth::True, Some(Truth::True)) => Some(Outcome::Satisfied),
            (Truth::True, Some(Truth::False)) => Some(Outcome::Violated),
            _ => Some(Outcome::Indeterminate),
        };
        let raised = policy
            .obligations
            .iter()
            .filter(|_| outcome == Some(Outcome::Satisfied));
        Explanation {
            policy: policy.name.clone(),
            outcome,
            scope,
            constraint,
            obligations: raised
                .map(|obligation| self.words.obligation(obligation))
                .collect(),
        }
    }

    fn part(&self, asked: &Condition) -> Part {
        let truth = condition(self.package, self.values, asked);
        let joined = |text: &str, parts: &[Condition]| Part {
            truth,
            text: text.to_owned(),
            reads: Vec::new(),
            parts: parts.iter().map(|part| self.part(part)).collect(),
        };
        match asked {
            Condition::All(parts) if parts.len() > 1 => joined("AND", parts),
            Condition::Any(parts) if parts.len() > 1 => joined("OR", parts),
            Condition::All(parts) | Condition::Any(parts) => match parts.as_slice() {
                [only] => self.part(only),
                _ => self.leaf(truth, asked, &[]),
            },
            // `!=`, `NOT IN` and the like are one condition to those who wrote them.
            Condition::Not(part) => match part.as_ref() {
                Condition::Atom(atom) => self.leaf(truth, asked, &inputs(atom)),
                part => joined("NOT", std::slice::from_ref(part)),
            },
            Condition::Atom(atom) => self.leaf(truth, asked, &inputs(atom)),
            Condition::Constant(_) => self.leaf(truth, asked, &[]),
        }
    }

    fn leaf(&self, truth: Truth, asked: &Condition, inputs: &[InputIndex]) -> Part {
        let read = |input: &InputIndex| {
            let index = usize::try_from(input.0).unwrap_or(usize::MAX);
            let value = self.values.get(index).unwrap_or(&Value::Absent);
            let read = match self.package.inputs.get(index).map(|input| input.read(value)) {
                Some(default) if *value == Value::Absent && *default != Value::Absent => {
                    format!("{default} (absent, so the default)")
                }
                _ => value.to_string(),
            };
            (self.words.name(*input).to_owned(), read)
        };
        Part {
            truth,
            text: self.words.of(asked),
            reads: inputs.iter().map(read).collect(),
            parts: Vec::new(),
        }
    }
}

fn inputs(atom: &Atom) -> Vec<InputIndex> {
    let mut inputs = atom.inputs();
    inputs.dedup();
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::check;
    use crate::source::SourceFile;

    #[test]
    fn every_part_is_told_with_its_truth_and_what_it_read() {
        let text = r#"PACKAGE p { VERSION: "1.0.0" } SCHEMA { region: TEXT  size: INTEGER  ok: BOOLEAN OPTIONAL }
            POLICY q { SCOPE: requests WHERE region == "EU" CONSTRAINT: size < 5 AND (ok OR size != 7) ENFORCEMENT: BLOCKING }
            POLICY r { SCOPE: requests WHERE region == "US" CONSTRAINT: ok ENFORCEMENT: BLOCKING }"#;
        let package = check(&[SourceFile::new("a.aecp", text)]).package.unwrap();
        let values: Vec<Value> = package
            .inputs
            .iter()
            .map(|input| match input.name.as_str() {
                "region" => Value::Text("EU".into()),
                "size" => Value::Integer(7),
                _ => Value::Absent,
            })
            .collect();
        let [first, second] = explain(&package, &values).try_into().unwrap();
        assert_eq!((first.outcome, second.outcome), (Some(Outcome::Violated), None));
        assert_eq!(second.constraint, None);
        let constraint = first.constraint.unwrap();
        assert_eq!(
            (constraint.text.as_str(), constraint.truth),
            ("AND", Truth::False)
        );
        let [size, either] = constraint.parts.try_into().unwrap();
        assert_eq!(size.text, "size < 5");
        assert_eq!(size.reads, [("size".to_owned(), "7".to_owned())]);
        assert_eq!((either.text.as_str(), either.truth), ("OR", Truth::Unknown));
        assert_eq!(either.parts[0].reads, [("ok".to_owned(), "(absent)".to_owned())]);
        assert_eq!(
            (either.parts[1].text.as_str(), either.parts[1].truth),
            ("size != 7", Truth::False)
        );
    }
}
