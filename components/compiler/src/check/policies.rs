//! Policies and their fields.

use aecp_vocabulary::policy::{Annotation, OverrideRule, Segment};
use aecp_vocabulary::{AuditClass, Mode, decision};

use super::declarations::EVERY_REQUEST;
use super::facts::Facts;
use super::guards::Guarded;
use super::obligations::Described;
use super::period::Period;
use super::{Checker, place, reason, token_place};
use crate::core::{Condition, Operand, Policy};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::suggest::did_you_mean;
use crate::syntax::ast::{self, Field};

const MODES: [(&str, Mode); 3] = [
    ("BLOCKING", Mode::Blocking),
    ("ADVISORY", Mode::Advisory),
    ("AUDIT_ONLY", Mode::AuditOnly),
];
const AUDIT_CLASSES: [(&str, AuditClass); 2] = [
    ("REQUIRED", AuditClass::Required),
    ("DURABLE", AuditClass::Durable),
];
const EXCEPTIONS: [(&str, OverrideRule); 1] = [("break_glass_token_required", OverrideRule::BreakGlassToken)];

/// A field that has been read: where it stands, and its meaning if it has one.
pub(super) type Read<T> = Option<(Place, Option<T>)>;

#[derive(Default)]
struct Fields {
    description: Read<String>,
    scope: Read<Condition>,
    constraint: Read<Condition>,
    mode: Read<Mode>,
    audit: Read<AuditClass>,
    exception: Read<OverrideRule>,
    period: Read<Period>,
    facts: Facts,
    reason: Read<Vec<Segment>>,
    obligations: Vec<(Place, Described)>,
    acknowledged: Vec<Annotation>,
}

impl Checker {
    pub(super) fn policy(&mut self, file: u32, policy: &ast::Policy) {
        let fields = self.policy_fields(file, policy);
        self.missing_fields(file, policy, &fields);
        let name = self.policy_name(file, policy);
        let mode = fields.mode.and_then(|(_, mode)| mode);
        let obligations = self.obligations(mode, fields.obligations);
        let meaning = |read: Read<Condition>| read.and_then(|(_, meaning)| meaning);
        let (Some(name), Some(scope), Some(constraint)) =
            (name, meaning(fields.scope), meaning(fields.constraint))
        else {
            return;
        };
        if let Some(mode) = mode {
            self.guarded(&Guarded {
                file,
                node: policy,
                mode,
                scope: &scope,
                constraint: &constraint,
            });
        }
        let period = fields.period.and_then(|(_, period)| period).unwrap_or_default();
        let scope = self.within_period(&name, scope, period);
        let description = fields.description.and_then(|(_, text)| text);
        let annotation = |value| Annotation {
            key: "description".to_owned(),
            value,
        };
        let given = fields.reason.and_then(|(_, reason)| reason);
        let reason = given.unwrap_or_else(|| reason::of(&constraint, &self.attributes));
        self.policies.push(Policy {
            name,
            scope,
            constraint,
            mode: mode.unwrap_or(Mode::Blocking),
            audit: fields.audit.and_then(|(_, audit)| audit).unwrap_or_default(),
            exception: fields
                .exception
                .and_then(|(_, exception)| exception)
                .unwrap_or_default(),
            reason,
            obligations,
            annotations: description
                .into_iter()
                .map(annotation)
                .chain(period.annotation())
                .chain(fields.facts.annotations())
                .chain(fields.acknowledged)
                .collect(),
        });
    }

    fn policy_name(&mut self, file: u32, policy: &ast::Policy) -> Option<String> {
        let token = policy.name()?;
        let name = self.name(file, &token)?;
        let here = token_place(file, &token);
        if name == decision::DEFAULT_POLICY {
            let message = format!("`{name}` is what decisions call a request that no policy covers");
            self.report(Diagnostic::error(Code::ReservedName, here, message).help("choose another name"));
            return None;
        }
        if let Some(first) = self.policy_places.get(&name) {
            let diagnostic = Diagnostic::error(
                Code::DuplicatePolicy,
                here,
                format!("policy `{name}` exists twice"),
            )
            .label("second policy of this name")
            .also(*first, "first policy of this name")
            .help("rename one of them: decisions and evidence tell policies by their names");
            self.report(diagnostic);
            return None;
        }
        self.policy_places.insert(name.clone(), here);
        Some(name)
    }

