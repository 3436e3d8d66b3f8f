//! OPTIONAL attributes that a policy reads without a guard: where one is absent, the policy cannot be told.
//!
//! The policy is evaluated with the attribute absent and everything else known and free. Conditions count as independent
//! of each other: a guard that is none by itself, but because two conditions never hold together, is not seen.

use std::collections::BTreeMap;

use aecp_vocabulary::Mode;

use super::{Attribute, Checker, place, token_place};
use crate::analysis::Truths;
use crate::core::{Atom, Condition, InputIndex, InputKind};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::syntax::ast::{self, AstNode, Field};

/// Most conditions that are evaluated for a package; policies behind that are not looked at.
const EVALUATION_LIMIT: usize = 10_000_000;

/// Most policies that are shown of one attribute; the others are counted.
const SHOWN: usize = 16;

/// The warnings of the policies so far, and what they cost.
#[derive(Default)]
pub(super) struct Guards {
    warnings: Vec<Diagnostic>,
    /// How many policies read an attribute without a guard.
    readers: BTreeMap<InputIndex, usize>,
    evaluated: usize,
}

/// What cannot be told where the attribute is absent.
#[derive(Clone, Copy)]
enum Effect {
    Scope,
    Constraint,
}

/// What warnings say of a policy.
pub(super) struct Guarded<'a> {
    pub(super) file: u32,
    pub(super) node: &'a ast::Policy,
    pub(super) mode: Mode,
    pub(super) scope: &'a Condition,
    pub(super) constraint: &'a Condition,
}

/// A condition beside what was written.
struct Written {
    file: u32,
    condition: ast::Condition,
}

impl Checker {
    /// Looks at the conditions of one policy.
    pub(super) fn guarded(&mut self, policy: &Guarded<'_>) {
        let mut size = 0_usize;
        let mut asked: Vec<InputIndex> = Vec::new();
        for condition in [policy.scope, policy.constraint] {
            each_atom(condition, &mut |atom| {
                size = size.saturating_add(1);
                if !matches!(atom, Atom::IsPresent(_)) {
                    atom.each_input(&mut |input| {
                        asked.extend(self.attribute(input).is_some_and(may_lack).then_some(input));
                    });
                }
            });
        }
        asked.sort_unstable();
        asked.dedup();
        for input in asked {
            let guards = &mut self.guards;
            guards.evaluated = guards.evaluated.saturating_add(size);
            if guards.evaluated > EVALUATION_LIMIT {
                return;
            }
            let Some(effect) = effect(policy, input) else {
                continue;
            };
            let readers = guards.readers.entry(input).or_default();
            *readers = readers.saturating_add(1);
            if *readers <= SHOWN {
                let warning = self.warning(policy, input, effect);
                self.guards.warnings.extend(warning);
            }
        }
    }

    /// Reports what was found, if there is a package that could do it.
    pub(super) fn unguarded(&mut self) {
        if self.errors > 0 {
            return;
        }
        let guards = std::mem::take(&mut self.guards);
        let more: Vec<Diagnostic> = guards
            .readers
            .iter()
            .filter_map(|(input, readers)| self.more(*input, readers.saturating_sub(SHOWN)))
            .collect();
        let warnings = guards.warnings.into_iter().chain(more);
        warnings.for_each(|warning| self.report(warning));
    }

    fn attribute(&self, input: InputIndex) -> Option<&Attribute> {
        self.attributes.get(usize::try_from(input.0).ok()?)
    }

    /// What is said of the policies that are not shown.
    fn more(&self, input: InputIndex, policies: usize) -> Option<Diagnostic> {
        let attribute = self.attribute(input).filter(|_| policies > 0)?;
        let message = format!(
            "{policies} more policies read `{}` without a guard, only the first {SHOWN} are shown",
            attribute.name
        );
        let warning = Diagnostic::warning(Code::UnguardedOptional, attribute.place, message);
        Some(warning.help("where so many read it, leave OPTIONAL out, or give it a DEFAULT"))
    }

