//! PARAM: values that a bundle may set.

use std::collections::BTreeSet;

use aecp_vocabulary::{AttributeName, Type, Value};

use super::{Attribute, Checker, place, token_place};
use crate::core::{self, InputIndex, InputKind, is_ordered};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::syntax::ast::{self, GivenValue};

/// A parameter's name, type and place.
type Declared<'a> = (&'a AttributeName, Type, Place);

impl Checker {
    pub(super) fn parameter(&mut self, file: u32, parameter: &ast::Parameter) {
        let value_type = parameter
            .type_name()
            .and_then(|written| self.value_type(file, &written));
        let Some(token) = parameter.name() else { return };
        let Some(written) = self.name(file, &token) else {
            return;
        };
        let here = token_place(file, &token);
        // The parser takes words alone, and those are names.
        let Ok(name) = written.parse::<AttributeName>() else {
            return;
        };
        let meaning = value_type.and_then(|value_type| {
            let declared = (&name, value_type, here);
            let default = parameter.default()?;
            let range = parameter.range().map(|range| self.range(file, declared, &range));
            let value = self.given(file, declared, &default)?;
            let (minimum, maximum) = range.unwrap_or_default();
            let meaning = core::Parameter {
                default: value,
                minimum,
                maximum,
            };
            self.inside(place(file, &default), &name, &meaning, &meaning.default);
            Some(meaning)
        });
        // Without a meaning there is an error, and then the package is thrown away.
        let meaning = meaning.unwrap_or(core::Parameter {
            default: Value::Absent,
            minimum: None,
            maximum: None,
        });
        self.attributes.push(Attribute {
            name,
            value_type,
            kind: InputKind::Parameter(Box::new(meaning)),
            place: here,
        });
    }

    /// The bounds of a range, each none if it is no proper value.
    fn range(
        &mut self,
        file: u32,
        declared: Declared<'_>,
        range: &ast::Range,
    ) -> (Option<Value>, Option<Value>) {
        let here = place(file, range);
        let (_, value_type, declaration) = declared;
        if !is_ordered(value_type) {
            let message = format!("{value_type} has no order, so there is nothing between two values");
            let diagnostic = Diagnostic::error(Code::InvalidRange, here, message)
                .also(declaration, format!("declared {value_type} here"))
                .help("leave RANGE out: INTEGER, DECIMAL, INSTANT and DURATION have one");
            self.report(diagnostic);
            return (None, None);
        }
        let mut bounds = range.bounds().map(GivenValue::Literal);
        let mut bound = || {
            let written = bounds.next()?;
            self.given(file, declared, &written)
        };
        let (low, high) = (bound(), bound());
        let numbers = low
            .as_ref()
            .and_then(Value::number)
            .zip(high.as_ref().and_then(Value::number));
        if numbers.is_some_and(|(low, high)| low > high) {
            let message = "this range has nothing in it: its lowest value is above its highest";
            let diagnostic = Diagnostic::error(Code::InvalidRange, here, message);
            self.report(diagnostic.help("exchange the two"));
            return (None, None);
        }
        (low, high)
    }

    /// Reports a value that its parameter's range does not allow.
    pub(super) fn inside(
        &mut self,
        here: Place,
        name: &AttributeName,
        parameter: &core::Parameter,
        value: &Value,
    ) -> bool {
        let inside = parameter.allows(value);
        if !inside {
            let message = format!("{value} is outside of the range of `{name}`");
            let bound = |bound: &Option<Value>| bound.as_ref().map_or_else(String::new, Value::to_string);
            let range = format!("{}..{}", bound(&parameter.minimum), bound(&parameter.maximum));
            let diagnostic = Diagnostic::error(Code::OutsideRange, here, message);
            self.report(diagnostic.help(format!("choose a value inside of {range}, bounds included")));
        }
        inside
    }

    /// The name of a parameter, if the input is one.
    pub(super) fn parameter_at(&self, input: InputIndex) -> Option<&AttributeName> {
        let declared = self.attributes.get(usize::try_from(input.0).ok()?)?;
        matches!(declared.kind, InputKind::Parameter(_)).then_some(&declared.name)
    }

    /// A parameter that nothing reads is not in the component, so that a bundle that sets it is refused.
    pub(super) fn unused_parameters(&mut self) {
        let is_parameter = |attribute: &Attribute| matches!(attribute.kind, InputKind::Parameter(_));
        // What is read in a policy with a mistake in it is not known.
        if self.errors > 0 || !self.attributes.iter().any(is_parameter) {
            return;
        }
        let read: BTreeSet<InputIndex> = self.policies.iter().flat_map(core::Policy::reads).collect();
        let unused: Vec<Diagnostic> = (0_u32..)
            .map(InputIndex)
            .zip(&self.attributes)
            .filter(|(index, attribute)| is_parameter(attribute) && !read.contains(index))
            .map(|(_, attribute)| {
                let message = format!("no policy reads the parameter `{}`", attribute.name);
                Diagnostic::warning(Code::UnusedParameter, attribute.place, message)
                    .help("remove it, or use it in a condition; no bundle can set it")
            })
            .collect();
        unused.into_iter().for_each(|warning| self.report(warning));
    }
}
