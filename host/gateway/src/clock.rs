//! The one clock of decisions.

use std::time::SystemTime;

use jiff::Timestamp;

/// Nanoseconds since 1970-01-01T00:00:00Z. A clock outside of the years 1970 to 2262 stands at the nearer end, which
/// no bundle is valid at.
pub(crate) fn now() -> i64 {
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(_) => 0,
    }
}

/// A moment in the same unit, held inside its range.
pub(crate) fn nanoseconds(moment: Timestamp) -> i64 {
    let limit = if moment < Timestamp::UNIX_EPOCH {
        i64::MIN
    } else {
        i64::MAX
    };
    i64::try_from(moment.as_nanosecond()).unwrap_or(limit)
}
