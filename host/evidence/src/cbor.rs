//! The part of CBOR that leaves use, in its one deterministic form (RFC 8949 section 4.2.1).
//!
//! Unsigned and negative integers, byte strings, texts, arrays, maps, booleans, null. Lengths are definite and every
//! head is as short as it can be; the reader accepts nothing else, so equal content has equal bytes.

const UNSIGNED: u8 = 0x00;
const NEGATIVE: u8 = 0x20;
const BYTES: u8 = 0x40;
const TEXT: u8 = 0x60;
const ARRAY: u8 = 0x80;
const MAP: u8 = 0xa0;
const FALSE: u8 = 0xf4;
const TRUE: u8 = 0xf5;
const NULL: u8 = 0xf6;

/// Builds CBOR from front to back.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(bytes),
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn head(&mut self, major: u8, argument: u64) {
        if let Ok(small) = u8::try_from(argument) {
            if small < 24 {
                self.bytes.push(major | small);
            } else {
                self.bytes.extend([major | 24, small]);
            }
        } else if let Ok(short) = u16::try_from(argument) {
            self.bytes.push(major | 25);
            self.bytes.extend(short.to_be_bytes());
        } else if let Ok(word) = u32::try_from(argument) {
            self.bytes.push(major | 26);
            self.bytes.extend(word.to_be_bytes());
        } else {
            self.bytes.push(major | 27);
            self.bytes.extend(argument.to_be_bytes());
        }
    }

    fn length(&mut self, major: u8, length: usize) {
        // No platform that Rust knows has lengths beyond 64 bits.
        self.head(major, u64::try_from(length).unwrap_or(u64::MAX));
    }

    pub(crate) fn unsigned(&mut self, value: impl Into<u64>) {
        self.head(UNSIGNED, value.into());
    }

    pub(crate) fn integer(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head(UNSIGNED, value),
            // -1 - value, which the complement is.
            Err(_) => self.head(NEGATIVE, (!value).unsigned_abs()),
        }
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) {
        self.length(BYTES, value.len());
        self.bytes.extend_from_slice(value);
    }

    pub(crate) fn text(&mut self, value: &str) {
        self.length(TEXT, value.len());
        self.bytes.extend_from_slice(value.as_bytes());
    }

    pub(crate) fn array(&mut self, length: usize) {
        self.length(ARRAY, length);
    }

    pub(crate) fn map(&mut self, length: usize) {
        self.length(MAP, length);
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.bytes.push(if value { TRUE } else { FALSE });
    }

    pub(crate) fn null(&mut self) {
        self.bytes.push(NULL);
    }

    /// `null` for none.
    pub(crate) fn optional<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }
}

/// Bytes that are not the CBOR that was expected, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub(crate) struct Malformed {
    pub(crate) what: &'static str,
    pub(crate) at: usize,
}

