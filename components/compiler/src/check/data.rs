//! Named lists: `DATA name FROM "path"` and `DATA name: ["a", "b"]`.

use std::collections::BTreeMap;

use aecp_vocabulary::value::Network;
use aecp_vocabulary::{Type, text};

use super::declarations::find;
use super::operands::{Meaning, Typed};
use super::{Checker, place, token_place};
use crate::core::{Constant, Members};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::source::list_path;
use crate::suggest::did_you_mean;
use crate::syntax::ast;

/// List files by name: their index and their text.
pub(super) type Files<'a> = BTreeMap<&'a str, (u32, &'a str)>;

/// A DATA block.
pub(super) struct Data {
    /// None if something is wrong with it; that is reported where it stands.
    entries: Option<Entries>,
    place: Place,
    used: bool,
}

/// What a named list has.
#[derive(Clone, Debug)]
pub(super) enum Entries {
    Constants(Type, Members<Constant>),
    Networks(Members<Network>),
}

impl Entries {
    /// What it is, for sentences.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Networks(_) => "a list of CIDR",
            Self::Constants(listed, _) => match listed {
                Type::Integer => "a list of INTEGER",
                Type::Decimal => "a list of DECIMAL",
                Type::Instant => "a list of INSTANT",
                Type::Duration => "a list of DURATION",
                Type::Address => "a list of ADDRESS",
                _ => "a list of TEXT",
            },
        }
    }
}

/// The values of a list that is being read.
#[derive(Debug)]
pub(super) enum Values {
    Constants(Type, Vec<Constant>),
    Networks(Vec<Network>),
}

impl Values {
    pub(super) fn of(listed: Type) -> Self {
        match listed {
            Type::Network => Self::Networks(Vec::new()),
            _ => Self::Constants(listed, Vec::new()),
        }
    }

    pub(super) fn listed(&self) -> Type {
        match self {
            Self::Constants(listed, _) => *listed,
            Self::Networks(_) => Type::Network,
        }
    }

    pub(super) fn count(&self) -> usize {
        match self {
            Self::Constants(_, constants) => constants.len(),
            Self::Networks(networks) => networks.len(),
        }
    }

    /// Takes an entry as a file has it.
    pub(super) fn read(&mut self, entry: &str) -> Result<(), text::NotInForm> {
        match self {
            Self::Networks(networks) => networks.push(text::network(entry)?),
            Self::Constants(listed, constants) => constants.push(match listed {
                Type::Integer => Constant::Integer(text::integer(entry)?),
                Type::Decimal => Constant::Decimal(text::decimal(entry)?),
                Type::Instant => Constant::Instant(text::instant(entry)?),
                Type::Duration => Constant::Duration(text::duration(entry)?),
                Type::Address => Constant::Address(text::address(entry)?),
                _ => Constant::Text(entry.to_owned()),
            }),
        }
        Ok(())
    }

    /// An entry that is there twice counts once.
    pub(super) fn settled(self, name: &str) -> Entries {
        match self {
            Self::Constants(listed, constants) => {
                Entries::Constants(listed, Members::from(constants).named(name))
            }
            Self::Networks(networks) => Entries::Networks(Members::from(networks).named(name)),
        }
    }
}

impl Checker {
    pub(super) fn data(&mut self, file: u32, data: &ast::Data, files: &Files<'_>) {
        let values = self.values(file, data, files);
        let Some(token) = data.name() else { return };
        let Some(name) = self.name(file, &token) else {
            return;
        };
        let here = token_place(file, &token);
        if self.is_taken("a list", &name, here) {
            return;
        }
        if let Some(first) = self.data.get(&name) {
            let message = format!("list `{name}` is defined twice");
            let diagnostic = Diagnostic::error(Code::DuplicateData, here, message)
                .label("defined again here")
                .also(first.place, "first defined here")
                .help("keep one of the definitions, or rename one");
            self.report(diagnostic);
            return;
        }
        let entries = values.map(|values| values.settled(&name));
        let data = Data {
            entries,
            place: here,
            used: false,
        };
        self.data.insert(name, data);
    }

    /// Whether a name for `own` is that of something else, which is said. Two of a kind are not told of here.
    pub(super) fn is_taken(&mut self, own: &str, name: &str, here: Place) -> bool {
        let attribute =
            find(&self.attributes, name).map(|(_, attribute)| (attribute.what(), attribute.place));
        let class = self.classes.get(name).map(|class| ("a class", class.place));
        let data = self.data.get(name).map(|data| ("a list", data.place));
        let known = [attribute, class, data].into_iter().flatten();
        let Some((what, first)) = known.into_iter().find(|(what, _)| *what != own) else {
            return false;
        };
        self.ambiguous(name, (what, first), here);
        true
    }

    /// Reports a name that is that of something else already, of what and where.
    pub(super) fn ambiguous(&mut self, name: &str, (what, first): (&str, Place), here: Place) {
        let message = format!("`{name}` is the name of {what} already");
        let diagnostic = Diagnostic::error(Code::AmbiguousName, here, message)
            .also(first, format!("{what} of this name"))
            .help("rename one of them: attributes, parameters, classes and lists share their names");
        self.report(diagnostic);
    }

