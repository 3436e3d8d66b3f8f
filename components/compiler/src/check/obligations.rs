//! OBLIGATION fields: paths, numbers and attributes are checked, and what one policy asks for fits together.

use aecp_vocabulary::obligation::{
    COUNT_LIMIT, Duty, KEEP_LIMIT, LimitKey, Masking, Merged, Notification, WINDOW_LIMITS, WORD_LIMIT,
    is_of_response, is_recipient,
};
use aecp_vocabulary::policy::{Obligation, Segment};
use aecp_vocabulary::{AttributeName, Mode, Type, Value};

use super::declarations::find;
use super::{Checker, place, token_place};
use crate::core::Constant;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::syntax::ast;

/// Most obligations of one policy.
const OBLIGATION_LIMIT: usize = 64;

/// The list of rows that the whole body of a response is.
const ROWS: &str = "rows";

/// The path that it stands for.
const BODY: &str = "response.body";

/// A duty whose inputs are indices into the attributes.
pub(super) type Described = Duty<Vec<Segment>>;

impl Checker {
    /// One field of a policy that has these already.
    pub(super) fn obligation(
        &mut self,
        file: u32,
        field: &ast::ObligationField,
        before: &mut Vec<(Place, Described)>,
    ) {
        let here = place(file, field);
        if before.len() >= OBLIGATION_LIMIT {
            let message = format!("a policy has at most {OBLIGATION_LIMIT} obligations");
            let diagnostic = Diagnostic::error(Code::InvalidObligation, here, message);
            self.report(diagnostic.help("split the policy"));
            return;
        }
        let duty = field.value().and_then(|value| match value {
            ast::Obligation::Mask(mask) => self.mask(file, &mask),
            ast::Obligation::Filter(filter) => self.filter(file, &filter),
            ast::Obligation::Limit(limit) => self.limit(file, &limit),
            ast::Obligation::Notify(notify) => self.notify(file, &notify),
        });
        let Some(duty) = duty else { return };
        for (other_place, other) in before.iter() {
            let clash = clash(&duty, other);
            if let Some(clash) = clash {
                let diagnostic = Diagnostic::error(Code::ClashingObligations, here, clash)
                    .label("this obligation")
                    .also(*other_place, "and this one cannot both be met")
                    .help("keep one of them, or let them say the same");
                self.report(diagnostic);
                return;
            }
        }
        before.push((here, duty));
    }

    /// The obligations of a policy in their order.
    pub(super) fn obligations(
        &mut self,
        mode: Option<Mode>,
        checked: Vec<(Place, Described)>,
    ) -> Vec<Obligation> {
        if let (Some(mode), Some((here, _))) = (mode.filter(|mode| *mode != Mode::Blocking), checked.first())
        {
            let message = format!("the policy is {}: its obligations are never raised", mode.name());
            let warning = Diagnostic::warning(Code::IdleObligation, *here, message)
                .help("`ENFORCEMENT: BLOCKING` raises them with every request that satisfies the policy");
            self.report(warning);
        }
        checked.into_iter().map(|(_, duty)| duty.obligation()).collect()
    }

    fn mask(&mut self, file: u32, mask: &ast::Mask) -> Option<Described> {
        let path = self.response_path(file, &mask.path()?)?;
        let how = match mask.value() {
            None => Masking::Hide(None),
            Some(literal) if mask.with().is_some() => {
                let text = self.text(file, &literal)?;
                if text.len() > WORD_LIMIT {
                    let message = format!(
                        "this text has {} bytes, masks have at most {WORD_LIMIT}",
                        text.len()
                    );
                    self.refused(place(file, &literal), message, "shorten it");
                    return None;
                }
                Masking::Hide(Some(text))
            }
            Some(literal) => {
                let number = self.whole(file, &literal, u64::from(KEEP_LIMIT), "a mask keeps");
                Masking::KeepLast(u32::try_from(number?).ok()?)
            }
        };
        Some(Duty::Mask { path, how })
    }

    fn filter(&mut self, file: u32, filter: &ast::Filter) -> Option<Described> {
        let name = filter.rows()?;
        let rows = match name.token() {
            Some(token) if token.text() == ROWS => BODY.parse().ok(),
            _ => self.response_path(file, &name),
        };
        let conditions = self.row_conditions(file, &filter.body()?);
        let (rows, conditions) = (rows?, conditions?);
        Some(Duty::Filter { rows, conditions })
    }

