//! Pauses that grow and spread, so that many who failed together do not try again together.

use std::time::Duration;

/// The longest pause between two attempts to bring a bundle: 5 s.
pub const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// Growing pauses: each is twice the one before, up to a limit, and lasts between half and all of it.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    current: Duration,
}

impl Backoff {
    /// Begins with `first` and never gives more than `longest`.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            current: first.min(longest),
        }
    }

    /// The next pause.
    #[allow(
        clippy::should_implement_trait,
        reason = "it has no end, so it is no iterator"
    )]
    pub fn next(&mut self) -> Duration {
        let whole = self.current;
        self.current = whole.saturating_mul(2).min(self.longest);
        let half = whole.checked_div(2).unwrap_or_default();
        half.saturating_add(portion(whole.saturating_sub(half), random()))
    }

    /// Begins anew, after a success.
    pub fn reset(&mut self) {
        self.current = self.first.min(self.longest);
    }
}

/// A pause of about this length: up to a tenth shorter or longer.
pub fn spread(pause: Duration) -> Duration {
    let tenth = pause.checked_div(10).unwrap_or_default();
    pause
        .saturating_sub(tenth)
        .saturating_add(portion(tenth.saturating_mul(2), random()))
}

/// `of` × `share` / 2³².
fn portion(of: Duration, share: u32) -> Duration {
    let nanos = of.as_nanos().saturating_mul(u128::from(share)) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn random() -> u32 {
    // Without randomness the pauses are merely not spread.
    getrandom::u32().unwrap_or(u32::MAX / 2)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pauses_grow_up_to_the_limit_and_begin_anew(first in 1_u64..10_000, longest in 1_u64..100_000) {
            let (first, longest) = (Duration::from_millis(first), Duration::from_millis(longest));
            let mut backoff = Backoff::new(first, longest);
            let mut whole = first.min(longest);
            for _ in 0..20 {
                let pause = backoff.next();
                prop_assert!(pause >= whole / 2 && pause <= whole, "{pause:?} of {whole:?}");
                whole = (whole * 2).min(longest);
            }
            backoff.reset();
            prop_assert!(backoff.next() <= first);
        }

        #[test]
        fn a_spread_pause_is_a_tenth_off_at_most(pause in 0_u64..1_000_000) {
            let pause = Duration::from_micros(pause);
            let spread = spread(pause);
            prop_assert!(spread >= pause - pause / 10 && spread <= pause + pause / 10);
        }
    }
}
