//! What calls of the support functions cost: how often each of their loops turns at most.

use super::code::{Known, Meter, Shape, unmeasured};
use super::{Weight, Work};
use crate::emit::EmitError;
use crate::emit::support::{
    ADDRESS_IN, ADDRESS_IN_FOUR, AFFIX, AMONG, ANY_ADDRESS, ANY_BIT, ANY_NUMBER, CONTAINS, EQUAL,
    HAS_ADDRESS, HAS_NUMBER, LOOKUP, MEMBERS, NETWORK_HAS, SAME, SCALAR, TEXT, WALK, WITHIN,
};

/// Bytes that a turn of a loop over a text reads.
const WORD: u64 = 8;

impl Shape {
    /// What one turn of its loop costs, the only one if nothing else is said.
    fn turn(&self, index: usize) -> u64 {
        self.turns.get(index).copied().unwrap_or_default()
    }

    /// All of it, if its first loop goes through so many turns.
    fn with(&self, turns: u64) -> u64 {
        // The last look, which finds that nothing is left, is a turn too.
        let turns = turns.saturating_add(1);
        self.straight.saturating_add(self.turn(0).saturating_mul(turns))
    }
}

/// How often a search that halves can turn.
fn halvings(count: u32) -> u64 {
    u64::from(u32::BITS.saturating_sub(count.leading_zeros()))
}

fn constant(arguments: &[Known], index: usize) -> Result<u32, EmitError> {
    match arguments.get(index) {
        Some(Known::Constant(constant)) => Ok(*constant),
        other => Err(unmeasured(format_args!("{other:?} is no constant"))),
    }
}

fn input(arguments: &[Known], index: usize) -> Result<u32, EmitError> {
    match arguments.get(index) {
        Some(Known::Input(input)) => Ok(*input),
        other => Err(unmeasured(format_args!("{other:?} is no input"))),
    }
}

impl Meter<'_> {
    /// What a call of a function that every component has costs.
    pub(super) fn support(&self, function: u32, arguments: &[Known]) -> Result<Work, EmitError> {
        let shape = self.shape(function)?;
        let searched = |index: usize| Ok(shape.with(halvings(constant(arguments, index)?)));
        let fixed = |fixed: u64| Ok(Work::from(Weight::fixed(fixed)));
        match function {
            SCALAR | NETWORK_HAS => fixed(shape.straight),
            TEXT => fixed(shape.straight.saturating_add(self.lookup()?)),
            MEMBERS => {
                let bits = u64::from(constant(arguments, 3)?).div_ceil(64).saturating_mul(8);
                let member = shape.turn(0).saturating_add(self.lookup()?);
                let weight = Weight::fixed(shape.with(0).saturating_add(bits));
                Ok(weight.per_member(input(arguments, 0)?, member).into())
            }
            SAME => {
                let compared = self.equal(0)?;
                let weight = Weight::fixed(compared).per_byte(input(arguments, 0)?, self.equal_byte()?);
                remembered(shape.straight, constant(arguments, 2)?, weight)
            }
            CONTAINS => {
                let member = shape.turn(0).saturating_add(self.equal(0)?);
                let weight = Weight::fixed(shape.turn(0))
                    .per_member(input(arguments, 0)?, member)
                    .per_byte(input(arguments, 0)?, self.equal_byte()?);
                remembered(shape.straight, constant(arguments, 2)?, weight)
            }
            WALK => {
                let weight = Weight::fixed(shape.turn(0)).per_byte(input(arguments, 0)?, shape.turn(0));
                remembered(shape.straight, constant(arguments, 1)?, weight)
            }
            WITHIN | AMONG | ADDRESS_IN | ADDRESS_IN_FOUR => fixed(searched(1)?),
            AFFIX => {
                let part = self.equal(u64::from(constant(arguments, 2)?))?;
                fixed(shape.straight.saturating_add(part))
            }
            ANY_BIT => fixed(shape.with(u64::from(constant(arguments, 2)?))),
            HAS_NUMBER | HAS_ADDRESS => {
                let weight = Weight::fixed(shape.with(0));
                Ok(weight.per_member(input(arguments, 0)?, shape.turn(0)).into())
            }
            ANY_NUMBER => {
                let table = halvings(constant(arguments, 3)?);
                let search = if constant(arguments, 4)? == 0 {
                    AMONG
                } else {
                    WITHIN
                };
                let member = shape.turn(0).saturating_add(self.shape(search)?.with(table));
                let weight = Weight::fixed(shape.with(0));
                Ok(weight.per_member(input(arguments, 0)?, member).into())
            }
            ANY_ADDRESS => {
                let table = halvings(constant(arguments, 2)?);
                let member = shape.turn(0).saturating_add(self.shape(ADDRESS_IN)?.with(table));
                let weight = Weight::fixed(shape.with(0));
                Ok(weight.per_member(input(arguments, 0)?, member).into())
            }
            _ => Err(unmeasured(format_args!(
                "nobody knows what function {function} costs"
            ))),
        }
    }

    /// What a call of the function that gives local time costs.
    pub(super) fn local_time(&self, function: u32, arguments: &[Known]) -> Result<Work, EmitError> {
        let changes = halvings(constant(arguments, 1)?);
        Ok(Weight::fixed(self.shape(function)?.with(changes)).into())
    }

    /// What comparing texts of so many bytes costs.
    fn equal(&self, bytes: u64) -> Result<u64, EmitError> {
        Ok(self.shape(EQUAL)?.with(bytes.div_ceil(WORD)))
    }

    /// What each byte of compared texts adds.
    fn equal_byte(&self) -> Result<u64, EmitError> {
        Ok(self.shape(EQUAL)?.turn(0).div_ceil(WORD))
    }

    /// What finding the class of a text costs. A text longer than all constants is not read.
    fn lookup(&self) -> Result<u64, EmitError> {
        let shape = self.shape(LOOKUP)?;
        let Some(table) = self.table else {
            return Ok(shape.straight);
        };
        let hashed = shape.with(u64::from(table.longest).div_ceil(WORD));
        let entries = shape
            .turn(1)
            .saturating_mul(table.chain.entries.saturating_add(1));
        let compared = self.shape(EQUAL)?;
        let compared = compared
            .straight
            .saturating_mul(table.chain.entries)
            .saturating_add(compared.turn(0).saturating_mul(table.chain.words));
        Ok(hashed.saturating_add(entries).saturating_add(compared))
    }
}

/// What is done once in a call, and remembered in a memo; and `asked` for each time that somebody asks.
fn remembered(asked: u64, memo: u32, weight: Weight) -> Result<Work, EmitError> {
    let mut work = Work::from(Weight::fixed(asked));
    work.once.insert(memo, weight);
    Ok(work)
}
