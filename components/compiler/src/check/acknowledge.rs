//! ACKNOWLEDGE fields: findings of the analysis that stay on purpose.

use std::collections::BTreeMap;

use aecp_vocabulary::policy::Annotation;

use super::declarations::find;
use super::{Checker, place, token_place};
use crate::analysis::{About, Acknowledgement, Kind};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::suggest::did_you_mean;
use crate::syntax::ast;

/// What is acknowledged so far.
#[derive(Default)]
pub(super) struct Acknowledgements {
    pub(super) all: Vec<Acknowledgement>,
    /// Where each kind is acknowledged, in which policy and with what.
    places: BTreeMap<(Kind, Option<String>, Option<String>), Place>,
    /// Where policies are named, which may be declared later.
    named: Vec<(String, Place)>,
}

/// How an acknowledgement is carried: a fact for people.
pub(super) fn annotation(acknowledgement: &Acknowledgement) -> Annotation {
    Annotation {
        key: "acknowledged".to_owned(),
        value: format!("{}: {}", acknowledgement.subject(), acknowledgement.reason),
    }
}

impl Checker {
    /// One field; none if it is malformed, which is reported. `policy` is where it stands, none for the header.
    pub(super) fn acknowledgement(
        &mut self,
        file: u32,
        field: &ast::AcknowledgeField,
        policy: Option<&str>,
    ) -> Option<Annotation> {
        let because = field.because().and_then(|because| because.text());
        let reason = self.statement(file, "BECAUSE", because);
        let token = field.kind()?;
        let kinds = Kind::ALL.map(|kind| (kind.name(), kind));
        let kind = self.word(file, "ACKNOWLEDGE", &token, &kinds)?;
        let about = kind.about();
        let misplaced = match (about, policy) {
            (About::Package, Some(_)) => {
                Some(("the package", "acknowledge it in the PACKAGE header".to_owned()))
            }
            (About::Package, None) | (_, Some(_)) => None,
            (_, None) => Some((
                "policies",
                "acknowledge it in the POLICY that it is about".to_owned(),
            )),
        };
        if let Some((whom, help)) = misplaced {
            let message = format!("`{}` is about {whom}", kind.name());
            let here = token_place(file, &token);
            self.report(Diagnostic::error(Code::MisplacedAcknowledgement, here, message).help(help));
            return None;
        }
        let with = match field.with() {
            Some(name) => Some(self.acknowledged_with(file, &name, kind)?),
            None => None,
        };
        let here = place(file, field);
        let key = (kind, policy.map(str::to_owned), with.clone());
        if let Some(first) = self.acknowledgements.places.get(&key) {
            let diagnostic =
                Diagnostic::error(Code::DuplicateAcknowledgement, here, "this is acknowledged twice")
                    .label("acknowledged again here")
                    .also(*first, "first acknowledged here")
                    .help("keep one of them");
            self.report(diagnostic);
            return None;
        }
        self.acknowledgements.places.insert(key, here);
        let acknowledgement = Acknowledgement {
            kind,
            policy: policy.map(str::to_owned),
            with,
            reason: reason?,
            place: here,
        };
        let annotation = annotation(&acknowledgement);
        self.acknowledgements.all.push(acknowledgement);
        Some(annotation)
    }

    /// The other policy or the attribute.
    fn acknowledged_with(&mut self, file: u32, name: &ast::Name, kind: Kind) -> Option<String> {
        let token = name.token()?;
        let here = token_place(file, &token);
        match kind.about() {
            About::Package | About::Policy => {
                let message = format!("`{}` is about nothing else", kind.name());
                let help = "leave WITH and what follows it out";
                self.report(Diagnostic::error(Code::MisplacedAcknowledgement, here, message).help(help));
                return None;
            }
            About::PolicyAndAttribute => {
                if find(&self.attributes, token.text()).is_none() {
                    self.unknown_attribute(file, &token, false);
                    return None;
                }
            }
            About::PolicyAndOther | About::TwoPolicies => {
                self.acknowledgements.named.push((token.text().to_owned(), here));
            }
        }
        Some(token.text().to_owned())
    }

    /// Whether the policies exist that acknowledgements name, once all are known.
    pub(super) fn acknowledged_policies(&mut self) {
        for (written, here) in std::mem::take(&mut self.acknowledgements.named) {
            if self.policy_places.contains_key(&written) {
                continue;
            }
            if self.is_full() {
                self.errors = self.errors.saturating_add(1);
                continue;
            }
            let may_search = self.may_search(self.policy_places.len());
            let names = self.policy_places.keys().map(String::as_str);
            let help = did_you_mean(&written, names.filter(|_| may_search), || {
                "name the other policy that the finding is about".to_owned()
            });
            let message = format!("there is no policy `{written}`");
            self.report(Diagnostic::error(Code::UnknownPolicy, here, message).help(help));
        }
    }
}