    fn warning(&self, policy: &Guarded<'_>, input: InputIndex, effect: Effect) -> Option<Diagnostic> {
        let attribute = self.attribute(input)?;
        let name = attribute.name.as_str();
        let token = policy.node.name()?;
        let (what, guard) = match effect {
            Effect::Scope => (
                "whether it applies",
                format!("leave such requests out: `{name} IS PRESENT AND …`"),
            ),
            Effect::Constraint => (
                "whether its constraint holds",
                format!(
                    "say what then holds: `{name} IS PRESENT AND …` is violated, `{name} IS NOT PRESENT OR …` satisfied"
                ),
            ),
        };
        let does = match policy.mode {
            Mode::Blocking => "denies the request as indeterminate",
            Mode::Advisory => "denies nothing: it raises an alert, indeterminate",
            Mode::AuditOnly => "denies nothing: that it is indeterminate is recorded",
        };
        let message = format!(
            "where `{name}` is absent, policy `{}` cannot tell {what}, and {does}",
            token.text()
        );
        let help = format!(
            "{guard}; or give it a value: `OPTIONAL DEFAULT …` in the schema; or leave OPTIONAL out, if this is what a \
             request without it deserves"
        );
        let (here, in_class) = self.reading(policy, input, effect)?;
        let mut warning =
            Diagnostic::warning(Code::UnguardedOptional, here, message).label("read here without a guard");
        if in_class {
            warning = warning.also(
                token_place(policy.file, &token),
                "the class is this policy's scope",
            );
        }
        Some(warning.also(attribute.place, "declared OPTIONAL here").help(help))
    }

    /// Where the attribute is read that makes the policy unknown, and whether a class reads it.
    fn reading(&self, policy: &Guarded<'_>, input: InputIndex, effect: Effect) -> Option<(Place, bool)> {
        let own = |body: Option<ast::Body>| {
            let condition = body?.condition()?;
            Some(Written {
                file: policy.file,
                condition,
            })
        };
        let (written, core, in_class) = match effect {
            Effect::Constraint => {
                let body = policy.node.fields().find_map(|field| match field {
                    Field::ConstraintField(field) => Some(field.body()),
                    _ => None,
                });
                (own(body?)?, policy.constraint, false)
            }
            Effect::Scope => {
                let scope = policy.node.fields().find_map(|field| match field {
                    Field::ScopeField(field) => Some(field),
                    _ => None,
                })?;
                let class = scope.class().and_then(|token| self.classes.get(token.text()));
                let class = class.and_then(|class| {
                    let condition = class.body.as_ref()?.condition()?;
                    let file = class.place.file;
                    Some((Written { file, condition }, class.condition.as_ref()?))
                });
                match (class, own(scope.body()), policy.scope) {
                    (Some((written, core)), _, _) if truths(core, input).meets(Truths::UNKNOWN) => {
                        (written, core, true)
                    }
                    (Some(_), Some(written), Condition::All(parts)) => (written, parts.get(1)?, false),
                    (_, written, core) => (written?, core, false),
                }
            }
        };
        let name = self.attribute(input)?.name.as_str();
        let leaf = culprit(&written.condition, core, input);
        let names = leaf.syntax().descendants().filter_map(ast::Name::cast);
        let read = names
            .filter_map(|name| name.token())
            .find(|token| token.text() == name)
            .map(|token| token_place(written.file, &token));
        Some((read.unwrap_or_else(|| place(written.file, &leaf)), in_class))
    }
}

/// Whether the schema expects requests without it and says nothing of what is then read.
fn may_lack(attribute: &Attribute) -> bool {
    matches!(
        attribute.kind,
        InputKind::Attribute {
            optional: true,
            default: None,
            ..
        }
    )
}

fn each_atom(condition: &Condition, visit: &mut dyn FnMut(&Atom)) {
    match condition {
        Condition::Constant(_) => {}
        Condition::Atom(atom) => visit(atom),
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter().for_each(|part| each_atom(part, visit));
        }
        Condition::Not(part) => each_atom(part, visit),
    }
}

