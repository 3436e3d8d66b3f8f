//! Code that asks whether a value is one of several.

use wasm_encoder::{BlockType, InstructionSink};

use super::*;

impl Emitter<'_> {
    /// Leaves whether an address is in one of `ranges`, which are sorted.
    pub(super) fn address_in(
        &mut self,
        code: &mut InstructionSink<'_>,
        values: u32,
        input: u32,
        ranges: &Ranges<u128>,
    ) -> Result<(), EmitError> {
        // One network is one comparison of each half, or of one half alone.
        let short = |(low, high): &(u128, u128)| {
            let ([low_high, low_low], [high_high, high_low]) = (halves(*low), halves(*high));
            low_high == high_high || (low_low == 0 && high_low == u64::MAX)
        };
        if ranges.len() > RANGES || !ranges.iter().all(short) {
            let tables = self.tables.addresses(&mut self.data, ranges)?;
            let mut asked = 0_u32;
            let mut join = |code: &mut InstructionSink<'_>| {
                if asked > 0 {
                    code.i32_or();
                }
                asked = asked.saturating_add(1);
            };
            let begin = |code: &mut InstructionSink<'_>, table: Table| {
                code.i32_const(signed(table.address))
                    .i32_const(signed(table.count));
            };
            if let Some(table) = tables.four {
                begin(code, table);
                both_halves(code, values, input);
                code.call(support::ADDRESS_IN_FOUR);
                join(code);
            }
            if let Some(table) = tables.halves {
                begin(code, table);
                code.local_get(values).i64_load(address_half(input, 0));
                code.i64_const(signed_long(TOP)).i64_xor().call(support::WITHIN);
                join(code);
            }
            if let Some(table) = tables.others {
                begin(code, table);
                both_halves(code, values, input);
                code.call(support::ADDRESS_IN);
                join(code);
            }
            return Ok(());
        }
        for (index, (low, high)) in ranges.iter().enumerate() {
            let ([low_high, low_low], [high_high, high_low]) = (halves(*low), halves(*high));
            let between = |code: &mut InstructionSink<'_>, half: u32, low: u64, high: u64| {
                code.local_get(values).i64_load(address_half(input, half));
                code.i64_const(signed_long(low));
                if low == high {
                    code.i64_eq();
                } else {
                    code.i64_sub()
                        .i64_const(signed_long(high.wrapping_sub(low)))
                        .i64_le_u();
                }
            };
            between(code, 0, low_high, high_high);
            if low_high == high_high {
                between(code, 1, low_low, high_low);
                code.i32_and();
            }
            if index > 0 {
                code.i32_or();
            }
        }
        Ok(())
    }

    /// Leaves whether a set has a text of one of `classes`, which are sorted.
    pub(super) fn has_any(
        &mut self,
        code: &mut InstructionSink<'_>,
        set: u32,
        classes: &[u32],
    ) -> Result<(), EmitError> {
        let (Some(members), Some(range)) =
            (self.layout.members.get(&set), Range::of(classes.iter().copied()))
        else {
            code.i32_const(0);
            return Ok(());
        };
        // Whole words of the set's bits: those before the first class are not looked at.
        let skipped = range.low.saturating_sub(members.range.low) >> 6;
        let first = members.range.low.saturating_add(skipped << 6);
        let last = range.low.saturating_add(range.count).saturating_sub(first);
        let mut words = vec![0_u64; usize::try_from(last.div_ceil(64)).unwrap_or_default()];
        for bit in classes.iter().map(|class| class.saturating_sub(first)) {
            if let Some(word) = words.get_mut(usize::try_from(bit >> 6).unwrap_or(usize::MAX)) {
                *word |= 1 << (bit & 63);
            }
        }
        let bits = members.bits.saturating_add(skipped << 3);
        if let [mask] = words.as_slice() {
            code.i32_const(0).i64_load(at(bits, 3));
            code.i64_const(signed_long(*mask)).i64_and().i64_const(0).i64_ne();
            return Ok(());
        }
        let mut mask = Record::default();
        words.iter().for_each(|word| {
            mask.long(*word);
        });
        let mask = self.data.share(&mask.0, 8)?;
        code.i32_const(signed(bits))
            .i32_const(signed(mask))
            .i32_const(signed(size(words.len())?))
            .call(support::ANY_BIT);
        Ok(())
    }

    /// Makes a text unknown whose class is none of `classes`, which are sorted.
    pub(in crate::emit) fn only(
        &mut self,
        code: &mut InstructionSink<'_>,
        input: u32,
        classes: &[u32],
    ) -> Result<(), EmitError> {
        let class = self.layout.fact(input, Fact::Class);
        // What is unknown already may be absent, which is to stay so.
        load(code, class);
        code.i32_const(signed(texts::UNKNOWN)).i32_ne();
        self.class_in(code, class, classes)?;
        code.i32_eqz().i32_and().if_(BlockType::Empty);
        code.i32_const(0)
            .i32_const(signed(texts::UNKNOWN))
            .i32_store(at(class, 2));
        for fact in [Fact::Fails, Fact::Holds, Fact::Present] {
            code.i32_const(0)
                .i32_const(UNKNOWN)
                .i32_store(at(self.layout.fact(input, fact), 2));
        }
        code.end();
        Ok(())
    }

    /// Leaves whether the word at the address `class` is one of `classes`, which are sorted.
    pub(super) fn class_in(
        &mut self,
        code: &mut InstructionSink<'_>,
        class: u32,
        classes: &[u32],
    ) -> Result<(), EmitError> {
        let Some(range) = Range::of(classes.iter().copied()) else {
            code.i32_const(0);
            return Ok(());
        };
        let distance = |code: &mut InstructionSink<'_>| {
            load(code, class);
            code.i32_const(signed(range.low)).i32_sub();
        };
        let count = signed(range.count);
        if range.count == 1 {
            load(code, class);
            code.i32_const(signed(range.low)).i32_eq();
        } else if size(classes.len())? == range.count {
            distance(code);
            code.i32_const(count).i32_lt_u();
        } else if range.count <= 64 {
            let mask = classes.iter().fold(0_u64, |mask, class| {
                mask | 1_u64
                    .checked_shl(class.saturating_sub(range.low))
                    .unwrap_or_default()
            });
            code.i64_const(signed_long(mask));
            distance(code);
            code.i64_extend_i32_u().i64_shr_u().i32_wrap_i64();
            distance(code);
            code.i32_const(64).i32_lt_u().i32_and();
        } else {
            // One bit more than the range: what lies outside reads that one.
            let mut bits = vec![
                0_u8;
                usize::try_from(range.count >> 3)
                    .unwrap_or_default()
                    .saturating_add(1)
            ];
            for bit in classes.iter().map(|class| class.saturating_sub(range.low)) {
                if let Some(byte) = bits.get_mut(usize::try_from(bit >> 3).unwrap_or(usize::MAX)) {
                    *byte |= 1 << (bit & 7);
                }
            }
            let address = self.data.share(&bits, 1)?;
            let clamped = |code: &mut InstructionSink<'_>| {
                distance(code);
                code.i32_const(count);
                distance(code);
                code.i32_const(count).i32_lt_u().select();
            };
            clamped(code);
            code.i32_const(3).i32_shr_u().i32_load8_u(at(address, 0));
            clamped(code);
            code.i32_const(7).i32_and().i32_shr_u().i32_const(1).i32_and();
        }
        Ok(())
    }
}
