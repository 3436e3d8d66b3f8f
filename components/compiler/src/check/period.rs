//! EFFECTIVE: when a policy applies. It is a part of the scope, over the moment of the decision.

use aecp_vocabulary::Value;
use aecp_vocabulary::policy::Annotation;

use super::{Checker, place};
use crate::core::{Atom, Condition, Constant, InputIndex, Operand, Relation};
use crate::diagnostic::{Code, Diagnostic};
use crate::syntax::ast;

/// A span of time, half open, in nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Default)]
pub(super) struct Period {
    /// The first instant inside.
    from: Option<i64>,
    /// The first instant outside again.
    until: Option<i64>,
}

impl Period {
    /// How the component tells it to people.
    pub(super) fn annotation(self) -> Option<Annotation> {
        let instant = |word: &str, at: Option<i64>| at.map(|at| format!("{word} {}", Value::Instant(at)));
        let parts: Vec<String> = instant("from", self.from)
            .into_iter()
            .chain(instant("until", self.until))
            .collect();
        (!parts.is_empty()).then(|| Annotation {
            key: "effective".to_owned(),
            value: parts.join(" "),
        })
    }
}

impl Checker {
    pub(super) fn period(&mut self, file: u32, field: &ast::EffectiveField) -> Option<Period> {
        let mut instant =
            |literal: Option<ast::Literal>| literal.and_then(|literal| self.instant(file, &literal));
        let from = field.from().map(|from| instant(from.instant()));
        let until = field.until().map(|until| instant(until.instant()));
        // What was written and is no time was reported.
        let (from, until) = (
            from.map_or(Some(None), |from| from.map(Some))?,
            until.map_or(Some(None), |until| until.map(Some))?,
        );
        if from.zip(until).is_some_and(|(from, until)| from >= until) {
            let message = "this policy is never effective: it ends before it begins";
            let diagnostic = Diagnostic::error(Code::EmptyPeriod, place(file, field), message);
            self.report(
                diagnostic.help("FROM is the first instant inside, UNTIL the first one outside again"),
            );
            return None;
        }
        Some(Period { from, until })
    }

    /// The scope of a policy, inside of its period.
    pub(super) fn within_period(&mut self, policy: &str, scope: Condition, period: Period) -> Condition {
        let index = self.now();
        let now = || Operand::Input(index);
        let constant = |at: i64| Operand::Constant(Constant::Instant(at));
        let compare = |left, relation, right| {
            Condition::Atom(Atom::Compare {
                left,
                relation,
                right,
            })
        };
        let from = period
            .from
            .map(|at| compare(constant(at), Relation::LessOrEqual, now()));
        let until = period
            .until
            .map(|at| compare(now(), Relation::Less, constant(at)));
        let mut parts: Vec<Condition> = from.into_iter().chain(until).collect();
        if parts.is_empty() {
            return scope;
        }
        self.timed.get_or_insert_with(|| policy.to_owned());
        if scope != Condition::Constant(true) {
            parts.insert(0, scope);
        }
        Condition::All(parts)
    }

    /// The moment of the decision: the input behind all attributes and parameters.
    pub(super) fn now(&self) -> InputIndex {
        InputIndex(u32::try_from(self.attributes.len()).unwrap_or(u32::MAX))
    }
}
