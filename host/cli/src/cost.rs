//! The bound on what a decision costs, as commands print and enforce it.

use std::fmt;

use aecp_compiler::emit::Cost;
use aecp_compiler::emit::cost::Sizes;
use serde::Serialize;

use crate::error::Error;
use crate::report;

/// What a decision may cost.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Limit {
    /// Refuse what can cost more instructions for one decision, on the largest inputs
    #[arg(long, value_name = "INSTRUCTIONS")]
    max_cost: Option<u64>,
    /// Bytes of the largest text that is let through to policies, for the bound on a decision's cost
    #[arg(long, value_name = "BYTES", default_value_t = Sizes::LARGEST.text)]
    largest_text: u64,
    /// Members of the largest set that is let through to policies, for the bound on a decision's cost
    #[arg(long, value_name = "MEMBERS", default_value_t = Sizes::LARGEST.set)]
    largest_set: u64,
}

/// What a decision costs at most, in executed instructions of WebAssembly.
#[derive(Debug, Serialize)]
pub(crate) struct CostReport {
    /// The part that does not depend on sizes.
    fixed: u64,
    /// For each byte of a text, or of each text in a set; of the input where it is most.
    per_byte: u64,
    /// For each member of a set; of the input where it is most.
    per_member: u64,
    /// With texts of 64 bytes and sets of 8 members.
    ordinary: u64,
    /// With the largest inputs.
    largest: u64,
}

impl Limit {
    fn largest(self) -> Sizes {
        Sizes {
            text: self.largest_text,
            set: self.largest_set,
        }
    }

    /// Whether a decision may cost that much; says so on standard error if not.
    pub(crate) fn allows(self, cost: &Cost) -> bool {
        let Some(bound) = self.max_cost else {
            return true;
        };
        match cost.within(bound, self.largest()) {
            Ok(()) => true,
            Err(why) => {
                report::failure(&Error::part("the cost of a decision")(why.to_string()));
                false
            }
        }
    }

    pub(crate) fn report(self, cost: &Cost) -> CostReport {
        CostReport {
            fixed: cost.fixed,
            per_byte: cost.per_byte(),
            per_member: cost.per_member(),
            ordinary: cost.at(Sizes::ORDINARY),
            largest: cost.at(self.largest()),
        }
    }
}

impl fmt::Display for CostReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fixed,
            per_byte,
            per_member,
            ordinary,
            largest,
        } = self;
        write!(formatter, "cost: at most {fixed} instructions")?;
        if *per_byte > 0 {
            write!(formatter, ", {per_byte} for each byte of a text")?;
        }
        if *per_member > 0 {
            write!(formatter, ", {per_member} for each member of a set")?;
        }
        if largest > fixed {
            write!(
                formatter,
                "; {ordinary} for an ordinary request, {largest} for the largest"
            )?;
        }
        Ok(())
    }
}
