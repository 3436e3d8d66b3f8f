//! Instants that show all that weekdays and times of day can tell apart.
//!
//! Between two changes of all zones that are asked for, every window comes again after a week. So the instants at which
//! windows begin or end in one week stand for all others, in every stretch of time that constants part from others.
//! Stretches in which the zones have the same offsets as in an earlier one, between the same constants, show nothing new.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::time::{DAY, Window, Zone};

const WEEK: i64 = 7 * DAY;

/// Most samples of one input.
const LIMIT: usize = 20_000;

/// The instants, which have to be tried with those of `parting`. None if they are too many.
///
/// `parting` are instants with which the input is compared, and their neighbours.
pub(super) fn samples(parting: &[i64], windows: &[(Window, &Zone)]) -> Option<Vec<i64>> {
    let zones: BTreeMap<&str, &Zone> = windows.iter().map(|(_, zone)| (zone.name(), *zone)).collect();
    let parting: BTreeSet<i64> = parting.iter().copied().collect();
    let mut beginnings = parting.clone();
    beginnings.insert(i64::MIN);
    beginnings.extend(
        zones
            .values()
            .flat_map(|zone| zone.changes())
            .map(|change| change.from),
    );
    let mut samples = BTreeSet::new();
    let mut shown = BTreeSet::new();
    let mut stretch = 0_u32;
    let ends = beginnings.iter().skip(1).map(Some).chain([None]);
    for (from, end) in beginnings.iter().copied().zip(ends) {
        if parting.contains(&from) {
            stretch = stretch.saturating_add(1);
        }
        let offsets: Vec<Option<i64>> = zones.values().map(|zone| zone.offset(from)).collect();
        let last = end.map_or(i64::MAX, |end| end.saturating_sub(1));
        let until = from.checked_add(WEEK).map_or(last, |week| week.min(last));
        let key = (stretch, offsets);
        if shown.contains(&key) {
            continue;
        }
        samples.insert(from);
        for (window, zone) in windows {
            if let Some(offset) = zone.offset(from) {
                edges(*window, offset, from, until, &mut samples);
            }
        }
        if samples.len() > LIMIT {
            return None;
        }
        // A stretch that is shorter than a week does not show all.
        if from.checked_add(WEEK).is_some_and(|week| week <= last) {
            shown.insert(key);
        }
    }
    Some(samples.into_iter().collect())
}

/// The instants from one to another at which a window begins or ends, where local time has this offset.
fn edges(window: Window, offset: i64, from: i64, until: i64, samples: &mut BTreeSet<i64>) {
    let midnight = |instant: i64| {
        let local = instant.checked_add(offset)?;
        instant.checked_sub(local.rem_euclid(DAY))
    };
    let mut day = midnight(from);
    while let Some(start) = day.filter(|start| *start <= until) {
        for edge in window.edges() {
            let edge = start.saturating_add(edge);
            if (from..=until).contains(&edge) {
                samples.insert(edge);
            }
        }
        day = start.checked_add(DAY);
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const END: i64 = 4_102_444_800_000_000_000;

    fn windows() -> impl Strategy<Value = Vec<(Window, Zone)>> {
        let hour = 3_600_000_000_000;
        let window = prop_oneof![
            (1_u8..127).prop_map(Window::Days),
            (0_i64..24, 1_i64..24).prop_map(move |(from, length)| Window::Hours {
                from: from * hour,
                to: (from + length) % 24 * hour,
            }),
        ];
        let zone = select(vec![
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
        ]);
        prop::collection::vec((window, zone.prop_map(|name| Zone::new(name).unwrap())), 1..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_instant_shows_what_no_sample_shows(
            windows in windows(),
            bounds in prop::collection::vec(0..END, 0..3),
            instants in prop::collection::vec(prop_oneof![9 => 0..END, 1 => any::<i64>()], 2_000),
        ) {
            let asked: Vec<(Window, &Zone)> = windows.iter().map(|(window, zone)| (*window, zone)).collect();
            let parting: Vec<i64> = bounds.iter().flat_map(|bound| [bound - 1, *bound, bound + 1]).collect();
            let shows = |instant: i64| {
                let truths: Vec<Option<bool>> = asked.iter().map(|(window, zone)| window.holds(zone, instant)).collect();
                (truths, bounds.iter().map(|bound| instant.cmp(bound)).collect::<Vec<_>>())
            };
            let samples = samples(&parting, &asked).unwrap();
            let shown: BTreeSet<_> = samples.into_iter().chain(parting).map(shows).collect();
            for instant in instants {
                prop_assert!(shown.contains(&shows(instant)), "{}", instant);
            }
        }
    }
}