    fn limit(&mut self, file: u32, limit: &ast::Limit) -> Option<Described> {
        let mut values = limit.values();
        let (count, window) = (values.next()?, values.next()?);
        let count = self.whole(file, &count, COUNT_LIMIT, "a limit counts");
        let window = self.window(file, &window);
        let key = self.key(file, &limit.key()?);
        let (count, window, (key, value)) = (count?, window?, key?);
        let key = LimitKey { key, value, window };
        Some(Duty::Limit { key, count })
    }

    fn notify(&mut self, file: u32, notify: &ast::Notify) -> Option<Described> {
        let mut texts = notify.texts();
        let recipient = texts.next()?;
        let message = texts
            .next()
            .map(|literal| self.template(file, "NOTIFY", &literal));
        let to = self.text(file, &recipient)?;
        if !is_recipient(&to) {
            let message = "this names no recipient";
            let help = format!(
                "write a mail address or the name of a channel, at most {WORD_LIMIT} bytes: `NOTIFY \"security\"`"
            );
            self.refused(place(file, &recipient), message, &help);
            return None;
        }
        let message = match message {
            None => None,
            Some(message) => Some(message?),
        };
        Some(Duty::Notify(Notification { to, message }))
    }

    /// A path inside of the response's body.
    fn response_path(&mut self, file: u32, name: &ast::Name) -> Option<AttributeName> {
        let token = name.token()?;
        let written = token.text();
        let path: Option<AttributeName> = written.parse().ok();
        if let Some(path) = path.as_ref().filter(|path| is_of_response(path)) {
            return Some(path.clone());
        }
        let message = format!("`{written}` is no part of the response's body");
        let rest = written.strip_prefix("response.").unwrap_or(written);
        let rest = rest.strip_prefix("body.").unwrap_or(rest);
        let help = match path {
            Some(_) if !matches!(rest, "response" | "body") => format!("write `{BODY}.{rest}`"),
            _ => format!("write a path inside of it, at most 128 bytes: `{BODY}.customer.ssn`"),
        };
        self.refused(token_place(file, &token), message, &help);
        None
    }

    /// A whole number from 1 to `most`.
    fn whole(&mut self, file: u32, literal: &ast::Literal, most: u64, who: &str) -> Option<u64> {
        let constant = self.constant(file, literal)?;
        let number = match constant {
            Constant::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        };
        let number = number.filter(|number| (1..=most).contains(number));
        if number.is_none() {
            let message = format!("{who} a whole number from 1 to {most}");
            self.refused(place(file, literal), message, "write a number inside that range");
        }
        number
    }

    fn window(&mut self, file: u32, literal: &ast::Literal) -> Option<i64> {
        let constant = self.constant(file, literal)?;
        let (shortest, longest) = WINDOW_LIMITS;
        let window = match constant {
            Constant::Duration(window) => Some(window).filter(|window| (shortest..=longest).contains(window)),
            _ => None,
        };
        if window.is_none() {
            let message = format!(
                "a limit counts in a time from {} to {}",
                Value::Duration(shortest),
                Value::Duration(longest)
            );
            self.refused(
                place(file, literal),
                message,
                "write a duration: `1m`, `1h30m`, `1d`",
            );
        }
        window
    }

    /// The attribute by whose values requests are counted, and its value.
    fn key(&mut self, file: u32, name: &ast::Name) -> Option<(AttributeName, Vec<Segment>)> {
        let token = name.token()?;
        let Some((index, attribute)) = find(&self.attributes, token.text()) else {
            self.unknown_attribute(file, &token, false);
            return None;
        };
        let (key, value_type, declared) = (attribute.name.clone(), attribute.value_type?, attribute.place);
        if value_type.member().is_some() || value_type == Type::Network {
            let message = format!("requests are not counted by `{key}`, which is {value_type}");
            let diagnostic = Diagnostic::error(Code::TypeMismatch, token_place(file, &token), message)
                .also(declared, format!("declared as {value_type} here"))
                .help("count by an attribute that has one value: `BY identity.subject`");
            self.report(diagnostic);
            return None;
        }
        Some((key, vec![Segment::Input(index)]))
    }

    pub(super) fn refused(&mut self, here: Place, message: impl Into<String>, help: &str) {
        self.report(Diagnostic::error(Code::InvalidObligation, here, message).help(help));
    }
}

/// Why two obligations of one policy cannot both be met, if they cannot. Values of the request do not matter to that.
fn clash(one: &Described, other: &Described) -> Option<String> {
    let settled = |duty: &Described| duty.clone().map(|_| String::new());
    let merged = Merged::of([settled(one), settled(other)]);
    merged.clashes().first().map(ToString::to_string)
}
