//! Conditions about weekdays and times of day in zones.

use aecp_vocabulary::Type;

use super::operands::{Meaning, Typed};
use super::{Checker, place};
use crate::core::time::{WEEKDAYS, Window, Zone, time_of_day, zone_names};
use crate::core::{Atom, Condition, Constant};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::suggest::nearest;
use crate::syntax::ast::{self, AstNode};

const WINDOW_HELP: &str = "write weekdays, `MONDAY TO FRIDAY` or `[MONDAY, FRIDAY]`, or times of day, \
                           `\"09:00\" TO \"17:00\"`";

/// Whether somebody means weekdays by this.
pub(super) fn is_weekdays(operand: &ast::Operand) -> bool {
    match operand {
        ast::Operand::Name(name) => weekday(name).is_some(),
        ast::Operand::List(list) => list.members().any(|member| is_weekdays(&member)),
        _ => false,
    }
}

/// Monday is 0.
fn weekday(name: &ast::Name) -> Option<u32> {
    let written = name.token()?;
    let is_it = |day: &&str| day.eq_ignore_ascii_case(written.text());
    WEEKDAYS
        .iter()
        .zip(0_u32..)
        .find(|(day, _)| is_it(day))
        .map(|(_, at)| at)
}

impl Checker {
    pub(super) fn during(&mut self, file: u32, during: &ast::During) -> Option<Condition> {
        let instant = during
            .operand()
            .and_then(|operand| self.operand(file, operand, false));
        let window = during
            .window()
            .and_then(|window| self.part_of_time(file, &window));
        let zone = during.zone().and_then(|zone| self.zone(file, &zone));
        let instant = self.an_instant(instant?)?;
        Some(Condition::Atom(Atom::During {
            instant: instant.operand()?,
            window: window?,
            zone: zone?,
        }))
    }

    fn an_instant(&mut self, typed: Typed) -> Option<Typed> {
        if typed.value_type() == Some(Type::Instant) {
            return Some(typed);
        }
        let message = format!(
            "weekdays and times of day are asked of instants, and `{}` is {}",
            typed.written(),
            typed.kind()
        );
        let mut diagnostic = Diagnostic::error(Code::TypeMismatch, typed.place, message)
            .label(format!("this is {}", typed.kind()))
            .help("as in `time.now WITHIN MONDAY TO FRIDAY IN \"Europe/Berlin\"`");
        if let Some(declared) = typed.declared {
            diagnostic = diagnostic.also(declared, format!("declared as {} here", typed.kind()));
        }
        self.report(diagnostic);
        None
    }

    pub(super) fn no_zone(&mut self, file: u32, location: &ast::Location) {
        let message = "weekdays differ from zone to zone, and no zone is named";
        let help = format!(
            "say whose clocks tell: `{} IN \"Europe/Berlin\"`",
            location.syntax().text()
        );
        self.report(Diagnostic::error(Code::InvalidWindow, place(file, location), message).help(help));
    }

    fn part_of_time(&mut self, file: u32, window: &ast::Window) -> Option<Window> {
        let here = place(file, window);
        let ends: Vec<ast::Operand> = window.ends().collect();
        match ends.as_slice() {
            [ast::Operand::List(list)] => {
                let days: Vec<Option<u32>> = list.members().map(|member| self.day(file, &member)).collect();
                if days.is_empty() {
                    let diagnostic = Diagnostic::error(Code::InvalidList, here, "the list is empty");
                    self.report(diagnostic.help("write at least one weekday"));
                    return None;
                }
                let days = days.into_iter().collect::<Option<Vec<_>>>()?;
                Some(Window::Days(days.into_iter().fold(0, |all, day| all | bit(day))))
            }
            [only @ ast::Operand::Name(_)] => Some(Window::Days(bit(self.day(file, only)?))),
            [first @ ast::Operand::Name(_), last] | [first, last @ ast::Operand::Name(_)] => {
                let (first, last) = (self.day(file, first), self.day(file, last));
                let (first, last) = (first?, last?);
                let behind = if last < first {
                    last.saturating_add(7)
                } else {
                    last
                };
                Some(Window::Days((first..=behind).fold(0, |all, day| all | bit(day))))
            }
            [from, to] => {
                let (from_time, to_time) = (self.time(file, from), self.time(file, to));
                let ((from_place, from), (to_place, to)) = (from_time?, to_time?);
                self.hours((from_place, from), (to_place, to))
            }
            _ => {
                let message = "this is no part of a week or of a day";
                self.report(Diagnostic::error(Code::InvalidWindow, here, message).help(WINDOW_HELP));
                None
            }
        }
    }