fn effect(policy: &Guarded<'_>, absent: InputIndex) -> Option<Effect> {
    let scope = truths(policy.scope, absent);
    if scope.meets(Truths::UNKNOWN) {
        return Some(Effect::Scope);
    }
    let open = scope.meets(Truths::TRUE) && truths(policy.constraint, absent).meets(Truths::UNKNOWN);
    open.then_some(Effect::Constraint)
}

/// What a condition can be where an input is absent and all others are known.
fn truths(condition: &Condition, absent: InputIndex) -> Truths {
    match condition {
        Condition::Constant(true) => Truths::TRUE,
        Condition::Constant(false) => Truths::FALSE,
        Condition::Atom(Atom::IsPresent(input)) if *input == absent => Truths::FALSE,
        Condition::Atom(atom) => {
            let mut reads = false;
            atom.each_input(&mut |input| reads |= input == absent);
            if reads {
                Truths::UNKNOWN
            } else {
                Truths::FALSE_OR_TRUE
            }
        }
        Condition::All(parts) => parts
            .iter()
            .fold(Truths::TRUE, |all, part| all.and(truths(part, absent))),
        Condition::Any(parts) => parts
            .iter()
            .fold(Truths::FALSE, |any, part| any.or(truths(part, absent))),
        Condition::Not(part) => truths(part, absent).negated(),
    }
}

/// The part of a condition that is unknown by itself; the checker makes one part of the core of each part of the source.
fn culprit(written: &ast::Condition, core: &Condition, absent: InputIndex) -> ast::Condition {
    let inner = match (written, core) {
        (ast::Condition::Paren(paren), core) => paren.part().map(|part| culprit(&part, core, absent)),
        (ast::Condition::Not(not), Condition::Not(core)) => {
            not.part().map(|part| culprit(&part, core, absent))
        }
        (ast::Condition::And(_) | ast::Condition::Or(_), Condition::All(parts) | Condition::Any(parts)) => {
            let written: Vec<ast::Condition> = match written {
                ast::Condition::And(and) => and.parts().collect(),
                ast::Condition::Or(or) => or.parts().collect(),
                _ => Vec::new(),
            };
            written
                .into_iter()
                .zip(parts)
                .find(|(_, core)| truths(core, absent).meets(Truths::UNKNOWN))
                .map(|(part, core)| culprit(&part, core, absent))
        }
        _ => None,
    };
    inner.unwrap_or_else(|| written.clone())
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::policy::DefaultDecision;
    use aecp_vocabulary::{Type, Value};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::core::{Input, Package};
    use crate::interpreter;

    fn conditions() -> impl Strategy<Value = Condition> {
        let atom = (0_u32..3, any::<bool>()).prop_map(|(input, presence)| {
            let input = InputIndex(input);
            Condition::Atom(if presence {
                Atom::IsPresent(input)
            } else {
                Atom::IsTrue(input)
            })
        });
        let leaf = prop_oneof![8 => atom, 1 => any::<bool>().prop_map(Condition::Constant)];
        leaf.prop_recursive(4, 16, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Condition::All),
                vec(inner.clone(), 0..4).prop_map(Condition::Any),
                inner.prop_map(|part| Condition::Not(Box::new(part))),
            ]
        })
    }

    proptest! {
        /// Nothing that the interpreter can say is left out, so no warning is missed.
        #[test]
        fn what_the_interpreter_says_without_the_attribute_is_foreseen(asked in conditions()) {
            let inputs = ["a", "b", "c"].map(|name| Input::attribute(name.parse().unwrap(), Type::Boolean, true));
            let package = Package {
                name: "p".to_owned(),
                version: "1.0.0".to_owned(),
                default: DefaultDecision::Deny,
                inputs: inputs.to_vec(),
                policies: Vec::new(),
                annotations: Vec::new(),
            };
            let foreseen = truths(&asked, InputIndex(0));
            for b in [false, true] {
                for c in [false, true] {
                    let values = [Value::Absent, Value::Boolean(b), Value::Boolean(c)];
                    let truth = interpreter::condition(&package, &values, &asked);
                    prop_assert!(foreseen.meets(truth.into()), "{truth:?} of {values:?}");
                }
            }
        }
    }
}
