//! Which enforcement points there are, what they run, and what they should run.
//!
//! - [`inventory`]: the list of enforcement points, TOML.
//! - [`observed`]: what is known of one, from its admin listener or from its newest receipt.
//! - [`ask`]: the admin listener, asked.
//! - [`mod@judge`]: what is observed, held against what was released.
//! - [`table`]: all of it, for people.

pub(crate) mod ask;
mod inventory;
mod judge;
mod observed;
pub(crate) mod table;

pub(crate) use inventory::{Inventory, Point};
pub(crate) use judge::{Judged, Target, judge};
pub(crate) use observed::{Observed, of_receipt};
