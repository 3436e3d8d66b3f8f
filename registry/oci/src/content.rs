//! Bytes on their way from a store: counted and hashed while they pass.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use crate::document::Descriptor;
use crate::error::Error;
use aecp_vocabulary::digest::Digest;

/// Bytes that a store claims to be some content. Nobody has checked them yet.
pub struct Content<'a> {
    /// The bytes.
    pub reader: Box<dyn Read + 'a>,
    /// Where they come from, for messages: a path or address that ends in the digest.
    pub location: String,
    /// How many bytes the store says there are, if it says so.
    pub length: Option<u64>,
}

impl Content<'_> {
    /// Compares what the store says with what is expected, before anything is read.
    pub(crate) fn check_length(&self, expected: &Descriptor) -> Result<(), Error> {
        match self.length.filter(|length| *length != expected.size) {
            Some(length) => Err(Error::WrongSize {
                location: self.location.clone(),
                digest: expected.digest,
                expected: expected.size,
                found: length.to_string(),
            }),
            None => Ok(()),
        }
    }
}

/// Passes bytes on, and fails instead of ending if they are not the ones that a descriptor names. It stops at the first
/// byte too many, so that nobody is made to read without end. The errors inside its [`io::Error`]s are [`Error`]s.
pub(crate) struct Checked<'a> {
    inner: &'a mut dyn Read,
    expected: &'a Descriptor,
    location: &'a str,
    hasher: Sha256,
    passed: u64,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(inner: &'a mut dyn Read, expected: &'a Descriptor, location: &'a str) -> Self {
        Self {
            inner,
            expected,
            location,
            hasher: Sha256::new(),
            passed: 0,
        }
    }

    fn wrong_size(&self, found: String) -> io::Error {
        io::Error::other(Error::WrongSize {
            location: self.location.to_owned(),
            digest: self.expected.digest,
            expected: self.expected.size,
            found,
        })
    }
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.inner.read(buffer)?;
        if count == 0 {
            if self.passed != self.expected.size {
                return Err(self.wrong_size(self.passed.to_string()));
            }
            let found = Digest::from_bytes(self.hasher.clone().finalize().into());
            if found != self.expected.digest {
                return Err(io::Error::other(Error::WrongDigest {
                    location: self.location.to_owned(),
                    expected: self.expected.digest,
                    found,
                }));
            }
            return Ok(0);
        }
        self.passed = self
            .passed
            .saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if self.passed > self.expected.size {
            return Err(self.wrong_size("more".to_owned()));
        }
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

/// What went wrong while content was read at `location`: an error of this crate that came through a reader, or what
/// the system said.
pub(crate) fn read_error(error: io::Error, location: &str) -> Error {
    error
        .downcast::<Error>()
        .unwrap_or_else(|error| Error::Unreachable {
            action: "read",
            location: location.to_owned(),
            reason: error.to_string(),
        })
}

/// Reads until `buffer` is full or nothing is left, and says how many bytes there were.
#[cfg(feature = "registry")]
pub(crate) fn fill(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match reader.read(rest) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media;

    fn through(bytes: &[u8], expected: &Descriptor) -> Result<Vec<u8>, Error> {
        let mut passed = Vec::new();
        let mut reader = bytes;
        Checked::new(&mut reader, expected, "here")
            .read_to_end(&mut passed)
            .map_err(|error| read_error(error, "here"))?;
        Ok(passed)
    }

    #[test]
    fn the_end_is_reached_by_the_right_bytes_alone() {
        let expected = Descriptor::of(media::WASM, b"expected");
        assert_eq!(through(b"expected", &expected).unwrap(), b"expected");
        assert!(matches!(
            through(b"expecteD", &expected),
            Err(Error::WrongDigest { .. })
        ));
        for other in [b"expecte".as_slice(), b"expected!", b""] {
            assert!(matches!(through(other, &expected), Err(Error::WrongSize { .. })));
        }
    }

    #[test]
    fn bytes_without_end_are_not_read_to_the_end() {
        let expected = Descriptor::of(media::WASM, b"expected");
        let mut endless = io::repeat(b'x');
        let mut checked = Checked::new(&mut endless, &expected, "here");
        let error = io::copy(&mut checked, &mut io::sink()).unwrap_err();
        assert!(matches!(read_error(error, "here"), Error::WrongSize { .. }));
    }
}
