//! Attributes whose values the schema lists: `ONE OF ["gold", "silver"]`.

use aecp_vocabulary::AttributeName;

use super::data::{Entries, Values};
use super::operands::{Meaning, Typed};
use super::{Attribute, Checker, place};
use crate::core::{Constant, InputIndex, InputKind, Members};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::suggest::{did_you_mean, listed};
use crate::syntax::ast;

/// Most values that a schema lists for one attribute.
const LIMIT: usize = 256;

/// Whether a type is a list of values.
pub(super) fn is_choice(written: &ast::Type) -> bool {
    written.words().eq_ignore_ascii_case("ONE OF")
}

impl Attribute {
    pub(super) fn choices(&self) -> Option<&Members<Constant>> {
        match &self.kind {
            InputKind::Attribute { choices, .. } => choices.as_ref(),
            InputKind::Parameter(_) | InputKind::Now => None,
        }
    }
}

impl Checker {
    /// The values that a type lists; none if something is wrong with them, which is said.
    pub(super) fn choices(&mut self, file: u32, written: &ast::Type) -> Option<Members<Constant>> {
        let here = place(file, written);
        if written.words() != "ONE OF" {
            let message = "the words `ONE OF` are written in capitals";
            self.report(Diagnostic::error(Code::UnknownType, here, message).help("write `ONE OF`"));
            return None;
        }
        let list = written.list()?;
        let mut values = Values::of(aecp_vocabulary::Type::Text);
        self.written_entries(file, &list, &mut values)?;
        let Entries::Constants(_, choices) = values.settled("") else {
            return None;
        };
        // The name is for lists that conditions name.
        let choices = Members::from(choices.to_vec());
        let (message, help) = match choices.len() {
            0 => (
                "the list is empty".to_owned(),
                "list the values that the attribute can have",
            ),
            1..=LIMIT => return Some(choices),
            count => (
                format!("the attribute has {count} values, at most {LIMIT} are listed"),
                "make it `TEXT`, and compare it with a list: `DATA name FROM \"…\"`",
            ),
        };
        self.report(Diagnostic::error(Code::InvalidList, place(file, &list), message).help(help));
        None
    }

    /// Whether `typed`, which is held against `other`, is a text that `other` can never be; said if so.
    pub(super) fn is_outside(&mut self, typed: &Typed, other: &Typed) -> bool {
        let (Meaning::Constant(constant), Meaning::Input(input, _)) = (&typed.meaning, &other.meaning) else {
            return false;
        };
        self.is_no_choice(*input, constant, typed.place)
    }

    /// Whether a constant is none of the values of an attribute; said if so.
    pub(super) fn is_no_choice(&mut self, input: InputIndex, constant: &Constant, here: Place) -> bool {
        let attribute = usize::try_from(input.0)
            .ok()
            .and_then(|index| self.attributes.get(index));
        let found = attribute.and_then(|attribute| {
            let choices = attribute.choices()?;
            Some((attribute.name.clone(), choices.clone(), attribute.place))
        });
        let Some((name, choices, declared)) = found else {
            return false;
        };
        if choices.binary_search(constant).is_ok() {
            return false;
        }
        self.no_choice(
            &name,
            &choices,
            declared,
            constant.text().unwrap_or_default(),
            here,
        );
        true
    }

    pub(super) fn no_choice(
        &mut self,
        name: &AttributeName,
        choices: &Members<Constant>,
        declared: Place,
        written: &str,
        here: Place,
    ) {
        let known = || choices.iter().filter_map(Constant::text);
        let help = did_you_mean(written, known(), || {
            let few: Vec<&str> = known().take(8).collect();
            let more = if few.len() < choices.len() {
                " and others"
            } else {
                ""
            };
            format!("it is one of {}{more}", listed(few))
        });
        let message = format!("`{name}` is never `{written}`");
        let diagnostic = Diagnostic::error(Code::UnknownChoice, here, message)
            .also(declared, "its values are listed here")
            .help(help);
        self.report(diagnostic);
    }
}
