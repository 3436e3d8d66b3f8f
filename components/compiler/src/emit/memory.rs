//! Where things are in linear memory: first what calls change, then constants, then what callers hand over.

use std::collections::BTreeMap;

use super::{DATA_LIMIT, EmitError};

/// Address of the first thing: an address below is never valid.
const START: u32 = 1_024;

/// Where an empty list points: any aligned address will do.
pub(super) const NOWHERE: u32 = 16;

/// Memory that is zero at first and that calls change.
pub(super) struct Zeroed {
    next: u32,
}

impl Zeroed {
    pub(super) fn new() -> Self {
        Self { next: START }
    }

    /// Address of `size` further bytes.
    pub(super) fn take(&mut self, size: u32, align: u32) -> Result<u32, EmitError> {
        let address = aligned(self.next, align).ok_or(EmitError::TooLarge)?;
        self.next = address
            .checked_add(size)
            .filter(|end| within_limit(*end))
            .ok_or(EmitError::TooLarge)?;
        Ok(address)
    }

    /// Where constants may begin.
    pub(super) fn end(&self) -> Result<u32, EmitError> {
        aligned(self.next, 16).ok_or(EmitError::TooLarge)
    }
}

/// Memory that nothing changes. Equal bytes are there once.
pub(super) struct Data {
    pub(super) base: u32,
    pub(super) bytes: Vec<u8>,
    shared: BTreeMap<Vec<u8>, u32>,
}

impl Data {
    pub(super) fn new(base: u32) -> Self {
        Self {
            base,
            bytes: Vec::new(),
            shared: BTreeMap::new(),
        }
    }

    /// Address of these bytes, which are not looked for among those already there.
    pub(super) fn put(&mut self, bytes: &[u8], align: u32) -> Result<u32, EmitError> {
        let next = self
            .base
            .checked_add(size(self.bytes.len())?)
            .ok_or(EmitError::TooLarge)?;
        let address = aligned(next, align).ok_or(EmitError::TooLarge)?;
        let end = address
            .checked_add(size(bytes.len())?)
            .ok_or(EmitError::TooLarge)?;
        if !within_limit(end) {
            return Err(EmitError::TooLarge);
        }
        let padding = usize::try_from(address.saturating_sub(next)).unwrap_or_default();
        self.bytes.resize(self.bytes.len().saturating_add(padding), 0);
        self.bytes.extend_from_slice(bytes);
        Ok(address)
    }

    /// Address of these bytes; earlier equal ones are reused if they are aligned well enough.
    pub(super) fn share(&mut self, bytes: &[u8], align: u32) -> Result<u32, EmitError> {
        if let Some(address) = self.shared.get(bytes) {
            if aligned(*address, align) == Some(*address) {
                return Ok(*address);
            }
        }
        let address = self.put(bytes, align)?;
        self.shared.insert(bytes.to_vec(), address);
        Ok(address)
    }

    /// The first address behind, where what callers hand over begins.
    pub(super) fn end(&self) -> Result<u32, EmitError> {
        let end = self.base.checked_add(size(self.bytes.len())?);
        end.and_then(|end| aligned(end, 16)).ok_or(EmitError::TooLarge)
    }
}

/// A length in the 32 bits of linear memory.
pub(super) fn size(length: usize) -> Result<u32, EmitError> {
    u32::try_from(length).map_err(|_| EmitError::TooLarge)
}

/// `count` things of `each` bytes.
pub(super) fn area(count: usize, each: u32) -> Result<u32, EmitError> {
    size(count)?.checked_mul(each).ok_or(EmitError::TooLarge)
}

fn within_limit(end: u32) -> bool {
    usize::try_from(end).is_ok_and(|end| end <= DATA_LIMIT)
}

/// The next address that `align`, a power of two, divides.
fn aligned(address: u32, align: u32) -> Option<u32> {
    address.checked_next_multiple_of(align)
}

/// Bytes of a record in the canonical ABI, field by field. Callers keep to the alignment of each field.
#[derive(Default)]
pub(super) struct Record(pub(super) Vec<u8>);

impl Record {
    pub(super) fn byte(&mut self, value: u8) -> &mut Self {
        self.0.push(value);
        self
    }

    pub(super) fn word(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn long(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn zeros(&mut self, count: usize) -> &mut Self {
        self.0.resize(self.0.len().saturating_add(count), 0);
        self
    }
}