/// Reads deterministic CBOR from front to back.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    total: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            total: bytes.len(),
        }
    }

    /// The error `what`, at the place that has been reached.
    pub(crate) fn malformed(&self, what: &'static str) -> Malformed {
        Malformed {
            what,
            at: self.total.saturating_sub(self.rest.len()),
        }
    }

    fn take(&mut self, count: u64) -> Result<&'a [u8], Malformed> {
        let split = usize::try_from(count)
            .ok()
            .and_then(|count| self.rest.split_at_checked(count));
        let (taken, rest) = split.ok_or_else(|| self.malformed("ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| self.malformed("ends too early"))?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Major type (in its place in the byte) and argument.
    fn head(&mut self) -> Result<(u8, u64), Malformed> {
        let [first] = self.fixed()?;
        let (argument, least) = match first & 0x1f {
            small @ 0..=23 => (u64::from(small), 0),
            24 => (u64::from(u8::from_be_bytes(self.fixed()?)), 24),
            25 => (u64::from(u16::from_be_bytes(self.fixed()?)), 0x100),
            26 => (u64::from(u32::from_be_bytes(self.fixed()?)), 0x1_0000),
            27 => (u64::from_be_bytes(self.fixed()?), 0x1_0000_0000),
            _ => return Err(self.malformed("indefinite or reserved length")),
        };
        if argument < least {
            return Err(self.malformed("a number that is not in its shortest form"));
        }
        Ok((first & 0xe0, argument))
    }

    fn expect(&mut self, major: u8, what: &'static str) -> Result<u64, Malformed> {
        let place = self.malformed(what);
        match self.head()? {
            (found, argument) if found == major => Ok(argument),
            _ => Err(place),
        }
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, Malformed> {
        self.expect(UNSIGNED, "expected an unsigned number")
    }

    pub(crate) fn integer(&mut self) -> Result<i64, Malformed> {
        let place = self.malformed("expected a signed number of 64 bits");
        let (major, argument) = self.head()?;
        match (major, i64::try_from(argument)) {
            (UNSIGNED, Ok(value)) => Ok(value),
            (NEGATIVE, Ok(value)) => Ok(!value),
            _ => Err(place),
        }
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.expect(BYTES, "expected bytes")?;
        self.take(length)
    }

    pub(crate) fn bytes_of<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let place = self.malformed(what);
        self.bytes()?.try_into().map_err(|_| place)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = self.expect(TEXT, "expected text")?;
        let place = self.malformed("text that is not UTF-8");
        str::from_utf8(self.take(length)?).map_err(|_| place)
    }

    pub(crate) fn array(&mut self) -> Result<u64, Malformed> {
        self.expect(ARRAY, "expected a list")
    }

    pub(crate) fn array_of(&mut self, length: u64, what: &'static str) -> Result<(), Malformed> {
        let place = self.malformed(what);
        if self.array()? == length {
            Ok(())
        } else {
            Err(place)
        }
    }

    /// A list of any length, each member read by `read`.
    pub(crate) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let length = self.array()?;
        let mut members = Vec::new();
        for _ in 0..length {
            members.push(read(self)?);
        }
        Ok(members)
    }

    pub(crate) fn map(&mut self) -> Result<u64, Malformed> {
        self.expect(MAP, "expected a map")
    }

    pub(crate) fn key(&mut self, key: u64) -> Result<(), Malformed> {
        let place = self.malformed("a key that does not belong here");
        if self.unsigned()? == key {
            Ok(())
        } else {
            Err(place)
        }
    }

    pub(crate) fn boolean(&mut self) -> Result<bool, Malformed> {
        match self.fixed()? {
            [FALSE] => Ok(false),
            [TRUE] => Ok(true),
            _ => Err(self.malformed("expected true or false")),
        }
    }

    pub(crate) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        match self.rest.split_first() {
            Some((&NULL, rest)) => {
                self.rest = rest;
                Ok(None)
            }
            _ => read(self).map(Some),
        }
    }

    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.malformed("bytes behind the end"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_rfc() {
        // RFC 8949, appendix A.
        let vectors: [(i64, &str); 12] = [
            (0, "00"),
            (23, "17"),
            (24, "1818"),
            (100, "1864"),
            (1000, "1903e8"),
            (1_000_000, "1a000f4240"),
            (1_000_000_000_000, "1b000000e8d4a51000"),
            (-1, "20"),
            (-10, "29"),
            (-100, "3863"),
            (-1000, "3903e7"),
            (i64::MIN, "3b7fffffffffffffff"),
        ];
        for (number, expected) in vectors {
            let mut writer = Writer::default();
            writer.integer(number);
            let bytes = writer.into_bytes();
            assert_eq!(hex::encode(&bytes), expected);
            assert_eq!(Reader::new(&bytes).integer().unwrap(), number);
        }
    }

    #[test]
    fn only_the_shortest_form_is_read() {
        for long in ["1817", "190017", "1a00000017", "1b0000000000000017"] {
            let bytes = hex::decode(long).unwrap();
            assert!(Reader::new(&bytes).unsigned().is_err(), "{long}");
        }
        assert!(Reader::new(&[0x5f, 0xff]).bytes().is_err());
        assert!(Reader::new(&[0x61, 0xff]).text().is_err());
        assert!(Reader::new(&[0x1c]).unsigned().is_err());
    }

    #[test]
    fn a_length_beyond_the_end_is_refused_without_an_allocation() {
        let bytes = hex::decode("9bffffffffffffffff").unwrap();
        assert!(Reader::new(&bytes).list(|reader| reader.unsigned()).is_err());
        let bytes = hex::decode("5bffffffffffffffff").unwrap();
        assert!(Reader::new(&bytes).bytes().is_err());
    }
}