    fn values(&mut self, file: u32, data: &ast::Data, files: &Files<'_>) -> Option<Values> {
        let mut values = Values::of(match data.type_name() {
            None => Type::Text,
            Some(written) => self.listed(file, &written)?,
        });
        let here = match (data.path(), data.list()) {
            (Some(path), _) => {
                let here = place(file, &path);
                let written = self.text(file, &path)?;
                let (list, text) = self.list_file(here, &written, files)?;
                self.entries(list, text, here, &mut values)?;
                here
            }
            (None, Some(list)) => {
                self.written_entries(file, &list, &mut values)?;
                place(file, &list)
            }
            (None, None) => return None,
        };
        if values.count() == 0 {
            let diagnostic = Diagnostic::error(Code::InvalidList, here, "the list is empty")
                .help("nothing is in an empty list; give it at least one entry, or take it away");
            self.report(diagnostic);
            return None;
        }
        Some(values)
    }

    /// The type of a list's entries.
    fn listed(&mut self, file: u32, written: &ast::Type) -> Option<Type> {
        let listed = self.value_type(file, written)?;
        if listed == Type::Boolean || listed.member().is_some() {
            let message = format!("there are no lists of {listed}");
            let help = "lists hold `TEXT`, `INTEGER`, `DECIMAL`, `INSTANT`, `DURATION`, `ADDRESS` or `CIDR`";
            self.report(Diagnostic::error(Code::UnknownType, place(file, written), message).help(help));
            return None;
        }
        Some(listed)
    }

    fn list_file<'a>(&mut self, here: Place, path: &str, files: &Files<'a>) -> Option<(u32, &'a str)> {
        if let Err(why) = list_path(path) {
            let message = format!("`{path}` cannot be the path of a list: {why}");
            let help = "write it from the package's folder on, as in `\"lists/countries.txt\"`";
            self.report(Diagnostic::error(Code::InvalidPath, here, message).help(help));
            return None;
        }
        let found = files.get(path).copied();
        if found.is_none() {
            let message = format!("the package has no file `{path}`");
            let help = did_you_mean(path, files.keys().copied(), || {
                "the path begins in the package's folder; the list has one entry on each line".to_owned()
            });
            self.report(Diagnostic::error(Code::MissingList, here, message).help(help));
        }
        found
    }

    /// The members of a list that stands in a DATA block.
    pub(super) fn written_entries(&mut self, file: u32, list: &ast::List, values: &mut Values) -> Option<()> {
        let (listed, mut proper) = (values.listed(), true);
        for member in list.members() {
            let here = place(file, &member);
            if let ast::Operand::Name(name) = &member {
                if let Some(token) = name.token() {
                    let message = format!("`{}` is not a value", token.text());
                    let help = format!("a text stands in quotes: `\"{}\"`", token.text());
                    self.report(Diagnostic::error(Code::InvalidEntry, here, message).help(help));
                }
                proper = false;
                continue;
            }
            let typed = self.operand(file, member, true);
            let Some(typed) = typed.and_then(|typed| self.fitted(typed, listed)) else {
                proper = false;
                continue;
            };
            let why = match (&mut *values, &typed.meaning) {
                (Values::Constants(_, constants), Meaning::Constant(constant))
                    if constant.value_type() == listed =>
                {
                    constants.push(constant.clone());
                    None
                }
                (Values::Networks(networks), Meaning::Constant(Constant::Text(written))) => {
                    let network = text::network(written).map(|network| networks.push(network));
                    network.err().map(|error| error.to_string())
                }
                _ => Some(typed.kind().to_owned()),
            };
            if let Some(why) = why {
                proper = false;
                let message = format!("`{}` should be {listed}, and is {why}", typed.written());
                let help = typed.as_written_in(listed);
                let help = help.unwrap_or_else(|| {
                    format!("write values of type {listed}, or give the list another type")
                });
                self.report(Diagnostic::error(Code::InvalidEntry, here, message).help(help));
            }
        }
        proper.then_some(())
    }

    /// The list of this name, and where it is defined; inner none if something is wrong with it.
    pub(super) fn named_data(&mut self, name: &str) -> Option<(Option<Entries>, Place)> {
        let data = self.data.get_mut(name)?;
        data.used = true;
        Some((data.entries.clone(), data.place))
    }

    /// The members of a named list, if they have the wanted type.
    pub(super) fn data_of(
        &mut self,
        entries: &Entries,
        left: &Typed,
        right: &Typed,
        wanted: Type,
    ) -> Option<Members<Constant>> {
        match entries {
            Entries::Constants(listed, members) if *listed == wanted => Some(members.clone()),
            _ => {
                let (name, kind) = (right.written(), right.kind());
                let message = format!("`{}` is {}, and `{name}` is {kind}", left.written(), left.kind());
                let help = match (entries, wanted) {
                    (Entries::Networks(_), Type::Address) => {
                        format!(
                            "ask with WITHIN whether an address is in one: `{} WITHIN {name}`",
                            left.written()
                        )
                    }
                    _ => format!("give the list this type: `DATA {name}: {wanted} …`"),
                };
                self.mismatch(message, left, right, Some(help));
                None
            }
        }
    }

    pub(super) fn unused_data(&mut self) {
        let unused: Vec<Diagnostic> = self
            .data
            .iter()
            .filter(|(_, data)| !data.used && data.entries.is_some())
            .map(|(name, data)| {
                let message = format!("no condition uses the list `{name}`");
                Diagnostic::warning(Code::UnusedData, data.place, message)
                    .help(format!("remove it, or use it: `… IN {name}`"))
            })
            .collect();
        unused.into_iter().for_each(|warning| self.report(warning));
    }
}
