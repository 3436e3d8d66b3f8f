//! Instants as tests write them (RFC 3339).

const NANOSECONDS: i64 = 1_000_000_000;

/// The instant in nanoseconds since 1970-01-01T00:00:00Z: date, `T`, time, up to nine digits of a second's fraction, and
/// `Z` or an offset. None for anything else, for a day that no month has, for leap seconds, and for what does not fit
/// 64 bits (before 1677 or after 2262).
pub(crate) fn instant(text: &str) -> Option<i64> {
    let (date, rest) = text.split_once('T')?;
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    let days = (parts.next().is_none() && (1..=month_length(year, month)?).contains(&day))
        .then(|| days(year, month, day))??;

    let zone = rest.find(['Z', '+', '-'])?;
    let (time, zone) = rest.split_at_checked(zone)?;
    let (time, fraction) = time.split_once('.').map_or((time, None), |(t, f)| (t, Some(f)));
    let mut parts = time.split(':');
    let (hour, minute) = (below(24, parts.next()?)?, below(60, parts.next()?)?);
    let second = below(60, parts.next()?)?;
    if parts.next().is_some() {
        return None;
    }
    let seconds = days
        .checked_mul(86_400)?
        .checked_add(clock_seconds(hour, minute)?)?
        .checked_add(second)?
        .checked_sub(offset(zone)?)?;
    seconds
        .checked_mul(NANOSECONDS)?
        .checked_add(fraction.map_or(Some(0), nanoseconds)?)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let proper = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    if proper { text.parse().ok() } else { None }
}

fn below(limit: i64, text: &str) -> Option<i64> {
    digits(text, 2).filter(|number| *number < limit)
}

fn clock_seconds(hours: i64, minutes: i64) -> Option<i64> {
    hours.checked_mul(3_600)?.checked_add(minutes.checked_mul(60)?)
}

fn nanoseconds(fraction: &str) -> Option<i64> {
    if !(1..=9).contains(&fraction.len()) {
        return None;
    }
    digits(&format!("{fraction:0<9}"), 9)
}

/// Seconds that the zone's clocks are ahead.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, zone) = match (zone.strip_prefix('+'), zone.strip_prefix('-')) {
        (Some(ahead), _) => (1, ahead),
        (_, Some(behind)) => (-1, behind),
        _ => return None,
    };
    let (hours, minutes) = zone.split_once(':')?;
    clock_seconds(below(24, hours)?, below(60, minutes)?)?.checked_mul(sign)
}

fn month_length(year: i64, month: i64) -> Option<i64> {
    let divisible = |by: i64| year.checked_rem(by) == Some(0);
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if divisible(4) && (!divisible(100) || divisible(400)) => 29,
        2 => 28,
        _ => return None,
    })
}

/// Days since 1970-01-01 in the Gregorian calendar, counted in years that begin with March, so that leap days come last.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let month = month.checked_add(9)?.checked_rem(12)?;
    let of_months = month.checked_mul(153)?.checked_add(2)?.checked_div(5)?;
    let leap_days = year
        .checked_div(4)?
        .checked_sub(year.checked_div(100)?)?
        .checked_add(year.checked_div(400)?)?;
    year.checked_mul(365)?
        .checked_add(leap_days)?
        .checked_add(of_months)?
        .checked_add(day)?
        // From 0000-03-01 to 1970-01-01, counted from day 1.
        .checked_sub(719_469)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_what_calendars_say() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-01T00:00:00Z", 1_767_225_600),
            ("2024-02-29T12:30:15Z", 1_709_209_815),
            ("2000-03-01T00:00:00+01:00", 951_865_200),
            ("1969-12-31T23:59:59Z", -1),
            ("1900-03-01T00:00:00-00:30", -2_203_889_400),
        ] {
            assert_eq!(instant(text), Some(seconds * NANOSECONDS), "{text}");
        }
        assert_eq!(instant("1970-01-01T00:00:00.5Z"), Some(500_000_000));
        assert_eq!(instant("1970-01-01T00:00:00.000000001Z"), Some(1));
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in [
            "",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.0000000001Z",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00Zulu",
            "+026-01-01T00:00:00Z",
            "9999-01-01T00:00:00Z",
            "2026-01-01T00:00Z",
            "größe",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