    fn policy_fields(&mut self, file: u32, policy: &ast::Policy) -> Fields {
        let mut fields = Fields::default();
        for field in policy.fields() {
            let here = place(file, &field);
            match field {
                Field::DescriptionField(field) => {
                    let value = field.value().and_then(|literal| self.text(file, &literal));
                    self.once("DESCRIPTION", &mut fields.description, here, value);
                }
                Field::ScopeField(field) => {
                    let value = self.scope(file, &field);
                    self.once("SCOPE", &mut fields.scope, here, value);
                }
                Field::ConstraintField(field) => {
                    let value = field.body().and_then(|body| self.body(file, &body));
                    self.once("CONSTRAINT", &mut fields.constraint, here, value);
                }
                Field::EnforcementField(field) => {
                    let value = field
                        .value()
                        .and_then(|token| self.word(file, "ENFORCEMENT", &token, &MODES));
                    self.once("ENFORCEMENT", &mut fields.mode, here, value);
                }
                Field::AuditField(field) => {
                    let value = field
                        .value()
                        .and_then(|token| self.word(file, "AUDIT", &token, &AUDIT_CLASSES));
                    self.once("AUDIT", &mut fields.audit, here, value);
                }
                Field::ExceptionField(field) => {
                    let value = field
                        .value()
                        .and_then(|token| self.word(file, "EXCEPTION", &token, &EXCEPTIONS));
                    self.once("EXCEPTION", &mut fields.exception, here, value);
                }
                Field::EffectiveField(field) => {
                    let value = self.period(file, &field);
                    self.once("EFFECTIVE", &mut fields.period, here, value);
                }
                Field::OwnerField(_)
                | Field::JustificationField(_)
                | Field::SeverityField(_)
                | Field::ControlsField(_) => self.fact(file, &field, &mut fields.facts),
                Field::ReasonField(field) => {
                    let value = field
                        .value()
                        .and_then(|literal| self.template(file, "REASON", &literal));
                    self.once("REASON", &mut fields.reason, here, value);
                }
                Field::ObligationField(field) => self.obligation(file, &field, &mut fields.obligations),
                Field::AcknowledgeField(field) => {
                    let token = policy.name();
                    let name = token.as_ref().map_or("", |token| token.text());
                    let annotation = self.acknowledgement(file, &field, Some(name));
                    fields.acknowledged.extend(annotation);
                }
                Field::VersionField(_) | Field::DefaultField(_) => {}
            }
        }
        fields
    }

    pub(super) fn once<T>(&mut self, field: &str, read: &mut Read<T>, here: Place, value: Option<T>) {
        match read {
            Some((first, _)) => self.duplicate_field(field, *first, here),
            None => *read = Some((here, value)),
        }
    }

    fn missing_fields(&mut self, file: u32, policy: &ast::Policy, fields: &Fields) {
        let helps = [
            (
                fields.scope.is_none(),
                "SCOPE",
                "say which requests it is about: `SCOPE: requests WHERE …`",
            ),
            (
                fields.constraint.is_none(),
                "CONSTRAINT",
                "say what must hold: `CONSTRAINT: …`",
            ),
            (
                fields.mode.is_none(),
                "ENFORCEMENT",
                "say what a violation does: `ENFORCEMENT: BLOCKING` denies, `ADVISORY` warns, `AUDIT_ONLY` records",
            ),
        ];
        let token = policy.name().or_else(|| policy.keyword());
        let here = token
            .as_ref()
            .map_or_else(|| place(file, policy), |token| token_place(file, token));
        let name = policy
            .name()
            .map_or_else(String::new, |name| format!(" `{}`", name.text()));
        for (missing, field, help) in helps {
            if missing {
                let message = format!("policy{name} has no {field}");
                self.report(Diagnostic::error(Code::MissingField, here, message).help(help));
            }
        }
    }

    fn scope(&mut self, file: u32, field: &ast::ScopeField) -> Option<Condition> {
        let narrowed = field.body().map(|body| self.body(file, &body));
        let class = self.scope_class(file, field)?;
        match (class, narrowed) {
            (class, None) => Some(class.unwrap_or(Condition::Constant(true))),
            (None, Some(narrowed)) => narrowed,
            (Some(class), Some(narrowed)) => Some(Condition::All(vec![class, narrowed?])),
        }
    }

    /// The condition of the scope's class; inner none for the class of every request.
    fn scope_class(&mut self, file: u32, field: &ast::ScopeField) -> Option<Option<Condition>> {
        let token = field.class()?;
        if token.text() == EVERY_REQUEST {
            return Some(None);
        }
        if let Some(class) = self.classes.get_mut(token.text()) {
            class.used = true;
            let condition = class.condition.clone()?;
            let here = token_place(file, &token);
            return self.count(here, &condition).then_some(Some(condition));
        }
        if self.is_full() {
            self.errors = self.errors.saturating_add(1);
            return None;
        }
        let may_search = self.may_search(self.classes.len());
        let written = token.text();
        let classes = self.classes.keys().map(String::as_str).filter(|_| may_search);
        let names = classes.chain([EVERY_REQUEST]);
        let help = did_you_mean(written, names, || {
            format!(
                "define it: `CLASS {written}: resource.type == \"…\"`; or take `{EVERY_REQUEST}` for every request"
            )
        });
        let message = format!("there is no class `{written}`");
        self.report(Diagnostic::error(Code::UnknownClass, token_place(file, &token), message).help(help));
        None
    }

    /// Counts a class where it is used, so that a small source cannot become a large package; false beyond the limit.
    fn count(&mut self, here: Place, condition: &Condition) -> bool {
        let before = self.size;
        self.size = self.size.saturating_add(size(condition));
        let fits = self.size <= super::SIZE_LIMIT;
        if !fits && before <= super::SIZE_LIMIT {
            let message = "the package is too large with this class in this scope";
            let help = "shorten the class, or split the package";
            self.report(Diagnostic::error(Code::PackageTooLarge, here, message).help(help));
        }
        fits
    }
}

fn size(condition: &Condition) -> usize {
    let inner = match condition {
        Condition::Constant(_) => 0,
        // A named list exists once, however often it is used.
        Condition::Atom(crate::core::Atom::OneOf { members, .. }) if members.name().is_none() => {
            members.len()
        }
        Condition::Atom(atom) => atom.operands().map(Operand::size).sum(),
        Condition::All(parts) | Condition::Any(parts) => parts
            .iter()
            .fold(0_usize, |sum, part| sum.saturating_add(size(part))),
        Condition::Not(part) => size(part),
    };
    inner.saturating_add(1)
}
