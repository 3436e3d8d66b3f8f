//! What a policy component is asked with.

use aecp_vocabulary::policy::{Input, Segment};
use aecp_vocabulary::value::FAILURE_LIMIT;
use aecp_vocabulary::{ComponentDescription, Type, Value};

use crate::generator::Generator;
use crate::values::{Words, boundaries};

/// Most positions that are tried one by one. A component may have 4,096; then a spread of them is tried.
const POSITIONS: usize = 64;

/// One argument of `evaluate`, valid by the description.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// A phrase: "every attribute absent".
    pub(super) name: String,
    /// One value for each position.
    pub(super) values: Vec<Value>,
    /// Whether it holds ordinary values alone, none at the limits.
    pub(super) ordinary: bool,
}

/// The arguments for one component.
pub(super) struct Sample {
    pub(super) cases: Vec<Case>,
    words: Words,
}

impl Sample {
    pub(super) fn of(description: &ComponentDescription) -> Self {
        let words = Words::of(sentences(description));
        let mut generator = Generator::new(0x1b_0b1c);
        let mut sample = Self {
            cases: Vec::new(),
            words,
        };
        let inputs = &description.inputs;
        for number in 1..=32 {
            let values = inputs
                .iter()
                .map(|input| sample.valid(input, &mut generator))
                .collect();
            sample.add(format!("ordinary values ({number})"), values, true);
        }
        for number in 1..=32 {
            let values = inputs
                .iter()
                .map(|input| match (input, generator.below(4)) {
                    (Input::Attribute { .. }, 0) => Value::Absent,
                    (Input::Attribute { .. }, 1) => Value::failed("its extractor failed"),
                    _ => sample.valid(input, &mut generator),
                })
                .collect();
            sample.add(
                format!("some attributes absent or failed ({number})"),
                values,
                true,
            );
        }
        let longest = Value::failed("x".repeat(FAILURE_LIMIT));
        for (name, value) in [
            ("every attribute absent", Value::Absent),
            ("every attribute failed", Value::failed("its extractor failed")),
            ("every attribute failed for a reason of 1,024 bytes", longest),
        ] {
            let values = inputs
                .iter()
                .map(|input| match input {
                    Input::Attribute { .. } => value.clone(),
                    _ => sample.valid(input, &mut generator),
                })
                .collect();
            sample.add(name.to_owned(), values, true);
        }
        sample.add_boundaries(inputs, &mut generator);
        sample
    }

    fn add(&mut self, name: String, values: Vec<Value>, ordinary: bool) {
        self.cases.push(Case {
            name,
            values,
            ordinary,
        });
    }

    /// One position at a limit, the others ordinary: all at a limit at once is more than instances have memory for.
    fn add_boundaries(&mut self, inputs: &[Input], generator: &mut Generator) {
        for position in spread(inputs.len()) {
            let Some(input) = inputs.get(position) else {
                continue;
            };
            // Parameters have bounds of their own, which `valid` keeps.
            if matches!(input, Input::Parameter { .. }) {
                continue;
            }
            for (limit, value) in boundaries(input.value_type()) {
                let mut values: Vec<Value> =
                    inputs.iter().map(|input| self.valid(input, generator)).collect();
                if let Some(place) = values.get_mut(position) {
                    *place = value;
                }
                self.add(format!("`{}` being {limit}", input.label()), values, false);
            }
        }
    }

    /// An ordinary value for a position: present, of its type, inside its bounds.
    pub(super) fn valid(&self, input: &Input, generator: &mut Generator) -> Value {
        match input {
            Input::Now => self.words.value(Type::Instant, generator),
            Input::Attribute { value_type, .. } => self.words.value(*value_type, generator),
            Input::Parameter {
                value_type,
                default,
                minimum,
                maximum,
                ..
            } => {
                if minimum.is_none() && maximum.is_none() && generator.one_in(2) {
                    return self.words.value(*value_type, generator);
                }
                let choices: Vec<&Value> = [Some(default), minimum.as_ref(), maximum.as_ref()]
                    .into_iter()
                    .flatten()
                    .collect();
                generator
                    .pick(&choices)
                    .map_or_else(|| default.clone(), |value| (*value).clone())
            }
        }
    }
}

/// At most [`POSITIONS`] of `count` positions, evenly spread.
pub(super) fn spread(count: usize) -> impl Iterator<Item = usize> {
    (0..count).step_by(count.div_ceil(POSITIONS).max(1))
}

fn sentences(description: &ComponentDescription) -> impl Iterator<Item = &str> {
    description.policies().flat_map(|(_, policy)| {
        let literals = policy.reason.iter().filter_map(|segment| match segment {
            Segment::Literal(text) => Some(text.as_str()),
            Segment::Input(_) => None,
        });
        literals.chain(
            policy
                .annotations
                .iter()
                .map(|annotation| annotation.value.as_str()),
        )
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn every_case_is_valid_by_the_description() {
        let inputs = vec![
            Input::Attribute {
                name: "a.text".parse().unwrap(),
                value_type: Type::Text,
                optional: false,
                default: None,
            },
            Input::Parameter {
                name: "limit".into(),
                value_type: Type::Integer,
                default: Value::Integer(5),
                minimum: Some(Value::Integer(1)),
                maximum: Some(Value::Integer(9)),
            },
            Input::Now,
        ];
        let sample = Sample::of(&ComponentDescription {
            inputs: inputs.clone(),
            packages: Vec::new(),
        });
        assert!(sample.cases.len() > 60);
        for case in &sample.cases {
            for (value, input) in case.values.iter().zip(&inputs) {
                assert_eq!(
                    value.clone().at_position_of(input.value_type()),
                    *value,
                    "{}",
                    case.name
                );
            }
            let Value::Integer(limit) = case.values[1] else {
                panic!("{}: {:?}", case.name, case.values)
            };
            assert!((1..=9).contains(&limit), "{}", case.name);
            assert!(matches!(case.values[2], Value::Instant(_)), "{}", case.name);
        }
    }

    #[test]
    fn positions_are_spread_over_all() {
        assert_eq!(spread(0).count(), 0);
        assert_eq!(spread(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(spread(4_096).count() <= POSITIONS && spread(4_096).last().unwrap() > 4_000);
    }
}
