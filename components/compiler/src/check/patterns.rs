//! Patterns of texts: LIKE and MATCHES.

use std::collections::BTreeMap;

use aecp_vocabulary::Type;

use super::Checker;
use super::operands::{Meaning, Typed};
use crate::core::{Atom, Condition, Constant};
use crate::diagnostic::{Code, Diagnostic, Place, Span};
use crate::pattern::{Notation, Pattern, PatternError, PatternErrorKind};
use crate::syntax::ast;
use crate::syntax::{SyntaxKind as K, literal};

/// Steps that compiling all patterns of a package may take: about two seconds.
const STEPS: u64 = 20_000_000;

/// What is known of patterns that were seen before.
#[derive(Default)]
pub(super) struct Known {
    compiled: BTreeMap<(Notation, String), Result<Pattern, PatternError>>,
    spent: u64,
}

impl Known {
    /// None if the package has spent what it may.
    fn pattern(&mut self, notation: Notation, written: &str) -> Option<Result<Pattern, PatternError>> {
        let key = (notation, written.to_owned());
        if let Some(known) = self.compiled.get(&key) {
            return Some(known.clone());
        }
        if self.spent >= STEPS {
            return None;
        }
        let (compiled, steps) = Pattern::compile(notation, written);
        self.spent = self.spent.saturating_add(steps);
        self.compiled.insert(key, compiled.clone());
        Some(compiled)
    }
}

impl Checker {
    pub(super) fn matching(&mut self, file: u32, matching: &ast::Matching) -> Option<Condition> {
        let notation = if matching.like().is_some() {
            Notation::Glob
        } else {
            Notation::Expression
        };
        let (left, right) = self.both(file, matching.operands())?;
        let text = self.attribute_of(notation.operator(), &left, &right, Type::Text)?;
        let mut patterns = match &right.meaning {
            Meaning::Constant(Constant::Text(_)) => vec![self.pattern(&right, notation)?],
            Meaning::List(list) => {
                let members: Vec<Option<Pattern>> = list
                    .members()
                    .map(|member| {
                        let member = self.operand(file, member, true)?;
                        self.pattern(&member, notation)
                    })
                    .collect();
                members.into_iter().collect::<Option<Vec<_>>>()?
            }
            _ => {
                let message = format!(
                    "{} needs a pattern or a list of patterns behind it, and `{}` is {}",
                    notation.operator(),
                    right.written(),
                    right.kind()
                );
                let help = "patterns stand in the policy, in quotes; compare two attributes with `==`";
                self.mismatch(message, &left, &right, Some(help.to_owned()));
                return None;
            }
        };
        patterns.sort();
        patterns.dedup();
        if patterns.is_empty() {
            let diagnostic = Diagnostic::error(Code::InvalidList, right.place, "the list is empty")
                .help("no text matches a pattern of an empty list; write at least one, or `false`");
            self.report(diagnostic);
            return None;
        }
        let condition = Condition::Atom(Atom::Matches { text, patterns });
        Some(if matching.negation().is_some() {
            Condition::Not(Box::new(condition))
        } else {
            condition
        })
    }

    fn pattern(&mut self, literal: &Typed, notation: Notation) -> Option<Pattern> {
        let Meaning::Constant(Constant::Text(written)) = &literal.meaning else {
            let message = format!(
                "`{}` should be a pattern here, and is {}",
                literal.written(),
                literal.kind()
            );
            let diagnostic = Diagnostic::error(Code::TypeMismatch, literal.place, message);
            self.report(diagnostic.help("write the pattern in quotes"));
            return None;
        };
        let error = match self.patterns.pattern(notation, written) {
            Some(Ok(pattern)) => return Some(pattern),
            Some(Err(error)) => error,
            None => PatternError {
                kind: PatternErrorKind::TooComplex,
                span: 0..written.len(),
                message: "the patterns of the package before this one are too complex together".to_owned(),
                help: "simplify them, or split the package".to_owned(),
            },
        };
        let code = match error.kind {
            PatternErrorKind::Malformed => Code::MalformedPattern,
            PatternErrorKind::Unsupported => Code::UnsupportedPattern,
            PatternErrorKind::TooComplex => Code::PatternTooComplex,
        };
        let place = inside(literal, &error.span);
        self.report(Diagnostic::error(code, place, error.message).help(error.help));
        None
    }
}

/// Where bytes of a text stand in its literal.
fn inside(typed: &Typed, span: &std::ops::Range<usize>) -> Place {
    let token = match typed.node() {
        ast::Operand::Literal(literal) => literal.token().map(|(_, token)| token),
        _ => None,
    };
    let Some(token) = token.filter(|token| token.kind() == K::Text) else {
        return typed.place;
    };
    let first = ast::span(token.text_range()).start;
    let at = |offset: usize| {
        let offset = u32::try_from(literal::place_in_token(token.text(), offset));
        first.saturating_add(offset.unwrap_or(u32::MAX))
    };
    Place {
        span: Span {
            start: at(span.start),
            end: at(span.end),
        },
        ..typed.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patterns_of_a_package_have_a_budget() {
        let mut known = Known::default();
        assert!(matches!(known.pattern(Notation::Glob, "a*"), Some(Ok(_))));
        assert!(known.spent > 0);
        known.spent = STEPS;
        assert!(matches!(known.pattern(Notation::Glob, "a*"), Some(Ok(_))));
        assert_eq!(known.pattern(Notation::Glob, "b*"), None);
    }
}