    fn hours(&mut self, from: (Place, i64), to: (Place, i64)) -> Option<Window> {
        let ((from_place, from), (to_place, to)) = (from, to);
        if from == crate::core::time::DAY {
            let message = "`24:00` ends a day and begins none";
            let diagnostic = Diagnostic::error(Code::InvalidWindow, from_place, message);
            self.report(diagnostic.help("write `\"00:00\"`"));
            return None;
        }
        if from == to {
            let message = "this begins and ends at the same time";
            let diagnostic = Diagnostic::error(Code::InvalidWindow, to_place, message)
                .also(from_place, "it begins here")
                .help("the whole day is `\"00:00\" TO \"24:00\"`");
            self.report(diagnostic);
            return None;
        }
        Some(Window::Hours { from, to })
    }

    fn day(&mut self, file: u32, operand: &ast::Operand) -> Option<u32> {
        let here = place(file, operand);
        let name = match operand {
            ast::Operand::Name(name) => Some(name),
            _ => None,
        };
        let written = operand.syntax().text().to_string();
        let Some(day) = name.and_then(weekday) else {
            let message = format!("`{written}` is no weekday");
            let help = match nearest(&written, WEEKDAYS) {
                Some(day) => format!("did you mean `{day}`?"),
                None => WINDOW_HELP.to_owned(),
            };
            self.report(Diagnostic::error(Code::InvalidWindow, here, message).help(help));
            return None;
        };
        if !WEEKDAYS.contains(&written.as_str()) {
            let message = "weekdays are written in capitals";
            let help = format!("write `{}`", written.to_ascii_uppercase());
            self.report(Diagnostic::error(Code::LowercaseKeyword, here, message).help(help));
            return None;
        }
        Some(day)
    }

    fn time(&mut self, file: u32, operand: &ast::Operand) -> Option<(Place, i64)> {
        let typed = self.operand(file, operand.clone(), true)?;
        let time = match &typed.meaning {
            Meaning::Constant(Constant::Text(text)) => time_of_day(text),
            _ => None,
        };
        if time.is_none() {
            let message = format!("`{}` is no time of day", typed.written());
            let help = "write hours and minutes in two digits each: `\"09:00\"`, up to `\"24:00\"`";
            self.report(Diagnostic::error(Code::InvalidWindow, typed.place, message).help(help));
        }
        time.map(|time| (typed.place, time))
    }

    fn zone(&mut self, file: u32, node: &ast::Zone) -> Option<Zone> {
        let literal = node.name()?;
        let name = self.text(file, &literal)?;
        if let Some(known) = self.zones.get(&name) {
            return Some(known.clone());
        }
        if let Some(zone) = Zone::new(&name) {
            self.zones.insert(name, zone.clone());
            return Some(zone);
        }
        let here = place(file, &literal);
        let help = if self.may_search(zone_names().count()) {
            zone_help(&name)
        } else {
            "zones have the names of the IANA time zone database".to_owned()
        };
        let message = format!("there is no time zone `{name}`");
        self.report(Diagnostic::error(Code::UnknownZone, here, message).help(help));
        None
    }
}

fn zone_help(name: &str) -> String {
    let last = |zone: &str| zone.rsplit('/').next().map(str::to_ascii_lowercase);
    let wanted = last(&name.replace(' ', "_"));
    let of_same_city = || zone_names().find(|zone| last(zone) == wanted);
    match nearest(name, zone_names()).or_else(of_same_city) {
        Some(zone) => format!("did you mean `{zone}`?"),
        None => {
            "zones have the names of the IANA time zone database: `\"Europe/Berlin\"`, `\"UTC\"`".to_owned()
        }
    }
}

fn bit(day: u32) -> u8 {
    1_u8.checked_shl(day.checked_rem(7).unwrap_or(day)).unwrap_or(0)
}
